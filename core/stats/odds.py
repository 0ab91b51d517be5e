"""Odds ratios of 2 x 2 tables that hold where a cell is empty: half a count is added to each cell (Haldane, 1956;
Anscombe, 1956).

Own code, since scipy.stats takes one table at a time.
"""

import numpy as np

from core.stats.interval import Interval

HALVINGS = 36
MAX_LOG_ODDS = 40.0  # of a log odds ratio


def log_odds_ratio(a: np.ndarray, b: np.ndarray, c: np.ndarray, d: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Log odds ratios of a : b against c : d, above 0 where a : b is higher, and their standard errors (Woolf, 1955);
    float64, shape of the counts."""
    cells = _cells(a, b, c, d)
    return _log_ratio(cells), np.sqrt((1 / cells).sum(axis=0))


def log_odds_interval(a: np.ndarray, b: np.ndarray, c: np.ndarray, d: np.ndarray, z: float) -> Interval[np.ndarray]:
    """Log odds ratios of a : b against c : d, (s,) float64, with profile likelihood intervals.

    The interval holds the ratios whose profile likelihood, of the same cells, is within z^2 / 2 of the best: the
    penalized likelihood of Firth (1993) with the intervals that Heinze and Schemper (2002) advise, since Wald's reach
    too far where a cell is empty. z: of the normal distribution.
    """
    cells = _cells(a, b, c, d)
    best = _log_ratio(cells)
    limit = _profile(cells, best) - z * z / 2
    return Interval(best, _end(cells, best, limit, -1), _end(cells, best, limit, 1))


def _cells(*counts: np.ndarray) -> np.ndarray:
    return np.stack([np.asarray(count, np.float64) + 0.5 for count in counts])


def _log_ratio(cells: np.ndarray) -> np.ndarray:
    ratio: np.ndarray = np.log(cells[0]) - np.log(cells[1]) - np.log(cells[2]) + np.log(cells[3])
    return ratio


def _end(cells: np.ndarray, best: np.ndarray, limit: np.ndarray, side: int) -> np.ndarray:
    """Where the profile falls to `limit` on one side of the best, by bisection."""
    near, far = best.copy(), np.full(best.shape, side * MAX_LOG_ODDS)
    for _ in range(HALVINGS):
        middle = (near + far) / 2
        inside = _profile(cells, middle) >= limit
        near, far = np.where(inside, middle, near), np.where(inside, far, middle)
    return near


def _profile(cells: np.ndarray, ratio: np.ndarray) -> np.ndarray:
    """The highest log likelihood (s,) with the log odds ratio given, over the odds t of the second row.

    Where it is highest, (a + b) r t / (1 + r t) + (c + d) t / (1 + t) = a + c, a quadratic equation in t.
    """
    a, b, c, d = cells
    r, hits = np.exp(ratio), a + c
    square, line = r * (b + d), (a + b) * r + c + d - hits * (1 + r)
    root = np.sqrt(line**2 + 4 * square * hits)
    # of the two ways to write the root the one that subtracts nothing
    t = np.where(line > 0, 2 * hits / np.maximum(line + root, 1e-300), (root - line) / (2 * square))
    base = np.log(t)
    return a * _log(base + ratio) + b * _log(-base - ratio) + c * _log(base) + d * _log(-base)


def _log(logit: np.ndarray) -> np.ndarray:
    """The log of the chance, without loss where it is near 0 or 1."""
    return -np.logaddexp(0, -logit)
