"""Node vectors separate what is planted, equal references, and predict edges where there is something to predict."""

import numpy as np
import pytest

from core.errors import InputError
from core.graphs.link_prediction import BOTH, DEGREES, GRAPH, TEXT, predict_links, split_edges
from core.graphs.spectral import TIME, spectral_vectors
from core.graphs.walks import Bias, Walker, walk_vectors
from core.types import unit_rows
from tests.core.graphs.conftest import as_graph, planted

METHODS = {
    "spectral": lambda graph: spectral_vectors(graph, 16),
    "walks": lambda graph: walk_vectors(graph, 16),
}


@pytest.mark.parametrize("method", METHODS)
def test_two_communities_are_separated_and_seeds_repeat(method):
    graph = planted(80, 2, 0.3, 0.02)
    labels = np.array([int(name) % 2 for name in graph.names])
    rows = METHODS[method](graph)
    assert rows.dtype == np.float32
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    cosines = rows @ rows.T - 2 * np.eye(len(rows))
    nearest = np.argsort(-cosines, axis=1)[:, :5]
    assert (labels[nearest] == labels[:, None]).mean() > 0.95
    assert np.array_equal(rows, METHODS[method](graph))


def test_spectral_equals_a_complete_decomposition(monkeypatch):
    graph = planted(60, 3, 0.4, 0.05, seed=1)
    adjacency = graph.matrix().toarray()
    root = np.sqrt(adjacency.sum(axis=1))
    values, vectors = np.linalg.eigh(adjacency / np.outer(root, root))
    order = np.argsort(-values)[:8]
    expected = unit_rows(vectors[:, order] * values[order] ** TIME)
    monkeypatch.setattr("core.graphs.spectral.DENSE_NODES", 0)
    rows = spectral_vectors(graph, 8)
    assert np.allclose(rows @ rows.T, expected @ expected.T, atol=1e-4)


def test_components_stay_apart_however_many():
    pairs = np.arange(210)
    graph = as_graph(2 * pairs, 2 * pairs + 1)
    rows = spectral_vectors(graph, 32)
    cosines = rows @ rows.T
    same = graph.components[:, None] == graph.components[None, :]
    assert cosines[same].min() > 0.999
    assert np.abs(cosines[~same]).mean() < 0.35
    two = as_graph(np.array([0, 1, 3]), np.array([1, 2, 4]))
    rows = spectral_vectors(two, 8)
    assert np.allclose(rows[two.components == 0] @ rows[two.components == 1].T, 0, atol=1e-6)


def test_walks_follow_weights_directions_and_biases():
    star = as_graph(np.zeros(4, int), np.arange(1, 5))
    walk = Walker(star).walks((0,), 6)
    center = star.names.index("0")
    assert ((walk == center).sum(axis=1) == 3).all()  # every other node
    path = as_graph(np.arange(50), np.arange(1, 51))
    returned = {
        p: (steps[:, 2:] == steps[:, :-2]).mean()
        for p in (0.1, 1.0, 10.0)
        for steps in [Walker(path, Bias(p=p)).walks((0,), 30)]
    }
    assert returned[0.1] > returned[1.0] + 0.2 > returned[10.0] + 0.4
    chain = as_graph(np.array([0]), np.array([1]))
    one_way = type(chain)(**{**vars_of(chain), "is_directed": True})
    walks = Walker(one_way).walks((0,), 3)
    assert sorted(walks.tolist()) == [[0, 1, -1], [1, -1, -1]]


def vars_of(graph) -> dict:
    return {name: getattr(graph, name) for name in graph.__dataclass_fields__}


@pytest.mark.parametrize("method", METHODS)
def test_links_are_predicted_where_there_are_communities(method):
    graph = planted(200, 20, 0.7, 0.002)
    prediction = predict_links(graph, METHODS[method])
    value, low, _ = prediction.intervals
    by_name = dict(zip(prediction.names, zip(value, low, strict=True), strict=True))
    assert by_name[GRAPH][0] > 0.9
    assert by_name[DEGREES][0] < 0.7
    assert prediction.differences[0].is_significant


def test_random_edges_are_not_predicted():
    graph = planted(250, 1, 0.04, 0.04)
    low, high = (float(part[0]) for part in predict_links(graph, METHODS["spectral"]).intervals[1:])
    assert low < 0.56
    assert high > 0.44


def test_the_graph_adds_to_a_text_that_knows_nothing():
    graph = planted(200, 20, 0.7, 0.002)
    text = unit_rows(np.random.default_rng(0).normal(size=(len(graph), 8)))
    prediction = predict_links(graph, METHODS["spectral"], text)
    assert prediction.names == (GRAPH, DEGREES, TEXT, BOTH)
    added = prediction.differences[1]
    assert (added.first, added.second) == (BOTH, TEXT)
    assert added.is_significant
    assert added.interval.value > 0.2
    known = np.eye(20, dtype=np.float32)[[int(name) % 20 for name in graph.names]]
    assert predict_links(graph, METHODS["spectral"], known).differences[1].interval.value < 0.05


def test_held_out_edges_of_two_kinds():
    rng = np.random.default_rng(0)
    user, item = np.nonzero(rng.random((60, 40)) < np.where(np.arange(60)[:, None] % 4 == np.arange(40) % 4, 0.5, 0.02))
    graph = as_graph(user, item, bipartite=True)
    split = split_edges(graph)
    assert (graph.kinds[split.negatives[..., 0]] == 0).all()
    assert (graph.kinds[split.negatives[..., 1]] == 1).all()
    assert (split.train.degrees > 0).all()
    edges = {*zip(graph.sources.tolist(), graph.targets.tolist(), strict=True)}
    edges |= {(two, one) for one, two in edges}
    assert not edges & {tuple(pair) for pair in split.negatives.reshape(-1, 2).tolist()}
    assert predict_links(graph, METHODS["spectral"]).intervals.value[0] > 0.8


def test_graphs_too_small_or_too_dense_to_judge_still_have_vectors():
    tree = as_graph(np.zeros(30, int), np.arange(1, 31))
    with pytest.raises(InputError, match="without isolating a node"):
        split_edges(tree)
    complete = as_graph(*np.triu_indices(12, 1))
    with pytest.raises(InputError, match="all pairs"):
        split_edges(complete)
    for rows in (spectral_vectors(tree, 64), walk_vectors(complete, 8)):
        assert np.isfinite(rows).all()
    assert spectral_vectors(as_graph(np.array([0]), np.array([1])), 32).shape[0] == 2
