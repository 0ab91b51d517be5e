"""What the lists of label errors have in common, of columns with one label per row and with several."""

import streamlit as st
from streamlit.column_config import NumberColumn, TextColumn

from core.label_errors.results import LabelQuery
from core.label_errors.service import FlaggedBy, label_evidence
from pages.shared import session
from pages.shared.selections.save_form import MarkButton
from pages.shared.tables import ROW_COLUMN, show_table, with_row_numbers
from pages.shared.text import plain

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
