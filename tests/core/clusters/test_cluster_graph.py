from itertools import pairwise

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from core.vectors.communities import (
    RESOLUTIONS,
    by_size,
    content_order,
    fuzzy_weights,
    leiden_communities,
    neighbor_graph,
    nested_communities,
)
from core.vectors.umap import fuzzy_graph


def same_groups(first: np.ndarray, second: np.ndarray) -> bool:
    pairs = len(set(zip(first.tolist(), second.tolist(), strict=True)))
    return pairs == len(set(first.tolist())) == len(set(second.tolist()))


@pytest.mark.slow
def test_weights_are_umaps_and_sum_to_log2_k(scattered):
    from umap.umap_ import compute_membership_strengths, smooth_knn_dist

    k = 25
    scores, ids = scattered.neighbors.scores[:, :k], scattered.neighbors.ids[:, :k]
    made = fuzzy_weights(scores)
    np.testing.assert_allclose(made.sum(axis=1), np.log2(k), rtol=1e-4)
    # umap-learn counts the row itself: its first column, which has no weight, and one more in its own log2
    own = np.arange(len(ids), dtype=np.int32)[:, None]
    distances = np.hstack([np.zeros((len(ids), 1)), 1 - scores]).astype(np.float32)
    sigmas, rhos = smooth_knn_dist(distances, float(k))
    expected = compute_membership_strengths(np.hstack([own, ids]), distances, sigmas, rhos)[2]
    np.testing.assert_allclose(made, expected.reshape(-1, k + 1)[:, 1:], atol=2e-3)


@pytest.mark.slow
def test_the_graph_is_umaps_but_for_the_row_itself(scattered):
    ours = neighbor_graph(scattered.neighbors.ids, scattered.neighbors.scores, 25)
    theirs = fuzzy_graph(scattered.neighbors, 26, np.random.RandomState(0))  # sums to log2(26) where ours is log2(25)
    difference = np.abs((ours - theirs).toarray())
    assert difference.max() < 0.05
    assert difference[ours.toarray() > 0].mean() > 1e-4  # so the bound above is no matter of course


def test_falling_cosines_give_falling_weights_and_the_nearest_counts_whole():
    weights = fuzzy_weights(np.array([[0.9, 0.8, 0.5, 0.1], [0.3, 0.3, 0.2, -0.9]], np.float32))
    assert (np.diff(weights, axis=1) <= 0).all()
    np.testing.assert_allclose(weights[:, 0], 1)
    assert np.isfinite(fuzzy_weights(np.ones((3, 5), np.float32))).all()


def test_union_of_both_directions():
    ids = np.array([[1, 2], [0, 2], [3, 1], [2, -1]])
    scores = np.array([[0.9, 0.6], [0.9, 0.7], [0.8, 0.7], [0.8, 0.8]], np.float32)
    weights, directed = fuzzy_weights(scores), np.zeros((4, 4))
    for row, near in enumerate(ids):
        for place, other in enumerate(near):
            if other >= 0:
                directed[row, other] = weights[row, place]
    expected = directed + directed.T - directed * directed.T
    made = neighbor_graph(ids, scores)
    np.testing.assert_allclose(made.toarray(), expected, atol=1e-7)
    assert (made != made.T).nnz == 0
    assert neighbor_graph(ids, scores, 1).nnz == 4  # 0-1 and 2-3, both ways


def test_planted_groups_are_found_again_by_every_seed(planted):
    graph = neighbor_graph(planted.neighbors.ids, planted.neighbors.scores)
    for seed in range(5):
        found = leiden_communities(graph, 1.0, seed)
        assert same_groups(found, planted.truth)
        np.testing.assert_array_equal(found, leiden_communities(graph, 1.0, seed))
    assert np.bincount(found).tolist() == [60, 50, 40, 30]
    assert found.dtype == np.int32


def test_a_higher_resolution_gives_more(scattered):
    graph = neighbor_graph(scattered.neighbors.ids, scattered.neighbors.scores)
    counts = [int(leiden_communities(graph, resolution).max()) + 1 for resolution in RESOLUTIONS]
    assert counts == sorted(counts)
    assert counts[0] < counts[3] < counts[-1]


def test_rows_without_neighbors_are_alone():
    graph = csr_matrix(([1.0, 1.0], ([1, 3], [3, 1])), shape=(5, 5))
    assert leiden_communities(graph, 1.0).tolist() == [1, 0, 2, 0, 3]
    assert leiden_communities(csr_matrix((4, 4)), 1.0).tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("seed", [0, 7])
def test_levels_are_nested_and_grow(scattered, seed):
    graph = neighbor_graph(scattered.neighbors.ids, scattered.neighbors.scores)
    found = nested_communities(graph, np.random.default_rng(1).permutation(300), seed)
    assert found.shape == (len(RESOLUTIONS), 300)
    for coarse, fine in pairwise(found):
        assert len(set(zip(coarse.tolist(), fine.tolist(), strict=True))) == fine.max() + 1
        sizes = np.bincount(fine)
        assert (np.diff(sizes) <= 0).all()
    assert found[0].max() < found[3].max() < found[-1].max()


def test_shuffled_rows_give_the_same_levels(plant, given):
    whole = plant((30,) * 12, dims=8, spread=0.5)
    shuffle = np.random.default_rng(5).permutation(len(whole.truth))
    other = given(whole.vectors.rows[shuffle])
    first = nested_communities(neighbor_graph(whole.neighbors.ids, whole.neighbors.scores), content_order(whole.texts))
    texts = [whole.texts[row] for row in shuffle]
    second = nested_communities(neighbor_graph(other.neighbors.ids, other.neighbors.scores), content_order(texts))
    for one, two in zip(first, second, strict=True):
        assert same_groups(one[shuffle], two)


def test_by_size_numbers_from_the_largest_and_leaves_noise():
    assert by_size(np.array([7, -1, 3, 3, 9, 7, 3, -1, 9])).tolist() == [1, -1, 0, 0, 2, 1, 0, -1, 2]
    assert by_size(np.array([-1, -1])).tolist() == [-1, -1]
    assert by_size(np.array([], dtype=np.int32)).tolist() == []


def test_the_order_is_of_the_content():
    texts = [f"some words {row}" for row in range(50)] + ["", "你好"]
    shuffle = np.random.default_rng(0).permutation(len(texts))
    first = [texts[row] for row in content_order(texts)]
    shuffled = [texts[row] for row in shuffle]
    assert first == [shuffled[row] for row in content_order(shuffled)]
    assert first != sorted(texts)
