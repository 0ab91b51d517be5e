"""Runs the steps of a job in workers, with progress and cancellation."""

import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from core.jobs.fairness import Claim, Ticket, WorkerSlots
from core.models.openai_client.connections import ANY, allow_servers

T = TypeVar("T")
STEP = "step-"  # begins the keys of tasks that may take long
_TICK = 0.25  # seconds between looks at progress and cancel


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
    ) -> Any:
        """One task, on a worker that offers `on`. With `progress` the function gets a callback for (done, total)."""
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
            if progress:
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
        while not future.done():
            self._check_cancel([future], stop=True)
            _wait([future])
        return future.result()

    def _submit(self, function: Callable[..., Any], *args: Any, on: str = "job", **options: Any) -> Any:
        return self.client.submit(run_task, self.servers, function, *args, **options, **self._task_options(on))

    def map(
        self, stage: str, function: Callable[..., int], items: Sequence[tuple], sizes: Sequence[int], unit: str
    ) -> None:
        """One task per item, one a worker; sizes[i] units are done with item i. The first error stops the rest."""
        self._begin(stage, sum(sizes), unit)
        left = deque(zip(items, sizes, strict=True))
        long = self.claim.long and max(sizes, default=0) <= 1  # an item that is one unit is a whole computation
        tickets: list[Ticket] = []
        running: dict[Any, tuple[Ticket, int]] = {}
        wake, done, pace = threading.Event(), 0, _Rate()
        try:
            while left or running:
                self._check_cancel(list(running))
                while len(tickets) < min(len(left), self.slots.count):
                    tickets.append(self.slots.request(self.claim, long, wake.set))
                self.release()
                for ticket in [ticket for ticket in tickets if ticket.granted]:
                    tickets.remove(ticket)
                    item, size = left.popleft()
                    future = self._submit(function, *item)
                    running[future] = ticket, size
                    future.add_done_callback(lambda _: wake.set())
                wake.wait(_TICK)
                wake.clear()
                for future in [future for future in running if future.done()]:
                    ticket, size = running.pop(future)
                    self.slots.release(ticket)
                    future.result()
                    done += size
                    self.set_state(self.job, done=done, rate=pace.rate(done))
        finally:
            self.client.cancel(list(running))
            for ticket in [*tickets, *(ticket for ticket, _ in running.values())]:
                self.slots.release(ticket)

    def _task_options(self, on: str) -> dict[str, Any]:
        priority = -5 if self.claim.background else 0
        return {"pure": False, "retries": 0, "priority": priority, **self.worker_options(on)}

    def _begin(self, stage: str, total: int, unit: str) -> None:
        self._check_cancel([])
        self.set_state(self.job, stage=stage, done=0, total=total, unit=unit, rate=None)

    def _check_cancel(self, futures: list[Any], stop: bool = False) -> None:
        if not self.cancelled():
            return
        if stop:
            stop_task(self.client, futures[0])
        else:
            self.client.cancel(futures)
        raise JobCancelled


def stop_task(client: Any, future: Any) -> None:
    """Cancel a task. A long one that runs can't be interrupted from within: its process is killed, and restarted."""
    running = [worker for worker, keys in client.processing().items() if future.key in keys]
    client.cancel([future])
    if running:
        client.run(_kill_worker, workers=running, nanny=True, on_error="ignore")


def run_task(servers: tuple[str, ...], function: Callable[..., T], *args: Any, **options: Any) -> T:
    """What a worker runs: a function of `core`, with the servers it may contact."""
    allow_servers(servers)
    return function(*args, **options)


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


def _wait(futures: list[Any]) -> list[Any]:
    """The futures that are done within a tick."""
    from distributed import wait

    try:
        with futures[0].client.as_current():  # our client is not Dask's default one
            return list(wait(futures, timeout=_TICK, return_when="FIRST_COMPLETED").done)
    except TimeoutError:
        return []
