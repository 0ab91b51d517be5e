"""Outlier scores of rows by neighbors, by clusters, by distance from the centroid, and by isolation: higher is more
unusual.

Distances are cosine distances, 1 - cosine, in [0, 2]. Neighbors come from the stored graph, which is never rebuilt.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from core.types import Neighbors

ScoreName = Literal["combined", "mean", "kth", "lof", "center", "separation", "fit", "forest"]
EPSILON = 1e-10  # as scikit-learn adds to mean reachability distances, so that copies have a finite density
SLACK = 1e-4  # added to both sides of a ratio of distances: copies differ by rounding
TREES, SAMPLE = 200, 256
BLOCK = 65_536  # rows the forest scores at a time


@dataclass(frozen=True)
class ScoreInfo:
    """meaning: one sentence with the score's direction. detects: which kinds of outliers it finds, and misses."""

    title: str
    meaning: str
    detects: str


SCORES: dict[ScoreName, ScoreInfo] = {
    "combined": ScoreInfo(
        "Combined (default)",
        "How high a row ranks as an isolated point (by mean neighbor distance or local outlier factor, whichever is "
        "higher) and as part of a distant cluster (by distance from the centroid or cluster separation), averaged on "
        "a logarithmic scale. Higher = more unusual.",
        "Isolated points and small distant clusters: two of its scores for each.",
    ),
    "mean": ScoreInfo(
        "Mean neighbor distance",
        "Mean cosine distance to the k nearest rows. Higher = more unusual: nothing similar is near.",
        "Isolated points, and groups of fewer than about k rows. A sparse language or subject scores high as a whole.",
    ),
    "kth": ScoreInfo(
        "Distance to the k-th neighbor",
        "Cosine distance to the k-th nearest row. Higher = more unusual: fewer than k rows are near.",
        "Isolated points, and distant groups of up to k rows; with a larger k, larger groups.",
    ),
    "lof": ScoreInfo(
        "Local outlier factor",
        "How much lower the density around a row is than around its neighbors; 1 is typical. Higher = more unusual.",
        "Isolated points, even inside a dense subject or a rare language. Misses a distant cluster of more than k "
        "rows, whose rows are dense among themselves.",
    ),
    "center": ScoreInfo(
        "Distance from the centroid",
        "Cosine distance to the mean of all rows. Higher = more unusual: far from what the corpus is about.",
        "Small distant clusters and isolated points. Misses an unusual row that lies near the centroid.",
    ),
    "separation": ScoreInfo(
        "Cluster separation",
        "Distance from the row's cluster to the nearest larger cluster. Higher = more unusual: a small cluster far "
        "from all larger ones. All rows of a cluster have the same value.",
        "Small distant clusters. Misses isolated points within a cluster.",
    ),
    "fit": ScoreInfo(
        "Distance within its cluster",
        "Distance to its cluster's centroid over that cluster's median; 1 is typical. Higher = more unusual.",
        "Rows that are unusual for their cluster. Misses a distant group that is a cluster by itself.",
    ),
    "forest": ScoreInfo(
        "Isolation forest",
        "How few random splits isolate a row from a sample of 256 (200 trees, seed 0). Higher = more unusual.",
        "Both kinds, but weakly: it splits one dimension at a time, and text vectors have hundreds.",
    ),
}


def kth_distance(graph: Neighbors, k: int) -> np.ndarray:
    """(n,) float64: distance to the k-th nearest row (Ramaswamy, Rastogi and Shim, 2000); finds isolated rows and
    groups of fewer than k + 1. k is limited to the graph's; zeros where there are no neighbors."""
    k = usable_k(graph, k)
    return _neighbor_distances(graph, k - 1) if k else np.zeros(len(graph.ids))


def mean_distance(graph: Neighbors, k: int) -> np.ndarray:
    """(n,) float64: mean distance to the k nearest rows (Angiulli and Pizzuti, 2002); less noisy than the k-th."""
    k, total = usable_k(graph, k), np.zeros(len(graph.ids))
    for rank in range(k):
        total += _neighbor_distances(graph, rank)
    return total / max(k, 1)


def local_outlier_factor(graph: Neighbors, k: int) -> np.ndarray:
    """(n,) float64: density around the k neighbors over that around the row; 1 is typical (Breunig et al., 2000).

    As scikit-learn's LocalOutlierFactor(metric="cosine"), sign reversed. Finds rows that are isolated within their
    region; rows of a distant group of more than k look typical.
    """
    k = usable_k(graph, k)
    if not k:
        return np.ones(len(graph.ids))
    k_distance, reachability = _neighbor_distances(graph, k - 1), np.zeros(len(graph.ids))
    for rank in range(k):
        reachability += np.maximum(_neighbor_distances(graph, rank), k_distance[graph.ids[:, rank]])
    density = 1 / (reachability / k + EPSILON)
    neighbor_density = np.zeros(len(graph.ids))
    for rank in range(k):
        neighbor_density += density[graph.ids[:, rank]]
    return neighbor_density / k / density


