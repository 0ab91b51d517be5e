"""Layouts: as good as umap-learn's, repeatable where asked, finite whatever the rows."""

import numpy as np
import pytest
from scipy.spatial.distance import pdist

from core.errors import InputError
from core.map.layout import project, warm_up
from core.map.results import LAYOUTS, LayoutQuery
from core.map.trust import measure_trust
from core.types import CorpusRef, LayoutParams, ModelSpec, Vectors, unit_rows
from core.vectors.loaders import NEIGHBORS, ModelQuery
from core.vectors.neighbors import build_neighbors
from core.vectors.pca import principal_components
from core.vectors.umap import fuzzy_graph
from tests.core.scoreboard.small_corpus import make, texts_of


def wrap(rows):
    return Vectors(unit_rows(np.asarray(rows, np.float32)), ModelSpec("imported", "test"), "corpus")


def clusters(n, d=32, count=10, seed=0):
    rng = np.random.default_rng(seed)
    group = rng.integers(0, count, n)
    return group, wrap(3 * rng.standard_normal((count, d))[group] + rng.standard_normal((n, d)))


def silhouette(points, group):
    from sklearn.metrics import silhouette_score

    return silhouette_score(points, group)


@pytest.fixture(scope="module")
def case():
    group, vectors = clusters(1500)
    return group, vectors, build_neighbors(vectors)


@pytest.mark.slow
@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("reproducible", [True, False])
def test_umap_parts_what_is_apart(case, dims, reproducible):
    group, vectors, graph = case
    layout = project(vectors, graph, dims, reproducible=reproducible)
    assert layout.points.shape == (1500, dims)
    assert layout.points.dtype == np.float32
    assert silhouette(layout.points, group) > 0.7
    assert layout.trust.trustworthiness > 0.9
    assert layout.params == LayoutParams("umap", dims, reproducible=reproducible)
    assert layout.facts["threads"] == 1 or not reproducible


@pytest.mark.slow
def test_the_map_is_umap_learns_own(case):
    """The same graph and the same map as UMAP itself makes, given the same neighbors, start and seed."""
    umap = pytest.importorskip("umap")
    _, vectors, graph = case
    ids = np.c_[np.arange(1500), graph.ids[:, :14]]
    distances = np.maximum(np.c_[np.zeros(1500, np.float32), 1 - graph.scores[:, :14]], 0)
    theirs = umap.UMAP(metric="cosine", init="pca", precomputed_knn=(ids, distances), random_state=0, n_epochs=500)
    points = theirs.fit_transform(vectors.rows)
    # umap-learn has dropped edges too weak to be drawn in 500 epochs by then
    assert abs(fuzzy_graph(graph, 15, np.random.RandomState(0)) - theirs.graph_).max() < 1 / 500
    ours = project(vectors, graph, reproducible=True).trust
    trust = measure_trust(vectors, graph, points)
    assert ours.trustworthiness == pytest.approx(trust.trustworthiness, abs=0.005)
    assert ours.knn_preservation == pytest.approx(trust.knn_preservation, abs=0.02)


@pytest.mark.slow
def test_reproducible_means_the_same_points(case):
    _, vectors, graph = case
    first, second = (project(vectors, graph, seed=3, reproducible=True).points for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert np.abs(project(vectors, graph, seed=4, reproducible=True).points - first).max() > 0.1


@pytest.mark.parametrize("method", ["umap", "pca"])
@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 10, 16])
def test_few_rows(n, dims, method):
    vectors = wrap(np.random.default_rng(n).standard_normal((n, 6)))
    layout = project(vectors, build_neighbors(vectors), dims, method=method)
    assert layout.points.shape == (n, dims)
    assert np.isfinite(layout.points).all()


@pytest.mark.slow
@pytest.mark.parametrize("method", ["umap", "pca"])
@pytest.mark.parametrize("rows", [np.ones((300, 5)), np.repeat(np.eye(4), 50, axis=0), np.ones((60, 1))])
def test_equal_rows(rows, method):
    vectors = wrap(rows)
    points = project(vectors, build_neighbors(vectors), method=method).points
    assert np.isfinite(points).all()
    assert points.shape == (len(rows), 2)


@pytest.mark.slow
def test_progress_and_clipped_neighbors(case):
    _, vectors, graph = case
    seen = []
    layout = project(vectors, graph, n_neighbors=500, progress=lambda *counts: seen.append(counts))
    assert seen[-1] == (500, 500)
    assert all(total == 500 for _, total in seen)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert layout.facts["n_neighbors"] == 101


def stored_points(folder, texts, method):
    """The points of each text, and the layout."""
    home, digest, contender = make(folder, texts)
    ref = CorpusRef(home, digest)
    NEIGHBORS.get_or_compute(ModelQuery(ref, contender.model))
    layout = LAYOUTS.get_or_compute(LayoutQuery(ref, contender.model, LayoutParams(method, reproducible=True)))
    assert layout.points.shape == (len(texts), 2)
    assert np.isfinite(layout.points).all()
    points = {}
    for text, point in zip(texts, layout.points.tolist(), strict=True):
        points.setdefault(text, set()).add(tuple(point))
    return points, layout


@pytest.mark.parametrize("method", ["umap", "pca"])
@pytest.mark.parametrize("copies", [(120, 40, *(1,) * 28), (90,), (50, 20, 3, 2), (9, 1, 1)])
def test_copies_of_a_text_have_one_point(tmp_path, method, copies):
    texts = texts_of()[: len(copies)]
    repeated = [text for text, count in zip(texts, copies, strict=True) for _ in range(count)][::-1]
    points, layout = stored_points(tmp_path, repeated, method)
    assert [len(places) for places in points.values()] == [1] * len(copies)
    assert len(set.union(*points.values())) == len(copies)
    assert layout.trust.per_point.shape == (len(repeated),)


def test_copies_do_not_move_other_texts(tmp_path):
    texts = texts_of()[:12]
    distances = []
    for name, rows in (("distinct", texts), ("copies", [texts[0]] * 60 + texts)):
        points, _ = stored_points(tmp_path / name, rows, "pca")
        distances.append(pdist([next(iter(points[text])) for text in texts]))
    np.testing.assert_allclose(distances[1], distances[0], atol=1e-4)


def test_graph_of_another_size(case):
    with pytest.raises(InputError, match=r"1,500 rows, the vectors 20"):
        project(wrap(np.random.default_rng(0).standard_normal((20, 4))), case[2])


@pytest.mark.parametrize("d", [12, 1200])
def test_pca_equals_svd(d):
    rng = np.random.default_rng(0)
    rows = (rng.standard_normal((400, 3)) * [5, 3, 1]) @ rng.standard_normal((3, d)) + 0.01 * rng.standard_normal(
        (400, d)
    )
    rows = unit_rows(rows.astype(np.float32))
    centered = rows - rows.mean(axis=0)
    left, scale, right = np.linalg.svd(centered, full_matrices=False)
    want = left[:, :2] * scale[:2] * np.sign(right[np.arange(2), np.abs(right[:2]).argmax(axis=1)])
    points, kept = principal_components(rows, 2)
    np.testing.assert_allclose(points, want, atol=2e-4)
    assert kept == pytest.approx((scale[:2] ** 2).sum() / (scale**2).sum(), abs=1e-4)


def test_warm_up():
    from umap import layouts

    warm_up()
    assert layouts._get_optimize_layout_euclidean_single_epoch_fn(True).signatures
