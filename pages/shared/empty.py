"""Empty states: what is missing, and the way to it."""

import streamlit as st

from core.store import CorpusInfo
from pages.shared import session


def no_corpus(message: str) -> None:
    st.info(message, icon=":material/info:")
    st.page_link("pages/data/corpus.py", label="Bring text in on the Data page", icon=":material/table_view:")


def not_embedded(message: str) -> None:
    """Says that vectors are missing; where a model runs already or stands in line, that they are coming."""
    info = session.current_corpus()
    if info and coming(info):
        st.info(
            "This corpus is being embedded. The page fills by itself as soon as its first vectors are there; how far "
            "it is stands in the sidebar.",
            icon=":material/hourglass_top:",
        )
        return
    st.info(message, icon=":material/info:")
    st.page_link("pages/data/embed.py", label="Choose a model on the Embed page", icon=":material/memory:")


def coming(info: CorpusInfo) -> bool:
    """Whether a job that runs or stands in line will give this corpus its vectors."""
    jobs = [job.spec for job in session.manager().list(session.folder()) if job.open]
    here = any(job.kind == "embed" and job.corpus == info.digest for job in jobs)
    return here or any(job.kind == "sample" and job.params["name"] == info.name for job in jobs)
