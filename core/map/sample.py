"""Which points of a large layout are drawn."""

import numpy as np


def density_sample(points: np.ndarray, limit: int = 50_000, seed: int = 0) -> np.ndarray:
    """Row ids of at most `limit` points to draw, sorted, int64; all rows where n <= limit.

    points: (n, 2 or 3). A grid of at most limit / 2 cells is laid over them; each cell keeps points in proportion to
    the square root of its count, and at least one: dense regions stay denser, sparse ones and lone points stay.
    """
    if len(points) <= limit:
        return np.arange(len(points))
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(len(points))
    cells, counts = np.unique(_cells(points, limit)[shuffled], return_inverse=True, return_counts=True)[1:]
    by_cell = np.argsort(cells, kind="stable")
    rank = np.empty(len(points), np.int64)
    rank[by_cell] = np.arange(len(points)) - np.repeat(np.cumsum(counts) - counts, counts)
    turn = rank / np.sqrt(counts[cells])  # the first of each cell has turn 0
    return np.sort(shuffled[np.argsort(turn, kind="stable")[:limit]])


def _cells(points: np.ndarray, limit: int) -> np.ndarray:
    """(n,) the grid cell of each point."""
    dims = points.shape[1]
    side = max(1, int((limit / 2) ** (1 / dims)))
    placed = points[np.isfinite(points).all(axis=1)]
    low, span = (placed.min(axis=0), np.ptp(placed, axis=0)) if len(placed) else (np.zeros(dims), np.ones(dims))
    shares = np.nan_to_num((points - low) / np.where(span > 0, span, 1))  # rows without a place share a cell
    place = (shares * side).clip(0, side - 1).astype(np.int64)
    return place @ (side ** np.arange(dims))
