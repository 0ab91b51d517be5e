"""Waiting and limits that hold on a busy machine: conditions are polled, and work is measured in processor time."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

WAIT = 300.0  # seconds; far longer than anything takes, so that only what never happens fails


def wait_until(condition: Callable[[], object], message: Callable[[], object] = lambda: "waited too long") -> None:
    """Return once the condition holds; fail with the message after WAIT seconds."""
    deadline = time.monotonic() + WAIT
    while not condition():
        assert time.monotonic() < deadline, message()
        time.sleep(0.02)


@contextmanager
def cpu_limit(seconds: float) -> Iterator[None]:
    """Fail where the block takes this process more than so many seconds of processor time, whatever else runs."""
    start = time.process_time()
    yield
    used = time.process_time() - start
    assert used < seconds, f"{used:.1f} s of processor time, {seconds:g} s allowed"
