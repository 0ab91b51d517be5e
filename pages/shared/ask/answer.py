"""The answer, quoted or streamed from a language model, with citations that link to the passages."""

import time
from dataclasses import asdict
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.ask.answer_log import make_record, record_answers
from core.ask.answers import AnswerStream, Reply
from core.ask.prompts import request_tokens
from core.ask.service import AskResult
from core.digest import digest_json
from core.errors import PlanisphereError
from core.store import CorpusInfo
from pages.shared import session
from pages.shared.ask import conversation
from pages.shared.ask.chat import USED, ChatSettings
from pages.shared.ask.form import PENDING, submit
from pages.shared.ask.markup import answer_text, citation
from pages.shared.ask.refusal import Refusal, turn_off
from pages.shared.ask.waiting import waiting
from pages.shared.messages import show_error
from pages.shared.text import count, cut, plain

ANSWER = "ask_answer"  # what a language model has written last
REDRAW_SECONDS = 0.15  # between drawings of an answer that arrives


def show_answer(info: CorpusInfo, result: AskResult, chat: ChatSettings | None, refusal: Refusal) -> Reply | None:
    """The answer to the question of the passages; None where there is none yet."""
    is_pending = session.remembered(PENDING)
    session.remember(PENDING, False)  # a click sends one question, not what is set up later
    if chat is None:
        st.caption("Complete the settings of the language model above, or choose quoted sentences.")
        return None
    options = chat.options
    question = conversation.typed_question(result.retrieval.question)
    answering = AnswerStream(question, result.retrieval, "", refusal.value, refusal.calibration, options)
    if not answering.messages:
        _show_reply(answering.reply)
        return answering.reply
    key = digest_json([answering.messages, asdict(chat.model) if chat.model else None])
    stored = session.remembered(ANSWER)
    if is_pending and chat.is_ready:
        stored = _receive(info, answering, chat, key)
    if not stored or stored["key"] != key:
        _offer(answering, chat, "Write answer")
        return None
    return _show_stored(answering, chat, stored)


def _receive(info: CorpusInfo, answering: AnswerStream, chat: ChatSettings, key: str) -> dict[str, Any]:
    """Stream the answer; what has arrived is remembered piece by piece, since a click on Stop ends this run."""
    session.remember(USED, True)
    stored: dict[str, Any] = {"key": key, "text": "", "is_complete": False, "error": None}
    session.remember(ANSWER, stored)
    control, body = st.empty(), st.empty()
    note = "Ends the answer at once. What has arrived stays."
    control.button("Stop", key="ask_stop", icon=":material/stop_circle:", type="primary", help=note)
    draw_wait, line = waiting(f"Waiting for {chat.server}")
    drawn = Redrawn(body, answering)

    def tick() -> None:
        draw_wait()
        drawn.update()

    try:
        for piece in answering.pieces(tick):
            stored = {**stored, "text": stored["text"] + piece}
            session.remember(ANSWER, stored)
        stored = {**stored, "is_complete": True}
        session.remember(ANSWER, stored)
        _record(info, answering, chat)
    except PlanisphereError as error:
        stored = {**stored, "error": [error.message, error.remedy]}
    session.remember(ANSWER, stored)
    for element in (control, body, line):
        element.empty()
    return stored


def _record(info: CorpusInfo, answering: AnswerStream, chat: ChatSettings) -> None:
    """Store a complete answer with its passages, so that its faithfulness can be graded. Raises StorageError."""
    if chat.model and answering.reply.sentences:
        record_answers(session.corpus_ref(info), [make_record(answering, chat.model, chat.prompt, "ask")])


class Redrawn:
    """An answer that is drawn as it arrives, not more often than every REDRAW_SECONDS."""

    def __init__(self, body: DeltaGenerator, answering: AnswerStream) -> None:
        self._body, self._answering, self._text, self._time = body, answering, "", 0.0

    def update(self) -> None:
        if time.monotonic() - self._time < REDRAW_SECONDS:
            return
        text = answer_text(self._answering.reply, is_complete=False)
        if text != self._text:
            self._body.markdown(text)
        self._text, self._time = text, time.monotonic()


