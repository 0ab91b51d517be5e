"""What is sent to a language model for judging, and consent where that is paid."""

from dataclasses import asdict

import streamlit as st

from core.digest import digest_json
from core.models.chat import ChatModel
from core.models.openai_client.models import server_name
from core.models.registry import capabilities
from pages.shared import session
from pages.shared.text import cut, plain

EXAMPLE_LENGTH = 1_500  # characters of the first message that are shown


def show_request(instructions: str, example: str) -> None:
    """What the model is told, and the first message to send, if there is one."""
    with st.expander("Instructions to the model", icon=":material/article:"):
        st.text(instructions)
        if example:
            st.caption("First message to send")
            st.text(cut(example, EXAMPLE_LENGTH))


def agree_to_send(chat: ChatModel, what: str, tokens_in: int, tokens_out: int) -> bool:
    """Says what is sent to which server; whether it is free, or agreed to."""
    declared = capabilities(chat.spec)
    server = plain(server_name(chat.spec).replace("The server", "the server"))
    (st.warning if declared.paid else st.info)(
        f"**Data sent:** {what}, to {server}, "
        + ("outside this machine" if declared.paid else "in your own network")
        + f". About {tokens_in:,} input and {tokens_out:,} output tokens (an estimate; reasoning models use more).",
        icon=":material/outgoing_mail:",
    )
    if declared.needs_key and session.api_key(chat.spec) is None:
        st.caption(":material/key: This service needs an API key: enter it above.")
        return False
    return not declared.paid or st.checkbox(
        "I agree that this is sent, and to pay what the provider charges",
        key=f"judge_agreed-{digest_json([asdict(chat), what])}",
        help="Prices of chat models are not known here; see the provider's price list.",
    )
