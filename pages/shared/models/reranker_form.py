"""The form that selects a reranker: a local cross-encoder, or a model on a server with its API key and consent."""

import streamlit as st

from core.errors import PlanisphereError
from core.models.folders import check_folder
from core.models.openai_client.models import server_name
from core.models.reranker import RerankerSpec, checked_reranker, resolve_reranker
from core.secret import Secret
from pages.shared import session
from pages.shared.messages import show_error
from pages.shared.models.chat_form import show_server_key_field
from pages.shared.text import plain

NONE, FOLDER, SERVER = "None", "Cross-encoder", "Server"


def select_reranker(key_prefix: str) -> RerankerSpec | None:
    """The selected reranker, resolved; None without one, and while its form is incomplete, invalid (which is shown) or
    without consent to a paid server. key_prefix: of the widgets' keys. Its API key: `reranker_secret`."""
    kind = st.segmented_control(
        "Reranker",
        (NONE, FOLDER, SERVER),
        default=NONE,
        key=f"{key_prefix}_reranker",
        persist_state="session",
        required=True,
        help="Sorts the best passages again with a model that reads question and passage together: slower, and usually "
        "more accurate than cosine or BM25.",
    )
    if kind == NONE:
        return None
    try:
        return _folder_fields(key_prefix) if kind == FOLDER else _server_fields(key_prefix)
    except PlanisphereError as error:
        show_error(error)
        return None


def is_reranker_selected(key_prefix: str) -> bool:
    """Whether the form asks for a reranker, complete or not."""
    return (session.widget_value(f"{key_prefix}_reranker") or NONE) != NONE


def reranker_secret(spec: RerankerSpec | None) -> Secret | None:
    """The API key of a reranker's server, as entered in this session; None for local ones."""
    return session.api_key(spec.model) if spec and spec.is_hosted else None


def _folder_fields(key_prefix: str) -> RerankerSpec | None:
    name = st.text_input(
        "Model folder",
        key=f"{key_prefix}_reranker_folder",
        persist_state="session",
        placeholder="/models/ms-marco-MiniLM-L6-v2",
        help="A folder on the machine that runs this app, with a sentence-transformers cross-encoder whose weights are "
        ".safetensors. Code of a model is never run.",
    ).strip()
    if not name:
        st.caption(":material/edit: Enter the model's folder.")
        return None
    folder = check_folder(name, False, session.model_folders(), "another folder")
    return session.ask(resolve_reranker, RerankerSpec("cross-encoder", folder))


def _server_fields(key_prefix: str) -> RerankerSpec | None:
    """Raises PlanisphereError for an invalid address or name."""
    left, right = st.columns(2)
    url = left.text_input(
        "Reranker address",
        key=f"{key_prefix}_reranker_url",
        persist_state="session",
        placeholder="http://localhost:8000/v1",
        help="Base URL of a server with POST /rerank: vLLM, llama.cpp, Infinity, text-embeddings-inference, Cohere "
        "(https://api.cohere.com/v2), Jina (https://api.jina.ai/v1).",
    )
    name = right.text_input(
        "Reranker model",
        key=f"{key_prefix}_reranker_model",
        persist_state="session",
        placeholder="BAAI/bge-reranker-v2-m3",
        help="Model ID on the server.",
    )
    if not url.strip() or not name.strip():
        st.caption(":material/edit: Enter address and model.")
        return None
    spec = checked_reranker(name, url)
    show_server_key_field(spec.base_url, f"{key_prefix}_reranker_key")
    return spec if _has_consent(spec, key_prefix) else None


def _has_consent(spec: RerankerSpec, key_prefix: str) -> bool:
    """Whether texts may be sent to the server: at once to one of the own network, else after consent."""
    server = plain(server_name(spec.model).replace("The server", "the server"))
    if not spec.capabilities.paid:
        st.caption(f":material/lan: The question and the best passages are sent to {server}, in your own network.")
        return True
    return st.checkbox(
        f"I agree to send questions and passages to {server} and to pay its price",
        key=f"{key_prefix}_reranker_agreed-{spec.key}",
        persist_state="session",
        help="Each question sends the best passages once. Prices of rerankers are not known here; see the provider's "
        "price list.",
    )
