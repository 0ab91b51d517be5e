"""Shares with intervals: Wilson's for one, Newcombe's for the difference of two."""

from statistics import NormalDist

import numpy as np

LEVEL = 0.95


def wilson(counts: np.ndarray, totals: np.ndarray, level: float = LEVEL) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Shares and their score interval (Wilson, 1927), float64, shape of the arguments; NaN where the total is 0."""
    k, n = np.asarray(counts, dtype=np.float64), np.asarray(totals, dtype=np.float64)
    z = NormalDist().inv_cdf((1 + level) / 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = k / n
        middle = (share + z * z / (2 * n)) / (1 + z * z / n)
        half = z / (1 + z * z / n) * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return share, np.clip(middle - half, 0, 1), np.clip(middle + half, 0, 1)


def newcombe(
    first: np.ndarray, first_total: np.ndarray, second: np.ndarray, second_total: np.ndarray, level: float = LEVEL
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """second share minus first share, and its interval from the two Wilson intervals (Newcombe, 1998, method 10).

    Above 0: the second is higher. NaN where a total is 0.
    """
    one, one_low, one_high = wilson(first, first_total, level)
    two, two_low, two_high = wilson(second, second_total, level)
    change = two - one
    low = change - np.sqrt((two - two_low) ** 2 + (one_high - one) ** 2)
    high = change + np.sqrt((two_high - two) ** 2 + (one - one_low) ** 2)
    return change, low, high


def adjusted(p_values: np.ndarray) -> np.ndarray:
    """p values (m,) made comparable to a false discovery rate (Benjamini and Hochberg, 1995); NaN stays and does not
    count as a test."""
    p = np.asarray(p_values, dtype=np.float64)
    result = np.full(p.shape, np.nan)
    known = np.flatnonzero(np.isfinite(p))
    order = known[np.argsort(p[known], kind="stable")]
    scaled = p[order] * len(order) / np.arange(1, len(order) + 1)
    result[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return result
