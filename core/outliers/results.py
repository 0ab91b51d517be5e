"""Outlier scores and near-duplicates by wording as stored results."""

from dataclasses import dataclass

import numpy as np

from core.clusters.service import CLUSTERS, ClusterQuery, cluster_inputs
from core.corpus.loaders import load_corpus
from core.duplicates.minhash import TextLinks, Unit, text_links
from core.outliers.consensus import DEFAULT_K, score_rows
from core.outliers.score_info import ScoreName
from core.outliers.scores import SAMPLE, TREES, isolation_forest
from core.results import Result, Step
from core.store import Workspace, vector_inputs
from core.types import CorpusRef, ModelSpec, Progress
from core.vectors.loaders import ModelQuery, load_neighbors, load_vectors

FLOOR = 0.5  # Jaccard similarity below which no pair is looked for
CHARACTERS_A_SECOND = 300_000
SCORE_SECONDS = 1e-4  # a row
FOREST_SECONDS = 3e-5  # a row


@dataclass(frozen=True)
class OutlierQuery:
    """How unusual each row is among its k nearest neighbors and its cluster."""

    corpus: CorpusRef
    model: ModelSpec
    k: int = DEFAULT_K

    @property
    def forest(self) -> ModelQuery:
        return ModelQuery(self.corpus, self.model)

    @property
    def clusters(self) -> ClusterQuery:
        return ClusterQuery(self.corpus, self.model)


@dataclass(frozen=True)
class TextQuery:
    """Near-duplicates by wording, in runs of characters or of words."""

    corpus: CorpusRef
    unit: Unit


def _score(query: OutlierQuery, progress: Progress) -> dict[ScoreName, np.ndarray]:
    where = (query.corpus, query.model)
    labels = CLUSTERS.get(query.clusters).labels
    return score_rows(load_vectors(*where).rows, load_neighbors(*where), labels, query.k, forest=False)


def _isolate(query: ModelQuery, progress: Progress) -> np.ndarray:
    return isolation_forest(load_vectors(query.corpus, query.model).rows)


def _link_texts(query: TextQuery, progress: Progress) -> TextLinks:
    texts = load_corpus(query.corpus).texts
    return text_links(texts, query.unit, FLOOR, progress=progress)


def _text_seconds(query: TextQuery) -> float:
    return sum(map(len, load_corpus(query.corpus).texts)) / CHARACTERS_A_SECOND


def _rows(corpus: CorpusRef) -> int:
    info = Workspace(corpus.folder).info(corpus.digest)
    return info.rows if info else 0


ISOLATION_FOREST = Result(
    "isolation_forest",
    1,
    ModelQuery,
    np.ndarray,
    inputs=lambda query: {**vector_inputs(query.model), "trees": TREES, "sample": SAMPLE, "seed": 0},
    compute=_isolate,
    seconds=lambda query: _rows(query.corpus) * FOREST_SECONDS,
    stage="Fitting the isolation forest",
)
OUTLIER_SCORES = Result(
    "outlier_scores",
    1,
    OutlierQuery,
    dict[ScoreName, np.ndarray],
    inputs=lambda query: cluster_inputs(query.clusters) | {"k_neighbors": query.k},
    compute=_score,
    seconds=lambda query: _rows(query.corpus) * SCORE_SECONDS,
    # the forest is shown beside them, so that one job stores all scores
    requires=lambda query: (Step(CLUSTERS, query.clusters), Step(ISOLATION_FOREST, query.forest)),
    stage="Scoring the rows",
    absence="The rows have not been scored yet.",
)
TEXT_DUPLICATES = Result(
    "text_duplicates",
    1,
    TextQuery,
    TextLinks,
    inputs=lambda query: {"unit": query.unit, "floor": FLOOR},
    compute=_link_texts,
    seconds=_text_seconds,
    stage="Comparing the wording",
    unit="texts",
    absence="The wording of these texts has not been compared yet.",
    remedy="Compare them on the Anomalies page.",
)
