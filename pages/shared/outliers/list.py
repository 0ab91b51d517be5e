"""The list of odd rows: marks, download, keeping, leaving out, and why a row is there."""

from collections.abc import Callable
from functools import partial

import pandas as pd
import streamlit as st

from core.outliers.marks import Mark, load_marks, set_marks
from core.outliers.score_info import SCORES
from core.outliers.service import MOST_SHOWN, OddQuery, OddRows, odd_file, odd_row_ids
from core.store import CorpusInfo
from core.types import ModelSpec
from pages.shared import session
from pages.shared.downloads import csv_button
from pages.shared.outliers import save as keep
from pages.shared.text import count, file_stem

MARKS: tuple[tuple[str, Mark | None, str, str], ...] = (
    ("Seen", "seen", "visibility", "You have read it, nothing to do."),
    ("Keep", "keep", "check", "Odd, but it belongs here."),
    ("Exclude", "exclude", "block", "It shall not be in a new version; the corpus itself stays as it is."),
    ("No mark", None, "backspace", "Takes the mark off."),
)
SHOWN = {"All": None, "Unmarked": "", "Seen": "seen", "Keep": "keep", "Exclude": "exclude"}


def show(info: CorpusInfo, model: ModelSpec, query: OddQuery, found: OddRows) -> int | None:
    """Draw it; gives the row chosen last, if one is."""
    marks = load_marks(session.workspace(), info.digest)
    shown = st.segmented_control(
        "Show",
        list(SHOWN),
        key="odd_shown",
        default="All",
        required=True,
        persist_state="session",
        help="Which of the listed rows are shown, by your marks.",
    )
    table = _marked(found.table, marks, SHOWN[str(shown)])
    chosen = _table(table, found.total)
    if found.above > MOST_SHOWN:
        st.caption(f"The first {MOST_SHOWN:,} of {found.above:,} listed rows are shown; the download has all.")
    with st.container(horizontal=True):
        _mark_buttons(info, chosen)
    with st.container(horizontal=True):
        _tools(info, model, query, found, marks)
    if not chosen and len(table):
        st.caption(":material/ads_click: Choose rows at their left edge to mark them and to see why they are here.")
    return chosen[-1] if chosen else None


def _marked(table: pd.DataFrame, marks: dict[int, Mark], wanted: str | None) -> pd.DataFrame:
    """The list with marks, those wanted alone."""
    told = table.copy()
    told.insert(2, "Mark", [marks.get(int(row), "") for row in table.index], allow_duplicates=True)
    text = told.columns[4]
    told.insert(3, text, told.pop(text), allow_duplicates=True)
    told.insert(5, "Row", table.index.to_numpy() + 1, allow_duplicates=True)
    return told if wanted is None else told[(told.iloc[:, 2] == wanted).to_numpy()]


def _table(table: pd.DataFrame, total: int) -> list[int]:
    """The list; gives the row ids chosen in it."""
    columns = [f"{name} " if name in table.columns[:place] else name for place, name in enumerate(table.columns)]
    event = st.dataframe(
        table.set_axis(columns, axis=1),
        hide_index=True,
        width="stretch",
        height=min(38 + 35 * max(len(table), 1), 460),
        lazy=False,
        key="odd_rows",
        on_select="rerun",
        selection_mode="multi-row",
        alt="The strangest rows, strangest first",
        column_config={
            "Row": st.column_config.NumberColumn(format="localized", width=60, help="Row of the corpus."),
            "Rank": st.column_config.NumberColumn(format="localized", width=55, help="1 is the strangest row."),
            "Percentile": st.column_config.NumberColumn(
                format=f"%.{digits(total)}f",
                width=80,
                help="Share of the other rows that are less strange; 100 is the strangest.",
            ),
            "Score": st.column_config.NumberColumn(format="%.3f", width=65, help="Higher is stranger."),
            "Mark": st.column_config.TextColumn(width=70, help="Your mark; kept in the workspace."),
            "Text": st.column_config.TextColumn(width=360),
        },
    )
    return [int(table.index[at]) for at in event.selection.rows if at < len(table)]


def digits(total: int) -> int:
    """Decimals of a percentile among so many rows, so that the strangest ones are told apart."""
    return max(len(str(total)) - 3, 1)


def _mark_buttons(info: CorpusInfo, chosen: list[int]) -> None:
    for label, mark, icon, words in MARKS:
        st.button(
            label,
            key=f"odd_mark_{label}",
            icon=f":material/{icon}:",
            disabled=not chosen,
            on_click=_set,
            args=(info, chosen, mark),
            help=words if chosen else "Choose rows in the list first, at their left edge.",
        )


def _set(info: CorpusInfo, rows: list[int], mark: Mark | None) -> None:
    set_marks(session.workspace(), info.digest, rows, mark)


def _tools(info: CorpusInfo, model: ModelSpec, query: OddQuery, found: OddRows, marks: dict[int, Mark]) -> None:
    where = (session.corpus_ref(info), model, query)
    ask = session.manager().ask
    excluded = [row for row, mark in marks.items() if mark == "exclude"]
    csv_button(
        "Download (CSV)",
        _later(ask, odd_file, where),
        f"{file_stem(info.name)}-odd-rows.csv",
        disabled=not found.above,
        help="All listed rows with their percentile by every score, your marks, and all columns.",
    )
    rows = partial(session.ask, odd_row_ids, *where)
    keep.selection(info, "odd", rows, found.above, f"Odd rows by {SCORES[query.score].title.lower()}")
    keep.version(
        info,
        "odd",
        lambda: excluded,
        len(excluded),
        "rows marked exclude",
        f"{count(len(excluded), 'row')} of this corpus marked exclude" if excluded else "Mark rows with Exclude first.",
    )


def _later(ask: Callable[..., bytes], function: Callable[..., bytes], arguments: tuple) -> Callable[[], bytes]:
    # bound now: the download runs outside of the page
    return lambda: ask(function, *arguments)
