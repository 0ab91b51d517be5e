import numpy as np

from core.clusters.methods import ClusterParams, cluster, distinct_graph, duplicate_codes
from core.vectors.communities import GRAPH_K, neighbor_graph
from core.vectors.graph_sample import restrict_graph


def test_restricted_is_a_search_among_the_rows_drawn(scattered):
    rows = np.sort(np.random.default_rng(2).choice(300, 190, replace=False))
    near, scores = restrict_graph(scattered.neighbors.ids, scattered.neighbors.scores, rows, 25)
    part = scattered.vectors.rows[rows]
    cosines = part @ part.T
    np.fill_diagonal(cosines, -2)
    expected = np.argsort(-cosines, axis=1)[:, :25]
    np.testing.assert_array_equal(near, expected)
    np.testing.assert_allclose(scores, np.take_along_axis(cosines, expected, 1), atol=1e-6)


def test_missing_neighbors_are_told_and_repeat_the_farthest_cosine():
    ids = np.array([[1, 2, 3], [0, 2, 3], [3, 0, 1], [2, 1, 0]], np.int32)
    scores = np.array([[0.9, 0.8, 0.7]] * 4, np.float32)
    near, kept = restrict_graph(ids, scores, np.array([0, 3]), GRAPH_K)
    assert near.tolist() == [[1, -1, -1], [0, -1, -1]]
    np.testing.assert_allclose(kept, 0.7)
    alone, nothing = restrict_graph(np.array([[1, -1], [0, -1], [-1, -1]]), scores[:3, :2], np.array([0, 2]), GRAPH_K)
    assert alone.tolist() == [[-1, -1], [-1, -1]]
    assert (nothing == 0).all()


def test_copies_are_linked_by_whatever_way():
    ids = np.array([[1, 2], [2, 0], [1, 3], [2, -1]])
    scores = np.array([[1.0, 0.5], [1.0 - 1e-7, 0.5], [1.0, 0.9], [0.9, 1.0]], np.float32)
    group = duplicate_codes(ids, scores)
    assert group[0] == group[1] == group[2] != group[3]


def test_without_copies_the_graph_is_as_it_was(scattered):
    graph, first, group = distinct_graph(scattered.neighbors.ids, scattered.neighbors.scores)
    assert (graph != neighbor_graph(scattered.neighbors.ids, scattered.neighbors.scores)).nnz == 0
    assert first.tolist() == group.tolist() == list(range(300))


def test_a_text_sent_often_stays_with_its_like(planted, given):
    """Ten copies would have no weight left for any other row, and be a cluster of their own."""
    rows = np.concatenate([planted.vectors.rows, np.repeat(planted.vectors.rows[:1], 10, axis=0)])
    more = given(rows)
    texts = [*planted.texts, *planted.texts[:1] * 10]
    made = cluster(more.vectors, more.neighbors, texts, ClusterParams(level=2))
    alike = planted.truth[:, None] == planted.truth[None, :]
    np.testing.assert_array_equal(alike, made.labels[:180, None] == made.labels[None, :180])
    assert all((level[180:] == level[0]).all() for level in made.levels)
    counts = np.bincount(made.levels[-1])
    assert (np.diff(counts) <= 0).all()  # the copies are counted
    assert counts[made.levels[-1][0]] > 10
