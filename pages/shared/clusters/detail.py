"""One cluster: keywords, representative and distinctive texts, and saving its rows as a selection."""

from dataclasses import replace
from typing import Any

import pandas as pd
import streamlit as st

from core.clusters.hierarchy import Node
from core.clusters.selection import ClickedCluster, save_cluster_selection
from core.clusters.service import ClusterDetail, ClusterOverview, cluster_detail
from core.corpus.selections import MAX_NAME_LENGTH
from core.errors import PlanisphereError
from pages.shared import session
from pages.shared.clusters.controls import ClusterView
from pages.shared.messages import show_error
from pages.shared.selections import active
from pages.shared.tables import ROW_COLUMN, show_table, text
from pages.shared.text import count, plain

TEXT_COLUMNS: dict[str, Any] = {
    "row": ROW_COLUMN,
    "text": text("Text", width="large"),
}


def show_cluster(view: ClusterView, overview: ClusterOverview, label: int) -> None:
    """A cluster of the shown level."""
    detail = session.ask_stored(cluster_detail, *view.args, label)
    st.subheader(plain(detail.name), anchor=False)
    st.markdown(_figures(overview, label), help="The column headers of the table above explain these figures.")
    if detail.keywords:
        st.caption(_keywords(detail))
    left, right = st.columns(2)
    with left:
        st.markdown("**Most representative**", help="Highest cosine to the center of this cluster.")
        _show_texts(detail.representative)
    with right:
        note = "Highest cosine to the center of this cluster minus the cosine to the nearest other center."
        st.markdown("**Most distinctive**", help=note)
        _show_texts(detail.distinctive)
    _show_selection_form(view, detail.name, label)


def show_parent_cluster(view: ClusterView, node: Node) -> None:
    """A cluster of a coarser level than the shown one."""
    parent = view.with_params(replace(view.params, level=node.level))
    detail = session.ask_stored(cluster_detail, *parent.args, node.label)
    st.subheader(plain(detail.name), anchor=False)
    st.caption(f"A broader cluster of {count(detail.rows, 'row')}. {_keywords(detail)}")
    _show_texts(detail.representative)
    _show_selection_form(parent, detail.name, node.label)


def _keywords(detail: ClusterDetail) -> str:
    return "Keywords: " + ", ".join(plain(term) for term, _ in detail.keywords)


def _figures(overview: ClusterOverview, label: int) -> str:
    row: Any = overview.table.loc[label].to_dict()
    parts = [f"{count(int(row['rows']), 'row')} ({row['share']:.1%})"]
    if len(overview.table) > 1:
        parts += [f"neighbor purity {row['purity']:.1%}", f"nearest cluster: {plain(row['nearest'])}"]
    if overview.runs:
        parts.append(f"recovered in {int(row['recovered'])} of {overview.runs} resamples")
    if overview.models:
        parts.append(f"also found by {int(row['models'])} of {count(len(overview.models), 'other model')}")
    return " · ".join(parts)


def _show_selection_form(view: ClusterView, name: str, label: int) -> None:
    """Save the rows as a selection, which filters on every page can use, or show them on the map."""
    with st.form("keep_group", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        key, note = f"group_name-{label}-{view.params}", "Filters on every page can use the selection by this name."
        new_name = st.text_input("Selection name", name, MAX_NAME_LENGTH, key=key, width=320, help=note)
        save = st.form_submit_button("Save selection", key="group_save", icon=":material/bookmark_add:")
        options: dict[str, Any] = {"key": "group_show", "icon": ":material/scatter_plot:", "type": "primary"}
        show = st.form_submit_button("Show on the map", **options)
    if not (save or show):
        return
    try:
        saved = session.ask(save_cluster_selection, *view.args, (label,), new_name)
        saved = active.save_active(view.info, saved, saved.name if new_name.strip() == name else new_name)
    except PlanisphereError as error:
        show_error(error)
        return
    if show:
        active.activate(view.info, ClickedCluster(saved, is_new=False))
        st.switch_page("pages/explore/map.py", query_params={})  # without it, Streamlit refuses in links with `fine`
    st.toast(f"Saved as {plain(saved.name)}.", icon=":material/check:")


def _show_texts(texts: pd.DataFrame) -> None:
    show_table(texts.assign(row=texts.index + 1)[["row", "text"]], "Texts of the cluster", TEXT_COLUMNS)
