"""What a chat server's refusal means for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.errors import ServiceError
from core.models.openai_client.errors import quoted, said
from core.secret import Secret

if TYPE_CHECKING:
    import openai

KEPT = "Names given so far are kept; start again for the rest."


def explain_chat(error: openai.APIError, server: str, model: str, key: Secret, timeout: float) -> ServiceError:
    """The error to show. server: how it is called in the message, e.g. "OpenAI" or "The server at host:8000"."""
    import openai

    if isinstance(error, openai.APITimeoutError):
        return ServiceError(
            f"{server} did not answer within {timeout:g} seconds.",
            f"Check that it is running and not overloaded, or choose a faster model. {KEPT}",
        )
    if not isinstance(error, openai.APIStatusError):
        cause = quoted(str(error.__cause__ or error), key)
        return ServiceError(
            f"{server} could not be reached ({cause}).",
            f"Check the address, the network and that it is running. {KEPT}",
        )
    words = quoted(said(error), key)
    tail = f": “{words}”" if words else "."
    if "insufficient_quota" in (error.code, error.type):
        return ServiceError(f"{server} says that the account has no credit left{tail}", f"Add credit. {KEPT}")
    doing, remedy = _status_words(error.status_code, model)
    return ServiceError(f"{server} {doing} (HTTP {error.status_code}){tail}", remedy)


def _status_words(status: int, model: str) -> tuple[str, str]:
    """What the server did, and what to do about it."""
    known = {
        401: ("refused the API key", "Check that the key is complete, still valid and made for this server."),
        403: (f"does not allow this key to use {model}", "Use another key, or ask for access to the model."),
        404: (
            f"knows no chat model {model} at this address",
            "Check the model's name; the base URL of most servers ends in /v1.",
        ),
        413: ("finds the request too long", "Choose a model with a longer context."),
        429: ("still limits requests after several tries", f"Wait a few minutes. {KEPT}"),
    }
    if status in known:
        return known[status]
    if 300 <= status < 400:
        return "sends on to another address, which a key is never sent to", "Enter the final address."
    if status >= 500:
        return "keeps failing", f"Look into the server's log or its status page. {KEPT}"
    return "refused the request", "Check that the model is one for chat, and that its context is long enough."
