"""What a server's refusal means for a person, and whether trying again may help."""

from __future__ import annotations

import email.utils
import math
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

from core.errors import ServiceError
from core.secret import Secret

if TYPE_CHECKING:
    import openai

T = TypeVar("T")
MAX_QUOTE = 300  # characters of a server's own message that are shown
RETRIED = frozenset({408, 409, 425, 429})
ABOUT_TEXT = frozenset({400, 422, 500})  # repeated for the same request, these may mean one of its texts
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_PART = r"(\d+(?:\.\d+)?)\s*(milliseconds?|ms|seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d)(?![a-z])"
_REQUEST = re.compile(rf"(?:again|retry|wait|resets?)\D{{0,40}}?((?:{_PART}[\s,]*(?:and\s+)?)+)", re.IGNORECASE)
EPOCH = 1e9  # a larger number of seconds is a time of day, in unix seconds
_WEB_PAGE = re.compile(r"\s*(<!doctype html|<html|<head|<\?xml)", re.IGNORECASE)
CHAT_PROGRESS_SAVED = "What was answered so far is saved; start again for the rest."


@dataclass(frozen=True)
class Wording:
    """Where the messages for embeddings and for chat differ. saved: what a person need not pay again."""

    model: str
    saved: str
    slow: str
    too_long: tuple[str, str]
    refused: str


EMBEDDING = Wording(
    "embedding model",
    "Start again later: texts already embedded are cached, you will not be charged again.",
    "allow more time",
    ("finds a text too long", "Set the model's window (max tokens), or split long texts into passages."),
    "Check the model, its dimensions and the length of the texts.",
)
CHAT = Wording(
    "chat model",
    CHAT_PROGRESS_SAVED,
    "choose a faster model",
    ("finds the request too long", "Choose a model with a longer context."),
    "Check that the model is a chat model and that its context is long enough.",
)
RERANKING = Wording(
    "reranker",
    "Then try again.",
    "rerank fewer passages",
    ("finds the request too long", "Rerank fewer passages, or shorter ones."),
    "Check that the model is a reranker and that the address is the one before /rerank.",
)


def retry_after(headers: Mapping[str, str], message: str = "") -> float | None:
    """Seconds a server asks to wait, None where it does not say.

    From `retry-after-ms`, `Retry-After` (seconds or an HTTP date), the message ("Try again in 1m2s"), or the time until
    an exhausted limit is reset (`x-ratelimit-reset-tokens` and `-requests`).
    """
    for name, unit in (("retry-after-ms", "ms"), ("retry-after", "s")):
        if (seconds := parse_duration(headers.get(name, ""), unit)) is not None:
            return seconds
    try:
        return max(0.0, email.utils.parsedate_to_datetime(headers["retry-after"]).timestamp() - time.time())
    except (KeyError, ValueError, TypeError):
        pass
    if match := _REQUEST.search(message):
        return parse_duration(match[1])
    resets = [parse_duration(headers.get(f"x-ratelimit-reset{kind}", "")) or 0.0 for kind in exhausted(headers)]
    return max(resets, default=0.0) or None


def exhausted(headers: Mapping[str, str]) -> list[str]:
    """Which limits are used up: of tokens, of requests, or one that has no name. All where the server does not say."""
    kinds = ["-tokens", "-requests", ""]
    left = {kind: headers.get(f"x-ratelimit-remaining{kind}", "").strip() for kind in kinds}
    return [kind for kind in kinds if left[kind] in ("0", "0.0")] or kinds


def parse_duration(text: str, unit: str = "s") -> float | None:
    """Seconds of "41.2s", "1m3s", "250ms", "2 minutes", or of a number of `unit`; None for anything else."""
    text = text.strip().lower()
    try:
        seconds = float(text) * _UNITS[unit]
    except ValueError:
        parts = re.findall(_PART, text)
        if not parts or re.sub(_PART, "", text).replace("and", "").strip(" ,"):
            return None
        units = ["ms" if name.startswith(("ms", "mil")) else name[0] for _, name in parts]
        seconds = sum(float(number) * _UNITS[unit] for (number, _), unit in zip(parts, units, strict=True))
    if not math.isfinite(seconds):
        return None
    return max(0.0, seconds - time.time() if seconds > EPOCH else seconds)


