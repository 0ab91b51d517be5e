"""Runs the steps of a job in workers, with progress and cancellation."""

import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from core.errors import JobError, RateLimitError
from core.jobs.fairness import Claim, Ticket, WorkerSlots
from core.models.openai_client.connections import ANY, allow_servers
from core.models.openai_client.requests import MAX_WAIT, answered_requests, waiting_at_most

T = TypeVar("T")
STEP = "step-"  # begins the keys of tasks that may take long
_TICK = 0.25  # seconds between looks at progress and cancel
JOB_PATIENCE = 3.0  # seconds a job's task waits for a server's limit; the job waits longer without holding a worker
RESULT_SECONDS = 600.0  # until a finished step's result has come
ANSWER_PATIENCE = 10.0  # seconds that what a page waits for does
MAX_FRUITLESS = 5  # waits for a server's limit in a row that bring nothing
ROUNDING = 0.25  # seconds added to a wait, which servers round


class JobCancelled(Exception):  # a signal, not an error
    """The job was cancelled."""


@dataclass
class JobContext:
    """Steps of one job. Every method raises JobCancelled soon after a cancel.

    slots: the workers, shared with other jobs; each task waits there for its turn, as the job's claim entitles it.
    """

    client: Any
    job: str
    worker_options: Callable[[str], dict[str, Any]]
    cancelled: Callable[[], bool]
    set_state: Callable[..., None]
    slots: WorkerSlots = field(default_factory=WorkerSlots)
    claim: Claim = field(default_factory=Claim)
    servers: tuple[str, ...] = (ANY,)  # that may be contacted
    _held: Ticket | None = None  # of the step before, given back once the next one has its place in the queue

    def call(
        self,
        stage: str,
        function: Callable[..., Any],
        *args: Any,
        progress: bool = False,
        unit: str = "",
        on: str = "job",
        resumes: bool = True,
    ) -> Any:
        """One task, on a worker that offers `on`. With `progress` the function gets a callback for (done, total).

        Where a server limits requests, again after a wait. resumes: the function stores what it has done by then, so
        that it need not begin anew. Raises RateLimitError where the wait is too long, or waiting does not help.
        """
        fruitless = 0
        while True:
            try:
                return self._call(stage, function, *args, progress=progress, unit=unit, on=on)
            except RateLimitError as limit:
                fruitless = 0 if resumes and limit.answered else fruitless + 1
                self.wait(wait_seconds(limit, fruitless))

    def _call(self, stage: str, function: Callable[..., Any], *args: Any, progress: bool, unit: str, on: str) -> Any:
        self._begin(stage, 0, unit)
        extra = {"progress": TopicProgress(self.job)} if progress else {}
        pace = _Rate()

        def on_progress(event: tuple[float, Any]) -> None:
            done, total = event[1]["done"], event[1]["total"]  # Dask adds the worker
            self.set_state(self.job, done=done, total=total, rate=pace.rate(done))

        ticket = self._wait_for_worker()
        if progress:
            self.client.subscribe_topic(self.job, on_progress)
        try:
            return self._result(function, *args, on=on, **extra)
        finally:
            self._held = ticket
            if progress and not is_lost(self.client):
                self.client.unsubscribe_topic(self.job)

    def steps(self, stage: str, total: int, unit: str) -> Callable[[int], None]:
        """Begin a stage of several `step`s; the function takes the units done so far."""
        self._begin(stage, total, unit)
        pace = _Rate()
        return lambda done: self.set_state(self.job, done=done, rate=pace.rate(done))

    def step(self, function: Callable[..., T], *args: Any) -> T:
        """One task of a stage that was begun by `steps`, in a job worker."""
        ticket = self._wait_for_worker()
        try:
            result: T = self._result(function, *args)
            return result
        finally:
            self._held = ticket

    def wait(self, seconds: float) -> None:
        """Wait for a server's limit, with no task in any worker."""
        self.release()
        until = time.time() + seconds
        self.set_state(self.job, resumes=until)
        try:
            while (left := until - time.time()) > 0:
                self._check_cancel([])
                time.sleep(min(left, _TICK))
        finally:
            self.set_state(self.job, resumes=None)

    def release(self) -> None:
        """Give the worker of the last step back; also at the end of the job."""
        if self._held:
            self.slots.release(self._held)
            self._held = None

    def _wait_for_worker(self) -> Ticket:
        wake = threading.Event()
        ticket = self.slots.request(self.claim, self.claim.long, wake.set)
        self.release()
        try:
            while not wake.wait(_TICK):
                self._check_cancel([])
        except JobCancelled:
            self.slots.release(ticket)
            raise
        return ticket

    def _result(self, function: Callable[..., Any], *args: Any, on: str = "job", **options: Any) -> Any:
        future = self._submit(function, *args, on=on, key=f"{STEP}{uuid.uuid4()}", **options)
        wake = threading.Event()
        future.add_done_callback(lambda _: wake.set())
        while not future.done():  # by an event: what waits in the client's event loop never ends where the loop does
            self._check_cancel([future], stop=True)
            wake.wait(_TICK)
        return future.result(timeout=RESULT_SECONDS)

    def _submit(self, function: Callable[..., Any], *args: Any, on: str = "job", **options: Any) -> Any:
        return self.client.submit(run_step, self.servers, function, *args, **options, **self._task_options(on))

    def map(
        self, stage: str, function: Callable[..., int], items: Sequence[tuple], sizes: Sequence[int], unit: str
    ) -> None:
        """One task per item, one a worker; sizes[i] units are done with item i. The first error stops the rest, except
        for a server's limit: items that meet it begin again after a wait, as in `call`."""
        total, left, pace, fruitless = sum(sizes), list(zip(items, sizes, strict=True)), _Rate(), 0
        self._begin(stage, total, unit)
        while limited := self._map(function, left, total - sum(size for _, size in left), pace):
            left = [part for part, _ in limited]
            longest = max((limit for _, limit in limited), key=lambda limit: limit.seconds or 0.0)
            fruitless = 0 if any(limit.answered for _, limit in limited) else fruitless + 1
            self.wait(wait_seconds(longest, fruitless))

    def _map(
        self, function: Callable[..., int], parts: Sequence[tuple[tuple, int]], done: int, pace: "_Rate"
    ) -> list[tuple[tuple[tuple, int], RateLimitError]]:
        """Run each (item, size), and give those that met a server's limit."""
        left, limited = deque(parts), []
        # an item that is one unit is a whole computation
        long = self.claim.long and max((size for _, size in parts), default=0) <= 1
        tickets: list[Ticket] = []
        running: dict[Any, tuple[Ticket, tuple[tuple, int]]] = {}
        wake = threading.Event()
        try:
            while left or running:
                self._check_cancel(list(running))
                while len(tickets) < min(len(left), self.slots.count):
                    tickets.append(self.slots.request(self.claim, long, wake.set))
                self.release()
                for ticket in [ticket for ticket in tickets if ticket.granted]:
                    tickets.remove(ticket)
                    part = left.popleft()
                    future = self._submit(function, *part[0])
                    running[future] = ticket, part
                    future.add_done_callback(lambda _: wake.set())
                wake.wait(_TICK)
                wake.clear()
                for future in [future for future in running if future.done()]:
                    ticket, part = running.pop(future)
                    self.slots.release(ticket)
                    try:
                        future.result(timeout=RESULT_SECONDS)
                    except RateLimitError as limit:
                        limited.append((part, limit))
                    else:
                        done += part[1]
                        self.set_state(self.job, done=done, rate=pace.rate(done))
        finally:
            self._cancel(list(running))
            for ticket in [*tickets, *(ticket for ticket, _ in running.values())]:
                self.slots.release(ticket)
        return limited

    def _task_options(self, on: str) -> dict[str, Any]:
        priority = -5 if self.claim.background else 0
        return {"pure": False, "retries": 0, "priority": priority, **self.worker_options(on)}

    def _begin(self, stage: str, total: int, unit: str) -> None:
        self._check_cancel([])
        self.set_state(self.job, stage=stage, done=0, total=total, unit=unit, rate=None)

    def _check_cancel(self, futures: list[Any], stop: bool = False) -> None:
        """Raises JobError where the workers were lost."""
        if is_lost(self.client):
            raise workers_lost()
        if not self.cancelled():
            return
        if stop:
            stop_task(self.client, futures[0])
        else:
            self._cancel(futures)
        raise JobCancelled

    def _cancel(self, futures: list[Any]) -> None:
        if not is_lost(self.client):
            self.client.cancel(futures)


