"""The groups: figures on all of them, the hierarchy, the table, and the one chosen."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from math import isnan
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from core.answers import cluster_page as answers
from core.answers.cluster_selection import select_cluster, selected_cluster
from core.charts.clusters import icicle_figure
from core.clusters.methods import FEWEST
from core.clusters.stability import FOUND as STABLE
from core.errors import PlanisphereError
from core.export import table_bytes
from pages.shared import clusters_detail, clusters_naming, selected, session
from pages.shared.clusters_controls import Chosen
from pages.shared.text import count, duration, plain

COLUMNS: dict[str, Any] = {
    "name": st.column_config.TextColumn("Group", help="Its words by class-based TF-IDF, or the name given to it."),
    "rows": st.column_config.NumberColumn("Rows", format="localized"),
    "share": st.column_config.NumberColumn("Share", format="percent", help="Of all rows."),
    "words": st.column_config.TextColumn("Words", help="What its rows say more than others, most telling first."),
    "found": st.column_config.NumberColumn(
        "Found again", help="In how many resamples of the rows a group with a Jaccard index of at least 0.75 was found."
    ),
    "jaccard": st.column_config.NumberColumn(
        "Jaccard", format="%.2f", help="Mean best Jaccard index over resamples (Hennig, 2007): below 0.5 dissolved, "
        "from "
        ""
        "0.75 stable, from 0.85 very stable."
    ),
    "models": st.column_config.NumberColumn(
        "Other models", help="Other embedding models whose grouping has a group with half of the joint rows in common."
    ),
    "inside": st.column_config.NumberColumn(
        "Neighbors inside", format="percent", help="Of its rows' 15 nearest neighbors, the share in the same group."
    ),
    "silhouette": st.column_config.NumberColumn(
        "Silhouette", format="%.2f", help="-1 to 1, higher is better: nearer to its own group than to the next "
        "(cosine)."
    ),
    "dbcv": st.column_config.NumberColumn(
        "DBCV", format="%.2f", help="-1 to 1, higher is better: denser inside than the gap to the next group "
        "(Moulavi and "
        "others, 2014), in the five dimensions that were grouped, before noise was put into groups."
    ),
    "cohesion": st.column_config.NumberColumn(
        "Cohesion", format="%.2f", help="Mean cosine of two rows of the group; higher is tighter."
    ),
    "nearest": st.column_config.TextColumn("Nearest group", help="The group whose center is nearest."),
    "separation": st.column_config.NumberColumn(
        "Its cosine", format="%.2f", help="Cosine of the two centers; lower is more apart."
    ),
}  # fmt: skip


def figures(made: answers.Overview, chosen: Chosen) -> None:
    """One line on all groups, with what each figure means."""
    st.markdown(
        " · ".join([*_rows_line(made), *_trust_line(made)]),
        help="Neighbors inside: of each row's 15 nearest rows, the share that is in the same group. Silhouette "
        "(Rousseeuw, 1987): 1 where every row is far nearer to its own group than to the next, 0 where groups touch; "
        "texts of one corpus rarely exceed 0.3. Both are measured in the model's own space, on all rows, never on the "
        f"map. Found in {duration(made.seconds)} with seed {chosen.params.seed}.",
    )
    if not len(made.table):
        st.warning(
            "No region is dense enough to be a group: all rows are noise. Choose a smaller smallest group, or another "
            "method.",
            icon=":material/warning:",
        )
    elif len(made.table) == 1:
        few = "With so few rows there is nothing to group."
        more = "All rows are in one group. Choose finer groups, or another method."
        st.info(few if made.total < FEWEST else more, icon=":material/info:")


def _rows_line(made: answers.Overview) -> list[str]:
    noise, assigned = made.trust.noise, made.assigned
    parts = [f"**{count(len(made.table), 'group')}** of {made.total:,} rows"]
    if noise:
        parts.append(f"**{noise:,}** rows ({noise / made.total:.1%}) in none")
    if assigned:
        parts.append(f"**{assigned:,}** rows ({assigned / made.total:.1%}) put there from noise")
    if made.suggested:
        parts.append(f"{made.k} suggested by the silhouette")
    return parts


def _trust_line(made: answers.Overview) -> list[str]:
    parts = []
    if len(made.table) > 1:
        parts.append(f"neighbors inside **{made.trust.overall_inside:.1%}**")
        parts.append(f"silhouette **{made.trust.overall_silhouette:.2f}**")
    if made.looked and not isnan(made.dbcv):
        parts.append(f"DBCV **{made.dbcv:.2f}** ({made.looked:,} rows looked at)")
    if made.runs:
        stable = int((made.table["jaccard"] >= STABLE).sum())
        parts.append(f"**{stable}** of {len(made.table)} stable over {made.runs} resamples")
    return parts


def show(chosen: Chosen, made: answers.Overview) -> None:
    if not len(made.table):
        return
    nodes = session.ask(answers.hierarchy, *chosen.where, timeout=600)
    place = _selected_place(chosen, nodes)
    node = nodes[place] if place is not None else None
    left, right = st.columns([3, 4], gap="large")
    with left:
        hierarchy(nodes, chosen, place)
    with right:
        table(made, chosen, node)
    if node is not None and (node.level < chosen.params.level and chosen.params.method == "leiden"):
        clusters_detail.upper(chosen, node)
    else:
        clusters_detail.show(chosen, made, 0 if node is None else node.label)


def _selected_place(chosen: Chosen, nodes: tuple[answers.Node, ...]) -> int | None:
    """The place among the nodes of the group whose rows are selected on all pages, if they are a group here."""
    saved = selected.current(chosen.info)
    if saved is None:
        return None
    found = session.ask(selected_cluster, *chosen.where, saved.key, saved.rows, timeout=600)
    return next((place for place, node in enumerate(nodes) if (node.level, node.label) == found), None)


def hierarchy(nodes: tuple[answers.Node, ...], chosen: Chosen, place: int | None) -> None:
    """The icicle: one click on a node selects its rows on every page, another takes that back."""
    st.markdown(
        "**From broad to fine**" if any(node.parent >= 0 for node in nodes) else "**Sizes**",
        help="Each bar is a group, as high as it has rows; to its right the finer groups within it. Click one to read "
        "about it, to see what lies within it, and to select its rows here, on the Map and in Search; click it again "
        "to clear.",
    )
    # the key tells what is selected: the chart then begins anew, and a second click on the same bar is told, too
    key = "icicle-" + "-".join(str(part) for part in (chosen.info.digest, chosen.model.key, chosen.params, place))
    st.plotly_chart(
        icicle_figure(nodes, session.theme(), chosen=place),
        key=key,
        on_select=partial(_clicked, chosen, nodes, place, key),
        selection_mode="points",
        config={"displayModeBar": False},
        alt=f"Hierarchy of {len(nodes)} groups, from broad to fine",
    )


def _clicked(chosen: Chosen, nodes: tuple[answers.Node, ...], before: int | None, key: str) -> None:
    """A bar was clicked: select its rows; the bar selected before, or one that holds all rows, clears."""
    points = (session.widget_value(key) or {}).get("selection", {}).get("points") or [{}]
    place = points[0].get("point_index")
    if not isinstance(place, int) or not 0 <= place < len(nodes):
        return
    whole = sum(node.rows for node in nodes if node.level == nodes[place].level)
    if place == before or nodes[place].rows == whole:
        selected.end()
    else:
        _select(chosen, nodes[place].level, nodes[place].label)


def _select(chosen: Chosen, level: int, label: int) -> None:
    where = chosen.with_params(replace(chosen.params, level=level)) if chosen.params.method == "leiden" else chosen
    try:
        selected.take(chosen.info, session.ask(select_cluster, *where.where, label, timeout=600))
    except PlanisphereError as error:
        st.toast(plain(error.message), icon=":material/error:")


def table(made: answers.Overview, chosen: Chosen, node: answers.Node | None) -> None:
    """The groups as a table; to choose a line is to click on the group's bar."""
    shown = made.table[[name for name in COLUMNS if name in made.table]]
    lowest = node is not None and (node.level == chosen.params.level or chosen.params.method != "leiden")
    line = int(np.flatnonzero(shown.index == node.label)[0]) if node is not None and lowest else None
    chosen_line: Any = {"selection": {"rows": [] if line is None else [line]}}
    key = f"groups-{chosen.info.digest}-{chosen.model.key}-{chosen.params}-{line}"
    st.dataframe(
        shown,
        hide_index=True,
        width="stretch",
        height=min(500, 38 + 35 * len(shown)),
        column_config=COLUMNS,
        on_select=partial(_lined, chosen, tuple(int(label) for label in shown.index), key),
        selection_mode="single-row",
        selection_default=chosen_line,
        key=key,
        alt="The groups with their figures",
    )
    if made.models:
        st.caption(f"Other models looked at: {len(made.models)}.")
    with st.container(horizontal=True):
        st.download_button(
            "Groups (CSV)",
            lambda: table_bytes(shown, "csv"),
            "groups.csv",
            "text/csv",
            icon=":material/download:",
            on_click="ignore",
            help="This table.",
        )
        st.download_button(
            "Rows with their group (CSV)",
            partial(_rows_file, session.manager().ask, chosen.where),
            "rows-with-groups.csv",
            "text/csv",
            icon=":material/download:",
            on_click="ignore",
            help="The whole table with the number and name of each row's group.",
        )
        clusters_naming.show(chosen.info, chosen.model, chosen.params)


def _lined(chosen: Chosen, labels: tuple[int, ...], key: str) -> None:
    """A line of the table was chosen, or no longer is."""
    rows = (session.widget_value(key) or {}).get("selection", {}).get("rows") or []
    if rows and rows[0] < len(labels):
        _select(chosen, chosen.params.level, labels[rows[0]])
    else:
        selected.end()


def _rows_file(ask: Callable[..., Any], where: tuple[Any, ...]) -> bytes:
    """Made when it is clicked, outside of the page."""
    return table_bytes(ask(answers.rows_table, *where), "csv")


def as_table(frame: pd.DataFrame) -> None:
    """Texts with their row numbers."""
    st.dataframe(
        frame.assign(row=frame.index + 1)[["row", "text"]],
        hide_index=True,
        width="stretch",
        lazy=False,
        column_config={
            "row": st.column_config.NumberColumn("Row", width="small"),
            "text": st.column_config.TextColumn("Text"),
        },
        alt="Texts of the group",
    )
