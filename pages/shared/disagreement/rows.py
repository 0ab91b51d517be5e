"""Rows ranked by how much the contenders disagree on their neighbors, and one row's neighbors side by side."""

from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from core.disagreement import rows as listing
from core.disagreement.results import ComparisonQuery
from core.disagreement.rows import Isolation, NeighborList, RowComparison, RowQuery, RowTable
from core.map.coloring import disagreement_link
from core.store import CorpusInfo
from pages.shared import session
from pages.shared.disagreement.controls import contender_names, k_slider, label_column_name, select_pair
from pages.shared.downloads import csv_button
from pages.shared.map import settings
from pages.shared.selections.save_form import show_save_selection
from pages.shared.tables import ROW_COLUMN, checkbox, draw_frame, number, progress, round_numbers, show_table, text
from pages.shared.text import count, cut, file_stem, plain

ANY = ""
ISOLATION: dict[Isolation, str] = {"all": "any", "only": "isolated under all", "without": "not isolated under all"}
SAVED_ROWS = 100
STATUS = {"shared": "= shared", "lost": "− lost", "gained": "+ gained"}


def show_rows(query: ComparisonQuery, info: CorpusInfo) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        selected = select_pair(query)
        k = k_slider(selected)
        rows = _filter_popover(selected, k)
    table = session.ask_once(listing.row_table, selected, rows)
    st.markdown(_rows_headline(selected, rows, table))
    if not table.total:
        st.info("No row matches these filters. Remove some.", icon=":material/filter_alt_off:")
        return
    row = _select_row(table, k, label_column_name(info))
    with st.container(horizontal=True, vertical_alignment="center"):
        _row_actions(selected, rows, table, info)
    pairs = ", the mean over all pairs" if len(selected.contenders) > 2 else ""
    st.caption(
        f"Disagreement: 1 less the Jaccard overlap of the {k} nearest texts under two contenders{pairs}; 100%: no "
        "neighbor in common. Ties are ordered by rank-biased overlap over all stored neighbors. Copies of a text count "
        "as one, and never as disagreement."
    )
    if row is None:
        st.info("Select a row to see its neighbors side by side.", icon=":material/ads_click:")
    else:
        _show_row(selected, info, row, k)


def _rows_headline(query: ComparisonQuery, rows: RowQuery, table: RowTable) -> str:
    total = count(table.rows, "row")
    if not table.total:
        return f"**0 of {total}**"
    matching = total if table.total == table.rows else f"{table.total:,} of {total}"
    isolated = f" Isolated under all: {count(table.isolated, 'row')}." if table.isolated else ""
    return (
        f"**{matching}** by disagreement of {contender_names(query)}, highest first. Mean disagreement on the "
        f"{rows.k} nearest texts: **{table.mean:.0%}**.{isolated}"
    )


def _filter_popover(query: ComparisonQuery, k: int) -> RowQuery:
    options = session.ask(listing.filter_options, query, timeout=600)  # cluster names change, so it is not cached
    with st.popover("Filter", icon=":material/filter_alt:", help="By label, cluster, length or isolation."):
        columns = dict(options.columns)
        column = _optional_select("Column", list(columns), "disagree_column", "Filter by the values of this column.")
        values: list[str] = []
        if column:
            offered, help_ = list(columns[column]), "Rows with any of these values; the 200 most frequent are offered."
            session.drop_unknown_values("disagree_values", offered)
            values = st.multiselect("Values", offered, key="disagree_values", placeholder="any", help=help_)
        cluster = _optional_select("Cluster", list(options.clusters), "disagree_group", "As on the Clusters page.")
        low = _word_limit("Minimum words", "disagree_low", options.max_words)
        high = _word_limit("Maximum words", "disagree_high", options.max_words)
        isolated = st.selectbox(
            "Isolated rows", list(ISOLATION), key="disagree_alone", format_func=ISOLATION.__getitem__,
            persist_state="session", help="Isolated: among the 5% of the rows farthest from their 10 nearest other "
            "texts under every contender, which agree on that even where neighbors differ.",
        )  # fmt: skip
    return RowQuery(k, column, tuple(values), cluster, (low, high), isolated)


def _optional_select(label: str, options: list[str], key: str, help_: str) -> str:
    if session.widget_value(key, ANY) not in options:
        session.set_widget(key, ANY)
    names = {ANY: "any"} | {option: cut(option, 60) for option in options}
    selected = st.selectbox(
        label, list(names), key=key, format_func=names.__getitem__, help=help_, disabled=not options
    )
    return str(selected or "")


def _word_limit(label: str, key: str, longest: int) -> int | None:
    limit = st.number_input(
        label, 0, max(longest, 1), None, key=key, placeholder="any", persist_state="session",
        help="Words of the text (characters in scripts without spaces). Blank: no limit.",
    )  # fmt: skip
    return None if limit is None else int(limit)


def _select_row(rows: RowTable, k: int, label: str) -> int | None:
    help_ = "1 less the Jaccard overlap of the nearest texts. 100%: none in common."
    columns = {
        "disagreement": progress("Disagreement", help_, 120),
        "shared": number(f"Shared of {k}", format="%.3g", width=90, help="Nearest texts in common, mean of pairs."),
        "text": text("Text", width=340),
        "label": text(label, width=110),
        "words": number("Words", format="localized", width=70),
        "isolated": checkbox("Isolated", width=70, help="Far from its neighbors under all contenders."),
        "row": ROW_COLUMN,
    }
    table = rows.table.assign(row=rows.table.index + 1)
    table, alt = table[[name for name in columns if name in table]], "Rows by disagreement, highest first"
    selected = show_table(table, alt, columns, max_height=430, key="disagree_list", selection="single-row")
    if len(table) < rows.total:
        st.caption(f"Showing {len(table):,} of {rows.total:,}; the download has all.")
    return int(table.index[selected[0]]) if selected else None


