"""Large corpora: UMAP of a sample with the other rows placed, and a PCA map that needs no neighbor graph."""

import numpy as np
import pytest

import core.map.layout
import core.map.results
from core.errors import InputError
from core.map.layout import project
from core.map.results import LAYOUTS, LayoutQuery, preview
from core.map.service import LayoutKey, map_trust, stored_layout
from core.types import CorpusRef, LayoutParams, ModelSpec, Neighbors, Vectors, unit_rows
from core.vectors.graph_sample import nearest_in_sample
from core.vectors.loaders import NEIGHBORS, ModelQuery, exact_nearest_texts, nearest_texts
from core.vectors.neighbors import build_neighbors
from tests.core.scoreboard.small_corpus import make, texts_of


def clusters(n, d=16, count=5):
    rng = np.random.default_rng(0)
    group = rng.integers(0, count, n)
    rows = unit_rows((3 * rng.standard_normal((count, d))[group] + rng.standard_normal((n, d))).astype(np.float32))
    return group, Vectors(rows, ModelSpec("imported", "test"), "corpus")


@pytest.fixture
def query(tmp_path) -> LayoutQuery:
    folder, digest, contender = make(tmp_path, texts_of() * 2)
    return LayoutQuery(CorpusRef(folder, digest), contender.model, LayoutParams())


@pytest.mark.slow
def test_rows_that_were_not_fitted_are_placed_in_their_cluster(monkeypatch):
    monkeypatch.setattr(core.map.layout, "MAX_FITTED", 300)
    group, vectors = clusters(900)
    layout = project(vectors, build_neighbors(vectors))
    assert layout.facts["fitted"] == 300
    assert np.isfinite(layout.points).all()
    centers = np.stack([np.median(layout.points[group == i], axis=0) for i in range(5)])
    nearest = ((layout.points[:, None] - centers) ** 2).sum(axis=-1).argmin(axis=1)
    assert (nearest == group).mean() > 0.98
    assert map_trust(layout).fitted == 300


def test_neighbors_in_a_sample_are_those_of_exact_search():
    _, vectors = clusters(400)
    sample, queries = np.arange(0, 400, 4), np.array([0, 1, 5, 396])
    ids, scores = nearest_in_sample(vectors.rows, build_neighbors(vectors, 399), sample, queries, 6)
    cosines = vectors.rows[queries] @ vectors.rows[sample].T
    cosines[sample == queries[:, None]] = -1
    np.testing.assert_array_equal(ids, np.argsort(-cosines, axis=1, kind="stable")[:, :6])
    np.testing.assert_allclose(scores, np.take_along_axis(cosines, ids, axis=1), atol=1e-5)


def test_rows_with_few_neighbors_in_the_sample():
    """Row 0 has one, row 1 none: it is searched exactly."""
    rows = unit_rows(np.random.default_rng(0).standard_normal((6, 4)).astype(np.float32))
    graph = Neighbors(np.array([[4, 2], [0, 2]] + [[0, 1]] * 4, np.int32), np.tile([0.9, 0.5], (6, 1)), 1.0, 6, "exact")
    ids, scores = nearest_in_sample(rows, graph, np.array([3, 4, 5]), np.array([0, 1]), 2)
    assert ids[0].tolist() == [1, -1]
    np.testing.assert_allclose(scores[0], 0.9)
    assert ids[1].tolist() == np.argsort(-(rows[3:] @ rows[1]))[:2].tolist()


def test_umap_needs_a_graph():
    with pytest.raises(InputError, match="neighbor graph"):
        project(clusters(20)[1], None)


def test_pca_measures_its_trust_without_a_graph():
    _, vectors = clusters(500)
    with_graph, without = (project(vectors, graph, method="pca") for graph in (build_neighbors(vectors), None))
    np.testing.assert_array_equal(with_graph.points, without.points)
    assert without.trust.trustworthiness == pytest.approx(with_graph.trust.trustworthiness)
    np.testing.assert_allclose(without.trust.per_point, with_graph.trust.per_point)


def test_a_large_corpus_gets_a_pca_map_before_its_graph(query, monkeypatch):
    assert preview(query) is None
    assert [step.result.name for step in LAYOUTS.missing(query)] == ["neighbors", "layouts"]
    monkeypatch.setattr(core.map.results, "PREVIEW_ROWS", 10)
    first = preview(query)
    assert first is not None
    assert [step.query for step in LAYOUTS.missing(query)] == [first, ModelQuery(query.corpus, query.model), query]
    LAYOUTS.get_or_compute(first)
    assert not NEIGHBORS.exists(ModelQuery(query.corpus, query.model))
    points = stored_layout(LayoutKey(query.corpus, query.model, first.params)).points
    np.testing.assert_array_equal(points[:40], points[40:])  # of copies


def test_nearest_texts_without_a_graph(query):
    NEIGHBORS.get_or_compute(ModelQuery(query.corpus, query.model))
    where, rows = (query.corpus, query.model), np.array([0, 7, 79])
    for ours, theirs in zip(exact_nearest_texts(*where, rows, 10), nearest_texts(*where, rows, 10), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)
