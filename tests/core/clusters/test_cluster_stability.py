import numpy as np
import pytest

from core.clusters.methods import ClusterParams, cluster
from core.clusters.stability import (
    SAMPLE_SHARE,
    LevelStability,
    best_jaccard,
    leiden_resampler,
    level_stability,
    resampler,
    stability,
)
from core.clusters.sweep import largest_step, sweep, sweep_values
from core.vectors.communities import DEFAULT_LEVEL, GRAPH_K, by_size, leiden_communities, neighbor_graph
from core.vectors.graph_sample import restrict_graph


def quiet(done: int, total: int) -> None:
    """Nothing is drawn."""


def test_best_jaccard_by_brute_force():
    random = np.random.default_rng(0)
    old, new = random.integers(-1, 5, 200), random.integers(-1, 7, 200)
    old[old == 3] = 2  # label 3 has no rows
    made = best_jaccard(old, new, 5)
    for label in (0, 1, 2, 4):
        one = set(np.flatnonzero(old == label).tolist())
        others = [set(np.flatnonzero(new == each).tolist()) for each in range(7)]
        assert made[label] == pytest.approx(max(len(one & other) / len(one | other) for other in others))
    assert np.isnan(made[3])
    assert best_jaccard(old, np.full(200, -1), 5)[[0, 1, 2, 4]].tolist() == [0, 0, 0, 0]
    assert best_jaccard(old, old, 5)[0] == 1


def test_planted_groups_are_found_in_all_resamples_and_random_ones_in_none(planted):
    again = leiden_resampler(planted.neighbors.ids, planted.neighbors.scores, 1.0)
    told: list[tuple[int, int]] = []
    good = stability(planted.truth, again, 12, 0, lambda done, total: told.append((done, total)))
    assert good.recovered.tolist() == [12] * 4
    assert good.resamples.tolist() == [12] * 4
    np.testing.assert_allclose(good.jaccard, 1)
    np.testing.assert_allclose(good.agreement, 1)
    assert told == [(done, 12) for done in range(1, 13)]
    shuffled = np.random.default_rng(0).permutation(planted.truth)
    bad = stability(shuffled, again, 12, 0, quiet)
    assert bad.recovered.tolist() == [0] * 4
    assert bad.jaccard.max() < 0.4
    assert np.abs(bad.agreement).max() < 0.2


def test_resamples_are_of_the_stated_size_and_follow_the_seed():
    drawn: list[np.ndarray] = []

    def again(rows: np.ndarray, seed: int) -> np.ndarray:
        drawn.append(rows)
        return np.zeros(len(rows), np.int32)

    labels = np.repeat([0, 1], [999, 1])
    made = stability(labels, again, 5, 3, quiet)
    stability(labels, again, 5, 3, quiet)
    assert [len(rows) for rows in drawn] == [round(SAMPLE_SHARE * 1000)] * 10
    assert all((np.diff(rows) > 0).all() for rows in drawn)
    assert all((one == two).all() for one, two in zip(drawn[:5], drawn[5:], strict=True))
    assert not (drawn[0] == drawn[1]).all()
    assert made.resamples[1] == sum(999 in rows for rows in drawn[:5])
    assert made.recovered.tolist() == [5, 0]  # one cluster of all rows is nearly the first, and never the second


def test_clustering_again_is_of_the_rows_drawn_alone(scattered):
    ids, scores = scattered.neighbors.ids, scattered.neighbors.scores
    again, rows = leiden_resampler(ids, scores, 3.0), np.arange(0, 300, 2)
    first = again(rows, 5)
    np.testing.assert_array_equal(first, again(rows, 5))
    expected = by_size(leiden_communities(neighbor_graph(*restrict_graph(ids, scores, rows, GRAPH_K)), 3.0, 5))
    np.testing.assert_array_equal(first, expected)
    assert len(first) == 150
    assert first.max() > 1


@pytest.mark.parametrize("params", [ClusterParams(level=2), ClusterParams("kmeans", k=4)])
def test_again_by_the_method_of_all(planted, params):
    again, runs = resampler(planted.vectors, planted.neighbors, params)
    assert runs >= 10
    assert stability(planted.truth, again, 3, 0, quiet).recovered.tolist() == [3] * 4


def test_few_rows_can_be_drawn_too(given):
    few = given(np.random.default_rng(0).normal(size=(4, 6)))
    again, _ = resampler(few.vectors, few.neighbors, ClusterParams())
    made = stability(np.array([0, 0, 1, -1]), again, 3, 0, quiet)
    assert made.recovered.max() <= made.resamples.max() <= 3


