"""What a server's refusal means for a person, and whether trying again may help."""

from __future__ import annotations

import email.utils
import re
import time
from collections.abc import Callable, Mapping
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

from core.errors import ServiceError
from core.secret import Secret

if TYPE_CHECKING:
    import openai

T = TypeVar("T")
QUOTED = 300  # characters of a server's own words that are shown
RETRIED = frozenset({408, 409, 425, 429})
PROGRESS_SAVED = "Start again later: texts already embedded are kept and not paid again."


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds a server asks to wait, from `retry-after-ms` or `Retry-After` (seconds or an HTTP date)."""
    for name, scale in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        try:
            return max(0.0, float(headers[name]) / scale)
        except (KeyError, ValueError):
            continue
    try:
        return max(0.0, email.utils.parsedate_to_datetime(headers["retry-after"]).timestamp() - time.time())
    except (KeyError, ValueError, TypeError):
        return None


def may_retry(error: openai.APIStatusError) -> bool:
    """True for a refusal that may pass: overload, rate limits, a server's own fault; not for an empty account."""
    if "insufficient_quota" in (error.code, error.type) or is_too_large(error):
        return False
    return error.status_code in RETRIED or error.status_code >= 500


def is_too_large(error: openai.APIStatusError) -> bool:
    """True where fewer or shorter inputs may be taken: 413, 400 or 422 that speak of size, 429 past a rate limit."""
    if error.status_code == 429:
        return re.search(r"request too large", error_text(error), re.IGNORECASE) is not None
    pattern = r"batch|too (large|long|many)|length|context|max(imum)?[ _-]|token|input size"
    return error.status_code == 413 or (
        error.status_code in (400, 422) and re.search(pattern, error_text(error), re.IGNORECASE) is not None
    )


def is_about_batch(error: openai.APIStatusError) -> bool:
    """True where the server names the number of inputs as the trouble, so that later requests should be smaller."""
    return re.search(r"batch|too many inputs", error_text(error), re.IGNORECASE) is not None


def error_text(error: openai.APIStatusError) -> str:
    """The server's own words, from whichever field it put them in."""
    return message_in(error.body) or error.response.text


def message_in(body: Any) -> str:
    """The message in an error body: OpenAI's {message}, {error: text}, FastAPI's {detail}, or plain text."""
    if isinstance(body, str):
        return body
    if isinstance(body, Mapping):
        messages = (message_in(body[name]) for name in ("message", "error", "detail") if body.get(name))
        return next((message for message in messages if message), "")
    return str(body) if isinstance(body, list) else ""


def quoted(text: str, key: Secret) -> str:
    """The server's words on one line, at most QUOTED characters, without the key."""
    plain = text.replace(key.reveal(), "***") if key else text
    plain = " ".join("".join(letter if letter.isprintable() else " " for letter in plain[: 4 * QUOTED]).split())
    return plain if len(plain) <= QUOTED else plain[: QUOTED - 1] + "…"


def without_cause(method: Callable[..., T]) -> Callable[..., T]:
    """ServiceErrors leave the method without their causes: those hold the request, whose header is the key, and
    Dask sends an error's causes between processes."""

    @wraps(method)
    def wrapper(*args: Any, **kwargs: Any) -> T:
        try:
            return method(*args, **kwargs)
        except ServiceError as error:
            copy = ServiceError(error.message, error.remedy)
        raise copy

    return wrapper


def explain(error: openai.APIError, server: str, model: str, key: Secret, timeout: float) -> ServiceError:
    """The error to show. server: how it is called in the message, e.g. "OpenAI" or "The server at host:8000"."""
    import openai

    if isinstance(error, openai.APITimeoutError):
        return ServiceError(
            f"{server} did not answer within {timeout:g} seconds.",
            f"Check that it is running and not overloaded, or allow more time. {PROGRESS_SAVED}",
        )
    if isinstance(error, openai.APIStatusError):
        return _explain_status(error, server, model, key)
    cause = quoted(str(error.__cause__ or error), key)
    return ServiceError(
        f"{server} could not be reached ({cause}).",
        f"Check the address, the network and that it is running. {PROGRESS_SAVED}",
    )


