"""Values with intervals over texts: the bootstrap (Efron and Tibshirani 1993), and the jackknife of parts for what is
slow to work out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

RESAMPLES = 200
PARTS = 20  # left out one at a time by the jackknife


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


def random_parts(count: int, seed: int = 0) -> np.ndarray:
    """(count,) int64 codes of 20 random parts of about the same size; of fewer texts each is a part."""
    return np.random.default_rng(seed).permutation(count) % min(PARTS, max(count, 1))


def jackknife(
    value: float, left_out: Sequence[float] | np.ndarray, twice: Sequence[float] | np.ndarray | None = None
) -> Estimate:
    """The delete-a-group jackknife (Kott 2001): value +- t * standard error, from the values without each part.

    twice: values without each part of something whose chance `left_out` counts twice; it is then counted once.
    """
    from scipy.stats import t

    values = np.asarray(left_out, np.float64)
    if len(values) < 2 or not np.isfinite(values).all():
        return Estimate(value, float("nan"), float("nan"))
    variance = _variance(values)
    if twice is not None:
        once = _variance(np.asarray(twice, np.float64))
        variance = max(variance - once, once)
    half = float(t.ppf(0.975, len(values) - 1) * np.sqrt(variance))
    return Estimate(value, value - half, value + half)


def _variance(left_out: np.ndarray) -> float:
    return float((len(left_out) - 1) / len(left_out) * np.square(left_out - left_out.mean()).sum())
