"""Values with intervals: the bootstrap over texts (Efron and Tibshirani 1993) that all diagnostics share."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

RESAMPLES = 200


@dataclass(frozen=True)
class Estimate:
    """A value and its 95% interval; NaN where it can't be told."""

    value: float
    low: float
    high: float


def text_resamples(texts: int, seed: int = 0, resamples: int = RESAMPLES) -> np.ndarray:
    """(resamples + 1, texts) uint16: how often each text is drawn; the first is every text once."""
    generator = np.random.default_rng(seed)
    counts = np.ones((resamples + 1, texts), np.uint16)
    for row in counts[1:]:
        row[:] = np.bincount(generator.integers(texts, size=texts), minlength=texts)
    return counts


def bootstrap(counts: np.ndarray, measure: Callable[[np.ndarray], float]) -> Estimate:
    """The measure under the first weights (m,) and the percentile interval over the others."""
    values = np.array([measure(each.astype(np.float64)) for each in counts])
    if not np.isfinite(values[1:]).any():
        return Estimate(float(values[0]), float("nan"), float("nan"))
    low, high = np.nanpercentile(values[1:], [2.5, 97.5])
    return Estimate(float(values[0]), float(low), float(high))


def bootstrap_mean(values: np.ndarray, seed: int = 0, resamples: int = 1000) -> Estimate:
    """The mean of (m,) values that few numbers make up (0, 1, tenths), with its interval, in time that does not grow
    with m: a resample of counts is multinomial."""
    if not len(values):
        return Estimate(float("nan"), float("nan"), float("nan"))
    kinds, counts = np.unique(values, return_counts=True)
    drawn = np.random.default_rng(seed).multinomial(len(values), counts / len(values), size=resamples)
    low, high = np.percentile(drawn @ kinds / len(values), [2.5, 97.5])
    return Estimate(float(np.mean(values, dtype=np.float64)), float(low), float(high))


def bootstrap_median(values: np.ndarray, seed: int = 0, resamples: int = 1000) -> Estimate:
    """The median of (m,) values with its interval."""
    if not len(values):
        return Estimate(float("nan"), float("nan"), float("nan"))
    drawn = np.random.default_rng(seed).integers(len(values), size=(resamples, len(values)))
    low, high = np.percentile(np.median(values[drawn], axis=1), [2.5, 97.5])
    return Estimate(float(np.median(values)), float(low), float(high))
