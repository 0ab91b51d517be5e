"""A small form that keeps the rows shown as a named selection."""

from collections.abc import Callable

import streamlit as st

from core.corpus.selections import MAX_NAME_LENGTH, SavedSelection
from core.errors import PlanisphereError
from pages.shared import session
from pages.shared.errors import show_error
from pages.shared.text import count, plain


def keep(keeper: Callable[[str], SavedSelection], rows: int, key: str) -> None:
    """keeper: keeps the rows under a name. key: of the form, one a page."""
    with (
        st.popover(
            "Keep as selection",
            icon=":material/bookmark_add:",
            disabled=not rows,
            help="Keeps these rows under a name: the Map shows them, filters on other pages use them.",
        ),
        st.form(f"{key}_form", border=False),
    ):
        name = st.text_input(
            "Name of the selection",
            key=f"{key}_name",
            max_chars=MAX_NAME_LENGTH,
            placeholder="What its rows have in common",
            help="Shown wherever selections can be chosen; no two have the same name.",
        )
        pressed = st.form_submit_button(
            f"Keep {count(rows, 'row')}",
            type="primary",
            icon=":material/bookmark_add:",
            width="stretch",
            help="They stay kept with this corpus.",
        )
    if pressed:
        try:
            saved = keeper(name)
            session.remember("kept_rows", f"Kept {saved.name}: {count(saved.rows, 'row')}.")
            st.rerun()
        except PlanisphereError as error:
            show_error(error)


def say_kept() -> None:
    """After a selection was kept: say so once. Call it at the beginning of the section."""
    message = session.remembered("kept_rows")
    if message:
        session.remember("kept_rows", None)
        st.toast(plain(message), icon=":material/check:")
