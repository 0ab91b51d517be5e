"""One group: what it is about, its most central and most typical texts, and its rows for other pages."""

from dataclasses import replace
from typing import Any

import pandas as pd
import streamlit as st

from core.clusters import service as answers
from core.clusters.selection import Clicked
from core.clusters.tree import Node
from core.corpus.selections import MAX_NAME_LENGTH
from core.errors import PlanisphereError
from pages.shared import session
from pages.shared.clusters.controls import Chosen
from pages.shared.errors import show_error
from pages.shared.selections import active as selected
from pages.shared.text import count, plain


def show(chosen: Chosen, made: answers.Overview, label: int) -> None:
    told = session.ask(answers.detail, *chosen.where, label)
    st.subheader(plain(told.name), anchor=False)
    st.markdown(_sentence(made, label), help="How the figures are made is told in the heads of the table above.")
    if told.words:
        st.caption("Words: " + ", ".join(plain(word) for word, _ in told.words))
    left, right = st.columns(2)
    with left:
        st.markdown("**Most central**", help="Nearest to the group's center by cosine: what most of its rows say.")
        _as_table(told.central)
    with right:
        st.markdown(
            "**Most its own**",
            help="Nearest to this group's center compared with the next group's: what sets it apart.",
        )
        _as_table(told.typical)
    _use(chosen, told.name, label)


def upper(chosen: Chosen, node: Node) -> None:
    """A group of a broader level than the chosen one."""
    at = chosen.with_params(replace(chosen.params, level=node.level))
    told = session.ask(answers.detail, *at.where, node.label)
    st.subheader(plain(told.name), anchor=False)
    st.caption(f"A broader group of {count(told.rows, 'row')}. Words: " + ", ".join(plain(w) for w, _ in told.words))
    _as_table(told.central)
    _use(at, told.name, node.label)


def _sentence(made: answers.Overview, label: int) -> str:
    row: Any = made.table.loc[label].to_dict()
    parts = [f"{count(int(row['rows']), 'row')} ({row['share']:.1%})"]
    if len(made.table) > 1:
        parts.append(f"{row['inside']:.0%} of its rows' nearest neighbors are in it")
        parts.append(f"nearest group: {plain(row['nearest'])}")
    if made.runs:
        parts.append(f"found again in {int(row['found'])} of {made.runs} resamples")
    if made.models:
        parts.append(f"also a group in {int(row['models'])} of {count(len(made.models), 'other model')}")
    return " · ".join(parts)


def _use(chosen: Chosen, name: str, label: int) -> None:
    """Keep the rows as a selection, which filters on every page can use, or go to them on the map."""
    with st.form("keep_group", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        wanted = st.text_input(
            "Name of the selection",
            name,
            key=f"group_name-{label}-{chosen.params}",
            max_chars=MAX_NAME_LENGTH,
            width=320,
            help="Under this name the rows can be shown on the map and used as a filter on every page.",
        )
        keep = st.form_submit_button("Keep these rows", key="group_save", icon=":material/bookmark_add:")
        look = st.form_submit_button(
            "Show them on the map", key="group_show", icon=":material/scatter_plot:", type="primary"
        )
    if not (keep or look):
        return
    try:
        kept = session.ask(answers.keep_cluster, *chosen.where, (label,), wanted)
        kept = selected.save_active(chosen.info, kept, kept.name if wanted.strip() == name else wanted)
    except PlanisphereError as error:
        show_error(error)
        return
    if look:
        selected.activate(chosen.info, Clicked(kept, new=False))
        st.switch_page("pages/explore/map.py")
    st.toast(f"Kept as {plain(kept.name)}.", icon=":material/check:")


def _as_table(frame: pd.DataFrame) -> None:
    """Texts with their row numbers."""
    st.dataframe(
        frame.assign(row=frame.index + 1)[["row", "text"]],
        hide_index=True,
        width="stretch",
        lazy=False,
        column_config={
            "row": st.column_config.NumberColumn("Row", format="localized", width=60),
            "text": st.column_config.TextColumn("Text", width="large"),
        },
        alt="Texts of the group",
    )
