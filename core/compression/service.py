"""Questions about a contender's compression: what was measured, as curves and tables small enough to be shown."""

from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd

from core.compression.curves import Curve, seed_curve, size_curve
from core.compression.dimensions import METHODS, DimensionRun
from core.compression.expected_time import PARTS, Part
from core.compression.index_sweep import SweepRun
from core.compression.label_quality import Measure, label_scores
from core.compression.quantization import BitRun
from core.compression.recipe import Setting
from core.compression.results import COMPRESSION, CompressionQuery, Measurement, text_count, width_of
from core.corpus.label_columns import label_codes
from core.corpus.label_columns import label_columns as label_columns  # what pages ask by this module's name
from core.corpus.loaders import load_corpus
from core.corpus.texts import distinct_texts
from core.stats.resampling import mean_interval
from core.types import CorpusRef
from core.vectors.contenders import Contender


@dataclass(frozen=True)
class Asked:
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
class State:
    """kept: the parts that are measured. seconds: about what each part takes."""

    kept: tuple[Part, ...]
    texts: int
    width: int
    seconds: dict[Part, float]


@dataclass(frozen=True)
class Made:
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

    kept: tuple[Curve, ...]
    quality: tuple[Curve, ...]
    made: Made


@dataclass(frozen=True, eq=False)
class BitsView:
    """table: one line a way to keep vectors, float32 first; see `bits_view`."""

    table: pd.DataFrame
    made: Made


@dataclass(frozen=True, eq=False)
class IndexView:
    """table: one line a setting, exact search first; settings: the same, in the same order."""

    table: pd.DataFrame
    settings: tuple[Setting, ...]
    made: Made


def state(asked: Asked) -> State:
    """What is measured already, and what measuring would take."""
    queries = {part: asked.query(part) for part in PARTS}
    stored = tuple(part for part, query in queries.items() if COMPRESSION.exists(query))
    texts, width = text_count(queries["bits"].corpus), width_of(queries["bits"])
    return State(stored, texts, width, {part: COMPRESSION.seconds(query) for part, query in queries.items()})


def dimension_view(asked: Asked, quality: Quality) -> DimensionView:
    """The curves with 95% intervals (bootstrap over the queries; seeds for random projection)."""
    measured = COMPRESSION.get(asked.query("dimensions"))
    run = cast(DimensionRun, measured.run)
    kept = _curves(run, np.asarray(run.kept))
    judged = _judged(asked, measured, quality)
    if judged is None:
        return DimensionView(kept, (), _made(measured))
    scores, made = judged
    return DimensionView(kept, _curves(run, scores), made)


def bits_view(asked: Asked, quality: Quality) -> BitsView:
    """Columns: name, bytes, beside, factor (times smaller), kept, order (Kendall's tau-b), quality, each of these three
    with _low and _high, p50 and p95 (ms). Without labels quality is missing."""
    measured = COMPRESSION.get(asked.query("bits"))
    run, judged = cast(BitRun, measured.run), _judged(asked, measured, quality)
    table = pd.DataFrame({"name": list(run.names), "bytes": run.bytes, "beside": run.beside})
    table["factor"] = run.bytes[0] / run.bytes
    scored = {"kept": np.asarray(run.kept), "order": np.asarray(run.order)}
    scored |= {"quality": judged[0]} if judged else {}
    for column, values in scored.items():
        table[column], table[f"{column}_low"], table[f"{column}_high"] = mean_interval(values)
    table["p50"], table["p95"] = np.asarray(run.p50), np.asarray(run.p95)
    return BitsView(table, judged[1] if judged else _made(measured))


def index_view(asked: Asked) -> IndexView:
    """Columns: kind, build, width, name, recall with _low and _high, p50, p95 (ms), rate (queries a second), seconds
    (of building), bytes."""
    measured = COMPRESSION.get(asked.query("indexes"))
    run = cast(SweepRun, measured.run)
    kept = np.asarray(run.kept)
    recall, low, high = mean_interval(kept)
    columns = (run.kinds, run.builds.tolist(), run.widths.tolist(), recall.tolist(), low.tolist())
    settings = tuple(Setting(*each) for each in zip(*columns, run.p50.tolist(), strict=True))
    table = pd.DataFrame([vars(setting) for setting in settings]).assign(
        name=[setting.name for setting in settings], high=high, p95=run.p95, seconds=run.seconds, bytes=run.bytes
    )
    table["rate"] = 1000 / table["p50"]
    return IndexView(table, settings, _made(measured, run.rows, kept.shape[1]))


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


def _judged(asked: Asked, measured: Measurement, quality: Quality) -> tuple[np.ndarray, Made] | None:
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
    found, rows = cast(DimensionRun | BitRun, measured.run).found, queries[labeled]
    scores = np.stack([label_scores(codes, rows, np.asarray(form)[labeled], quality.measure) for form in found])
    return scores, _made(measured, labeled=len(rows), chance=float(counts.max() / counts.sum()))


def _made(
    measured: Measurement,
    searched: int | None = None,
    queries: int | None = None,
    labeled: int = 0,
    chance: float = 0.0,
) -> Made:
    query_count = len(measured.queries) if queries is None else queries
    rows = measured.searched if searched is None else searched
    size = (rows, measured.texts, measured.width, query_count)
    return Made(*size, measured.seed, measured.seconds, labeled, chance)
