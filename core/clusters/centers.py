"""Sums and directions of clusters' vectors."""

import numpy as np


def sums(rows: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(c, d) float64: the sum of each cluster's vectors."""
    from scipy.sparse import csr_matrix

    known = np.flatnonzero(labels >= 0)
    shape = (int(labels.max(initial=-1)) + 1, len(labels))
    member = csr_matrix((np.ones(len(known), dtype=np.float32), (labels[known], known)), shape=shape)
    return np.asarray(member @ rows, dtype=np.float64)


def centers(rows: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(c, d) float32, unit length: the direction of each cluster's mean vector."""
    whole = sums(rows, labels)
    return (whole / np.maximum(np.linalg.norm(whole, axis=1, keepdims=True), 1e-12)).astype(np.float32)
