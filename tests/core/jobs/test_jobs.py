"""Jobs: done in workers, cancelled, failed with a reason, and continued after any process was killed."""

import multiprocessing
import os
import signal
import threading
import time
from dataclasses import replace

import numpy as np
import pandas as pd
import psutil
import pytest

from core.corpus.build import build_corpus
from core.corpus.reading.values import RawTable
from core.errors import InputError, JobError
from core.jobs import cluster, kinds
from core.jobs.context import JobCancelled, JobContext
from core.jobs.manager import JobManager
from core.jobs.types import JobSpec
from core.models.openai_embedder import PROBE_TEXT
from core.models.registry import PRESETS, load_embedder
from core.store import Workspace
from core.types import ModelSpec, Roles
from tests.embedding_server import DIMENSIONS, EmbeddingServer, vector_of
from tests.waiting import WAIT, wait_until

ROWS = 640
IN_FLIGHT = 4 * 32  # requests a worker has open, texts in each
LEXICAL = next(spec for spec in PRESETS if spec.backend == "lexical")


@pytest.fixture(scope="module")
def manager():
    created = JobManager(workers=1)
    yield created
    created.close()


@pytest.fixture
def server():
    created = EmbeddingServer(delay=0.15)
    yield created
    created.close()


@pytest.fixture
def workspace(tmp_path) -> Workspace:
    return Workspace(tmp_path / "work")


def add_corpus(workspace: Workspace, rows: int = ROWS) -> str:
    table = pd.DataFrame({"text": [f"text number {i} {'x' * (i % 40)}" for i in range(rows)]})
    raw = RawTable(table=table, sources=(), notes=(), vectors=None, vectors_name="")
    return workspace.save_corpus(build_corpus(raw, Roles("{text}")).corpus).digest


def job_on(workspace: Workspace, corpus: str, model: ModelSpec) -> JobSpec:
    return JobSpec("embed", str(workspace.folder), corpus, {"model": model.to_dict()}, title="A job")


def served(server: EmbeddingServer) -> ModelSpec:
    return ModelSpec("openai", "letters", base_url=server.url, dimensions=DIMENSIONS)


def finish(manager: JobManager, job: str):
    wait_until(lambda: not manager.get(job).open)
    return manager.get(job)


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


def test_a_killed_worker_costs_at_most_the_batches_in_flight(manager, workspace, server):
    corpus = add_corpus(workspace)
    job = manager.submit(job_on(workspace, corpus, served(server)))
    wait_until(lambda: len(server.asked) > 150)
    for process in workers_of(os.getpid()):
        process.send_signal(signal.SIGKILL)
    assert finish(manager, job).status == "done", manager.get(job)
    assert_computed_once(server, workspace, corpus)


@pytest.mark.slow
def test_a_killed_server_process_leaves_a_job_that_can_be_continued(manager, workspace, server):
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
    assert finish(manager, manager.submit(left.spec)).status == "done"
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


def refuse() -> None:
    raise InputError("This file is empty.", "Choose another.")


def crash() -> None:
    raise ZeroDivisionError


def test_answers_carry_the_errors_of_core_and_hide_others(manager):
    assert manager.ask(os.getpid) != os.getpid()
    with pytest.raises(InputError, match="This file is empty"):
        manager.ask(refuse)
    with pytest.raises(JobError, match="unexpected"):
        manager.ask(crash)


def test_a_background_job_delays_no_other_and_follows_the_job_that_created_it(manager, workspace, monkeypatch):
    let_go, order = threading.Event(), []
    other = replace(job_on(workspace, "b", LEXICAL), kind="map", background=True)

    def first(spec, secret, context):
        order.append("first")
        return [other]

    def slow(spec, secret, context):
        let_go.wait(WAIT)
        order.append("background")

    def quick(spec, secret, context):
        order.append("quick")

    monkeypatch.setattr(kinds, "KINDS", {"sample": first, "map": slow, "embed": quick})
    finish(manager, manager.submit(JobSpec("sample", str(workspace.folder), "")))
    wait_until(lambda: manager.get(other.id).status == "running")
    assert manager.submit(replace(other, background=False)) == other.id  # the same work
    assert finish(manager, manager.submit(job_on(workspace, "a", LEXICAL))).status == "done"
    let_go.set()
    assert finish(manager, other.id).status == "done"
    assert order == ["first", "quick", "background"]


def test_a_single_long_task_is_cancelled_with_its_worker(manager, workspace):
    started = time.monotonic()
    context = JobContext(
        manager._client, "long", manager._worker_options, lambda: time.monotonic() > started + 1, lambda *_, **__: None
    )
    with pytest.raises(JobCancelled):
        context.call("Sleeping", time.sleep, 3600)
    job = manager.submit(job_on(workspace, add_corpus(workspace, 25), LEXICAL))
    assert finish(manager, job).status == "done"


class Clicked(BaseException):
    """As Streamlit ends a run when something is clicked."""


def test_watched_work_ends_when_the_watcher_raises(manager):
    assert manager.ask(abs, -3, on="job", tick=lambda: None) == 3
    with pytest.raises(InputError, match="This file is empty"):
        manager.ask(refuse, on="job", tick=lambda: None)
    calls = []

    def watch():
        calls.append(1)
        if len(calls) > 4:
            raise Clicked

    with pytest.raises(Clicked):
        manager.ask(time.sleep, 3600, timeout=3600, on="job", tick=watch)
    assert manager.ask(abs, -4, on="job", timeout=WAIT) == 4  # the worker is free again


def test_an_existing_scheduler_is_used_by_its_address(workspace):
    from distributed import LocalCluster

    corpus = add_corpus(workspace, 35)
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0") as cluster:
        joined = JobManager(cluster.scheduler_address)
        pids = {worker.pid for worker in cluster.workers.values()}
        assert joined.ask(os.getpid) in pids
        assert finish(joined, joined.submit(job_on(workspace, corpus, LEXICAL))).status == "done"
        joined.close()
        assert len(cluster.scheduler_info["workers"]) == 2  # the cluster is not ours to close
    assert workspace.load_vectors(corpus, LEXICAL) is not None


def test_a_scheduler_out_of_reach_is_explained(monkeypatch):
    monkeypatch.setattr(cluster, "CONNECT", "2s")
    lost = JobManager("tcp://127.0.0.1:9")
    with pytest.raises(JobError, match="can't be reached"):
        lost.ask(os.getpid, timeout=WAIT)
