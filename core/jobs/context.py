"""Runs the steps of a job in workers, with progress and cancellation."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from core.models.openai_client.connections import ANY, allow_servers

T = TypeVar("T")
_TICK = 0.25  # seconds between looks at progress and cancel


class JobCancelled(Exception):  # a signal, not an error
    """The job was cancelled."""


@dataclass
class JobContext:
    """Steps of one job. Every method raises JobCancelled soon after a cancel."""

    client: Any
    job: str
    worker_options: Callable[[str], dict[str, Any]]
    cancelled: Callable[[], bool]
    set_state: Callable[..., None]
    background: bool = False
    servers: tuple[str, ...] = (ANY,)  # that may be contacted

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

        if progress:
            self.client.subscribe_topic(self.job, on_progress)
        try:
            return self._result(self._submit(function, *args, on=on, **extra))
        finally:
            if progress:
                self.client.unsubscribe_topic(self.job)

    def steps(self, stage: str, total: int, unit: str) -> Callable[[int], None]:
        """Begin a stage of several `step`s; the function takes the units done so far."""
        self._begin(stage, total, unit)
        pace = _Rate()
        return lambda done: self.set_state(self.job, done=done, rate=pace.rate(done))

    def step(self, function: Callable[..., T], *args: Any) -> T:
        """One task of a stage that was begun by `steps`, in a job worker."""
        result: T = self._result(self._submit(function, *args, on="job"))
        return result

    def wait(self, seconds: float) -> None:
        """Wait for a server's limit, with no task in any worker."""
        until = time.time() + seconds
        self.set_state(self.job, resumes=until)
        try:
            while (left := until - time.time()) > 0:
                self._check_cancel([])
                time.sleep(min(left, _TICK))
        finally:
            self.set_state(self.job, resumes=None)

    def _result(self, future: Any) -> Any:
        while not future.done():
            self._check_cancel([future], stop=True)
            _wait([future])
        return future.result()

    def _submit(self, function: Callable[..., Any], *args: Any, on: str = "job", **options: Any) -> Any:
        return self.client.submit(run_task, self.servers, function, *args, **options, **self._task_options(on))

    def map(
        self, stage: str, function: Callable[..., int], items: Sequence[tuple], sizes: Sequence[int], unit: str
    ) -> None:
        """One task per item, a few in flight; sizes[i] units are done with item i. The first error stops the rest."""
        self._begin(stage, sum(sizes), unit)
        waiting = deque(zip(items, sizes, strict=True))
        running: dict[Any, int] = {}
        done, pace = 0, _Rate()
        window = 2 * max(len(self.client.scheduler_info(n_workers=-1)["workers"]), 1)
        try:
            while waiting or running:
                self._check_cancel(list(running))
                while waiting and len(running) < window:
                    item, size = waiting.popleft()
                    running[self._submit(function, *item)] = size
                for future in _wait(list(running)):
                    future.result()
                    done += running.pop(future)
                    self.set_state(self.job, done=done, rate=pace.rate(done))
        finally:
            self.client.cancel(list(running))

    def _task_options(self, on: str) -> dict[str, Any]:
        priority = -5 if self.background else 0
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