def may_retry(error: openai.APIStatusError) -> bool:
    """True for a refusal that may pass: overload, rate limits, a server's own fault; not for an empty account."""
    if "insufficient_quota" in (error.code, error.type) or is_too_large(error):
        return False
    return error.status_code in RETRIED or error.status_code >= 500


def is_too_large(error: openai.APIStatusError) -> bool:
    """True where fewer or shorter inputs may be taken: 413, 400 or 422 that speak of size, 429 past a rate limit."""
    if error.status_code == 429:
        return re.search(r"request too large", error_text(error), re.IGNORECASE) is not None
    if error.status_code == 413:
        return True
    pattern = r"batch|too (large|long|many)|length|context|max(imum)?[ _-]|token|input size"
    return error.status_code in (400, 422) and re.search(pattern, error_text(error), re.IGNORECASE) is not None


def may_be_text(error: openai.APIStatusError) -> bool:
    """True where one text of several may have failed the request: a server's own fault, or inputs it refuses."""
    return error.status_code >= 500 or (error.status_code in ABOUT_TEXT and error.code != "insufficient_quota")


def is_about_batch(error: openai.APIStatusError) -> bool:
    """True where the server names the number of inputs as the trouble, so that later requests should be smaller."""
    return re.search(r"batch|too many inputs", error_text(error), re.IGNORECASE) is not None


def error_text(error: openai.APIStatusError) -> str:
    """The server's own message, from whichever field it is in."""
    return message_in(error.body) or error.response.text


def message_in(body: Any) -> str:
    """The message in an error body: OpenAI's {message}, {error: text}, FastAPI's {detail}, or plain text."""
    if isinstance(body, str):
        return body
    if isinstance(body, Mapping):
        messages = (message_in(body[name]) for name in ("message", "error", "detail") if body.get(name))
        return next((message for message in messages if message), "")
    return str(body) if isinstance(body, list) else ""


def is_web_page(text: str) -> bool:
    """Whether an answer is a page for a browser, such as a proxy's login."""
    return _WEB_PAGE.match(text.removeprefix("\ufeff")) is not None


def web_page(server: str, wording: Wording, status: int = 200) -> ServiceError:
    """The error for an answer that is a page for a browser."""
    api = wording.model.removesuffix(" model")
    tail = f" (HTTP {status})" if status != 200 else ""
    remedy = (
        "Check the address, which usually ends in /v1, and open it in a browser: a proxy may ask for a login there."
    )
    return ServiceError(f"{server} answered with a web page instead of the {api} API{tail}.", remedy)


def quoted(text: str, key: Secret) -> str:
    """The server's message on one line, at most MAX_QUOTE characters, without the key."""
    text = text.replace(key.reveal(), "***") if key else text
    plain = " ".join("".join(letter if letter.isprintable() else " " for letter in text[: 4 * MAX_QUOTE]).split())
    return plain if len(plain) <= MAX_QUOTE else plain[: MAX_QUOTE - 1] + "…"


def without_cause(method: Callable[..., T]) -> Callable[..., T]:
    """ServiceErrors leave without their causes, which Dask would send on: they hold the request and with it the key."""

    @wraps(method)
    def wrapper(*args: Any, **kwargs: Any) -> T:
        try:
            return method(*args, **kwargs)
        except ServiceError as error:
            bare = error
        bare.__cause__ = bare.__context__ = None
        raise bare.with_traceback(None)

    return wrapper


class UnansweredError(ServiceError):
    """A text for which a server gives no answer, while it answers for others."""


