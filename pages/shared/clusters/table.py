"""The groups as a table, and their files."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import streamlit as st

from core.clusters import service as answers
from core.clusters.tree import Node
from core.corpus.export import table_bytes
from pages.shared import session
from pages.shared.clusters import naming, pick
from pages.shared.clusters.controls import Chosen
from pages.shared.downloads import csv_button
from pages.shared.selections import active as selected

COLUMNS: dict[str, Any] = {
    "name": st.column_config.TextColumn("Group", help="Its words by class-based TF-IDF, or the name given to it."),
    "rows": st.column_config.NumberColumn("Rows", format="localized", width=60),
    "inside": st.column_config.NumberColumn(
        "Inside", format="percent", width=75, help="Of its rows' 15 nearest neighbors, the share in the same group."
    ),
    "silhouette": st.column_config.NumberColumn(
        "Silhouette", format="%.2f", width=85, help="-1 to 1, higher is better: nearer to its own group than to the "
        "next (cosine)."
    ),
    "found": st.column_config.NumberColumn(
        "Found again", width=95, help="In how many resamples of the rows a group with a Jaccard index of at least 0.75 "
        "was found."
    ),
    "models": st.column_config.NumberColumn(
        "Other models", width=105, help="Other embedding models whose grouping has a group with half of the joint rows "
        "in common."
    ),
    "words": st.column_config.TextColumn("Words", help="What its rows say more than others, most telling first."),
    "share": st.column_config.NumberColumn("Share", format="percent", help="Of all rows."),
    "jaccard": st.column_config.NumberColumn(
        "Jaccard", format="%.2f", help="Mean best Jaccard index over resamples (Hennig, 2007): below 0.5 dissolved, "
        "from 0.75 stable, from 0.85 very stable."
    ),
    "dbcv": st.column_config.NumberColumn(
        "DBCV", format="%.2f", help="-1 to 1, higher is better: denser inside than the gap to the next group "
        "(Moulavi and others, 2014), in the five dimensions that were grouped, before noise was put into groups."
    ),
    "cohesion": st.column_config.NumberColumn(
        "Cohesion", format="%.2f", help="Mean cosine of two rows of the group; higher is tighter."
    ),
    "nearest": st.column_config.TextColumn("Nearest group", help="The group whose center is nearest."),
    "separation": st.column_config.NumberColumn(
        "Its cosine", format="%.2f", help="Cosine of the two centers; lower is more apart."
    ),
}  # fmt: skip


def table(made: answers.Overview, chosen: Chosen, node: Node | None) -> None:
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
        csv_button("Groups (CSV)", shown, "groups.csv", help="This table.")
        csv_button(
            "Rows with their group (CSV)",
            partial(_rows_file, session.manager().ask, chosen.where),
            "rows-with-groups.csv",
            help="The whole table with the number and name of each row's group.",
        )
        naming.show(chosen.info, chosen.model, chosen.params)


def _lined(chosen: Chosen, labels: tuple[int, ...], key: str) -> None:
    """A line of the table was chosen, or no longer is."""
    rows = (session.widget_value(key) or {}).get("selection", {}).get("rows") or []
    if rows and rows[0] < len(labels):
        pick.select(chosen, chosen.params.level, labels[rows[0]])
    else:
        selected.clear_active()


def _rows_file(ask: Callable[..., Any], where: tuple[Any, ...]) -> bytes:
    """Made when it is clicked, outside of the page."""
    return table_bytes(ask(answers.rows_table, *where), "csv")
