"""Many clusterings at once, so that nobody picks a number blindly."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np

from core.clusters.distinct_rows import distinct_graph
from core.clusters.methods import ClusterParams, Method, cluster, density_clusters, reduced
from core.clusters.silhouette import silhouettes
from core.types import Neighbors, Progress, Vectors
from core.vectors.communities import by_size, leiden_communities

SIZES = (5, 10, 15, 25, 50, 100, 200)
SEEDS = (0, 1, 2)
RESOLUTIONS = (0.1, 0.3, 0.6, 1.0, 2.0, 3.0, 5.0, 8.0, 12.0, 20.0)


@dataclass(frozen=True)
class Tried:
    """One clustering of a sweep. value: the resolution, the smallest size or k. agreement: its adjusted mutual
    information with the other seeds' at the same value, mean, 1 is the same."""

    method: Method
    value: float
    seed: int
    clusters: int
    noise: float
    silhouette: float
    agreement: float


def sweep(
    vectors: Vectors, neighbors: Neighbors, method: Method, progress: Progress, seeds: tuple[int, ...] = SEEDS
) -> tuple[Tried, ...]:
    """Ten resolutions (leiden), seven smallest sizes (hdbscan, evoc) or twelve k (kmeans), by three seeds each."""
    values, found, labeled = sweep_values(method, len(vectors)), [], _labeler(vectors, neighbors, method)
    for done, (value, seed) in enumerate(product(values, seeds)):
        found.append((value, seed, labeled(value, seed)))
        progress(done + 1, len(values) * len(seeds))
    return tuple(_tried(vectors, method, found, each) for each in found)


def steepest(values: Sequence[float], clusters: Sequence[float]) -> tuple[int, float] | None:
    """Where the number of clusters changes most from one setting to the next: the place of the first of the two, and
    how many times as many one has as the other (at least 1; no cluster counts as one). None for a single setting."""
    counts = np.maximum(np.asarray(clusters, dtype=np.float64)[np.argsort(values)], 1)
    if len(counts) < 2:
        return None
    steps = np.abs(np.diff(np.log(counts)))
    return int(steps.argmax()), float(np.exp(steps.max()))


def sweep_values(method: Method, rows: int) -> tuple[float, ...]:
    """What a sweep tries with so many rows."""
    if method == "leiden":
        return RESOLUTIONS
    if method == "kmeans":
        most = max(2, min(200, rows // 5))
        return tuple(float(k) for k in np.unique(np.geomspace(2, most, 12).round()))
    return tuple(float(size) for size in SIZES if size <= rows // 4) or (2.0,)


def _labeler(vectors: Vectors, neighbors: Neighbors, method: Method) -> Callable[[float, int], np.ndarray]:
    """Labels by value and seed; what does not depend on the value is made once."""
    if method == "leiden":
        graph, _, group = distinct_graph(neighbors.ids, neighbors.scores)
        return lambda value, seed: by_size(leiden_communities(graph, value, seed)[group])
    if method == "hdbscan":
        points = cache(lambda seed: reduced(vectors, neighbors, seed, lambda done, total: None))
        return lambda value, seed: by_size(density_clusters(points(seed), int(value)))

    def labeled(value: float, seed: int) -> np.ndarray:
        params = ClusterParams(method, min_size=int(value), k=int(value), seed=seed)
        return cluster(vectors, neighbors, [""] * len(vectors), params).labels

    return labeled


def _tried(
    vectors: Vectors, method: Method, found: list[tuple[float, int, np.ndarray]], one: tuple[float, int, np.ndarray]
) -> Tried:
    from sklearn.metrics import adjusted_mutual_info_score

    value, seed, labels = one
    others = [each for at, other, each in found if at == value and other != seed]
    agreement = float(np.mean([adjusted_mutual_info_score(labels, other) for other in others])) if others else 1.0
    values = silhouettes(vectors.rows, labels)
    mean = float(np.nanmean(values)) if np.isfinite(values).any() else float("nan")
    return Tried(method, value, seed, int(labels.max(initial=-1)) + 1, float((labels < 0).mean()), mean, agreement)