def center_distance(rows: np.ndarray) -> np.ndarray:
    """(n,) float64: distance to the corpus' mean direction; finds small distant clusters as well as isolated rows."""
    center = rows.mean(axis=0, dtype=np.float64)
    length = float(np.linalg.norm(center))
    if length < 1e-9:  # rows that cancel out have no mean direction
        return np.zeros(len(rows))
    return distances_to(rows, center / length)


def isolation_forest(rows: np.ndarray, seed: int = 0) -> np.ndarray:
    """(n,) float64 in [0, 1]: how few random splits of single dimensions isolate a row from a sample (Liu, Ting and
    Zhou, 2008; scikit-learn): 200 trees of 256 rows, drawn with `seed`. Weaker than neighbors in many dimensions."""
    from sklearn.ensemble import IsolationForest

    forest = IsolationForest(n_estimators=TREES, max_samples=min(SAMPLE, len(rows)), random_state=seed).fit(rows)
    blocks = [forest.score_samples(rows[start : start + BLOCK]) for start in range(0, len(rows), BLOCK)]
    return -np.concatenate(blocks)


def cluster_fit(rows: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(n,) float64: distance to the centroid of the row's cluster over that cluster's median distance; 1 is typical.

    labels: (n,) int32, -1 noise, which is measured against the nearest cluster. Finds rows that are unusual for their
    cluster, however dense it is; not unusual clusters. All 1 where there is no cluster.
    """
    if not (labels >= 0).any():
        return np.ones(len(rows))
    codes, centers, _ = _centroids(rows, labels)
    nearest = _assign_noise(rows, codes, centers)
    distances = distances_to(rows, centers[nearest])
    medians = np.array([np.median(distances[codes == cluster]) for cluster in range(len(centers))])
    return (distances + SLACK) / (medians[nearest] + SLACK)


def cluster_separation(rows: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(n,) float64: distance from the centroid of the row's cluster to the nearest centroid of a larger cluster, 0 for
    the largest; noise (-1) counts as a cluster of one row.

    Finds small distant clusters, as the delta of density peaks does for points (Rodriguez and Laio, 2014). Zeros where
    there is no cluster.
    """
    if not (labels >= 0).any():
        return np.zeros(len(rows))
    codes, centers, sizes = _centroids(rows, labels)
    between = 1 - np.clip(centers @ centers.T, -1, 1)
    by_size = np.lexsort((np.arange(len(sizes)), -sizes))
    separation = np.zeros(len(sizes))
    for rank in range(1, len(by_size)):
        separation[by_size[rank]] = between[by_size[rank], by_size[:rank]].min()
    noise = codes < 0
    scores = separation[codes]
    scores[noise] = distances_to(rows[noise], centers[_assign_noise(rows[noise], codes[noise], centers)])
    return scores


def usable_k(graph: Neighbors, k: int) -> int:
    """k within what the graph holds, 0 for a single row."""
    return max(0, min(k, graph.k))


def distances_to(rows: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """Cosine distances of unit rows (n, d) to one unit direction (d,), or row by row to (n, d); float64 (n,)."""
    directions = directions.astype(np.float32)
    cosines = rows @ directions if directions.ndim == 1 else np.einsum("ij,ij->i", rows, directions)
    return 1 - np.clip(cosines.astype(np.float64), -1, 1)


def _neighbor_distances(graph: Neighbors, rank: int) -> np.ndarray:
    """(n,) distances to the neighbor of a rank, from 0."""
    return 1 - np.clip(np.asarray(graph.scores[:, rank], dtype=np.float64), -1, 1)


def _centroids(rows: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(n,) codes 0 .. c - 1 with -1 for noise, (c, d) float64 unit centroids, (c,) sizes."""
    names, codes = np.unique(labels, return_inverse=True)
    codes = codes - int(names[0] < 0)
    sizes = np.bincount(codes[codes >= 0])
    sums = np.stack([rows[codes == cluster].sum(axis=0, dtype=np.float64) for cluster in range(len(sizes))])
    return codes, sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12), sizes


def _assign_noise(rows: np.ndarray, codes: np.ndarray, centers: np.ndarray) -> np.ndarray:
    """(n,) each row's cluster, for noise the nearest one."""
    noise, clusters = codes < 0, codes.copy()
    if noise.any():
        clusters[noise] = np.argmax(rows[noise] @ centers.T.astype(np.float32), axis=1)
    return clusters
