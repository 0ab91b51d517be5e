"""Kleinberg's bursts: planted states, the cheapest path by trying all, what weights say."""

from itertools import product

import numpy as np
import pytest

from core.trends.bursts import burst_states, emission_costs, find_bursts


def cheapest(counts, totals, s, gamma, states):
    """The least cost over all sequences of states, and that of a given path."""
    costs = emission_costs(counts, totals, s, states)
    up = gamma * np.log(len(counts))

    def cost(path):
        steps = sum(max(b - a, 0) * up for a, b in zip((0, *path), path, strict=False))
        return steps + sum(costs[state, t] for t, state in enumerate(path))

    return min(map(cost, product(range(states), repeat=len(counts)))), cost


@pytest.mark.parametrize("states", [2, 3])
@pytest.mark.parametrize("seed", range(6))
def test_the_path_is_the_cheapest_of_all(states, seed):
    generator = np.random.default_rng(seed)
    totals = generator.integers(0, 40, 8)
    counts = generator.binomial(totals, np.where(np.arange(8) // 3 == 1, 0.5, 0.1))
    if not counts.sum():
        counts[0], totals[0] = 1, 9
    lowest, cost = cheapest(counts, totals, 2.0, 0.6, states)
    assert cost(burst_states(counts, totals, 2.0, 0.6, states).tolist()) == pytest.approx(lowest)


def test_costs_are_binomial():
    from scipy.stats import binom

    counts, totals = np.array([1, 6]), np.array([20, 15])
    costs, base = emission_costs(counts, totals, 3.0, 2), 7 / 35
    for state, share in enumerate((base, 3 * base)):
        # up to the coefficient, which is the same in both states
        expected = -binom.logpmf(counts, totals, share) + binom.logpmf(counts, totals, 0.5) - totals * np.log(0.5)
        assert costs[state] == pytest.approx(expected - 2 * totals * np.log(2) + 2 * totals * np.log(2))


def test_a_planted_burst_is_found_where_it_is():
    totals = np.full(30, 100)
    counts = np.full(30, 10)
    counts[12:16] = 35
    (burst,) = find_bursts(counts, totals)
    assert (burst.first, burst.last, burst.rows, burst.level) == (12, 15, 140, 1)
    assert burst_states(counts, totals).tolist() == [0] * 12 + [1] * 4 + [0] * 14
    assert burst.expected == pytest.approx(400 * counts.sum() / 3000)


def test_a_rise_of_everything_is_no_burst():
    totals = np.full(30, 100)
    totals[12:16] = 500
    assert find_bursts(totals // 10, totals) == []


def test_heavier_bursts_come_first_and_more_reluctance_gives_fewer():
    totals, counts = np.full(40, 100), np.full(40, 5)
    counts[5:7], counts[20:24] = 16, 25
    result = find_bursts(counts, totals)
    assert [burst.first for burst in result] == [20, 5]
    assert result[0].weight > result[1].weight > 0
    assert [burst.first for burst in find_bursts(counts, totals, gamma=3)] == [20]


def test_levels_say_how_high():
    totals, counts = np.full(120, 100), np.full(120, 4)
    counts[10:14], counts[25:29] = 14, 60
    levels = {burst.first: burst.level for burst in find_bursts(counts, totals, states=4)}
    assert levels[25] > levels[10]


@pytest.mark.parametrize("counts", [[0, 0, 0], [5, 5, 5], [5], [0, 2, 0]])
def test_constant_series_have_no_burst(counts):
    assert find_bursts(np.array(counts), np.full(len(counts), 5)) == []
