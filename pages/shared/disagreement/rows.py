"""Rows ranked by how much the contenders disagree on their neighbors."""

import re
from functools import partial
from typing import Any

import streamlit as st

from core.disagreement import rows as answers
from core.disagreement.rows import Alone, RowQuery, RowTable
from core.disagreement.service import Asked
from core.map.disagreement_colors import link_text
from core.store import CorpusInfo
from pages.shared import session
from pages.shared.disagreement import controls as choice
from pages.shared.disagreement import row
from pages.shared.downloads import csv_button
from pages.shared.map import settings
from pages.shared.outliers import save as keep
from pages.shared.text import count, cut

ANY = ""
ALONE: dict[Alone, str] = {
    "all": "any",
    "only": "stands alone under all",
    "without": "not alone under all",
}


def show(asked: Asked, info: CorpusInfo) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        between = choice.pair(asked)
        k = choice.depth(asked)
        query = _filters(between, k)
    seen = session.ask_once(answers.row_table, between, query)
    st.markdown(_headline(between, query, seen))
    if not seen.total:
        st.info("No row passes these filters: take some away.", icon=":material/filter_alt_off:")
        return
    chosen = _table(seen, k, choice.label_name(info))
    with st.container(horizontal=True, vertical_alignment="center"):
        _tools(between, query, seen, info)
    st.caption(
        f"Disagreement is 1 less the Jaccard overlap of the {k} nearest texts under two contenders"
        f"{', the mean over all pairs' if len(between.contenders) > 2 else ''}; 100%: no neighbor in common. Rows of "
        "the same overlap are in order of their rank-biased overlap down to the last kept neighbor. Copies of a text "
        "count as one, and never as disagreement."
    )
    if chosen is None:
        st.info("Choose a row at the left edge of the list to see its neighbors side by side.",
                icon=":material/ads_click:")  # fmt: skip
        return
    row.show(between, info, chosen, k)


def _headline(asked: Asked, query: RowQuery, seen: RowTable) -> str:
    rows = count(seen.total, "row") if seen.total == seen.rows else f"{seen.total:,} of {count(seen.rows, 'row')}"
    if not seen.total:
        return f"**0 of {count(seen.rows, 'row')}**"
    alone = f" Standing alone under all: {count(seen.alone, 'row')}." if seen.alone else ""
    return (
        f"**{rows}**, those that {choice.who(asked)} disagree on most first. Mean disagreement on the "
        f"{query.k} nearest texts: **{seen.mean:.0%}**.{alone}"
    )


def _filters(asked: Asked, k: int) -> RowQuery:
    """The popover that narrows the list."""
    known = session.ask(answers.choices, asked, timeout=600)  # names of groups change, so it is not kept
    with st.popover("Filter", icon=":material/filter_alt:", help="Only rows with a label, of a group, of a length."):
        columns = dict(known.columns)
        column = _one("Column", list(columns), "disagree_column", "A column whose values choose the rows.")
        values: list[str] = []
        if column:
            session.drop_unknown_values("disagree_values", list(columns[column]))
            values = st.multiselect(
                "Values", list(columns[column]), key="disagree_values", placeholder="any",
                help="Rows with any of these values; the 200 most frequent are offered.",
            )  # fmt: skip
        group = _one("Group", list(known.groups), "disagree_group", "A group of the Clusters page.")
        low = _words("At least so many words", "disagree_low", known.longest)
        high = _words("At most so many words", "disagree_high", known.longest)
        alone = st.selectbox(
            "Standing alone",
            list(ALONE),
            key="disagree_alone",
            format_func=lambda each: ALONE[each],
            persist_state="session",
            help="A row stands alone under all contenders where it is among the 5% of the rows that are farthest from "
            "their 10 nearest other texts under each of them: then they agree, though its neighbors differ.",
        )
    return RowQuery(k, column, tuple(values), group, (low, high), alone)


def _one(label: str, options: list[str], key: str, help_: str) -> str:
    if session.widget_value(key, ANY) not in options:
        session.set_widget(key, ANY)
    chosen = st.selectbox(
        label, [ANY, *options], key=key, format_func=lambda each: cut(each, 60) if each else "any", help=help_,
        disabled=not options,
    )  # fmt: skip
    return str(chosen or "")


def _words(label: str, key: str, longest: int) -> int | None:
    found = st.number_input(
        label, 0, max(longest, 1), None, key=key, placeholder="any", persist_state="session",
        help="Words of the text; characters in scripts without spaces. Left empty: any.",
    )  # fmt: skip
    return None if found is None else int(found)


def _table(seen: RowTable, k: int, label: str) -> int | None:
    table = seen.table.assign(row=seen.table.index + 1)
    event = st.dataframe(
        table[["disagreement", "shared", "text", *(["label"] if "label" in table else []), "words", "alone", "row"]],
        hide_index=True,
        width="stretch",
        height=min(38 + 35 * len(table), 430),
        lazy=False,
        key="disagree_list",
        on_select="rerun",
        selection_mode="single-row",
        alt="Rows, most disagreed on first",
        column_config=_columns(k, label),
    )
    if len(table) < seen.total:
        st.caption(f"The first {len(table):,} are shown; the download has all.")
    chosen = [at for at in event.selection.rows if at < len(table)]
    return int(table.index[chosen[0]]) if chosen else None


def _columns(k: int, label: str) -> dict[str, Any]:
    return {
        "disagreement": st.column_config.ProgressColumn(
            "Disagreement", format="percent", min_value=0, max_value=1, width=120,
            help="1 less the Jaccard overlap of the nearest texts. 100%: none in common.",
        ),
        "shared": st.column_config.NumberColumn(f"Shared of {k}", format="%.3g", width=90,
                                                help="Nearest texts in common, the mean over pairs."),
        "text": st.column_config.TextColumn("Text", width=340),
        "label": st.column_config.TextColumn(label, width=110),
        "words": st.column_config.NumberColumn("Words", format="localized", width=70),
        "alone": st.column_config.CheckboxColumn("Alone", width=60, help="Far from its neighbors under all."),
        "row": st.column_config.NumberColumn("Row", format="localized", width=70),
    }  # fmt: skip


def _tools(asked: Asked, query: RowQuery, seen: RowTable, info: CorpusInfo) -> None:
    ask = session.manager().ask  # bound now: the download runs outside of the page
    stem = re.sub(r"[^\w]+", "-", info.name).strip("-")[:60].lower() or "corpus"
    csv_button(
        "Download the list (CSV)",
        lambda: ask(answers.rows_file, asked, query),
        f"{stem}-disagreement.csv",
        key="disagree_file",
        help="All rows of this list with whole texts, the overlap of every pair, and all columns.",
    )
    most = min(seen.total, 100)
    rows = partial(session.ask, answers.first_rows, asked, query, most)
    keep.selection(info, "disagree", rows, most, f"Disagreed on, {plain_names(asked)}")
    st.page_link(
        "pages/explore/map.py", label="Open the map", icon=":material/scatter_plot:",
        query_params={
            "corpus": asked.corpus.digest, "color": settings.DISAGREEMENT, "between": link_text(asked, query.k),
        },
        help="Its points are colored by this disagreement; a kept selection can be chosen there under Color by.",
    )  # fmt: skip


def plain_names(asked: Asked) -> str:
    if len(asked.contenders) > 2:
        return f"{len(asked.contenders)} contenders"
    return cut(" and ".join(asked.names), 50)
