"""Diversity figures against the vendi-score package and against counting all pairs."""

import numpy as np
import pytest
import scipy.linalg
import scipy.sparse

from core.diversity.measures import mean_pair_distance, sampled_vendi, vendi_score
from core.types import unit_rows

scipy.sparse.csr = getattr(scipy.sparse, "csr", None) or type("csr", (), {"csr_matrix": scipy.sparse.csr_matrix})
vendi = pytest.importorskip("vendi_score.vendi")


def rows_of(n, d, seed=0, spread=1.0):
    random = np.random.default_rng(seed)
    return unit_rows(random.normal(0, spread, (n, d)) + 1)


@pytest.mark.parametrize(("n", "d"), [(40, 6), (6, 40), (25, 25), (2, 3)])
def test_vendi_score_agrees_with_its_package(n, d):
    rows = rows_of(n, d)
    kernel = rows.astype(float) @ rows.T.astype(float)
    assert vendi_score(rows) == pytest.approx(vendi.score_K(kernel), rel=1e-4)
    assert vendi_score(rows) == pytest.approx(vendi.score_dual(rows.astype(float)), rel=1e-4)


def test_vendi_score_counts_what_is_different():
    axes = np.eye(8, dtype=np.float32)
    assert vendi_score(axes) == pytest.approx(8)
    assert vendi_score(np.repeat(axes[:3], 5, axis=0)) == pytest.approx(3)
    assert vendi_score(axes[:1].repeat(9, axis=0)) == pytest.approx(1)
    assert vendi_score(np.empty((0, 4), np.float32)) == 0
    assert vendi_score(rows_of(200, 16, spread=3)) > vendi_score(rows_of(200, 16, spread=0.3))


def test_mean_pair_distance_is_that_of_all_pairs():
    rows = rows_of(70, 9)
    cosines = rows.astype(float) @ rows.T.astype(float)
    expected = 1 - cosines[np.triu_indices(70, 1)].mean()
    assert mean_pair_distance(rows) == pytest.approx(expected, rel=1e-5)
    assert mean_pair_distance(rows[:1].repeat(4, axis=0)) == pytest.approx(0, abs=1e-6)
    assert np.isnan(mean_pair_distance(rows[:1]))
    opposite = np.array([[1, 0], [-1, 0]], np.float32)
    assert mean_pair_distance(opposite) == pytest.approx(2)


def test_samples_are_seeded_stated_and_grow_with_their_size():
    rows = rows_of(300, 50)
    small, large = sampled_vendi(rows, 20), sampled_vendi(rows, 100)
    assert small == sampled_vendi(rows, 20)
    assert (small.size, small.total, small.draws) == (20, 300, 10)
    assert 0 < small.deviation < small.mean
    assert small.mean < large.mean
    random = np.random.default_rng(0)
    drawn = [vendi_score(rows[np.sort(random.choice(300, 20, replace=False))]) for _ in range(10)]
    assert small.mean == pytest.approx(np.mean(drawn))
    assert small.deviation == pytest.approx(np.std(drawn, ddof=1))


def test_all_rows_are_one_sample_without_spread():
    rows = rows_of(30, 5)
    full = sampled_vendi(rows, 1_000)
    assert (full.size, full.draws, full.deviation) == (30, 1, 0)
    assert full.mean == pytest.approx(vendi_score(rows))
