"""Which index serves a corpus: measured on its own rows, never assumed."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from core.types import IndexFacts, unit_rows
from core.vectors.index_kinds import Kind, build, describe, megabytes, parameters, widths
from core.vectors.rank import recall

TIMED, CHECKED, TOP = 60, 200, 10  # queries timed one by one, queries checked for recall, and its k
PERTURBED = 0.2  # length of the noise added to a unit row to make a query of it
Choice = tuple[IndexFacts, Any, int]
"""Facts, the FAISS index (None for exact) and its search width."""


def choose(rows: np.ndarray, kind: str, budget_ms: float, min_recall: float, seed: int) -> Choice:
    """Measure the kinds asked for until one keeps both limits; else the one that recalls most, and say so."""
    queries = sample_queries(rows, CHECKED, seed)
    tried: list[Choice] = []
    for one in ("exact", "hnsw", "ivf") if kind == "auto" else (kind,):
        tried.append(_measure(one, rows, queries, min_recall, seed))
        if tried[-1][0].recall >= min_recall and tried[-1][0].p50_ms <= budget_ms:
            return tried[-1]
    return _admit(max(tried[1:] or tried, key=lambda choice: _merit(choice[0], min_recall)), budget_ms, min_recall)


def _merit(facts: IndexFacts, min_recall: float) -> tuple[bool, float]:
    """The quickest of those that recall enough; where none does, the one that recalls most."""
    enough = facts.recall >= min_recall
    return enough, -facts.p50_ms if enough else facts.recall


def sample_queries(rows: np.ndarray, count: int, seed: int) -> np.ndarray:
    """(count, d) float32 unit rows: rows drawn with `seed`, each moved a little, as queries near the corpus are."""
    rng = np.random.default_rng(seed)
    drawn = rows[rng.integers(0, len(rows), count)]
    noise = rng.standard_normal(drawn.shape).astype(np.float32)
    return unit_rows(drawn + PERTURBED * noise / np.sqrt(np.float32(rows.shape[1])))


def _measure(kind: Kind, rows: np.ndarray, queries: np.ndarray, min_recall: float, seed: int) -> Choice:
    import faiss

    if kind == "exact":
        timed = _latencies(
            lambda q: faiss.knn(q, rows, min(TOP, len(rows)), metric=faiss.METRIC_INNER_PRODUCT), queries
        )
        return _facts(kind, rows, None, 0, 1.0, len(timed), timed, seed), None, 0
    index, k = build(kind, rows, seed), min(TOP, len(rows))
    truth = faiss.knn(queries, rows, k, metric=faiss.METRIC_INNER_PRODUCT)[0]
    for width in widths(kind, index):
        settings = parameters(kind, width, None)
        found = recall(index.search(queries, k, params=settings)[0], truth)
        if found >= min_recall:
            break
    timed = _latencies(lambda q: index.search(q, k, params=settings), queries)
    return _facts(kind, rows, index, width, found, len(queries), timed, seed), index, width


def _latencies(search: Callable[[np.ndarray], Any], queries: np.ndarray) -> np.ndarray:
    """Milliseconds of one query at a time on one thread, the first left out as a warm-up."""
    import faiss

    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        times = [time.perf_counter()]
        for query in queries[: TIMED + 1]:
            search(query[None])
            times.append(time.perf_counter())
    finally:
        faiss.omp_set_num_threads(before)
    return np.diff(times)[1:] * 1000


def _facts(
    kind: Kind, rows: np.ndarray, index: Any, width: int, found: float, checked: int, timed: np.ndarray, seed: int
) -> IndexFacts:
    p50, p99 = (round(float(value), 3) for value in np.percentile(timed, (50, 99)))
    size = megabytes(kind, index, rows)
    return IndexFacts(kind, describe(kind, index, width), found, checked, p50, p99, size, len(rows), seed)


def _admit(choice: Choice, budget_ms: float, min_recall: float) -> Choice:
    """Write into the description which limit is not kept."""
    from dataclasses import replace

    facts, index, width = choice
    short = f"; recall@{TOP} {facts.recall:.3f} is below {min_recall:g}" if facts.recall < min_recall else ""
    slow = f"; {facts.p50_ms:.0f} ms is above {budget_ms:g} ms" if facts.p50_ms > budget_ms else ""
    return replace(facts, description=facts.description + short + slow), index, width
