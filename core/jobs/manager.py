"""The job queue: a coordinator thread hands the steps of one job after another to worker processes, a second thread
those of background jobs."""

import atexit
import logging
import queue
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, nullcontext, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

from core.errors import JobError, PlanisphereError
from core.files import discard, read_json, write_json
from core.jobs.cluster import connect, offered_resources, warm_up
from core.jobs.context import JobCancelled, JobContext, run_task, stop_task
from core.jobs.kinds import run_job
from core.jobs.types import JobSpec, JobState
from core.models.openai_client.connections import ANY
from core.secret import Secret

T = TypeVar("T")
START_SECONDS = 1.0  # until a page says that it waits for a worker to start
_TICK_SECONDS = 0.1
_LOG = logging.getLogger(__name__)


class JobManager:
    """Runs jobs one after another and calls functions for pages, both in worker processes.

    address: an existing Dask scheduler's, else workers are started here (in the background, about a second).
    warm_folder: a workspace; its workers load the default model and compile the map's kernels ahead of the first job.
    servers: what a visitor may contact, as `core.models.openai_client.connections.AllowedServers`.
    Thread-safe: all sessions of a server share one.
    """

    def __init__(
        self, address: str = "", workers: int = 0, warm_folder: str = "", servers: tuple[str, ...] = (ANY,)
    ) -> None:
        self._servers = servers
        self._states: dict[str, JobState] = {}
        self._secrets: dict[str, Secret] = {}
        self._cancelled: set[str] = set()
        self._queues = {background: queue.Queue[str]() for background in (False, True)}
        self._lock = threading.RLock()
        self._client: Any = None
        self._failure: PlanisphereError | None = None
        self._answered: frozenset[str] = frozenset()  # addresses of workers that have answered
        self._warming: list[Any] = []
        self._connected, self._warmed = threading.Event(), threading.Event()
        threading.Thread(target=self._work, args=(address, workers, warm_folder), daemon=True, name="jobs").start()

    def submit(self, spec: JobSpec, secret: Secret | None = None) -> str:
        """Queue a job and give its id; a job that is queued or running already is not added again."""
        with self._lock:
            if (existing := self._states.get(spec.id)) and existing.open:
                return spec.id
            self._cancelled.discard(spec.id)
            self._states[spec.id] = JobState(spec)
            if secret:
                self._secrets[spec.id] = secret
        self._record(spec.id)
        self._queues[spec.background].put(spec.id)
        return spec.id

    def cancel(self, job: str) -> None:
        """Stop a job: finished steps and batches stay stored, batches of local models in flight may finish."""
        with self._lock:
            self._cancelled.add(job)
            if (state := self._states.get(job)) and state.status == "queued":
                self._set(job, status="cancelled", finished=time.time())

    def forget(self, workspace: str, job: str) -> None:
        """Remove a finished job from the list."""
        with self._lock:
            if not ((state := self._states.get(job)) and state.open):
                self._states.pop(job, None)
                discard(_record_path(workspace, job))

    def get(self, job: str) -> JobState | None:
        return self._states.get(job)

    def list(self, workspace: str) -> list[JobState]:
        """The jobs of a workspace, oldest first; those that were open when a server stopped come as "interrupted"."""
        with self._lock:
            live = {job: state for job, state in self._states.items() if state.spec.workspace == workspace}
        left = [state for state in _load_records(workspace) if state.id not in live]
        return [*left, *live.values()]

    def ask(
        self,
        function: Callable[..., T],
        *args: Any,
        timeout: float = 120,
        on: str = "answer",
        starting: Callable[[], AbstractContextManager[Any]] = nullcontext,
        tick: Callable[[], None] | None = None,
    ) -> T:
        """The result of a function of `core`, computed in the answer worker, or in a job worker where it may be slow.

        starting: entered while the wait is for a worker that starts, or starts again after it was lost. tick: called
        some times a second meanwhile; what it raises stops the work. Raises the function's own PlanisphereError, or
        JobError when the worker was lost or took too long.
        """
        client = self._ready(timeout)
        options = {"pure": False, "priority": 10, **self._worker_options(on)}
        future = client.submit(run_task, self._servers, function, *args, **options)
        try:
            return self._wait_for(future, timeout, on, starting, tick)
        except PlanisphereError:
            raise
        except TimeoutError as error:
            raise JobError(f"This took longer than {timeout:.0f} seconds.", "Try again later.") from error
        except Exception as error:
            raise explain_failure(error) from error
        finally:
            if not future.done():  # the answer worker is shared by all pages: what it computes ends by itself
                stop_task(client, future) if on == "job" else future.cancel()

    def _wait_for(
        self, future: Any, timeout: float, on: str, starting: Callable[[], Any], tick: Callable[[], None] | None
    ) -> Any:
        started, shown = time.monotonic(), False
        step = _TICK_SECONDS if tick else START_SECONDS
        with ExitStack() as stack:
            while True:
                if tick:
                    tick()
                waited = time.monotonic() - started
                with suppress(TimeoutError):
                    result = future.result(max(0.0, min(step, timeout - waited)))
                    self._answered |= self._addresses(on)
                    return result
                if future.done() or waited >= timeout:
                    raise TimeoutError
                late = waited + step >= START_SECONDS
                if late and not shown and not (self._addresses(on) and self._addresses(on) <= self._answered):
                    shown = True
                    stack.enter_context(starting())

    def _addresses(self, on: str) -> frozenset[str]:
        """Of the workers that offer a resource; a worker has another one after a restart."""
        workers = self._client.scheduler_info(n_workers=-1)["workers"].items()
        return frozenset(
            address for address, facts in workers if on in facts.get("resources", {}) or not self._resources
        )

    def _ready(self, timeout: float) -> Any:
        if not self._connected.wait(timeout):
            raise JobError("The workers have not started yet.", "Reload the page in a few seconds.")
        if self._failure:
            raise self._failure
        return self._client

    def _worker_options(self, resource: str) -> dict[str, Any]:
        return {"resources": {resource: 1}} if resource in self._resources else {}

    def wait_warm(self, timeout: float = 300) -> None:
        """Wait until the workers have imported and compiled what they need (for benchmarks)."""
        from distributed import wait

        self._ready(timeout)
        self._warmed.wait(timeout)
        wait(self._warming, timeout=timeout)

    def close(self) -> None:
        """Stop the workers."""
        if self._client:
            cluster = self._client.cluster
            self._client.close(timeout=5)
            if cluster:
                with suppress(TimeoutError):  # on a busy machine: the rest ends with this process
                    cluster.close(timeout=10)

    def _work(self, address: str, workers: int, warm_folder: str) -> None:
        try:
            self._client = connect(address, workers)
            self._resources = offered_resources(self._client)
        except Exception as error:
            self._failure = explain_failure(error)
        self._connected.set()
        if self._client:
            atexit.register(self.close)
            try:
                self._warming = warm_up(self._client, warm_folder) if warm_folder else []
            except Exception as error:  # only slower without
                explain_failure(error)
            self._warmed.set()
        threading.Thread(target=self._run_queue, args=(self._queues[True],), daemon=True, name="background").start()
        self._run_queue(self._queues[False])

    def _run_queue(self, job_ids: "queue.Queue[str]") -> None:
        while True:
            self._run(job_ids.get())

    def _run(self, job: str) -> None:
        state = self._states.get(job)
        if state is None or state.status != "queued":
            return
        self._set(job, status="running", started=time.time())
        ending: dict[str, Any] = {"status": "failed", "error": "The job was interrupted.", "remedy": "Start it again."}
        try:
            setters = self._worker_options, lambda: job in self._cancelled, self._set
            context = JobContext(self._ready(30), job, *setters, state.spec.background, self._servers)
            for following in run_job(state.spec, self._secrets.get(job), context):
                self.submit(following)
            ending = {"status": "done"}
        except JobCancelled:
            ending = {"status": "cancelled"}
        except Exception as error:
            explanation = explain_failure(error)
            ending |= {"error": explanation.message, "remedy": explanation.remedy}
        finally:
            self._secrets.pop(job, None)
            self._set(job, **ending, finished=time.time())

    def _set(self, job: str, **changes: Any) -> None:
        with self._lock:
            if job in self._states:
                self._states[job] = self._states[job].with_(**changes)
        if "status" in changes:
            self._record(job)

    def _record(self, job: str) -> None:
        state = self._states[job]
        path = _record_path(state.spec.workspace, job)
        try:
            if state.status == "done":
                discard(path)  # its results are stored
            else:
                write_json(path, asdict(state))
        except PlanisphereError as error:
            _LOG.warning("job record not written: %s", error)


def explain_failure(error: Exception) -> PlanisphereError:
    """The error to show for a failure of a worker; the details of an unexpected one go to the log."""
    if isinstance(error, PlanisphereError):
        return error
    _LOG.error("worker failure", exc_info=error)
    kind = type(error).__name__
    if kind == "KilledWorker":
        remedy = "Finished batches are saved. Close other programs or use fewer rows, then start again."
        return JobError("The worker process was killed several times, most likely because memory ran out.", remedy)
    if isinstance(error, MemoryError):
        return JobError("There is not enough memory for this.", "Use fewer rows, or a model with fewer dimensions.")
    return JobError(f"The job stopped with an unexpected error ({kind}).", "Finished batches are saved; try again.")


def _record_path(workspace: str, job: str) -> Path:
    return Path(workspace) / "jobs" / f"{job}.json"


def _load_records(workspace: str) -> list[JobState]:
    states = []
    for path in sorted((Path(workspace) / "jobs").glob("*.json")):
        with suppress(TypeError, KeyError, ValueError):
            state = JobState.from_dict(read_json(path))
            states.append(state.with_(status="interrupted") if state.open else state)
    return [state for state in states if state.status in ("interrupted", "failed", "cancelled")]
