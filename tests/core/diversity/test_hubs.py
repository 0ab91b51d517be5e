"""Hubs: counts by hand, skewness against scipy, chance against graphs drawn at random."""

import numpy as np
import pytest
from scipy.stats import skew

from core.vectors.hubs import find_hubs, occurrence_bins


def test_counts_are_of_the_first_k_neighbors():
    ids = np.array([[1, 2], [0, 2], [1, 0], [1, 0]])
    assert find_hubs(ids, 1).counts.tolist() == [1, 3, 0, 0]
    result = find_hubs(ids, 2)
    assert result.counts.tolist() == [3, 3, 2, 0]
    assert result.antihub_share == 0.25
    assert result.robin_hood == pytest.approx(2 / 8)
    assert find_hubs(ids, 50).k == 2


def star(n, k):
    """Everybody's neighbors are the first rows."""
    return np.array([[other for other in range(n) if other != row][:k] for row in range(n)])


def test_skewness_agrees_with_scipy_and_tells_a_star_from_a_ring():
    result = find_hubs(star(200, 5), 5)
    assert result.skewness == pytest.approx(skew(result.counts))
    assert result.skewness > 5
    assert result.threshold == pytest.approx(5 + 2 * result.counts.std())
    assert (result.counts > result.threshold).sum() == 5
    assert result.antihub_share == pytest.approx(194 / 200)
    ring = np.array([[(row + step) % 200 for step in range(1, 6)] for row in range(200)])
    even = find_hubs(ring, 5)
    assert (even.skewness, even.antihub_share, even.robin_hood) == (0, 0, 0)


def random_graph(random, n=400, k=5):
    others = np.array([random.choice(n - 1, k, replace=False) for _ in range(n)])
    return others + (others >= np.arange(n)[:, None])  # never a row itself


def test_chance_is_what_random_graphs_have():
    random = np.random.default_rng(0)
    drawn = [find_hubs(random_graph(random), 5) for _ in range(20)]
    assert np.mean([hubs.skewness for hubs in drawn]) == pytest.approx(drawn[0].chance, abs=0.08)
    assert np.mean([hubs.antihub_share for hubs in drawn]) == pytest.approx(drawn[0].antihub_chance, abs=0.004)


def test_bins_double_and_hold_every_row():
    counts = np.array([0, 0, 1, 2, 3, 4, 7, 8, 40])
    names, rows = occurrence_bins(counts)
    assert names == ["0", "1", "2-3", "4-7", "8-15", "16-31", "32-63"]
    assert rows.tolist() == [2, 1, 2, 2, 1, 0, 1]
    assert occurrence_bins(np.zeros(3, int))[1].tolist() == [3]
    assert occurrence_bins(np.array([0, 1, 64]))[1].sum() == 3


def test_tiny_graphs_give_figures():
    for n in (1, 2, 3):
        ids = (
            np.array([[other for other in range(n) if other != row] for row in range(n)])
            .reshape(n, n - 1)
            .astype(np.int32)
        )
        result = find_hubs(ids, 10)
        assert np.isfinite([result.skewness, result.chance, result.antihub_share, result.threshold]).all()
