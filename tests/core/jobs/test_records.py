"""Records and locks of jobs: what another server on the same workspace sees."""

import multiprocessing
import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.errors import StorageError
from core.files import write_json
from core.jobs import records
from core.jobs.records import load_record, load_records, record_path, take_lease, write_record
from core.jobs.types import JobSpec, JobState
from tests.waiting import WAIT, wait_until


@pytest.fixture
def spec(tmp_path) -> JobSpec:
    return JobSpec("embed", str(tmp_path), "c" * 16, {"model": {"name": "m"}})


def test_a_job_is_interrupted_once_nobody_has_its_lock(spec):
    lease = take_lease(spec)
    write_record(JobState(spec, "running", stage="Embedding", done=5, total=9))
    (state,) = load_records(spec.workspace)
    assert (state.status, state.stage, state.done, state.total) == ("running", "Embedding", 5, 9)
    lease.release()
    (state,) = load_records(spec.workspace)
    assert state.status == "interrupted"


@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_a_job_that_ended_stays_as_it_ended(spec, status):
    write_record(JobState(spec, status))
    assert load_record(spec).status == status


def test_a_lock_has_one_holder_and_can_be_taken_again(spec):
    for _ in range(3):
        lease = take_lease(spec)
        assert lease is not None
        assert take_lease(spec) is None
        assert records.is_leased(record_path(spec))
        lease.release()
        assert not records.is_leased(record_path(spec))
    assert not list(Path(spec.workspace).glob("jobs/*.lock"))


def hold(spec: JobSpec, ready: Any) -> None:
    lease = take_lease(spec)
    write_record(JobState(spec, "running"))
    ready.set()
    signal.pause()
    assert lease


def test_a_killed_process_has_no_lock(spec):
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    process = context.Process(target=hold, args=(spec, ready), daemon=True)
    process.start()
    assert ready.wait(WAIT)
    assert take_lease(spec) is None
    assert load_record(spec).status == "running"
    os.kill(process.pid, signal.SIGKILL)
    process.join(WAIT)
    wait_until(lambda: load_record(spec).status == "interrupted")
    assert take_lease(spec) is not None


def take_and_count(spec: JobSpec, times: int) -> None:
    counter = Path(spec.workspace) / "counter"
    for _ in range(times):
        if lease := take_lease(spec):
            number = int(counter.read_text())
            counter.write_text(str(number + 1))
            with (Path(spec.workspace) / "taken").open("a") as file:
                file.write("x")
            lease.release()


def test_processes_that_race_for_a_lock_never_have_it_together(spec):
    folder = Path(spec.workspace)
    (folder / "counter").write_text("0")
    (folder / "taken").touch()
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=take_and_count, args=(spec, 200)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(WAIT)
        assert process.exitcode == 0
    assert int((folder / "counter").read_text()) == len((folder / "taken").read_text()) > 0


def test_a_workspace_under_another_path_has_the_same_jobs(spec, tmp_path_factory):
    link = tmp_path_factory.mktemp("mount") / "workspace"
    link.symlink_to(spec.workspace)
    elsewhere = replace(spec, workspace=str(link))
    lease = take_lease(spec)
    write_record(JobState(spec, "running"))
    assert take_lease(elsewhere) is None
    (state,) = load_records(str(link))
    assert state.spec == elsewhere
    assert state.status == "running"
    lease.release()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"spec": 1}', '{"spec": {"kind": "embed"}}', '{"other": 2}'])
def test_a_damaged_record_is_left_out(spec, content):
    path = record_path(spec)
    path.parent.mkdir()
    path.write_text(content)
    assert load_records(spec.workspace) == []


def test_a_record_under_a_wrong_name_is_left_out(spec):
    write_record(JobState(spec, "failed"))
    record = record_path(spec)
    write_json(record.with_name("0123456789abcdef.json"), {})
    os.rename(record, record.with_name("fedcba9876543210.json"))
    assert load_records(spec.workspace) == []


def test_a_disk_without_locks_has_one_server(spec, monkeypatch):
    import fcntl

    def unsupported(*_: object) -> None:
        raise OSError(records.errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", unsupported)
    assert take_lease(spec) is not None


def test_cancel_requests_are_seen_and_go_with_the_record(spec, tmp_path):
    write_record(JobState(spec, "running"))
    records.request_cancel(spec)
    assert records.is_cancel_requested(spec)
    records.remove_record(spec)
    assert not records.is_cancel_requested(spec)
    with pytest.raises(StorageError):
        records.request_cancel(replace(spec, workspace=str(tmp_path / "missing")))
