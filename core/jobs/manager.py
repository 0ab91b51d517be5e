"""The job queue: coordinator threads hand the steps of jobs to worker processes, fairly between visitors."""

import atexit
import logging
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, nullcontext, suppress
from pathlib import Path
from typing import Any, TypeVar

from core.errors import InputError, JobError, PlanisphereError
from core.jobs.cluster import abandon, connect, is_layout_delayed, job_workers, offered_resources, warm_up, worker_facts
from core.jobs.context import JobCancelled, JobContext, is_lost, run_task, stop_task, workers_lost
from core.jobs.fairness import Claim, WorkerSlots, claim_of, overlap
from core.jobs.kinds import run_job
from core.jobs.records import (
    Lease,
    is_cancel_requested,
    load_record,
    load_records,
    remove_cancel_request,
    remove_record,
    request_cancel,
    take_lease,
    write_record,
)
from core.jobs.results import KIND, job_seconds
from core.jobs.types import JobSpec, JobState
from core.models.openai_client.connections import ANY
from core.secret import Secret
from core.store import Workspace

T = TypeVar("T")
START_SECONDS = 1.0  # until a page says that it waits for a worker to start
ESTIMATE_SECONDS = 5.0  # a job waits for the estimate of its time
_TICK_SECONDS = 0.1
MAX_RUNNING = 2  # jobs of one visitor at a time, background jobs apart
MAX_OPEN = 100  # jobs of one visitor, queued ones included
MAX_ATTEMPTS = 3  # a job that kills its server is not resumed for ever
WATCH = 2.0  # seconds between records of progress, and looks at what other servers left
_LOG = logging.getLogger(__name__)


