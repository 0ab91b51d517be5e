"""Logistic regression by the penalized likelihood of Firth (1993), which is finite where groups are separated.

Own code, since neither scipy nor scikit-learn has it.
"""

from dataclasses import dataclass

import numpy as np

STEPS = 50
MAX_STEP = 5.0  # of a step, in any coefficient
TOLERANCE = 1e-6
ALIASED = 1e-8  # of a column's size that must be left after those before it


@dataclass(frozen=True, eq=False)
class Logit:
    """coefficients, errors: (p,) float64, log odds and their standard errors; NaN for columns that those before them
    make up. fitted: (n,) float64 probabilities. converged: the last step was small. explained: Tjur's R squared (2009),
    in [0, 1]: the mean probability of the ones less that of the zeros; NaN where all are the same."""

    coefficients: np.ndarray
    errors: np.ndarray
    fitted: np.ndarray
    converged: bool
    explained: float


def fit_firth(columns: np.ndarray, y: np.ndarray) -> Logit:
    """Penalized likelihood of Firth (1993), as Heinze and Schemper (2002) use it where groups are separated: the
    intervals are Wald's. With one column of 0 and 1 it is the odds ratio with Haldane's and Anscombe's half added.

    columns: (n, p) numbers without an intercept, which is added. y: (n,) of 0 and 1.
    """
    n, wide = columns.shape
    x = np.column_stack([np.ones(n), columns.astype(np.float64)])
    used = _independent(x)
    x = x[:, used]
    beta, converged = np.zeros(x.shape[1]), False
    for _ in range(STEPS):
        step = _step(x, y, beta)
        step *= min(1.0, MAX_STEP / max(np.abs(step).max(), 1e-12))
        beta += step
        converged = bool(np.abs(step).max() < TOLERANCE)
        if converged:
            break
    chance = _chances(x, beta)
    errors = np.sqrt(np.diag(_covariance(x, chance)))
    coefficients, spread = np.full(wide + 1, np.nan), np.full(wide + 1, np.nan)
    coefficients[used], spread[used] = beta, errors
    explained = float(chance[y == 1].mean() - chance[y == 0].mean()) if 0 < y.sum() < n else float("nan")
    return Logit(coefficients[1:], spread[1:], chance, converged, explained)


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
    """Places of columns that are no sum of multiples of those before them."""
    left = np.abs(np.diag(np.linalg.qr(x, mode="r")))
    size = np.linalg.norm(x, axis=0)
    return np.flatnonzero(left > ALIASED * np.maximum(size, 1e-300))
