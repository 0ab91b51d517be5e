"""A report's part on compression: what was measured of the contenders, where it was."""

from core.compression import service as answers
from core.compression import summaries as words
from core.compression.index_sweep import fastest_setting
from core.compression.results import PARTS, at_float32
from core.compression.service import (
    CompressedContender,
    DimensionView,
    IndexView,
    LabelQuality,
    QuantizationView,
    SampleInfo,
)
from core.report.blocks import Block, Heading, Paragraph, table
from core.report.compression_figures import bits_picture, curves_picture, sweep_picture
from core.stats.resampling import RESAMPLES
from core.types import CorpusRef
from core.vectors.contenders import Contender

COLUMNS = ("Kept in", "Bytes", "Beside", "Ten nearest kept", "95% interval", "Order kept", "p50 ms")
LOST_NEIGHBORS, LOST_QUALITY, WANTED = 0.2, 0.01, 0.95  # as the page has them at first


def compressed_blocks(corpus: CorpusRef, contenders: tuple[Contender, ...], column: str) -> tuple[Block, ...]:
    """What is kept of each contender at float32: dimensions, bits, indexes; none where nothing was measured. column:
    of labels by which quality is told, "" for none."""
    blocks: list[Block] = []
    for each in _whole(contenders):
        asked = CompressedContender(corpus, each)
        parts: list[Block] = []
        kept = answers.measured_parts(asked)
        if "dimensions" in kept:
            parts += _dimensions(answers.dimension_view(asked, LabelQuality(column)))
        if "quantization" in kept:
            parts += _bits(answers.quantization_view(asked, LabelQuality()))
        if "indexes" in kept:
            parts += _indexes(answers.index_view(asked))
        blocks += [Heading(f"Stored smaller: {each.label}"), *parts] if parts else []
    return tuple(blocks)


def unmeasured(corpus: CorpusRef, contenders: tuple[Contender, ...]) -> list[str]:
    """Labels of contenders of which not all parts are measured."""
    return [
        each.label
        for each in _whole(contenders)
        if len(answers.measured_parts(CompressedContender(corpus, each))) < len(PARTS)
    ]


def _whole(contenders: tuple[Contender, ...]) -> list[Contender]:
    return list(dict.fromkeys(at_float32(contender) for contender in contenders))


def _dimensions(view: DimensionView) -> list[Block]:
    blocks: list[Block] = [
        Heading("Fewer dimensions", 3),
        curves_picture(view.recall, "ten nearest kept", LOST_NEIGHBORS),
        Paragraph(words.recall_summary(view.recall, LOST_NEIGHBORS)),
    ]
    if view.quality:
        blocks.append(curves_picture(view.quality, "quality by label", LOST_QUALITY))
        blocks.append(Paragraph(words.quality_summary(view.quality, LOST_QUALITY, "vote")))
    note = (
        f"{_how(view.sample)} Bands: 95% by {RESAMPLES:,} bootstrap resamples of the queries; for random projection "
        "from the lowest to the highest of five seeds. Dashed: the smallest size that is enough. Higher is better."
    )
    return [*blocks, Paragraph(note, "note")]


def _bits(view: QuantizationView) -> list[Block]:
    rows = [
        (
            str(row["name"]),
            f"{row['bytes']:,}",
            f"{row['rescoring_bytes']:,}" if row["rescoring_bytes"] else "",
            f"{row['recall']:.1%}",
            f"{row['recall_low']:.1%} to {row['recall_high']:.1%}",
            f"{row['rank_correlation']:.3f}",
            f"{row['p50']:.3f}",
        )
        for row in view.table.to_dict("records")
    ]
    note = (
        f"{_how(view.sample)} Bytes: of a vector that is searched; beside: of one kept for rescoring. Ten nearest "
        "kept: recall@10 against exact search. Order kept: Kendall's tau of the exact 100 nearest. p50: of single "
        "queries on one thread, row by row."
    )
    return [
        Heading("Fewer bits", 3),
        bits_picture(view.table),
        Paragraph(words.quantization_summary(view.table)),
        table(COLUMNS, rows, ("Kept in",)),
        Paragraph(note, "note"),
    ]


def _indexes(view: IndexView) -> list[Block]:
    best = fastest_setting(view.settings, WANTED)
    note = (
        f"{_how(view.sample)} The queries are rows left out of the index. Recall@10: share of the exact ten nearest "
        "that are found. Speed: single queries on one thread of the machine named below. Up and to the right is better."
    )
    return [
        Heading("Index", 3),
        sweep_picture(view.table, WANTED),
        Paragraph(words.index_summary(view.settings, best, WANTED, view.sample.searched)),
        Paragraph(note, "note"),
    ]


def _how(made: SampleInfo) -> str:
    of = f"{made.searched:,} of {made.texts:,}" if made.searched < made.texts else f"{made.searched:,}"
    return f"{made.queries:,} queries among {of} different texts, seed {made.seed}."
