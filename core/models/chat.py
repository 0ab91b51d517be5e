"""Chat models over OpenAI's API: OpenAI's own, or any compatible server's."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import ModelError
from core.models.openai_client.connections import TooLargeError
from core.models.openai_client.errors import CHAT
from core.models.openai_client.models import checked_url
from core.models.openai_client.requests import Sender
from core.secret import Secret
from core.types import ModelSpec

SECONDS, SERVER_SECONDS = 60.0, 120.0  # a request may take; private servers are slower
RETRIES = 3
MAX_BYTES = 1_000_000  # bytes of an answer that are read
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
            content = read_content(self._sender.with_retries(lambda: self._post_in_mode(messages), stop))
        except openai.APIError as error:
            raise self._sender.explain(error, CHAT) from None
        self._sender.count("stored")
        return content

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
            raise InvalidAnswer("too much text") from None


def read_content(body: bytes) -> str:
    """The text of a chat completion. Raises InvalidAnswer for anything else."""
    try:
        content = json.loads(body)["choices"][0]["message"]["content"]
    except (ValueError, RecursionError):
        raise InvalidAnswer("something that is not JSON" if body.strip() else "an empty page") from None
    except (KeyError, IndexError, TypeError):
        raise InvalidAnswer("JSON that is no chat completion") from None
    if not isinstance(content, str) or not content.strip():
        raise InvalidAnswer("nothing")
    return content


def read_numbered(answer: str, key: str, count: int, normalize: Callable[[object], str]) -> dict[int, str]:
    """The normalized text for each number from 1, by index from 0; fewer than `count` where some are empty.

    Read from one JSON object, without a model's thoughts and a code fence. Raises InvalidAnswer where nothing is left.
    """
    try:
        value = json.loads(_FENCE.sub(r"\1", _THOUGHT.sub("", answer)))
    except (ValueError, RecursionError):
        raise InvalidAnswer("no JSON" if answer.strip() else "nothing") from None
    items = value.get(key, value) if isinstance(value, dict) else None
    if not isinstance(items, Mapping):
        raise InvalidAnswer(f"JSON without {key}")
    if texts := {i: text for i in range(count) if (text := normalize(items.get(str(i + 1))))}:
        return texts
    raise InvalidAnswer(f"JSON without {key} that can be used")
