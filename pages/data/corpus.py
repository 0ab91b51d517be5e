"""Add texts, choose what the text of a row is, create a corpus, and see what a corpus contains."""

from contextlib import suppress
from pathlib import PurePath
from typing import Any

import streamlit as st

from core.corpus.document_files import MAX_FILE_MB
from core.corpus.preprocess import Steps
from core.corpus.service import FilePreview
from core.corpus.staging import ImportSource
from core.errors import StorageError
from core.files import write_json
from core.types import Roles
from pages.shared import jobs_view, messages, session
from pages.shared.corpus.add_data import choose_source
from pages.shared.corpus.columns import choose_day_order, choose_roles
from pages.shared.corpus.creation import CreationRequest, finish_creation, request_creation
from pages.shared.corpus.import_options import read_source, tag
from pages.shared.corpus.preprocess import choose_steps
from pages.shared.corpus.profile import show_draft, show_profile
from pages.shared.corpus.saved_corpora import show_damaged_corpora, show_dialog
from pages.shared.corpus.value_formats import choose_value_formats
from pages.shared.entities.view import show_entities
from pages.shared.text import count, plain

GUIDE = (
    (":material/upload_file:", "1. Add data", "A file, pasted text or the sample, on this page."),
    (":material/memory:", "2. Embed", "A model turns each text into a vector; similar texts get similar vectors."),
    (":material/scatter_plot:", "3. Explore", "See the corpus as a map and search it by meaning."),
)


def data_page() -> None:
    st.title("Data")
    with st.container():
        show_guide()
        show_created()
        show_damaged_corpora()
        show_dialog()
    with st.container():
        source = choose_source()
        read = read_source(source) if source else None
    info = session.current_corpus()
    if read:
        with st.container():
            new_corpus(*read)
        return
    st.empty()  # replaces the form of the corpus just created, which the browser would show until the script ends
    if info:
        show_profile(info)
        show_entities(info)
    elif job := messages.pending_embedding(None):
        jobs_view.show_progress(job, "The sample opens here. You can add your own data meanwhile.")
    else:
        st.caption("No corpus yet. Upload a file, paste text, or open the sample.")


def new_corpus(source: ImportSource, preview: FilePreview) -> None:
    """From files to a corpus: columns, preprocessing, name, and a preview of the texts."""
    source, preview = choose_value_formats(source, preview)
    st.subheader("Columns")
    roles = choose_roles(source, preview)
    source = choose_day_order(source, roles)
    st.subheader("Preprocess")
    steps = choose_steps(source, preview, roles)
    show_create_button(source, preview, roles, steps)
    if steps:
        show_draft(source, roles, steps)


def show_guide() -> None:
    """Three steps for the first visit; once closed, it stays closed in this workspace."""
    mark = session.workspace().folder / "guide_closed.json"
    if session.remembered("guide_closed") or mark.exists():
        return
    with st.container(border=True):
        for column, (icon, title, text) in zip(st.columns(3), GUIDE, strict=True):
            column.markdown(f"{icon} **{title}**  \n{text}")
        st.button(
            "Close", key="close-guide", type="tertiary", icon=":material/close:", on_click=_close_guide, help="Hide it."
        )


def _close_guide() -> None:
    session.remember("guide_closed", True)
    with suppress(StorageError):  # closed for this visit at least; the page itself reports problems of the folder
        write_json(session.workspace().folder / "guide_closed.json", {})


def show_create_button(source: ImportSource, preview: FilePreview, roles: Roles, steps: Steps | None) -> None:
    """The name and the button; below it, a requested corpus is created and opened."""
    left, right = st.columns([3, 1], vertical_alignment="bottom")
    default = _default_name(source, preview)
    key, help = f"name-{tag(source)}", "Shown in the sidebar; you can rename it later."
    name = left.text_input("Corpus name", default, max_chars=120, key=key, persist_state="session", help=help)
    style: dict[str, Any] = {"type": "primary", "icon": ":material/check:", "width": "stretch"}
    help = "Stores the corpus in the workspace. Your files are not changed."
    if any(read.is_document for read in preview.sources):
        help += f" Documents up to {MAX_FILE_MB} MB are stored with it, so that rows can open their page."
    request = None if steps is None else CreationRequest(source, roles, steps, (name or "").strip() or default)
    style |= {"disabled": request is None, "on_click": request_creation, "args": (request, preview), "help": help}
    if right.button("Create corpus", key="create", **style) and request:
        request_creation(request, preview)  # the callback has the values of the previous run, such as the name
    finish_creation()


def show_created() -> None:
    """After a corpus was created: what to do next, until another corpus is opened."""
    digest, name, rows, mapped = session.remembered("created") or ("", "", 0, False)
    info = session.current_corpus()
    if not info or info.digest != digest:
        return
    st.success(f"**{plain(name)}** is ready: {count(rows, 'row')}.", icon=":material/check_circle:")
    with st.container(horizontal=True):
        if mapped:
            st.page_link("pages/explore/map.py", label="Open the map", icon=":material/scatter_plot:")
        st.page_link("pages/data/embed.py", label="Embed it with a model", icon=":material/memory:")


def _default_name(source: ImportSource, preview: FilePreview) -> str:
    if source.pasted:
        return "Pasted text"
    skipped = {file.name for file in preview.skipped}
    names = [file.name for file in source.files if file.name not in skipped] or [source.files[0].name]
    stem = PurePath(names[0].replace("\\", "/")).name.split(".")[0] or "Corpus"
    return (stem if len(names) == 1 else f"{stem} and {count(len(names) - 1, 'more file')}")[:120]


data_page()
