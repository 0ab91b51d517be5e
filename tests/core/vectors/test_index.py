"""Every kind of index against brute-force numpy; filters, odd input, saving."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest

from core.errors import InputError, StorageError
from core.types import IndexFacts, ModelSpec, Vectors, unit_rows
from core.vectors import index as index_module
from core.vectors import index_kinds
from core.vectors.index import Index, build_index, similarities
from core.vectors.index_kinds import sample_queries

KINDS = ["exact", "ivf_pq"]


def make_vectors(n, d=24, seed=0, corpus="corpus"):
    rng = np.random.default_rng(seed)
    centers = rng.standard_normal((20, d))
    rows = centers[rng.integers(0, 20, n)] + 0.4 * rng.standard_normal((n, d))
    return Vectors(unit_rows(rows.astype(np.float32)), ModelSpec("imported", "test"), corpus)


def brute(rows, queries, k, allowed=None):
    unit = queries.astype(np.float64) / np.linalg.norm(queries.astype(np.float64), axis=1, keepdims=True)
    scores = unit @ rows.T.astype(np.float64)
    if allowed is not None:
        scores[:, np.setdiff1d(np.arange(len(rows)), allowed)] = -np.inf
    ids = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return ids, np.take_along_axis(scores, ids, axis=1)


@pytest.fixture(scope="module")
def vectors():
    return make_vectors(4000)


@pytest.fixture(scope="module", params=KINDS)
def index(request, vectors):
    return build_index(vectors, kind=request.param)


def test_equals_brute_force_on_queries_that_are_not_unit(index, vectors):
    queries = 7.5 * sample_queries(vectors.rows, 40, seed=5)
    ids, scores = index.search(queries, 10)
    want, want_scores = brute(vectors.rows, queries, 10)
    assert ids.dtype == np.int64
    assert scores.dtype == np.float32
    overlap = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(ids.tolist(), want.tolist(), strict=True)])
    assert overlap >= (0.999 if index.facts.kind == "exact" else 0.97)
    assert (np.diff(scores, axis=1) <= 0).all()
    cosines = np.einsum("qkd,qd->qk", vectors.rows[ids], queries / np.linalg.norm(queries, axis=1, keepdims=True))
    np.testing.assert_allclose(scores, cosines, atol=2e-6)
    if index.facts.kind == "exact":
        np.testing.assert_allclose(scores, want_scores, atol=2e-6)


def test_batch_equals_single(index, vectors):
    queries = sample_queries(vectors.rows, 30, seed=6)
    ids, scores = index.search(queries, 5)
    for i, query in enumerate(queries):
        one_ids, one_scores = index.search(query[None], 5)
        assert one_ids[0].tolist() == ids[i].tolist()
        np.testing.assert_allclose(one_scores[0], scores[i], atol=2e-6)


@pytest.mark.parametrize("few_rows", [20_000, 0])
def test_filters(index, vectors, few_rows, monkeypatch):
    """few_rows 0: even small filters go through the index itself."""
    monkeypatch.setattr(index_module, "EXACT_SEARCH_ROWS", few_rows)
    queries = sample_queries(vectors.rows, 20, seed=7)
    for allowed in (np.arange(3, 4000, 7), np.array([9, 5, 5, 3000]), np.arange(3900)):
        mask = np.isin(np.arange(4000), allowed)
        ids, scores = index.search(queries, 8, rows=allowed)
        assert ids.shape == (20, min(8, len(set(allowed))))
        assert np.isin(ids, allowed).all()
        want = brute(vectors.rows, queries, ids.shape[1], allowed)[1]
        assert (scores >= want - 1e-5).mean() >= 0.97
        np.testing.assert_array_equal(index.search(queries, 8, rows=mask)[0], ids)


def test_odd_sizes(index, vectors):
    query = vectors.rows[:1]
    assert index.search(query, 5000)[0].shape == (1, 4000)
    assert sorted(index.search(query, 5000)[0][0].tolist()) == list(range(4000))
    assert index.search(query, 0)[0].shape == (1, 0)
    assert index.search(query, 3, rows=np.array([], int))[0].shape == (1, 0)
    assert index.search(np.empty((0, 24), np.float32), 3)[0].shape == (0, 3)


def test_bad_input(index):
    bad = np.full((1, 24), 1, np.float32)
    with pytest.raises(InputError, match=r"24|25"):
        index.search(np.ones((1, 25), np.float32), 3)
    for value in (np.nan, np.inf):
        with pytest.raises(InputError):
            index.search(np.where(np.arange(24) == 3, value, bad), 3)
    with pytest.raises(InputError):
        index.search(bad * 0, 3)
    with pytest.raises(InputError, match="4,000"):
        index.search(bad, 3, rows=np.array([4000]))
    with pytest.raises(InputError, match="-1"):
        index.search(bad, 3, rows=np.array([-1]))
    with pytest.raises(InputError, match="3,999"):
        index.search(bad, 3, rows=np.ones(3999, bool))


def test_dimension_mismatch_names_both(index):
    with pytest.raises(InputError, match=r"25 dimensions, the corpus 24"):
        index.search(np.ones((1, 25), np.float32), 3)


def test_facts(index, vectors):
    facts = index.facts
    assert facts.rows == 4000
    assert facts.recall >= 0.99
    assert facts.checked >= 10
    assert 0 < facts.p50_ms <= facts.p99_ms
    assert facts.vector_megabytes == round(vectors.rows.nbytes / 1e6, 1)
    assert (facts.megabytes > 0) == (facts.kind == "ivf_pq")


def test_save_and_load(index, vectors, tmp_path):
    index.save(tmp_path / "index")
    again = Index.load(tmp_path / "index", vectors)
    queries = sample_queries(vectors.rows, 10, seed=8)
    np.testing.assert_array_equal(again.search(queries, 5)[0], index.search(queries, 5)[0])
    assert asdict(again.facts) == asdict(index.facts)
    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == ["index.json"] if index.facts.kind == "exact" else ["index.faiss", "index.json"]


def test_broken_and_foreign_files(vectors, tmp_path):
    with pytest.raises(StorageError):
        Index.load(tmp_path / "none", vectors)
    build_index(vectors, kind="ivf_pq").save(tmp_path / "index")
    with pytest.raises(StorageError):
        Index.load(tmp_path / "index", make_vectors(4000, corpus="another"))
    with pytest.raises(StorageError, match="4,000"):
        Index.load(tmp_path / "index", make_vectors(3000))
    content = (tmp_path / "index.faiss").read_bytes()
    (tmp_path / "index.faiss").write_bytes(content[: len(content) // 2])
    with pytest.raises(StorageError):
        Index.load(tmp_path / "index", vectors)
    (tmp_path / "index.json").write_text(json.dumps({"facts": 3}))
    with pytest.raises(StorageError):
        Index.load(tmp_path / "index", vectors)
    with pytest.raises(StorageError):
        build_index(vectors, kind="ivf_pq").save(tmp_path / "index.json" / "below a file")


@pytest.mark.parametrize(
    ("measured", "kind", "note"),
    [
        ({"exact": (7, 1.0)}, "exact", ""),
        ({"exact": (60, 1.0), "ivf_pq": (1, 0.995)}, "ivf_pq", ""),
        ({"exact": (60, 1.0), "ivf_pq": (1, 0.98)}, "ivf_pq", "0.980 is below 0.99"),
        ({"exact": (60, 1.0), "ivf_pq": (70, 0.995)}, "ivf_pq", "70 ms is above 8 ms"),
    ],
)
def test_the_plainest_that_keeps_both_limits_is_chosen(vectors, monkeypatch, measured, kind, note):
    def measure(kind, rows):
        ms, recall = measured[kind]
        return IndexFacts(kind, kind, recall, 200, ms, ms, 1.0, len(rows)), None, (0, 0)

    monkeypatch.setattr(index_kinds, "_measure_exact", lambda rows, *rest: measure("exact", rows))
    monkeypatch.setattr(index_kinds, "_measure_quantized", lambda rows, *rest: measure("ivf_pq", rows))
    facts = build_index(vectors).facts
    assert facts.kind == kind
    assert note in facts.description
    assert (facts.description == kind) == (not note)


def test_recall_below_the_limit_is_told(vectors):
    facts = build_index(vectors, kind="ivf_pq", min_recall=1.01).facts
    assert "is below 1.01" in facts.description


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n", [1, 2, 3, 50])
def test_few_rows(kind, n):
    vectors = make_vectors(n)
    ids, scores = build_index(vectors, kind=kind).search(vectors.rows, 10)
    assert ids.shape == (n, min(n, 10))
    assert ids[:, 0].tolist() == list(range(n))
    np.testing.assert_allclose(scores[:, 0], 1, atol=1e-6)


def test_no_rows_and_unknown_kind(vectors):
    with pytest.raises(InputError):
        build_index(make_vectors(0))
    with pytest.raises(InputError, match="annoy"):
        build_index(vectors, kind="annoy")


def test_exact_serves_a_memory_map(vectors, tmp_path):
    np.save(tmp_path / "rows.npy", vectors.rows)
    mapped = replace(vectors, rows=np.load(tmp_path / "rows.npy", mmap_mode="r"))
    index = build_index(mapped, kind="exact")
    assert isinstance(index.rows, np.memmap)
    np.testing.assert_array_equal(index.search(vectors.rows[:5], 3)[0][:, 0], np.arange(5))


def test_similarities(vectors, monkeypatch):
    monkeypatch.setattr(index_module, "BLOCK", 1000)
    got = similarities(vectors.rows, 3 * vectors.rows[17])
    np.testing.assert_allclose(got, vectors.rows @ vectors.rows[17], atol=1e-6)
    assert got.shape == (4000,)
    assert got.max() <= 1
    with pytest.raises(InputError, match="23 dimensions"):
        similarities(vectors.rows, vectors.rows[17][:23])
