"""Questions about a contender's compression: what was measured, as curves and tables small enough to be shown."""

from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd

from core.compression.dimensions import METHODS, Curve, DimensionRun, seed_curve, size_curve
from core.compression.index_sweep import Setting, SweepRun, fastest_setting
from core.compression.planner import Option, codebook_bytes
from core.compression.quantization import BitRun
from core.compression.results import COMPRESSION, PARTS, CompressionQuery, Measurement, Part, text_count, width_of
from core.compression.sample import Measure, label_scores
from core.corpus.distinct import distinct_texts
from core.corpus.label_columns import label_codes
from core.corpus.label_columns import label_columns as label_columns  # what pages ask by this module's name
from core.corpus.loaders import load_corpus
from core.stats.resampling import mean_interval
from core.types import CorpusRef
from core.vectors.contenders import Contender


@dataclass(frozen=True)
class CompressedContender:
    """What is compressed: a contender at float32."""

    corpus: CorpusRef
    contender: Contender

    def query(self, part: Part) -> CompressionQuery:
        return CompressionQuery(CorpusRef(self.corpus.folder, self.corpus.digest), self.contender, part)


@dataclass(frozen=True)
class Quality:
    """By which labels neighbors are judged; column "" for none."""

    column: str = ""
    measure: Measure = "vote"


@dataclass(frozen=True)
class MeasuredParts:
    """measured: the parts that are stored. seconds: about what each part takes."""

    measured: tuple[Part, ...]
    texts: int
    width: int
    seconds: dict[Part, float]


@dataclass(frozen=True)
class SampleInfo:
    """How something was measured. searched: distinct texts searched of `texts`; queries: of these; labeled: queries
    with a label, 0 without labels; chance: what the most frequent label alone reaches."""

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
    """Curves over sizes, truncation first: neighbors kept, and quality by labels (none without a column)."""

    recall: tuple[Curve, ...]
    quality: tuple[Curve, ...]
    sample: SampleInfo


@dataclass(frozen=True, eq=False)
class BitsView:
    """table: one line a way to keep vectors, float32 first; see `bits_view`."""

    table: pd.DataFrame
    sample: SampleInfo


@dataclass(frozen=True, eq=False)
class IndexView:
    """table: one line a setting, exact search first; settings: the same, in the same order."""

    table: pd.DataFrame
    settings: tuple[Setting, ...]
    sample: SampleInfo


def state(asked: CompressedContender) -> MeasuredParts:
    """What is measured already, and what measuring would take."""
    queries = {part: asked.query(part) for part in PARTS}
    stored = tuple(part for part, query in queries.items() if COMPRESSION.exists(query))
    texts, width = text_count(queries["bits"].corpus), width_of(queries["bits"])
    return MeasuredParts(stored, texts, width, {part: COMPRESSION.seconds(query) for part, query in queries.items()})


def dimension_view(asked: CompressedContender, quality: Quality) -> DimensionView:
    """The curves with 95% intervals (bootstrap over the queries; seeds for random projection)."""
    measured = COMPRESSION.get(asked.query("dimensions"))
    run = cast(DimensionRun, measured.run)
    kept = _curves(run, np.asarray(run.recall))
    judged = _quality_scores(asked, measured, quality)
    if judged is None:
        return DimensionView(kept, (), _sample_info(measured))
    scores, made = judged
    return DimensionView(kept, _curves(run, scores), made)


def bits_view(asked: CompressedContender, quality: Quality) -> BitsView:
    """Columns: name, bytes, beside, factor (times smaller), kept, order (Kendall's tau-b), quality, each of these three
    with _low and _high, p50 and p95 (ms). Without labels quality is missing."""
    measured = COMPRESSION.get(asked.query("bits"))
    run, judged = cast(BitRun, measured.run), _quality_scores(asked, measured, quality)
    table = pd.DataFrame({"name": list(run.names), "bytes": run.bytes, "beside": run.rescoring_bytes})
    table["factor"] = run.bytes[0] / run.bytes
    scored = {"kept": np.asarray(run.recall), "order": np.asarray(run.rank_correlation)}
    scored |= {"quality": judged[0]} if judged else {}
    for column, values in scored.items():
        table[column], table[f"{column}_low"], table[f"{column}_high"] = mean_interval(values)
    table["p50"], table["p95"] = np.asarray(run.p50), np.asarray(run.p95)
    return BitsView(table, judged[1] if judged else _sample_info(measured))


