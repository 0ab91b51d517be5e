"""The list of outliers with marks, download and actions, and why a selected row is listed."""

from functools import partial

import pandas as pd
import streamlit as st
from streamlit.column_config import NumberColumn, ProgressColumn, TextColumn

from core.outliers.scores import SCORES
from core.outliers.service import (
    MAX_LISTED,
    OutlierList,
    OutlierSettings,
    RowExplanation,
    explain_row,
    outlier_file,
    outlier_marks,
    outlier_rows,
)
from core.store import CorpusInfo
from core.types import ModelSpec
from pages.shared import session
from pages.shared.downloads import csv_button
from pages.shared.selections.save_form import MarkButton, show_cleaned_copy, show_mark_buttons, show_save_selection
from pages.shared.tables import ROW_COLUMN, show_table, with_row_numbers
from pages.shared.text import count, cut, file_stem, plain

MARKS: dict[str, str] = {"reviewed": "Reviewed", "keep": "Keep", "exclude": "Exclude"}
MARK_BUTTONS: tuple[MarkButton, ...] = (
    ("reviewed", "Reviewed", "visibility", "You have read it; nothing to do."),
    ("keep", "Keep", "check", "Unusual, but it belongs to the corpus."),
    ("exclude", "Exclude", "block", "Leave it out of a cleaned copy; the corpus itself is not changed."),
    (None, "Clear", "backspace", "Removes the mark."),
)
PERCENTILE_HELP = "Share of the other rows with a lower score; 100 is the most unusual row."
MARK_FILTERS = {"All": None, "Unmarked": "", **{title: title for title in MARKS.values()}}


def show_outlier_list(
    info: CorpusInfo, model: ModelSpec, settings: OutlierSettings, outliers: OutlierList
) -> int | None:
    """Draws the list and its actions; gives the row selected last, if one is."""
    marks = outlier_marks(session.corpus_ref(info)).load()
    options, help_text = list(MARK_FILTERS), "Filters the list by your marks."
    mark_filter = st.segmented_control(
        "Show", options, key="outlier_mark_filter", default="All", required=True, persist_state="session",
        help=help_text,
    )  # fmt: skip
    table = _add_marks(outliers.table, marks, MARK_FILTERS[str(mark_filter)])
    selected = show_outlier_table(table, outliers.total)
    if outliers.above > MAX_LISTED:
        st.caption(f"Showing {MAX_LISTED:,} of {outliers.above:,} rows; the download has all.")
    with st.container(horizontal=True):
        show_mark_buttons(outlier_marks(session.corpus_ref(info)), selected, MARK_BUTTONS, "outlier_mark")
    with st.container(horizontal=True):
        _show_outlier_actions(info, model, settings, outliers, marks)
    if not selected and len(table):
        st.caption(":material/ads_click: Tick rows to mark them and to see why they are listed.")
    return selected[-1] if selected else None


def _add_marks(table: pd.DataFrame, marks: dict[int, str], mark: str | None) -> pd.DataFrame:
    """Columns Rank, Percentile, Mark, Text, Score, Row and the others; only rows with a mark unless it is None."""
    marked = table.copy()
    marked.insert(2, "Mark", [MARKS.get(marks.get(int(row), ""), "") for row in table.index], allow_duplicates=True)
    text = marked.columns[4]
    marked.insert(3, text, marked.pop(text))
    marked = with_row_numbers(marked, 5)
    return marked if mark is None else marked[(marked.iloc[:, 2] == mark).to_numpy()]


def show_outlier_table(table: pd.DataFrame, total: int) -> list[int]:
    """The list; gives the row ids selected in it."""
    positions = show_table(
        table, "Outliers, most unusual first",
        {
            "Row": ROW_COLUMN,
            "Rank": NumberColumn(format="localized", width=55, help="1 is the most unusual row."),
            "Percentile": NumberColumn(format=f"%.{percentile_digits(total)}f", width=80, help=PERCENTILE_HELP),
            "Score": NumberColumn(format="%.3f", width=65, help="Outlier score; higher = more unusual."),
            "Mark": TextColumn(width=70, help="Your mark; saved in the workspace."),
            "Text": TextColumn(width=335),
        },
        max_height=460, key="outlier_table", selection="multi-row",
    )  # fmt: skip
    return [int(table.index[position]) for position in positions]


