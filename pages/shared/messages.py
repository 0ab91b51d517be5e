"""Errors and empty states: what is wrong or missing, and what to do."""

import streamlit as st

from core.errors import PlanisphereError
from core.store import CorpusInfo
from pages.shared import session
from pages.shared.text import plain


def show_error(error: PlanisphereError) -> None:
    """The message, and the remedy if there is one."""
    st.error(plain(error.message) + (f"\n\n{plain(error.remedy)}" if error.remedy else ""), icon=":material/error:")


def show_no_corpus(message: str) -> None:
    """There is no corpus yet; in a new workspace, the sample is being prepared."""
    if is_embedding_pending(None):
        show_waiting("A sample is being loaded and embedded. This page updates once its first vectors are ready.")
    else:
        st.info(message, icon=":material/info:")
    st.page_link("pages/data/corpus.py", label="Add data on the Data page", icon=":material/table_view:")


def show_waiting(message: str) -> None:
    """A placeholder for what a job computes; the sidebar shows its progress and reruns the page when it ends.

    Without animation: without a GPU, a skeleton's shimmer would take a core from the job.
    """
    with st.container(border=True):
        st.caption(f":material/hourglass_top: {message} See the sidebar for progress; other pages work meanwhile.")


def show_not_embedded(message: str) -> None:
    """The current corpus has no vectors yet; where a job will compute them, to wait."""
    info = session.current_corpus()
    if info and is_embedding_pending(info):
        show_waiting("This corpus is being embedded. This page updates once its first vectors are ready.")
        return
    st.info(message, icon=":material/info:")
    st.page_link("pages/data/embed.py", label="Choose a model on the Embed page", icon=":material/memory:")


def is_embedding_pending(info: CorpusInfo | None) -> bool:
    """Whether an open job will compute this corpus' vectors or neighbors; for None, whether the sample is coming."""
    jobs = [job.spec for job in session.manager().list(session.folder()) if job.open]
    if any(job.kind in ("embed", "map") and info is not None and job.corpus == info.digest for job in jobs):
        return True
    return any(job.kind == "sample" and (info is None or job.params["name"] == info.name) for job in jobs)
