"""Drawn points: as many as asked, sparse regions kept."""

import numpy as np
import pytest

from core.map.layout import density_sample


@pytest.mark.parametrize("dims", [2, 3])
def test_sparse_regions_stay(dims):
    rng = np.random.default_rng(0)
    dense = rng.normal(size=(30_000, dims))
    lone = rng.uniform(20, 100, size=(60, dims))
    drawn = density_sample(np.concatenate([dense, lone]).astype(np.float32), limit=2000)
    assert len(drawn) == len(set(drawn.tolist())) == 2000
    assert (np.diff(drawn) > 0).all()
    assert (drawn >= 30_000).sum() >= 50  # a uniform sample would hold 4


def test_dense_regions_stay_denser():
    rng = np.random.default_rng(1)
    left, right = rng.uniform(0, 1, (40_000, 2)), rng.uniform((1, 0), (2, 1), (4_000, 2))
    drawn = density_sample(np.concatenate([left, right]), limit=4000)
    share = (drawn < 40_000).mean()
    assert 0.6 < share < 0.88  # equal areas: flat would be 0.5, uniform 0.91


def test_seeded():
    points = np.random.default_rng(0).normal(size=(5000, 2))
    np.testing.assert_array_equal(density_sample(points, 500), density_sample(points, 500))
    assert (density_sample(points, 500, seed=1) != density_sample(points, 500)).any()


@pytest.mark.parametrize("points", [np.zeros((0, 2)), np.zeros((10, 2)), np.ones((10, 3))])
def test_few_points_are_all_drawn(points):
    assert density_sample(points, 10).tolist() == list(range(len(points)))


def test_equal_points():
    assert len(density_sample(np.ones((100, 2)), 10)) == 10


def test_rows_without_a_place_leave_the_sample_aware_of_density():
    points = np.random.default_rng(0).normal(size=(20_000, 2))
    lone = np.array([[40.0, 40.0], [-40.0, 40.0]])
    rows = density_sample(np.concatenate([points, lone, [[np.nan, 1.0]]]), limit=2_000)
    assert {20_000, 20_001} <= set(rows.tolist())
    assert len(rows) == 2_000