def index_view(asked: CompressedContender) -> IndexView:
    """Columns: kind, build, width, name, recall with _low and _high, p50, p95 (ms), rate (queries a second), seconds
    (of building), bytes."""
    measured = COMPRESSION.get(asked.query("indexes"))
    run = cast(SweepRun, measured.run)
    kept = np.asarray(run.recall)
    recall, low, high = mean_interval(kept)
    columns = (run.kinds, run.builds.tolist(), run.widths.tolist(), recall.tolist(), low.tolist())
    settings = tuple(Setting(*each) for each in zip(*columns, run.p50.tolist(), strict=True))
    table = pd.DataFrame([vars(setting) for setting in settings]).assign(
        name=[setting.name for setting in settings], high=high, p95=run.p95, seconds=run.seconds, bytes=run.bytes
    )
    table["rate"] = 1000 / table["p50"]
    return IndexView(table, settings, _sample_info(measured, run.rows, kept.shape[1]))


def _curves(run: DimensionRun, values: np.ndarray) -> tuple[Curve, ...]:
    """values: (f, q)."""
    curves = []
    full = values[np.flatnonzero((run.methods == 0) & (run.sizes == run.sizes.max()))[0]]
    for place, method in enumerate(METHODS):
        at = np.flatnonzero(run.methods == place)
        sizes = [int(size) for size in np.unique(run.sizes[at])]
        if method == "random":
            seeds = np.stack([values[at[run.sizes[at] == size]] for size in sizes])
            curves.append(seed_curve(method, sizes, seeds, full))
        elif len(at):
            curves.append(size_curve(method, sizes, values[at], full))
    return tuple(curves)


def _quality_scores(
    asked: CompressedContender, measured: Measurement, quality: Quality
) -> tuple[np.ndarray, SampleInfo] | None:
    """(f, labeled queries) scores by labels, and what they are of; None without a column, or where no label is on two
    different texts."""
    table = load_corpus(asked.corpus).table
    if quality.column not in table.columns:
        return None
    codes = label_codes(table[quality.column])[0]
    first = np.unique(distinct_texts(load_corpus(asked.corpus).texts)[0], return_index=True)[1]
    texts = codes[first][codes[first] >= 0]  # a text counts once, by its first row
    counts = np.bincount(texts, minlength=1)
    queries = np.asarray(measured.queries)
    labeled = (codes[queries] >= 0) & (counts[codes[queries]] > 1)
    if not labeled.any() or (counts > 0).sum() < 2:
        return None
    found, rows = cast(DimensionRun | BitRun, measured.run).neighbors, queries[labeled]
    scores = np.stack([label_scores(codes, rows, np.asarray(form)[labeled], quality.measure) for form in found])
    return scores, _sample_info(measured, labeled=len(rows), chance=float(counts.max() / counts.sum()))


def _sample_info(
    measured: Measurement,
    searched: int | None = None,
    queries: int | None = None,
    labeled: int = 0,
    chance: float = 0.0,
) -> SampleInfo:
    query_count = len(measured.queries) if queries is None else queries
    rows = measured.searched if searched is None else searched
    size = (rows, measured.texts, measured.width, query_count)
    return SampleInfo(*size, measured.seed, measured.seconds, labeled, chance)


def plan_options(asked: CompressedContender, wanted: float) -> tuple[Option, ...]:
    """Ways to serve the vectors: every way to keep them in fewer bits, searched row by row (with rescoring the least
    that has the wanted recall, else the most), and of HNSW and IVF the quickest setting with it where one has it."""
    bits, indexes = bits_view(asked, Quality()), index_view(asked)
    width, made = bits.sample.width, bits.sample
    signs = float(bits.table.loc[bits.table["name"] == "binary", "p50"].iloc[0])
    options = [
        Option(
            _plan_name(row["name"]), "exact" if row["name"] == "float32" else "scan", 0, int(row["bytes"]),
            int(row["beside"]), codebook_bytes(width, int(row["bytes"])) if row["name"].startswith("PQ") else 0,
            float(row["kept"]), float(row["p50"]), made.searched,
            max(float(row["p50"]) - signs, 0.0) if row["beside"] else 0.0,
        )
        for row in _plan_rows(bits.table, wanted).to_dict("records")
    ]  # fmt: skip
    for kind in ("hnsw", "ivf"):
        best = fastest_setting([setting for setting in indexes.settings if setting.kind in (kind, "exact")], wanted)
        if best.kind == kind:
            options.append(
                Option(best.name, kind, best.build, width * 4, 0, 0, best.recall, best.p50, indexes.sample.searched)
            )
    return tuple(options)


def _plan_rows(table: pd.DataFrame, wanted: float) -> pd.DataFrame:
    rescored = table.index[table["beside"] > 0]
    enough = [place for place in rescored if table["kept_low"][place] >= wanted]
    return table.drop(index=[place for place in rescored if place != [*enough, rescored[-1]][0]])


def _plan_name(name: str) -> str:
    return "Exact search, float32" if name == "float32" else f"Row by row, {name}"
