"""A report's part on compression: what was measured of the contenders, where it was."""

from collections.abc import Sequence

import pandas as pd

from core.compression import service as answers
from core.compression import summaries as words
from core.compression.curves import Curve, smallest_enough
from core.compression.dimensions import METHOD_NAMES
from core.compression.expected_time import PARTS
from core.compression.recipe import quickest
from core.compression.results import full_bits
from core.compression.service import Asked, BitsView, DimensionView, IndexView, Made, Quality
from core.report.document import Block, Figure, Heading, Paragraph, table
from core.report.svg import Axis, Series, lines_svg, percent
from core.stats.resampling import RESAMPLES
from core.types import CorpusRef
from core.vectors.contenders import Contender

METHOD_COLORS = {"truncation": 0, "pca": 1, "random": -1}
INDEX_NAMES = {"exact": "exact search", "hnsw": "HNSW", "ivf": "IVF"}
STORE_COLUMNS = ("Kept in", "Bytes", "Beside", "Ten nearest kept", "95% interval", "Order kept", "p50 ms")
LOST_NEIGHBORS, LOST_QUALITY, TARGET_RECALL = 0.2, 0.01, 0.95  # as the page has them at first


def curves_figure(curves: Sequence[Curve], what: str, lost: float) -> Figure:
    """A share kept over dimensions, a line a method with its band; dashed: the smallest size that loses no more."""
    series = [
        Series(
            METHOD_NAMES[curve.method], curve.sizes, curve.values, curve.low, curve.high, METHOD_COLORS[curve.method]
        )
        for curve in curves
    ]
    sizes = curves[0].sizes
    across = Axis("dimensions", "{:,.0f}".format, True, sizes)
    enough = smallest_enough(curves[0], lost)
    svg = lines_svg(series, across, Axis(what, percent), enough if enough and enough < sizes[-1] else None)
    rows = [
        (
            f"{size:,}",
            *(f"{curve.values[curve.sizes.index(size)]:.1%}" if size in curve.sizes else "" for curve in curves),
        )
        for size in sizes
    ]
    columns = ("Dimensions", *(METHOD_NAMES[curve.method] for curve in curves))
    return Figure(svg, f"{what} by dimensions, for {', '.join(columns[1:])}", table(columns, rows))


def bits_figure(stores: pd.DataFrame) -> Figure:
    """The share of the ten nearest kept over bytes a vector, a point a way to keep vectors. The table beside it has the
    numbers."""
    groups = stores["name"].str.split(",").str[0].str.replace("binary", "binary, also rescored", regex=False)
    series = []
    for place, group in enumerate(groups.unique()):
        part = stores[groups == group]
        x, y, low, high = (part[name].tolist() for name in ("bytes", "kept", "kept_low", "kept_high"))
        series.append(Series(str(group), x, y, low, high, place, joined=False))
    sizes = sorted({int(size) for size in stores["bytes"]})
    across = Axis("bytes a vector that is searched", "{:,.0f}".format, True, sizes)
    return Figure(lines_svg(series, across, Axis("ten nearest kept", percent)), "neighbors kept by bytes a vector")


def index_figure(settings: pd.DataFrame, wanted: float) -> Figure:
    """Queries a second over recall@10, a line an index; dashed: the wanted recall."""
    series = []
    for place, ((kind, build), part) in enumerate(settings.groupby(["kind", "build"], sort=False)):
        name = INDEX_NAMES[str(kind)] + (
            "" if kind == "exact" else f", {build:,} {'links' if kind == 'hnsw' else 'lists'}"
        )
        series.append(Series(name, part["recall"].tolist(), part["rate"].tolist(), color=place))
    svg = lines_svg(
        series, Axis("recall@10", "{:.2f}".format), Axis("queries a second", "{:,.0f}".format, True), wanted
    )
    rows = [
        (str(row["name"]), f"{row['recall']:.3f}", f"{row['rate']:,.0f}", f"{row['p50']:.3f}")
        for row in settings.to_dict("records")
    ]
    numbers = table(("Setting", "Recall@10", "Queries a second", "p50 ms"), rows, ("Setting",))
    return Figure(svg, "queries a second by recall, for each index", numbers)


