"""Faults of servers, over real sockets: texts that they refuse, missing indexes, limits, endless and huge answers."""

import gzip
import json
import math
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from core.digest import digest_text
from core.errors import ModelError, RateLimitError, ServiceError, TextsError
from core.jobs import kinds
from core.jobs.manager import JobManager
from core.jobs.results import result_spec
from core.models import openai_embedder as openai_module
from core.models.base import ServerState
from core.models.openai_client import connections, requests
from core.models.openai_client.connections import AllowedServers
from core.models.openai_client.requests import Sender
from core.models.openai_client.tokens import TokenCounter
from core.models.openai_embedder import PROBE_TEXT, OpenAIEmbedder, resolve_openai
from core.models.registry import load_embedder
from core.quality.results import EDIT_ROBUSTNESS, EditQuery
from core.secret import Secret
from core.store import Workspace
from core.types import CorpusRef, ModelSpec
from core.vectors.cache import VectorCache
from core.vectors.contenders import Contender
from core.vectors.embedding import embed
from core.vectors.failed_rows import failed_rows_table, leave_out_failed_rows, list_failed_rows
from core.vectors.service import plan_embedding, resolve_model
from core.vectors.text_vectors import embedded_query
from tests.core.jobs.test_jobs import finish, job_on
from tests.core.models.test_server_models import corpus_of
from tests.embedding_server import DIMENSIONS, is_trial, vector_of
from tests.waiting import wait_until

Reply = tuple[int, Any, dict[str, str]] | None


