"""A chat that asks the FAQ assistant, with suggestions after a refusal, feedback, and quotes of another corpus."""

from typing import Any

import streamlit as st

from core.ask.evidence import NEAREST
from core.ask.faq_log import log_feedback, log_suggestion
from core.ask.faq_service import PASSAGES, LoggedReply, ask_assistant
from core.ask.refusal import SAMPLE
from core.ask.retrieval import MAX_QUESTION
from core.errors import PlanisphereError
from core.models.registry import capabilities
from core.types import CorpusRef, ModelSpec
from pages.shared import messages, session
from pages.shared.ask.faq_setup import FaqView, corpora_with_model
from pages.shared.classify.label_setup import attempt
from pages.shared.text import cut, plain

NO_CORPUS = ""
MAX_TURNS = 30  # that stay on the page; the log has all
CHAT_HEIGHT = 520  # pixels


def show_chat(view: FaqView) -> None:
    """The conversation of this session, newest last, and the field."""
    documents = _select_documents(view)
    if capabilities(view.query.model).paid:
        st.caption(f"Each question is sent to {plain(view.query.model.label)}, a paid API.")
    conversation = st.container()
    question = st.chat_input("Ask a question", key="faq_input", max_chars=MAX_QUESTION)
    if question and question.strip():
        _ask(view, question.strip(), documents)
    turns = session.remembered(_name(view), [])
    with conversation:
        if not turns:
            st.info("Ask a question as a user would. Each question is stored in the log.", icon=":material/forum:")
            return
        with st.container(height=CHAT_HEIGHT if len(turns) > 1 else "content", key="faq_chat"):
            for turn in turns:
                _show_turn(view, turn)
        st.button(
            "Clear chat", key="faq_clear_chat", icon=":material/clear_all:", type="tertiary", on_click=session.remember,
            args=(_name(view), []), help="Empties this chat. The log stays.",
        )  # fmt: skip


def _name(view: FaqView) -> str:
    return f"faq chat {view.query.corpus.digest} {view.query.question} {view.query.answer}"


def _select_documents(view: FaqView) -> CorpusRef | None:
    """The corpus that is quoted after a refusal; under a paid model, which is sent its sentences, after consent."""
    names = corpora_with_model(view)
    if not names:
        return None
    options = [NO_CORPUS, *names]
    if session.widget_value("faq_documents") not in options:
        session.set_widget("faq_documents", NO_CORPUS)
    digest = st.selectbox(
        "After a refusal", options, key="faq_documents", width=320, persist_state="session",
        format_func=lambda key: f"Quote {names[key]}" if key else "Suggest known questions",
        help="Sentences of another corpus that is embedded with the same model can be quoted instead.",
    )  # fmt: skip
    if not digest or not _agrees_to_quote(view.query.model, digest):
        return None
    return CorpusRef(view.query.corpus.folder, digest)


def _agrees_to_quote(model: ModelSpec, digest: str) -> bool:
    """Whether quoting is free, or agreed to."""
    if not capabilities(model).paid:
        return True
    st.warning(
        f"**Data sent** to {plain(model.label)}, a paid API: once about {2 * SAMPLE} sentences, which measure when to "
        f"refuse, and after each refusal the sentences of {PASSAGES} passages. Each sentence is sent and paid once.",
        icon=":material/payments:",
    )
    return st.checkbox(
        "I agree that these sentences are sent, and to pay for them", key=f"faq_quote_agreed-{model.key}-{digest}",
        help="Without consent, known questions are suggested after a refusal.", persist_state="session",
    )  # fmt: skip


def _ask(view: FaqView, question: str, documents: CorpusRef | None) -> None:
    try:
        with st.spinner("Looking for an answer", show_time=True):
            logged = session.ask(ask_assistant, view.query, view.threshold, question, view.secret, documents)
    except PlanisphereError as error:
        messages.show_error(error)
        return
    turns = session.remembered(_name(view), [])
    session.remember(_name(view), [*turns, _turn(logged)][-MAX_TURNS:])


