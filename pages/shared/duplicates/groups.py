"""Groups of near-duplicates with what to keep and remove, and leaks between the values of a column."""

from functools import partial

import streamlit as st
from streamlit.column_config import CheckboxColumn, NumberColumn, TextColumn

from core.duplicates.near_duplicates import Representative
from core.duplicates.service import (
    MAX_GROUPS,
    MAX_ROWS,
    DuplicateGroups,
    DuplicateQuery,
    group_file,
    group_rows,
    leak_columns,
    leak_file,
    leaks,
    rows_to_remove,
    train_test_column,
)
from core.store import CorpusInfo
from pages.shared import session
from pages.shared.downloads import csv_button
from pages.shared.selections.save_form import show_cleaned_copy, show_save_selection
from pages.shared.tables import ROW_COLUMN, show_table, with_row_numbers
from pages.shared.text import count, file_stem, plain

REPRESENTATIVES: dict[str, Representative] = {"First": "first", "Longest text": "longest", "Most central": "central"}
NO_COLUMN = "(none)"
COUNT_COLUMN = NumberColumn(format="localized", width=60)
GROUP_COLUMNS = {
    "Group": COUNT_COLUMN,
    "Rows": COUNT_COLUMN,
    "Distinct texts": NumberColumn(format="localized", width=95, help="1: all rows of the group are exact copies."),
    "Lowest cosine": NumberColumn(format="%.3f", width=105, help="Of any two rows. Low: a chain."),
    "Text": TextColumn(width="large", help="Of its first row."),
}
ROW_COLUMNS = {
    "Row": ROW_COLUMN,
    "Keep": CheckboxColumn(width=55, help="The row that is kept; the others are removed."),
    "Cosine": NumberColumn(format="%.3f", width=60, help="To the row that is kept."),
    "Text": TextColumn(width="large"),
}
LEAK_COLUMNS = {
    "Groups": NumberColumn(format="localized", help="Groups that have both values."),
    "Rows": NumberColumn(format="localized", help="Their rows with either value."),
}


def show_duplicate_groups(info: CorpusInfo, query: DuplicateQuery, threshold: float, groups: DuplicateGroups) -> None:
    """The list of groups, the rows of the selected one, and what can be done with redundant rows."""
    title = st.segmented_control(
        "Keep in each group", list(REPRESENTATIVES), key="representative", bind="query-params", default="First",
        required=True,
        help="First: by row number. Most central: highest mean cosine to its group. Ties go to the earlier row.",
    )  # fmt: skip
    representative = REPRESENTATIVES[str(title)]
    left, right = st.columns(2, gap="medium")
    with left:
        group = _select_group(groups)
    with right:
        _show_group_rows(query, threshold, group, representative)
    with st.container(horizontal=True):
        _show_group_actions(info, query, threshold, groups, representative)


def _select_group(groups: DuplicateGroups) -> int:
    """The list; gives the group selected, the first where none is."""
    table = groups.table.copy()
    table.insert(0, "Group", table.index + 1)
    title = "Groups of near-duplicates, largest first"
    selected = show_table(table, title, GROUP_COLUMNS, key="duplicate_groups", selection="single-row")
    more = f" Showing the {MAX_GROUPS:,} largest of {groups.groups:,}." if groups.groups > len(table) else ""
    st.caption(f"Select a group to read its rows.{more}")
    return selected[0] if selected else 0


def _show_group_rows(query: DuplicateQuery, threshold: float, group: int, representative: Representative) -> None:
    table, row_count = session.ask_once(group_rows, query, threshold, group, representative)
    show_table(with_row_numbers(table), f"Rows of group {group + 1}", ROW_COLUMNS)
    limited = f", showing {MAX_ROWS:,}" if row_count > len(table) else ""
    st.caption(f"Group {group + 1:,}: {count(row_count, 'row')}{limited}.")


def _show_group_actions(
    info: CorpusInfo, query: DuplicateQuery, threshold: float, groups: DuplicateGroups, representative: Representative
) -> None:
    csv_button(
        "Download groups (CSV)",
        partial(session.manager().ask, group_file, query, threshold, representative),
        f"{file_stem(info.name)}-near-duplicates.csv",
        help="All rows in groups; the column remove marks the redundant ones.",
    )
    row_count = groups.rows - groups.groups
    rows = partial(session.ask, rows_to_remove, query, threshold, representative)
    by_threshold = f"near-duplicates by {query.similarity} at {threshold:z.3f}"
    kind = "exact copies" if query.similarity == "exact" else by_threshold
    show_save_selection(info, "duplicates", rows, row_count, f"To remove: {kind}")
    reason = f"{kind}, keeping the {representative} of each group"
    show_cleaned_copy(info, "duplicates", rows, row_count, reason, "All but one row of each group.")


def show_leaks(info: CorpusInfo, query: DuplicateQuery, threshold: float) -> None:
    """Near-duplicates with different values of a column, such as train and test."""
    st.subheader("Leaks", help="Near-duplicates across the values of a column, such as train/test leakage.")
    options = session.ask_once(leak_columns, query.corpus)
    if not options:
        st.caption("No column has 2 to 50 unique values, so there are no splits to compare.")
        return
    split = session.ask_once(train_test_column, query.corpus)
    column = st.selectbox(
        "Split column", [NO_COLUMN, *options], index=options.index(split) + 1 if split else 0, key="split",
        bind="query-params", width=300,
        help="Such as train/test, a year or a source. A group with several of its values is a leak.",
    )  # fmt: skip
    if column == NO_COLUMN:
        st.caption("Select a column to see near-duplicates across its values.")
        return
    result, rows = session.ask_once(leaks, query, threshold, column)
    if not result.groups:
        st.success(f"No leaks: no group has more than one value of {plain(column)}.", icon=":material/check:")
        return
    leaking = f"**{count(result.groups, 'group')}** with {count(len(result.rows), 'row')}"
    st.markdown(f"{leaking} have more than one value of **{plain(column)}**.")
    if result.missing:
        st.caption(f"{count(result.missing, 'row')} in groups without a value are not counted.")
    left, right = st.columns([2, 3], gap="medium")
    with left:
        pairs = result.pairs.set_axis(["Value", "Other value", "Groups", "Rows"], axis=1)
        show_table(pairs, "Leaks by pair of values", LEAK_COLUMNS)
    with right:
        value = TextColumn(plain(column), width="small")
        columns = {"Row": ROW_COLUMN, "Group": COUNT_COLUMN, "Value": value, "Text": TextColumn(width="large")}
        show_table(with_row_numbers(rows), "Rows of groups with more than one value", columns)
        if len(result.rows) > len(rows):
            st.caption(f"Showing {MAX_ROWS:,} of {len(result.rows):,} rows; the download has all.")
    csv_button(
        "Download leaks (CSV)",
        partial(session.manager().ask, leak_file, query, threshold, column),
        f"{file_stem(info.name)}-leaks.csv",
        help="All rows of groups with more than one value, with all columns.",
    )
