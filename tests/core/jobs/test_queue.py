"""Which job runs when: background jobs, limits, several servers on one workspace."""

import threading
import time
from dataclasses import replace

import pytest

from core.jobs import kinds
from core.jobs import manager as job_manager
from core.jobs.manager import JobManager
from core.jobs.records import load_records
from core.jobs.types import JobSpec
from core.store import Workspace
from tests.core.jobs.steps import LEXICAL, finish, job_on
from tests.waiting import WAIT, wait_until


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
