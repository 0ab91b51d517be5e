"""Clustering some of the rows again, by the method and settings of all."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from core.clusters.k_choice import k_means
from core.clusters.methods import ClusterParams, cluster, density_clusters, reduced
from core.clusters.stability import leiden_again
from core.types import Neighbors, Vectors
from core.vectors.communities import RESOLUTIONS

RUNS = {"leiden": 50, "hdbscan": 50, "kmeans": 20, "evoc": 10}
FEWER_RUNS = 20  # of 50, from many rows on
MANY_ROWS = 50_000


def clusters_again(
    vectors: Vectors, neighbors: Neighbors, params: ClusterParams
) -> tuple[Callable[[np.ndarray, int], np.ndarray], int]:
    """A function (rows, seed) -> labels of these rows alone, and the number of resamples that this method affords.

    hdbscan: the five UMAP dimensions are those of all rows, so that only the grouping is done again.
    """
    runs = min(RUNS[params.method], FEWER_RUNS if len(vectors) > MANY_ROWS else 50)
    if params.method == "leiden":
        return leiden_again(neighbors.ids, neighbors.scores, RESOLUTIONS[params.level]), runs
    if params.method == "hdbscan":
        points = reduced(vectors, neighbors, params.seed, lambda done, total: None)
        return lambda rows, seed: density_clusters(points[rows], _smaller(params, len(rows), len(vectors))), runs
    if params.method == "kmeans":
        return lambda rows, seed: k_means(vectors.rows[rows], min(params.k, len(rows)), seed), runs

    def evoc_again(rows: np.ndarray, seed: int) -> np.ndarray:
        part = Vectors(np.ascontiguousarray(vectors.rows[rows]), vectors.model, vectors.corpus)
        nothing = Neighbors(np.zeros((len(rows), 0), np.int32), np.zeros((len(rows), 0), np.float32), 1.0, 0, "none")
        smaller = replace(params, min_size=_smaller(params, len(rows), len(vectors)), seed=seed)
        return cluster(part, nothing, [""] * len(rows), smaller).labels

    return evoc_again, runs


def _smaller(params: ClusterParams, rows: int, total: int) -> int:
    """The smallest cluster's size, in proportion to the rows drawn."""
    return max(2, round(params.min_size * rows / max(total, 1)))
