"""Lines around the densest parts of a layout."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np

SHARES = (0.1, 0.3, 0.5, 0.7, 0.85, 0.95)
MIN_ROWS = 30
MOST_VERTICES = 4_000
OUTLYING = 0.001  # share of the rows at each end (two at least) that don't widen the grid, or strays would blur all
MARGIN = 0.15  # of the grid's width, so that the lines close


@dataclass(frozen=True, eq=False)
class Contour:
    """A highest-density region's edge. share: of all rows that lie inside. lines: closed, (k, 2) float32 each, in
    layout units; a line inside another one is a hole or an island (even-odd rule)."""

    share: float
    lines: tuple[np.ndarray, ...]


def density_contours(points: np.ndarray, shares: Sequence[float] = SHARES, cells: int = 128) -> tuple[Contour, ...]:
    """The edges of the smallest areas of points (n, 2) that hold these shares of the rows; outermost last.

    Highest-density regions by the quantiles of the density at the rows (Hyndman, 1996); the density is a histogram of
    cells x cells smoothed by a Gaussian (scipy), the lines are contourpy's (marching squares). All lines together have
    about 4,000 vertices at most. Rows with NaN are left out; nothing for under 30 rows or rows all at one place.
    """
    placed = np.asarray(points[np.isfinite(points).all(axis=1)], dtype=np.float64)
    if len(placed) < MIN_ROWS or not np.ptp(placed, axis=0).any():
        return ()
    centers, density = _density(placed, cells)
    at_rows = _at(placed, centers, density)
    return _thinned([(share, _lines(centers, density, np.quantile(at_rows, 1 - share))) for share in shares])


def _density(points: np.ndarray, cells: int) -> tuple[np.ndarray, np.ndarray]:
    """Centers (2, cells) of a grid of square cells, x and y, and the smoothed counts (cells, cells), x first."""
    from scipy.ndimage import gaussian_filter

    trimmed = max(OUTLYING, 2 / len(points))
    low, high = np.quantile(points, [trimmed, 1 - trimmed], axis=0, method="nearest")
    if not (high > low).any():  # nearly all rows at one place
        low, high = points.min(axis=0), points.max(axis=0)
    half = (high - low).max() * (0.5 + MARGIN)
    edges = ((low + high) / 2)[:, None] + np.linspace(-half, half, cells + 1)
    counts = np.histogram2d(points[:, 0], points[:, 1], bins=[edges[0], edges[1]])[0]
    # Scott's (1992) n ** (-1/6), from half the spread that a normal distribution would have: maps have many heaps
    sigma = max(1.0, cells / 12 * len(points) ** (-1 / 6))
    return (edges[:, :-1] + edges[:, 1:]) / 2, gaussian_filter(counts, sigma, mode="constant")


def _at(points: np.ndarray, centers: np.ndarray, density: np.ndarray) -> np.ndarray:
    """The density at each point, linear between cells as the lines are; 0 outside of the grid."""
    from scipy.ndimage import map_coordinates

    step = centers[:, 1] - centers[:, 0]
    return np.asarray(map_coordinates(density, ((points - centers[:, 0]) / step).T, order=1, mode="constant"))


def _lines(centers: np.ndarray, density: np.ndarray, level: float) -> list[np.ndarray]:
    from contourpy import contour_generator

    lines: Any = contour_generator(centers[0], centers[1], density.T).lines(float(level))
    return list(lines)


def _thinned(contours: list[tuple[float, list[np.ndarray]]]) -> tuple[Contour, ...]:
    """Every k-th vertex, the ends kept, so that the total stays in bounds; rings left with no area are dropped."""
    step = ceil(sum(len(line) for _, lines in contours for line in lines) / MOST_VERTICES) or 1
    thin = [(share, [np.concatenate([line[:-1:step], line[-1:]]) for line in lines]) for share, lines in contours]
    return tuple(
        Contour(share, tuple(line.astype(np.float32) for line in lines if len(line) >= 4)) for share, lines in thin
    )
