"""Chat models over OpenAI's API: OpenAI's own, or any compatible server's."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from core.errors import ModelError, ServiceError
from core.models.openai_client.connections import TooLargeError
from core.models.openai_client.errors import CHAT, is_web_page, message_in, quoted, web_page
from core.models.openai_client.models import checked_url
from core.models.openai_client.requests import Sender, Stopped
from core.secret import Secret
from core.types import ModelSpec

SECONDS, SERVER_SECONDS = 60.0, 120.0  # a request may take; private servers are slower
RETRIES = 3
MAX_BYTES = 1_000_000  # bytes of an answer that are read
STREAM_SECONDS, STREAM_BYTES = 600.0, 10_000_000  # of a streamed answer, whose pieces come in envelopes
NO_JSON_MODE = (400, 415, 422, 501)  # what servers answer that do not know or take response_format
_THOUGHT = re.compile(r"^\s*<think>.*?</think>", re.DOTALL)
_FENCE = re.compile(r"^\s*```(?:json)?\s*(.*?)\s*```\s*$", re.DOTALL)
Messages = list[dict[str, str]]


class InvalidAnswer(Exception):
    """What is wrong with a model's answer, in a few words."""


@dataclass(frozen=True)
class ChatModel:
    """A chat model by name. base_url: of a compatible server, "" for OpenAI's own."""

    name: str
    base_url: str = ""

    @property
    def spec(self) -> ModelSpec:
        return ModelSpec("openai", self.name, base_url=self.base_url)


def checked_model(name: str, url: str) -> ChatModel:
    """The model with its server's address in one form. Raises ModelError for no name, ServiceError for the address."""
    plain = name.strip()
    if not plain or len(plain) > 200 or not plain.isprintable():
        raise ModelError("A language model needs a name.", "Enter the model ID on the server.")
    return ChatModel(plain, checked_url(url))


class Chat:
    """Posts messages to one server's /chat/completions, with retries. Safe to use from several threads."""

    def __init__(self, model: ChatModel, key: Secret | None, http_client: Any = None, timeout: float = 0) -> None:
        seconds = timeout or (SERVER_SECONDS if model.base_url else SECONDS)
        self._sender = Sender(model.spec, key, http_client, seconds, RETRIES)
        self._json_mode = True

    def ask(self, messages: Messages, stop: threading.Event) -> str:
        """The text of the model's answer. Raises ServiceError where the server refuses or fails, InvalidAnswer for an
        unusable answer, Stopped where `stop` was set."""
        import openai

        try:
            content = self._read(self._sender.with_retries(lambda: self._post_in_mode(messages), stop))
        except openai.APIError as error:
            raise self._sender.explain(error, CHAT) from None
        self._sender.count("stored")
        return content

    def stream(self, messages: Messages, stop: threading.Event) -> Iterator[str]:
        """Pieces of the text of the model's answer as they arrive. Raises as `ask` does, ServiceError also where the
        answer breaks off. `stop` is noticed with the next piece."""
        import httpx2
        import openai

        body: dict[str, Any] = {"messages": messages, "stream": True}
        seconds = min(STREAM_SECONDS, 5 * self._sender.timeout)
        try:
            response = self._sender.with_retries(
                lambda: self._sender.open_stream("/chat/completions", body, STREAM_BYTES, seconds), stop
            )
            with closing(response):
                yield from self._pieces(response, stop)
        except openai.APIError as error:
            raise self._sender.explain(error, CHAT) from None
        except httpx2.TimeoutException:
            raise self._sender.explain(openai.APITimeoutError(request=response.request), CHAT) from None
        except httpx2.TransportError:
            raise self._broken_off() from None
        except TooLargeError:
            raise InvalidAnswer("an answer that is too long") from None

    def _pieces(self, response: Any, stop: threading.Event) -> Iterator[str]:
        if "event-stream" not in response.headers.get("content-type", ""):
            yield self._read(response.read())  # a server that does not stream
            return
        has_text = has_end = False
        for line in response.iter_lines():
            if stop.is_set():
                raise Stopped
            if not has_text and is_web_page(line):
                raise web_page(self._sender.server, CHAT)
            text, ends = read_event(line, self._sender.key)
            has_text, has_end = has_text or bool(text), has_end or ends
            if text:
                yield text
        if not has_end:
            raise self._broken_off()
        if not has_text:
            raise InvalidAnswer("an empty answer")

    def _read(self, body: bytes) -> str:
        if is_web_page(body[:1_000].decode("utf-8", "replace")):
            raise web_page(self._sender.server, CHAT)
        return read_content(body)

    def _broken_off(self) -> ServiceError:
        message = f"{self._sender.server} broke off in the middle of its answer."
        return ServiceError(message, "Try again; if it happens again, check the server's log.")

    def _post_in_mode(self, messages: Messages) -> bytes:
        """With JSON demanded, or without where the server refuses that."""
        import openai

        json_mode = self._json_mode  # another thread may unset it meanwhile
        try:
            return self._post(messages, {"response_format": {"type": "json_object"}} if json_mode else {})
        except openai.APIStatusError as error:
            if not json_mode or error.status_code not in NO_JSON_MODE:
                raise
        content = self._post(messages, {})
        self._json_mode = False
        return content

    def _post(self, messages: Messages, extra: dict[str, Any]) -> bytes:
        try:
            return self._sender.post("/chat/completions", {"messages": messages, **extra}, MAX_BYTES)
        except TooLargeError:
            raise InvalidAnswer("an answer that is too long") from None


