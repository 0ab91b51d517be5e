"""Jobs: done in workers, cancelled, failed with a reason, and continued after any process was killed."""

import multiprocessing
import os
import signal
import sys
import tempfile
import threading
import time
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pytest

from core.corpus.build import build_corpus
from core.corpus.reading.values import RawTable
from core.errors import InputError, JobError, RateLimitError
from core.jobs import cluster, kinds
from core.jobs import context as job_context
from core.jobs import manager as job_manager
from core.jobs.context import JobCancelled, JobContext
from core.jobs.manager import JobManager
from core.jobs.records import load_records
from core.jobs.types import JobSpec, JobState
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


def nap(seconds: float) -> int:
    time.sleep(seconds)
    return 1


def naps(spec, secret, context):
    count = spec.params["naps"]
    context.map("Napping", nap, [(0.05,)] * count, [1] * count, "naps")


def test_a_visitors_short_job_does_not_wait_for_anothers_long_one(manager, workspace, tmp_path, monkeypatch):
    monkeypatch.setattr(kinds, "KINDS", {"map": naps})
    long = manager.submit(JobSpec("map", str(workspace.folder), "", {"naps": 10_000}))
    wait_until(lambda: manager.get(long).done > 20)
    short = manager.submit(JobSpec("map", str(tmp_path / "other"), "", {"naps": 20}))
    assert finish(manager, short).status == "done"
    assert manager.get(long).status == "running"
    assert manager.get(long).done < 5_000
    manager.cancel(long)
    assert finish(manager, long).status == "cancelled"


@pytest.fixture
def blocking(monkeypatch):
    """Jobs that wait for an event; the names of those that began. They can be cancelled."""
    let_go, began = threading.Event(), []

    def block(spec, secret, context):
        began.append(spec.title)
        while not let_go.wait(0.02):
            context._check_cancel([])

    monkeypatch.setattr(kinds, "KINDS", {"map": block})
    monkeypatch.setattr(job_manager, "WATCH", 0.05)
    yield let_go, began
    let_go.set()


def blocked(workspace: Workspace, title: str, corpus: str = "", model: str = "", background: bool = False) -> JobSpec:
    params = {"model": {"name": model}} if model else {"title": title}
    return JobSpec("map", str(workspace.folder), corpus or title, params, title, background)


def test_a_visitor_has_a_limit_of_running_jobs_and_of_open_ones(manager, workspace, tmp_path, monkeypatch, blocking):
    let_go, began = blocking
    monkeypatch.setattr(job_manager, "MAX_OPEN", 5)
    jobs = [manager.submit(blocked(workspace, f"a{i}")) for i in range(6)]
    other = manager.submit(blocked(Workspace(tmp_path / "b"), "b"))
    behind = manager.submit(blocked(workspace, "background", background=True))
    wait_until(lambda: len(began) == 3)
    assert [manager.get(job).status for job in jobs] == [*["running"] * 2, *["queued"] * 3, "failed"]
    assert manager.get(jobs[-1]).remedy
    assert manager.get(other).status == "running"
    assert manager.get(behind).status == "failed"  # it is one more
    manager.cancel(jobs[3])
    let_go.set()
    states = [finish(manager, job).status for job in jobs]
    assert states == ["done", "done", "done", "cancelled", "done", "failed"]
    assert "a3" not in began


def test_jobs_that_would_compute_the_same_steps_run_one_after_another(manager, workspace, blocking):
    let_go, began = blocking
    jobs = [blocked(workspace, "first", "c", "m"), replace(blocked(workspace, "second", "c", "m"), kind="map")]
    jobs[1] = replace(jobs[1], params={"query": {"contenders": [{"model": {"name": "m"}}]}})
    ids = [manager.submit(job) for job in [*jobs, blocked(workspace, "other model", "c", "n")]]
    wait_until(lambda: len(began) == 2)
    assert [manager.get(job).status for job in ids] == ["running", "queued", "running"]
    let_go.set()
    assert {finish(manager, job).status for job in ids} == {"done"}


def test_two_servers_list_each_others_jobs_and_run_none_twice(manager, workspace, blocking):
    let_go, began = blocking
    folder, other = str(workspace.folder), JobManager(workers=1)
    try:
        spec = blocked(workspace, "job")
        job = manager.submit(spec)
        wait_until(lambda: began == ["job"] and manager.get(job).status == "running")
        wait_until(lambda: [state.status for state in other.list(folder)] == ["running"])
        assert other.submit(spec) == job
        assert other.get(job).status == "running"
        other._watch()  # finds nothing to resume
        other.forget(folder, job)  # nor to dismiss
        assert [state.status for state in manager.list(folder)] == ["running"]
        other.cancel(job)
        assert finish(manager, job).status == "cancelled"
        assert [state.status for state in other.list(folder)] == ["cancelled"]
        other.forget(folder, job)
        assert manager.list(folder) == other.list(folder) == []
        assert other.submit(spec) == job  # now it is the other's
        wait_until(lambda: began == ["job", "job"])
        assert manager.submit(spec) == job
        assert [state.status for state in manager.list(folder)] == ["running"]
        let_go.set()
        assert finish(other, job).status == "done"
        wait_until(lambda: manager.list(folder) == [])
        assert began == ["job", "job"]
    finally:
        other.close()