def percentile_digits(total: int) -> int:
    """Decimals of a percentile among so many rows, so that the highest ones differ."""
    return max(len(str(total)) - 3, 1)


def _show_outlier_actions(
    info: CorpusInfo, model: ModelSpec, settings: OutlierSettings, outliers: OutlierList, marks: dict[int, str]
) -> None:
    query = (session.corpus_ref(info), model, settings)
    csv_button(
        "Download (CSV)",
        partial(session.manager().ask, outlier_file, *query),  # bound now: it runs outside of the page
        f"{file_stem(info.name)}-outliers.csv",
        disabled=not outliers.above,
        help="All listed rows with their percentile by every score, your marks, and all columns.",
    )
    name = f"Outliers by {SCORES[settings.score].title.lower()}"
    show_save_selection(info, "outliers", partial(session.ask, outlier_rows, *query), outliers.above, name)
    excluded = [row for row, mark in marks.items() if mark == "exclude"]
    help_text = f"{count(len(excluded), 'row')} marked Exclude." if excluded else "Mark rows with Exclude first."
    show_cleaned_copy(info, "outliers", lambda: excluded, len(excluded), "rows marked exclude", help_text)


def show_row_explanation(info: CorpusInfo, model: ModelSpec, row: int, k: int) -> None:
    """Why a row is listed: its text, its percentile by every score, its nearest rows and what they have in common."""
    explanation = session.ask_once(explain_row, session.corpus_ref(info), model, row, k)
    with st.container(border=True):
        st.markdown(f"**Why row {row + 1:,} is listed**")
        left, right = st.columns(2, gap="medium")
        with left:
            with st.container(height=160 if len(explanation.text) > 500 else "content", border=False):
                st.text(explanation.text or "(empty)")
            st.markdown("\n".join(f"- {reason}" for reason in describe_reasons(explanation)))
            columns = {
                "Percentile": ProgressColumn(
                    format="%.1f", min_value=0, max_value=100, width=130, help=PERCENTILE_HELP
                ),
                "Value": NumberColumn(format="%.3f", width=70, help="Higher = more unusual."),
                "Score": TextColumn(width=190),
            }
            show_table(explanation.scores, "The row's percentile by every score", columns)
        with right:
            neighbors = explanation.neighbors
            if not neighbors.empty:
                st.caption("Nearest rows by cosine in embedding space:")
                cosine = NumberColumn(format="%.3f", width=70, help="1 is identical.")
                columns = {"Row": ROW_COLUMN, "Cosine": cosine, "Text": TextColumn(width="large")}
                named = neighbors.set_axis(["Cosine", *neighbors.columns[1:]], axis=1)
                show_table(with_row_numbers(named), "The nearest rows", columns)


def describe_reasons(explanation: RowExplanation) -> list[str]:
    """Sentences in Markdown that compare the row with its nearest rows."""
    total = len(explanation.neighbors)
    if not total:
        return ["There is no other row to compare it with."]
    nearest = float(explanation.neighbors.iloc[:, 0].to_numpy()[0])
    reasons = [f"The nearest row has cosine {nearest:z.2f}; identical texts have 1."]
    for title, terms in (
        ("shared with its nearest rows", explanation.shared_terms),
        ("only in its nearest rows", explanation.missing_terms),
        ("only in this row", explanation.unique_terms),
    ):
        if terms:
            reasons.append(f"Terms {title}: {', '.join(f'“{plain(term)}”' for term in terms)}.")
    if not explanation.shared_terms:
        reasons.append("It shares no distinctive terms with its nearest rows.")
    for column, value, common, number in explanation.labels:
        if number * 2 >= total:  # else its nearest rows have no value in common
            same = " (the same)" if value == common else ""
            reasons.append(
                f"{plain(column)}: {plain(cut(value, 40)) or 'none'}; {number} of its {total} nearest rows have "
                f"{plain(cut(common, 40))}{same}."
            )
    return reasons
