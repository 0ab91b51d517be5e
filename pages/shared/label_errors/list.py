"""The ranked list of label errors, its actions, and the evidence on a selected row with marks."""

from functools import partial

import streamlit as st
from streamlit.column_config import NumberColumn, TextColumn

from core.label_errors.results import LabelQuery
from core.label_errors.service import (
    LabelErrorFilter,
    LabelErrorTable,
    label_error_file,
    label_error_rows,
    label_error_table,
    label_evidence,
    label_marks,
)
from core.store import CorpusInfo
from pages.shared import session
from pages.shared.downloads import csv_button
from pages.shared.selections.save_form import MarkButton, show_mark_buttons, show_save_selection
from pages.shared.tables import ROW_COLUMN, show_table, with_row_numbers
from pages.shared.text import count, file_stem, plain

NO_ROWS = {
    "both": "No label is flagged by both signals. Show those flagged by either, or all rows.",
    "either": "No label is flagged. Show all rows to see them by error score.",
    "all": "No rows are left.",
}
MARKS = {"": "", "reviewed": "Reviewed", "correct": "Label is correct"}
MARK_BUTTONS: tuple[MarkButton, ...] = (
    ("correct", "Label is correct", "check", "Marks the label as correct."),
    ("reviewed", "Reviewed", "visibility", "Marks the row as reviewed."),
    (None, "Clear", "remove_done", "Removes the mark."),
)
share_column = partial(NumberColumn, format="percent")
LIST_COLUMNS = {
    "error score": share_column("Error score", help="Higher: the label is more likely wrong. 50%: undecided."),
    "text": TextColumn("Text", width="large"),
    "current label": TextColumn("Current label"),
    "suggested label": TextColumn("Suggested label", help="The most likely other label."),
    "disagreeing neighbors": share_column("Disagreeing neighbors", help="Share of their votes for other labels."),
    "probe: current": share_column("Probe: current", help="Probability by a classifier trained without this row."),
    "probe: suggested": share_column("Probe: suggested", help="Probability by the same classifier."),
    "flagged by": TextColumn("Flagged by", help="Which of the two signals flag the label."),
    "mark": TextColumn("Mark", help="Your mark; saved in the workspace."),
}


def show_label_error_list(query: LabelQuery, row_filter: LabelErrorFilter) -> tuple[LabelErrorTable, list[int]]:
    """Draws the list; gives it and the row ids selected in it."""
    errors = session.ask(label_error_table, query, row_filter)  # not cached, since marks change
    st.markdown(f"**{count(errors.total, 'row')}**, highest error score first")
    if not errors.total:
        message = "No unmarked rows are left." if row_filter.unmarked else NO_ROWS[row_filter.flagged_by]
        st.info(message, icon=":material/done_all:")
        return errors, []
    positions = show_table(
        errors.table.replace({"mark": MARKS}), "Possible label errors", LIST_COLUMNS, max_height=460,
        key="label_error_table", selection="multi-row",
    )  # fmt: skip
    limited = f"Showing {len(errors.table):,}; the download has all. " if errors.total > len(errors.table) else ""
    marked = f"{errors.marked:,} marked." if errors.marked else ""
    if limited or marked:
        st.caption(limited + marked)
    return errors, [int(errors.table.index[position]) for position in positions]


def show_label_error_actions(info: CorpusInfo, query: LabelQuery, row_filter: LabelErrorFilter, row_count: int) -> None:
    """Download and save the whole list."""
    csv_button(
        "Download (CSV)",
        partial(session.manager().ask, label_error_file, query, row_filter),  # bound now: it runs outside of the page
        f"{file_stem(info.name)}-label-errors.csv",
        key="label_errors_file",
        help="All rows of this list with full texts, evidence, marks and their other columns.",
    )
    rows = partial(session.ask, label_error_rows, query, row_filter)
    show_save_selection(info, "label_errors", rows, row_count, f"Label errors in {query.column}"[:60])


def show_label_evidence(query: LabelQuery, errors: LabelErrorTable, rows: list[int]) -> None:
    """Evidence on the first selected row, and marks for all of them."""
    if not rows:
        st.markdown("**Evidence**")
        st.info("Tick a row to see why its label may be wrong, and to mark it.", icon=":material/ads_click:")
        return
    labels = errors.table.loc[rows[0]]
    with st.container(border=True):
        st.markdown(
            f"**Row {rows[0] + 1:,}** · labeled **{plain(labels['current label'])}**, "
            f"**{plain(labels['suggested label'])}** suggested"
        )
        with st.container(horizontal=True):
            show_mark_buttons(label_marks(query), rows, MARK_BUTTONS, "label_mark")
        _show_nearest_labels(query, rows[0], str(labels["current label"]))


def _show_nearest_labels(query: LabelQuery, row: int, current: str) -> None:
    evidence = session.ask_once(label_evidence, query, row)
    st.text(evidence.text)
    if evidence.copies:
        labels = ", ".join(f"{plain(name)} ({number:,})" for name, number in evidence.copies)
        st.caption(f"Labels of other rows with the same text: {labels}.")
    neighbors = evidence.neighbors
    if neighbors.empty:
        st.caption("None of its nearest neighbors is another labeled text.")
        return
    others = int((neighbors["label"] != current).sum())
    st.caption(f"{others} of its {len(neighbors)} nearest other labeled texts have another label.")
    columns = {
        "cosine": NumberColumn("Cosine", format="%.3f", help="Higher = more similar."),
        "label": TextColumn("Label", width=130),
        "text": TextColumn("Text", width="large"),
        "Row": ROW_COLUMN,
    }
    show_table(with_row_numbers(neighbors, 3), "Nearest texts and their labels", columns, max_height=460)