def _row_actions(query: ComparisonQuery, rows: RowQuery, table: RowTable, info: CorpusInfo) -> None:
    data = partial(session.manager().ask, listing.rows_file, query, rows)  # bound now: it runs outside of the page
    help_ = "All matching rows with whole texts, the overlap of every pair, and all columns."
    csv_button("Download (CSV)", data, f"{file_stem(info.name)}-disagreement.csv", help_, "disagree_file")
    number = min(table.total, SAVED_ROWS)
    names = cut(" and ".join(query.names), 50) if len(query.names) == 2 else f"{len(query.names)} contenders"
    first_rows = partial(session.ask, listing.row_order, query, rows, number)
    show_save_selection(info, "disagree", first_rows, number, f"Disagreement, {names}")
    color = {"color": settings.DISAGREEMENT, "between": disagreement_link(query, rows.k)}
    st.page_link(
        "pages/explore/map.py", label="Open the map", icon=":material/scatter_plot:",
        query_params={"corpus": query.corpus.digest, **color},
        help="Its points are colored by this disagreement. A saved selection can be chosen there under Color by.",
    )  # fmt: skip


def _show_row(query: ComparisonQuery, info: CorpusInfo, row: int, k: int) -> None:
    comparison = session.ask_once(listing.compare_row, query, row, k)
    with st.container(border=True):
        labels = "".join(f" · {plain(name)}: {plain(cut(value, 60))}" for name, value in comparison.labels)
        st.markdown(f"**Row {row + 1:,}**{labels}")
        st.text(comparison.text)
        st.markdown(_row_summary(comparison))
        if comparison.copies:
            st.caption(f"{count(comparison.copies, 'other row')} with the same text; copies are not neighbors.")
        for position in range(len(comparison.lists)):
            if position % 2 == 0:
                columns = st.columns(2, gap="medium")
            with columns[position % 2]:
                _show_neighbor_list(comparison, position, label_column_name(info))
        st.caption(_status_legend(comparison, k))


def _status_legend(comparison: RowComparison, k: int) -> str:
    start = f"The {k} nearest other texts under each contender, by cosine. "
    end = f" Ranks are stored up to {comparison.max_rank}."
    if len(comparison.lists) == 2:
        legend = "Shared: in both lists. Lost: in the first only. Gained: in the second only."
        return f"{start}{legend} Other rank: in the other list.{end}"
    return (
        f"{start}In the first list, shared: in all lists; lost: missing from another. In the others, shared: also in "
        f"the first list; gained: not in it. Other rank: in the first list, for that one in the second.{end}"
    )


def _row_summary(comparison: RowComparison) -> str:
    if comparison.isolated:
        percentiles = ", ".join(f"{plain(one.name)} {one.percentile:.0f}" for one in comparison.lists)
        return (
            ":material/person_pin_circle: **Isolated under all contenders**: among the 5% of the rows farthest from "
            f"their neighbors (percentile of closeness: {percentiles})."
        )
    first, *others = comparison.lists
    shared = [
        f"**{int((other.table['status'] == 'shared').sum())} of {len(other.table)}** nearest under {plain(other.name)}"
        for other in others
    ]
    return f"{plain(first.name)} also has {' and '.join(shared)}."


def _show_neighbor_list(comparison: RowComparison, position: int, label: str) -> None:
    neighbors, other = comparison.lists[position], comparison.lists[0 if position else 1]
    st.markdown(f"**{plain(neighbors.name)}**", help=_closeness(neighbors))
    if not len(neighbors.table):
        st.caption("No neighbors but copies.")
        return
    other_ranks, max_rank = neighbors.table["other_rank"], comparison.max_rank
    table = neighbors.table.assign(
        status=neighbors.table["status"].map(STATUS),
        other_rank=[f"{rank:.0f}" if np.isfinite(rank) else f"> {max_rank}" for rank in other_ranks],
        row=neighbors.table.index + 1,
    )
    columns = {
        "status": text("", width=75),
        "rank": number("Rank", width=50),
        "other_rank": text("Other rank", width=85, help=f"Its rank under {plain(other.name)}."),
        "text": text("Text", width="medium"),
        "label": text(label, width=110),
        "cosine": number("Cosine", format="%.3f", width=65, help="Higher is more similar."),
        "row": ROW_COLUMN,
    }
    visible = round_numbers(table[[name for name in columns if name in table]], columns)
    styled = visible.style.apply(_status_color, axis=1)
    draw_frame(styled, f"Nearest texts under {neighbors.name}", columns, key=f"disagree_near_{position}")


def _status_color(row: "pd.Series[Any]") -> list[str]:
    color = {"−": "rgba(213,94,0,0.16)", "+": "rgba(0,114,178,0.16)"}.get(str(row["status"])[:1])
    return [f"background-color: {color}" if color else ""] * len(row)


def _closeness(neighbors: NeighborList) -> str:
    if not np.isfinite(neighbors.percentile):
        return "It has no neighbors but copies."
    return f"Closer to its neighbors than {neighbors.percentile:.0f}% of the rows under this contender."
