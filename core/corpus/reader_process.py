"""Does what untrusted files take in a process of its own, with limited memory and time, that can be stopped.

A process waits for tasks (core.corpus.reader_tasks) and is used again, unless it was stopped or took much memory.
Request and reply are lines of JSON; results come back as files in a folder of the staging folder, which are removed.
"""

import json
import logging
import os
import queue
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from core.codec import encode
from core.corpus.reader_tasks import TASKS, decode_progress, load_table
from core.corpus.reading.budget import out_of_memory, out_of_time
from core.corpus.reading.files import explained
from core.corpus.reading.progress import ReadingProgress
from core.corpus.reading.values import RawTable
from core.corpus.staging import ImportSource
from core.digest import digest_json
from core.errors import InputError, JobError, PlanisphereError, StorageError
from core.files import discard, read_json, storage_errors

BUSY_FACTOR = 4  # seconds on the clock a second of processor time: other work on the machine is not the file's fault
START_SECONDS = 120.0  # a busy machine imports pandas and pyarrow in 10
POLL_SECONDS = 0.1
PROGRESS = "progress"  # ending of the file with how far reading has come
_LARGE = 512 * 1024**2  # bytes of memory in use with which a process is not used again
_ROOT = str(Path(__file__).parents[2])
_CODE = f"import sys; sys.path.insert(0, {_ROOT!r}); from core.corpus.reader_process import serve; serve()"
_LOG = logging.getLogger(__name__)
_idle: list["_Process"] = []
_lock = threading.Lock()


@dataclass(frozen=True)
class Limits:
    """What a task may take: seconds of processor time, bytes of memory. name: of what it reads, in messages."""

    name: str
    seconds: float
    memory: int


def read_staged(folder: str, source: ImportSource) -> RawTable:
    """The table of staged files, read in another process. Raises InputError for files that can't be read, take too much
    memory or time, or whose reading was cancelled; StorageError for expired ones."""
    mark, progress = _mark(folder, source), _mark(folder, source, PROGRESS)
    arguments = {"folder": folder, "source": encode(source)[0], "progress": str(progress)}
    try:
        with run_task("read", folder, arguments, limits_of(source), mark) as result:
            return load_table(result)
    finally:
        discard(progress)


@contextmanager
def run_task(
    task: str, folder: str, arguments: dict[str, Any], limits: Limits, mark: Path | None = None
) -> Iterator[Path]:
    """The folder with what a task of core.corpus.reader_tasks wrote; it is removed at the end of the block. mark: a
    file that is touched to stop it. Raises InputError, StorageError, JobError."""
    with _lent_process() as process, _exchange_folder(folder) as exchange:
        request = {"task": task, "arguments": arguments, "exchange": str(exchange), **asdict(limits)}
        reply = _ask(process, request, limits, mark)
        if "error" in reply:
            raise _error(reply)
        yield exchange


def limits_of(source: ImportSource) -> Limits:
    """Of reading an upload, by its size and budget."""
    size, first = sum(file.size for file in source.files), source.files[0].name
    name = first if len(source.files) == 1 else f"{first} and {len(source.files) - 1:,} more"
    return Limits(name, source.budget.seconds_for(size), source.budget.memory_for(size))


def reading_progress(folder: str, source: ImportSource) -> ReadingProgress | None:
    """How far reading these files has come, None where nothing is known of it."""
    return decode_progress(read_json(_mark(folder, source, PROGRESS)))


def cancel_reading(folder: str, source: ImportSource) -> None:
    """Stop reading these files, in whatever process; nothing where they are not being read. Raises StorageError."""
    with storage_errors(Path(folder)):
        _mark(folder, source).touch()


def start_ahead() -> None:
    """Start a process before it is needed."""
    with _lent_process():
        pass


def _mark(folder: str, source: ImportSource, ending: str = "cancel") -> Path:
    return Path(folder) / "staging" / f"{digest_json(encode(source)[0])}.{ending}"


def _is_newer(mark: Path, started: float) -> bool:
    """Whether a mark was set after a read began; an older one was for another read of the same files."""
    try:
        return mark.stat().st_mtime > started
    except OSError:
        return False


class _Process:
    """A Python process that runs `serve`."""

    def __init__(self) -> None:
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "encoding": "utf-8"}
        self._process = subprocess.Popen([sys.executable, "-c", _CODE], **pipes)
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._collect, daemon=True, name="reader").start()
        self.usable = bool(self.line(START_SECONDS))

    def _collect(self) -> None:
        for line in self._process.stdout or ():
            self._lines.put(line)
        self._lines.put("")  # it has ended

    def line(self, seconds: float) -> str | None:
        """The next line, "" at the end; None where there is none within the time."""
        try:
            return self._lines.get(timeout=seconds)
        except queue.Empty:
            return None

    def send(self, request: dict[str, Any]) -> None:
        self.usable = False  # until it has replied
        with suppress(OSError):  # it has ended, which shows as the end of its lines
            assert self._process.stdin is not None  # noqa: S101 - a pipe
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()

    def cpu_seconds(self) -> float:
        """Seconds of processor time so far; 0 where it has ended."""
        import psutil

        with suppress(psutil.Error):
            times = psutil.Process(self._process.pid).cpu_times()
            return float(times.user + times.system)
        return 0.0

    def alive(self) -> bool:
        return self.usable and self._process.poll() is None

    def stop(self) -> int:
        """Kill it; gives its return code."""
        self._process.kill()
        with suppress(OSError):
            if self._process.stdin:
                self._process.stdin.close()
        return self._process.wait()


