"""Jobs on servers with failing texts and limits."""

import math
import threading
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from core.errors import RateLimitError, ServiceError
from core.jobs import kinds
from core.jobs.manager import JobManager
from core.jobs.results import result_spec
from core.models import openai_embedder as openai_module
from core.models.base import ServerState
from core.models.openai_embedder import PROBE_TEXT, OpenAIEmbedder
from core.quality.results import EDIT_ROBUSTNESS, EditQuery
from core.types import CorpusRef, ModelSpec
from core.vectors.contenders import Contender
from core.vectors.failed_rows import failed_rows_table, leave_out_failed_rows, list_failed_rows
from core.vectors.service import plan_embedding, resolve_model
from core.vectors.text_vectors import embedded_query
from tests.core.jobs.steps import finish, job_on
from tests.core.models.openai.server import BAD_ROWS, WORDS, Reply, poison
from tests.core.models.test_server_models import corpus_of
from tests.embedding_server import vector_of
from tests.waiting import wait_until


@pytest.fixture(scope="module")
def manager() -> Iterator[JobManager]:
    created = JobManager(workers=2)
    yield created
    created.close()


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
