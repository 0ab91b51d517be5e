"""A table that is uploaded beside the corpus, and stays after another page was visited."""

import streamlit as st

from core.corpus.service import FilePreview, InvalidInput, preview_files
from core.corpus.staging import ImportSource, stage
from pages.shared import session
from pages.shared.text import plain


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
    return preview
