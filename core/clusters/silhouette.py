"""Exact silhouettes of unit vectors without any n x n matrix."""

import numpy as np

from core.clusters.centers import sums

CELLS = 20_000_000  # of rows by clusters at once


def silhouettes(rows: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(n,) float32 in [-1, 1], higher is better: Rousseeuw's silhouette (1987) with cosine distance; NaN for noise.

    Exact for all rows: the mean cosine distance of a unit vector to a cluster is 1 minus its dot product with the
    cluster's mean vector, so n x c products suffice. A row alone in its cluster has 0, as in scikit-learn; all have
    0 where there are fewer than two clusters.
    """
    sizes = np.bincount(labels[labels >= 0], minlength=max(int(labels.max(initial=-1)) + 1, 1)).astype(np.float64)
    if (sizes > 0).sum() < 2:
        return np.where(labels >= 0, 0.0, np.nan).astype(np.float32)
    whole, made = sums(rows, labels), np.full(len(labels), np.nan, dtype=np.float32)
    block = max(1, CELLS // len(sizes))
    for start in range(0, len(rows), block):
        part = slice(start, start + block)
        made[part] = _block(rows[part], labels[part], whole, sizes)
    return made


def _block(rows: np.ndarray, labels: np.ndarray, whole: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    known = np.flatnonzero(labels >= 0)
    own = labels[known]
    to_sums = rows[known].astype(np.float64) @ whole.T
    place = np.arange(len(known))
    alone = sizes[own] < 2
    # the row itself, at distance 0, is not counted among its cluster
    inner = 1 - (to_sums[place, own] - 1) / np.where(alone, 1, sizes[own] - 1)
    outer = 1 - to_sums / np.where(sizes > 0, sizes, np.nan)
    outer[place, own] = np.nan
    nearest = np.nanmin(outer, axis=1)
    larger = np.maximum(inner, nearest)
    value = np.where(alone | (larger <= 0), 0.0, (nearest - inner) / np.where(larger > 0, larger, 1))
    made = np.full(len(rows), np.nan, dtype=np.float32)
    made[known] = value
    return made
