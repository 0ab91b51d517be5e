import numpy as np
import pytest

from core.clusters.agreement import agreement
from core.clusters.methods import ClusterParams, check, cluster, suggest_k, umap_points, with_noise_assigned
from core.clusters.validation import centers
from core.errors import InputError
from tests.core.clusters.conftest import plant


def run(planted, *args, **kwargs):
    return cluster(planted.vectors, planted.neighbors, planted.texts, ClusterParams(*args, **kwargs))


def quiet(done: int, total: int) -> None:
    """Nothing is drawn."""


def test_leiden_finds_planted_groups_and_says_what_it_did(planted):
    made = run(planted, level=2)
    assert agreement(made.labels, planted.truth).ari == 1
    assert made.count == 4
    assert made.labels.dtype == np.int32
    np.testing.assert_array_equal(made.labels, made.levels[2])
    assert made.facts["k"] == 25
    assert made.facts["seconds"] >= 0
    assert not made.assigned.any()
    np.testing.assert_array_equal(made.labels, run(planted, level=2, k=9, min_size=3, assign_noise=True).labels)


def test_kmeans_finds_planted_groups_with_k_given_or_suggested(planted):
    for made in (run(planted, "kmeans", k=4), run(planted, "kmeans")):
        assert agreement(made.labels, planted.truth).ari == 1
        assert made.facts["k"] == 4
        assert made.levels is None
        assert np.bincount(made.labels).tolist() == [60, 50, 40, 30]
    assert made.facts["suggested"]


def test_the_sweep_peaks_at_the_planted_k(plant):
    told: list[int] = []
    rows = plant((40,) * 5, seed=2).vectors.rows
    best, tried = suggest_k(rows, 0, 12, lambda done, total: told.append(done))
    assert best == 5
    assert dict(tried)[5] == max(value for _, value in tried) > 0.5
    assert told == list(range(1, len(tried) + 1))
    assert max(k for k, _ in tried) == 12


@pytest.fixture(scope="module")
def three_groups():
    return plant((40, 30, 20), dims=8, spread=0.05)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["hdbscan", "evoc"])
def test_density_methods_leave_noise_and_follow_the_seed(three_groups, method):
    result = run(three_groups, method, min_size=10)
    clustered = result.labels >= 0
    sizes = np.bincount(result.labels[clustered])
    assert clustered.mean() > 0.75
    assert sizes.min() >= 10
    assert (np.diff(sizes) <= 0).all()
    np.testing.assert_array_equal(result.labels, run(three_groups, method, min_size=10).labels)
    assert result.levels is None


def test_hdbscan_finds_planted_groups(three_groups):
    assert agreement(run(three_groups, "hdbscan", min_size=10).labels, three_groups.truth).ari == 1


@pytest.mark.parametrize("seed", range(3))
def test_evoc_finds_planted_groups_whole_split_or_joined(three_groups, seed):
    """Which layer EVoC takes depends on processor and seed: a group in halves, or two joined, still pass 0.65."""
    from sklearn.metrics import v_measure_score

    labels = run(three_groups, "evoc", min_size=10, seed=seed).labels
    clustered = labels >= 0
    assert clustered.mean() > 0.75
    assert v_measure_score(three_groups.truth[clustered], labels[clustered]) > 0.65
    assert v_measure_score(np.random.default_rng(seed).permutation(three_groups.truth), labels) < 0.3


def test_noise_is_assigned_on_request_and_marked(scattered):
    plain, filled = run(scattered, "hdbscan", min_size=8), run(scattered, "hdbscan", min_size=8, assign_noise=True)
    noise = plain.labels < 0
    assert 10 < noise.sum() < 290
    assert not plain.assigned.any()
    np.testing.assert_array_equal(filled.assigned, noise)
    assert (filled.labels >= 0).all()
    np.testing.assert_array_equal(filled.labels[~noise], plain.labels[~noise])  # so that figures by label still fit
    sizes = np.bincount(plain.labels[~noise])
    assert (np.diff(sizes) <= 0).all()
    assert len(filled.facts["dbcv_clusters"]) == len(sizes)


