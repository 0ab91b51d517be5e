"""Job records in a workspace, and the locks by which servers that share it know which of them runs a job.

`jobs/<name>.json` is a job's state, written again while it runs; `jobs/<name>.lock` is locked by the server that has
queued or runs it, and unlocked by the system when that server dies; `jobs/<name>.cancel` asks it to stop.
"""

import errno
import os
import time
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import IO

from core.files import discard, read_json, storage_errors, write_json
from core.jobs.types import JobSpec, JobState

_TRIES, _PAUSE = 10, 0.02  # another server may hold the lock for a moment, to see whether it is free
_LOCKED = (errno.EACCES, errno.EAGAIN, errno.EDEADLK)


def record_path(spec: JobSpec) -> Path:
    """Named without the workspace's path, which servers may see under different names."""
    return Path(spec.workspace) / "jobs" / f"{spec.name}.json"


def write_record(state: JobState) -> None:
    """Raises StorageError."""
    write_json(record_path(state.spec), asdict(state))


def remove_record(spec: JobSpec) -> None:
    discard(record_path(spec))
    remove_cancel_request(spec)


def load_record(spec: JobSpec) -> JobState | None:
    """The recorded state of a job; "interrupted" where it is open but no server has it any more."""
    return _load(record_path(spec), spec.workspace)


def load_records(workspace: str) -> list[JobState]:
    """The recorded jobs of a workspace that are open, interrupted, failed or cancelled."""
    states = (_load(path, workspace) for path in sorted((Path(workspace) / "jobs").glob("*.json")))
    return [state for state in states if state and state.status != "done"]


def _load(path: Path, workspace: str) -> JobState | None:
    leased = is_leased(path)  # before reading: the record of a job that ends is written while its lock is held
    values = read_json(path)
    try:
        state = JobState.from_dict(values)
    except (TypeError, KeyError):
        return None
    state = state.with_(spec=replace(state.spec, workspace=workspace))
    if state.spec.name != path.stem:
        return None
    alive = leased or not state.open or is_leased(path)
    return state if alive else state.with_(status="interrupted")


def request_cancel(spec: JobSpec) -> None:
    """Ask the server that has the job to stop it. Raises StorageError."""
    path = record_path(spec).with_suffix(".cancel")
    with storage_errors(path.parent):
        path.touch()


def is_cancel_requested(spec: JobSpec) -> bool:
    return record_path(spec).with_suffix(".cancel").exists()


def remove_cancel_request(spec: JobSpec) -> None:
    discard(record_path(spec).with_suffix(".cancel"))


class Lease:
    """The lock on a job that this server holds until `release`, or until its process ends."""

    def __init__(self, path: Path, handle: IO[bytes] | None) -> None:
        self._path, self._handle = path, handle

    def release(self) -> None:
        if self._handle:
            with suppress(OSError):
                self._path.unlink()  # while it is locked: who opened it before sees that it is gone
            self._handle.close()
            self._handle = None


def take_lease(spec: JobSpec) -> Lease | None:
    """The lock on a job, None where another server has it.

    Where the workspace can't be written there is nothing to lock, and nobody else can run a job either.
    """
    path = record_path(spec).with_suffix(".lock")
    for _ in range(_TRIES):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle = path.open("ab")
        except OSError:
            return Lease(path, None)
        if _lock(handle) and _is_same_file(handle, path):
            return Lease(path, handle)
        handle.close()
        time.sleep(_PAUSE)
    return None


def is_leased(record: Path) -> bool:
    """Whether a server, this one included, has the job of a record."""
    try:
        with record.with_suffix(".lock").open("ab" if os.name == "nt" else "rb") as handle:
            return not _lock(handle, shared=True)
    except OSError:
        return False


def _lock(handle: IO[bytes], shared: bool = False) -> bool:
    """Lock an open file until it is closed; False where another has it. Disks without locks have one server."""
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        else:
            import fcntl

            fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in _LOCKED
    return True


def _is_same_file(handle: IO[bytes], path: Path) -> bool:
    """Whether the file opened is the one at the path still: its owner removes it when the job ends."""
    with suppress(OSError):
        return os.path.samestat(os.fstat(handle.fileno()), path.stat())
    return False