def is_lost(client: Any) -> bool:
    """Whether the client was closed, or the event loop that runs it ended: neither is repaired by itself, and whatever
    is asked of it waits for ever."""
    return client.status in ("closing", "closed") or bool(client.loop.asyncio_loop.is_closed())


def workers_lost() -> JobError:
    return JobError("The connection to the workers was lost; they start again.", "Try again in a few seconds.")


def stop_task(client: Any, future: Any) -> None:
    """Cancel a task. A long one that runs can't be interrupted from within: its process is killed, and restarted."""
    running = [worker for worker, keys in client.processing().items() if future.key in keys]
    client.cancel([future])
    if running:
        client.run(_kill_worker, workers=running, nanny=True, on_error="ignore")


def run_task(servers: tuple[str, ...], function: Callable[..., T], *args: Any, **options: Any) -> T:
    """What a worker runs for a page: a function of `core`, with the servers it may contact."""
    allow_servers(servers)
    with waiting_at_most(ANSWER_PATIENCE):
        return function(*args, **options)


def run_step(servers: tuple[str, ...], function: Callable[..., T], *args: Any, **options: Any) -> T:
    """What a worker runs for a job. Raises RateLimitError where a server limits requests."""
    allow_servers(servers)
    before = answered_requests()
    try:
        with waiting_at_most(JOB_PATIENCE):
            return function(*args, **options)
    except RateLimitError as limit:
        limit.answered = answered_requests() - before
        raise


