"""The language model that writes answers: server, consent, token budget and prompt."""

from dataclasses import asdict, dataclass
from typing import Any

import streamlit as st

from core.ask.answers import BUDGET, AskOptions
from core.ask.prompts import INSTRUCTIONS, PASSAGES, QUESTION, USER, Prompt, request_tokens
from core.digest import digest_json
from core.errors import PlanisphereError
from core.models.chat import ChatModel
from core.models.openai_client.models import server_name
from core.models.registry import capabilities
from core.secret import Secret
from pages.shared import session
from pages.shared.ask.form import MODEL
from pages.shared.messages import show_error
from pages.shared.models.chat_form import select_chat_model
from pages.shared.text import plain

MIN_BUDGET, MAX_BUDGET, STEP = 200, 100_000, 500
INSTRUCTIONS_KEY, USER_KEY = "ask_instructions", "ask_user"
DEFAULT_PROMPT = Prompt()
USED = "ask_chat_used"  # the settings have served once, and are folded from then on


@dataclass(frozen=True)
class ChatSettings:
    """model: None where sentences are quoted. is_ready: a key and, where it is paid, consent are there."""

    model: ChatModel | None = None
    is_ready: bool = False
    budget: int = BUDGET
    prompt: Prompt = DEFAULT_PROMPT

    @property
    def secret(self) -> Secret | None:
        return session.api_key(self.model.spec) if self.model else None

    @property
    def options(self) -> AskOptions:
        if self.model is None:
            return AskOptions()
        return AskOptions(chat=self.model, secret=self.secret, budget=self.budget, prompt=self.prompt)

    @property
    def server(self) -> str:
        """How the server is called within a sentence."""
        return server_name(self.model.spec).replace("The server", "the server") if self.model else ""


def read_chat(writer: str) -> ChatSettings | None:
    """The settings; None while the form is incomplete or invalid, which is shown."""
    if writer != MODEL:
        return ChatSettings()
    is_new = not session.remembered(USED)
    with st.expander("Language model", is_new, icon=":material/smart_toy:", key="ask_chat"):
        try:
            model = select_chat_model()
            return _read_options(model) if model else None
        except PlanisphereError as error:
            show_error(error)
            return None


def _read_options(model: ChatModel) -> ChatSettings:
    note = "The most tokens of passages that are sent with a question; passages beyond it are left out, the last first."
    budget = st.number_input(
        "Token budget", MIN_BUDGET, MAX_BUDGET, BUDGET, STEP, key="ask_budget", persist_state="session", help=note
    )
    prompt = _read_prompt()
    _show_cost(model, prompt, int(budget))
    return ChatSettings(model, _is_ready(model), int(budget), prompt)


def _read_prompt() -> Prompt:
    """The prompt, which can be edited and reset."""
    if not st.toggle("Edit the prompt", key="ask_edit_prompt", persist_state="session", help="What the model is sent."):
        return current_prompt()
    for key, value in ((INSTRUCTIONS_KEY, INSTRUCTIONS), (USER_KEY, USER)):
        session.widget_default(key, value)
    options: dict[str, Any] = {"persist_state": "session"}
    st.text_area("Instructions", key=INSTRUCTIONS_KEY, height=220, help="The system message.", **options)
    note = f"The user message. {plain(PASSAGES)} and {plain(QUESTION)} are replaced by them."
    st.text_area("Message", key=USER_KEY, height=90, help=note, **options)
    prompt = current_prompt()
    icon, is_default = ":material/undo:", prompt == DEFAULT_PROMPT
    st.button("Reset prompt", key="ask_reset_prompt", icon=icon, on_click=_reset_prompt, disabled=is_default)
    return prompt


def current_prompt() -> Prompt:
    """The prompt of this session."""
    instructions = str(session.widget_value(INSTRUCTIONS_KEY) or INSTRUCTIONS)
    return Prompt(instructions, str(session.widget_value(USER_KEY) or USER))


def _reset_prompt() -> None:
    session.set_widget(INSTRUCTIONS_KEY, INSTRUCTIONS)
    session.set_widget(USER_KEY, USER)


def _show_cost(model: ChatModel, prompt: Prompt, budget: int) -> None:
    """What is sent where, how much at most, and what it costs."""
    paid = capabilities(model.spec).paid
    tokens = request_tokens(prompt.messages("", ())) + budget
    price = "The price is not known here: see the provider's price list. The data leaves this machine."
    (st.warning if paid else st.info)(
        f"**Data sent** to {plain(ChatSettings(model).server)} with each question: the prompt, the question and its "
        f"passages, at most about {tokens:,} input tokens (estimate). "
        + (price if paid else "The server is in your own network, so that no price is expected."),
        icon=":material/outgoing_mail:",
    )


def _is_ready(model: ChatModel) -> bool:
    declared = capabilities(model.spec)
    if declared.needs_key and session.api_key(model.spec) is None:
        st.caption(f":material/key: {plain(declared.provider)} needs an API key: enter it above.")
        return False
    return not declared.paid or st.checkbox(
        "I agree to send questions and passages, and to pay the provider's price",
        key=f"ask_agreed-{digest_json(asdict(model))}",
        persist_state="session",
        help="Needed once for this model and session.",
    )
