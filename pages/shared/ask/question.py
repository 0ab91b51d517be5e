"""Ask: a question, its passages, and an answer with citations, in this order."""

import streamlit as st

from core.ask.service import AskResult, find_passages
from core.errors import PlanisphereError
from core.store import CorpusInfo
from pages.shared import messages, session
from pages.shared.ask import conversation
from pages.shared.ask.answer import show_answer
from pages.shared.ask.chat import ChatSettings, read_chat
from pages.shared.ask.form import AskForm, read_form, show_examples
from pages.shared.ask.passages import show_on_map, show_passages
from pages.shared.ask.refusal import read_refusal
from pages.shared.messages import show_error
from pages.shared.models.reranker_form import reranker_secret
from pages.shared.search.keywords import keyword_index_ready
from pages.shared.selections import active

RETRIEVAL_SECONDS = 600.0  # a worker that has just started first loads vectors and models


def show_question(info: CorpusInfo) -> None:
    """No fragment: only a run of the whole page can be interrupted by its Stop button."""
    active.show_active(info)
    conversation.apply_rewritten()
    conversation.show_turns(info)
    form = read_form(info)
    chat = read_chat(form.writer)
    if form.query is None:
        show_examples(info)
        return
    if form.spec and form.query.mode != "keyword":
        messages.show_language_warnings(info, form.spec)
    if form.query.mode != "semantic" and not keyword_index_ready(form.corpora):
        return
    try:
        result = _find_passages(form)
    except PlanisphereError as error:
        show_error(error)
        return
    left, right = st.columns([3, 2], gap="large")
    with left:
        show_passages(form, result)
    with right:
        _show_answer_part(info, form, chat, result)


def _find_passages(form: AskForm) -> AskResult:
    secret = session.api_key(form.spec) if form.spec else None
    arguments = (form.query, form.spec, secret, form.reranker, reranker_secret(form.reranker))
    message = "Searching and reranking" if form.reranker else "Searching"
    with st.spinner(message, show_time=True):
        return session.ask(find_passages, *arguments, timeout=RETRIEVAL_SECONDS)


def _show_answer_part(info: CorpusInfo, form: AskForm, chat: ChatSettings | None, result: AskResult) -> None:
    """The answer above the threshold's settings, which are read first."""
    st.subheader("Answer", anchor="answer")
    answer, settings = st.container(), st.container()
    with settings:
        refusal = read_refusal(form)
    with answer:
        try:
            reply = show_answer(info, result, chat, refusal)
            if reply and chat and chat.model and chat.is_ready:
                conversation.show_follow_up(info, chat, chat.model, reply)
        except PlanisphereError as error:
            show_error(error)
    if form.spec:
        show_on_map(info, form.spec, result)
