"""How busy other programs keep this machine while something is timed."""

import time
from collections.abc import Callable

LEAST_SECONDS = 0.25  # the system counts in hundredths of a second
BUSY = 0.25  # of the processors: from here on, times are said to be too long


def load_meter() -> Callable[[], float]:
    """Begins to count. What it gives tells the share of all processors' time, in [0, 1], that other processes have used
    since, and waits until a quarter of a second is over, which is the least that can be counted."""
    import psutil

    started, before = time.monotonic(), _used_elsewhere()

    def share() -> float:
        time.sleep(max(0.0, LEAST_SECONDS - (time.monotonic() - started)))
        seconds = (time.monotonic() - started) * (psutil.cpu_count() or 1)
        return min(max((_used_elsewhere() - before) / seconds, 0.0), 1.0)

    return share


def _used_elsewhere() -> float:
    """Seconds of processor time used since the start of the machine by all processes but this one; with what a host
    took for its other machines, where it tells."""
    import psutil

    whole, own = psutil.cpu_times(), psutil.Process().cpu_times()
    taken = whole.user + whole.system + getattr(whole, "nice", 0.0) + getattr(whole, "steal", 0.0)
    return float(taken - own.user - own.system)
