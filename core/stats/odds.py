"""Odds ratios: of 2 x 2 tables with half a count added to each cell (Haldane, 1956; Anscombe, 1956), and by logistic
regression with the penalized likelihood of Firth (1993), which is finite where groups are separated.

Own code, since scipy.stats takes one table at a time, and neither scipy nor scikit-learn has Firth's regression.
"""

from dataclasses import dataclass

import numpy as np

from core.stats.interval import Interval

HALVINGS = 36
MAX_LOG_ODDS = 40.0  # of a log odds ratio
STEPS = 50
MAX_STEP = 5.0  # of a step, in any coefficient
TOLERANCE = 1e-6
ALIASED = 1e-8  # share of a column's norm that must remain after those before it


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


@dataclass(frozen=True, eq=False)
class Logit:
    """coefficients, errors: (p,) float64, log odds and their standard errors; NaN for columns that are linear
    combinations of those before them. fitted: (n,) float64 probabilities. converged: the last step was small.
    explained: Tjur's R squared (2009), in [0, 1]: the mean probability of the ones less that of the zeros; NaN where
    all are the same."""

    coefficients: np.ndarray
    errors: np.ndarray
    fitted: np.ndarray
    converged: bool
    explained: float


def fit_firth(columns: np.ndarray, y: np.ndarray) -> Logit:
    """Penalized likelihood of Firth (1993), as Heinze and Schemper (2002) use it where groups are separated: the
    intervals are Wald's. With one column of 0 and 1 it is the odds ratio with Haldane's and Anscombe's half added.
    columns: (n, p) numbers without an intercept, which is added. y: (n,) of 0 and 1."""
    n, wide = columns.shape
    x = np.column_stack([np.ones(n), columns.astype(np.float64)])
    used = _independent(x)
    x = x[:, used]
    beta, converged = np.zeros(x.shape[1]), False
    for _ in range(STEPS):
        step = _step(x, y, beta)
        step *= min(1.0, MAX_STEP / max(np.abs(step).max(), 1e-12))
        beta += step
        if converged := bool(np.abs(step).max() < TOLERANCE):
            break
    chance = _chances(x, beta)
    errors = np.sqrt(np.diag(_covariance(x, chance)))
    coefficients, spread = np.full(wide + 1, np.nan), np.full(wide + 1, np.nan)
    coefficients[used], spread[used] = beta, errors
    explained = float(chance[y == 1].mean() - chance[y == 0].mean()) if 0 < y.sum() < n else float("nan")
    return Logit(coefficients[1:], spread[1:], chance, converged, explained)


def _cells(*counts: np.ndarray) -> np.ndarray:
    return np.stack([np.asarray(count, np.float64) + 0.5 for count in counts])


def _log_ratio(cells: np.ndarray) -> np.ndarray:
    return np.asarray(np.log(cells[0]) - np.log(cells[1]) - np.log(cells[2]) + np.log(cells[3]))


def _end(cells: np.ndarray, best: np.ndarray, limit: np.ndarray, side: int) -> np.ndarray:
    """Where the profile falls to `limit` on one side of the best, by bisection."""
    near, far = best.copy(), np.full(best.shape, side * MAX_LOG_ODDS)
    for _ in range(HALVINGS):
        middle = (near + far) / 2
        inside = _profile(cells, middle) >= limit
        near, far = np.where(inside, middle, near), np.where(inside, far, middle)
    return near


def _profile(cells: np.ndarray, ratio: np.ndarray) -> np.ndarray:
    """The highest log likelihood (s,) with the log odds ratio given, over the odds t of the second row. Where it is
    highest, (a + b) r t / (1 + r t) + (c + d) t / (1 + t) = a + c, a quadratic equation in t."""
    a, b, c, d = cells
    r, hits = np.exp(ratio), a + c
    square, line = r * (b + d), (a + b) * r + c + d - hits * (1 + r)
    root = np.sqrt(line**2 + 4 * square * hits)
    # of the two ways to write the root the one that subtracts nothing
    t = np.where(line > 0, 2 * hits / np.maximum(line + root, 1e-300), (root - line) / (2 * square))
    base = np.log(t)
    # the log of a chance is -log(1 + exp(-logit)), so without loss where it is near 0 or 1
    logits = zip((a, b, c, d), (base + ratio, -base - ratio, base, -base), strict=True)
    return np.asarray(-sum(count * np.logaddexp(0, -logit) for count, logit in logits))


def _step(x: np.ndarray, y: np.ndarray, beta: np.ndarray) -> np.ndarray:
    """Newton's step on the penalized score."""
    chance = _chances(x, beta)
    covariance = _covariance(x, chance)
    leverage = chance * (1 - chance) * np.einsum("ij,ij->i", x @ covariance, x)
    return np.asarray(covariance @ (x.T @ (y - chance + leverage * (0.5 - chance))))


def _chances(x: np.ndarray, beta: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-np.clip(x @ beta, -30, 30))))


def _covariance(x: np.ndarray, chance: np.ndarray) -> np.ndarray:
    return np.linalg.pinv(x.T @ (x * (chance * (1 - chance))[:, None]), hermitian=True)


def _independent(x: np.ndarray) -> np.ndarray:
    """Positions of columns that are linearly independent of those before them."""
    left, size = np.abs(np.diag(np.linalg.qr(x, mode="r"))), np.linalg.norm(x, axis=0)
    return np.flatnonzero(left > ALIASED * np.maximum(size, 1e-300))
