"""Compression in a report: what was measured of each contender with fewer dimensions, fewer bits, or an index."""

from collections.abc import Sequence

import pandas as pd

from core.compression import service, summaries
from core.compression.dimensions import METHOD_NAMES, Curve, smallest_sufficient
from core.compression.index_sweep import fastest_setting
from core.compression.results import PARTS, at_float32
from core.compression.service import CompressedContender, LabelQuality
from core.report.document import Block, Figure, Heading, Paragraph, table
from core.report.svg import Axis, Series, lines_svg, percent
from core.stats.resampling import RESAMPLES
from core.text import common_decimals
from core.types import CorpusRef
from core.vectors.contenders import Contender

COLORS = {"truncation": 0, "pca": 1, "random": -1}
INDEX_NAMES = {"exact": "exact search", "hnsw": "HNSW", "ivf": "IVF"}
STORE_COLUMNS = ("Stored as", "Bytes", "Rescoring bytes", "Recall@10", "95% interval", "Rank correlation", "p50 ms")
LOST_NEIGHBORS, LOST_QUALITY, TARGET_RECALL = 0.2, 0.01, 0.95  # defaults of the Compression page
_integer = "{:,.0f}".format


def compression_blocks(corpus: CorpusRef, contenders: tuple[Contender, ...], column: str) -> tuple[Block, ...]:
    """What was measured of each contender at float32; empty where nothing was. column: of labels for quality, or ""."""
    blocks: list[Block] = []
    for contender in _float32(contenders):
        compressed = CompressedContender(corpus, contender)
        measured, parts = service.measured_parts(compressed), list[Block]()
        if "dimensions" in measured:
            parts += _dimension_blocks(service.dimension_view(compressed, LabelQuality(column)))
        if "quantization" in measured:
            parts += _quantization_blocks(service.quantization_view(compressed, LabelQuality()))
        if "indexes" in measured:
            parts += _index_blocks(service.index_view(compressed))
        blocks += [Heading(f"Compression: {contender.label}"), *parts] if parts else []
    return tuple(blocks)


def unmeasured_contenders(corpus: CorpusRef, contenders: tuple[Contender, ...]) -> list[str]:
    """Labels of contenders of which not all parts are measured."""
    parts = {item.label: service.measured_parts(CompressedContender(corpus, item)) for item in _float32(contenders)}
    return [label for label, measured in parts.items() if len(measured) < len(PARTS)]


def _float32(contenders: tuple[Contender, ...]) -> list[Contender]:
    return list(dict.fromkeys(map(at_float32, contenders)))


def _dimension_blocks(view: service.DimensionView) -> list[Block]:
    figure = curves_figure(view.recall, "recall@10", LOST_NEIGHBORS)
    summary = Paragraph(summaries.recall_summary(view.recall, LOST_NEIGHBORS))
    blocks: list[Block] = [Heading("Fewer dimensions", 3), figure, summary]
    if view.quality:
        blocks.append(curves_figure(view.quality, "quality by label", LOST_QUALITY))
        blocks.append(Paragraph(summaries.quality_summary(view.quality, LOST_QUALITY, "vote")))
    note = (
        f"{_sample(view.sample)} Bands: 95% intervals by {RESAMPLES:,} bootstrap resamples of the queries; of random "
        "projection, the range of five seeds. Dashed: smallest sufficient size. Higher is better."
    )
    return [*blocks, Paragraph(note, "note")]


def curves_figure(curves: Sequence[Curve], metric: str, lost: float) -> Figure:
    """A metric over dimensions, a line with a band per method; dashed: the smallest size that loses no more."""
    series = [
        Series(METHOD_NAMES[curve.method], curve.sizes, curve.values, curve.low, curve.high, COLORS[curve.method])
        for curve in curves
    ]
    sizes, sufficient = curves[0].sizes, smallest_sufficient(curves[0], lost)
    mark = sufficient if sufficient and sufficient < sizes[-1] else None
    svg = lines_svg(series, Axis("dimensions", _integer, True, sizes), Axis(metric, percent), mark)
    values = [dict(zip(curve.sizes, curve.values, strict=True)) for curve in curves]
    rows = [(f"{size:,}", *(f"{line[size]:.1%}" if size in line else "" for line in values)) for size in sizes]
    columns = ("Dimensions", *(METHOD_NAMES[curve.method] for curve in curves))
    return Figure(svg, f"{metric} by dimensions, for {', '.join(columns[1:])}", table(columns, rows))


