"""Principal components of many rows, fast and with a deterministic sign."""

import os
from typing import Any

import numpy as np

WIDE = 1024  # columns beyond which the covariance matrix costs more than a few passes over the rows


def principal_components(rows: np.ndarray, dims: int, seed: int = 0) -> tuple[np.ndarray, float]:
    """(n, dims) float32 coordinates of rows (n, d) on their first principal components, and the variance explained.

    Up to 1,024 columns the covariance's eigenvectors, or singular vectors of few rows, else randomized subspace
    iteration (Halko, Martinsson and Tropp 2011). Signs: the largest loading of each component is positive. Components
    beyond min(n - 1, d) are 0.
    variance: share in [0, 1]; 0.0 where all rows are the same.
    """
    with all_cores():
        mean = rows.mean(axis=0, dtype=np.float64).astype(np.float32)
        squares = np.einsum("ij,ij->", rows, rows, dtype=np.float64)
        total = float(squares - len(rows) * np.sum(np.square(mean, dtype=float)))
        axes = _exact_axes(rows, mean, dims) if rows.shape[1] <= WIDE else _random_axes(rows, mean, dims, seed)
        axes *= np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])
        points = np.zeros((len(rows), dims), np.float32)
        points[:, : axes.shape[1]] = rows @ axes - mean @ axes
    same = total <= 1e-6 * len(rows)
    explained = 0.0 if same else float(np.sum(np.square(points, dtype=np.float64)) / total)
    return (points * 0 if same else points), min(explained, 1.0)


def all_cores() -> Any:
    """Let the matrix products within use every core, whatever limit the process was started with."""
    from threadpoolctl import threadpool_limits

    return threadpool_limits(os.cpu_count() or 1, user_api="blas")


def _exact_axes(rows: np.ndarray, mean: np.ndarray, dims: int) -> np.ndarray:
    from scipy.linalg import eigh, svd

    if 2 * len(rows) <= rows.shape[1]:  # few rows: their own decomposition is smaller than the covariance's
        vectors: np.ndarray = svd((rows - mean).astype(np.float64), full_matrices=False)[2]
        return np.ascontiguousarray(vectors[:dims].T, np.float32)
    covariance = (rows.T @ rows).astype(np.float64) / len(rows) - np.outer(mean, mean.astype(np.float64))
    columns = len(covariance)
    axes: np.ndarray = eigh(covariance, subset_by_index=(max(columns - dims, 0), columns - 1), check_finite=False)[1]
    return axes[:, ::-1].astype(np.float32)


def _random_axes(rows: np.ndarray, mean: np.ndarray, dims: int, seed: int) -> np.ndarray:
    start = np.random.default_rng(seed).standard_normal((rows.shape[1], dims + 10))
    basis: np.ndarray = start.astype(np.float32)
    for _ in range(7):
        basis = np.linalg.qr(basis)[0]
        image = rows @ basis - mean @ basis
        basis = rows.T @ image - np.outer(mean, image.sum(axis=0))
    return np.linalg.svd(basis, full_matrices=False)[0][:, :dims]
