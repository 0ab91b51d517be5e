"""All clusters: a summary line, the hierarchy, and a table with files."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from math import isnan
from typing import Any

import numpy as np
import streamlit as st

from core.clusters import service
from core.clusters.hierarchy import Node, hierarchy, icicle_bars
from core.clusters.methods import MIN_ROWS
from core.clusters.selection import cluster_of_selection, save_clicked
from core.clusters.service import ClusterOverview
from core.clusters.stability import REAL_JACCARD, STABLE_JACCARD, LevelStability
from core.corpus.export import table_bytes
from core.errors import PlanisphereError
from pages.shared import session
from pages.shared.clusters import detail, icicle, naming
from pages.shared.clusters.controls import LEVELS, ClusterView
from pages.shared.downloads import csv_button
from pages.shared.selections import active
from pages.shared.tables import draw_frame, number, percentage, text
from pages.shared.text import count, format_duration, plain

IDENTICAL = 0.9999  # mean cosine from which all rows of a cluster are the same
COLUMNS: dict[str, Any] = {
    "name": text("Cluster", "Its keywords (class-based TF-IDF), or its edited name.", 165),
    "rows": number("Rows", "localized", width=58),
    "purity": percentage("Purity", "Share of its rows' 15 nearest neighbors in the same cluster.", 68),
    "silhouette": number(
        "Silhouette", "%.2f", "-1 to 1, higher is better: closer to its own cluster than to the next.", 78
    ),
    "recovered": number("Recovered", None, "Resamples with a cluster of a Jaccard index of at least 0.75.", 85),
    "models": number("Other models", None, "Other models with a cluster that shares half of the joint rows.", 100),
    "keywords": text("Keywords", "Its most characteristic terms (class-based TF-IDF)."),
    "share": percentage("Share", "Of all rows."),
    "jaccard": number("Jaccard", "%.2f", "Mean best Jaccard index over resamples (Hennig, 2007): stable from 0.75."),
    "dbcv": number(
        "DBCV", "%.2f", "-1 to 1, higher is better: denser inside than the gap to the next (Moulavi, 2014)."
    ),
    "cohesion": number("Cohesion", "%.2f", "Mean cosine of two rows of the cluster; higher is tighter."),
    "nearest": text("Nearest cluster", "The cluster with the nearest center."),
    "separation": number("Cosine", "%.2f", "Cosine of the two centers; lower is better separated."),
}


def show_summary(overview: ClusterOverview, view: ClusterView) -> None:
    """One line on all clusters, with what each figure means."""
    note = (
        "Over all rows. Neighbor purity: mean share of a row's 15 nearest neighbors that are in the same cluster. "
        "Silhouette (Rousseeuw, 1987): 1 where clusters are far apart, 0 where they touch; texts rarely exceed 0.3. "
        f"Computed in {format_duration(overview.seconds)} with seed {view.params.seed}."
    )
    st.markdown(" · ".join([*_size_parts(overview), *_quality_parts(overview)]), help=note)
    stable = session.ask_stored(service.stored_stability, *view.args[:2])
    if stable and not stable.has_structure and len(overview.table) > 1:
        st.warning(
            "No cluster structure detected: at no resolution are the clusters found again in resamples of the rows "
            f"(mean Jaccard index at most {stable.best:.2f}; real clusters reach {REAL_JACCARD:g}; Hennig, 2007). "
            "The clusters below divide a continuum, and other settings divide it elsewhere.",
            icon=":material/warning:",
        )
    elif stable and len(overview.table) > 1 and view.params == service.ClusterParams(level=stable.level):
        st.caption(_default_reason(stable))
    if overview.not_compared:
        names = ", ".join(map(plain, overview.not_compared))
        st.caption(f"Not compared with {names}: select the model and open this page once to find its clusters.")
    if not len(overview.table):
        message = "All rows are noise. Reduce the minimum cluster size, or use another method."
        st.warning(message, icon=":material/warning:")
    elif len(overview.table) == 1:
        message = "All rows are in one cluster. Increase the resolution, or use another method."
        if overview.table["cohesion"].iloc[0] > IDENTICAL:
            message = "All rows have the same vector under this model."
        if overview.total < MIN_ROWS:
            message = "Too few rows to cluster."
        st.info(message, icon=":material/info:")


def _default_reason(stability: LevelStability) -> str:
    """Why this resolution is the default one, and which one has stable clusters."""
    level, stable = stability.level, stability.stable_level
    value, width = float(stability.jaccard[level]), float(stability.half_width[level])
    interval = f"{value:z.2f}, 95% interval {max(value - width, 0):z.2f} to {min(value + width, 1):z.2f}"
    text = f"Default resolution ({LEVELS[level]}): mean Jaccard index in resamples {interval}."
    if stable is None or stable == level:
        return text
    clusters = count(int(stability.clusters[stable]), "cluster")
    return f"{text} Stable clusters (from {REAL_JACCARD:g}) only at {LEVELS[stable]}: {clusters}."


def _size_parts(overview: ClusterOverview) -> list[str]:
    noise, assigned, total = overview.trust.noise, overview.assigned, overview.total
    parts = [f"**{count(len(overview.table), 'cluster')}** of {total:,} rows"]
    if noise:
        parts.append(f"**{noise:,}** rows ({noise / total:.1%}) are noise")
    if assigned:
        parts.append(f"**{assigned:,}** rows ({assigned / total:.1%}) assigned from noise")
    return [*parts, f"{overview.k} suggested by the silhouette"] if overview.suggested else parts


def _quality_parts(overview: ClusterOverview) -> list[str]:
    parts = []
    if len(overview.table) > 1:
        parts.append(f"neighbor purity **{overview.trust.overall_purity:.1%}**")
        parts.append(f"silhouette **{overview.trust.overall_silhouette:z.2f}**")
    if overview.dbcv_rows and not isnan(overview.dbcv):
        parts.append(f"DBCV **{overview.dbcv:z.2f}** (over {overview.dbcv_rows:,} rows)")
    if overview.runs:
        stable = int((overview.table["jaccard"] >= STABLE_JACCARD).sum())
        parts.append(f"**{stable}** of {len(overview.table)} stable over {overview.runs} resamples")
    return parts


def show_clusters(view: ClusterView, overview: ClusterOverview) -> None:
    """The hierarchy, the table, and the selected cluster."""
    if not len(overview.table):
        return
    nodes = session.ask_stored(hierarchy, *view.args)
    position = _selected_position(view, nodes)
    node = None if position is None else nodes[position]
    left, right = st.columns([2, 3], gap="medium")
    with left:
        _show_hierarchy(nodes, view, position)
    with right:
        _show_table(overview, view, node)
    if node is not None and node.level < view.params.level and view.params.method == "leiden":
        detail.show_parent_cluster(view, node)
    else:
        detail.show_cluster(view, overview, 0 if node is None else node.label)


def _selected_position(view: ClusterView, nodes: tuple[Node, ...]) -> int | None:
    """The index of the node whose rows are selected on all pages, if there is one."""
    saved = active.active_selection(view.info)
    if saved is None:
        return None
    cluster = session.ask(cluster_of_selection, *view.args, saved.key, saved.rows, timeout=600)
    return next((index for index, node in enumerate(nodes) if (node.level, node.label) == cluster), None)


def _show_hierarchy(nodes: tuple[Node, ...], view: ClusterView, position: int | None) -> None:
    """The icicle: a click on a node selects its rows on every page, another click clears."""
    st.markdown(
        "**Hierarchy**" if any(node.parent >= 0 for node in nodes) else "**Sizes**",
        help="Each bar is a cluster, its height is its number of rows; finer clusters within it are to its right. "
        "Click a bar to zoom in, show details, and select its rows on all pages; click it again to clear.",
    )
    key = "icicle-" + "-".join(str(part) for part in (view.info.digest, view.model.key, view.params))
    heads = LEVELS[: view.params.level + 1] if view.params.method == "leiden" else ("",)
    clicked = partial(_bar_clicked, view, nodes, position, key)
    alt = f"Hierarchy of {len(nodes)} clusters, from coarse to fine"
    icicle.draw(icicle_bars(nodes, position), heads, key=key, alt=alt, on_click=clicked)


def _bar_clicked(view: ClusterView, nodes: tuple[Node, ...], previous: int | None, key: str) -> None:
    """Selects the rows of a bar; the bar selected before, or one that holds all rows, clears."""
    position = (session.widget_value(key) or {}).get("clicked")
    if not isinstance(position, int) or not 0 <= position < len(nodes):
        return
    node = nodes[position]
    if position == previous or node.rows == sum(other.rows for other in nodes if other.level == node.level):
        active.clear_active()
    else:
        _select_cluster(view, node.level, node.label)


def _select_cluster(view: ClusterView, level: int, label: int) -> None:
    """Select the rows of a cluster on every page."""
    if view.params.method == "leiden":
        view = view.with_params(replace(view.params, level=level))
    try:
        active.activate(view.info, session.ask(save_clicked, *view.args, label, timeout=600))
    except PlanisphereError as error:
        st.toast(plain(error.message), icon=":material/error:")


def _show_table(overview: ClusterOverview, view: ClusterView, node: Node | None) -> None:
    """The clusters as a table; selecting a row is the same as clicking the cluster's bar."""
    table = overview.table[[name for name in COLUMNS if name in overview.table]]
    in_table = node is not None and (node.level == view.params.level or view.params.method != "leiden")
    line = int(np.flatnonzero(table.index == node.label)[0]) if node is not None and in_table else None
    key = f"groups-{view.info.digest}-{view.model.key}-{view.params}-{line}"
    selection: dict[str, Any] = {
        "on_select": partial(_row_selected, view, tuple(int(label) for label in table.index), key),
        "selection_mode": "single-row",
        "selection_default": {"selection": {"rows": [] if line is None else [line]}},
    }
    height = min(500, 38 + 35 * len(table))
    draw_frame(table, "Clusters with their figures", COLUMNS, key=key, height=height, **selection)
    if overview.models:
        st.caption(f"Compared with {count(len(overview.models), 'other model')}.")
    with st.container(horizontal=True):
        csv_button("Clusters (CSV)", table, "clusters.csv", help="This table.")
        data = partial(_rows_file, session.manager().ask, view.args)
        note = "The whole table with the number and name of each row's cluster."
        csv_button("Rows with clusters (CSV)", data, "rows-with-clusters.csv", note)
        naming.show_names_button(view)


def _row_selected(view: ClusterView, labels: tuple[int, ...], key: str) -> None:
    rows = (session.widget_value(key) or {}).get("selection", {}).get("rows") or []
    if rows and rows[0] < len(labels):
        _select_cluster(view, view.params.level, labels[rows[0]])
    else:
        active.clear_active()


def _rows_file(ask: Callable[..., Any], args: tuple[Any, ...]) -> bytes:
    """Written when the button is clicked, outside the page."""
    return table_bytes(ask(service.rows_table, *args), "csv")
