"""Follow-up questions: earlier questions and answers, and the question that a language model completed from them."""

from typing import Any

import streamlit as st

from core.ask.answers import Reply, rewrite
from core.ask.prompts import Turn
from core.errors import PlanisphereError
from core.models.chat import ChatModel
from core.store import CorpusInfo
from pages.shared import session
from pages.shared.ask.chat import ChatSettings
from pages.shared.ask.form import QUESTION, REWRITTEN, TURNS, clear_conversation, submit
from pages.shared.ask.waiting import waiting
from pages.shared.messages import show_error
from pages.shared.text import count, plain

FOLLOW_UP = "ask_follow_up"  # a question to complete
FIELD = "ask_follow_up_text"
MAX_TURNS = 20  # that are remembered


def apply_rewritten() -> None:
    """Ask the completed question; call it before the question's field is drawn."""
    rewritten = session.remembered(REWRITTEN)
    if rewritten and not rewritten["is_applied"]:
        session.remember(REWRITTEN, rewritten | {"is_applied": True})
        session.set_widget(QUESTION, rewritten["question"])
        submit()


def typed_question(searched: str) -> str:
    """The question as it was typed: of a follow-up question before it was completed."""
    rewritten = session.remembered(REWRITTEN)
    return str(rewritten["original"]) if rewritten and rewritten["question"] == searched else searched


def show_turns(info: CorpusInfo) -> None:
    """Earlier questions and answers on this corpus, and how the present question came about."""
    turns = _turns(info)
    if not turns:
        return
    with st.expander(f"Conversation: {count(len(turns), 'earlier question')}", icon=":material/forum:"):
        for question, answer in turns:
            st.markdown(f"**{plain(question)}**")
            st.markdown(plain(answer))
    with st.container(horizontal=True, vertical_alignment="center"):
        rewritten = session.remembered(REWRITTEN)
        if rewritten and rewritten["question"] == session.widget_value(QUESTION):
            st.caption(
                f"Follow-up question “{plain(rewritten['original'])}”, completed by the language model.",
                width="content",
            )
        options: dict[str, Any] = {"type": "tertiary", "icon": ":material/delete:", "on_click": clear_conversation}
        st.button("Clear conversation", key="ask_clear", **options)


def show_follow_up(info: CorpusInfo, chat: ChatSettings, model: ChatModel, reply: Reply) -> None:
    """The field for a follow-up question; completes one that was just typed."""
    turns = [*_turns(info), (reply.question, reply.text)]
    if original := session.remembered(FOLLOW_UP):
        session.remember(FOLLOW_UP, None)
        _complete(info, original, turns, chat, model)
    with st.form("ask_follow_up_form", border=False):
        note = "The language model completes it from this conversation; the completed question is searched and shown."
        st.text_input("Follow-up question", key=FIELD, max_chars=500, help=note)
        icon = ":material/reply:"
        st.form_submit_button("Ask follow-up", key="ask_follow_up", icon=icon, on_click=_submit_follow_up)


def _submit_follow_up() -> None:
    original = str(session.widget_value(FIELD) or "").strip()
    if original:
        session.remember(FOLLOW_UP, original)
        session.set_widget(FIELD, "")


def _complete(info: CorpusInfo, original: str, turns: list[Turn], chat: ChatSettings, model: ChatModel) -> None:
    """Let the model complete the question, then search it. After a failure the question is in its field again."""
    control = st.empty()
    control.button("Stop", key="ask_stop_follow_up", icon=":material/stop_circle:", type="primary")
    tick, line = waiting(f"Waiting for {chat.server} to complete the question")
    try:
        question = rewrite(original, turns, model, chat.secret, tick)
    except PlanisphereError as error:
        for element in (control, line):
            element.empty()
        session.set_widget(FIELD, original)
        show_error(error)
        return
    session.remember(TURNS, {"corpus": info.digest, "turns": [list(turn) for turn in turns[-MAX_TURNS:]]})
    session.remember(REWRITTEN, {"original": original, "question": question, "is_applied": False})
    st.rerun()


def _turns(info: CorpusInfo) -> list[Turn]:
    stored = session.remembered(TURNS)
    if not stored or stored["corpus"] != info.digest:
        return []
    return [(str(question), str(answer)) for question, answer in stored["turns"]]
