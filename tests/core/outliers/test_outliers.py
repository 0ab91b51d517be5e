"""Outlier scores: each against its reference, its direction, what it detects, and how several are combined."""

import numpy as np
import pytest
from scipy.stats import rankdata, spearmanr
from sklearn.ensemble import IsolationForest
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import LocalOutlierFactor

from core.errors import InputError
from core.models.registry import load_embedder
from core.outliers.consensus import Cutoff, agreement, combine, consensus, percentiles, rows_above, score_rows
from core.outliers.scores import (
    SCORES,
    center_distance,
    cluster_fit,
    cluster_separation,
    isolation_forest,
    kth_distance,
    local_outlier_factor,
    mean_distance,
)
from core.vectors.communities import leiden_communities, neighbor_graph
from core.vectors.neighbors import build_neighbors
from tests.core.vectors.test_neighbors import make_vectors, wrap

FRUIT = [
    "I like to eat apples.",
    "Bananas are sweet and yellow.",
    "An orange a day is good for you.",
    "Fresh strawberries with cream.",
    "Pears and plums are ripe in autumn.",
    "She bought a kilo of grapes.",
    "Mangoes are my favorite fruit.",
    "A bowl of cherries and peaches.",
    "My car needs a new gearbox.",
]


@pytest.fixture(scope="module")
def vectors():
    return make_vectors(400)


@pytest.fixture(scope="module")
def graph(vectors):
    return build_neighbors(vectors, k=40)


def cosine_distances(rows):
    return 1 - rows.astype(np.float64) @ rows.astype(np.float64).T


@pytest.mark.parametrize("k", [1, 7, 40])
def test_neighbor_distances_equal_brute_force(vectors, graph, k):
    distances = cosine_distances(vectors.rows)
    np.fill_diagonal(distances, np.inf)
    nearest = np.sort(distances, axis=1)[:, :k]
    np.testing.assert_allclose(kth_distance(graph, k), nearest[:, -1], atol=2e-6)
    np.testing.assert_allclose(mean_distance(graph, k), nearest.mean(axis=1), atol=2e-6)


@pytest.mark.parametrize("k", [3, 20])
def test_lof_equals_scikit_learn(vectors, graph, k):
    reference = LocalOutlierFactor(n_neighbors=k, metric="cosine", algorithm="brute").fit(vectors.rows)
    np.testing.assert_allclose(local_outlier_factor(graph, k), -reference.negative_outlier_factor_, rtol=1e-4)


def test_lof_of_copies_is_finite_and_usual():
    rows = np.repeat(np.eye(4), 10, axis=0)
    np.testing.assert_allclose(local_outlier_factor(build_neighbors(wrap(rows), k=5), 5), 1.0)


def test_forest_is_scikit_learns_turned_so_that_higher_is_more_unusual(vectors):
    reference = IsolationForest(n_estimators=200, max_samples=256, random_state=0).fit(vectors.rows)
    scores = isolation_forest(vectors.rows)
    np.testing.assert_allclose(scores, -reference.score_samples(vectors.rows))
    np.testing.assert_array_equal(scores, isolation_forest(vectors.rows))


def test_center_distance_equals_its_formula(vectors):
    mean = vectors.rows.mean(axis=0, dtype=np.float64)
    expected = 1 - vectors.rows @ (mean / np.linalg.norm(mean))
    np.testing.assert_allclose(center_distance(vectors.rows), expected, atol=1e-6)
    assert center_distance(np.array([[1, 0], [-1, 0]], np.float32)).tolist() == [0, 0]


def test_cluster_scores_equal_their_formulas(vectors):
    labels = np.random.default_rng(3).integers(-1, 5, len(vectors)).astype(np.int32)
    rows, centers = vectors.rows.astype(np.float64), []
    for label in range(5):
        total = rows[labels == label].sum(axis=0)
        centers.append(total / np.linalg.norm(total))
    centers, sizes = np.array(centers), np.bincount(labels[labels >= 0])
    nearest_cluster = np.where(labels >= 0, labels, np.argmax(rows @ centers.T, axis=1))
    distances = 1 - np.einsum("ij,ij->i", rows, centers[nearest_cluster])
    medians = np.array([np.median(distances[labels == label]) for label in range(5)])
    np.testing.assert_allclose(
        cluster_fit(vectors.rows, labels), (distances + 1e-4) / (medians[nearest_cluster] + 1e-4), rtol=1e-4
    )
    scores = cluster_separation(vectors.rows, labels)
    for row in range(len(rows)):
        larger = sizes > sizes[labels[row]] if labels[row] >= 0 else np.ones(5, dtype=bool)
        center = centers[labels[row]] if labels[row] >= 0 else rows[row]
        ties = labels[row] >= 0 and (sizes == sizes[labels[row]]).sum() > 1
        if not ties:
            expected = (1 - centers[larger] @ center).min() if larger.any() else 0
            assert scores[row] == pytest.approx(expected, abs=1e-5)


def test_all_noise_or_one_cluster_says_nothing(vectors):
    noise = np.full(len(vectors), -1, dtype=np.int32)
    assert (cluster_fit(vectors.rows, noise) == 1).all()
    assert (cluster_separation(vectors.rows, noise) == 0).all()
    assert (cluster_separation(vectors.rows, np.zeros(len(vectors), np.int32)) == 0).all()


