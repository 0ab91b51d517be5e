"""Tables and columns as graphs: what is joined, summed, left out and counted."""

import numpy as np
import pandas as pd
import pytest

from core.errors import InputError
from core.graphs.edges import ROW_NUMBER, EdgeColumns, read_edges


def edges_of(graph) -> set[tuple[str, str, float]]:
    names = graph.names
    return {(names[s], names[t], float(w)) for s, t, w in zip(graph.sources, graph.targets, graph.weights, strict=True)}


def test_equal_edges_are_summed_and_the_rest_is_counted(papers):
    table = pd.DataFrame({
        "from": ["a", "b", "a", "c", "d", None, "e", "a"], "to": ["b", "a", "b", "c", "a", "a", "a", "e"],
        "w": ["1", "2", "0.5", "1", "no", "1", "-1", "4"], "how": ["x", "x", "y", "x", "x", "x", "x", None],
    })  # fmt: skip
    graph = read_edges(table, papers, EdgeColumns("from", "to", "w", "how"))
    assert set(graph.names) == {"a", "b", "e"}
    assert {(frozenset(edge[:2]), edge[2]) for edge in edges_of(graph)} == {
        (frozenset("ab"), 3.5), (frozenset("ae"), 4.0),
    }  # fmt: skip
    notes = " ".join(graph.notes)
    for part in ('above 0 in "w": 2', "source or a target: 1", "to itself: 1", "repeat a pair: 2", "another node: 1"):
        assert part in notes, (part, notes)
    assert graph.relation_names == ("x", "y")
    assert graph.relations[graph.names.index("a")].tolist() == [2, 1]
    directed = read_edges(table, papers, EdgeColumns("from", "to", "w", directed=True))
    assert edges_of(directed) == {("a", "b", 1.5), ("b", "a", 2.0), ("a", "e", 4.0)}


def test_names_are_joined_with_rows(papers):
    table = pd.DataFrame({"source": ["d0", "d1", "d9", "d0"], "target": ["d1", "d2", "d1", "d8"]})
    inside = read_edges(table, papers, EdgeColumns("source", "target", key="id", outside=False))
    assert inside.names == ("d0", "d1", "d2")
    assert inside.rows.tolist() == [0, 1, 2]
    assert inside.unconnected_rows == 3
    assert any("2, such as d9, d8; their edges are left out" in note for note in inside.notes)
    outside = read_edges(table, papers, EdgeColumns("source", "target", key="id"))
    assert outside.rows[[outside.names.index(name) for name in ("d9", "d2")]].tolist() == [-1, 2]
    assert [outside.kind_names[kind] for kind in outside.kinds[outside.rows < 0]] == ["other"] * 2
    numbers = read_edges(
        pd.DataFrame({"a": [1, 2, np.nan], "b": [2, 6, 3]}), papers, EdgeColumns("a", "b", key=ROW_NUMBER)
    )
    assert numbers.rows.tolist() == [0, 1, 5]


def test_two_kinds_do_not_share_names(papers):
    table = pd.DataFrame({"user": ["1", "2", "d0"], "item": ["d0", "1", "d1"]})
    graph = read_edges(table, papers, EdgeColumns("user", "item", key="id", bipartite=True, outside=True))
    assert len(graph) == 6
    assert graph.kind_names == ("user", "item")
    assert graph.is_bipartite
    rows = {(graph.kind_names[k], name): row for k, name, row in zip(graph.kinds, graph.names, graph.rows, strict=True)}
    assert rows[("user", "d0")] == -1
    assert rows[("item", "d0")] == 0
    assert rows[("item", "1")] == -1


def test_a_column_names_rows_or_shared_values(papers):
    cites = read_edges(papers.table, papers, EdgeColumns("", "cites", key="id", outside=False))
    named = {(one, other) for one, other, _ in edges_of(cites)}
    assert {frozenset(pair) for pair in named} == {
        frozenset(pair) for pair in [("d0", "d1"), ("d0", "d2"), ("d1", "d2"), ("d0", "d5")]
    }
    topics = read_edges(papers.table, papers, EdgeColumns("", "topic"))
    assert topics.kind_names == ("row", "topic")
    assert topics.unconnected_rows == 1
    assert sorted(topics.names) == ["a", "b", "row 1", "row 2", "row 3", "row 4", "row 6"]


@pytest.mark.parametrize(
    ("table", "columns", "message"),
    [
        ({"a": [], "b": []}, ("a", "b"), "no rows"),
        ({"a": ["x"], "b": ["x"]}, ("a", "b"), "No edge between two nodes"),
        ({"a": ["x"], "b": ["y"]}, ("a", "a"), "same column"),
        ({"a": ["x"], "b": ["y"]}, ("a", "c"), 'no column "c"'),
        ({"a": [None], "b": ["y"]}, ("a", "b"), "without a source or a target: 1"),
    ],
)
def test_what_is_no_graph_is_explained(papers, table, columns, message):
    with pytest.raises(InputError, match=message):
        read_edges(pd.DataFrame(table), papers, EdgeColumns(*columns))
