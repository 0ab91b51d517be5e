"""What the Compression page and reports show: what was measured of a contender, as curves and tables, and plans."""

from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import pandas as pd

from core.compression.dimensions import METHODS, Curve, DimensionRun, seed_curve, size_curve
from core.compression.index_sweep import Setting, SweepRun, fastest_setting
from core.compression.planner import Option, codebook_bytes
from core.compression.quantization import QuantizationRun
from core.compression.results import COMPRESSION, PARTS, CompressionQuery, Measurement, Part
from core.compression.sample import LabelMeasure, label_scores
from core.corpus.label_columns import label_codes
from core.corpus.loaders import load_corpus
from core.corpus.texts import distinct_texts
from core.stats.resampling import mean_interval
from core.types import CorpusRef
from core.vectors.contenders import Contender


@dataclass(frozen=True)
class CompressedContender:
    """What is compressed: a contender at float32."""

    corpus: CorpusRef
    contender: Contender

    def query(self, part: Part) -> CompressionQuery:
        return CompressionQuery(self.corpus, self.contender, part)


@dataclass(frozen=True)
class LabelQuality:
    """The labels that measure the quality of neighbors; column "" for none."""

    column: str = ""
    measure: LabelMeasure = "vote"


@dataclass(frozen=True)
class SampleInfo:
    """What was searched: distinct texts of `texts`, by queries among them. labeled: queries with a label, 0 without
    labels; chance: what the most frequent label alone reaches."""

    searched: int
    texts: int
    width: int
    queries: int
    seed: int
    seconds: float
    labeled: int = 0
    chance: float = 0.0


@dataclass(frozen=True)
class DimensionView:
    """Curves over sizes, truncation first: recall@10, and quality by labels (none without a column)."""

    recall: tuple[Curve, ...]
    quality: tuple[Curve, ...]
    sample: SampleInfo


@dataclass(frozen=True, eq=False)
class QuantizationView:
    """table: one line per quantization, float32 first; see `quantization_view`."""

    table: pd.DataFrame
    sample: SampleInfo


@dataclass(frozen=True, eq=False)
class IndexView:
    """table: one line per setting, exact search first; settings: the same, in the same order."""

    table: pd.DataFrame
    settings: tuple[Setting, ...]
    sample: SampleInfo


def measured_parts(compressed: CompressedContender) -> tuple[Part, ...]:
    """The parts that are stored."""
    return tuple(part for part in PARTS if COMPRESSION.exists(compressed.query(part)))


def dimension_view(compressed: CompressedContender, quality: LabelQuality) -> DimensionView:
    """The curves with 95% intervals (bootstrap over the queries; seeds for random projection)."""
    measurement = COMPRESSION.get(compressed.query("dimensions"))
    run = cast(DimensionRun, measurement.run)
    recall, scored = _curves(run, np.asarray(run.recall)), _quality_scores(compressed, measurement, quality)
    quality_curves, sample = (_curves(run, scored[0]), scored[1]) if scored else ((), _sample_info(measurement))
    return DimensionView(recall, quality_curves, sample)


def quantization_view(compressed: CompressedContender, quality: LabelQuality) -> QuantizationView:
    """Columns: name, bytes, rescoring_bytes, factor (times smaller), recall, rank_correlation (Kendall's tau-b),
    quality, these three with _low and _high, p50 and p95 (ms). Without labels quality is missing."""
    measurement = COMPRESSION.get(compressed.query("quantization"))
    run, scored = cast(QuantizationRun, measurement.run), _quality_scores(compressed, measurement, quality)
    table = pd.DataFrame({"name": list(run.names), "bytes": run.bytes, "rescoring_bytes": run.rescoring_bytes})
    table["factor"] = run.bytes[0] / run.bytes
    columns = {"recall": np.asarray(run.recall), "rank_correlation": np.asarray(run.rank_correlation)}
    columns |= {"quality": scored[0]} if scored else {}
    for column, values in columns.items():
        table[column], table[f"{column}_low"], table[f"{column}_high"] = mean_interval(values)
    table["p50"], table["p95"] = np.asarray(run.p50), np.asarray(run.p95)
    return QuantizationView(table, scored[1] if scored else _sample_info(measurement))


def index_view(compressed: CompressedContender) -> IndexView:
    """Columns: kind, build, width, name, recall with _low and _high, p50, p95 (ms), rate (queries per second), seconds
    (of building), bytes."""
    measurement = COMPRESSION.get(compressed.query("indexes"))
    run = cast(SweepRun, measurement.run)
    recall, low, high = mean_interval(np.asarray(run.recall))
    columns = (run.kinds, run.builds.tolist(), run.widths.tolist(), recall.tolist(), low.tolist())
    settings = tuple(Setting(*values) for values in zip(*columns, run.p50.tolist(), strict=True))
    table = pd.DataFrame([vars(setting) for setting in settings]).assign(
        name=[setting.name for setting in settings], high=high, p95=run.p95, seconds=run.seconds, bytes=run.bytes
    )
    table["rate"] = 1000 / table["p50"]
    return IndexView(
        table, settings, replace(_sample_info(measurement), searched=run.rows, queries=run.recall.shape[1])
    )