def _quantization_blocks(view: service.QuantizationView) -> list[Block]:
    decimals = common_decimals(view.table["p50"], least=3)
    rows = [
        (
            str(row["name"]), f"{row['bytes']:,}", f"{row['rescoring_bytes']:,}" if row["rescoring_bytes"] else "",
            f"{row['recall']:.1%}", f"{row['recall_low']:.1%} to {row['recall_high']:.1%}",
            f"{row['rank_correlation']:z.3f}", f"{row['p50']:.{decimals}f}",
        )
        for row in view.table.to_dict("records")
    ]  # fmt: skip
    note = (
        f"{_sample(view.sample)} Bytes: of a searched vector; rescoring bytes: of the vector stored for rescoring. "
        "Recall@10: against exact search. Rank correlation: Kendall's tau over the exact 100 nearest. p50: of single "
        "queries on one thread, brute force."
    )
    summary = Paragraph(summaries.quantization_summary(view.table))
    numbers = table(STORE_COLUMNS, rows, ("Stored as",))
    return [Heading("Quantization", 3), quantization_figure(view.table), summary, numbers, Paragraph(note, "note")]


def quantization_figure(stores: pd.DataFrame) -> Figure:
    """Recall@10 over bytes per vector, a point per store. The table next to it has the numbers."""
    groups = stores["name"].str.split(",").str[0].str.replace("binary", "binary, also rescored", regex=False)
    series = []
    for color, group in enumerate(groups.unique()):
        part = stores[groups == group]
        x, y, low, high = (part[name].tolist() for name in ("bytes", "recall", "recall_low", "recall_high"))
        series.append(Series(str(group), x, y, low, high, color, joined=False))
    sizes = sorted({int(size) for size in stores["bytes"]})
    across = Axis("bytes per searched vector", _integer, True, sizes)
    return Figure(lines_svg(series, across, Axis("recall@10", percent)), "recall@10 by bytes per vector")


def _index_blocks(view: service.IndexView) -> list[Block]:
    best = fastest_setting(view.settings, TARGET_RECALL)
    note = (
        f"{_sample(view.sample)} The queries are rows left out of the index. Recall@10: share of the exact ten nearest "
        "that are found. Speed: single queries on one thread of the machine below. Upper right is better."
    )
    summary = Paragraph(summaries.index_summary(view.settings, best, TARGET_RECALL, view.sample.searched))
    return [Heading("Index", 3), index_figure(view.table), summary, Paragraph(note, "note")]


def index_figure(settings: pd.DataFrame) -> Figure:
    """Queries per second over recall@10, a line per index; dashed: the target recall."""
    series = []
    for color, ((kind, build), part) in enumerate(settings.groupby(["kind", "build"], sort=False)):
        name = INDEX_NAMES[str(kind)]
        name += "" if kind == "exact" else f", {build:,} {'links' if kind == 'hnsw' else 'lists'}"
        series.append(Series(name, part["recall"].tolist(), part["rate"].tolist(), color=color))
    across, up = Axis("recall@10", "{:.2f}".format), Axis("queries per second", _integer, True)
    records = settings.to_dict("records")
    decimals = common_decimals(settings["p50"], least=3)
    rows = [
        (str(row["name"]), f"{row['recall']:.3f}", f"{row['rate']:,.0f}", f"{row['p50']:.{decimals}f}")
        for row in records
    ]
    numbers = table(("Setting", "Recall@10", "Queries per second", "p50 ms"), rows, ("Setting",))
    return Figure(lines_svg(series, across, up, TARGET_RECALL), "queries per second by recall", numbers)


def _sample(sample: service.SampleInfo) -> str:
    total = f" of {sample.texts:,}" if sample.searched < sample.texts else ""
    return f"{sample.queries:,} queries among {sample.searched:,}{total} distinct texts, seed {sample.seed}."
