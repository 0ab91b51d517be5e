import numpy as np
import pytest
from scipy.spatial.distance import cdist

from core.clusters.validation import _core_distances, dbcv

validity = pytest.importorskip("hdbscan.validity", reason="hdbscan, the reference, is not installed")


def drawn(seed: int, dims: int = 5, rows: int = 240, spread: float = 0.5) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    labels = random.integers(-1, 4, rows)
    middles = np.vstack([2 * random.normal(size=(4, dims)), np.zeros(dims)])  # the last for noise
    return middles[labels] + spread * random.normal(size=(rows, dims)), labels


@pytest.mark.parametrize(("seed", "dims", "spread"), [(0, 5, 0.5), (1, 5, 0.9), (2, 2, 0.3), (3, 3, 1.5), (4, 6, 0.1)])
def test_validity_is_hdbscans(seed, dims, spread):
    points, labels = drawn(seed, dims, spread=spread)
    made = dbcv(points, labels)
    overall, clusters = validity.validity_index(points, labels, per_cluster_scores=True)
    np.testing.assert_allclose(made.clusters, clusters, atol=1e-9)
    assert made.overall == pytest.approx(overall)
    assert np.ptp(made.clusters) > 0.01
    assert made.sampled == made.clustered == (labels >= 0).sum()


def test_copies_do_not_make_a_place_endlessly_dense():
    points = np.vstack([drawn(0)[0][:40]] * 2 + [drawn(1)[0][:30]])
    distances = cdist(points, points)
    expected = validity.all_points_core_distance(distances.copy(), 5)
    np.testing.assert_allclose(_core_distances(distances, 5), expected)


def test_two_points_are_a_cluster_as_for_hdbscan():
    points, labels = drawn(0)
    points, labels = np.vstack([points, [[9.0] * 5, [9.5] * 5]]), np.r_[labels, 4, 4]
    with np.errstate(all="ignore"):
        overall, clusters = validity.validity_index(points, labels, per_cluster_scores=True)
    made = dbcv(points, labels)
    np.testing.assert_allclose(made.clusters, clusters, atol=1e-9)
    assert made.overall == pytest.approx(overall)


def test_apart_is_better_and_noise_and_false_groups_lower_it():
    points, labels = drawn(0, spread=0.2)
    good = dbcv(points, labels)
    assert good.overall > dbcv(*drawn(0, spread=1.2)).overall
    assert good.overall > 0 > dbcv(points, np.random.default_rng(0).permutation(labels)).overall
    less = labels.copy()
    less[np.flatnonzero(labels == 0)[::2]] = -1
    assert dbcv(points, less).overall < good.overall


def test_large_clusters_are_drawn_from_by_the_seed():
    points, labels = drawn(1, rows=900)
    first, second = dbcv(points, labels, 3, per_cluster=100), dbcv(points, labels, 3, per_cluster=100)
    assert first.sampled == 400 < first.clustered == (labels >= 0).sum()
    np.testing.assert_array_equal(first.clusters, second.clusters)
    assert not np.array_equal(first.clusters, dbcv(points, labels, 4, per_cluster=100).clusters)
    assert (first.seed, first.overall) == (3, pytest.approx(dbcv(points, labels).overall, abs=0.25))


def test_gaps_to_the_nearest_clusters_suffice():
    random = np.random.default_rng(0)
    labels = random.integers(0, 12, 600)
    points = 3 * random.normal(size=(12, 5))[labels] + 0.3 * random.normal(size=(600, 5))
    np.testing.assert_allclose(dbcv(points, labels, near=4).clusters, dbcv(points, labels).clusters)


def test_what_has_no_validity():
    points, labels = drawn(0)
    assert np.isnan(dbcv(points, np.zeros(240, np.int32)).overall)
    none = dbcv(points, np.full(240, -1))
    assert np.isnan(none.overall)
    assert len(none.clusters) == none.clustered == 0
    labels[labels == 3] = -1
    labels[0] = 3
    alone = dbcv(points, labels)
    assert np.isnan(alone.clusters).tolist() == [False, False, False, True]
    assert np.isfinite(alone.overall)
    assert dbcv(np.ones((6, 5)), np.repeat([0, 1], 3)).clusters.tolist() == [0, 0]
