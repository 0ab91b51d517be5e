"""Several contenders scored on the same data: intervals, paired tests, and the share of resamples each is best in.

One function for each kind of data. Own code, since scipy's bootstrap and permutation tests take one pair at a time and
draw anew for each; here all contenders and pairs share the resamples of clustered units.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from core.stats import resampling as bootstrap
from core.stats.interval import ALPHA, Interval, student_quantile
from core.stats.rank_correlation import CorrelationKind, WeightedColumn, weighted_correlations
from core.stats.resampling import SEED

PERMUTATIONS = 10_000  # at least
MIN_BEYOND = 10  # permutations at least as extreme where a p value is just significant after correction
POWER = 0.8
PAIR_CELLS = 10_000_000  # pairs times resamples: fewer resamples of very many pairs


@dataclass(frozen=True, eq=False)
class PairedEvidence:
    """c contenders, m = c(c - 1)/2 pairs in the order of `pair_indices`; float64, higher scores are better.

    scores: (c,) with intervals. differences: (m,) first minus second, with intervals. share_best: (c,) share of the
    resamples in which a contender is best. standard_error: (m,) of the differences; p_value: (m,) two-sided.
    degrees: of freedom of the standard errors, infinite where they count as known. smallest_p: that the test can give.
    observations: scored `unit`s; units: groups of them that are resampled together. method: a sentence.
    """

    scores: Interval[np.ndarray]
    differences: Interval[np.ndarray]
    share_best: np.ndarray
    standard_error: np.ndarray
    p_value: np.ndarray
    degrees: float
    smallest_p: float
    observations: int
    units: int
    unit: str
    method: str


def compare_means(values: np.ndarray, units: np.ndarray, unit: str = "queries", seed: int = SEED) -> PairedEvidence:
    """Scores that are means of values (c, q) in [0, 1], the same queries for every contender. units: (q,) codes of what
    is resampled together.

    Paired bootstrap over units (the same resamples for every contender; Efron and Tibshirani, 1993) and paired
    randomization, the signs of whole units' differences flipped (Smucker, Allan and Carterette, 2007).
    """
    values = values.astype(np.float64)
    codes, count = bootstrap.compact(units)
    total, (first, second) = values.shape[1], pair_indices(len(values))
    means, samples, _ = bootstrap.resampled_means(values, units, seed)
    scores = bootstrap.with_constant_rows(bootstrap.percentile_interval(means, samples, count), values, count)
    sums, sizes = bootstrap.unit_sums(values, codes, count), np.bincount(codes, minlength=count).astype(np.float64)
    gaps = sums[first] - sums[second]
    over = f"{count:,} {unit}" if count == total else f"{total:,} {unit} on {count:,} different texts"
    method = (
        f"Paired bootstrap over {over} ({bootstrap.RESAMPLES:,} resamples{_student(count)}) and paired randomization "
        f"test ({permutations(len(first)):,} permutations), seed {seed}."
    )
    return PairedEvidence(
        scores, _difference_interval(means, samples, count), bootstrap.share_best(samples, count),
        _cluster_standard_error(gaps, sizes, total), sign_flip_p_values(gaps, seed), count - 1,
        _smallest_p(len(first), count), total, count, unit, method,
    )  # fmt: skip


def compare_correlations(
    cosines: np.ndarray, target: np.ndarray, units: np.ndarray, kind: CorrelationKind, seed: int = SEED
) -> PairedEvidence:
    """Scores that are correlations of cosines (c, q) with the scores (q,) that people gave the same pairs of texts.
    units: (q,) codes of pairs that are resampled together. Paired bootstrap over units, ranks taken anew in every
    resample; the test swaps two contenders' values (ranks, or cosines, each at mean 0 and variance 1) unit by unit."""
    codes, count = bootstrap.compact(units)
    resamples = int(np.clip(PAIR_CELLS // max(len(target), 1), bootstrap.FEWER_RESAMPLES, bootstrap.RESAMPLES))
    goal, columns = WeightedColumn(target, kind), [WeightedColumn(row, kind) for row in cosines]
    once = np.ones((1, len(target)))
    means = weighted_correlations(goal, columns, once)[0]
    draws = bootstrap.draw_counts(count, resamples, seed)
    samples = np.concatenate([weighted_correlations(goal, columns, counts[:, codes]) for counts in draws])
    differences = _difference_interval(means, samples, count)
    error = _pair_differences(samples).std(axis=0, ddof=1)
    standard = np.stack([_standardized(column.values(once)[0]) for column in columns])
    p_value = swap_p_values(standard, _standardized(goal.values(once)[0]), codes, seed)
    over, anew = f"{len(target):,} pairs", f"{kind.capitalize()} recomputed in each"
    over += f", {count:,} of them different" if count < len(target) else ""
    method = (
        f"Paired bootstrap over {over} ({resamples:,} resamples, {anew}{_student(count)}) "
        f"and paired randomization test (values swapped, {permutations(len(p_value)):,} permutations), seed {seed}."
    )
    return PairedEvidence(
        bootstrap.percentile_interval(means, samples, count), differences, bootstrap.share_best(samples, count), error,
        p_value, np.inf, _smallest_p(len(p_value), count), len(target), count, "pairs", method,
    )  # fmt: skip


def compare_runs(values: np.ndarray, ratio: float, unit: str = "folds", seed: int = SEED) -> PairedEvidence:
    """Scores that are means over few folds or runs: values (c, r), the same ones for every contender. ratio: test rows
    over training rows, 0 for runs whose training rows are drawn apart.

    Corrected resampled t (Nadeau and Bengio, 2003): folds share training rows, so the variance of a mean is
    (1 / r + ratio) times that of the scores. share_best from draws of the multivariate t of the means.
    """
    values = np.asarray(values, dtype=np.float64)
    runs, (first, second) = values.shape[1], pair_indices(len(values))
    means, scale = values.mean(axis=1), np.sqrt(1 / runs + ratio)
    gaps = values[first] - values[second]
    scores, _ = _student_interval(values, scale)
    differences, error = _student_interval(gaps, scale)
    method = (
        f"Student's t over {runs:,} {unit}"
        + (f", corrected for shared training rows (Nadeau and Bengio, test/train {ratio:.2f})" if ratio else "")
        + f"; share of resamples by {bootstrap.RESAMPLES:,} draws, seed {seed}."
    )
    return PairedEvidence(
        scores, differences, bootstrap.share_best(_draw_means(values, means, scale, seed)), error,
        _student_p_values(differences.value, error, runs), runs - 1, 0.0, runs, runs, unit, method,
    )  # fmt: skip


def compare_resampled(
    scores: np.ndarray, resampled: np.ndarray, observations: int, unit: str = "rows", extra: str = "", seed: int = SEED
) -> PairedEvidence:
    """Scores (c,) of all rows together; resampled: (c, b) of the same resamples of the observations. extra: what else
    was drawn again. seed: of the draws.

    Resampling repeats rows, which by itself raises a V-measure: percentiles are taken about the resamples' mean and
    put about the score. The test takes the difference as normal with the resamples' standard error.
    """
    from scipy.special import ndtr

    samples = (resampled + (scores - resampled.mean(axis=1))[:, None]).T
    differences = _difference_interval(scores, samples, observations)
    error = _pair_differences(samples).std(axis=0, ddof=1)
    p_value = 2 * ndtr(-_standard_errors_from_zero(differences.value, error))
    over = f"{observations:,} {unit}" + (f" and {extra}" if extra else "")
    method = f"Paired bootstrap over {over} ({len(samples):,} resamples, normal test), seed {seed}."
    interval = bootstrap.percentile_interval(scores, samples, observations)
    return PairedEvidence(
        interval, differences, bootstrap.share_best(samples), error, p_value, np.inf, 0.0, observations, observations,
        unit, method,
    )  # fmt: skip


def minimum_detectable_differences(evidence: PairedEvidence) -> np.ndarray:
    """(m,) the smallest true difference that is significant in 80% of samples, in a two-sided test at 5% corrected for
    all m pairs: Holm's first step, the power of a pair that differs while no other does (if others do, it is higher).
    From the noncentral t distribution. NaN where a difference never varied; infinite where the test can't give so small
    a p value, whatever the difference."""
    from scipy.special import nctdtrinc, stdtrit

    alpha = ALPHA / max(len(evidence.p_value), 1)
    degrees = float(np.clip(evidence.degrees, 1, 1e6))
    distance = float(nctdtrinc(degrees, 1 - POWER, stdtrit(degrees, 1 - alpha / 2)))
    distance = distance if evidence.smallest_p < alpha else np.inf
    varied = evidence.standard_error > 1e-12
    return np.where(varied, distance * np.where(varied, evidence.standard_error, 1.0), np.nan)


def permutations(pairs: int) -> int:
    """How many are drawn for so many pairs: enough that the smallest p value is far below 5% / pairs."""
    return max(PERMUTATIONS, round(MIN_BEYOND * pairs / ALPHA))


def pair_indices(count: int) -> tuple[np.ndarray, np.ndarray]:
    """(m,) the first and (m,) the second of all pairs of `count` contenders."""
    pairs = np.array(list(combinations(range(count), 2)), dtype=np.intp).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]


def sign_flip_p_values(gaps: np.ndarray, seed: int = SEED) -> np.ndarray:
    """(m,) two-sided p values of differences summed by unit (m, u): (b + 1) / (drawn + 1), where b of `permutations(m)`
    random flips of the units' signs give a total at least as far from 0."""
    observed = np.abs(gaps.sum(axis=1))
    reached = observed - bootstrap.ROUNDING * np.maximum(np.abs(gaps).sum(axis=1), 1)
    beyond = np.zeros(len(gaps))
    drawn = permutations(len(gaps))
    for bits in _random_bits(gaps.shape[1], drawn, seed + 1):
        beyond += (np.abs((2 * bits - 1) @ gaps.T) >= reached).sum(axis=0)
    return np.asarray((beyond + 1) / (drawn + 1))


def swap_p_values(values: np.ndarray, target: np.ndarray, codes: np.ndarray, seed: int = SEED) -> np.ndarray:
    """(m,) two-sided p values of differences in correlation; values (c, q) and target (q,) at mean 0 and variance 1.
    Swapping adds s(b - a) to one and takes it from the other, s being 0 or 1: sums over pairs are linear in s."""
    first, second = pair_indices(len(values))
    step, squares = values[second] - values[first], values[second] ** 2 - values[first] ** 2
    count = int(codes.max()) + 1
    parts = [bootstrap.unit_sums(part, codes, count) for part in (step * target, step, squares)]
    total, start = values.shape[1], (values * target).sum(axis=1)
    observed = np.abs(start[first] - start[second]) / total
    beyond, drawn = np.zeros(len(first)), permutations(len(first))
    for bits in _random_bits(count, drawn, seed + 1):
        swapped, added, squared = (bits @ part.T / total for part in parts)
        one = (start[first] / total + swapped) / np.sqrt(1 + squared - added**2)
        two = (start[second] / total - swapped) / np.sqrt(1 - squared - added**2)
        beyond += (np.abs(one - two) >= observed - bootstrap.ROUNDING).sum(axis=0)
    return np.asarray((beyond + 1) / (drawn + 1))


def _student(units: int) -> str:
    """What the method adds on intervals of so few units, see `bootstrap.percentile_interval`."""
    return ", Student's t" if units < bootstrap.STUDENT_UNITS else ""


def _pair_differences(samples: np.ndarray) -> np.ndarray:
    """(b, m) differences of samples (b, c), pair by pair."""
    first, second = pair_indices(samples.shape[1])
    return np.asarray(samples[:, first] - samples[:, second])


def _difference_interval(scores: np.ndarray, samples: np.ndarray, units: int) -> Interval[np.ndarray]:
    return bootstrap.percentile_interval(_pair_differences(scores[None])[0], _pair_differences(samples), units)


def _random_bits(units: int, drawn: int, seed: int) -> Iterator[np.ndarray]:
    """Blocks of (b, units) float64 of 0 and 1, `drawn` rows together."""
    rng = np.random.default_rng(seed)
    step = max(bootstrap.CELLS // units, 1)
    for start in range(0, drawn, step):
        yield rng.integers(0, 2, (min(step, drawn - start), units), dtype=np.int8).astype(np.float64)


def _smallest_p(pairs: int, units: int) -> float:
    """The smallest p value of a randomization test: of 2 ** units sign flips two are as extreme as what was seen."""
    return max(2.0 ** (1 - units), 1 / (permutations(pairs) + 1))


def _cluster_standard_error(gaps: np.ndarray, sizes: np.ndarray, total: int) -> np.ndarray:
    """(m,) of the mean difference, from the spread of units' sums about what their sizes give them."""
    count = gaps.shape[1]
    if count < 2:
        return np.full(len(gaps), np.nan)
    rest = gaps - gaps.sum(axis=1, keepdims=True) / total * sizes
    return np.asarray(np.sqrt((rest**2).sum(axis=1) * count / (count - 1)) / total)


def _student_interval(values: np.ndarray, scale: float) -> tuple[Interval[np.ndarray], np.ndarray]:
    """Means of the rows of values (n, r) with their intervals, and standard errors; NaN for a single run."""
    runs, means = values.shape[1], values.mean(axis=1)
    if runs < 2:
        unknown = np.full(len(values), np.nan)
        return Interval(means, unknown, unknown), unknown
    error = values.std(axis=1, ddof=1) * scale
    half = student_quantile(runs - 1) * error
    return Interval(means, means - half, means + half), error


def _student_p_values(difference: np.ndarray, error: np.ndarray, runs: int) -> np.ndarray:
    from scipy.special import stdtr

    if runs < 2:
        return np.ones(len(difference))
    return np.asarray(2 * stdtr(runs - 1, -_standard_errors_from_zero(difference, error)))


def _standard_errors_from_zero(difference: np.ndarray, error: np.ndarray) -> np.ndarray:
    """|difference| in standard errors: 0 where there is no difference, infinite where it never varies."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(difference == 0, 0.0, np.abs(difference) / error)


def _draw_means(values: np.ndarray, means: np.ndarray, scale: float, seed: int) -> np.ndarray:
    """(RESAMPLES, c) means as they may be: multivariate t with the runs' covariance, which equal contenders share."""
    runs, rng = values.shape[1], np.random.default_rng(seed)
    if runs < 2:
        return means[None]
    normal = rng.standard_normal((bootstrap.RESAMPLES, runs)) @ (values - means[:, None]).T / np.sqrt(runs - 1)
    heavy = np.sqrt(rng.chisquare(runs - 1, bootstrap.RESAMPLES) / (runs - 1))
    return np.asarray(means + scale * normal / heavy[:, None])


def _standardized(values: np.ndarray) -> np.ndarray:
    return np.asarray((values - values.mean()) / (values.std() or 1))
