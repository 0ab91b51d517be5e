"""The popover of saved selections: save the current selection, show a saved one, and manage it."""

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from core.corpus.selections import MAX_NAME_LENGTH, SavedSelection, saved_selections
from core.errors import PlanisphereError
from core.store import CorpusInfo
from pages.shared import session
from pages.shared.messages import show_error
from pages.shared.selections.manage import COMBINED_NAME, SELECTED, finish_change, manage_selection, selection_label
from pages.shared.text import count, plain

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
