"""How strange each row is in view of clusters: within its own, or with its own. Higher is stranger."""

import numpy as np

from core.outliers.scores import distances_to

SLACK = 1e-4  # added to both sides of a ratio of distances: copies differ by rounding alone


def cluster_fit(rows: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(n,) float64: distance to the centroid of the row's own cluster over that cluster's median distance; 1 is usual.

    labels: (n,) int32, -1 noise, which is measured against the nearest cluster. Sees rows that are odd for their
    cluster, however tight or loose that is; not clusters that are odd. All 1 where there is no cluster.
    """
    if not (labels >= 0).any():
        return np.ones(len(rows))
    codes, centers, _ = _clusters(rows, labels)
    own = _nearest(rows, codes, centers)
    away = distances_to(rows, centers[own])
    medians = np.array([np.median(away[codes == cluster]) for cluster in range(len(centers))])
    return (away + SLACK) / (medians[own] + SLACK)


def cluster_apart(rows: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(n,) float64: distance from the own cluster's centroid to the nearest centroid of a larger cluster, 0 for the
    largest; noise (-1) counts as a cluster of one row.

    Sees groups that are small and apart, all their rows alike, as the delta of density peaks does for points
    (Rodriguez and Laio, 2014). Zeros where there is no cluster.
    """
    if not (labels >= 0).any():
        return np.zeros(len(rows))
    codes, centers, sizes = _clusters(rows, labels)
    between = 1 - np.clip(centers @ centers.T, -1, 1)
    order = np.lexsort((np.arange(len(sizes)), -sizes))
    apart = np.zeros(len(sizes))
    for place in range(1, len(order)):
        apart[order[place]] = between[order[place], order[:place]].min()
    noise = codes < 0
    found = apart[codes]
    found[noise] = distances_to(rows[noise], centers[_nearest(rows[noise], codes[noise], centers)])
    return found


def _clusters(rows: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(n,) codes 0 .. c - 1 with -1 for noise, (c, d) float64 unit centroids, (c,) sizes."""
    names, codes = np.unique(labels, return_inverse=True)
    codes = codes - int(names[0] < 0)
    inside = codes >= 0
    sizes = np.bincount(codes[inside])
    sums = np.stack([rows[codes == cluster].sum(axis=0, dtype=np.float64) for cluster in range(len(sizes))])
    return codes, sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12), sizes


def _nearest(rows: np.ndarray, codes: np.ndarray, centers: np.ndarray) -> np.ndarray:
    """Each row's own cluster, for noise the nearest one."""
    noise, own = codes < 0, codes.copy()
    if noise.any():
        own[noise] = np.argmax(rows[noise] @ centers.T.astype(np.float32), axis=1)
    return own
