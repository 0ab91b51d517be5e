"""Earlier corpora: open, rename, delete."""

import time
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import PurePath

import streamlit as st

from core.errors import JobError, PlanisphereError, StorageError
from core.jobs.types import JobState
from core.store import CorpusInfo
from pages.shared import session
from pages.shared.messages import show_error
from pages.shared.text import count, format_bytes, plain

STOP_SECONDS = 30  # a job stops when its batches in flight are done


def show() -> None:
    """A table of what the workspace holds, and what can be done with the row that is chosen."""
    corpora = session.workspace().corpora()
    if not corpora:
        st.caption("Nothing here yet: what you bring in is kept and listed here.")
        return
    st.dataframe(
        [_line(info) for info in corpora],
        hide_index=True,
        height=min(38 + 35 * len(corpora), 320),
        column_config={
            "Created": st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm"),
            "Rows": st.column_config.NumberColumn(format="localized"),
        },
        alt="The corpora in this workspace",
    )
    by_digest = {info.digest: info for info in corpora}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        current = session.current_corpus()
        chosen = st.selectbox(
            "Corpus to open or change",
            list(by_digest),
            key="earlier",
            format_func=lambda digest: by_digest[digest].name,
            index=list(by_digest).index(current.digest) if current else 0,
            help="Then open, rename or delete it.",
        )
        _actions(by_digest[chosen])
    _open_dialog()


def _line(info: CorpusInfo) -> dict[str, object]:
    workspace = session.workspace()
    models = ", ".join(model.label for model in workspace.models(info.digest))
    created = datetime.fromtimestamp(info.created)
    taken = format_bytes(workspace.size(info.digest))
    return {"Name": info.name, "Rows": info.rows, "Created": created, "Size": taken, "Models": models}


def _actions(info: CorpusInfo) -> None:
    st.button(
        "Open",
        key="open-earlier",
        type="primary",
        icon=":material/folder_open:",
        on_click=session.open_corpus,
        args=(info.digest,),
        help="Show this corpus on every page.",
    )
    st.button(
        "Rename",
        key="rename-earlier",
        icon=":material/edit:",
        on_click=session.remember,
        args=("dialog", ("rename", info.digest)),
        help="Give it another name; nothing else changes.",
    )
    st.button(
        "Delete",
        key="delete-earlier",
        icon=":material/delete:",
        on_click=session.remember,
        args=("dialog", ("delete", info.digest)),
        help="Asks first, and says how much space it frees.",
    )


def _open_dialog() -> None:
    """The dialog asked for. It is remembered, so that it outlives a rerun that a finished job starts."""
    kind, digest = session.remembered("dialog") or ("", "")
    info = session.workspace().info(digest)
    if info and kind == "rename":
        rename_dialog(info)
    elif info and kind == "delete":
        delete_dialog(info)


def _closed() -> None:
    session.remember("dialog", None)


@st.dialog("Rename corpus", on_dismiss=_closed)
def rename_dialog(info: CorpusInfo) -> None:
    new = st.text_input("New name", info.name, max_chars=120, key="new-name", help="Shown in the sidebar and in lists.")
    if st.button(
        "Rename", key="rename-yes", type="primary", help="Names must not be empty.", disabled=not (new or "").strip()
    ):
        _do(partial(session.workspace().rename, info.digest, new or ""))


@st.dialog("Delete corpus?", on_dismiss=_closed)
def delete_dialog(info: CorpusInfo) -> None:
    workspace, jobs = session.workspace(), open_jobs(info)
    models = count(len(workspace.models(info.digest)), "embedding")
    st.markdown(
        f"**{plain(info.name)}** goes for good, with {models} and everything computed from it. "
        f"This frees **{format_bytes(workspace.size(info.digest))}**. Your own files are not touched."
    )
    if jobs:
        st.warning(
            f"{count(len(jobs), 'job')} on it {_stands(jobs)} and will be stopped first.", icon=":material/stop:"
        )
    with st.container(horizontal=True):
        if st.button(
            "Delete for good", key="delete-yes", type="primary", icon=":material/delete:", help="This can't be undone."
        ):
            _do(partial(delete, info))
        if st.button("Keep it", key="delete-no", help="Nothing changes."):
            _closed()
            st.rerun()


def open_jobs(info: CorpusInfo) -> list[JobState]:
    """The jobs in line or running on a corpus; the sample's begins without one and is known by its file."""
    sources = {source.get("name") for source in info.origin.get("sources", [])}
    return [
        job
        for job in session.manager().list(session.folder())
        if job.open
        and (job.spec.corpus == info.digest or PurePath(str(job.spec.params.get("path", ""))).name in sources)
    ]


def _stands(jobs: list[JobState]) -> str:
    if any(job.status == "running" for job in jobs):
        return "is running" if len(jobs) == 1 else "are running or in line"
    return "is in line" if len(jobs) == 1 else "are in line"


def delete(info: CorpusInfo) -> None:
    """Stop what runs on a corpus, then delete it. Raises JobError where a job doesn't stop, StorageError."""
    until = time.monotonic() + STOP_SECONDS
    with st.spinner("Stopping its jobs and deleting it"):
        # those in line are cancelled at once; a running one would write its result into the folder that was removed
        while jobs := open_jobs(info):
            for job in jobs:
                session.manager().cancel(job.id)
            if time.monotonic() > until:
                raise JobError(
                    "A job on this corpus has not stopped yet.", "Try again in a minute; nothing is deleted."
                )
            time.sleep(0.1)
        session.workspace().delete(info.digest)
    if session.workspace().info(info.digest):
        raise StorageError(f"{info.name} is still there.", "Close what else uses its files, then try again.")


def _do(change: Callable[[], object]) -> None:
    try:
        change()
    except PlanisphereError as error:
        show_error(error)
        return
    _closed()
    st.rerun()