def test_a_car_among_fruit_has_the_highest_score_by_all_that_detect_isolated_points():
    rows = load_embedder("all-MiniLM-L6-v2-float32").embed(FRUIT)
    scores = score_rows(rows, build_neighbors(wrap(rows)), np.zeros(len(rows), np.int32), k=3)
    for name in ("combined", "mean", "kth", "lof", "center", "fit", "forest"):
        assert np.argmax(scores[name]) == 8, name
        assert percentiles(scores[name])[8] == 100, name


def planted(group: bool):
    """600 rows in six subjects of one field, and 40 outliers: a dense group, or isolated points."""
    random = np.random.default_rng(1)
    field, subjects = random.standard_normal((1, 48)), random.standard_normal((6, 48))
    usual = field + 0.8 * subjects[random.integers(0, 6, 600)] + 0.5 * random.standard_normal((600, 48))
    outliers = random.standard_normal((40, 48))
    if group:
        outliers = outliers[:1] + 0.3 * outliers
    return wrap(np.concatenate([usual, outliers])).rows, np.arange(640) >= 600


@pytest.mark.parametrize(
    ("name", "isolated", "group"), [("lof", True, False), ("separation", None, True), ("combined", True, True)]
)
def test_scores_detect_what_they_say(name, isolated, group):
    for as_group, expected in ((False, isolated), (True, group)):
        rows, outliers = planted(as_group)
        graph = build_neighbors(wrap(rows))
        labels = leiden_communities(neighbor_graph(graph.ids, graph.scores), 1.0)
        score = score_rows(rows, graph, labels, k=20, forest=False)[name]
        if expected is not None:
            assert (roc_auc_score(outliers, score) > 0.9) is expected


def test_percentiles_count_rows_that_are_less_unusual():
    score = np.array([3.0, 1.0, 2.0, 2.0, 9.0])
    assert percentiles(score).tolist() == [75, 0, 37.5, 37.5, 100]
    assert percentiles(np.zeros(4)).tolist() == [50] * 4
    assert percentiles(np.array([5.0])).tolist() == [50]


def test_combined_takes_the_best_rank_of_each_kind_and_averages_kinds():
    one, other, third = (np.random.default_rng(seed).standard_normal(50) for seed in range(3))
    tails = [-np.log((51 - rankdata(score)) / 51) for score in (one, other, third)]
    expected = (np.maximum(tails[0], tails[1]) + tails[2]) / 2
    np.testing.assert_allclose(combine([[one, other], [third]]), expected)


def test_lists_by_number_percentile_and_score():
    score = np.array([0.1, 0.9, 0.5, 0.9, 0.3])
    assert rows_above(score, Cutoff("number", 3)).tolist() == [1, 3, 2]
    assert rows_above(score, Cutoff("percentile", 50)).tolist() == [1, 3, 2]
    assert rows_above(score, Cutoff("score", 0.3)).tolist() == [1, 3, 2, 4]
    assert rows_above(score, Cutoff("score", 2)).tolist() == []
    with pytest.raises(InputError):
        rows_above(score, Cutoff("luck", 1))  # type: ignore[arg-type]


def test_agreement_is_spearmans_and_counts_the_top():
    random = np.random.default_rng(0)
    first = random.standard_normal(80)
    scores = {"a": first, "b": first + random.standard_normal(80), "flat": np.ones(80)}
    result = agreement(scores, 8)
    assert result.spearman[0, 1] == pytest.approx(spearmanr(scores["a"], scores["b"]).statistic, abs=1e-6)
    assert np.isnan(result.spearman[0, 2])
    shared = len(set(np.argsort(-scores["a"])[:8]) & set(np.argsort(-scores["b"])[:8])) / 8
    assert result.overlap[0, 1] == pytest.approx(shared)
    assert result.overlap[0, 0] == 1
    assert result.chance == pytest.approx(0.1)


def test_consensus_counts_models():
    per_model = np.array([[99, 98.5], [99, 10], [1, 2], [98, 98]])
    assert consensus(per_model, 98).tolist() == [2, 1, 0, 2]


@pytest.mark.parametrize("rows", [np.eye(3), np.ones((3, 5)), np.ones((1, 4)), np.ones((60, 8))])
def test_few_or_identical_rows_give_finite_scores(rows):
    vectors = wrap(rows)
    labels = np.zeros(len(rows), np.int32)
    scores = score_rows(vectors.rows, build_neighbors(vectors), labels, k=20)
    assert set(scores) == set(SCORES)
    for name, score in scores.items():
        assert score.shape == (len(rows),)
        assert np.isfinite(score).all()
        assert name == "forest" or np.ptp(percentiles(score)) == 0  # no outliers


def test_k_beyond_the_graph_is_the_graphs(graph):
    np.testing.assert_array_equal(mean_distance(graph, 500), mean_distance(graph, 40))


def test_counts_that_differ_are_refused(vectors, graph):
    with pytest.raises(InputError):
        score_rows(vectors.rows, graph, np.zeros(3, np.int32))
