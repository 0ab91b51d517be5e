"""Parameter sweep: one method with many settings and three seeds each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np

from core.clusters.methods import (
    ClusterParams,
    Method,
    cluster,
    density_clusters,
    distinct_graph,
    k_candidates,
    umap_points,
)
from core.clusters.validation import silhouettes
from core.results import no_progress
from core.types import Neighbors, Progress, Vectors
from core.vectors.communities import by_size, leiden_communities

SWEPT_SIZES = (5, 10, 15, 25, 50, 100, 200)
SEEDS = (0, 1, 2)
Labeling = tuple[float, int, np.ndarray]  # value, seed, labels
SWEPT_RESOLUTIONS = (0.1, 0.3, 0.6, 1.0, 2.0, 3.0, 5.0, 8.0, 12.0, 20.0)


@dataclass(frozen=True)
class SweepPoint:
    """One clustering of a sweep. value: the resolution, the minimum cluster size or k. agreement: mean adjusted mutual
    information with the other seeds at the same value; 1: identical."""

    method: Method
    value: float
    seed: int
    clusters: int
    noise: float
    silhouette: float
    agreement: float


def sweep(
    vectors: Vectors, neighbors: Neighbors, method: Method, progress: Progress, seeds: tuple[int, ...] = SEEDS
) -> tuple[SweepPoint, ...]:
    """Ten resolutions (leiden), seven minimum cluster sizes (hdbscan, evoc), or every k up to 20 and some larger ones
    (kmeans), three seeds each."""
    values, labelings, labeled = sweep_values(method, len(vectors)), [], _labeler(vectors, neighbors, method)
    for done, (value, seed) in enumerate(product(values, seeds)):
        labelings.append((value, seed, labeled(value, seed)))
        progress(done + 1, len(values) * len(seeds))
    return tuple(_sweep_point(vectors, method, labelings, labeling) for labeling in labelings)


def largest_step(values: Sequence[float], clusters: Sequence[float]) -> tuple[int, float] | None:
    """The largest change of the number of clusters between neighboring settings: the index of the first one, and the
    ratio of the larger to the smaller number (no cluster counts as one). None for a single setting."""
    counts = np.maximum(np.asarray(clusters, dtype=np.float64)[np.argsort(values)], 1)
    if len(counts) < 2:
        return None
    steps = np.abs(np.diff(np.log(counts)))
    return int(steps.argmax()), float(np.exp(steps.max()))


def sweep_values(method: Method, rows: int) -> tuple[float, ...]:
    """The settings of a sweep."""
    if method == "leiden":
        return SWEPT_RESOLUTIONS
    if method == "kmeans":
        max_k = max(2, min(200, rows // 5))
        return tuple(map(float, k_candidates(max_k)))
    return tuple(float(size) for size in SWEPT_SIZES if size <= rows // 4) or (2.0,)


def _labeler(vectors: Vectors, neighbors: Neighbors, method: Method) -> Callable[[float, int], np.ndarray]:
    """A function (value, seed) -> labels; what does not depend on the value is computed once."""
    if method == "leiden":
        graph, _, group = distinct_graph(neighbors.ids, neighbors.scores)
        return lambda value, seed: by_size(leiden_communities(graph, value, seed)[group])
    if method == "hdbscan":
        points = cache(lambda seed: umap_points(vectors, neighbors, seed, no_progress))
        return lambda value, seed: by_size(density_clusters(points(seed), int(value)))

    def labeled(value: float, seed: int) -> np.ndarray:
        params = ClusterParams(method, min_size=int(value), k=int(value), seed=seed)
        return cluster(vectors, neighbors, [""] * len(vectors), params).labels

    return labeled


def _sweep_point(vectors: Vectors, method: Method, labelings: list[Labeling], labeling: Labeling) -> SweepPoint:
    from sklearn.metrics import adjusted_mutual_info_score

    value, seed, labels = labeling
    others = [other_labels for at, other, other_labels in labelings if at == value and other != seed]
    agreement = float(np.mean([adjusted_mutual_info_score(labels, other) for other in others])) if others else 1.0
    values, noise = silhouettes(vectors.rows, labels), float((labels < 0).mean())
    mean = float(np.nanmean(values)) if noise < 1 else float("nan")
    return SweepPoint(method, value, seed, int(labels.max(initial=-1)) + 1, noise, mean, agreement)
