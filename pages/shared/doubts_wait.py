"""Before labels are judged: at once where that is quick, else as a job."""

import streamlit as st

from core.answers import doubts as answers
from core.answers.doubts import Asked, DoubtState
from core.job_types import JobSpec
from core.store import CorpusInfo
from pages.shared import map_wait, session
from pages.shared.text import count, duration, plain

AT_ONCE = 2.0  # seconds that a person is made to wait for without a job


def ready(asked: Asked, info: CorpusInfo) -> bool:
    """Whether the labels are judged; else judges them, or shows what to wait for or to start."""
    state = session.ask(answers.doubt_state, asked)
    if state.kept:
        return True
    if any(job.open and job.spec.id == _job(asked, info).id for job in session.manager().list(session.folder())):
        map_wait.waiting("The labels are being judged; what is found appears here by itself.")
        return False
    if state.seconds <= AT_ONCE:
        with st.spinner("Judging the labels"):
            session.ask(answers.judge_now, asked)
        return True
    _offer(asked, info, state)
    return False


def _offer(asked: Asked, info: CorpusInfo, state: DoubtState) -> None:
    with st.container(border=True):
        st.markdown("**These labels have not been judged yet.**")
        st.write(
            f"Judging {count(info.rows, 'row')} with {state.labels:,} labels in {plain(asked.column)} takes about "
            f"{duration(state.seconds)}."
        )
        if st.button(
            "Judge the labels",
            type="primary",
            icon=":material/fact_check:",
            key="doubts_start",
            help="Starts a job; its result is kept, so it is done but once.",
        ):
            session.manager().submit(_job(asked, info))
            st.rerun()  # the whole page: the sidebar shows the job


def _job(asked: Asked, info: CorpusInfo) -> JobSpec:
    params = {"model": asked.model.to_dict(), "column": asked.column}
    return JobSpec("label_doubts", asked.folder, asked.corpus, params, title=f"Labels of {info.name}: {asked.column}")
