"""Groups of near-duplicates: the list, one group's rows, which row stays, and what is done with the others."""

from functools import partial

import streamlit as st

from core.duplicates.keep_one import KeepOne
from core.duplicates.service import MOST_GROUPS, MOST_ROWS, Groups, Place, drop_rows, group_file, group_rows
from core.store import CorpusInfo
from pages.shared import session
from pages.shared.downloads import csv_button
from pages.shared.outliers import save as odd_keep
from pages.shared.text import count, file_stem

KEEPS: dict[str, KeepOne] = {"First": "first", "Longest text": "longest", "Most central": "central"}


def show(info: CorpusInfo, place: Place, threshold: float, grouped: Groups) -> None:
    chosen = st.segmented_control(
        "Of each group, keep",
        list(KEEPS),
        key="keep_one",
        bind="query-params",
        default="First",
        required=True,
        help="First: in the corpus' order. Longest: the one with most characters. Most central: the one whose mean "
        "cosine to its group is highest. Ties go to the earlier row.",
    )
    keep = KEEPS[str(chosen)]
    left, right = st.columns(2, gap="medium")
    with left:
        group = _list(grouped)
    with right:
        _rows(place, threshold, group, keep)
    with st.container(horizontal=True):
        _tools(info, place, threshold, grouped, keep)


def _list(grouped: Groups) -> int:
    """The groups; gives the one chosen, the first where none is."""
    table = grouped.table.copy()
    table.insert(0, "Group", table.index + 1)
    event = st.dataframe(
        table,
        hide_index=True,
        width="stretch",
        height=min(38 + 35 * len(table), 388),
        lazy=False,
        key="near_groups",
        on_select="rerun",
        selection_mode="single-row",
        alt="Groups of near-duplicates, largest first",
        column_config={
            "Group": st.column_config.NumberColumn(format="localized", width=60),
            "Rows": st.column_config.NumberColumn(format="localized", width=55),
            "Lowest cosine": st.column_config.NumberColumn(
                format="%.3f",
                width=105,
                help="Between any two rows of the group, under the model. Far below the threshold: a chain.",
            ),
            "Text": st.column_config.TextColumn(width="large", help="Of its first row."),
        },
    )
    more = f" The {MOST_GROUPS:,} largest of {grouped.groups:,} are shown." if grouped.groups > len(table) else ""
    st.caption(f"Choose a group to read its rows.{more}")
    chosen = [at for at in event.selection.rows if at < len(table)]
    return chosen[0] if chosen else 0


def _rows(place: Place, threshold: float, group: int, keep: KeepOne) -> None:
    table, number = session.ask_once(group_rows, place, threshold, group, keep)
    columns = [f"{name} " if name in ("Row", *table.columns[:at]) else name for at, name in enumerate(table.columns)]
    shown = table.set_axis(columns, axis=1)
    shown.insert(0, "Row", table.index + 1)
    st.dataframe(
        shown,
        hide_index=True,
        width="stretch",
        height=min(38 + 35 * len(shown), 388),
        alt=f"Rows of group {group + 1}",
        column_config={
            "Row": st.column_config.NumberColumn(format="localized", width=60),
            "Stays": st.column_config.CheckboxColumn(width=55, help="The row that is kept."),
            "To it": st.column_config.NumberColumn(format="%.3f", width=60, help="Cosine to the row that is kept."),
            "Text": st.column_config.TextColumn(width="large"),
        },
    )
    first = f", the first {MOST_ROWS:,} shown" if number > len(table) else ""
    st.caption(f"Group {group + 1:,}: {count(number, 'row')}{first}.")


def _tools(info: CorpusInfo, place: Place, threshold: float, grouped: Groups, keep: KeepOne) -> None:
    ask, number = session.manager().ask, grouped.rows - grouped.groups
    csv_button(
        "Download the groups (CSV)",
        lambda: ask(group_file, place, threshold, keep),
        f"{file_stem(info.name)}-near-duplicates.csv",
        help="All rows in groups; the column drop says which would go.",
    )
    rows = partial(session.ask, drop_rows, place, threshold, keep)
    how = "exact copies" if place.by == "exact" else f"near-duplicates by {place.by} at {threshold:.3f}"
    odd_keep.selection(info, "near", rows, number, f"To drop: {how}")
    told = "All rows in groups but the one of each that stays."
    odd_keep.version(info, "near", rows, number, f"{how}, keeping the {keep} of each group", told)
