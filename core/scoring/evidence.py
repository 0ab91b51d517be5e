"""What resampling says of several contenders' scores: intervals, who is best, and how their differences spread."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np

LEVEL = 0.95
RESAMPLES = 2_000
PERMUTATIONS = 10_000
CELLS = 4_000_000  # weights or signs held at once
SAME = 1e-9  # scores nearer than this are equal: sums in another order differ in the last digits


@dataclass(frozen=True, eq=False)
class Evidence:
    """c contenders, m = c(c - 1)/2 pairs in the order of `pairs_of`; all float64.

    means, low, high, p_best: (c,). difference: (m,) first minus second, d_low, d_high its interval, error its standard
    error, p two-sided. count: scored `unit`s; units: of them resampled together as one. method: a sentence.
    """

    means: np.ndarray
    low: np.ndarray
    high: np.ndarray
    p_best: np.ndarray
    difference: np.ndarray
    d_low: np.ndarray
    d_high: np.ndarray
    error: np.ndarray
    p: np.ndarray
    count: int
    units: int
    unit: str
    method: str


def pairs_of(count: int) -> tuple[np.ndarray, np.ndarray]:
    """(m,) the first and (m,) the second of all pairs of `count` contenders."""
    pairs = np.array(list(combinations(range(count), 2)), dtype=np.intp).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]


def best_shares(samples: np.ndarray, units: int = 2) -> np.ndarray:
    """(c,) the share of samples (b, c) in which a contender is best; equal ones share it, and so do all where there is
    but one unit to draw, which tells nothing of others."""
    if units < 2:
        return np.full(samples.shape[1], 1 / samples.shape[1])
    best = samples >= samples.max(axis=1, keepdims=True) - SAME
    shares: np.ndarray = (best / best.sum(axis=1, keepdims=True)).mean(axis=0)
    return shares


def interval(samples: np.ndarray, units: int) -> tuple[np.ndarray, np.ndarray]:
    """Percentile interval of bootstrap samples (b, ...), widened for few units (Hesterberg, 2015, expanded percentile
    interval): the percentiles are those of a normal at Student's quantile times sqrt(n / (n - 1))."""
    from scipy.stats import norm, t

    if units < 2:
        nothing = np.full(samples.shape[1:], np.nan)
        return nothing, nothing
    tail = norm.cdf(t.ppf((1 - LEVEL) / 2, units - 1) * np.sqrt(units / (units - 1)))
    low, high = np.quantile(samples, [tail, 1 - tail], axis=0)
    return low, high


def paired_gaps(samples: np.ndarray) -> np.ndarray:
    """(b, m) differences of samples (b, c), pair by pair."""
    first, second = pairs_of(samples.shape[1])
    gaps: np.ndarray = samples[:, first] - samples[:, second]
    return gaps


def permuted_p(beyond: np.ndarray) -> np.ndarray:
    """(m,) p values, given how many of the PERMUTATIONS were at least as far from 0: (b + 1) / (n + 1)."""
    p: np.ndarray = (beyond + 1) / (PERMUTATIONS + 1)
    return p


def resample_weights(units: int, resamples: int, seed: int) -> Iterator[np.ndarray]:
    """Blocks of (b, units) float64: how often each unit is drawn in a resample with replacement."""
    rng = np.random.default_rng(seed)
    step = max(CELLS // units, 1)
    for start in range(0, resamples, step):
        count = min(step, resamples - start)
        drawn = rng.integers(0, units, (count, units)) + np.arange(count)[:, None] * units
        yield np.bincount(drawn.ravel(), minlength=count * units).reshape(count, units).astype(np.float64)


def random_bits(units: int, seed: int) -> Iterator[np.ndarray]:
    """Blocks of (b, units) float64 of 0 and 1, PERMUTATIONS rows together."""
    rng = np.random.default_rng(seed)
    step = max(CELLS // units, 1)
    for start in range(0, PERMUTATIONS, step):
        yield rng.integers(0, 2, (min(step, PERMUTATIONS - start), units), dtype=np.int8).astype(np.float64)


def compact(units: np.ndarray) -> tuple[np.ndarray, int]:
    """Codes from 0 without gaps, and how many there are."""
    codes = np.unique(units, return_inverse=True)[1]
    return codes, int(codes.max(initial=-1)) + 1
