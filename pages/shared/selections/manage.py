"""Combine, export, rename or delete a saved selection."""

import re
from collections.abc import Callable, Sequence
from typing import Literal

import streamlit as st

from core.corpus.selections import MAX_NAME_LENGTH, Operation, SavedSelection, delete_selection, rename_selection
from core.corpus.service import FileType, combine_and_save, corpus_file, count_combined, selection_file
from core.errors import PlanisphereError
from core.store import CorpusInfo
from pages.shared import session
from pages.shared.errors import show_error
from pages.shared.text import count, cut, plain

Action = Literal["combine", "export", "rename", "delete"]
ExportScope = Literal["rows", "columns"]
ACTIONS: dict[Action, str] = {"combine": "Combine", "export": "Export", "rename": "Rename", "delete": "Delete"}
OPERATIONS: dict[Operation, str] = {"and": "and", "or": "or", "without": "without", "not": "not"}
SCOPES: dict[ExportScope, str] = {"rows": "Selected rows", "columns": "All rows, with a column for each selection"}
FILE_TYPES: tuple[tuple[FileType, str, str], ...] = (
    ("csv", "CSV", "text/csv"),
    ("parquet", "Parquet", "application/vnd.apache.parquet"),
)
SELECTED, COMBINED_NAME, SECOND = "selection_chosen", "selection_combined", "selection_second"  # keys of widgets


def manage_selection(info: CorpusInfo, selections: Sequence[SavedSelection], selection: SavedSelection) -> None:
    """The selected action on a saved selection. Raises StorageError."""
    action = st.segmented_control(
        "Action",
        list(ACTIONS),
        key="selection_part",
        format_func=ACTIONS.__getitem__,
        help="Combine it with another selection, export it as a file, rename or delete it.",
    )
    if action == "combine":
        _combine_selection(info, selections, selection)
    elif action == "export":
        _export_selection(info, selections, selection)
    elif action == "rename":
        _rename_selection(info, selection)
    elif action == "delete":
        _delete_selection(info, selection)


def finish_change(message: str, key: str = "") -> None:
    """Rerun the page with a message, and with the selection of this key selected."""
    session.remember("selection_done", [message, key])  # a toast before a rerun would disappear with it
    st.rerun()


def _combine_selection(info: CorpusInfo, selections: Sequence[SavedSelection], first: SavedSelection) -> None:
    by_key = {selection.key: selection for selection in selections}
    operation: Operation = (
        st.segmented_control(
            "Operation",
            list(OPERATIONS),
            default="and",
            key="selection_operation",
            format_func=OPERATIONS.__getitem__,
            help="and: rows in both. or: rows in at least one. without: rows in the first only. not: all other rows.",
        )
        or "and"
    )
    second = ""
    if operation != "not":
        others = [key for key in by_key if key != first.key]
        if not others:
            st.caption("This needs two selections: save another one first.")
            return
        if session.widget_value(SECOND) not in others:
            session.set_widget(SECOND, others[0])
        second = st.selectbox(
            "Second selection",
            others,
            key=SECOND,
            format_func=lambda key: f"{cut(by_key[key].name, 28)} ({by_key[key].rows:,})",
            help="The first is the one selected above.",
        )
    names = [first.name, by_key[second].name] if second else ["", first.name]
    suggestion = f" {operation} ".join(names).strip()[:MAX_NAME_LENGTH]
    _save_combined(info, first.key, operation, second, suggestion)


def _save_combined(info: CorpusInfo, first: str, operation: Operation, second: str, suggestion: str) -> None:
    corpus = session.corpus_ref(info)
    rows = session.ask_once(count_combined, corpus, first, operation, second)
    st.caption(f"Result: {count(rows, 'row')} of {info.rows:,}." if rows else "The result has no rows.")
    problem = st.container()  # above the button: what is below it may be out of sight
    name = st.text_input(
        "Save as", key=COMBINED_NAME, max_chars=MAX_NAME_LENGTH, placeholder=suggestion, help="Empty = suggestion."
    )
    pressed = st.button(
        "Save result",
        key="selection_combine_yes",
        type="primary",
        icon=":material/join_inner:",
        disabled=not rows,
        width="stretch",
        help="Saves it as a new selection; the other two do not change.",
    )
    if pressed:
        try:
            saved = session.ask(combine_and_save, corpus, name.strip() or suggestion, first, operation, second)
        except PlanisphereError as error:
            with problem:
                show_error(error)
            return
        finish_change(f"Saved {saved.name}: {count(saved.rows, 'row')}.", saved.key)


def _export_selection(info: CorpusInfo, selections: Sequence[SavedSelection], selection: SavedSelection) -> None:
    scope: ExportScope = st.radio(
        "Export",
        list(SCOPES),
        key="selection_export",
        format_func=SCOPES.__getitem__,
        help="Columns of selections are True for the rows in that selection, else False.",
    )
    stem = _file_stem(selection.name if scope == "rows" else f"{info.name} selections")
    with st.container(horizontal=True):
        for file_type, label, mime in FILE_TYPES:
            st.download_button(
                label,
                _export_file(info, selections, selection, scope, file_type),
                f"{stem}.{file_type}",
                mime,
                key=f"selection_{file_type}",
                icon=":material/download:",
                on_click="ignore",
                help=f"All columns of the corpus as {label}.",
            )


def _file_stem(name: str) -> str:
    return re.sub(r"[^\w]+", "-", name).strip("-")[:60].lower() or "selection"


def _export_file(
    info: CorpusInfo,
    selections: Sequence[SavedSelection],
    selection: SavedSelection,
    scope: ExportScope,
    file_type: FileType,
) -> Callable[[], bytes]:
    # bound now: the download runs outside of the page
    ask, corpus = session.manager().ask, session.corpus_ref(info)
    if scope == "rows":
        return lambda: ask(selection_file, corpus, selection.key, file_type)
    keys = tuple(item.key for item in selections)
    return lambda: ask(corpus_file, corpus, keys, file_type)


def _rename_selection(info: CorpusInfo, selection: SavedSelection) -> None:
    with st.form("selection_rename", border=False):
        name = st.text_input(
            "New name",
            selection.name,
            key=f"selection_rename_{selection.key}",
            max_chars=MAX_NAME_LENGTH,
            help="The rows do not change. Names are unique.",
        )
        pressed = st.form_submit_button(
            "Rename", key="selection_rename_yes", icon=":material/edit:", help="Changes the name only."
        )
    if pressed:
        renamed = rename_selection(session.workspace(), info.digest, selection.key, name)
        finish_change(f"Renamed to {renamed.name}.", selection.key)


def _delete_selection(info: CorpusInfo, selection: SavedSelection) -> None:
    st.markdown(
        f"**{plain(selection.name)}** will be deleted permanently. Its {count(selection.rows, 'row')} stay in the "
        "corpus, and selections combined from it do not change."
    )
    pressed = st.button(
        "Delete permanently",
        key="selection_delete_yes",
        type="primary",
        icon=":material/delete:",
        help="Can't be undone.",
    )
    if pressed:
        delete_selection(session.workspace(), info.digest, selection.key)
        finish_change(f"Deleted {selection.name}.")
