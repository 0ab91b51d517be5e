"""The form that selects a chat model: server address, model and API key."""

from urllib.parse import urlsplit

import streamlit as st

from core.models.chat import ChatModel, checked_model
from core.models.openai_client.models import checked_url
from core.models.registry import capabilities
from pages.shared import session
from pages.shared.models import choice

DEFAULT_MODEL = "gpt-5-mini"


def select_chat_model() -> ChatModel | None:
    """Address, name and key; None while there is no name. Raises PlanisphereError for an invalid address or name."""
    left, right = st.columns(2)
    url = left.text_input(
        "Server address",
        key="chat_url",
        persist_state="session",
        placeholder="empty: OpenAI",
        help="Base URL of a server with the OpenAI API, such as http://localhost:11434/v1 (Ollama, vLLM, LM Studio, "
        "llama.cpp). Empty: OpenAI.",
    )
    base_url = checked_url(url)
    key, default = f"chat_model-{urlsplit(base_url).netloc}", "" if base_url else DEFAULT_MODEL
    note = "Model ID on the server. A small, fast model is enough."
    name = right.text_input("Model", default, key=key, persist_state="session", help=note)
    if base_url:
        show_server_key_field(base_url, "chat_key")
    else:
        choice.show_key_field(capabilities(ChatModel(name).spec))
    if not name.strip():
        st.caption(":material/edit: Enter the model ID.")
        return None
    return checked_model(name, base_url)


def show_server_key_field(base_url: str, field: str) -> None:
    """One key per server, so that a key is never sent to another server than it was entered for. field: a prefix of the
    widget's key."""
    field = f"{field}-{urlsplit(base_url).netloc}"
    typed = st.text_input(
        "API key (optional)",
        type="password",
        key=field,
        persist_state="session",
        placeholder="entered in this session" if session.named_key(base_url) else "",
        help="Stored for this session only, in memory. Your OpenAI key is never sent to another server.",
    )
    if typed:
        session.store_server_key(base_url, field)
