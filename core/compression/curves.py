"""Means with intervals over queries, and where a curve of sizes stops rising."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.stats.resampling import mean_interval


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


def size_curve(method: str, sizes: Sequence[int], values: np.ndarray, full: np.ndarray) -> Curve:
    """A curve of values (f, q) a query at rising sizes, beside those of the full vectors (q,)."""
    loss = mean_interval(values - full).low
    return Curve(method, tuple(sizes), *(tuple(map(float, column)) for column in (*mean_interval(values), loss)))


def seed_curve(method: str, sizes: Sequence[int], values: np.ndarray, full: np.ndarray) -> Curve:
    """The same for values (f, s, q) of several seeds: means over seeds, the band from the lowest to the highest."""
    means = values.mean(axis=2)
    loss = mean_interval(values.mean(axis=1) - full).low
    columns = (means.mean(axis=1), means.min(axis=1), means.max(axis=1), loss)
    return Curve(method, tuple(sizes), *(tuple(map(float, column)) for column in columns))


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