def test_a_sweep_tells_what_each_setting_gives(planted):
    done: list[int] = []
    tried = sweep(planted.vectors, planted.neighbors, "leiden", lambda at, total: done.append(total), seeds=(0, 1))
    values = sweep_values("leiden", 180)
    assert [(each.value, each.seed) for each in tried] == [(value, seed) for value in values for seed in (0, 1)]
    assert done == [2 * len(values)] * 2 * len(values)
    right = [each for each in tried if each.value == 1.0]
    assert [each.clusters for each in right] == [4, 4]
    assert [each.agreement for each in right] == [pytest.approx(1)] * 2
    assert max(tried, key=lambda each: each.silhouette).clusters == 4
    assert all(each.noise == 0 for each in tried)
    finest = [each for each in tried if each.value == max(values)]
    assert finest[0].agreement == pytest.approx(finest[1].agreement)
    assert finest[0].agreement < 0.99
    assert finest[0].clusters > 20


@pytest.mark.parametrize("method", ["leiden", "hdbscan", "evoc", "kmeans"])
@pytest.mark.parametrize("rows", [4, 5, 19, 180, 100_000])
def test_a_sweep_asks_for_nothing_that_can_not_be(method, rows):
    values = sweep_values(method, rows)
    assert values
    assert list(values) == sorted(set(values))
    assert method == "leiden" or max(values) <= rows


def test_the_cliff_is_where_neighboring_settings_differ_by_the_largest_factor():
    assert largest_step([5, 10, 25, 50], [400, 220, 20, 15]) == (1, pytest.approx(11))
    assert largest_step([50, 5, 25, 10], [15, 400, 20, 220]) == (1, pytest.approx(11))  # in whatever order
    assert largest_step([1, 2], [0, 0]) == (0, 1)
    assert largest_step([1], [7]) is None


def blobs(count: int, rows: int, dims: int, spread: float) -> np.ndarray:
    random = np.random.default_rng(count)
    return random.normal(size=(count, dims))[np.arange(rows) % count] + spread * random.normal(size=(rows, dims))


def measured(planted) -> LevelStability:
    neighbors, params = planted.neighbors, ClusterParams()
    return level_stability(cluster(planted.vectors, neighbors, planted.texts, params).levels, neighbors, 0, quiet)


@pytest.mark.parametrize(("count", "rows"), [(4, 1_000), (2, 300), (9, 450)])
def test_clear_blobs_are_the_default_clusters(given, count, rows):
    found = measured(given(blobs(count, rows, 20, 0.4)))
    assert found.clusters[found.level] == count
    assert found.has_structure
    assert found.best > 0.95


@pytest.mark.parametrize(
    "noise",
    [
        lambda random: random.normal(size=(500, 2)),
        lambda random: random.uniform(size=(500, 2)),
        lambda random: np.c_[random.uniform(-1, 1, size=(500, 2)), np.full(500, 2.0)],
        lambda random: random.normal(size=(500, 20)),
        lambda random: random.normal(size=(500, 384)),
        lambda random: random.normal(size=(500, 64)) * np.linspace(3, 0.1, 64),
    ],
    ids=["ring", "arc", "square", "20", "384", "anisotropic"],
)
@pytest.mark.parametrize("seed", [0, 1])
def test_noise_has_no_cluster_structure(given, noise, seed):
    found = measured(given(noise(np.random.default_rng(seed))))
    assert not found.has_structure, (found.best, found.clusters)
    assert found.level == DEFAULT_LEVEL


@pytest.mark.parametrize(
    ("jaccard", "width", "level", "stable"),
    [
        ((1.0, 0.99, 0.63, 0.61), 0.03, 3, 1),  # the finest that may be trusted
        ((1.0, 0.99, 0.63, 0.58), 0.03, 3, 1),  # not significantly below 0.6
        ((1.0, 0.99, 0.63, 0.58), 0.01, 2, 1),
        ((1.0, 0.99, 0.52, 0.49), 0.03, 1, 1),
        ((0.7, 0.65, 0.5, 0.4), 0.03, DEFAULT_LEVEL, None),  # no structure
    ],
)
def test_the_default_level_is_the_finest_one_not_significantly_below_what_may_be_trusted(jaccard, width, level, stable):
    found = LevelStability(np.array(jaccard), np.full(4, width), np.array([2, 3, 8, 27]), 600)
    assert (found.level, found.stable_level) == (level, stable)


def test_too_few_or_equal_rows_are_not_called_unstructured_or_nan(given):
    few, equal = measured(given(blobs(1, 20, 8, 1.0))), measured(given(np.ones((120, 8))))
    assert few.has_structure
    assert np.isfinite([*few.jaccard, *equal.jaccard]).all()
    assert equal.clusters.tolist() == [1, 1, 1, 1]
