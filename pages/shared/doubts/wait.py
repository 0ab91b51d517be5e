"""Before labels are judged: at once where that is quick, else as a job."""

import streamlit as st

from core.answers.anomalies import doubts as answers
from core.answers.anomalies.doubts import Asked
from core.jobs.types import JobSpec
from core.store import CorpusInfo
from pages.shared import result_view, session
from pages.shared.text import count, plain

AT_ONCE = 6.0  # seconds that a person is made to wait for without a job


def ready(asked: Asked, info: CorpusInfo) -> bool:
    """Whether the labels are judged; else judges them, or shows what to wait for or to start."""
    state = session.ask(answers.doubt_state, asked)
    if state.kept:
        return True
    if state.seconds <= AT_ONCE:
        with st.spinner("Judging the labels"):
            session.ask(answers.judge_now, asked)
        return True
    words = f"{count(info.rows, 'row')} and {state.labels:,} labels in {plain(asked.column)} are looked at."
    result_view.offer(
        _job(asked, info), "These labels have not been judged yet.", words, "Judge the labels", state.seconds
    )
    return False


def _job(asked: Asked, info: CorpusInfo) -> JobSpec:
    params = {"model": asked.model.to_dict(), "column": asked.column}
    return JobSpec("label_doubts", asked.folder, asked.corpus, params, title=f"Labels of {info.name}: {asked.column}")