def wait_seconds(limit: RateLimitError, fruitless: int) -> float:
    """How long to wait for a server's limit. Raises the error where that is too long, or was tried often enough."""
    seconds = min(60.0, 5.0 * 2**fruitless) if limit.seconds is None else limit.seconds + ROUNDING
    if seconds > MAX_WAIT or fruitless > MAX_FRUITLESS:
        raise limit
    return seconds


class TopicProgress:
    """A progress callback that reaches the job's process from any worker; at most ten calls a second are sent."""

    def __init__(self, topic: str) -> None:
        self.topic, self._last = topic, 0.0

    def __call__(self, done: int, total: int) -> None:
        from distributed import get_worker

        if time.monotonic() - self._last > 0.1 or done == total:
            self._last = time.monotonic()
            get_worker().log_event(self.topic, {"done": int(done), "total": int(total)})


class _Rate:
    """Units a second over the last 20 seconds."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque([(time.monotonic(), 0)])

    def rate(self, done: int) -> float | None:
        now = time.monotonic()
        self._seen.append((now, done))
        while len(self._seen) > 2 and now - self._seen[0][0] > 20:
            self._seen.popleft()
        then, before = self._seen[0]
        elapsed = now - then
        return (done - before) / elapsed if elapsed > 0.2 and done > before else None


async def _kill_worker(dask_worker: Any) -> None:
    """Runs in a nanny (which Dask names dask_worker, too)."""
    if dask_worker.process is not None and dask_worker.process.process is not None:
        await dask_worker.process.process.kill()