def _explain_status(error: openai.APIStatusError, server: str, model: str, key: Secret) -> ServiceError:
    status = error.status_code
    quote = quoted(error_text(error), key)
    tail = f": “{quote}”" if quote else "."
    if 300 <= status < 400:
        where = quoted(error.response.headers.get("location", "another address"), key)
        return ServiceError(
            f"{server} redirects to {where}; a key is never sent on to another address.",
            "Enter the final address as the base URL.",
        )
    if "insufficient_quota" in (error.code, error.type):
        return ServiceError(
            f"The account at {_inner(server)} has no credit left{tail}", f"Add credit. {PROGRESS_SAVED}"
        )
    doing, remedy = _status_words(status, model)
    return ServiceError(f"{server} {doing} (HTTP {status}){tail}", remedy)


def _status_words(status: int, model: str) -> tuple[str, str]:
    """What the server did, and what to do about it."""
    known = {
        401: ("refused the API key", "Check that the key is complete, still valid and made for this server."),
        403: (f"does not allow this key to use {model}", "Use another key, or ask for access to the model."),
        404: (
            f"knows no embedding model {model} at this address",
            "Check the model's name; the base URL of most servers ends in /v1.",
        ),
        413: ("finds a text too long", "Set the model's window (max tokens), or split long texts into passages."),
        429: (
            "still limits requests after several tries",
            f"Wait a few minutes, or use fewer at once. {PROGRESS_SAVED}",
        ),
    }
    if status in known:
        return known[status]
    if status >= 500:
        return "keeps failing", f"Look into the server's log or its status page. {PROGRESS_SAVED}"
    return "refused the request", "Check the model, its dimensions and the length of the texts."


def _inner(server: str) -> str:
    return server[0].lower() + server[1:] if server.startswith("The ") else server


if TYPE_CHECKING:
    import openai

CHAT_PROGRESS_SAVED = "Names given so far are kept; start again for the rest."


def explain_chat(error: openai.APIError, server: str, model: str, key: Secret, timeout: float) -> ServiceError:
    """The error to show. server: how it is called in the message, e.g. "OpenAI" or "The server at host:8000"."""
    import openai

    if isinstance(error, openai.APITimeoutError):
        return ServiceError(
            f"{server} did not answer within {timeout:g} seconds.",
            f"Check that it is running and not overloaded, or choose a faster model. {CHAT_PROGRESS_SAVED}",
        )
    if not isinstance(error, openai.APIStatusError):
        cause = quoted(str(error.__cause__ or error), key)
        return ServiceError(
            f"{server} could not be reached ({cause}).",
            f"Check the address, the network and that it is running. {CHAT_PROGRESS_SAVED}",
        )
    quote = quoted(error_text(error), key)
    tail = f": “{quote}”" if quote else "."
    if "insufficient_quota" in (error.code, error.type):
        return ServiceError(
            f"{server} says that the account has no credit left{tail}", f"Add credit. {CHAT_PROGRESS_SAVED}"
        )
    doing, remedy = _chat_status(error.status_code, model)
    return ServiceError(f"{server} {doing} (HTTP {error.status_code}){tail}", remedy)


def _chat_status(status: int, model: str) -> tuple[str, str]:
    """What the server did, and what to do about it."""
    known = {
        401: ("refused the API key", "Check that the key is complete, still valid and made for this server."),
        403: (f"does not allow this key to use {model}", "Use another key, or ask for access to the model."),
        404: (
            f"knows no chat model {model} at this address",
            "Check the model's name; the base URL of most servers ends in /v1.",
        ),
        413: ("finds the request too long", "Choose a model with a longer context."),
        429: ("still limits requests after several tries", f"Wait a few minutes. {CHAT_PROGRESS_SAVED}"),
    }
    if status in known:
        return known[status]
    if 300 <= status < 400:
        return "sends on to another address, which a key is never sent to", "Enter the final address."
    if status >= 500:
        return "keeps failing", f"Look into the server's log or its status page. {CHAT_PROGRESS_SAVED}"
    return "refused the request", "Check that the model is one for chat, and that its context is long enough."
