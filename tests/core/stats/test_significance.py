"""Paired evidence: against scipy and by hand, and its coverage."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from core.stats import resampling, significance
from core.stats.multiple_testing import holm
from core.stats.rank_correlation import WeightedColumn, weighted_correlations
from core.stats.resampling import draw_counts
from core.stats.significance import (
    compare_correlations,
    compare_means,
    compare_runs,
    minimum_detectable_differences,
    pair_indices,
    sign_flip_p_values,
    swap_p_values,
)


@pytest.fixture
def three():
    rng = np.random.default_rng(3)
    better = np.array([[0.0], [0.05], [-0.02]])
    return np.clip(rng.random(60) + better + rng.normal(0, 0.1, (3, 60)), 0, 1)


def test_intervals_are_near_those_of_scipy(three):
    found = compare_means(three, np.arange(60))
    for row, low, high in zip(three, found.scores.low, found.scores.high, strict=True):
        expected = stats.bootstrap((row,), np.mean, n_resamples=9999, method="percentile", rng=0).confidence_interval
        assert (low, high) == pytest.approx(tuple(expected), abs=0.01)
    expected = stats.bootstrap((three[0] - three[1],), np.mean, n_resamples=9999, method="percentile", rng=0)
    assert (found.differences.low[0], found.differences.high[0]) == pytest.approx(
        tuple(expected.confidence_interval), abs=0.006
    )


def test_p_values_are_near_those_of_scipy_s_exact_test():
    gaps = np.random.default_rng(8).normal(0.25, 0.6, (3, 12))
    for row, p in zip(gaps, sign_flip_p_values(gaps, 0), strict=True):
        exact = stats.permutation_test((row,), np.mean, permutation_type="samples", n_resamples=np.inf)
        assert p == pytest.approx(exact.pvalue, abs=0.015)


def test_standard_errors_and_detectable_differences(three):
    found = compare_means(three, np.arange(60))
    gaps = three[0] - three[1]
    assert found.standard_error[0] == pytest.approx(gaps.std(ddof=1) / np.sqrt(60))
    needed = minimum_detectable_differences(found)
    # the chance that t of a difference of this size is significant at Holm's first step, for three pairs
    power = stats.nct.sf(stats.t.ppf(1 - 0.025 / 3, 59), 59, needed / found.standard_error)
    np.testing.assert_allclose(power, 0.8, atol=1e-3)
    same = minimum_detectable_differences(compare_means(three[[0, 0]], np.arange(60)))
    assert np.isnan(same).all()


@pytest.mark.parametrize(("contenders", "queries", "possible"), [(2, 5, False), (2, 7, True), (3, 6, False)])
def test_no_difference_is_detectable_where_p_cannot_be_small_enough(contenders, queries, possible):
    """Two of 2 ** 5 flips of signs are as extreme as any difference: p is 0.06 at best."""
    values = np.random.default_rng(0).random((contenders, queries))
    found = compare_means(values, np.arange(queries))
    assert np.isfinite(minimum_detectable_differences(found)).all() == possible
    far = compare_means(values * 1e-3 + np.arange(contenders)[:, None], np.arange(queries))
    assert (holm(far.p_value).min() < 0.05) == possible


def test_many_pairs_can_be_significant_after_correction():
    """Of 34 contenders there are 561 pairs: p values in steps of 1 / 10,000 are too coarse."""
    values = np.random.default_rng(0).normal(0, 0.01, (34, 20)) + np.arange(34)[:, None]
    found = compare_means(values, np.arange(20))
    assert len(found.p_value) == 561
    assert (holm(found.p_value) < 0.05).all()
    assert np.isfinite(minimum_detectable_differences(found)).all()


@pytest.mark.slow
@pytest.mark.parametrize(("contenders", "samples"), [(2, 400), (3, 400), (5, 300), (10, 200)])
@pytest.mark.parametrize("queries", [20, 100])
def test_a_minimum_detectable_difference_is_detected_in_80_of_100_samples(quick, contenders, samples, queries):
    """One contender is better than all others by it, of which none differs from another. p is that of Student's t,
    which the randomization test is near to, so that many samples take seconds; corrected over all pairs."""
    rng = np.random.default_rng(contenders * queries)
    first, second = pair_indices(contenders)
    error = np.sqrt(2) * 0.15 / np.sqrt(queries)
    detected, stated = [], []
    for _ in range(samples):
        noise = rng.normal(0.5, 0.2, queries) + rng.normal(0, 0.15, (contenders, queries))
        gaps = noise[first] - noise[second]
        known = replace(compare_runs(noise, 0.0), standard_error=np.full(len(first), error), degrees=queries - 1)
        gaps[first == 0] += minimum_detectable_differences(known)[0]
        p = stats.ttest_1samp(gaps, 0, axis=1).pvalue
        detected.append(holm(p)[0] < 0.05 and gaps[0].mean() > 0)
        stated.append(minimum_detectable_differences(known)[0])
    assert within_sampling_error(detected, 0.82, 0.02)


@pytest.mark.parametrize("contenders", [2, 3])
def test_power_of_the_randomization_test_itself(contenders):
    rng = np.random.default_rng(1)
    detected = []
    for _ in range(120):
        values = rng.normal(0.5, 0.2, 40) + rng.normal(0, 0.15, (contenders, 40))
        error = np.full(contenders * (contenders - 1) // 2, np.sqrt(2) * 0.15 / np.sqrt(40))
        known = replace(compare_runs(values, 0.0), standard_error=error, degrees=39)
        values[0] += minimum_detectable_differences(known)[0]
        first, second = pair_indices(contenders)
        detected.append(holm(sign_flip_p_values(values[first] - values[second]))[0] < 0.05)
    assert within_sampling_error(detected, 0.82, 0.02)


def test_nadeau_and_bengio_by_hand():
    one, two = np.array([0.8, 0.82, 0.79, 0.85, 0.81]), np.array([0.78, 0.81, 0.79, 0.8, 0.8])
    found = compare_runs(np.stack([one, two]), 0.25)
    gaps = one - two
    t = gaps.mean() / np.sqrt((1 / 5 + 0.25) * gaps.var(ddof=1))
    assert found.p_value[0] == pytest.approx(2 * stats.t.sf(t, 4))
    half = stats.t.ppf(0.975, 4) * np.sqrt((1 / 5 + 0.25) * gaps.var(ddof=1))
    assert (found.differences.low[0], found.differences.high[0]) == pytest.approx(
        (gaps.mean() - half, gaps.mean() + half)
    )
    uncorrected = compare_runs(np.stack([one, two]), 0.0)
    assert uncorrected.p_value[0] == pytest.approx(stats.ttest_rel(one, two).pvalue)


@pytest.mark.parametrize("kind", ["spearman", "pearson"])
def test_correlations_are_scipy_s_in_every_resample(kind):
    rng = np.random.default_rng(0)
    given = rng.integers(0, 6, 70).astype(float)  # tied, as people's scores are
    cosines = np.round(given * [[0.1], [0.05]] + rng.normal(0, 0.3, (2, 70)), 1)
    reference = {"spearman": stats.spearmanr, "pearson": stats.pearsonr}[kind]
    found = compare_correlations(cosines, given, np.arange(70), kind)
    assert found.scores.value == pytest.approx([reference(row, given).statistic for row in cosines])
    rng = np.random.default_rng(0)
    rows = rng.integers(0, 70, (2_000, 70))
    expected = np.array([[reference(c[at], given[at]).statistic for c in cosines] for at in rows[:300]])
    counts = next(draw_counts(70, 300))
    columns = [WeightedColumn(row, kind) for row in cosines]
    correlations = weighted_correlations(WeightedColumn(given, kind), columns, counts)
    np.testing.assert_allclose(correlations, expected, atol=1e-9)


def test_swapping_pair_by_pair_as_a_loop_would():
    rng = np.random.default_rng(1)
    given = stats.zscore(rng.normal(size=30))
    values = stats.zscore(given * [[0.6], [0.3]] + rng.normal(size=(2, 30)), axis=1)
    corr = np.corrcoef
    observed = abs(corr(values[0], given)[0, 1] - corr(values[1], given)[0, 1])
    beyond = []
    for _ in range(4_000):
        swap = rng.random(30) < 0.5
        one, two = np.where(swap, values[1], values[0]), np.where(swap, values[0], values[1])
        beyond.append(abs(corr(one, given)[0, 1] - corr(two, given)[0, 1]) >= observed)
    assert swap_p_values(values, given, np.arange(30), 0)[0] == pytest.approx(np.mean(beyond), abs=0.03)


def test_copies_count_as_one_unit(three):
    """Every query asked four times over adds no evidence, if the copies are one unit."""
    once = compare_means(three, np.arange(60))
    copies = compare_means(np.repeat(three, 4, axis=1), np.repeat(np.arange(60), 4))
    np.testing.assert_allclose(copies.scores, once.scores)
    np.testing.assert_allclose(copies.differences, once.differences)
    np.testing.assert_allclose(copies.p_value, once.p_value)
    np.testing.assert_allclose(copies.standard_error, once.standard_error)
    separate = compare_means(np.repeat(three, 4, axis=1), np.arange(240))
    narrow, wide = (found.scores.high - found.scores.low for found in (separate, once))
    assert (narrow < 0.7 * wide).all()


@pytest.fixture
def quick(monkeypatch):
    """Fewer draws, for many simulated comparisons."""
    monkeypatch.setattr(resampling, "RESAMPLES", 500)
    monkeypatch.setattr(significance, "PERMUTATIONS", 400)


def within_sampling_error(hits, expected=0.95, tolerance=0.0):
    return abs(np.mean(hits) - expected) <= tolerance + 3 * np.sqrt(expected * (1 - expected) / len(hits))


@pytest.mark.parametrize("queries", [2, 3, 4, 5, 8])
def test_intervals_of_few_queries_cover_the_truth(quick, queries):
    """Of a normal's mean and of the mean difference of two contenders, as Student's t does."""
    rng, covered = np.random.default_rng(queries), []
    for seed in range(300):
        values = 0.5 + 0.1 * rng.normal(size=(2, queries))
        found = compare_means(values, np.arange(queries), seed=seed)
        for interval, truth in ((found.scores, 0.5), (found.differences, 0.0)):
            covered.append(interval.low[0] <= truth <= interval.high[0])
        half = stats.t.ppf(0.975, queries - 1) * stats.sem(values[0])
        assert found.scores.high[0] - found.scores.value[0] == pytest.approx(half, rel=0.2)
    assert 0.93 <= np.mean(covered) <= 0.97


@pytest.mark.slow
@pytest.mark.parametrize("queries", [12, 80])
def test_intervals_cover_the_truth_and_p_is_uniform_without_a_difference(quick, queries):
    """Scores in [0, 1] with a mean of 0.4, alike for both but for chance; truth 0.4 and 0."""
    mean_covered, gap_covered, p = [], [], []
    for seed in range(300):
        rng = np.random.default_rng(seed)
        shared = rng.beta(4, 6, queries)
        values = np.where(rng.random((2, queries)) < 0.5, shared, rng.beta(4, 6, (2, queries)))
        found = compare_means(values, np.arange(queries), seed=seed)
        mean_covered.append(found.scores.low[0] <= 0.4 <= found.scores.high[0])
        gap_covered.append(found.differences.low[0] <= 0 <= found.differences.high[0])
        p.append(found.p_value[0])
    assert within_sampling_error(mean_covered)
    assert within_sampling_error(gap_covered)
    assert stats.kstest(p, "uniform").pvalue > 0.01


@pytest.mark.slow
def test_folds_and_correlations_cover_too(quick):
    covered, p = [], []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        given = rng.normal(size=100)
        cosines = 0.6 * given + 0.8 * rng.normal(size=(2, 100))  # a true correlation of 0.6
        found = compare_correlations(cosines, given, np.arange(100), "pearson", seed)
        covered.append(found.scores.low[0] <= 0.6 <= found.scores.high[0])
        p.append(found.p_value[0])
    assert within_sampling_error(covered)
    assert stats.kstest(p, "uniform").pvalue > 0.01
    runs = [compare_runs(np.random.default_rng(seed).normal(0.5, 0.1, (2, 10)), 0.0) for seed in range(300)]
    assert within_sampling_error([one.differences.low[0] <= 0 <= one.differences.high[0] for one in runs])
    assert stats.kstest([one.p_value[0] for one in runs], "uniform").pvalue > 0.01
