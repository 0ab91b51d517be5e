"""Intervals of shares against published values."""

import numpy as np
import pytest

from core.stats.proportions import newcombe, paired_difference, rounded_percentages, wilson


def test_wilson_agrees_with_published_values():
    # Newcombe (1998a), Statistics in Medicine 17:857, table I, method 3
    share, low, high = wilson(np.array([81, 15, 0, 1]), np.array([263, 148, 20, 29]))
    assert np.round(low, 4).tolist() == [0.2553, 0.0624, 0.0, 0.0061]
    assert np.round(high, 4).tolist() == [0.3662, 0.1605, 0.1611, 0.1718]
    assert share[0] == pytest.approx(81 / 263)


def test_wilson_of_nothing_is_unknown():
    assert np.isnan(wilson(np.array([0]), np.array([0]))).all()


def test_newcombe_agrees_with_published_values():
    # Newcombe (1998b), Statistics in Medicine 17:873, table II, method 10: 56/70 - 48/80, 9/10 - 3/10, 10/10 - 0/20
    first, first_total = np.array([48, 3, 0]), np.array([80, 10, 20])
    change, low, high = newcombe(first, first_total, np.array([56, 9, 10]), np.array([70, 10, 10]))
    assert np.round(change, 4).tolist() == [0.2, 0.6, 1.0]
    assert np.round(low, 4).tolist() == [0.0524, 0.1705, 0.6791]
    assert np.round(high, 4).tolist() == [0.3339, 0.8090, 1.0]


@pytest.mark.parametrize("decimals", [0, 1])
def test_percentages_of_a_whole_add_up(decimals):
    rng = np.random.default_rng(decimals)
    for size in (1, 2, 3, 7, 40):
        counts = rng.integers(0, 1_000, size).tolist()
        shares = rounded_percentages([*counts, 1], decimals)
        assert sum(shares) == pytest.approx(100)
        exact = 100 * np.array([*counts, 1]) / (sum(counts) + 1)
        np.testing.assert_allclose(shares, exact, atol=10.0**-decimals)
    assert rounded_percentages([1, 1, 1], 0) == [34, 33, 33]
    assert rounded_percentages([0, 0]) == [0, 0]
    assert rounded_percentages([3, 1]) == [75, 25]


def test_a_paired_difference_covers_and_knows_its_population():
    rng = np.random.default_rng(0)
    inside = []
    for _ in range(400):
        more, fewer = rng.multinomial(80, [0.15, 0.05, 0.8])[:2]
        value, low, high = paired_difference(more, fewer, 80)
        assert value == pytest.approx((more - fewer) / 80)
        inside.append(low <= 0.1 <= high)
    assert 0.92 <= np.mean(inside) <= 0.98
    assert paired_difference(10, 4, 80, population=80).low == pytest.approx(6 / 80)
    assert paired_difference(0, 0, 80).high > 0.02
