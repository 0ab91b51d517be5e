"""Anomalous increases: found where planted, seldom where nothing is, and set against the right expectation."""

import numpy as np
import pytest
from scipy.stats import nbinom

from core.trends.increases import find_increases, window_p_values


def noise(seed, series=1, periods=400, mean=0.2):
    return np.random.default_rng(seed).poisson(mean, (series, periods))


def test_planted_increases_are_found_with_their_first_period():
    counts = noise(1, 5)
    counts[2, 100:103] = [4, 6, 3]
    counts[2, 300] = 9
    counts[4, 250:260] += 2
    result = find_increases(counts)
    assert {(surge.series, surge.first) for surge in result.increases} == {(2, 100), (2, 300), (4, 250)}
    best = next(surge for surge in result.increases if surge.first == 100)
    assert (best.last, best.rows) == (102, 13)
    assert 0 < best.expected < 2
    assert best.corrected == pytest.approx(best.p * result.windows)


def test_the_first_period_has_a_row():
    counts = np.zeros((1, 200), dtype=int)
    counts[0, ::25] = 1
    counts[0, 110:116] = [3, 0, 4, 0, 5, 0]
    (surge,) = find_increases(counts).increases
    assert (surge.first, surge.last) == (110, 114)


def test_two_equal_increases_do_not_hide_each_other():
    counts = np.zeros((1, 500), dtype=int)
    counts[0, ::20] = 1
    counts[0, [101, 102, 401, 402]] = 9
    assert {surge.first for surge in find_increases(counts).increases} == {101, 401}


def test_false_alarms_on_steady_noise_stay_below_the_stated_rate():
    alarms = sum(
        bool(find_increases(noise(seed, 4, 200, 0.3 if seed % 2 else 3.0), max_width=7).increases)
        for seed in range(120)
    )
    assert alarms <= 12  # 5% of 120 are 6; more than 12 has a chance of 1%


def test_false_alarms_stay_rare_where_counts_vary_much_by_nature():
    generator = np.random.default_rng(0)
    runs = [generator.negative_binomial(1, 1 / 3, (4, 200)) for _ in range(60)]
    assert sum(bool(find_increases(counts, max_width=7).increases) for counts in runs) <= 8


def test_single_windows_have_fair_chances_on_poisson_noise():
    counts = np.random.default_rng(5).poisson(20, 4000)
    p, expected = window_p_values(counts, np.ones(4000), 1, plain=True)
    testable = np.isfinite(p)
    assert expected.mean() == pytest.approx(20, rel=0.02)
    for level in (0.05, 0.2):
        # whole numbers reach a level from below only
        assert 0.6 * level <= (p[testable] <= level).mean() * testable.mean() <= 1.1 * level


def test_a_chance_is_that_of_the_predictive_distribution():
    counts = np.array([2, 1, 0, 3, 1, 2, 0, 1, 9, 2, 1, 0])
    p, expected = window_p_values(counts, np.ones(12), 1, plain=True)
    rest, size = 22 - 9 + 0.5, 11
    assert expected[8] == pytest.approx(rest / size)
    assert p[8] == pytest.approx(nbinom.sf(8, rest, size / (size + 1)))


def test_what_varies_much_by_nature_is_less_of_a_surprise():
    steady, wild = np.tile([2, 2, 2, 2], 30), np.tile([0, 0, 0, 8], 30)
    for counts in (steady, wild):
        counts[57] = 14
    ones = np.ones(120)
    assert window_p_values(steady, ones, 1)[0][57] < 1e-4 < window_p_values(wild, ones, 1)[0][57]


def test_a_rise_of_everything_is_none_against_all_rows():
    counts = noise(3, 3, 300, 2.0)
    counts[:, 150:153] *= 8
    counts[:, 150:153] += 10
    assert {surge.series for surge in find_increases(counts).increases} == {0, 1, 2}
    assert not find_increases(counts, counts.sum(axis=0)).increases


def test_a_fall_is_no_increase():
    counts = np.full((1, 100), 10)
    counts[0, 40:50] = 0
    assert not find_increases(counts).increases


@pytest.mark.parametrize("shape", [(1, 1), (2, 7), (3, 0)])
def test_too_little_time_is_not_judged(shape):
    result = find_increases(np.ones(shape, dtype=int))
    assert (result.increases, result.windows) == ((), 0)


def test_rare_rows_are_no_increase():
    counts = np.zeros((1, 5000), dtype=int)
    counts[0, [7, 8]] = 1
    assert not find_increases(counts).increases
