"""Requests of cluster names: what is sent, and what is done where a server fails."""

import json
import time
from collections.abc import Iterator

import httpx2
import pytest

from core.errors import ModelError, ServiceError
from core.models import chat as llm_chat
from core.models.chat import Chat, ChatModel, InvalidAnswer, checked_model
from core.models.openai_client import requests as openai_requests
from tests.chat_server import completion
from tests.core.clusters.llm import KEY, OPENAI, ask, chat

SERVER = ChatModel("small", "http://10.0.0.1:8000/v1")


@pytest.fixture
def waits(monkeypatch):
    """The seconds the back-off would have waited."""
    asked: list[float] = []
    monkeypatch.setattr(openai_requests, "pause", lambda stop, seconds: asked.append(seconds))
    return asked


class Wire:
    """Answers requests from a list of replies, then as a sound server."""

    def __init__(self, *replies):
        self.replies, self.requests = list(replies), []

    def __call__(self, request):
        self.requests.append(request)
        reply = self.replies.pop(0) if self.replies else httpx2.Response(200, content=completion("yes"))
        if isinstance(reply, Exception):
            raise reply
        return reply


def refusal(status, message="no"):
    return httpx2.Response(status, json={"error": {"message": message}})


def test_a_request_names_model_and_key_and_demands_json():
    wire = Wire()
    assert ask(chat(wire)) == "yes"
    assert json.loads(wire.requests[0].content) == {
        "model": "gpt-5-mini",
        "messages": [{"role": "user", "content": "JSON?"}],
        "response_format": {"type": "json_object"},
    }
    assert wire.requests[0].headers["authorization"] == f"Bearer {KEY}"
    assert str(wire.requests[0].url) == "https://api.openai.com/v1/chat/completions"


def test_a_server_that_refuses_json_mode_is_asked_without_from_then_on():
    wire = Wire(refusal(400, "response_format is not supported"))
    made = chat(wire, SERVER)
    assert (ask(made), ask(made)) == ("yes", "yes")
    assert ["response_format" in json.loads(request.content) for request in wire.requests] == [True, False, False]


@pytest.mark.parametrize(
    ("status", "words"),
    [(401, "refused the API key"), (404, "knows no chat model"), (403, "does not allow"), (400, "refused the request")],
)
def test_a_refusal_is_told_at_once_and_without_the_key(status, words):
    wire = Wire(*[refusal(status, f"wrong: {KEY}")] * 2)
    with pytest.raises(ServiceError, match=words) as error:
        ask(chat(wire))
    assert KEY not in str(error.value)
    assert "***" in str(error.value)
    assert len(wire.requests) == (2 if status == 400 else 1)


def test_passing_trouble_is_waited_out_within_bounds(waits):
    wire = Wire(refusal(503), refusal(429))
    assert ask(chat(wire)) == "yes"
    assert len(waits) == 2
    with pytest.raises(ServiceError, match="keeps failing"):
        ask(chat(Wire(*[refusal(500)] * 9)))
    assert len(waits) == 2 + llm_chat.RETRIES


def test_a_server_that_is_not_there_is_tried_twice(waits):
    wire = Wire(*[httpx2.ConnectError("refused")] * 9)
    with pytest.raises(ServiceError, match=r"The server at 10\.0\.0\.1:8000 could not be reached"):
        ask(chat(wire, SERVER))
    assert len(wire.requests) == 2


def test_a_redirect_is_not_followed():
    wire = Wire(httpx2.Response(302, headers={"location": "https://evil.example/v1/chat/completions"}))
    with pytest.raises(ServiceError, match="redirects to https:"):
        ask(chat(wire))
    assert len(wire.requests) == 1


def test_silence_ends_with_the_timeout(waits):
    wire = Wire(*[httpx2.ReadTimeout("silence")] * 9)
    with pytest.raises(ServiceError, match="did not answer within 60 seconds"):
        ask(chat(wire))
    assert len(wire.requests) == 2


class Drip(httpx2.SyncByteStream):
    """A body that comes a little at a time, for ever; bytes: how many came."""

    def __init__(self) -> None:
        self.bytes = 0

    def __iter__(self) -> Iterator[bytes]:
        while True:
            time.sleep(0.02)
            self.bytes += 1
            yield b" "


def test_a_server_that_drips_for_an_hour_is_left_too(waits):
    drip = Drip()
    with pytest.raises(ServiceError, match="did not answer"):
        ask(chat(lambda request: httpx2.Response(200, stream=drip), timeout=0.2))
    assert drip.bytes < 5 / 0.02


def test_an_endless_answer_is_not_read():
    class Flood(httpx2.SyncByteStream):
        def __iter__(self):
            while True:
                yield b"x" * 100_000

    with pytest.raises(InvalidAnswer):
        ask(chat(lambda request: httpx2.Response(200, stream=Flood())))


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b'{"choices": []}', completion(None), completion(" "), b"[1]"],
)
def test_an_answer_that_is_none_is_unusable(body):
    with pytest.raises(InvalidAnswer):
        ask(chat(Wire(httpx2.Response(200, content=body))))


def test_a_web_page_is_named():
    with pytest.raises(ServiceError, match="web page"):
        ask(chat(Wire(httpx2.Response(200, content=b"<html>Welcome</html>"))))


def test_addresses_and_names_are_checked():
    assert checked_model(" m ", "http://localhost:1/v1/chat/completions") == ChatModel("m", "http://localhost:1/v1")
    assert checked_model("m", "https://api.openai.com/v1") == ChatModel("m", "")
    with pytest.raises(ModelError):
        checked_model(" ", "")
    with pytest.raises(ServiceError):
        checked_model("m", f"http://user:{KEY}@host/v1")
    with pytest.raises(ServiceError, match="needs an API key"):
        Chat(OPENAI, None)