def _offer(answering: AnswerStream, chat: ChatSettings, label: str) -> None:
    """What would be sent, and the button that sends it."""
    tokens, passages = request_tokens(answering.messages), answering.sent
    dropped = len(answering.retrieval.passages) - passages
    left_out = f"; {count(dropped, 'passage')} beyond the token budget left out" if dropped else ""
    st.caption(f"About {tokens:,} input tokens: the prompt and {count(passages, 'passage')}{left_out}.")
    if not chat.is_ready:
        st.caption(":material/key: The settings of the language model above need a key or your consent.")
    options: dict[str, Any] = {"on_click": submit, "disabled": not chat.is_ready, "type": "primary"}
    note = f"Sends them to {plain(chat.server)}."
    st.button(label, key="ask_write", icon=":material/auto_awesome:", help=note, **options)


def _show_stored(answering: AnswerStream, chat: ChatSettings, stored: dict[str, Any]) -> Reply | None:
    answering.restore(stored["text"], stored["is_complete"])
    reply = answering.reply
    if stored["text"].strip():
        _show_reply(reply)
    if stored["is_complete"] and reply.sentences:
        note = "Recorded with its passages: grade its faithfulness under Judgments, Answers."
        st.caption(f":material/grading: {note}")
    if stored["error"]:
        show_error(PlanisphereError(*stored["error"]))
    elif not stored["is_complete"]:
        st.info("Stopped: the answer is incomplete.", icon=":material/stop_circle:")
    if not stored["is_complete"]:
        _offer(answering, chat, "Try again")
    return reply if stored["text"].strip() else None


def _show_reply(reply: Reply) -> None:
    if reply.refused:
        _show_refusal(reply)
        return
    st.markdown(answer_text(reply))
    _show_checks(reply)


def _show_refusal(reply: Reply) -> None:
    reasons = {
        "threshold": f"The highest cosine of a text to the question, {reply.score:.3f}, is below the refusal threshold "
        f"{reply.threshold:z.3f}.",
        "model": "The language model says that the passages do not answer the question.",
    }
    reason = reasons[reply.refused_by] if reply.passages else "No text matches the question."
    st.warning(f"**{reply.text}** {reason}", icon=":material/do_not_disturb_on:")
    if reply.nearest:
        st.caption("Nearest passages:")
    for passage in reply.nearest:
        st.markdown(f"{citation(passage)} {plain(cut(passage.sentence, 240))}")
    if reply.passages and reply.refused_by == "threshold":
        st.button(
            "Turn off refusal", key="ask_refuse_off", icon=":material/rule:", on_click=turn_off,
            help="Answers this and later questions from the passages, however little they match. The switch under "
            "Refusal threshold turns it on again.",
        )  # fmt: skip


def _show_checks(reply: Reply) -> None:
    """What was compared with the passages: citations and quotations."""
    quotations = sum(len(sentence.quotations) for sentence in reply.sentences)
    uncited = sum(not sentence.citations for sentence in reply.sentences)
    parts = [count(len(reply.sentences), "sentence") + (f", {uncited:,} without citation" if uncited else "")]
    if quotations:
        wrong = reply.unverified_quotations
        note = f"{wrong:,} not in the cited passage" if wrong else "all verbatim in the cited passages"
        parts.append(f"{count(quotations, 'quotation')}, {note}")
    if reply.invalid_citations:
        parts.append(f"{count(reply.invalid_citations, 'citation')} of passages that do not exist, left out")
    if reply.dropped:
        parts.append(f"{count(reply.dropped, 'passage')} beyond the token budget, not sent")
    if reply.calibration:
        parts.append(f"highest cosine {reply.score:z.3f}, refusal below {reply.threshold:z.3f}")
    note = "Citations and quotations are compared with the passages as text, without a language model."
    st.caption(f"{' · '.join(parts)}.", help=note)