def compression_blocks(corpus: CorpusRef, contenders: tuple[Contender, ...], column: str) -> tuple[Block, ...]:
    """What is kept of each contender at float32: dimensions, bits, indexes; none where nothing was measured. column:
    of labels by which quality is told, "" for none."""
    blocks: list[Block] = []
    for each in _whole(contenders):
        asked = Asked(corpus, each)
        parts: list[Block] = []
        kept = answers.state(asked).kept
        if "dimensions" in kept:
            parts += _dimensions(answers.dimension_view(asked, Quality(column)))
        if "bits" in kept:
            parts += _bits(answers.bits_view(asked, Quality()))
        if "indexes" in kept:
            parts += _indexes(answers.index_view(asked))
        blocks += [Heading(f"Stored smaller: {each.label}"), *parts] if parts else []
    return tuple(blocks)


def unmeasured(corpus: CorpusRef, contenders: tuple[Contender, ...]) -> list[str]:
    """Labels of contenders of which not all parts are measured."""
    return [each.label for each in _whole(contenders) if len(answers.state(Asked(corpus, each)).kept) < len(PARTS)]


def _whole(contenders: tuple[Contender, ...]) -> list[Contender]:
    return list(dict.fromkeys(full_bits(contender) for contender in contenders))


def _dimensions(view: DimensionView) -> list[Block]:
    blocks: list[Block] = [
        Heading("Fewer dimensions", 3),
        curves_figure(view.kept, "ten nearest kept", LOST_NEIGHBORS),
        Paragraph(words.of_kept(view.kept, LOST_NEIGHBORS)),
    ]
    if view.quality:
        blocks.append(curves_figure(view.quality, "quality by label", LOST_QUALITY))
        blocks.append(Paragraph(words.of_quality(view.quality, LOST_QUALITY, "vote")))
    note = (
        f"{_how(view.made)} Bands: 95% by {RESAMPLES:,} bootstrap resamples of the queries; for random projection from "
        "the lowest to the highest of five seeds. Dashed: the smallest size that is enough. Higher is better."
    )
    return [*blocks, Paragraph(note, "note")]


def _bits(view: BitsView) -> list[Block]:
    rows = [
        (str(row["name"]), f"{row['bytes']:,}", f"{row['beside']:,}" if row["beside"] else "", f"{row['kept']:.1%}",
         f"{row['kept_low']:.1%} to {row['kept_high']:.1%}", f"{row['order']:.3f}", f"{row['p50']:.3f}")
        for row in view.table.to_dict("records")
    ]  # fmt: skip
    note = (
        f"{_how(view.made)} Bytes: of a vector that is searched; beside: of one kept for rescoring. Ten nearest kept: "
        "recall@10 against exact search. Order kept: Kendall's tau of the exact 100 nearest. p50: of single queries on "
        "one thread, row by row."
    )
    return [
        Heading("Fewer bits", 3),
        bits_figure(view.table),
        Paragraph(words.of_bits(view.table)),
        table(STORE_COLUMNS, rows, ("Kept in",)),
        Paragraph(note, "note"),
    ]


def _indexes(view: IndexView) -> list[Block]:
    best = quickest(view.settings, TARGET_RECALL)
    note = (
        f"{_how(view.made)} The queries are rows left out of the index. Recall@10: share of the exact ten nearest that "
        "are found. Speed: single queries on one thread of the machine named below. Right is more found, up is faster."
    )
    return [
        Heading("Index", 3),
        index_figure(view.table, TARGET_RECALL),
        Paragraph(words.of_index(view.settings, best, TARGET_RECALL, view.made.searched)),
        Paragraph(note, "note"),
    ]


def _how(made: Made) -> str:
    of = f"{made.searched:,} of {made.texts:,}" if made.searched < made.texts else f"{made.searched:,}"
    return f"{made.queries:,} queries among {of} different texts, seed {made.seed}."
