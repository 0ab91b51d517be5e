"""How long one query takes, alone and on one thread."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.compression.sample import one_thread

TIMED, WARM = 150, 5
MOST_SECONDS = 3.0  # a slow search is timed with fewer queries


@dataclass(frozen=True)
class Latency:
    """Milliseconds of single queries on one thread; timed: how many."""

    p50: float
    p95: float
    timed: int


def time_queries(search: Callable[[np.ndarray], Any], queries: np.ndarray) -> Latency:
    """Search with queries (q, d) one at a time, up to 150 of them or three seconds, the first five left out."""
    times: list[float] = []
    with one_thread():
        started = time.perf_counter()
        for number in range(TIMED + WARM):
            query = queries[number % len(queries)][None]
            before = time.perf_counter()
            search(query)
            after = time.perf_counter()
            times.append(after - before)
            if after - started > MOST_SECONDS and number > WARM:
                break
    kept = np.array(times[WARM:]) * 1000
    p50, p95 = np.percentile(kept, (50, 95))
    return Latency(float(p50), float(p95), len(kept))
