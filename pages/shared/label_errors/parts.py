"""What the lists of label errors have in common, of columns with one label per row and with several."""

from collections.abc import Callable
from typing import Any

import numpy as np
import streamlit as st
from streamlit.column_config import NumberColumn, TextColumn

from core.label_errors.label_set_service import LabelSetFilter
from core.label_errors.results import LabelQuery
from core.label_errors.service import FlaggedBy, LabelErrorFilter, LabelErrorTable, label_evidence
from core.store import CorpusInfo
from pages.shared import session
from pages.shared.downloads import csv_button
from pages.shared.selections.save_form import MarkButton, show_save_selection
from pages.shared.tables import ROW_COLUMN, show_table, with_row_numbers
from pages.shared.text import count, file_stem, plain

FLAGGED_BY: dict[FlaggedBy, str] = {"both": "Both signals", "either": "Either signal", "all": "All rows"}
MARKS = {"": "", "reviewed": "Reviewed", "correct": "Label is correct"}
MARK_BUTTONS: tuple[MarkButton, ...] = (
    ("correct", "Label is correct", "check", "Marks the label as correct."),
    ("reviewed", "Reviewed", "visibility", "Marks the row as reviewed."),
    (None, "Clear", "remove_done", "Removes the mark."),
)
NO_ROWS = {
    "both": "No label is flagged by both signals. Show those flagged by either, or all rows.",
    "either": "No label is flagged. Show all rows to see them by error score.",
    "all": "No rows are left.",
}


def select_flagged_by() -> FlaggedBy:
    """Which signals a listed row needs."""
    flagged_by = st.segmented_control(
        "Flagged by", list(FLAGGED_BY), key="flagged_by", bind="query-params",
        format_func=lambda name: FLAGGED_BY[name], default="both", required=True,
        help="Neighbors: another label has more votes among the 15 nearest other texts. Probe: a classifier trained on "
        "other rows is confident of another label. Rows flagged by both are wrong most often.",
    )  # fmt: skip
    return flagged_by or "both"


def select_unmarked() -> bool:
    """Whether rows with a mark are hidden."""
    help = "Excludes rows with a mark."
    return st.toggle("Hide marked rows", key="label_errors_unmarked", persist_state="session", help=help)


def show_nearest_labels(query: LabelQuery, row: int, current: str | frozenset[str]) -> None:
    """The text of a row with this label, or these labels, and its nearest other texts with their labels."""
    evidence = session.ask_once(label_evidence, query, row)
    st.text(evidence.text)
    if evidence.copies:
        labels = ", ".join(f"{plain(name)} ({number:,})" for name, number in evidence.copies)
        st.caption(f"Labels of other rows with the same text: {labels}.")
    neighbors = evidence.neighbors
    if neighbors.empty:
        st.caption("None of its nearest neighbors is another labeled text.")
        return
    if isinstance(current, str):
        others, difference = int((neighbors["label"] != current).sum()), "have another label"
    else:
        others = sum(current.isdisjoint(labels.split("; ")) for labels in neighbors["label"])
        difference = "share none of its labels"
    st.caption(f"{others} of its {len(neighbors)} nearest other labeled texts {difference}.")
    columns = {
        "cosine": NumberColumn("Cosine", format="%.3f", help="Higher = more similar."),
        "label": TextColumn("Label", width=130),
        "text": TextColumn("Text", width=310),
        "Row": ROW_COLUMN,
    }
    show_table(with_row_numbers(neighbors, 3), "Nearest texts and their labels", columns, max_height=460)


def show_error_list(
    errors: LabelErrorTable, row_filter: LabelErrorFilter | LabelSetFilter, columns: dict[str, Any], key: str
) -> list[int]:
    """Draws the list; gives the row ids selected in it."""
    st.markdown(f"**{count(errors.total, 'row')}**, highest error score first")
    if not errors.total:
        message = "No unmarked rows are left." if row_filter.unmarked else NO_ROWS[row_filter.flagged_by]
        st.info(message, icon=":material/done_all:")
        return []
    positions = show_table(
        errors.table.replace({"mark": MARKS}), "Possible label errors", columns, max_height=460, key=key,
        selection="multi-row",
    )  # fmt: skip
    limited = f"Showing {len(errors.table):,} of {errors.total:,}; the download has all. "
    marked = f"{errors.marked:,} marked." if errors.marked else ""
    if marked or errors.total > len(errors.table):
        st.caption((limited if errors.total > len(errors.table) else "") + marked)
    return [int(errors.table.index[position]) for position in positions]


def show_list_actions(
    info: CorpusInfo, query: LabelQuery, row_count: int, file: Callable[[], bytes], rows: Callable[[], np.ndarray],
    key: str,
) -> None:  # fmt: skip
    """Download and save the whole list. file: called outside of the page."""
    csv_button(
        "Download (CSV)", file, f"{file_stem(info.name)}-label-errors.csv", key=key,
        help="All rows of this list with full texts, labels to change, evidence, marks and their other columns.",
    )  # fmt: skip
    show_save_selection(info, "label_errors", rows, row_count, f"Label errors in {query.column}"[:60])
