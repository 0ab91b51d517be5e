"""The groups: the hierarchy, the table, and the one chosen."""

from functools import partial

import streamlit as st

from core.clusters import service as answers
from core.clusters.icicle import icicle_bars
from core.clusters.selection import selected_cluster
from core.clusters.tree import Node
from core.clusters.tree import hierarchy as tree
from pages.shared import session
from pages.shared.clusters import detail, icicle, pick, table
from pages.shared.clusters.controls import LEVELS, Chosen
from pages.shared.selections import active as selected


def show(chosen: Chosen, made: answers.Overview) -> None:
    if not len(made.table):
        return
    nodes = session.ask(tree, *chosen.where, timeout=600)
    place = _selected_place(chosen, nodes)
    node = nodes[place] if place is not None else None
    left, right = st.columns([3, 4], gap="large")
    with left:
        hierarchy(nodes, chosen, place)
    with right:
        table.table(made, chosen, node)
    if node is not None and (node.level < chosen.params.level and chosen.params.method == "leiden"):
        detail.upper(chosen, node)
    else:
        detail.show(chosen, made, 0 if node is None else node.label)


def _selected_place(chosen: Chosen, nodes: tuple[Node, ...]) -> int | None:
    """The place among the nodes of the group whose rows are selected on all pages, if they are a group here."""
    saved = selected.active_selection(chosen.info)
    if saved is None:
        return None
    found = session.ask(selected_cluster, *chosen.where, saved.key, saved.rows, timeout=600)
    return next((place for place, node in enumerate(nodes) if (node.level, node.label) == found), None)


def hierarchy(nodes: tuple[Node, ...], chosen: Chosen, place: int | None) -> None:
    """The icicle: one click on a node selects its rows on every page, another takes that back."""
    st.markdown(
        "**From broad to fine**" if any(node.parent >= 0 for node in nodes) else "**Sizes**",
        help="Each bar is a group, as high as it has rows; to its right the finer groups within it. Click one to read "
        "about it, to see what lies within it, and to select its rows here, on the Map and in Search; click it again "
        "to clear.",
    )
    leiden = chosen.params.method == "leiden"
    key = "icicle-" + "-".join(str(part) for part in (chosen.info.digest, chosen.model.key, chosen.params))
    icicle.draw(
        icicle_bars(nodes, place),
        LEVELS[: chosen.params.level + 1] if leiden else ("",),
        key=key,
        alt=f"Hierarchy of {len(nodes)} groups, from broad to fine",
        on_click=partial(_clicked, chosen, nodes, place, key),
    )


def _clicked(chosen: Chosen, nodes: tuple[Node, ...], before: int | None, key: str) -> None:
    """A bar was clicked: select its rows; the bar selected before, or one that holds all rows, clears."""
    place = (session.widget_value(key) or {}).get("clicked")
    if not isinstance(place, int) or not 0 <= place < len(nodes):
        return
    whole = sum(node.rows for node in nodes if node.level == nodes[place].level)
    if place == before or nodes[place].rows == whole:
        selected.clear_active()
    else:
        pick.select(chosen, nodes[place].level, nodes[place].label)