def read_content(body: bytes) -> str:
    """The text of a chat completion. Raises InvalidAnswer for anything else."""
    try:
        content = json.loads(body)["choices"][0]["message"]["content"]
    except (ValueError, RecursionError):
        raise InvalidAnswer("something that is not JSON" if body.strip() else "an empty page") from None
    except (KeyError, IndexError, TypeError):
        raise InvalidAnswer("JSON that is no chat completion") from None
    if not isinstance(content, str) or not content.strip():
        raise InvalidAnswer("an empty answer")
    return content


def read_event(line: str, key: Secret = Secret("")) -> tuple[str, bool]:
    """The text that a line of a streamed completion adds, and whether it ends the answer. Raises InvalidAnswer for an
    event that is no part of a completion, or an error of the server, quoted without the key."""
    if not line.startswith("data:"):
        return "", False  # comments and blank lines between events
    data = line.removeprefix("data:").strip()
    if data == "[DONE]":
        return "", True
    try:
        event = json.loads(data)
        if isinstance(event, Mapping) and event.get("error"):
            raise InvalidAnswer(f"the server reports “{quoted(message_in(event), key)}”")
        choices = event["choices"]
        text = choices[0]["delta"].get("content") if choices else ""
        ends = bool(choices and choices[0].get("finish_reason"))
    except (ValueError, RecursionError, KeyError, IndexError, TypeError, AttributeError):
        raise InvalidAnswer("a stream that is no chat completion") from None
    if not isinstance(text, str | None):
        raise InvalidAnswer("a stream without text")
    return text or "", ends


def data_block(data: object) -> str:
    """JSON between <data> and </data>, which no text in it can close."""
    text = json.dumps(data, ensure_ascii=False).replace("<", "\\u003c").encode("utf-8", "replace").decode()
    return f"<data>\n{text}\n</data>"


def without_thoughts(pieces: Iterator[str]) -> Iterator[str]:
    """The pieces of an answer without a model's thoughts at its beginning (<think>...</think>)."""
    start = ""
    for piece in pieces:
        start += piece
        opening = start.lstrip()[: len("<think>")]
        if opening == "<think>" and "</think>" not in start:
            continue
        if opening != "<think>" and "<think>".startswith(opening):
            continue  # may become the beginning of a thought
        yield _THOUGHT.sub("", start).lstrip()
        yield from pieces
        return
    if start and not start.lstrip().startswith("<think>"):
        yield start


def read_numbered(answer: str, key: str, count: int, normalize: Callable[[object], str]) -> dict[int, str]:
    """The normalized text for each number from 1, by index from 0; fewer than `count` where some are empty.

    Read from one JSON object, without a model's thoughts and a code fence. Raises InvalidAnswer where nothing is left.
    """
    try:
        value = json.loads(_FENCE.sub(r"\1", _THOUGHT.sub("", answer)))
    except (ValueError, RecursionError):
        raise InvalidAnswer("no JSON" if answer.strip() else "an empty answer") from None
    items = value.get(key, value) if isinstance(value, dict) else None
    if not isinstance(items, Mapping):
        raise InvalidAnswer(f"JSON without {key}")
    if texts := {i: text for i in range(count) if (text := normalize(items.get(str(i + 1))))}:
        return texts
    raise InvalidAnswer(f"JSON without {key} that can be used")
