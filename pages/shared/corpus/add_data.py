"""Where text comes from: upload, paste, the sample, or an earlier corpus."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from core.corpus.service import open_sample
from core.corpus.staging import Origin, stage
from core.errors import InputError, PlanisphereError
from pages.shared import session
from pages.shared.corpus import sample as starter
from pages.shared.corpus import saved_corpora as earlier
from pages.shared.messages import show_error
from pages.shared.text import format_bytes, plain

WAYS = ("Upload", "Paste", "Sample", "Earlier corpora")  # as they stand in the address bar
KINDS = (
    "CSV, TSV, JSON, JSONL, Parquet, XLSX, TXT or MD, plain or inside .gz or .zip. Several files become one table. "
    "Vectors are taken too: a list column in Parquet or JSONL, .npy, .npz or safetensors beside a table, the Embedding "
    "Projector's vectors.tsv and metadata.tsv, word2vec or GloVe text."
)


def choose() -> Origin | None:
    """The files or the pasted text that a person is looking at, None where there are none."""
    with st.container(border=True):
        way = st.segmented_control(
            "Bring text in",
            WAYS,
            default=WAYS[0],
            required=True,
            key="bring",
            bind="query-params",
            help="Where the texts come from. What you brought in before is under Earlier corpora.",
        )
        drawn: tuple[Callable[[], Origin | None], ...] = (_upload, _paste, _sample, earlier.show)
        return drawn[WAYS.index(way or WAYS[0])]()


def clear() -> None:
    """Forget what is being looked at; an uploader can only be emptied by drawing another one."""
    session.remember("upload", None)
    session.remember("paste", None)
    session.remember("upload_round", session.remembered("upload_round", 0) + 1)


def _upload() -> Origin | None:
    files = st.file_uploader(
        "Files",
        accept_multiple_files=True,
        key=f"upload-{session.remembered('upload_round', 0)}",
        on_change=session.remember,
        args=("upload_changed", True),
        help=KINDS,
    )
    st.caption("Tables (CSV, JSON, Parquet, XLSX), plain text, archives, or vectors with their table.")
    if session.remembered("upload_changed"):
        session.remember("upload", _staged(files))
        session.remember("upload_changed", False)
    origin = session.remembered("upload")
    if origin and not files:  # back from another page: the uploader is empty, the files are still kept
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(", ".join(f"**{plain(file.name)}** ({format_bytes(file.size)})" for file in origin.files))
            st.button(
                "Remove",
                key="remove-upload",
                type="tertiary",
                icon=":material/close:",
                on_click=clear,
                help="Put these files aside; nothing in the workspace changes.",
            )
    return origin


def _staged(files: Any) -> Origin | None:
    try:
        kept = tuple(stage(session.folder(), file.name, file.getbuffer()) for file in files or [])
    except PlanisphereError as error:
        show_error(error)
        return None
    return Origin(kept) if kept else None


def _paste() -> Origin | None:
    text = st.text_area(
        "Text",
        key="pasted",
        height=160,
        persist_state="session",
        placeholder="One text a line, or a table copied from a spreadsheet, or JSON",
        help="Each line becomes a row. Tables with a header row and JSON are recognized.",
    )
    if st.button(
        "Use this text",
        key="use-paste",
        type="primary" if text else "secondary",
        help="Look at the pasted rows before a corpus is made of them.",
    ):
        session.remember("paste", _pasted(text or ""))
    return session.remembered("paste")


def _pasted(text: str) -> Origin | None:
    try:
        if not text.strip():
            raise InputError("Nothing was pasted.", "Paste at least one line of text.")
        return Origin((stage(session.folder(), "pasted text", text.encode("utf-8", "replace")),), pasted=True)
    except PlanisphereError as error:
        show_error(error)
        return None


def _sample() -> Origin | None:
    st.markdown(
        "**Shop feedback**: customers' feedback to an imaginary shop, in English and some Chinese, with product area, "
        "rating and date. Some rows are odd on purpose: off topic, nearly the same, or wrongly labeled."
    )
    if st.button(
        "Open the sample",
        key="open-sample",
        type="primary",
        icon=":material/auto_awesome:",
        help="Brings it back if it was deleted, and embeds it with the default model.",
    ):
        with st.spinner("Opening the sample"):
            session.open_corpus(session.ask(open_sample, session.folder(), starter.sample_params()))
        starter.start_sample()
        st.rerun()
    return None