@contextmanager
def _lent_process() -> Iterator[_Process]:
    """An idle process, or a new one; idle again afterwards if it can be used again."""
    process = None
    with _lock:
        while _idle and process is None:
            candidate = _idle.pop()
            process = candidate if candidate.alive() else None
    process = process or _Process()
    try:
        if not process.usable:
            raise JobError("The process that reads files did not start.", "Try again; else see the log.")
        yield process
    finally:
        with _lock:
            is_spare = process.alive() and not _idle
            if is_spare:
                _idle.append(process)
        if not is_spare:
            process.stop()


@contextmanager
def _exchange_folder(folder: str) -> Iterator[Path]:
    exchange = Path(folder) / "staging" / f".read-{uuid.uuid4().hex}"
    with storage_errors(exchange.parent):
        exchange.mkdir(parents=True)
    try:
        yield exchange
    finally:
        discard(exchange)


def _ask(process: _Process, request: dict[str, Any], limits: Limits, mark: Path | None) -> dict[str, Any]:
    """The reply. Raises InputError where the task takes too much processor time, or is cancelled."""
    seconds, used = limits.seconds, process.cpu_seconds()
    process.send(request)
    started, deadline = time.time(), time.monotonic() + BUSY_FACTOR * seconds
    while (line := process.line(POLL_SECONDS)) is None:
        if mark and _is_newer(mark, started):
            raise InputError("Reading was cancelled.", "Upload other files, or these again.")
        if process.cpu_seconds() - used > seconds or time.monotonic() > deadline:
            raise out_of_time(limits.name, seconds)
    if not line:
        raise _ended(limits.name, process.stop())
    reply: dict[str, Any] = json.loads(line)
    process.usable = bool(reply.get("usable"))
    return reply


def _ended(name: str, code: int) -> InputError:
    """Why a process ended before it replied: by a signal, since memory ran out or a library crashed, or by an error."""
    _LOG.error("the process that reads files ended with code %d", code)
    if code in (-signal.SIGKILL, -signal.SIGABRT):
        return out_of_memory(name)
    return InputError(f'"{name}" can\'t be read: it made the reader stop.', "Save it again, best as CSV or Parquet.")


def _error(reply: dict[str, Any]) -> PlanisphereError:
    kind = StorageError if reply["error"] == "StorageError" else InputError
    return kind(reply["message"], reply["remedy"])


def serve() -> None:
    """The process: read what standard input asks for, line by line, until it ends."""
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints is no reply
    import pyarrow as pa
    import pyarrow.parquet  # ahead of the first file, as is all that the readers import

    pa.set_cpu_count(1)  # each thread reserves memory of its own
    pa.set_memory_pool(pa.system_memory_pool())  # keeps nothing back, so that the limit counts what is used
    print("ready", file=replies, flush=True)
    for line in sys.stdin:
        print(json.dumps(_answer(json.loads(line))), file=replies, flush=True)


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    try:
        with _limited(request["seconds"], request["memory"]), explained(request["name"]):
            TASKS[request["task"]](Path(request["exchange"]), **request["arguments"])
    except PlanisphereError as error:
        usable = _memory_in_use() < _LARGE and not isinstance(error.__cause__, MemoryError)
        return {"error": type(error).__name__, "message": error.message, "remedy": error.remedy, "usable": usable}
    return {"usable": _memory_in_use() < _LARGE}


@contextmanager
def _limited(seconds: float, memory: int) -> Iterator[None]:
    """Memory beyond what is in use now, where the system limits it; the process ends a little after the time is up,
    should nobody be there to stop it."""
    import resource

    import psutil

    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    allowed = psutil.Process().memory_info().vms + min(memory, int(psutil.virtual_memory().total * 0.8))
    tightest = min(limit for limit in (allowed, soft, hard) if limit != resource.RLIM_INFINITY)
    resource.setrlimit(resource.RLIMIT_AS, (tightest, hard))
    signal.setitimer(signal.ITIMER_REAL, BUSY_FACTOR * seconds + 10)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _memory_in_use() -> int:
    """Bytes now: the peak that the system counts would begin at that of the process that started this one."""
    import psutil

    return int(psutil.Process().memory_info().rss)
