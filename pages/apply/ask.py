"""Ask: questions to a corpus answered with citations, an FAQ assistant, and the evaluation of retrieval."""

from collections.abc import Callable

import streamlit as st

from core.store import CorpusInfo
from pages.shared import contenders, messages, session
from pages.shared.ask.assistant import show_assistant
from pages.shared.ask.evaluation import show_retrieval_evaluation
from pages.shared.ask.judgments import show_judgments
from pages.shared.ask.question import show_question

VIEWS: dict[str, Callable[[CorpusInfo], None]] = {
    "Ask": show_question,
    "FAQ assistant": show_assistant,
    "Retrieval evaluation": show_retrieval_evaluation,
    "Judgments": show_judgments,
}
HELP = (
    "Ask: passages for a question and an answer with citations. FAQ assistant: reply with known answers, or refuse. "
    "Retrieval evaluation: compare models, keyword search, fusion and rerankers on questions with known passages. "
    "Judgments: relevance grades given here, and a language model as judge compared with them."
)


def page() -> None:
    st.title("Ask")
    info = session.current_corpus()
    if info is None:
        messages.show_no_corpus("No data yet. Add documents or a table to ask questions about it.")
        return
    view = contenders.select_view(VIEWS, "ask_view", HELP)
    if VIEWS[view] is show_question:  # no fragment, so that a click on Stop interrupts it
        show_question(info)
        return
    contenders.run_view(VIEWS[view], info)


page()
