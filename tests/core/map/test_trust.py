"""Trust figures against scikit-learn and brute force."""

import numpy as np
import pytest
from sklearn.manifold import trustworthiness

import core.map.trust
from core.errors import InputError
from core.map.trust import measure_trust
from core.types import ModelSpec, Vectors, unit_rows
from core.vectors.neighbors import build_neighbors


def case(n, d=20, seed=0):
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((n, d)).astype(np.float32)
    vectors = Vectors(unit_rows(rows), ModelSpec("imported", "test"), "corpus")
    return vectors, build_neighbors(vectors), (rows[:, :2] + 0.3 * rng.standard_normal((n, 2))).astype(np.float32)


@pytest.mark.parametrize(("n", "k"), [(400, 15), (60, 5), (33, 15), (5, 2), (4, 1), (3, 1)])
def test_equals_scikit_learn(n, k):
    vectors, graph, points = case(n)
    trust = measure_trust(vectors, graph, points, k=k)
    assert trust.trustworthiness == pytest.approx(
        trustworthiness(vectors.rows, points, n_neighbors=k, metric="cosine"), abs=1e-6
    )
    assert (trust.k, trust.sample, trust.total) == (k, n, n)


def test_preservation_equals_brute_force():
    vectors, graph, points = case(300)
    distance = np.linalg.norm(points[:, None] - points[None], axis=2)
    np.fill_diagonal(distance, np.inf)
    near = np.argsort(distance, axis=1)[:, :10]
    want = [len(set(a) & set(b)) / 10 for a, b in zip(graph.ids[:, :10].tolist(), near.tolist(), strict=True)]
    trust = measure_trust(vectors, graph, points, k=10)
    np.testing.assert_allclose(trust.per_point, want, atol=1e-6)
    assert trust.knn_preservation == pytest.approx(np.mean(want))
    assert trust.chance == pytest.approx(10 / 299)


def test_a_random_layout_keeps_what_chance_keeps():
    vectors, graph, _ = case(2000)
    trust = measure_trust(vectors, graph, np.random.default_rng(9).random((2000, 2)))
    assert trust.knn_preservation == pytest.approx(trust.chance, abs=0.003)
    assert trust.trustworthiness == pytest.approx(0.5, abs=0.02)


def test_a_sample_comes_near_the_whole():
    vectors, graph, points = case(2000)
    whole, part = measure_trust(vectors, graph, points), measure_trust(vectors, graph, points, sample=500)
    assert part.sample == 500
    assert part.trustworthiness == pytest.approx(whole.trustworthiness, abs=0.01)
    np.testing.assert_array_equal(part.per_point, whole.per_point)


def test_rows_outside_a_sample_are_nan(monkeypatch):
    monkeypatch.setattr(core.map.trust, "MAX_ROWS", 100)
    trust = measure_trust(*case(300), k=5)
    assert np.isfinite(trust.per_point).sum() == 100
    assert trust.knn_preservation == pytest.approx(np.nanmean(trust.per_point))


@pytest.mark.parametrize("n", [1, 2])
def test_one_and_two_rows(n):
    trust = measure_trust(*case(n))
    assert (trust.trustworthiness, trust.knn_preservation, trust.chance, trust.total) == (1.0, 1.0, 1.0, n)


def test_points_that_coincide():
    vectors, graph, points = case(200)
    trust = measure_trust(vectors, graph, points * 0)
    assert trust.knn_preservation == pytest.approx(trust.chance, abs=0.05)
    assert np.isfinite(trust.per_point).all()


def test_sizes_that_differ():
    vectors, graph, points = case(30)
    with pytest.raises(InputError, match="29 points"):
        measure_trust(vectors, graph, points[:29])
