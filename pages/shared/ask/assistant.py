"""FAQ assistant: known answers with a measured precision, or refusal."""

from collections.abc import Callable

import streamlit as st

from core.store import CorpusInfo
from pages.shared import messages, session
from pages.shared.ask.faq_calibration import show_calibration, show_figures
from pages.shared.ask.faq_chat import show_chat
from pages.shared.ask.faq_endpoint import show_endpoint
from pages.shared.ask.faq_log import show_log
from pages.shared.ask.faq_setup import FaqView, open_view, select_query
from pages.shared.ask.faq_unanswered import show_unanswered
from pages.shared.classify.label_setup import show_error
from pages.shared.text import plain

PARTS: dict[str, Callable[[FaqView], None]] = {
    "Try it": show_chat,
    "Calibration": show_calibration,
    "Log": show_log,
    "Unanswered": show_unanswered,
    "Endpoint": show_endpoint,
}
HELP = (
    "Try it: ask as a user would. Calibration: how precision and coverage depend on the threshold. Log: what was "
    "asked. Unanswered: refused questions, to add as new entries. Endpoint: use the assistant from other programs."
)


def show_assistant(info: CorpusInfo) -> None:
    """The whole view. Raises PlanisphereErrors, such as for columns that can't be an FAQ."""
    st.caption(
        "Gives the known answer of the most similar questions where its confidence reaches a threshold, and refuses "
        "otherwise."
    )
    model = session.current_model()
    if model is None:
        messages.show_not_embedded(f"{plain(info.name)} has not been embedded yet.")
        return
    query = select_query(info, model)
    view = open_view(info, query) if query else None
    if view is None:
        return
    show_figures(view)
    part = st.segmented_control(
        "Part of the assistant", list(PARTS), key="faq_part", default="Try it", required=True, bind="query-params",
        label_visibility="collapsed", help=HELP,
    )  # fmt: skip
    show_error()
    PARTS.get(str(part), show_chat)(view)
