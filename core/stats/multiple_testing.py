"""p values and quantiles corrected for several tests at once.

Own code, since scipy has neither Holm nor Bonferroni, and its Benjamini-Hochberg takes no NaN.
"""

import numpy as np

from core.stats.interval import ALPHA, normal_quantile


def holm(p_values: np.ndarray) -> np.ndarray:
    """(m,) p values corrected for m tests by Holm's step-down procedure (1979): the family-wise error rate."""
    order = np.argsort(p_values, kind="stable")
    stepped = np.maximum.accumulate(p_values[order] * np.arange(len(p_values), 0, -1))
    corrected = np.empty(len(p_values))
    corrected[order] = np.minimum(stepped, 1.0)
    return corrected


def benjamini_hochberg(p_values: np.ndarray) -> np.ndarray:
    """(m,) p values made comparable to a false discovery rate (Benjamini and Hochberg, 1995); NaN stays and does not
    count as a test."""
    p = np.asarray(p_values, dtype=np.float64)
    result = np.full(p.shape, np.nan)
    finite = np.flatnonzero(np.isfinite(p))
    order = finite[np.argsort(p[finite], kind="stable")]
    scaled = p[order] * len(order) / np.arange(1, len(order) + 1)
    result[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return result


def bonferroni_z(tests: int, alpha: float = ALPHA) -> float:
    """The two-sided normal quantile of `tests` intervals that hold all at once with probability 1 - alpha."""
    return normal_quantile(1 - alpha / max(tests, 1))