class JobManager:
    """Runs jobs and calls functions for pages, both in worker processes.

    address: an existing Dask scheduler's, else workers are started here (in the background, about a second).
    warm_folder: a workspace; its workers load the default model and compile the map's kernels ahead of the first job,
    what an earlier server left unfinished there is resumed, and its files become their owner's alone. servers: what a
    visitor may contact, as `core.models.openai_client.connections.AllowedServers`.
    Jobs of other servers on the same workspaces are listed with theirs, and never run twice.
    Thread-safe: all sessions of a server share one.
    """

    def __init__(
        self, address: str = "", workers: int = 0, warm_folder: str = "", servers: tuple[str, ...] = (ANY,)
    ) -> None:
        self._servers = servers
        self._states: dict[str, JobState] = {}  # oldest first; those that this server has or had
        self._elsewhere: dict[str, JobSpec] = {}  # of other servers, as far as a page asked for them
        self._leases: dict[str, Lease] = {}
        self._recorded: set[str] = set()
        self._claims: dict[str, Claim] = {}
        self._submitted: dict[str, float] = {}
        self._secrets: dict[str, Secret] = {}
        self._cancelled: set[str] = set()
        self._folders = {warm_folder, *map(str, Path(warm_folder).glob("users/*"))} if warm_folder else set()
        self._slots = WorkerSlots()
        self._lock, self._record_lock = threading.RLock(), threading.RLock()
        self._client: Any = None
        self._failure: PlanisphereError | None = None
        self._answered: frozenset[str] = frozenset()  # addresses of workers that have answered
        self._warming: list[Any] = []
        self._connected, self._warmed, self._closed = threading.Event(), threading.Event(), threading.Event()
        threading.Thread(target=self._work, args=(address, workers, warm_folder), daemon=True, name="jobs").start()

    def submit(self, spec: JobSpec, secret: Secret | None = None, attempts: int = 0) -> str:
        """Queue a job and give its id; one that is queued or running here or on another server is not added again."""
        job, claim = spec.id, claim_of(spec)
        with self._lock:
            self._folders.add(spec.workspace)
            if (existing := self._states.get(job)) and existing.open:
                return job
            lease = take_lease(spec)
            if lease is None:
                self._elsewhere[job] = spec
                return job
            if attempts and not ((record := load_record(spec)) and record.open):  # another server was faster
                lease.release()
                return job
            self._cancelled.discard(job)
            self._states.pop(job, None)
            self._states[job] = JobState(spec, has_key=bool(secret), attempts=attempts)
            self._leases[job], self._claims[job], self._submitted[job] = lease, claim, time.monotonic()
            if secret:
                self._secrets[job] = secret
        remove_cancel_request(spec)
        if self._count_open(spec.workspace) > MAX_OPEN:
            error, remedy = f"{MAX_OPEN} jobs are open already.", "Wait until some have ended, or cancel some."
            self._finish(job, status="failed", error=error, remedy=remedy)
        else:
            self._record(job)
            self._start_ready()
        return job

    def cancel(self, job: str) -> None:
        """Stop a job: finished steps and batches stay stored, batches of local models in flight may finish."""
        with self._lock:
            self._cancelled.add(job)
            state, spec = self._states.get(job), self._elsewhere.get(job)
            queued = state is not None and state.status == "queued"
        if queued:
            self._finish(job, status="cancelled")
        elif spec and not (state and state.open):
            request_cancel(spec)

    def forget(self, workspace: str, job: str) -> None:
        """Remove a finished job from the list."""
        state = next((state for state in self.list(workspace) if state.id == job), None)
        if state and not state.open:
            with self._lock:
                self._states.pop(job, None)
            remove_record(state.spec)

    def get(self, job: str) -> JobState | None:
        """A job of this server, or one of another server that was listed or submitted here."""
        state, spec = self._states.get(job), self._elsewhere.get(job)
        if spec is None or (state and state.open):
            return state
        return load_record(spec) or state

    def list(self, workspace: str) -> list[JobState]:
        """The jobs of a workspace, oldest first; those that no server has any more are "interrupted"."""
        records = {state.id: state for state in load_records(workspace)}
        with self._lock:
            self._folders.add(workspace)
            own = {job: state for job, state in self._states.items() if state.spec.workspace == workspace}
            # what another server started again, or dismissed, is not ours any more
            own = {job: state for job, state in own.items() if state.open or self._is_latest(state, records)}
            others = [state for job, state in records.items() if job not in own]
            self._elsewhere |= {state.id: state.spec for state in others}
        return [*others, *own.values()]

    def _is_latest(self, state: JobState, records: dict[str, JobState]) -> bool:
        record = records.get(state.id)
        return not record.open if record else state.status == "done" or state.id not in self._recorded

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
            raise (workers_lost() if is_lost(client) else explain_failure(error)) from error
        finally:
            # the answer worker is shared by all pages: what it computes ends by itself
            if not future.done() and not is_lost(client):
                stop_task(client, future) if on == "job" else future.cancel()

    def _wait_for(
        self, future: Any, timeout: float, on: str, starting: Callable[[], Any], tick: Callable[[], None] | None
    ) -> Any:
        started, shown, client = time.monotonic(), False, self._client
        step = _TICK_SECONDS if tick else START_SECONDS
        with ExitStack() as stack:
            while True:
                if tick:
                    tick()
                if is_lost(client):
                    raise workers_lost()
                waited = time.monotonic() - started
                # UnboundLocalError: how distributed reports a wait that is cancelled in the moment it ends
                with suppress(TimeoutError, UnboundLocalError):
                    result = future.result(max(0.0, min(step, timeout - waited)))
                    self._answered |= self._addresses(on)
                    return result
                if future.done():  # only now, or with such an error of its own
                    return future.result()
                if waited >= timeout:
                    raise TimeoutError
                late = waited + step >= START_SECONDS
                if late and not shown and not (self._addresses(on) and self._addresses(on) <= self._answered):
                    shown = True
                    stack.enter_context(starting())

    def _addresses(self, on: str) -> frozenset[str]:
        """Of the workers that offer a resource; a worker has another one after a restart."""
        with suppress(TimeoutError, RuntimeError, OSError):  # the scheduler was lost, as the next wait notices
            workers = worker_facts(self._client).items()
            return frozenset(
                address for address, facts in workers if on in facts.get("resources", {}) or not self._resources
            )
        return frozenset()

    def _ready(self, timeout: float) -> Any:
        started = time.monotonic()
        is_connected = self._connected.wait(timeout)
        while is_connected and self._client and is_lost(self._client) and not self._closed.is_set():
            is_connected = time.monotonic() - started < timeout  # `_work` starts another
            time.sleep(_TICK_SECONDS)
        if not is_connected:
            raise JobError("The workers have not started yet.", "Reload the page in a few seconds.")
        if self._failure:
            raise self._failure
        return self._client

    def _worker_options(self, resource: str) -> dict[str, Any]:
        if resource == "layout" and is_layout_delayed(self._client):
            resource = "job"
        return {"resources": {resource: 1}} if resource in self._resources else {}

    def wait_warm(self, timeout: float = 300) -> None:
        """Wait until the workers have imported and compiled what they need (for benchmarks)."""
        from distributed import wait

        self._ready(timeout)
        self._warmed.wait(timeout)
        wait(self._warming, timeout=timeout)

    def close(self) -> None:
        """Stop the workers. Open jobs stay recorded, and are resumed by another server or at the next start."""
        self._closed.set()
        if self._client and not is_lost(self._client):
            cluster = self._client.cluster
            self._client.close(timeout=5)
            if cluster:
                with suppress(TimeoutError):  # on a busy machine: the rest ends with this process
                    cluster.close(timeout=10)
        elif self._client:
            abandon(self._client)
        with self._lock:
            for lease in self._leases.values():
                lease.release()
            self._leases.clear()

    def _work(self, address: str, workers: int, warm_folder: str) -> None:
        if warm_folder:
            Workspace(warm_folder).withdraw_access()
        self._connect(address, workers, warm_folder)
        atexit.register(self.close)  # after Dask's own, so that it runs before
        while not self._closed.wait(WATCH):
            try:
                if self._client and is_lost(self._client):
                    _LOG.error("the scheduler was lost; another one is started")
                    abandon(self._client)
                    self._connect(address, workers, warm_folder)
                self._watch()
            except Exception:
                _LOG.exception("jobs could not be watched")

    def _connect(self, address: str, workers: int, warm_folder: str) -> None:
        try:
            self._client = connect(address, workers)
            self._resources = offered_resources(self._client)
            self._slots.resize(job_workers(self._client))
            self._failure = None
        except Exception as error:
            self._failure = explain_failure(error)
        self._connected.set()
        if not self._failure:
            try:
                self._warming = warm_up(self._client, warm_folder) if warm_folder else []
            except Exception as error:  # only slower without
                explain_failure(error)
            self._warmed.set()
        self._start_ready()

    def _start_ready(self) -> None:
        """Start the queued jobs that may run, the most urgent ones first."""
        with self._lock:
            if not self._connected.is_set() or self._closed.is_set():
                return
            queued = [state for state in self._states.values() if state.status == "queued"]
            waited = {state.id: time.monotonic() - self._submitted[state.id] for state in queued}
            for state in sorted(queued, key=lambda state: self._claims[state.id].urgency(waited[state.id])):
                if self._may_start(state.spec):
                    self._states[state.id] = state.with_(status="running", started=time.time())
                    threading.Thread(target=self._run, args=(state.id,), daemon=True, name=f"job-{state.id}").start()

    def _may_start(self, spec: JobSpec) -> bool:
        """Within the visitor's limit, and not while another job of theirs computes the same steps."""
        states = [state for state in self._states.values() if state.status == "running"]
        beside = [state.spec for state in states if state.spec.workspace == spec.workspace]
        if any(overlap(other, spec) for other in beside if other.background <= spec.background):
            return False
        limit = 1 if spec.background else MAX_RUNNING
        return sum(other.background == spec.background for other in beside) < limit

    def _run(self, job: str) -> None:
        state = self._states[job]
        self._record(job)
        ending: dict[str, Any] = {"status": "failed", "error": "The job was interrupted.", "remedy": "Start it again."}
        setters = self._worker_options, lambda: job in self._cancelled, self._set
        context = JobContext(self._client, job, *setters, self._slots, self._claims[job], self._servers)
        try:
            self._ready(0)
            context.claim = self._estimated(state.spec, context.claim)
            for following in run_job(state.spec, self._secrets.get(job), context):
                self.submit(following)
            ending = {"status": "done"}
        except JobCancelled:
            ending = {"status": "cancelled"}
        except Exception as error:
            explanation = explain_failure(error)
            refused = isinstance(explanation, InputError)
            ending |= {"error": explanation.message, "remedy": explanation.remedy, "refused": refused}
        finally:
            context.release()
            if not (self._closed.is_set() and ending["status"] == "failed"):  # else it stays recorded, and is resumed
                self._finish(job, **ending)

    def _estimated(self, spec: JobSpec, claim: Claim) -> Claim:
        """The claim of a job that starts, with its expected time where that is soon known."""
        if spec.kind == KIND:
            with suppress(PlanisphereError):  # what makes computing impossible ends the job with its own message
                return claim.expecting(self.ask(job_seconds, spec, timeout=ESTIMATE_SECONDS))
        return claim

    def _finish(self, job: str, **ending: Any) -> None:
        """Record how a job ended and unlock it; only then it counts as ended, and may be submitted again."""
        with self._record_lock:
            state = self._states[job].with_(**ending, finished=time.time())
            self._write(state)
            with self._lock:
                self._states[job] = state
                self._secrets.pop(job, None)
                if lease := self._leases.pop(job, None):
                    lease.release()
        self._start_ready()

    def _set(self, job: str, **changes: Any) -> None:
        with self._lock:
            if job in self._states:
                self._states[job] = self._states[job].with_(**changes)

    def _record(self, job: str) -> None:
        """Write down the state of an open job; one writer at a time, so that the last state stays."""
        with self._record_lock:
            if state := self._states.get(job):
                self._write(state)

    def _write(self, state: JobState) -> None:
        if state.id not in self._leases:
            return
        try:
            if state.status == "done":
                remove_record(state.spec)  # its results are stored
            else:
                write_record(state)
                self._recorded.add(state.id)
        except PlanisphereError as error:
            _LOG.warning("job record not written: %s", error)

    def _count_open(self, workspace: str) -> int:
        with self._lock:
            return sum(state.open and state.spec.workspace == workspace for state in self._states.values())

    def _watch(self) -> None:
        """Record progress for other servers, stop what they ask to stop, and resume what a killed one left."""
        with self._lock:
            open_states, folders = [state for state in self._states.values() if state.open], sorted(self._folders)
        if open_states and self._client:
            self._slots.resize(job_workers(self._client))
        for state in open_states:
            if state.status == "running":
                self._record(state.id)
            if is_cancel_requested(state.spec):
                self.cancel(state.id)
        for state in [state for folder in folders for state in load_records(folder) if _is_resumable(state)]:
            if self._client and not self._closed.is_set():
                self.submit(state.spec, attempts=state.attempts + 1)


def _is_resumable(state: JobState) -> bool:
    """Whether an interrupted job may go on by itself: without a key that is gone, and without new costs."""
    costs = state.has_key or state.spec.params.get("limit_usd")
    return state.status == "interrupted" and not costs and state.attempts < MAX_ATTEMPTS


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
