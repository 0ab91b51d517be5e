"""Three steps for the first visit; closed once, it stays closed in this workspace."""

from contextlib import suppress

import streamlit as st

from core.errors import StorageError
from core.files import write_json
from pages.shared import session

GUIDE = (
    (":material/upload_file:", "1. Bring text in", "A file, pasted text or the sample, here on this page."),
    (":material/memory:", "2. Embed it", "A model turns each text into a vector: near texts mean similar things."),
    (":material/scatter_plot:", "3. Explore", "See the corpus as a map and search it by meaning."),
)


def show_guide() -> None:
    mark = session.workspace().folder / "guide_closed.json"
    if session.remembered("guide_closed") or mark.exists():
        return
    with st.container(border=True):
        for column, (icon, title, text) in zip(st.columns(3), GUIDE, strict=True):
            column.markdown(f"{icon} **{title}**  \n{text}")
        st.button(
            "Close this guide",
            key="close-guide",
            type="tertiary",
            icon=":material/close:",
            on_click=_close,
            help="It will not be shown again in this workspace.",
        )


def _close() -> None:
    session.remember("guide_closed", True)
    with suppress(StorageError):  # closed for this visit at least; the page itself says what is wrong with the folder
        write_json(session.workspace().folder / "guide_closed.json", {})
