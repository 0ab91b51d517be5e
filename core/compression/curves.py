"""Means with intervals over queries, and where a curve of sizes stops rising."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

RESAMPLES = 1000
LEVEL = 95.0


@dataclass(frozen=True)
class Curve:
    """One method over sizes. values, low, high: mean and 95% interval; loss_low: lower bound of the mean difference to
    the full vectors, 0 there and negative for a loss. All over the same sizes, rising."""

    method: str
    sizes: tuple[int, ...]
    values: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    loss_low: tuple[float, ...]


def query_weights(count: int, seed: int = 0, resamples: int = RESAMPLES) -> np.ndarray:
    """(b, q) float32: how often each query was drawn in a bootstrap resample (Efron, 1979), as shares that sum to 1."""
    drawn = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=resamples)
    return (drawn / count).astype(np.float32)


def interval(values: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Percentile bootstrap interval (95%) of the means of values (f, q): low and high (f,)."""
    means = values.astype(np.float32) @ weights.T
    tail = (100 - LEVEL) / 2
    low, high = np.percentile(means, (tail, 100 - tail), axis=1)
    return low, high


def size_curve(method: str, sizes: Sequence[int], values: np.ndarray, full: np.ndarray, weights: np.ndarray) -> Curve:
    """A curve of values (f, q) a query at rising sizes, beside those of the full vectors (q,)."""
    low, high = interval(values, weights)
    loss = interval(values - full, weights)[0]
    return Curve(method, tuple(sizes), *(tuple(map(float, each)) for each in (values.mean(axis=1), low, high, loss)))


def seed_curve(method: str, sizes: Sequence[int], values: np.ndarray, full: np.ndarray, weights: np.ndarray) -> Curve:
    """The same for values (f, s, q) of several seeds: means over seeds, the band from the lowest to the highest."""
    means = values.mean(axis=2)
    loss = interval(values.mean(axis=1) - full, weights)[0]
    columns = (means.mean(axis=1), means.min(axis=1), means.max(axis=1), loss)
    return Curve(method, tuple(sizes), *(tuple(map(float, each)) for each in columns))


def smallest_enough(curve: Curve, most_lost: float) -> int | None:
    """The smallest size that, like all larger ones measured, surely loses at most so much: the lower bound of its 95%
    interval of the difference to the full vectors is at least -most_lost. None where only the full size does."""
    found = None
    for size, bound in zip(reversed(curve.sizes), reversed(curve.loss_low), strict=True):
        if bound < -most_lost - 1e-9:
            break
        found = size
    return found


def knee(curve: Curve) -> int | None:
    """The size farthest above the straight line from the curve's first point to its last, over the logarithm of the
    size (Kneedle, Satopää et al., 2011, without its smoothing); None for fewer than three sizes or no such point."""
    if len(curve.sizes) < 3:
        return None
    x, y = np.log2(np.array(curve.sizes, float)), np.array(curve.values)
    if y[-1] <= y[0]:
        return None
    above = (y - y[0]) / (y[-1] - y[0]) - (x - x[0]) / (x[-1] - x[0])
    best = int(above.argmax())
    return curve.sizes[best] if above[best] > 1e-6 else None
