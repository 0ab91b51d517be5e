"""Outlier scores as stored results."""

from dataclasses import dataclass

import numpy as np

from core.clusters.service import CLUSTERS, ClusterQuery, cluster_inputs
from core.outliers.consensus import DEFAULT_K, score_rows
from core.outliers.scores import SAMPLE, TREES, ScoreName, isolation_forest
from core.results import Result, Step
from core.store import Workspace, vector_inputs
from core.types import CorpusRef, ModelSpec, Progress
from core.vectors.loaders import ModelQuery, load_neighbors, load_vectors

SCORE_SECONDS = 1e-4  # a row
FOREST_SECONDS = 3e-5  # a row


@dataclass(frozen=True)
class OutlierQuery:
    """How unusual each row is among its k nearest neighbors and its cluster."""

    corpus: CorpusRef
    model: ModelSpec
    k: int = DEFAULT_K

    @property
    def clusters(self) -> ClusterQuery:
        return ClusterQuery(self.corpus, self.model)


def _score(query: OutlierQuery, progress: Progress) -> dict[ScoreName, np.ndarray]:
    rows, graph = load_vectors(query.corpus, query.model).rows, load_neighbors(query.corpus, query.model)
    return score_rows(rows, graph, CLUSTERS.get(query.clusters).labels, query.k, forest=False)


def _row_count(corpus: CorpusRef) -> int:
    info = Workspace(corpus.folder).info(corpus.digest)
    return info.rows if info else 0


ISOLATION_FOREST = Result(
    "isolation_forest", 1, ModelQuery, np.ndarray,
    inputs=lambda query: {**vector_inputs(query.model), "trees": TREES, "sample": SAMPLE, "seed": 0},
    compute=lambda query, _: isolation_forest(load_vectors(query.corpus, query.model).rows),
    seconds=lambda query: _row_count(query.corpus) * FOREST_SECONDS, stage="Fitting the isolation forest",
)  # fmt: skip
OUTLIER_SCORES = Result(
    "outlier_scores", 2, OutlierQuery, dict[ScoreName, np.ndarray],
    inputs=lambda query: cluster_inputs(query.clusters) | {"k_neighbors": query.k},
    compute=_score, seconds=lambda query: _row_count(query.corpus) * SCORE_SECONDS,
    # the forest is shown next to them, so that one job stores all scores
    requires=lambda query: (
        Step(CLUSTERS, query.clusters), Step(ISOLATION_FOREST, ModelQuery(query.corpus, query.model))
    ),
    stage="Scoring the rows", absence="The outlier scores have not been computed yet.",
)  # fmt: skip
