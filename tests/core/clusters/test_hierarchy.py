"""The bars of the cluster hierarchy."""

import pytest

from core.clusters.hierarchy import Node, icicle_bars

#         level label parent name rows start
NODES = (
    Node(0, 0, -1, "all", 100, 0),
    Node(1, 0, 0, "large <b>", 75, 0),
    Node(1, 1, 0, "small", 25, 75),
    Node(2, 0, 1, "inner", 75, 0),
    Node(2, 1, 2, "leaf", 25, 75),
)


def spans(selected=None):
    return {bar.node: (bar.top, bar.height) for bar in icicle_bars(NODES, selected)}


def test_bars_are_as_high_as_they_have_rows():
    assert spans() == {0: (0, 1), 1: (0, 0.75), 2: (0.75, 0.25), 3: (0, 0.75), 4: (0.75, 0.25)}


def test_the_icicle_is_drawn_to_the_rows_of_the_selected_node_or_of_the_node_above():
    assert spans(2) == {0: (0, 1), 2: (0, 1), 4: (0, 1)}
    assert spans(4) == {0: (0, 1), 2: (0, 1), 4: (0, 1)}
    assert [bar.node for bar in icicle_bars(NODES, 2) if bar.selected] == [2]
    assert spans(0) == spans()


def test_names_are_plain_text_with_rows_and_share_in_the_title():
    bar = icicle_bars(NODES)[1]
    assert bar.name == "large <b>"
    assert "75 rows (75.0%)" in bar.title


def test_children_have_the_color_of_their_parent_and_a_readable_ink():
    bars = icicle_bars([Node(0, i, -1, "a", 10, 10 * i) for i in range(6)] + [Node(1, 0, 4, "b", 10, 40)])
    assert bars[6].color == bars[4].color
    assert len({bar.color for bar in bars}) == 6
    assert {bar.ink for bar in bars} == {"#ffffff", "#000000"}


@pytest.mark.parametrize("count", [0, 1])
def test_no_and_one_cluster(count):
    bars = icicle_bars(NODES[:count], 0 if count else None)
    assert [(bar.top, bar.height) for bar in bars] == [(0, 1)] * count
