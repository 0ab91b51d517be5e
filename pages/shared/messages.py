"""Empty states: what is missing, and the way to it."""

import streamlit as st

from core.errors import PlanisphereError
from core.store import CorpusInfo
from pages.shared import session
from pages.shared.text import plain


def show_no_corpus(message: str) -> None:
    """Says that there is no text yet; in a new workspace, that the sample is on its way."""
    if is_embedding_pending(None):
        show_waiting(
            "A sample is being read and embedded; the page fills by itself as soon as its first vectors are there."
        )
    else:
        st.info(message, icon=":material/info:")
    st.page_link("pages/data/corpus.py", label="Bring text in on the Data page", icon=":material/table_view:")


def show_waiting(message: str) -> None:
    """A calm place for what a job will bring; its progress is in the sidebar, which reruns the page when it ends.

    Nothing moves in it: without a graphics processor a skeleton's shimmer takes a core from the very job.
    """
    with st.container(border=True):
        st.caption(
            f":material/hourglass_top: {message} Its progress is in the sidebar; you can go on working elsewhere."
        )


def show_not_embedded(message: str) -> None:
    """Says that vectors are missing; where a model runs already or stands in line, that they are coming."""
    info = session.current_corpus()
    if info and is_embedding_pending(info):
        show_waiting("This corpus is being embedded; the page fills by itself as soon as its first vectors are there.")
        return
    st.info(message, icon=":material/info:")
    st.page_link("pages/data/embed.py", label="Choose a model on the Embed page", icon=":material/memory:")


def is_embedding_pending(info: CorpusInfo | None) -> bool:
    """Whether an open job will give this corpus its vectors or their neighbors; of none, whether the sample is on its
    way."""
    jobs = [job.spec for job in session.manager().list(session.folder()) if job.open]
    here = any(job.kind in ("embed", "map") and info is not None and job.corpus == info.digest for job in jobs)
    return here or any(job.kind == "sample" and (info is None or job.params["name"] == info.name) for job in jobs)


def show_error(error: PlanisphereError) -> None:
    st.error(plain(error.message) + (f"\n\n{plain(error.remedy)}" if error.remedy else ""), icon=":material/error:")
