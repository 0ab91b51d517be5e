"""Errors and empty states: what is wrong or missing, and what to do."""

import streamlit as st

from core.errors import PlanisphereError
from core.jobs.types import JobState
from core.store import CorpusInfo
from core.types import ModelSpec
from core.vectors.service import language_warning
from pages.shared import jobs_view, session
from pages.shared.text import plain

PAGE_OPENS = "This page opens once the vectors and their neighbors are ready."


def show_error(error: PlanisphereError) -> None:
    """The message, and the remedy if there is one."""
    st.error(plain(error.message) + (f"\n\n{plain(error.remedy)}" if error.remedy else ""), icon=":material/error:")


def show_no_corpus(message: str) -> None:
    """There is no corpus yet; in a new workspace, the sample is being prepared."""
    if job := pending_embedding(None):
        jobs_view.show_progress(job, "The sample opens here once its first vectors are ready.")
    else:
        st.info(message, icon=":material/info:")
    st.page_link("pages/data/corpus.py", label="Add data on the Data page", icon=":material/table_view:")


def show_not_embedded(message: str, meanwhile: str = PAGE_OPENS) -> None:
    """The current corpus has no vectors or neighbors yet; the progress of the job that computes them, if there is, with
    what the page does `meanwhile`."""
    info = session.current_corpus()
    if info and (job := pending_embedding(info)):
        jobs_view.show_progress(job, meanwhile)
        return
    st.info(message, icon=":material/info:")
    st.page_link("pages/data/embed.py", label="Choose a model on the Embed page", icon=":material/memory:")


def show_language_warnings(info: CorpusInfo, *models: ModelSpec) -> None:
    """For the models with rows in a language that they were not trained for: what that means, and what to use."""
    unique = {model.key: model for model in models}.values()
    warnings = [session.ask_once(language_warning, session.corpus_ref(info), model) for model in unique]
    lines = [plain(warning) for warning in warnings if warning]
    if lines:
        lines[-1] += " Use a multilingual model (Embed page) or keyword search."
        st.warning("  \n".join(lines), icon=":material/translate:")


def pending_embedding(info: CorpusInfo | None) -> JobState | None:
    """The open job that will compute this corpus' vectors or neighbors; for None, the one that prepares the sample."""
    for job in session.manager().list(session.folder()):
        if not job.open:
            continue
        if job.spec.kind in ("embed", "map") and info is not None and job.spec.corpus == info.digest:
            return job
        if job.spec.kind == "sample" and (info is None or job.spec.params["name"] == info.name):
            return job
    return None
