"""The place of a row in its document: the page of a PDF with the passage marked, or the text around it."""

from functools import partial
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.corpus.document_files import has_documents
from core.corpus.document_view import (
    DocumentLocation,
    Section,
    locate,
    page_image,
    stored_file,
    surroundings,
)
from core.errors import PlanisphereError
from core.store import CorpusInfo
from core.types import CorpusRef
from pages.shared import session
from pages.shared.messages import show_error
from pages.shared.text import cut, cut_middle, format_bytes, plain

VIEWS = ("Page", "Text")
WIDTH = 760  # pixels of a page, at most
MARKED = 0.98  # share of a passage's letters from which it counts as marked
_POSITION = "document_position"  # (digest, row, view, page or row that is shown)


def show_document_button(info: CorpusInfo, row: int, key: str) -> None:
    """A button that opens the row's place in a dialog; nothing for corpora without documents. key: unique on the
    page."""
    if not has_documents(info):
        return
    help_ = "Shows the page or section of the file that this row comes from."
    if st.button("Open in document", key=f"document-{key}", type="tertiary", icon=":material/article:", help=help_):
        session.remember(_POSITION, None)
        _document_dialog(info, row)


@st.dialog("Document", width="large", icon=":material/article:")
def _document_dialog(info: CorpusInfo, row: int) -> None:
    show_document_location(info, row)


def show_document_location(info: CorpusInfo, row: int) -> None:
    """File, page or headings, and the page as an image with the passage marked, or the text around it."""
    corpus = session.corpus_ref(info).source
    try:
        location = session.ask(locate, corpus, row)
        if location is None:
            st.info("This row does not come from a document.", icon=":material/info:")
            return
        _show_name(location)
        with st.container(horizontal=True, vertical_alignment="center"):
            view = _select_view() if location.has_pages else VIEWS[1]
            steps = st.container(horizontal=True, vertical_alignment="center", width="content")
        if location.not_drawn:
            st.caption(f":material/info: {location.not_drawn}")
        (_show_page if view == VIEWS[0] else _show_text)(corpus, location, steps)
        _show_download(corpus, location)
    except PlanisphereError as error:
        show_error(error)


def _select_view() -> str:
    options: dict[str, Any] = {"default": VIEWS[0], "required": True, "persist_state": "session"}
    help_ = "The page as it looks, or the text as it was read, with the sections around it."
    options |= {"label_visibility": "collapsed", "help": help_}
    return str(st.segmented_control("View", VIEWS, key="document_view", **options))


def _show_name(location: DocumentLocation) -> None:
    place = f"  \n{plain(_capitalized(location.label))}" if location.label else ""
    st.markdown(f"**{plain(cut_middle(location.file, 80))}**{place}")


def _capitalized(label: str) -> str:
    return label[:1].upper() + label[1:]


def _show_page(corpus: CorpusRef, location: DocumentLocation, controls: DeltaGenerator) -> None:
    page = _position(corpus, location.row, VIEWS[0], location.number)
    with st.spinner("Drawing the page"):
        image = session.ask(page_image, corpus, location.row, page)
    steps = (page - 1 if page > 1 else None, page + 1 if page < image.pages else None)
    with controls:
        _show_steps(corpus, location.row, VIEWS[0], steps, f"Page {page:,} of {image.pages:,}")
    is_own = page == location.number
    if is_own and image.marked < MARKED:
        note = f"Only {image.marked:.0%} of the passage is marked" if image.marked else "The passage is not marked"
        st.caption(f":material/info: {note}: the rest reads differently on the page.")
    marked = ", with the passage marked" if is_own and image.marked else ""
    st.image(image.png, width=WIDTH, output_format="PNG", alt=f"Page {page} of {location.file}{marked}")


def _show_text(corpus: CorpusRef, location: DocumentLocation, controls: DeltaGenerator) -> None:
    row = _position(corpus, location.row, VIEWS[1], location.row)
    around = session.ask(surroundings, corpus, row)
    if around is None:
        return
    before, after = around.sections[: around.current], around.sections[around.current + 1 :]
    steps = (before[-1].row if before else None, after[0].row if after else None)
    with controls:
        _show_steps(corpus, location.row, VIEWS[1], steps, f"Section {around.number:,} of {around.total:,}")
    with st.container(border=True):
        for section in around.sections:
            _show_section(section, section.row == location.row)


def _show_steps(corpus: CorpusRef, row: int, view: str, steps: tuple[int | None, int | None], title: str) -> None:
    """Buttons to the previous and next page or section, and back to the passage's own. steps: None at an end."""
    for position, name, icon in zip(steps, ("Previous", "Next"), ("arrow_back", "arrow_forward"), strict=True):
        _step_button(name, icon, (corpus.digest, row, view, position), position is not None)
        if name == "Previous":
            st.markdown(title, width="content")
    if _position(corpus, row, view, -1) >= 0:
        _step_button("Back to passage", "undo", None, True)


def _show_section(section: Section, is_marked: bool) -> None:
    if section.label:
        st.caption(plain(cut(_capitalized(section.label), 200)))
    if not is_marked:
        st.text(section.text)
        return
    lines = [line for line in section.text.split("\n") if line.strip()]
    st.markdown("  \n".join(f":orange-background[{plain(line)}]" for line in lines))


def _step_button(label: str, icon: str, position: tuple[str, int, str, int | None] | None, enabled: bool) -> None:
    action: dict[str, Any] = {"on_click": session.remember, "args": (_POSITION, position), "disabled": not enabled}
    key = f"document-{label.split()[0].lower()}"
    st.button(label, key=key, type="tertiary", icon=f":material/{icon}:", **action)


def _position(corpus: CorpusRef, row: int, view: str, default: int) -> int:
    """The page or row that was opened by the buttons, the passage's own at first."""
    *shown, position = session.remembered(_POSITION) or ("", -1, "", 0)
    return int(position or 0) if shown == [corpus.digest, row, view] else default


def _show_download(corpus: CorpusRef, location: DocumentLocation) -> None:
    if not location.size:
        return
    ask = partial(session.manager().ask, stored_file, corpus, location.row)  # runs outside of the page
    name = location.file.replace("\\", "/").rpartition("/")[2] or "document"
    st.download_button(
        f"Download file ({format_bytes(location.size)})",
        ask,
        name,
        "application/octet-stream",
        key="document-download",
        type="tertiary",
        icon=":material/download:",
        on_click="ignore",
        help="The original file, as it was imported.",
    )
