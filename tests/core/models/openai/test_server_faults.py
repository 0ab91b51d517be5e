"""Faults of servers, over real sockets: texts that they refuse, missing indexes, limits, endless and huge answers."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from core.digest import digest_text
from core.errors import ServiceError, TextsError
from core.models import openai_embedder as openai_module
from core.models.openai_client import requests
from core.models.openai_client.requests import Sender
from core.models.openai_embedder import PROBE_TEXT, OpenAIEmbedder
from core.models.registry import load_embedder
from core.vectors.cache import VectorCache
from core.vectors.embedding import embed
from tests.core.models.openai.server import BAD_ROWS, WORDS, Reply, poison
from tests.core.models.test_server_models import corpus_of
from tests.embedding_server import DIMENSIONS, vector_of


@pytest.mark.parametrize(("status", "reply"), [(500, None), (400, {"detail": "bad letters"}), (422, "invalid token")])
def test_a_text_the_server_fails_at_is_named_and_the_others_are_embedded(serve, workspace, status, reply):
    server, corpus = serve(poison(*WORDS, status=status, reply=reply)), corpus_of(300)
    with pytest.raises(TextsError) as caught:
        embed(corpus, load_embedder(server.spec), workspace)
    assert sorted(caught.value.messages) == BAD_ROWS
    words = {500: "a value is NaN", 400: "bad letters", 422: "invalid token"}[status]
    assert all(words in message for message in caught.value.messages.values())
    assert caught.value.remedy
    plain = 300 / 32 + 1
    assert len(server.requests) <= plain + 36


@pytest.mark.parametrize(
    "bad", [[None, 1.0], [True] * DIMENSIONS, [0.0] * DIMENSIONS, [1e-42] * DIMENSIONS, "nonsense"]
)
def test_a_text_with_an_unusable_vector_is_named(serve, workspace, bad):
    corpus = corpus_of(40)

    def rules(path, body, headers):
        rows = [bad if text.startswith("text number 7 ") else vector_of(text).tolist() for text in body["input"]]
        return 200, {"data": [{"index": i, "embedding": row} for i, row in enumerate(rows)]}, {}

    with pytest.raises(TextsError) as caught:
        embed(corpus, load_embedder(serve(rules).spec), workspace)
    assert list(caught.value.messages) == [7]


@pytest.fixture
def hurried(monkeypatch) -> Iterator[threading.Event]:
    """Short times for servers that do not answer; what they wait for until the test ends."""
    monkeypatch.setattr(requests, "MIN_SECONDS", 1.0)
    released = threading.Event()
    yield released
    released.set()


def unanswered(words: list[str], released: threading.Event, drops: bool) -> Callable[..., Reply]:
    """No answer to a request that holds one of the words: the connection stays open, or is closed."""

    def rules(path: str, body: dict[str, Any], headers: Any) -> Reply:
        if any(word in text for text in body["input"] for word in words):
            if drops:
                raise ConnectionResetError
            released.wait(60)
        return None

    return rules


@pytest.mark.slow
@pytest.mark.parametrize("drops", [False, True])
def test_a_text_that_is_never_answered_is_named_and_the_others_are_embedded(
    serve, workspace, monkeypatch, hurried, drops
):
    monkeypatch.setattr(requests, "pause", lambda stop, seconds: None)
    server, corpus = serve(unanswered(WORDS, hurried, drops)), corpus_of(300)
    started = time.monotonic()
    with pytest.raises(TextsError) as caught:
        embed(corpus, OpenAIEmbedder(server.spec, api_key=None, timeout=3.0), workspace)
    assert time.monotonic() - started < 60
    assert sorted(caught.value.messages) == BAD_ROWS
    words = "closes the connection" if drops else "does not answer"
    assert all(words in message for message in caught.value.messages.values())
    cached = VectorCache.of(workspace.folder, server.spec).contains([digest_text(text) for text in corpus.texts])
    assert np.flatnonzero(~cached).tolist() == BAD_ROWS


@pytest.mark.slow
@pytest.mark.parametrize("drops", [False, True])
def test_a_server_that_stops_answering_at_all_is_not_bisected(serve, monkeypatch, hurried, drops):
    words: list[str] = []
    server = serve(unanswered(words, hurried, drops))
    embedder = OpenAIEmbedder(server.spec, api_key=None, timeout=2.0, max_retries=1)
    embedder.embed(["a"])
    words.append("")
    with pytest.raises(ServiceError) as caught:
        embedder.embed([f"text {i}" for i in range(40)])
    assert not isinstance(caught.value, TextsError)
    assert len(server.requests) < 16


@pytest.mark.slow
def test_a_server_that_answers_for_few_texts_is_given_up(serve, monkeypatch, hurried):
    monkeypatch.setattr(openai_module, "MAX_UNANSWERED", 2)
    server = serve(unanswered(["odd"], hurried, False))
    texts = [f"{'odd' if i % 2 else 'even'} text {i}" for i in range(6)]
    embedder = OpenAIEmbedder(server.spec, api_key=None, timeout=2.0)
    embedder.embed(["a"])
    with pytest.raises(ServiceError, match="does not answer") as caught:
        embedder.embed(texts)
    assert not isinstance(caught.value, TextsError)


def test_only_texts_no_longer_than_answered_ones_are_given_less_time(serve, hurried):
    sender = Sender(serve().spec, None, None, 60.0, 1)
    sender.embeddings(["some text"], None, None, threading.Event())
    assert sender.seconds_for(5) == 60.0
    sender.count("unanswered")
    sender.longest = 0.01
    assert sender.seconds_for(9) == 1.0
    assert sender.seconds_for(10) == 60.0
    sender.longest = 4.0
    assert sender.seconds_for(9) == 20.0


def test_a_server_that_fails_for_everything_is_not_bisected(serve, monkeypatch):
    server = serve(lambda *_: (500, {"error": "out of order"}, {}))
    embedder = OpenAIEmbedder(server.spec, api_key=None, max_retries=1)
    with pytest.raises(ServiceError, match="out of order") as caught:
        embedder.embed([f"text {i}" for i in range(300)])
    assert not isinstance(caught.value, TextsError)
    assert len(server.requests) <= 6


def test_a_server_that_takes_no_text_of_ours_ends_soon(serve):
    server = serve(lambda path, body, headers: None if body["input"] == [PROBE_TEXT] else (400, {"error": "no"}, {}))
    with pytest.raises(ServiceError, match="no"):
        OpenAIEmbedder(server.spec, api_key=None, concurrency=1).embed([f"text {i}" for i in range(300)])
    assert len(server.requests) < 80
