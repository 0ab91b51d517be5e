"""Saved corpora: open, rename, delete."""

import time
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import PurePath
from typing import Any

import pandas as pd
import streamlit as st

from core.corpus.service import restore_corpus
from core.errors import JobError, PlanisphereError, StorageError
from core.jobs.types import JobState
from core.store import CorpusInfo
from pages.shared import session
from pages.shared.messages import show_error
from pages.shared.tables import number, show_table
from pages.shared.text import count, format_bytes, plain

STOP_SECONDS = 30  # a job stops after its current batches


def show_saved_corpora() -> None:
    """A table of the saved corpora, and buttons for the selected one."""
    corpora = session.workspace().corpora()
    if not corpora:
        st.caption("No saved corpora yet.")
        return
    created = st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm")
    columns = {"Created": created, "Rows": number(format="localized")}
    rows = pd.DataFrame([_corpus_row(info) for info in corpora])
    show_table(rows, "The corpora in this workspace", columns, max_height=320)
    by_digest = {info.digest: info for info in corpora}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        current = session.current_corpus()
        digest = st.selectbox(
            "Corpus",
            list(by_digest),
            key="saved_corpus",
            format_func=lambda key: by_digest[key].name,
            index=list(by_digest).index(current.digest) if current else 0,
            help="The corpus to open, rename or delete.",
        )
        _show_buttons(by_digest[digest])


def show_damaged_corpora() -> None:
    """Corpora that can't be opened: restore or delete them."""
    for info in session.workspace().damaged():
        with st.container(border=True):
            state = "Its texts can be read." if info.rows else "Its texts can't be read: import its file again."
            st.warning(f"**{plain(info.name)}** is damaged. {state}", icon=":material/broken_image:")
            with st.container(horizontal=True):
                if info.rows:
                    restore: dict[str, Any] = {"on_click": _restore, "args": (info.digest,)}
                    help = "Writes its description again, from the table. Embeddings and results stay."
                    st.button("Restore", f"restore-{info.digest}", help, icon=":material/build:", **restore)
                delete: dict[str, Any] = {"on_click": session.remember, "args": ("dialog", ("delete", info.digest))}
                help = "Asks for confirmation."
                st.button("Delete", f"delete-{info.digest}", help, icon=":material/delete:", **delete)
    if error := session.remembered("restore_error"):
        show_error(StorageError(*error))


def _restore(digest: str) -> None:
    try:
        session.ask(restore_corpus, session.folder(), digest)
        session.remember("restore_error", None)
    except PlanisphereError as error:
        session.remember("restore_error", (error.message, error.remedy))


def _corpus_row(info: CorpusInfo) -> dict[str, object]:
    workspace, created = session.workspace(), datetime.fromtimestamp(info.created)
    models = ", ".join(model.label for model in workspace.models(info.digest))
    used = format_bytes(workspace.size(info.digest))
    return {"Name": info.name, "Rows": info.rows, "Created": created, "Size": used, "Models": models}


def _show_buttons(info: CorpusInfo) -> None:
    opening: dict[str, Any] = {"on_click": session.open_corpus, "args": (info.digest,), "type": "primary"}
    st.button("Open", key="open-corpus", icon=":material/folder_open:", help="Show it on every page.", **opening)
    dialogs = (
        ("Rename", "edit", "Changes the name only."),
        ("Delete", "delete", "Asks for confirmation and shows the space freed."),
    )
    for label, icon, help in dialogs:
        name, dialog = f"{label.lower()}-corpus", ("dialog", (label.lower(), info.digest))
        st.button(label, name, help, session.remember, dialog, icon=f":material/{icon}:")


def show_dialog() -> None:
    """The open dialog is stored in the session, so that it outlives a rerun that a finished job starts."""
    kind, digest = session.remembered("dialog") or ("", "")
    damaged = {info.digest: info for info in session.workspace().damaged()}
    info = damaged.get(digest) or session.workspace().info(digest)
    if info and kind:
        (rename_dialog if kind == "rename" else delete_dialog)(info)


def _close_dialog() -> None:
    session.remember("dialog", None)


@st.dialog("Rename corpus", on_dismiss=_close_dialog)
def rename_dialog(info: CorpusInfo) -> None:
    new = st.text_input("New name", info.name, max_chars=120, key="new-name", help="Shown in the sidebar and in lists.")
    if st.button("Rename", key="rename-yes", type="primary", help="Not empty.", disabled=not (new or "").strip()):
        _apply(partial(session.workspace().rename, info.digest, new or ""))


@st.dialog("Delete corpus?", on_dismiss=_close_dialog)
def delete_dialog(info: CorpusInfo) -> None:
    workspace, jobs = session.workspace(), open_jobs(info)
    models = count(len(workspace.models(info.digest)), "embedding")
    st.markdown(
        f"**{plain(info.name)}** will be deleted permanently, with {models} and all results. "
        f"This frees **{format_bytes(workspace.size(info.digest))}**. Your own files are not changed."
    )
    if jobs:
        st.warning(f"{count(len(jobs), 'job')} on it {_job_status(jobs)} and will be stopped.", icon=":material/stop:")
    with st.container(horizontal=True):
        if st.button(
            "Delete permanently", key="delete-yes", type="primary", icon=":material/delete:", help="Permanent."
        ):
            _apply(partial(stop_and_delete, info))
        if st.button("Cancel", key="delete-no", help="Changes nothing."):
            _close_dialog()
            st.rerun()


def open_jobs(info: CorpusInfo) -> list[JobState]:
    """Queued and running jobs on a corpus; the job of the sample starts without one and is matched by its file."""
    sources = {source.get("name") for source in info.origin.get("sources", [])}
    return [
        job
        for job in session.manager().list(session.folder())
        if job.open
        and (job.spec.corpus == info.digest or PurePath(str(job.spec.params.get("path", ""))).name in sources)
    ]


def _job_status(jobs: list[JobState]) -> str:
    if any(job.status == "running" for job in jobs):
        return "is running" if len(jobs) == 1 else "are running or queued"
    return "is queued" if len(jobs) == 1 else "are queued"


def stop_and_delete(info: CorpusInfo) -> None:
    """Stop the jobs on a corpus, then delete it. Raises JobError where a job doesn't stop, StorageError."""
    deadline = time.monotonic() + STOP_SECONDS
    with st.spinner("Stopping jobs and deleting the corpus"):
        # queued jobs are cancelled at once; a running one would write its result into the removed folder
        while jobs := open_jobs(info):
            for job in jobs:
                session.manager().cancel(job.id)
            if time.monotonic() > deadline:
                remedy = "Nothing was deleted. Try again in a minute."
                raise JobError("A job on this corpus has not stopped yet.", remedy)
            time.sleep(0.1)
        session.remember("deleted_corpus", info.digest)
        session.workspace().delete(info.digest)
    if session.workspace().info(info.digest):
        raise StorageError(f"{info.name} could not be deleted.", "Close programs that use its files and try again.")


def _apply(change: Callable[[], object]) -> None:
    try:
        change()
    except PlanisphereError as error:
        show_error(error)
        return
    _close_dialog()
    st.rerun()
