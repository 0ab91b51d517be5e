"""The shared graph: true neighbors, self left out, told recall."""

import numpy as np
import pytest

from core.map.layout import project
from core.map.trust import measure_trust
from core.types import ModelSpec, Vectors, unit_rows
from core.vectors import index_kinds
from core.vectors import neighbors as neighbors_module
from core.vectors.index_kinds import break_ties, recall
from core.vectors.neighbors import build_neighbors


def make_vectors(n, d=24, seed=0, clusters=12):
    rng = np.random.default_rng(seed)
    centers = rng.standard_normal((clusters, d))
    return wrap(centers[rng.integers(0, clusters, n)] + 0.4 * rng.standard_normal((n, d)))


def wrap(rows):
    return Vectors(unit_rows(np.asarray(rows, np.float32)), ModelSpec("imported", "test"), "corpus")


def always_approximate(monkeypatch, fallback_seconds=0.0):
    """Exact search is not even used for few rows; where no index reaches the recall, if it takes so many seconds."""
    monkeypatch.setattr(neighbors_module, "TRIAL_ROWS", 100)
    monkeypatch.setattr(neighbors_module, "EXACT_SECONDS", 0.0)
    monkeypatch.setattr(neighbors_module, "FALLBACK_SECONDS", fallback_seconds)


def brute(rows, k):
    scores = rows.astype(np.float64) @ rows.T.astype(np.float64)
    np.fill_diagonal(scores, -np.inf)
    ids = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return ids, np.take_along_axis(scores, ids, axis=1)


def test_equals_brute_force():
    vectors = make_vectors(500)
    graph = build_neighbors(vectors, k=20)
    ids, scores = brute(vectors.rows, 20)
    assert (graph.ids == ids).mean() > 0.999  # rounding may swap two neighbors equal to six decimals
    np.testing.assert_allclose(graph.scores, scores, atol=2e-6)
    assert graph.ids.dtype == np.int32
    assert graph.scores.dtype == np.float32
    assert (graph.recall, graph.checked, graph.method) == (1.0, 500, "exact")


@pytest.mark.parametrize(("n", "k"), [(1, 0), (2, 1), (3, 2), (101, 100), (150, 100)])
def test_few_rows(n, k):
    graph = build_neighbors(make_vectors(n))
    assert graph.ids.shape == graph.scores.shape == (n, k)
    assert not (graph.ids == np.arange(n)[:, None]).any()


def test_duplicates_leave_self_out_by_id_and_tie_by_id():
    rows = np.repeat(np.eye(3), 7, axis=0)
    graph = build_neighbors(wrap(rows), k=6)
    for i in range(len(rows)):
        group = [j for j in range(i // 7 * 7, i // 7 * 7 + 7) if j != i]
        assert graph.ids[i].tolist() == group
    np.testing.assert_array_equal(graph.scores, 1.0)


def test_more_duplicates_than_k():
    graph = build_neighbors(wrap(np.ones((40, 5))), k=4)
    assert not (graph.ids == np.arange(40)[:, None]).any()
    assert all(len(set(line)) == 4 for line in graph.ids.tolist())


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "fallback"), [("HNSW", 0), ("IVF", 10**6)])
@pytest.mark.parametrize("d", [24, 25])
def test_approximate_search_measures_its_recall(monkeypatch, kind, fallback, d):
    always_approximate(monkeypatch, fallback)
    if kind == "HNSW":  # used where the quantized index retrieves too little
        monkeypatch.setattr(neighbors_module, "PROBES_AND_FACTORS", ((1, 1),))
    vectors, seen = make_vectors(3000, d), []
    graph = build_neighbors(vectors, k=30, threads=1, progress=lambda done, total: seen.append((done, total)))
    truth = brute(vectors.rows, 30)[1]
    assert graph.method.startswith(kind)
    assert graph.checked == 500
    assert recall(graph.scores[:, :10], truth[:, :10]) == pytest.approx(graph.recall, abs=0.01)
    assert graph.recall >= 0.99
    assert graph.facts["recall_at_k"] >= 0.97
    assert (np.diff(graph.scores, axis=1) <= 0).all()
    row_ids = np.einsum("nkd,nd->nk", vectors.rows[graph.ids], vectors.rows)
    np.testing.assert_allclose(graph.scores, row_ids, atol=2e-6)
    assert not (graph.ids == np.arange(3000)[:, None]).any()
    assert seen == sorted(seen)
    assert seen[-1] == (3_000, 3_000)


def test_search_that_misses_falls_back(monkeypatch):
    always_approximate(monkeypatch, 10**6)
    monkeypatch.setattr(neighbors_module, "MIN_RECALL_10", 1.1)
    vectors = make_vectors(1000)
    graph = build_neighbors(vectors, k=10)
    assert graph.method == "exact"
    np.testing.assert_allclose(graph.scores, brute(vectors.rows, 10)[1], atol=2e-6)
    monkeypatch.setattr(neighbors_module, "FALLBACK_SECONDS", 0)
    assert build_neighbors(vectors, k=10).method.startswith("HNSW")


def test_exact_search_is_used_where_it_is_quick(monkeypatch):
    always_approximate(monkeypatch)
    monkeypatch.setattr(neighbors_module, "EXACT_SECONDS", 10**6)
    assert build_neighbors(make_vectors(1000), k=10).method == "exact"


@pytest.mark.parametrize("kind", ["HNSW", "IVF"])
def test_missing_results_are_filled(monkeypatch, kind):
    """Of many equal rows an HNSW graph reaches only some, and a small list of IVF holds fewer than k."""
    always_approximate(monkeypatch)
    monkeypatch.setattr(neighbors_module, "PROBES_AND_FACTORS", ((1, 1),))
    monkeypatch.setattr(neighbors_module, "MIN_RECALL_10", 0.0 if kind == "IVF" else 1.1)
    monkeypatch.setattr(neighbors_module, "MIN_RECALL_K", 0.0)
    monkeypatch.setattr(index_kinds, "LINKS", 2)
    rows = np.concatenate([np.ones((700, 8)), np.random.default_rng(0).standard_normal((300, 8))])
    graph = build_neighbors(wrap(rows), k=50)
    assert graph.method.startswith(kind)
    assert graph.ids.min() >= 0
    assert graph.ids.max() < 1000


def test_tidy_orders_ties_and_clips():
    ids, scores = break_ties(np.array([[4, 2, 9]]), np.array([[1.0000002, 1.0000001, 0.5]], np.float32))
    assert ids.tolist() == [[2, 4, 9]]
    assert scores.tolist() == [[1.0, 1.0, 0.5]]


def test_neighbors_are_searched_once(monkeypatch):
    """The graph costs one search of all rows; layouts and trust read it, without FAISS or pynndescent."""
    import sys

    import faiss

    calls, real = [], faiss.knn
    monkeypatch.setattr(faiss, "knn", lambda q, *rest, **more: calls.append(len(q)) or real(q, *rest, **more))
    vectors = make_vectors(300)
    graph = build_neighbors(vectors, k=20)
    assert sum(calls) == 300
    calls.clear()
    monkeypatch.setitem(sys.modules, "faiss", None)  # importing it now fails
    monkeypatch.setattr("pynndescent.NNDescent.__init__", lambda *_, **__: pytest.fail("searched again"))
    for method in ("umap", "pca"):
        layout = project(vectors, graph, method=method)
    measure_trust(vectors, graph, layout.points)
    assert calls == []