def unanswered_text(server: str, seconds: float, is_dropped: bool) -> UnansweredError:
    """seconds: that the request was given."""
    did = "closes the connection" if is_dropped else f"does not answer within {seconds:.0f} seconds"
    return UnansweredError(f"{server} {did} when it is sent this text.", "Leave the text out, or use another model.")


def explain(
    error: openai.APIError, server: str, model: str, key: Secret, timeout: float, wording: Wording = EMBEDDING
) -> ServiceError:
    """The error to show. server: its name in the message, e.g. "OpenAI" or "The server at host:8000"."""
    import openai

    if isinstance(error, openai.APITimeoutError):
        remedy = f"Check that it is running and not overloaded, or {wording.slow}. {wording.saved}"
        return ServiceError(f"{server} did not answer within {timeout:g} seconds.", remedy)
    if isinstance(error, openai.APIStatusError):
        return _explain_status(error, server, model, key, wording)
    cause = quoted(str(error.__cause__ or error), key)
    remedy = f"Check the address, the network and that it is running. {wording.saved}"
    return ServiceError(f"{server} could not be reached ({cause}).", remedy)


def _explain_status(
    error: openai.APIStatusError, server: str, model: str, key: Secret, wording: Wording
) -> ServiceError:
    status, text = error.status_code, error_text(error)
    if is_web_page(text) and status in (400, 404, 405):
        return web_page(server, wording, status)
    quote = "" if is_web_page(text) else quoted(text, key)
    tail = f": “{quote}”" if quote else "."
    if 300 <= status < 400:
        target = quoted(error.response.headers.get("location", "another address"), key)
        message = f"{server} redirects to {target}; a key is never sent on to another address."
        return ServiceError(message, "Enter the final address as the base URL.")
    if status == 404 and (azure := _explain_azure(error, server, tail)):
        return azure
    if "insufficient_quota" in (error.code, error.type):
        name = server[0].lower() + server[1:] if server.startswith("The ") else server
        return ServiceError(f"The account at {name} has no credit left{tail}", f"Add credit. {wording.saved}")
    problem, remedy = _problem(status, model, wording)
    return ServiceError(f"{server} {problem} (HTTP {status}){tail}", remedy)


def _explain_azure(error: openai.APIStatusError, server: str, tail: str) -> ServiceError | None:
    """What an address of Azure lacks; None for other servers' addresses."""
    url = error.request.url
    deployment = re.search(r"/openai/deployments/([^/]+)/", url.path)
    if deployment and "deployment" in f"{error.code} {tail}".lower():
        remedy = "Check the deployment's name in the address; a new deployment takes a few minutes."
        return ServiceError(f"{server} has no deployment {deployment[1][:100]!r}{tail}", remedy)
    if not url.path.startswith("/openai") and not url.host.endswith(".azure.com"):
        return None
    remedy = (
        "For Azure, enter https://NAME.openai.azure.com/openai/deployments/DEPLOYMENT/embeddings?api-version=VERSION, "
        "or the address that ends in /openai/v1 with the deployment as the model."
    )
    return ServiceError(f"{server} has nothing at this address (HTTP 404){tail}", remedy)


def _problem(status: int, model: str, wording: Wording) -> tuple[str, str]:
    """What the server did, and what to do about it."""
    problems = {
        401: ("refused the API key", "Check that the key is complete, still valid and belongs to this server."),
        403: (f"does not allow this key to use {model}", "Use another key, or ask for access to the model."),
        404: (f"knows no {wording.model} {model} at this address", "Check the name; most base URLs end in /v1."),
        413: wording.too_long,
        429: ("still limits requests after several tries", f"Wait, or use fewer at once. {wording.saved}"),
    }
    if status in problems:
        return problems[status]
    if status >= 500:
        return "keeps failing", f"Check the server's log or status page. {wording.saved}"
    return "refused the request", wording.refused
