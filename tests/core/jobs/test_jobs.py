"""Jobs: done in workers, cancelled, failed with a reason, and continued after any process was killed."""

import multiprocessing
import os
import signal
import time
from dataclasses import replace

import numpy as np
import psutil
import pytest

from core.jobs import manager as job_manager
from core.jobs.manager import JobManager
from core.jobs.types import JobSpec, JobState
from core.models.openai_embedder import PROBE_TEXT
from core.models.registry import PRESETS, load_embedder
from core.store import Workspace
from core.types import ModelSpec
from tests.core.jobs.steps import IN_FLIGHT, LEXICAL, add_corpus, finish, job_on
from tests.embedding_server import DIMENSIONS, EmbeddingServer, vector_of
from tests.waiting import WAIT, wait_until


@pytest.fixture
def server():
    created = EmbeddingServer(delay=0.15)
    yield created
    created.close()


def served(server: EmbeddingServer) -> ModelSpec:
    return ModelSpec("openai", "letters", base_url=server.url, dimensions=DIMENSIONS)


@pytest.mark.slow
def test_a_job_gives_the_same_vectors_as_the_embedder_itself(manager, workspace):
    corpus = add_corpus(workspace, 90)
    state = finish(manager, manager.submit(job_on(workspace, corpus, LEXICAL)))
    assert state.status == "done", state
    vectors = workspace.load_vectors(corpus, LEXICAL)
    expected = load_embedder(LEXICAL).embed(workspace.load_corpus(corpus).texts)
    np.testing.assert_allclose(vectors.rows, expected, atol=1e-6)
    assert len(list(workspace.results("neighbors", corpus))) == 1
    assert len(list(workspace.results("layouts", corpus))) == 1


def test_a_second_run_computes_nothing(manager, workspace, server):
    corpus = add_corpus(workspace, 60)
    for _ in range(2):
        assert finish(manager, manager.submit(job_on(workspace, corpus, served(server)))).status == "done"
    assert max(count for text, count in server.asked.items() if text != PROBE_TEXT) == 1


@pytest.mark.slow
def test_cancel_keeps_what_is_done_and_continuing_computes_only_the_rest(manager, workspace, server):
    corpus = add_corpus(workspace)
    job = manager.submit(job_on(workspace, corpus, served(server)))
    wait_until(lambda: len(server.asked) > 150)
    manager.cancel(job)
    assert finish(manager, job).status == "cancelled"
    assert workspace.load_vectors(corpus, served(server)) is None
    manager.submit(job_on(workspace, corpus, served(server)))
    assert finish(manager, job).status == "done"
    assert_computed_once(server, workspace, corpus)


@pytest.mark.slow
def test_a_killed_worker_costs_at_most_the_batches_in_flight(manager, workspace, server):
    corpus = add_corpus(workspace)
    job = manager.submit(job_on(workspace, corpus, served(server)))
    wait_until(lambda: len(server.asked) > 150)
    for process in workers_of(os.getpid()):
        process.send_signal(signal.SIGKILL)
    assert finish(manager, job).status == "done", manager.get(job)
    assert_computed_once(server, workspace, corpus)


@pytest.mark.slow
def test_the_job_of_a_killed_server_process_is_resumed_by_another(manager, workspace, server):
    corpus = add_corpus(workspace)
    spec = job_on(workspace, corpus, served(server))
    process = multiprocessing.get_context("spawn").Process(target=run_until_killed, args=(spec,))
    process.start()
    wait_until(lambda: len(server.asked) > 150)
    children = workers_of(process.pid)
    os.kill(process.pid, signal.SIGKILL)
    psutil.wait_procs(children, timeout=WAIT)
    (left,) = manager.list(str(workspace.folder))
    assert left.status == "interrupted"
    wait_until(lambda: manager.get(left.id).status == "done")  # resumed by this server
    assert_computed_once(server, workspace, corpus)


def run_until_killed(spec: JobSpec) -> None:
    JobManager(workers=1).submit(spec)
    time.sleep(3600)


def workers_of(pid: int) -> list[psutil.Process]:
    children = psutil.Process(pid).children(recursive=True)
    return [child for child in children if "spawn_main" in " ".join(child.cmdline())]


def assert_computed_once(server: EmbeddingServer, workspace: Workspace, corpus: str) -> None:
    texts = workspace.load_corpus(corpus).texts
    again = sum(count - 1 for text, count in server.asked.items() if text != PROBE_TEXT)
    assert 0 <= again <= IN_FLIGHT
    rows = workspace.load_vectors(corpus, served(server)).rows
    expected = np.array([vector_of(text) / np.linalg.norm(vector_of(text)) for text in texts])
    np.testing.assert_allclose(rows, expected, atol=1e-6)


def test_a_failing_server_fails_the_job_with_its_reason(manager, workspace, server):
    server.delay, server.fail = 0, 401
    corpus = add_corpus(workspace, 20)
    state = finish(manager, manager.submit(job_on(workspace, corpus, served(server))))
    assert state.status == "failed"
    assert state.error
    assert state.remedy
    assert not workspace.load_vectors(corpus, served(server))


def test_a_spending_limit_stops_before_the_batch_that_would_pass_it(manager, workspace):
    corpus = add_corpus(workspace, 20)
    model = next(spec for spec in PRESETS if spec.backend == "openai")
    spec = job_on(workspace, corpus, model)
    state = finish(manager, manager.submit(replace(spec, params={**spec.params, "limit_usd": 1e-9})))
    assert state.status == "failed"
    assert "spending limit" in state.error.lower()
    assert "20" in state.error


def test_two_jobs_stand_in_line_and_both_end(manager, workspace):
    jobs = [manager.submit(job_on(workspace, add_corpus(workspace, rows), LEXICAL)) for rows in (30, 40)]
    assert len(set(jobs)) == 2
    assert [finish(manager, job).status for job in jobs] == ["done", "done"]


@pytest.mark.parametrize(
    ("changes", "resumed"),
    [
        ({}, True),
        ({"has_key": True}, False),
        ({"attempts": 2}, True),
        ({"attempts": 3}, False),
        ({"status": "failed"}, 0),
    ],
)
def test_what_needs_a_key_or_consent_or_kills_servers_is_not_resumed(workspace, changes, resumed):
    state = JobState(job_on(workspace, "c", LEXICAL), "interrupted").with_(**changes)
    assert job_manager._is_resumable(state) == bool(resumed)
    paid = replace(state.spec, params={**state.spec.params, "limit_usd": 1.0})
    assert not job_manager._is_resumable(state.with_(spec=paid))