def test_all_noise_stays_noise(scattered):
    made = run(scattered, "hdbscan", min_size=300, assign_noise=True)
    assert (made.labels == -1).all()
    assert made.count == 0
    assert not made.assigned.any()


def test_noise_goes_to_the_nearest_center(scattered):
    labels = np.random.default_rng(0).integers(-1, 5, 300).astype(np.int32)
    made, marked = with_noise_assigned(scattered.vectors.rows, labels)
    middle = centers(scattered.vectors.rows, labels)
    for row in range(300):
        nearest = max(range(5), key=lambda label: float(middle[label] @ scattered.vectors.rows[row]))
        assert made[row] == (nearest if labels[row] < 0 else labels[row])
    np.testing.assert_array_equal(marked, labels < 0)
    assert len(set(made[marked].tolist())) > 1


def test_five_dimensions_are_of_the_seed(planted):
    points = umap_points(planted.vectors, planted.neighbors, 1, quiet)
    assert points.shape == (180, 5)
    np.testing.assert_array_equal(points, umap_points(planted.vectors, planted.neighbors, 1, quiet))
    middles = np.stack([points[planted.truth == label].mean(axis=0) for label in range(4)])
    inside = np.linalg.norm(points - middles[planted.truth], axis=1)
    apart = np.linalg.norm(middles[:, None] - middles[None], axis=2)[~np.eye(4, dtype=bool)]
    assert apart.min() > 3 * np.median(inside)


@pytest.mark.parametrize("method", ["leiden", "kmeans"])
@pytest.mark.parametrize("rows", [1, 3, 4, 5, 12])
def test_few_rows(given, method, rows):
    few = given(np.random.default_rng(rows).normal(size=(rows, 6)))
    made = run(few, method)
    assert len(made.labels) == rows
    assert made.labels.min() == 0
    assert rows >= 4 or made.count == 1


@pytest.mark.parametrize("method", ["leiden", "kmeans", "hdbscan"])
def test_identical_rows_are_never_parted(given, method):
    made = run(given(np.ones((40, 6))), method, min_size=5)
    assert len(set(made.labels.tolist())) == 1
    assert made.levels is None or (made.levels == 0).all()


@pytest.mark.parametrize(
    "params",
    [
        ClusterParams("louvain"),
        ClusterParams(level=6),
        ClusterParams(level=-1),
        ClusterParams("hdbscan", min_size=1),
        ClusterParams("evoc", min_size=301),
        ClusterParams("kmeans", k=301),
        ClusterParams("kmeans", k=-1),
    ],
)
def test_parameters_that_make_no_clustering_are_refused(scattered, params):
    with pytest.raises(InputError) as caught:
        cluster(scattered.vectors, scattered.neighbors, scattered.texts, params)
    assert caught.value.remedy
    with pytest.raises(InputError):
        check(params, 300)


def test_what_a_method_does_not_read_does_not_name_it():
    assert ClusterParams("leiden", 2, 99, 9, 1, True).canonical() == ClusterParams("leiden", 2, seed=1)
    assert ClusterParams("kmeans", 2, 99, 9, 1, True).canonical() == ClusterParams("kmeans", k=9, seed=1)
    kept = ClusterParams("hdbscan", 2, 99, 9, 1, True).canonical()
    assert kept == ClusterParams("hdbscan", min_size=99, seed=1, assign_noise=True)


@pytest.mark.parametrize("groups", [4, 6, 9])
def test_every_number_of_groups_can_be_suggested(plant, groups):
    rows = plant(sizes=(20,) * groups, spread=0.3).vectors.rows
    best, tried = suggest_k(rows, 0, 20, quiet)
    assert best == groups
    assert {k for k, _ in tried} >= set(range(2, 13))


@pytest.mark.slow
def test_a_large_number_of_groups_is_suggested_exactly(plant):
    best, tried = suggest_k(plant(sizes=(12,) * 37, spread=0.2).vectors.rows, 0, 80, quiet)
    assert abs(best - 37) <= 2  # a k-means start may join two groups
    assert 20 < len(tried) < 45