def _turn(logged: LoggedReply) -> dict[str, Any]:
    """A reply as plain values, as the session stores it."""
    reply, documents = logged.reply, logged.documents
    quotes = [(sentence.text, list(sentence.numbers)) for sentence in documents.sentences] if documents else []
    return {
        "id": logged.id, "question": reply.text, "answer": reply.answer, "confidence": reply.confidence,
        "score": reply.score, "margin": reply.margin, "threshold": logged.threshold,
        "nearest": [(near.question, near.answer, near.cosine) for near in reply.nearest],
        "documents": documents.corpus if documents else "", "quotes": quotes,
        "rows": list(documents.rows) if documents else [], "suggestion": None, "is_right": None,
    }  # fmt: skip


def _show_turn(view: FaqView, turn: dict[str, Any]) -> None:
    with st.chat_message("user", avatar=":material/person:"):
        st.text(turn["question"])
    with st.chat_message("assistant", avatar=":material/support_agent:"):
        if turn["answer"] is not None:
            st.text(turn["answer"])
            _show_feedback(view, turn)
        elif turn["quotes"]:
            _show_quotes(turn)
        else:
            _show_refusal(view, turn)
        _show_facts(turn)


def _show_feedback(view: FaqView, turn: dict[str, Any]) -> None:
    """Whether the reply was right, as the user says."""
    with st.container(horizontal=True):
        for is_right, label, icon in ((True, "Right", "thumb_up"), (False, "Wrong", "thumb_down")):
            st.button(
                label, key=f"faq_{label.lower()}-{turn['id']}", icon=f":material/{icon}:",
                type="primary" if turn["is_right"] is is_right else "secondary", on_click=attempt,
                args=(_give_feedback, view, turn["id"], is_right),
                help="Stored in the log. Wrong replies are listed under Unanswered.",
            )  # fmt: skip


def _show_quotes(turn: dict[str, Any]) -> None:
    st.caption(f"No known question is close enough. From {plain(turn['documents'])}:")
    for text, numbers in turn["quotes"]:
        rows = ", ".join(f"row {turn['rows'][number - 1] + 1:,}" for number in numbers)
        st.text(f"{text} ({rows})" if rows else text)


def _show_refusal(view: FaqView, turn: dict[str, Any]) -> None:
    """The refusal with its suggestions; the one that was chosen, with its answer."""
    searched = f" {plain(turn['documents'])} does not answer it either." if turn["documents"] else ""
    st.markdown(f"No known answer fits well enough.{searched} Did you mean:")
    for index, (question, answer, _) in enumerate(turn["nearest"]):
        st.button(
            plain(cut(question, 120)), key=f"faq_suggest-{turn['id']}-{index}", icon=":material/help:",
            type="primary" if turn["suggestion"] == index else "secondary", on_click=attempt,
            args=(_choose, view, turn["id"], index), help=f"Answer: {plain(cut(answer, 200))}",
        )  # fmt: skip
    if turn["suggestion"] is not None:
        st.text(turn["nearest"][turn["suggestion"]][1])


def _show_facts(turn: dict[str, Any]) -> None:
    threshold = "none" if turn["threshold"] == float("inf") else f"{turn['threshold']:z.3f}"
    nearest = ""
    if turn["nearest"]:
        question, _, cosine = turn["nearest"][0]
        nearest = f" Nearest known question (cosine {cosine:z.2f}): {plain(cut(question, 120))}"
    st.caption(
        f"Confidence {turn['confidence']:z.3f}, threshold {threshold}. Score {turn['score']:z.3f}, margin "
        f"{turn['margin']:z.3f}.{nearest}",
        help=f"Score: mean cosine to the {NEAREST} nearest questions of the best answer. Margin: its distance to the "
        "score of the next answer. The confidence is computed from both.",
    )  # fmt: skip


def _give_feedback(view: FaqView, reply: str, is_right: bool) -> None:
    log_feedback(view.query.columns, reply, is_right)
    _change(view, reply, is_right=is_right)


def _choose(view: FaqView, reply: str, index: int) -> None:
    turn = next(turn for turn in session.remembered(_name(view), []) if turn["id"] == reply)
    question, answer, _ = turn["nearest"][index]
    log_suggestion(view.query.columns, reply, question, answer)
    _change(view, reply, suggestion=index)


def _change(view: FaqView, reply: str, **values: Any) -> None:
    turns = session.remembered(_name(view), [])
    session.remember(_name(view), [turn | values if turn["id"] == reply else turn for turn in turns])
