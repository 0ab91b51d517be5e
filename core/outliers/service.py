"""Questions of the Anomalies page about odd rows: which are listed, and the file of them."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from core.clusters.cluster_set import default_clusters
from core.corpus.export import free_name, table_bytes, texts_and_roles
from core.corpus.loaders import load_corpus
from core.outliers.consensus import Cut, CutBy, listed, percentiles
from core.outliers.marks import load_marks
from core.outliers.results import ISOLATION_FOREST, OUTLIER_SCORES, OutlierQuery
from core.outliers.score_info import SCORES, ScoreName
from core.outliers.scores import usable_k
from core.store import Workspace
from core.types import CorpusRef, ModelSpec
from core.vectors.loaders import ModelQuery, load_neighbors

MOST_SHOWN = 500  # rows of the list sent to the page
BINS = 60


@dataclass(frozen=True)
class OddQuery:
    """What is listed: by which score, over how many neighbors, down to which cut."""

    score: ScoreName = "combined"
    k: int = 20
    by: CutBy = "number"
    value: float = 20.0

    @property
    def cut(self) -> Cut:
        return Cut(self.by, self.value)


@dataclass(frozen=True, eq=False)
class OddRows:
    """The list. table: at most 500 rows, strangest first, its index row ids; columns Rank, Percentile, Score, Text and
    the corpus' labels, time and id. above: rows within the cut, of `total`. threshold: the least score listed, NaN
    where none is. counts, edges: histogram of all scores. k: neighbors looked at. same: all scores are equal.
    """

    table: pd.DataFrame
    above: int
    total: int
    threshold: float
    percentile: float
    counts: np.ndarray
    edges: np.ndarray
    k: int
    same: bool


def odd_rows(corpus: CorpusRef, model: ModelSpec, query: OddQuery) -> OddRows:
    """Raises StorageError where the corpus is not embedded or its graph is missing, InputError for a bad cut."""
    whole, score = load_corpus(corpus), score_of(corpus, model, query.score, query.k)
    order, ranks = listed(score, query.cut), percentiles(score)
    shown = order[:MOST_SHOWN]
    table = pd.DataFrame({"Rank": np.arange(1, len(shown) + 1), "Percentile": ranks[shown], "Score": score[shown]})
    table.index = pd.Index(shown)
    table = pd.concat([table, texts_and_roles(whole, shown)], axis=1)
    counts, edges = np.histogram(score, bins=BINS)
    last = order[-1] if len(order) else None
    return OddRows(
        table,
        len(order),
        len(score),
        float("nan") if last is None else float(score[last]),
        float("nan") if last is None else float(ranks[last]),
        counts,
        edges,
        usable_k(load_neighbors(corpus, model), query.k),
        bool(np.ptp(score) < 1e-6) if len(score) else True,
    )


def odd_file(corpus: CorpusRef, model: ModelSpec, query: OddQuery) -> bytes:
    """All rows within the cut as CSV: rank, row, percentile by every score, mark, text, and all columns."""
    whole, found = load_corpus(corpus), scores(corpus, model, query.k)
    rows = listed(score_of(corpus, model, query.score, query.k), query.cut)
    table = whole.table.iloc[rows].copy()
    added: dict[str, Any] = {"rank": np.arange(1, len(rows) + 1), "row": rows + 1}
    added |= {f"percentile: {SCORES[name].title}": percentiles(found[name])[rows].round(2) for name in found}
    marks = load_marks(Workspace(corpus.folder), corpus.digest)
    added["mark"] = [marks.get(int(row), "") for row in rows]
    added["text of the row"] = [whole.texts[row] for row in rows]
    for place, (name, values) in enumerate(added.items()):
        table.insert(place, free_name(table, name), values)
    return table_bytes(table, "csv")


def odd_row_ids(corpus: CorpusRef, model: ModelSpec, query: OddQuery) -> np.ndarray:
    """All row ids within the cut, int64, strangest first."""
    return listed(score_of(corpus, model, query.score, query.k), query.cut)


def score_of(corpus: CorpusRef, model: ModelSpec, name: ScoreName, k: int) -> np.ndarray:
    """One score of all rows, (n,) float64, higher is stranger."""
    return _forest(corpus, model) if name == "forest" else scores(corpus, model, k)[name]


@lru_cache(maxsize=6)
def scores(corpus: CorpusRef, model: ModelSpec, k: int) -> dict[ScoreName, np.ndarray]:
    """All scores but the isolation forest, each (n,) float64; computed where they are missing."""
    default_clusters(corpus, model)  # raises where there is no graph
    computed = OUTLIER_SCORES.get_or_compute(OutlierQuery(CorpusRef(corpus.folder, corpus.digest), model, k))
    return {name: computed[name] for name in SCORES if name in computed}


@lru_cache(maxsize=6)
def _forest(corpus: CorpusRef, model: ModelSpec) -> np.ndarray:
    """The isolation forest's score (n,)."""
    return ISOLATION_FOREST.get_or_compute(ModelQuery(CorpusRef(corpus.folder, corpus.digest), model))
