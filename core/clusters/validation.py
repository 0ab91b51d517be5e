"""How far each cluster can be trusted: how tight, how apart, how well kept by the neighbor graph."""

from dataclasses import dataclass

import numpy as np

from core.clusters.centers import sums
from core.clusters.silhouette import silhouettes

INSIDE_K = 15  # neighbors of a row that are looked at


@dataclass(frozen=True, eq=False)
class ClusterTrust:
    """Figures of c clusters in the original space, each (c,); all over all rows, none sampled.

    sizes: int64 rows. cohesion: float64 mean cosine of two different rows of the cluster, NaN for a single row.
    nearest: int64 the cluster whose center is nearest; separation: float64 cosine of the two centers, lower is more
    apart. silhouette: float64 mean in [-1, 1], higher is better. inside: float64 share of rows' nearest 15 neighbors
    that are in the same cluster. overall_silhouette, overall_inside: means over all rows that are in a cluster; noise:
    rows in none.
    """

    sizes: np.ndarray
    cohesion: np.ndarray
    nearest: np.ndarray
    separation: np.ndarray
    silhouette: np.ndarray
    inside: np.ndarray
    overall_silhouette: float
    overall_inside: float
    noise: int
    k: int


def cluster_trust(rows: np.ndarray, ids: np.ndarray, labels: np.ndarray) -> ClusterTrust:
    """rows: (n, d) unit vectors; ids: (n, k) the shared graph; labels: (n,), -1 for noise."""
    known, count = labels >= 0, int(labels.max(initial=-1)) + 1
    sizes, whole = np.bincount(labels[known], minlength=count), sums(rows, labels)
    nearest, separation = _nearest(whole)
    values, near = silhouettes(rows, labels), ids[:, : min(INSIDE_K, ids.shape[1])]
    inside = neighbors_inside(near, labels)
    return ClusterTrust(
        sizes,
        _cohesion(whole, sizes),
        nearest,
        separation,
        _means(values, labels, sizes),
        _means(inside, labels, sizes),
        float(np.mean(values[known])) if known.any() else float("nan"),
        float(np.mean(inside[known])) if known.any() else float("nan"),
        int((~known).sum()),
        near.shape[1],
    )


def neighbors_inside(near: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(n,) float64: the share of each row's neighbors near (n, k) that have its label; 0 for noise."""
    if not near.shape[1]:
        return np.ones(len(labels))
    same = (labels[near] == labels[:, None]) & (labels >= 0)[:, None] & (near >= 0)
    return np.asarray(same.mean(axis=1))


def _cohesion(whole: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """The mean over pairs from the length of the sum alone: |s|^2 = m + the sum of all m (m - 1) ordered cosines."""
    squared = np.einsum("ij,ij->i", whole, whole)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(sizes > 1, (squared - sizes) / (sizes * (sizes - 1.0)), np.nan)


def _nearest(whole: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if len(whole) < 2:
        return np.full(len(whole), -1), np.full(len(whole), np.nan)
    directions = whole / np.maximum(np.linalg.norm(whole, axis=1, keepdims=True), 1e-12)
    cosines = directions @ directions.T
    np.fill_diagonal(cosines, -np.inf)
    return cosines.argmax(axis=1), cosines.max(axis=1)


def _means(values: np.ndarray, labels: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    known = labels >= 0
    total = np.bincount(labels[known], weights=values[known].astype(np.float64), minlength=len(sizes))
    return np.asarray(total / np.maximum(sizes, 1))