def plan_options(compressed: CompressedContender, target: float) -> tuple[Option, ...]:
    """What the capacity planner compares: every quantization, searched row by row (with rescoring the smallest that
    has the target recall, else the largest), and of HNSW and IVF the fastest setting with it where there is one."""
    view, indexes = quantization_view(compressed, LabelQuality()), index_view(compressed)
    binary_ms = float(view.table.loc[view.table["name"] == "binary", "p50"].iloc[0])
    rows = _planned_rows(view.table, target).to_dict("records")
    options = [_scan_option(row, view.sample, binary_ms) for row in rows]
    for kind in ("hnsw", "ivf"):
        best = fastest_setting([setting for setting in indexes.settings if setting.kind in (kind, "exact")], target)
        if best.kind == kind:
            memory, searched = view.sample.width * 4, indexes.sample.searched
            options.append(Option(best.name, kind, best.build, memory, 0, 0, best.recall, best.p50, searched))
    return tuple(options)


def _scan_option(row: dict[Hashable, Any], sample: SampleInfo, binary_ms: float) -> Option:
    """One quantization. Rescoring takes as long as it does beyond binary search, at any number of rows."""
    name, size, ms = row["name"], row["bytes"], row["p50"]
    return Option(
        name="Exact search, float32" if name == "float32" else f"Row by row, {name}",
        kind="exact" if name == "float32" else "scan",
        count=0,
        bytes=size,
        rescoring_bytes=row["rescoring_bytes"],
        fixed=codebook_bytes(sample.width, size) if name.startswith("PQ") else 0,
        recall=row["recall"],
        ms=ms,
        rows=sample.searched,
        fixed_ms=max(ms - binary_ms, 0.0) if row["rescoring_bytes"] else 0.0,
    )


def _planned_rows(table: pd.DataFrame, target: float) -> pd.DataFrame:
    """Of the rescored ones only the smallest that has the target recall, else the last."""
    rescored = table.index[table["rescoring_bytes"] > 0]
    sufficient = [index for index in rescored if table["recall_low"][index] >= target]
    selected = [*sufficient, rescored[-1]][0]
    return table.drop(index=[index for index in rescored if index != selected])


def _curves(run: DimensionRun, values: np.ndarray) -> tuple[Curve, ...]:
    """values: (f, q)."""
    curves = []
    full = values[np.flatnonzero((run.methods == 0) & (run.sizes == run.sizes.max()))[0]]
    for code, method in enumerate(METHODS):
        at = np.flatnonzero(run.methods == code)
        sizes = np.unique(run.sizes[at]).tolist()
        if method == "random":
            seeds = np.stack([values[at[run.sizes[at] == size]] for size in sizes])
            curves.append(seed_curve(method, sizes, seeds, full))
        elif len(at):
            curves.append(size_curve(method, sizes, values[at], full))
    return tuple(curves)


def _quality_scores(
    compressed: CompressedContender, measurement: Measurement, quality: LabelQuality
) -> tuple[np.ndarray, SampleInfo] | None:
    """(f, labeled queries) scores by labels, and what they are of; None without a column, or where no label is on two
    distinct texts."""
    corpus = load_corpus(compressed.corpus)
    if quality.column not in corpus.table.columns:
        return None
    codes = label_codes(corpus.table[quality.column])[0]
    first = np.unique(distinct_texts(corpus.texts)[0], return_index=True)[1]
    texts = codes[first][codes[first] >= 0]  # a text counts once, by its first row
    counts = np.bincount(texts, minlength=1)
    queries = np.asarray(measurement.queries)
    labeled = (codes[queries] >= 0) & (counts[codes[queries]] > 1)
    if not labeled.any() or (counts > 0).sum() < 2:
        return None
    neighbors, rows = cast(DimensionRun | QuantizationRun, measurement.run).neighbors, queries[labeled]
    scores = [label_scores(codes, rows, np.asarray(ids)[labeled], quality.measure) for ids in neighbors]
    sample = replace(_sample_info(measurement), labeled=len(rows), chance=float(counts.max() / counts.sum()))
    return np.stack(scores), sample


def _sample_info(measurement: Measurement) -> SampleInfo:
    searched, queries = measurement.searched, len(measurement.queries)
    return SampleInfo(searched, measurement.texts, measurement.width, queries, measurement.seed, measurement.seconds)
