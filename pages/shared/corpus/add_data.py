"""Where texts come from: upload, paste, the sample, or a saved corpus."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from core.corpus.service import import_file
from core.corpus.staging import ImportSource, stage
from core.errors import InputError, PlanisphereError
from core.jobs.sample import copy_sample, sample_params
from pages.shared import session, web_server
from pages.shared.corpus.sample import start_sample
from pages.shared.corpus.saved_corpora import show_saved_corpora
from pages.shared.messages import show_error
from pages.shared.text import format_bytes, plain

SOURCES = ("Upload", "Paste", "Sample", "Saved corpora")  # as in the address
FORMATS = (
    "Tables: CSV, TSV, JSON, JSONL, Parquet, XLSX. Documents, with a row per section, page, slide, cell or message: "
    "PDF, DOCX, PPTX, HTML, EPUB, MD, TXT, e-mail (EML, MBOX), subtitles (SRT, VTT), Jupyter notebooks. All of them "
    "also inside .gz or .zip. Several files become one table. You can also upload embeddings: a list column in Parquet "
    "or JSONL; .npy, .npz or safetensors together with a table; the Embedding Projector's vectors.tsv and "
    "metadata.tsv; word2vec or GloVe text."
)


def choose_source() -> ImportSource | None:
    """The uploaded files or the pasted text that are being imported, None where there are none."""
    with st.container(border=True):
        options: dict[str, Any] = {"default": SOURCES[0], "required": True, "bind": "query-params"}
        name = st.segmented_control("Add data", SOURCES, key="add_data", help="Source of the texts.", **options)
        parts: tuple[Callable[[], ImportSource | None], ...] = (_upload, _paste, _sample, show_saved_corpora)
        return parts[SOURCES.index(name or SOURCES[0])]()


def clear_source() -> None:
    """Forget what is being imported; an uploader can only be emptied by drawing another one."""
    session.remember("upload", None)
    session.remember("paste", None)
    session.remember("upload_round", session.remembered("upload_round", 0) + 1)


def _upload() -> ImportSource | None:
    files = st.file_uploader(
        "Files",
        accept_multiple_files=True,
        key=f"upload-{session.remembered('upload_round', 0)}",
        on_change=session.remember,
        args=("upload_changed", True),
        help=FORMATS,
    )
    st.caption(
        "Tables (CSV, JSON, Parquet, XLSX), documents (PDF, Word, PowerPoint, HTML, EPUB, Markdown, text, e-mail, "
        "subtitles, notebooks), archives, or embeddings with their table."
    )
    if reason := web_server.refused_upload():
        message = f"The upload was refused (status 403): {reason}."
        remedy = "A proxy between browser and server has to pass both unchanged: README, section Behind a proxy."
        show_error(InputError(message, remedy))
    if session.remembered("upload_changed"):
        session.remember("upload", _stage_files(files))
        session.remember("upload_changed", False)
    source = session.remembered("upload")
    if source and not files:  # back from another page: the uploader is empty, the staged files are still there
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(", ".join(f"**{plain(file.name)}** ({format_bytes(file.size)})" for file in source.files))
            st.button(
                "Remove",
                key="remove-upload",
                type="tertiary",
                icon=":material/close:",
                on_click=clear_source,
                help="Discard these files.",
            )
    return source


def _stage_files(files: Any) -> ImportSource | None:
    try:
        staged = tuple(stage(session.folder(), file.name, file.getbuffer()) for file in files or [])
    except PlanisphereError as error:
        show_error(error)
        return None
    return ImportSource(staged, budget=session.settings().budget) if staged else None


def _paste() -> ImportSource | None:
    text = st.text_area(
        "Text",
        key="pasted",
        height=160,
        persist_state="session",
        placeholder="One text per line, a table copied from a spreadsheet, or JSON",
        help="Each line becomes a row. Tables with a header row and JSON are recognized.",
    )
    pressed = st.button(
        "Import text", key="use-paste", type="primary" if text else "secondary", help="Shows a preview."
    )
    if pressed:
        session.remember("paste", _stage_text(text or ""))
    return session.remembered("paste")


def _stage_text(text: str) -> ImportSource | None:
    try:
        if not text.strip():
            raise InputError("No text was pasted.", "Paste at least one line of text.")
        staged = stage(session.folder(), "pasted text", text.encode("utf-8", "replace"))
    except PlanisphereError as error:
        show_error(error)
        return None
    return ImportSource((staged,), pasted=True, budget=session.settings().budget)


def _sample() -> ImportSource | None:
    st.markdown(
        "**Shop feedback**: customer feedback in English and some Chinese, with product area, rating and date. "
        "Some rows are deliberate problems: off-topic texts, near-duplicates and wrong labels."
    )
    pressed = st.button(
        "Open sample",
        key="open-sample",
        type="primary",
        icon=":material/auto_awesome:",
        help="Restores it if it was deleted, and embeds it with the default model.",
    )
    if pressed:
        with st.spinner("Opening the sample"):
            digest = copy_sample(session.folder())
            session.open_corpus(digest or session.ask(import_file, session.folder(), sample_params()))
        if not digest:
            start_sample()
        st.rerun()
    return None
