"""The popover of saved selections: save the current one, show a saved one, combine, export, rename or delete it."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Literal

import streamlit as st

from core.corpus.selections import (
    MAX_NAME_LENGTH,
    Operation,
    SavedSelection,
    delete_selection,
    rename_selection,
    saved_selections,
)
from core.corpus.service import combine_and_save, corpus_file, count_combined, selection_file
from core.errors import PlanisphereError
from core.store import CorpusInfo
from pages.shared import session
from pages.shared.downloads import FILE_TYPES, file_button
from pages.shared.messages import show_error
from pages.shared.text import count, cut, file_stem, plain

WIDTH = 320  # pixels; a popover would stretch to its longest line


def show_selections(info: CorpusInfo, save: Callable[[str], SavedSelection] | None) -> SavedSelection | None:
    """Draw the popover; returns the selection to show, in the run in which its button was pressed.

    save: saves the current selection under a name and returns it; None where nothing is selected.
    """
    with (
        st.popover("Selections", key="selections", icon=":material/bookmarks:", help="Save, show, combine or export."),
        st.container(width=WIDTH),
    ):
        try:
            _show_last_change()
            selections = saved_selections(session.workspace(), info.digest)
            _show_save_form(save)
            return _show_saved(info, selections)
        except PlanisphereError as error:
            show_error(error)
    return None


def _show_last_change() -> None:
    """After a change: a toast, the new selection preselected, and empty fields."""
    change = session.remembered("selection_done")
    session.remember("selection_done", None)
    if change is None:
        return
    message, key = change
    st.toast(plain(message), icon=":material/check:")
    session.set_widget("selection_name", "")
    session.set_widget(COMBINED_NAME, "")
    session.set_widget("selection_part", None)
    if key:
        session.set_widget(SELECTED, key)


def _show_save_form(save: Callable[[str], SavedSelection] | None) -> None:
    with st.form("selection_save_form", border=False):
        options: dict[str, Any] = {"disabled": save is None, "placeholder": "What the rows have in common"}
        name = st.text_input("Save as", key="selection_name", max_chars=MAX_NAME_LENGTH, **options)
        help_ = "Filters on other pages can use them." if save else "Use the lasso or box tool first."
        options = {"disabled": save is None, "width": "stretch", "icon": ":material/bookmark_add:", "help": help_}
        pressed = st.form_submit_button("Save selection", key="selection_save", type="primary", **options)
    if pressed and save:
        try:
            saved = save(name)
        except PlanisphereError as error:
            show_error(error)
            return
        finish_change(f"Saved {saved.name}: {count(saved.rows, 'row')}.", saved.key)


def _show_saved(info: CorpusInfo, selections: Sequence[SavedSelection]) -> SavedSelection | None:
    if not selections:
        st.caption("No saved selections yet. Select rows with the lasso or box tool and save them for later.")
        return None
    by_key = {selection.key: selection for selection in selections}
    if session.widget_value(SELECTED) not in by_key:
        session.set_widget(SELECTED, selections[0].key)
    labels = {selection.key: selection_label(selection) for selection in selections}
    title, help_ = f"Saved selections ({len(selections):,})", "Newest first, with the number of rows."
    selection = by_key[st.selectbox(title, list(labels), key=SELECTED, format_func=labels.__getitem__, help=help_)]
    pressed = st.button("Show on the map", key="selection_show", icon=":material/scatter_plot:", width="stretch")
    manage_selection(info, selections, selection)
    return selection if pressed else None


Action = Literal["combine", "export", "rename", "delete"]
ExportScope = Literal["rows", "columns"]
ACTIONS: dict[Action, str] = {"combine": "Combine", "export": "Export", "rename": "Rename", "delete": "Delete"}
OPERATIONS: tuple[Operation, ...] = ("and", "or", "without", "not")
SCOPES: dict[ExportScope, str] = {"rows": "Selected rows", "columns": "All rows, with a column for each selection"}
SELECTED, COMBINED_NAME, SECOND = "selection_chosen", "selection_combined", "selection_second"  # keys of widgets


def manage_selection(info: CorpusInfo, selections: Sequence[SavedSelection], selection: SavedSelection) -> None:
    """The selected action on a saved selection. Raises StorageError."""
    help_ = "Combine it with another selection, export it as a file, rename or delete it."
    action = st.segmented_control(
        "Action", list(ACTIONS), key="selection_part", format_func=ACTIONS.__getitem__, help=help_
    )
    if action == "combine":
        _combine_selection(info, selections, selection)
    elif action == "export":
        _export_selection(info, selections, selection)
    elif action == "rename":
        _rename_selection(info, selection)
    elif action == "delete":
        _delete_selection(info, selection)


def selection_label(selection: SavedSelection) -> str:
    return f"{cut(selection.name, 28)} ({selection.rows:,})"


def finish_change(message: str, key: str = "") -> None:
    """Rerun the page with a message, and with the selection of this key selected."""
    session.remember("selection_done", [message, key])  # a toast before a rerun would disappear with it
    st.rerun()


def _combine_selection(info: CorpusInfo, selections: Sequence[SavedSelection], first: SavedSelection) -> None:
    by_key = {selection.key: selection for selection in selections}
    help_ = "and: rows in both. or: rows in at least one. without: rows in the first only. not: all other rows."
    selected = st.segmented_control("Operation", OPERATIONS, default="and", key="selection_operation", help=help_)
    operation: Operation = selected or "and"
    second = ""
    if operation != "not":
        others = [key for key in by_key if key != first.key]
        if not others:
            st.caption("This needs two selections: save another one first.")
            return
        if session.widget_value(SECOND) not in others:
            session.set_widget(SECOND, others[0])
        labels = {key: selection_label(by_key[key]) for key in others}
        second = st.selectbox("Second selection", others, key=SECOND, format_func=labels.__getitem__)
    names = [first.name, by_key[second].name] if second else ["", first.name]
    suggestion = f" {operation} ".join(names).strip()[:MAX_NAME_LENGTH]
    _save_combined(info, first.key, operation, second, suggestion)


def _save_combined(info: CorpusInfo, first: str, operation: Operation, second: str, suggestion: str) -> None:
    corpus = session.corpus_ref(info)
    rows = session.ask_once(count_combined, corpus, first, operation, second)
    st.caption(f"Result: {count(rows, 'row')} of {info.rows:,}." if rows else "The result has no rows.")
    problem = st.container()  # above the button: what is below it may be out of sight
    help_ = "The suggested name if empty."
    name = st.text_input("Save as", key=COMBINED_NAME, max_chars=MAX_NAME_LENGTH, placeholder=suggestion, help=help_)
    options: dict[str, Any] = {"type": "primary", "icon": ":material/join_inner:", "width": "stretch"}
    if st.button("Save result", key="selection_combine_yes", disabled=not rows, **options):
        try:
            saved = session.ask(combine_and_save, corpus, name.strip() or suggestion, first, operation, second)
        except PlanisphereError as error:
            with problem:
                show_error(error)
            return
        finish_change(f"Saved {saved.name}: {count(saved.rows, 'row')}.", saved.key)


def _export_selection(info: CorpusInfo, selections: Sequence[SavedSelection], selection: SavedSelection) -> None:
    help_ = "Columns of selections are True for the rows in that selection, else False."
    scope: ExportScope = st.radio(
        "Export", list(SCOPES), key="selection_export", format_func=SCOPES.__getitem__, help=help_
    )
    stem = file_stem(selection.name if scope == "rows" else f"{info.name} selections", "selection")
    ask, corpus = session.manager().ask, session.corpus_ref(info)  # bound now: the download runs outside of the page
    keys = tuple(item.key for item in selections)
    with st.container(horizontal=True):
        for file_type, label in FILE_TYPES.items():
            rows_file = partial(ask, selection_file, corpus, selection.key, file_type)
            data = rows_file if scope == "rows" else partial(ask, corpus_file, corpus, keys, file_type)
            file_button(label, data, stem, file_type, "All columns of the corpus.", f"selection_{file_type}")


def _rename_selection(info: CorpusInfo, selection: SavedSelection) -> None:
    with st.form("selection_rename", border=False):
        key, help_ = f"selection_rename_{selection.key}", "The rows do not change. Names are unique."
        name = st.text_input("New name", selection.name, key=key, max_chars=MAX_NAME_LENGTH, help=help_)
        pressed = st.form_submit_button("Rename", key="selection_rename_yes", icon=":material/edit:")
    if pressed:
        renamed = rename_selection(session.workspace(), info.digest, selection.key, name)
        finish_change(f"Renamed to {renamed.name}.", selection.key)


def _delete_selection(info: CorpusInfo, selection: SavedSelection) -> None:
    st.markdown(
        f"**{plain(selection.name)}** will be deleted permanently. Its {count(selection.rows, 'row')} stay in the "
        "corpus, and selections combined from it do not change."
    )
    if st.button("Delete permanently", key="selection_delete_yes", type="primary", icon=":material/delete:"):
        delete_selection(session.workspace(), info.digest, selection.key)
        finish_change(f"Deleted {selection.name}.")
