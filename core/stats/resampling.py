"""The bootstrap (Efron and Tibshirani, 1993) of clustered units, and the jackknife of parts.

Own code, since scipy.stats.bootstrap neither draws clusters of rows together nor shares its resamples between
contenders, which paired differences need.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

import numpy as np

from core.stats.interval import Interval, student_quantile
from core.stats.proportions import wilson

SEED = 0
RESAMPLES = 2_000
FEWER_RESAMPLES = 500  # of statistics that are computed anew from all rows in every resample
STUDENT_UNITS = 10  # of fewer, intervals are Student's
MAX_BLOCKS = 5_000  # of more units, random blocks are drawn together, which leaves the variance as it is
PARTS = 20  # left out one at a time by the jackknife
CELLS = 4_000_000  # counts held at once
ROUNDING = 1e-9  # scores nearer than this are equal: sums in another order differ in the last digits


def draw_rows(units: int, resamples: int, seed: int = SEED) -> Iterator[np.ndarray]:
    """Blocks of (b, units) int64: the units drawn with replacement, `resamples` rows together."""
    rng = np.random.default_rng(seed)
    step = max(CELLS // max(units, 1), 1)
    for start in range(0, resamples, step):
        yield rng.integers(0, units, (min(step, resamples - start), units))


def draw_counts(units: int, resamples: int, seed: int = SEED) -> Iterator[np.ndarray]:
    """Blocks of (b, units) float64: how often each unit is drawn; the same draws as `draw_rows`."""
    for rows in draw_rows(units, resamples, seed):
        flat = (rows + np.arange(len(rows))[:, None] * units).ravel()
        yield np.bincount(flat, minlength=rows.size).reshape(rows.shape).astype(np.float64)


def percentile_interval(value: np.ndarray | float, samples: np.ndarray, units: int) -> Interval[np.ndarray]:
    """The percentile interval of bootstrap samples (b, ...) of `units` units; NaN samples do not count. Widened for few
    units (Hesterberg, 2015, expanded percentile interval): the percentiles are those of a normal at Student's quantile
    times sqrt(n / (n - 1)). Of fewer than STUDENT_UNITS, whose resamples are too few different ones for percentiles,
    Student's t: `value` +- t sqrt(n / (n - 1)) times their standard deviation, that of the mean being s / sqrt(n) times
    sqrt((n - 1) / n). Ends are NaN for fewer than two units."""
    from scipy.special import ndtr

    value, samples = np.asarray(value, np.float64), np.asarray(samples, np.float64)
    unknown = ~np.isfinite(samples).any(axis=0) | (units < 2)
    if unknown.all():
        return Interval(value, np.full(samples.shape[1:], np.nan), np.full(samples.shape[1:], np.nan))
    reach = student_quantile(units - 1) * np.sqrt(units / (units - 1))
    if units < STUDENT_UNITS:
        half = np.where(unknown, np.nan, reach * np.nanstd(np.where(unknown, 0.0, samples), axis=0))
        return Interval(value, value - half, value + half)
    tail = float(ndtr(-reach))
    ends = np.nanquantile(np.where(unknown, 0.0, samples), [tail, 1 - tail], axis=0)
    low, high = np.where(unknown, np.nan, ends)
    return Interval(value, low, high)


def resampled_means(
    values: np.ndarray, units: np.ndarray | None = None, seed: int = SEED
) -> tuple[np.ndarray, np.ndarray, int]:
    """Means (c,) of values (c, q), those of RESAMPLES bootstrap resamples (b, c), and the number of units.

    units: (q,) codes of what is drawn together, such as copies of a text (cluster bootstrap; Davison and Hinkley,
    1997); by default every column alone. The resamples are the same for every row, so that differences are paired.
    NaN counts as left out.
    """
    codes, count = compact(np.arange(values.shape[1]) if units is None else units)
    block, blocks = random_blocks(codes, count, seed)
    finite = np.isfinite(values)
    sums = unit_sums(np.where(finite, values, 0.0), block, blocks)
    sizes = unit_sums(finite[:1] if finite.all() else finite, block, blocks)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = sums.sum(axis=1) / sizes.sum(axis=1)
        samples = _resampled_sums(sums, seed) / _resampled_sums(sizes, seed)
    return means, samples, count


def mean_interval(
    values: np.ndarray, units: np.ndarray | None = None, seed: int = SEED, proportion: bool = False
) -> Interval[np.ndarray]:
    """Means of the rows of values (c, q) with their bootstrap intervals, see `resampled_means`. proportion: values lie
    in [0, 1]; where all are 0, or all 1, see `with_constant_rows`."""
    means, samples, count = resampled_means(values, units, seed)
    interval = percentile_interval(means, samples, count)
    if not proportion:
        return interval
    _, low, high = with_constant_rows(interval, values, count)
    return Interval(means, low.clip(0, 1), high.clip(0, 1))


def with_constant_rows(interval: Interval[np.ndarray], values: np.ndarray, units: int) -> Interval[np.ndarray]:
    """Wilson's interval for rows of values (c, q) that are all 0 or all 1, where every resample is the same. NaN counts
    as left out."""
    _, low, high = interval
    missing = np.isnan(values)
    sizes = np.minimum(units, (~missing).sum(axis=1))
    for constant in (0.0, 1.0):
        rows = ((values == constant) | missing).all(axis=1) & (sizes > 0)
        wide = wilson(constant * sizes, sizes)
        low, high = np.where(rows, wide.low, low), np.where(rows, wide.high, high)
    return Interval(interval.value, low, high)


def bootstrap_mean(values: np.ndarray, seed: int = SEED, proportion: bool = False) -> Interval[float]:
    """The mean of (m,) values with its interval; NaN of none."""
    if not len(values):
        return Interval(float("nan"), float("nan"), float("nan"))
    return Interval(*(float(part[0]) for part in mean_interval(np.asarray(values)[None], None, seed, proportion)))


def bootstrap_median(values: np.ndarray, seed: int = SEED) -> Interval[float]:
    """The median of (m,) values with its interval; NaN of none."""
    if not len(values):
        return Interval(float("nan"), float("nan"), float("nan"))
    samples = np.concatenate([np.median(values[rows], axis=1) for rows in draw_rows(len(values), RESAMPLES, seed)])
    return scalar_interval(percentile_interval(float(np.median(values)), samples, len(values)))


def bootstrap(
    units: int, statistics: Sequence[Callable[[np.ndarray], float]], seed: int = SEED
) -> list[Interval[float]]:
    """Statistics under weights (units,), float64, of the units: their values at weights of 1, with intervals over
    FEWER_RESAMPLES resamples that all of them share."""
    counts = (row for block in draw_counts(units, FEWER_RESAMPLES, seed) for row in block)
    samples = np.array([[statistic(row) for statistic in statistics] for row in counts])
    values = [statistic(np.ones(units)) for statistic in statistics]
    return [
        scalar_interval(percentile_interval(value, column, units))
        for value, column in zip(values, samples.T, strict=True)
    ]


def bootstrap_runs(
    texts: np.ndarray, runs: int, score: Callable[[int, np.ndarray], list[float]], seed: int = SEED
) -> np.ndarray:
    """(FEWER_RESAMPLES, k) the mean of k scores over `runs` runs drawn with replacement, each over texts drawn with
    replacement: how both would vary. The same draws for every contender. texts: (m,) codes of identical texts, from 0.
    score(run, weights): k scores where row i counts weights[i]."""
    rng, count, values = np.random.default_rng(seed), int(texts.max()) + 1, []
    for _ in range(FEWER_RESAMPLES):
        weights = np.bincount(rng.integers(0, count, count), minlength=count)[texts].astype(float)
        drawn, times = np.unique(rng.integers(0, runs, runs), return_counts=True)
        values.append(np.average([score(int(run), weights) for run in drawn], axis=0, weights=times))
    return np.array(values)


def resampled_table(counts: np.ndarray, seed: int = SEED) -> np.ndarray:
    """(RESAMPLES, ...) int64: a table of counts of independent observations, resampled. The counts of a resample are
    multinomial, so the time does not grow with the observations."""
    total = int(counts.sum())
    drawn = np.random.default_rng(seed).multinomial(total, counts.ravel() / total, size=RESAMPLES)
    return drawn.reshape(RESAMPLES, *counts.shape)


def share_best(samples: np.ndarray, units: int = 2) -> np.ndarray:
    """(c,) the share of samples (b, c) in which a contender is best; equal ones share it, and so do all where there is
    but one unit to draw, which tells nothing of others."""
    if units < 2:
        return np.full(samples.shape[1], 1 / samples.shape[1])
    best = samples >= samples.max(axis=1, keepdims=True) - ROUNDING
    return np.asarray((best / best.sum(axis=1, keepdims=True)).mean(axis=0))


def random_parts(count: int, seed: int = SEED) -> np.ndarray:
    """(count,) int64 codes of 20 random parts of about the same size; of fewer texts each is a part."""
    return np.random.default_rng(seed).permutation(count) % min(PARTS, max(count, 1))


def jackknife(
    value: float, left_out: Sequence[float] | np.ndarray, twice: Sequence[float] | np.ndarray | None = None
) -> Interval[float]:
    """The delete-a-group jackknife (Kott, 2001): value +- t * standard error, from the values without each part. twice:
    values without each part of something whose chance `left_out` counts twice; it is then counted once."""
    values = np.asarray(left_out, np.float64)
    if len(values) < 2 or not np.isfinite(values).all():
        return Interval(value, float("nan"), float("nan"))
    variance = _jackknife_variance(values)
    if twice is not None:
        once = _jackknife_variance(np.asarray(twice, np.float64))
        variance = max(variance - once, once)
    half = float(student_quantile(len(values) - 1) * np.sqrt(variance))
    return Interval(value, value - half, value + half)


def compact(units: np.ndarray) -> tuple[np.ndarray, int]:
    """Codes from 0 without gaps, and how many there are."""
    codes = np.unique(units, return_inverse=True)[1]
    return codes, int(codes.max(initial=-1)) + 1


def unit_sums(values: np.ndarray, codes: np.ndarray, count: int) -> np.ndarray:
    """(c, count) float64 sums of values (c, q) over the columns of each code."""
    sums = [np.bincount(codes, weights=row, minlength=count) for row in values]
    return np.array(sums, np.float64).reshape(len(values), count)


def random_blocks(codes: np.ndarray, count: int, seed: int = SEED) -> tuple[np.ndarray, int]:
    """What each column is drawn with, and how many such blocks there are: its unit, or one of MAX_BLOCKS sets of random
    units. codes: (q,) units from 0, `count` of them."""
    if count <= MAX_BLOCKS:
        return codes, count
    return (np.random.default_rng(seed).permutation(count) % MAX_BLOCKS)[codes], MAX_BLOCKS


def _resampled_sums(sums: np.ndarray, seed: int) -> np.ndarray:
    """(RESAMPLES, c) sums over drawn blocks of sums (c, blocks)."""
    counts = _block_counts(sums.shape[1], seed)
    step = max(CELLS // max(sums.shape[1], 1), 1)
    parts = [counts[start : start + step].astype(np.float64) @ sums.T for start in range(0, len(counts), step)]
    return np.concatenate(parts)


@lru_cache(maxsize=4)
def _block_counts(blocks: int, seed: int) -> np.ndarray:
    """(RESAMPLES, blocks) uint16 of `draw_counts`, held since a page draws the same blocks for many measures."""
    counts = np.concatenate([block.astype(np.uint16) for block in draw_counts(blocks, RESAMPLES, seed)])
    counts.setflags(write=False)
    return counts


def _jackknife_variance(left_out: np.ndarray) -> float:
    return float((len(left_out) - 1) / len(left_out) * np.square(left_out - left_out.mean()).sum())


def scalar_interval(interval: Interval[np.ndarray]) -> Interval[float]:
    """The same of arrays without dimensions as floats."""
    return Interval(*(float(part) for part in interval))
