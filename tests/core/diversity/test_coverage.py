"""Selections that cover: against their definitions, step by step, and against all choices of a small corpus."""

from itertools import combinations

import numpy as np
import pytest

from core.diversity.measures import coverage, coverage_curve, facility_location, farthest_first
from core.types import unit_rows


def rows_of(n=60, d=5, seed=0):
    return unit_rows(np.random.default_rng(seed).normal(0, 1, (n, d)))


def test_farthest_first_always_takes_the_row_farthest_from_all_chosen():
    rows = rows_of()
    order, gaps = farthest_first(rows, 12)
    near = rows @ rows.T
    assert order[0] == np.argmax(rows @ rows.mean(axis=0))
    for step in range(1, 12):
        assert order[step] == np.argmin(near[:, order[:step]].max(axis=1))
    expected = [1 - near[:, order[: step + 1]].max(axis=1).min() for step in range(12)]
    np.testing.assert_allclose(gaps, expected, atol=1e-6)
    assert (np.diff(gaps) <= 1e-6).all()


def test_farthest_first_is_at_most_twice_the_best_gap():
    rows = rows_of(14, 3)
    angles = np.arccos(np.clip(rows @ rows.T, -1, 1))  # a metric, as the bound asks for
    best = min(angles[:, list(three)].min(axis=1).max() for three in combinations(range(14), 3))
    mine = angles[:, farthest_first(rows, 3)[0]].min(axis=1).max()
    assert best <= mine <= 2 * best + 1e-6


def test_it_ends_when_all_are_copies_of_chosen_rows():
    rows = np.repeat(np.eye(4, dtype=np.float32), 5, axis=0)
    order, gaps = farthest_first(rows, 20)
    assert len(order) == 4
    assert gaps[-1] == 0
    same, gap = farthest_first(rows[:5], 3)
    assert (len(same), gap.tolist()) == (1, [0.0])
    assert len(farthest_first(rows[:0], 3)[0]) == 0
    assert len(facility_location(rows, 20)) == 4


def plain_greedy(rows, k):
    near, best, selected = np.maximum(rows @ rows.T, 0), np.zeros(len(rows), np.float32), []
    for _ in range(k):
        gains = np.maximum(near - best, 0).sum(axis=1, dtype=np.float64)
        gains[selected] = -1
        selected.append(int(np.argmax(gains)))
        best = np.maximum(best, near[selected[-1]])
    return selected


def test_lazy_facility_location_is_greedy_facility_location():
    rows = rows_of(80)
    assert facility_location(rows, 15).tolist() == plain_greedy(rows, 15)


def test_facility_location_keeps_its_bound():
    rows = rows_of(13, 3, seed=2)
    near = np.maximum(rows @ rows.T, 0)
    best = max(near[:, list(three)].max(axis=1).sum() for three in combinations(range(13), 3))
    mine = near[:, facility_location(rows, 3)].max(axis=1).sum()
    assert best * (1 - 1 / np.e) <= mine <= best + 1e-5


def test_no_more_rows_than_there_are():
    assert sorted(facility_location(rows_of(3), 10).tolist()) == [0, 1, 2]


def test_each_method_is_best_at_what_it_aims_at():
    crowd = unit_rows(np.eye(20)[np.arange(300) % 4] + np.random.default_rng(1).normal(0, 0.1, (300, 20)))
    rows = np.concatenate([crowd, np.eye(20, dtype=np.float32)[10:13]])  # four groups, and three lone rows
    random = np.random.default_rng(0).permutation(308)[:10]
    far, typical = farthest_first(rows, 10)[0], facility_location(rows, 10)
    results = {
        name: coverage(rows, rows[selected], 0.5)
        for name, selected in (("far", far), ("typical", typical), ("random", random))
    }
    assert results["far"].max_distance == min(result.max_distance for result in results.values())
    assert results["typical"].mean_cosine == max(result.mean_cosine for result in results.values())


def test_coverage_counts_rows_near_a_chosen_one():
    rows, selected = rows_of(), np.array([4, 9, 33])
    near = rows @ rows[selected].T
    result = coverage(rows, rows[selected], 0.6)
    assert result.share == pytest.approx((near.max(axis=1) >= 0.6).mean())
    assert result.max_distance == pytest.approx(1 - near.max(axis=1).min(), abs=1e-6)
    assert result.mean_cosine == pytest.approx(near.max(axis=1).mean(), abs=1e-6)
    assert result.represents.tolist() == np.bincount(near.argmax(axis=1), minlength=3).tolist()


def test_the_curve_is_the_coverage_of_each_beginning():
    rows = rows_of(200)
    order, gaps = farthest_first(rows, 20)
    shares, worst = coverage_curve(rows, rows[order], 0.7)
    expected = [coverage(rows, rows[order[: k + 1]], 0.7) for k in range(20)]
    np.testing.assert_allclose(shares, [step.share for step in expected])
    np.testing.assert_allclose(worst, [step.max_distance for step in expected], atol=1e-6)
    np.testing.assert_allclose(worst, gaps, atol=1e-6)
    assert (np.diff(shares) >= 0).all()
