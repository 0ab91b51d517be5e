"""The intrinsic dimension by each text's two nearest neighbors."""

import numpy as np

from core.quality.distinct_texts import Space
from core.stats.interval import Interval
from core.stats.resampling import bootstrap

KEPT = 0.9  # share of the ratios fitted, the largest left out, as in the paper
CHUNK = 4_096


def two_nn(first: np.ndarray, second: np.ndarray) -> float:
    """The dimension from (m,) distances to the first and second nearest neighbor (Facco et al. 2017).

    Ratios second / first follow a Pareto law whose exponent is the dimension: the slope through the origin of
    -log(1 - F) on the logarithm of the ratio, over the 90% smallest ratios. NaN where nothing can be fitted.
    """
    good = (first > 0) & np.isfinite(second)
    return _slope(np.sort(np.log(second[good] / first[good])))


def measure_intrinsic(space: Space, most: int = 20_000, seed: int = 0) -> tuple[Interval[float], int]:
    """The dimension of a space by chords between unit vectors, and of how many texts it is told.

    Texts that have the same vector as their neighbor say nothing and are left out. Interval: bootstrap over texts.
    """
    own = space.sample(most, seed)
    if space.ids.shape[1] < 2:
        return Interval(float("nan"), float("nan"), float("nan")), 0
    own = own[space.ids[own, 1] >= 0]
    first, second = (_chords(space, own, np.asarray(space.ids[own, place])) for place in (0, 1))
    good = first > 1e-6  # nearer ones differ by rounding alone
    logs = np.sort(np.log(np.maximum(second[good] / first[good], 1.0)))
    if not len(logs):
        return Interval(float("nan"), float("nan"), float("nan")), 0
    # repeated values stay in order
    return bootstrap(len(logs), [lambda counts: _slope(np.repeat(logs, counts.astype(np.int64)))], seed)[0], len(logs)


def _slope(logs: np.ndarray) -> float:
    """Through the origin, of -log(1 - F) on rising logarithms of the ratios."""
    n = len(logs)
    kept = int(np.floor(n * KEPT))
    if kept < 2 or not np.any(logs[:kept] > 0):
        return float("nan")
    x, y = logs[:kept], -np.log1p(-np.arange(1, kept + 1) / n)
    return float(np.sum(x * y) / np.sum(x * x))


def _chords(space: Space, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """(p,) float64 distances; from differences, since a cosine near 1 leaves no digits for them."""
    made = np.empty(len(left))
    for start in range(0, len(left), CHUNK):
        part = slice(start, start + CHUNK)
        off = space.take(left[part]).astype(np.float64) - space.take(right[part])
        made[part] = np.sqrt(np.einsum("ij,ij->i", off, off))
    return made
