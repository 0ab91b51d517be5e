from itertools import combinations

import numpy as np
import pytest
from sklearn.metrics import silhouette_samples

from core.clusters import validation
from core.clusters.validation import centers, cluster_trust, neighbor_purity, silhouettes, sums


@pytest.fixture
def labels() -> np.ndarray:
    """Five clusters, one of a single row, and noise."""
    drawn = np.random.default_rng(1).integers(-1, 4, 300).astype(np.int32)
    drawn[17] = 4
    return drawn


def test_silhouettes_are_scikit_learns(scattered, planted, labels, monkeypatch):
    kept = labels >= 0
    expected = silhouette_samples(scattered.vectors.rows[kept], labels[kept], metric="cosine")
    for cells in (validation.BLOCK_CELLS, 35):  # in blocks of seven rows the same
        monkeypatch.setattr(validation, "BLOCK_CELLS", cells)
        made = silhouettes(scattered.vectors.rows, labels)
        np.testing.assert_allclose(made[kept], expected, atol=1e-5)
        assert np.isnan(made[~kept]).all()
    assert made[17] == 0
    good = silhouettes(planted.vectors.rows, planted.truth)
    np.testing.assert_allclose(
        good, silhouette_samples(planted.vectors.rows, planted.truth, metric="cosine"), atol=1e-5
    )
    assert good.min() > 0.5 > np.nanmax(made)


def test_one_cluster_or_none_has_no_silhouette(scattered):
    one = np.where(np.arange(300) % 2, 0, -1)
    made = silhouettes(scattered.vectors.rows, one)
    assert (made[one == 0] == 0).all()
    assert np.isnan(made[one < 0]).all()
    assert np.isnan(silhouettes(scattered.vectors.rows, np.full(300, -1))).all()


def test_trust_by_brute_force(scattered, labels):
    rows, ids = scattered.vectors.rows.astype(np.float64), scattered.neighbors.ids
    trust = cluster_trust(scattered.vectors.rows, ids, labels)
    members = [np.flatnonzero(labels == label) for label in range(5)]
    assert trust.sizes.tolist() == [len(member) for member in members]
    for label, member in enumerate(members[:4]):
        pairs = [rows[one] @ rows[two] for one, two in combinations(member, 2)]
        assert trust.cohesion[label] == pytest.approx(np.mean(pairs), abs=1e-5)
    assert np.isnan(trust.cohesion[4])
    means = np.stack([rows[member].mean(axis=0) for member in members])
    cosines = means @ means.T / np.linalg.norm(means, axis=1) / np.linalg.norm(means, axis=1)[:, None]
    np.fill_diagonal(cosines, -2)
    np.testing.assert_array_equal(trust.nearest, cosines.argmax(axis=1))
    np.testing.assert_allclose(trust.separation, cosines.max(axis=1), atol=1e-5)
    assert trust.noise == (labels < 0).sum()
    assert trust.k == 15
    share = [[labels[other] == labels[row] for other in ids[row, :15]] for row in range(300)]
    for label, member in enumerate(members):
        assert trust.purity[label] == pytest.approx(np.mean([share[row] for row in member]))
    assert trust.overall_purity == pytest.approx(np.mean([share[row] for row in np.flatnonzero(labels >= 0)]))
    values = silhouettes(scattered.vectors.rows, labels)
    np.testing.assert_allclose(trust.silhouette, [values[member].mean() for member in members], atol=1e-6)
    assert trust.overall_silhouette == pytest.approx(np.nanmean(values), abs=1e-6)


def test_tight_and_apart_is_better_in_every_figure(planted, plant):
    loose = plant(spread=1.2)
    good = cluster_trust(planted.vectors.rows, planted.neighbors.ids, planted.truth)
    bad = cluster_trust(loose.vectors.rows, loose.neighbors.ids, loose.truth)
    assert good.cohesion.min() > bad.cohesion.max()
    assert good.overall_purity == 1 > bad.overall_purity
    assert good.overall_silhouette > bad.overall_silhouette


def test_inside_counts_no_noise_and_no_missing_neighbor():
    near, labels = np.array([[1, 2], [0, 3], [0, -1], [2, 1]]), np.array([0, 0, -1, 0])
    assert neighbor_purity(near, labels).tolist() == [0.5, 1.0, 0.0, 0.5]
    assert neighbor_purity(np.zeros((3, 0), np.int32), np.zeros(3)).tolist() == [1, 1, 1]


def test_all_noise_and_one_cluster(scattered):
    none = cluster_trust(scattered.vectors.rows, scattered.neighbors.ids, np.full(300, -1))
    assert len(none.sizes) == 0
    assert none.noise == 300
    assert np.isnan(none.overall_silhouette)
    one = cluster_trust(scattered.vectors.rows, scattered.neighbors.ids, np.zeros(300, np.int32))
    assert one.nearest.tolist() == [-1]
    assert one.purity.tolist() == [1.0]


def test_sums_and_centers(scattered, labels):
    expected = np.stack([scattered.vectors.rows[labels == label].sum(axis=0) for label in range(5)])
    np.testing.assert_allclose(sums(scattered.vectors.rows, labels), expected, atol=1e-4)
    made = centers(scattered.vectors.rows, labels)
    np.testing.assert_allclose(np.linalg.norm(made, axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(made, expected / np.linalg.norm(expected, axis=1, keepdims=True), atol=1e-5)