def test_a_server_that_is_stopped_leaves_its_jobs_to_another(manager, workspace, blocking):
    let_go, began = blocking
    stopped = JobManager(workers=1)
    job = stopped.submit(blocked(workspace, "job"))
    wait_until(lambda: began == ["job"])
    stopped.close()
    wait_until(lambda: any(state.id == job for state in manager.list(str(workspace.folder))))
    wait_until(lambda: began == ["job", "job"])
    let_go.set()
    assert finish(manager, job).status == "done"
    assert load_records(str(workspace.folder)) == []


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


@pytest.mark.slow
def test_a_single_long_task_is_cancelled_with_its_worker(manager, workspace):
    client, started = manager._ready(WAIT), time.monotonic()
    context = JobContext(
        client, "long", manager._worker_options, lambda: time.monotonic() > started + 1, lambda *_, **__: None
    )
    with pytest.raises(JobCancelled):
        context.call("Sleeping", time.sleep, 3600)
    job = manager.submit(job_on(workspace, add_corpus(workspace, 25), LEXICAL))
    assert finish(manager, job).status == "done"


@pytest.mark.slow
def test_a_lost_scheduler_is_replaced(workspace):
    manager = JobManager(workers=1)
    try:
        before = manager.ask(os.getpid, timeout=WAIT)
        loop = manager._client.loop
        loop.add_callback(sys.exit)  # ends the loop, as what raises a BaseException in it does
        wait_until(loop.asyncio_loop.is_closed)
        assert manager.ask(os.getpid, timeout=WAIT) != before
        job = manager.submit(job_on(workspace, add_corpus(workspace, 25), LEXICAL))
        assert finish(manager, job).status == "done"
    finally:
        manager.close()


class LateFuture:
    """Is done between the end of a wait and the look whether it is."""

    def result(self, timeout=None):
        if timeout is not None:
            raise TimeoutError
        return 3

    def done(self):
        return True


def test_jobs_have_a_lower_priority_than_pages(manager):
    before = os.getpriority(os.PRIO_PROCESS, 0)
    assert manager.ask(os.getpriority, os.PRIO_PROCESS, 0, timeout=WAIT) == before
    assert manager.ask(os.getpriority, os.PRIO_PROCESS, 0, on="job", timeout=WAIT) == min(before + cluster.NICENESS, 19)


def test_an_answer_that_comes_as_a_wait_ends_is_taken(manager):
    manager._ready(WAIT)
    assert manager._wait_for(LateFuture(), 10, "job", nullcontext, None) == 3


def meet_limit(folder: str, item: int, times: int, seconds: float | None, progress=None) -> int:
    """Raises RateLimitError the first so many times that it is called with the item."""
    if len(list(Path(folder).glob(f"{item}-*"))) < times:
        Path(tempfile.mkstemp(prefix=f"{item}-", dir=folder)[1]).touch()
        raise RateLimitError("The server limits requests.", "Wait.", seconds)
    return 1


def limited_context(manager, changes: list[dict]) -> JobContext:
    client, options = manager._ready(WAIT), manager._worker_options
    return JobContext(client, "limited", options, lambda: False, lambda job, **more: changes.append(more))


@pytest.mark.parametrize("mapped", [False, True])
def test_every_step_waits_visibly_for_a_limit_and_begins_again(manager, tmp_path, mapped):
    changes: list[dict] = []
    context = limited_context(manager, changes)
    if mapped:
        items = [(str(tmp_path), item, item % 2, 0.3) for item in range(4)]
        context.map("Scoring", meet_limit, items, [1] * 4, "contenders")
        assert [change["done"] for change in changes if change.get("done")] == [1, 2, 3, 4]
    else:
        assert context.call("Naming", meet_limit, str(tmp_path), 1, 2, 0.3, progress=True) == 1
    resumes = [change["resumes"] for change in changes if change.get("resumes")]
    assert len(resumes) == (1 if mapped else 2)
    assert [change for change in changes if "resumes" in change][-1] == {"resumes": None}


@pytest.mark.parametrize(("times", "seconds"), [(1, 10_000.0), (50, 0.0)])
def test_a_wait_that_is_too_long_or_brings_nothing_ends_the_step(manager, tmp_path, monkeypatch, times, seconds):
    monkeypatch.setattr(job_context, "ROUNDING", 0.01)
    context = limited_context(manager, [])

    def call(*arguments):
        context.call("Naming", meet_limit, *arguments)

    def map_(*arguments):
        context.map("Scoring", meet_limit, [arguments], [1], "contenders")

    for run in (call, map_):
        folder = tmp_path / run.__name__
        folder.mkdir()
        with pytest.raises(RateLimitError):
            run(str(folder), 1, times, seconds)
        assert len(list(folder.iterdir())) == min(times, job_context.MAX_FRUITLESS + 1)


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


@pytest.mark.slow
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
