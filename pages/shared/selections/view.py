"""Kept selections of the corpus: keep the present one, show one again, rename, combine, take out, delete."""

from collections.abc import Callable, Sequence
from typing import Literal

import streamlit as st

from core.corpus.selections import LONGEST_NAME, SavedSelection, delete_selection, rename_selection, saved_selections
from core.errors import PlanisphereError
from core.store import CorpusInfo
from pages.shared import session
from pages.shared.messages import show_error
from pages.shared.selections import combine, export
from pages.shared.text import count, cut, plain

Part = Literal["combine", "export", "rename", "delete"]
PARTS: dict[Part, str] = {"combine": "Combine", "export": "Export", "rename": "Rename", "delete": "Delete"}
CHOSEN = "selection_chosen"
WIDTH = 320  # pixels; a popover would stretch to its longest line


def show(info: CorpusInfo, current: Callable[[str], SavedSelection] | None) -> SavedSelection | None:
    """Draw the popover; gives the selection to be shown, in the run in which that was asked for.

    current: keeps what is selected now under a name, and gives it; None where nothing is.
    """
    with (
        st.popover(
            "Selections",
            key="selections",
            icon=":material/bookmarks:",
            help="Keep what is selected under a name; show, combine or take out what was kept.",
        ),
        st.container(width=WIDTH),
    ):
        try:
            _take_up()
            kept = saved_selections(session.workspace(), info.digest)
            _keep(current)
            return _kept(info, kept, current)
        except PlanisphereError as error:
            show_error(error)
    return None


def _take_up() -> None:
    """After a change: say so, choose what was made, and empty the fields."""
    change = session.remembered("selection_done")
    session.remember("selection_done", None)
    if change is None:
        return
    message, key = change
    st.toast(plain(message), icon=":material/check:")
    session.set_widget("selection_name", "")
    session.set_widget(combine.NAME, "")
    session.set_widget("selection_part", None)
    if key:
        session.set_widget(CHOSEN, key)


def option(selection: SavedSelection) -> str:
    """As it stands in a list: short enough that its number of rows is seen."""
    return f"{cut(selection.name, 28)} ({selection.rows:,})"


def done(message: str, key: str = "") -> None:
    """Draw all anew, say what was done, and have the selection of this key chosen."""
    session.remember("selection_done", [message, key])  # a toast before a rerun would go with it
    st.rerun()


def _keep(current: Callable[[str], SavedSelection] | None) -> None:
    with st.form("selection_keep", border=False):
        name = st.text_input(
            "Name of the selection",
            key="selection_name",
            max_chars=LONGEST_NAME,
            placeholder="What its rows have in common",
            disabled=current is None,
            help="Shown wherever selections can be chosen; no two have the same name.",
        )
        pressed = st.form_submit_button(
            "Keep this selection",
            key="selection_keep_yes",
            type="primary",
            icon=":material/bookmark_add:",
            disabled=current is None,
            width="stretch",
            help="Keeps the rows selected now with this corpus; filters on other pages can use them."
            if current
            else "Select something first: draw around points with the lasso or the box.",
        )
    if pressed and current:
        try:
            saved = current(name)
        except PlanisphereError as error:
            show_error(error)
            return
        done(f"Kept {saved.name}: {count(saved.rows, 'row')}.", saved.key)


def _kept(
    info: CorpusInfo, kept: Sequence[SavedSelection], current: Callable[[str], SavedSelection] | None
) -> SavedSelection | None:
    if not kept:
        first = "Name what is selected now" if current else "Draw around points with the lasso or the box, name that"
        st.caption(
            f"No selections are kept yet. {first}, and keep it: it can then be shown again, combined, taken "
            "out, and used as a filter."
        )
        return None
    by_key = {each.key: each for each in kept}
    if session.widget_value(CHOSEN) not in by_key:
        session.set_widget(CHOSEN, kept[0].key)
    key = st.selectbox(
        f"Kept selections ({len(kept):,})",
        list(by_key),
        key=CHOSEN,
        format_func=lambda key: option(by_key[key]),
        help="Newest first, each with its number of rows. What follows is about the one chosen.",
    )
    chosen = by_key[key]
    shown = st.button(
        "Show on the map",
        key="selection_show",
        icon=":material/scatter_plot:",
        width="stretch",
        help="Selects these rows again.",
    )
    _part(info, kept, chosen)
    return chosen if shown else None


def _part(info: CorpusInfo, kept: Sequence[SavedSelection], chosen: SavedSelection) -> None:
    part = st.segmented_control(
        "Do more with it",
        list(PARTS),
        key="selection_part",
        format_func=lambda name: PARTS[name],
        help="Combine it with another, take it out as a file, give it another name, or delete it.",
    )
    if part == "combine":
        made = combine.show(info, kept, chosen)
        if made:
            done(f"Kept {made.name}: {count(made.rows, 'row')}.", made.key)
    elif part == "export":
        export.show(info, kept, chosen)
    elif part == "rename":
        _rename(info, chosen)
    elif part == "delete":
        _delete(info, chosen)


def _rename(info: CorpusInfo, chosen: SavedSelection) -> None:
    with st.form("selection_rename", border=False):
        name = st.text_input(
            "New name",
            chosen.name,
            key=f"selection_rename_{chosen.key}",
            max_chars=LONGEST_NAME,
            help="Its rows stay as they are.",
        )
        pressed = st.form_submit_button(
            "Rename", key="selection_rename_yes", icon=":material/edit:", help="No two selections have the same name."
        )
    if pressed:
        renamed = rename_selection(session.workspace(), info.digest, chosen.key, name)
        done(f"It is called {renamed.name} now.", chosen.key)


def _delete(info: CorpusInfo, chosen: SavedSelection) -> None:
    st.markdown(
        f"**{plain(chosen.name)}** goes for good. Its {count(chosen.rows, 'row')} stay in the corpus, and selections "
        "made from it stay as they are."
    )
    if st.button(
        "Delete for good",
        key="selection_delete_yes",
        type="primary",
        icon=":material/delete:",
        help="This can't be undone.",
    ):
        delete_selection(session.workspace(), info.digest, chosen.key)
        done(f"{chosen.name} is deleted.")
