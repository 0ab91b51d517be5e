"""Workers: what they answer, how they are stopped and replaced, and waits for limits."""

import os
import sys
import tempfile
import threading
import time
from contextlib import nullcontext
from pathlib import Path

import pytest

from core.errors import InputError, JobError, RateLimitError
from core.jobs import cluster
from core.jobs import context as job_context
from core.jobs.context import JobCancelled, JobContext
from core.jobs.manager import JobManager
from tests.core.jobs.steps import LEXICAL, add_corpus, finish, job_on
from tests.waiting import WAIT


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
        loop, lost = manager._client.loop, job_on(workspace, add_corpus(workspace, 26), LEXICAL)
        job = manager.submit(lost)
        threading.Timer(0.5, loop.add_callback, (sys.exit,)).start()  # as what raises a BaseException in it does
        with pytest.raises(JobError, match="lost"):
            manager.ask(time.sleep, 3600, timeout=WAIT)
        assert finish(manager, job).status in ("failed", "done")
        assert manager.ask(os.getpid, timeout=WAIT) != before
        job = manager.submit(job_on(workspace, add_corpus(workspace, 25), LEXICAL))
        assert finish(manager, job).status == "done"
    finally:
        manager.close()


class LateFuture:
    """Is done between the end of a wait and the look whether it is. error: how the wait ends; distributed's own is an
    UnboundLocalError where the wait is cancelled in that moment."""

    def __init__(self, error: type[Exception]) -> None:
        self.error = error

    def result(self, timeout=None):
        if timeout is not None:
            raise self.error
        return 3

    def done(self):
        return True


def test_jobs_have_a_lower_priority_than_pages(manager):
    before = os.getpriority(os.PRIO_PROCESS, 0)
    assert manager.ask(os.getpriority, os.PRIO_PROCESS, 0, timeout=WAIT) == before
    assert manager.ask(os.getpriority, os.PRIO_PROCESS, 0, on="job", timeout=WAIT) == min(before + cluster.NICENESS, 19)


@pytest.mark.parametrize("error", [TimeoutError, UnboundLocalError])
def test_an_answer_that_comes_as_a_wait_ends_is_taken(manager, error):
    manager._ready(WAIT)
    assert manager._wait_for(LateFuture(error), 10, "job", nullcontext, None) == 3


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