class Server:
    """Answers as rules(path, body, headers) -> (status, reply, headers) says, else with vectors; `send` writes it."""

    def __init__(self, rules: Callable[..., Reply] = lambda *_: None, index: bool = True) -> None:
        self.requests: list[tuple[float, list[str], int]] = []
        self.send: Callable[[BaseHTTPRequestHandler, bytes], bool] = lambda handler, data: False
        self.headers: list[dict[str, str]] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                server.headers.append({name.lower(): value for name, value in self.headers.items()})
                rows = [vector_of(text).tolist() for text in body["input"]]
                data = [({"index": i} if index else {}) | {"embedding": row} for i, row in enumerate(rows)]
                try:
                    status, reply, headers = rules(self.path, body, self.headers) or (200, {"data": data}, {})
                except ConnectionResetError:  # the connection is closed without an answer
                    server.requests.append((time.monotonic(), body["input"], 0))
                    return
                if not all(map(is_trial, body["input"])):  # those of the contact check
                    server.requests.append((time.monotonic(), body["input"], status))
                content = json.dumps(reply).encode()
                try:
                    if server.send(self, content):
                        return
                    self.send_response(status)
                    for name, value in {"content-length": str(len(content)), **headers}.items():
                        self.send_header(name, value)
                    self.end_headers()
                    self.wfile.write(content)
                except ConnectionError:
                    pass

            def log_message(self, *_: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.http.server_port
        self.url = f"http://127.0.0.1:{self.port}/v1"
        threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self.http.shutdown()
        self.http.server_close()

    @property
    def spec(self) -> ModelSpec:
        return ModelSpec("openai", "letters", base_url=self.url, dimensions=DIMENSIONS, probed=True)


@pytest.fixture(autouse=True)
def estimated_tokens(monkeypatch) -> None:
    monkeypatch.setattr(openai_module, "openai_tokens", TokenCounter)


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def start(*args: Any, **options: Any) -> Server:
        servers.append(Server(*args, **options))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture(scope="module")
def manager() -> Iterator[JobManager]:
    created = JobManager(workers=2)
    yield created
    created.close()


@pytest.fixture
def workspace(tmp_path) -> Workspace:
    return Workspace(tmp_path / "work")


def poison(*words: str, status: int = 500, reply: Any = None) -> Callable[..., Reply]:
    """Refuses each request that holds one of the words."""

    def rules(path: str, body: dict[str, Any], headers: Any) -> Reply:
        bad = any(word in text for text in body["input"] for word in words)
        return (status, reply or {"error": "cannot write the reply: a value is NaN"}, {}) if bad else None

    return rules


BAD_ROWS = [40, 41, 233]
WORDS = [f"text number {row} " for row in BAD_ROWS]


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


@pytest.mark.slow
def test_a_job_ends_with_the_failed_rows_and_a_corpus_without_them_costs_nothing(serve, workspace, manager):
    server, corpus = serve(poison(*WORDS)), corpus_of(300)
    workspace.save_corpus(corpus)
    folder, ref = str(workspace.folder), CorpusRef(str(workspace.folder), corpus.digest)
    spec = manager.ask(resolve_model, folder, ModelSpec("openai", "letters", base_url=server.url), None)
    plan = manager.ask(plan_embedding, ref, spec, None)
    assert plan.estimate.to_compute == 300
    state = finish(manager, manager.submit(job_on(workspace, corpus.digest, spec)))
    assert (state.status, state.note) == ("done", "297 of 300 rows embedded")
    assert workspace.load_vectors(corpus.digest, spec) is None
    failed = list_failed_rows(folder, corpus.digest)[spec]
    assert (failed.rows.tolist(), failed.embedded, failed.total) == (BAD_ROWS, 297, 300)
    table = failed_rows_table(ref, spec, 12)
    assert table["Row"].tolist() == [row + 1 for row in BAD_ROWS]
    assert table["Text"].tolist() == [corpus.texts[row][:12] for row in BAD_ROWS]
    assert table["Message"].str.contains("a value is NaN").all()

    sent = len(server.requests)
    info = manager.ask(leave_out_failed_rows, ref, spec)
    assert info.rows == 297
    assert "297 of 300 rows" in info.name
    assert finish(manager, manager.submit(job_on(workspace, info.digest, spec))).status == "done"
    assert len(server.requests) == sent
    expected = np.array([vector_of(text) for row, text in enumerate(corpus.texts) if row not in BAD_ROWS])
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(workspace.load_vectors(info.digest, spec).rows, expected, atol=1e-6)


def test_a_retry_sends_the_failed_rows_alone(serve, workspace, manager):
    words = [*WORDS]
    server, corpus = serve(lambda *args: poison(*words)(*args) if words else None), corpus_of(60)
    workspace.save_corpus(corpus)
    job = job_on(workspace, corpus.digest, server.spec)
    assert finish(manager, manager.submit(job)).note == "58 of 60 rows embedded"
    words.clear()
    sent = len(server.requests)
    state = finish(manager, manager.submit(job))
    assert (state.status, state.note) == ("done", "")
    assert sum(len(texts) for _, texts, _ in server.requests[sent:]) == 2
    assert list_failed_rows(str(workspace.folder), corpus.digest) == {}
    assert len(workspace.load_vectors(corpus.digest, server.spec).rows) == 60


def test_an_estimate_is_given_whatever_the_server_does(serve, workspace, monkeypatch):
    monkeypatch.setattr(openai_module, "ESTIMATE_SECONDS", 0.3)
    corpus, released = corpus_of(30), threading.Event()
    workspace.save_corpus(corpus)

    def hang(path, body, headers):
        released.wait(20)

    for rules in (poison("text"), lambda *_: (429, {"error": "Try again in 1m2s"}, {}), hang):
        started = time.monotonic()
        plan = plan_embedding(CorpusRef(str(workspace.folder), corpus.digest), serve(rules).spec, None)
        assert (plan.estimate.to_compute, plan.estimate.seconds) == (30, None)
        assert plan.estimate.seconds_basis.startswith("unknown: ")
        assert time.monotonic() - started < 15
    released.set()


def test_vectors_without_an_index_are_taken_in_order_after_one_check(serve, workspace, manager):
    server, corpus = serve(index=False), corpus_of(300)
    workspace.save_corpus(corpus)
    state = finish(manager, manager.submit(job_on(workspace, corpus.digest, server.spec)))
    assert state.status == "done", state
    vectors = workspace.load_vectors(corpus.digest, server.spec)
    expected = np.array([vector_of(text) / np.linalg.norm(vector_of(text)) for text in corpus.texts])
    np.testing.assert_allclose(vectors.rows, expected, atol=1e-6)
    assert len(vectors.facts["notes"]) == 1
    pairs = [texts for _, texts, _ in server.requests if PROBE_TEXT in texts and len(texts) == 2]
    assert pairs[0] == pairs[1][::-1]


@pytest.mark.parametrize(
    "order", [lambda texts: sorted(texts, key=len), lambda texts: texts[::-1], lambda texts: ["a"] * len(texts)]
)
def test_vectors_without_an_index_in_another_order_are_refused(serve, order):
    def rules(path, body, headers):
        rows = [vector_of(text).tolist() for text in order(body["input"])]
        return 200, {"data": [{"embedding": row} for row in rows]}, {}

    with pytest.raises(ServiceError, match="not in the order sent"):
        OpenAIEmbedder(serve(rules).spec, api_key=None).embed(["a long text", "a", "another text"])


def limited(tokens: int, window: float) -> Callable[..., Reply]:
    """So many words in each window of seconds; the refusal says when in its header and its message alone."""
    state, lock = [0.0, 0], threading.Lock()

    def rules(path: str, body: dict[str, Any], headers: Any) -> Reply:
        need = sum(len(text.split()) for text in body["input"])
        with lock:
            now = time.monotonic()
            if now - state[0] >= window:
                state[:] = [now, 0]
            if state[1] + need <= tokens:
                state[1] += need
                return None
            left = f"{window - (now - state[0]):.1f}s"
        message = {"error": {"code": "rate_limit_exceeded", "message": f"Limit {tokens}. Try again in {left}."}}
        return 429, message, {"x-ratelimit-reset-tokens": left}

    return rules


@pytest.mark.slow
def test_a_job_waits_for_a_limit_and_sends_nothing_meanwhile(serve, workspace, manager):
    server, corpus = serve(limited(500, 6.0)), corpus_of(300)
    workspace.save_corpus(corpus)
    job = manager.submit(job_on(workspace, corpus.digest, server.spec))
    seen = []
    wait_until(lambda: seen.append(manager.get(job).resumes) or not manager.get(job).open)
    assert manager.get(job).status == "done", manager.get(job)
    assert any(seen)
    times = [at for at, _, status in server.requests if status == 429]
    assert 1 <= len(times) <= 12
    rest = sorted(at for at, _, _ in server.requests)
    pauses = [later - earlier for earlier, later in pairwise(rest) if later - earlier > 2]
    assert pauses


@pytest.mark.slow
def test_a_measurement_waits_visibly_for_a_limit_and_continues(serve, workspace, manager):
    allowed = [math.inf]

    def rules(path, body, headers):
        allowed[0] -= 1
        return (429, {"error": "Try again in 3.5s"}, {}) if allowed[0] == 0 else None

    server, corpus = serve(rules), corpus_of(60)
    workspace.save_corpus(corpus)
    assert finish(manager, manager.submit(job_on(workspace, corpus.digest, server.spec))).status == "done"
    sent, allowed[0] = len(server.requests), 3
    query = EditQuery(CorpusRef(str(workspace.folder), corpus.digest), Contender(server.spec))
    job, seen = manager.submit(result_spec(EDIT_ROBUSTNESS, query, "Robustness")), []
    wait_until(lambda: seen.append(manager.get(job)) or not seen[-1].open)
    assert seen[-1].status == "done", seen[-1]
    assert any(state.resumes and state.stage == EDIT_ROBUSTNESS.stage_of(query) for state in seen)
    times = [at for at, _, _ in server.requests[sent:]]
    assert max(later - earlier for earlier, later in pairwise(times)) > 3
    answered = [text for _, texts, status in server.requests[sent:] if status == 200 for text in texts]
    assert len(answered) == len(set(answered))


def test_a_page_does_not_wait_for_a_limit(serve, workspace, manager):
    server = serve(lambda *_: (429, {"error": "Try again in 50s"}, {}))
    started = time.monotonic()
    with pytest.raises(RateLimitError):
        manager.ask(embedded_query, str(workspace.folder), server.spec, "a query")
    assert time.monotonic() - started < 40


def test_a_cancel_ends_the_wait(serve, workspace, manager):
    server, corpus = serve(lambda *_: (429, {"error": "slow down. Try again in 1m3s"}, {})), corpus_of(60)
    workspace.save_corpus(corpus)
    job = manager.submit(job_on(workspace, corpus.digest, server.spec))
    wait_until(lambda: manager.get(job).resumes)
    assert 30 < manager.get(job).resumes - time.time() < 64
    sent = len(server.requests)
    manager.cancel(job)
    assert finish(manager, job).status == "cancelled"
    assert len(server.requests) == sent


def test_a_server_that_asks_for_hours_or_never_takes_a_text_fails_the_job(serve, workspace, manager, monkeypatch):
    monkeypatch.setattr("core.jobs.context.MAX_FRUITLESS", 1)
    corpus = corpus_of(20)
    workspace.save_corpus(corpus)
    for message in ("Try again in 7h12m", "Try again in 3.1s"):
        server = serve(lambda *_, message=message: (429, {"error": message}, {}))
        state = finish(manager, manager.submit(job_on(workspace, corpus.digest, server.spec)))
        assert (state.status, message in state.error) == ("failed", True)
        assert len(server.requests) <= 3


def test_after_a_fruitless_wait_requests_are_smaller():
    state = kinds.slow_down(ServerState(), 1)
    assert (state.concurrency, state.inputs) == (2, None)
    assert kinds.slow_down(state, 2).inputs == 16


def test_addresses_of_azure(serve):
    def rules(path: str, body: dict[str, Any], headers: Any) -> Reply:
        if path == "/openai/deployments/mine/embeddings?api-version=2024-02-01":
            known = headers.get("api-key") == "secret" and not headers.get("authorization")
            return None if known else (401, {"error": {"message": "no key"}}, {})
        if path == "/openai/v1/embeddings":
            return None if headers.get("authorization") == "Bearer secret" else (401, {"error": "no key"}, {})
        code = "DeploymentNotFound" if "deployments" in path else "404"
        return 404, {"error": {"code": code, "message": "The API deployment does not exist."}}, {}

    server, key = serve(rules), Secret("secret")
    host = f"http://127.0.0.1:{server.port}"
    pasted = f"{host}/openai/deployments/mine/embeddings?api-version=2024-02-01"
    spec = resolve_openai(ModelSpec("openai", "", base_url=pasted), key)
    assert (spec.name, spec.dimensions) == ("mine", DIMENSIONS)
    assert spec.base_url == f"{host}/openai/deployments/mine?api-version=2024-02-01"
    assert load_embedder(spec, api_key=key).embed(["a", "b"]).shape == (2, DIMENSIONS)
    assert resolve_openai(ModelSpec("openai", "e", base_url=f"{host}/openai/v1/"), key).dimensions == DIMENSIONS
    with pytest.raises(ServiceError, match="no deployment 'wrong'"):
        resolve_openai(ModelSpec("openai", "", base_url=pasted.replace("mine", "wrong")), key)
    with pytest.raises(ServiceError) as caught:
        resolve_openai(ModelSpec("openai", "e", base_url=f"{host}/openai"), key)
    assert "/openai/deployments/" in caught.value.remedy
    with pytest.raises(ModelError):
        resolve_openai(ModelSpec("openai", "", base_url=f"{host}/v1"), key)


def drip(part: str) -> Callable[[BaseHTTPRequestHandler, bytes], bool]:
    """Sends an answer one byte at a time: in its "head", its "body", or a body that never ends."""

    def send(handler: BaseHTTPRequestHandler, data: bytes) -> bool:
        head = f"HTTP/1.1 200 OK\r\ncontent-length: {len(data)}\r\n\r\n".encode()
        handler.wfile.write(b"" if part == "head" else head)
        for byte in (head if part == "head" else data) * 100:
            handler.wfile.write(bytes([byte]))
            handler.wfile.flush()
            time.sleep(0.05)
        return True

    return send


@pytest.mark.parametrize("part", ["head", "body"])
@pytest.mark.parametrize("status", [200, 500])
def test_an_answer_that_drips_is_given_up(serve, part, status):
    server = serve(lambda *_: None if status == 200 else (500, {"error": "x" * 200}, {}))
    server.send = drip(part)
    started = time.monotonic()
    with pytest.raises(ServiceError, match=r"did not answer within 0\.5 seconds"):
        OpenAIEmbedder(server.spec, api_key=None, timeout=0.5, max_retries=0).embed(["a"])
    assert time.monotonic() - started < 10


@pytest.mark.parametrize("status", [200, 500])
def test_a_gzip_bomb_and_an_endless_answer_are_refused(serve, status):
    bomb = gzip.compress(bytes(200_000_000), 9)

    def send_bomb(handler: BaseHTTPRequestHandler, data: bytes) -> bool:
        head = f"HTTP/1.1 {status} X\r\ncontent-encoding: gzip\r\ncontent-length: {len(bomb)}\r\n\r\n"
        handler.wfile.write(head.encode() + bomb)
        return True

    def send_flood(handler: BaseHTTPRequestHandler, data: bytes) -> bool:
        handler.wfile.write(f"HTTP/1.1 {status} X\r\n\r\n".encode())
        while True:
            handler.wfile.write(b"[" * 65_536)

    for send in (send_bomb, send_flood):
        server = serve()
        server.send = send
        with pytest.raises(ServiceError, match="larger than"):
            OpenAIEmbedder(server.spec, api_key=None, max_retries=0).embed(["a"])
        assert len(server.requests) == 1


def test_a_gzip_answer_is_read_and_other_packing_refused(serve):
    def send(handler: BaseHTTPRequestHandler, data: bytes) -> bool:
        packed = gzip.compress(data)
        head = f"HTTP/1.1 200 OK\r\ncontent-encoding: {encoding}\r\ncontent-length: {len(packed)}\r\n\r\n"
        handler.wfile.write(head.encode() + packed)
        return True

    server, encoding = serve(), "gzip"
    server.send = send
    assert OpenAIEmbedder(server.spec, api_key=None).embed(["a", "b"]).shape == (2, DIMENSIONS)
    for encoding in ("br", "zstd"):
        with pytest.raises(ServiceError, match=encoding):
            OpenAIEmbedder(server.spec, api_key=None).embed(["a"])


@pytest.mark.parametrize(
    ("entries", "url", "allowed"),
    [
        (("*",), "http://127.0.0.1:8000/v1", True),
        (("public",), "https://llm.example.com/v1", True),
        (("public",), "http://127.0.0.1:8000/v1", False),
        (("public",), "http://localhost./v1", False),
        (("public",), "http://[::1]/v1", False),
        (("public",), "http://[::ffff:10.0.0.1]/v1", False),
        (("public",), "http://169.254.169.254/latest", False),
        (("public",), "http://192.168.1.5/v1", False),
        (("public", "192.168.1.5:8000"), "http://192.168.1.5:8000/v1", True),
        (("public", "192.168.1.5:8000"), "http://192.168.1.5/v1", False),
        (("llm.example.com",), "https://llm.example.com:444/v1", True),
        (("llm.example.com",), "https://llm.example.com.evil.net/v1", False),
        (("https://llm.example.com/v1",), "https://LLM.example.com/v1/team", True),
        (("https://llm.example.com/v1",), "https://llm.example.com/v10", False),
        (("https://llm.example.com/v1",), "https://llm.example.com/v1/%2e%2e/admin", False),
        (("https://llm.example.com/v1",), "http://llm.example.com/v1", False),
        ((), "https://llm.example.com/v1", False),
    ],
)
def test_servers_that_visitors_may_name(entries, url, allowed):
    if allowed:
        AllowedServers(entries).check(url)
    else:
        with pytest.raises(ServiceError, match="may not be used") as caught:
            AllowedServers(entries).check(url)
        assert "PLANISPHERE_SERVERS" in caught.value.remedy


@pytest.fixture
def only_public() -> Iterator[None]:
    connections.allow_servers(("public",))
    yield
    connections.allow_servers(("*",))


def test_a_name_that_stands_for_a_private_address_gets_no_request(serve, only_public, monkeypatch):
    import socket

    server, lookup = serve(), socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *args, **options: lookup("127.0.0.1", *args, **options))
    spec = ModelSpec("openai", "letters", base_url=f"http://llm.example.com:{server.port}/v1")
    with pytest.raises(ServiceError, match="may not be used"):
        resolve_openai(spec, None)
    assert server.requests == []


@pytest.mark.slow
def test_jobs_and_answers_contact_allowed_servers_only(serve, workspace):
    server, corpus = serve(), corpus_of(10)
    workspace.save_corpus(corpus)
    strict = JobManager(workers=1, servers=("llm.example.com",))
    try:
        with pytest.raises(ServiceError, match="may not be used"):
            strict.ask(resolve_model, str(workspace.folder), ModelSpec("openai", "m", base_url=server.url), None)
        state = finish(strict, strict.submit(job_on(workspace, corpus.digest, server.spec)))
        assert (state.status, "may not be used" in state.error) == ("failed", True)
    finally:
        strict.close()
    assert server.requests == []
