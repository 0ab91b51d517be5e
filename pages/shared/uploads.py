"""Uploads: a table beside the corpus, which stays after another page was visited; files that can't be read."""

import streamlit as st

from core.corpus.service import FilePreview, InvalidInput, preview_files
from core.corpus.staging import ImportSource, stage
from pages.shared import session
from pages.shared.text import count, plain

MAX_LISTED = 5


def upload_table(label: str, key: str, help: str) -> ImportSource | None:
    """The staged file; its name is shown where the uploader is empty, as it is after another page was visited."""
    changed = f"{key} changed"
    file = st.file_uploader(label, key=key, on_change=session.remember, args=(changed, True), help=help)
    if session.remembered(changed):
        session.remember(changed, False)
        staged = stage(session.folder(), file.name, file.getbuffer()) if file else None
        session.remember(key, ImportSource((staged,), budget=session.settings().budget) if staged else None)
    upload: ImportSource | None = session.remembered(key)
    if upload and not file:
        st.caption(f"{label}: {plain(upload.files[0].name)}")
    return upload


def preview_table(upload: ImportSource, single_column: str) -> FilePreview | None:
    """The columns and first rows of an uploaded table of at least two columns; None after showing what is wrong.
    single_column: the message for a table with one column."""
    preview = session.ask_once(preview_files, session.folder(), upload)
    if isinstance(preview, InvalidInput):
        st.warning(f"{plain(preview.message)} {plain(preview.remedy)}", icon=":material/block:")
        return None
    if len(preview.columns) < 2:
        st.warning(single_column, icon=":material/block:")
        return None
    show_skipped_files(preview)
    return preview


def show_skipped_files(preview: FilePreview) -> None:
    """The files of an upload that can't be read, each with reason and remedy; nothing where all were read."""
    if not preview.skipped:
        return
    files = len(preview.sources) + len(preview.skipped)
    lines = [f"{plain(file.message)} {plain(file.remedy)}" for file in preview.skipped]
    title = f"**{len(preview.sources):,} of {count(files, 'file')} read.** Not included:"
    listed = "\n".join(f"- {line}" for line in lines[:MAX_LISTED])
    st.warning(f"{title}\n\n{listed}", icon=":material/block:")
    if lines[MAX_LISTED:]:
        with st.expander(count(len(lines) - MAX_LISTED, "more file") + " not read", icon=":material/block:"):
            st.markdown("\n".join(f"- {line}" for line in lines[MAX_LISTED:]))
