"""FAISS indexes over unit rows: building them, selecting one by measured recall and latency, ordering their results."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from core.results import no_progress
from core.text import format_milliseconds
from core.types import IndexFacts, Progress, unit_rows
from core.vectors.quantized_index import (
    ADD_BLOCK,
    MIN_ROWS,
    TRAINING_ROWS,
    build_quantized_index,
    search_quantized_index,
)

Kind = Literal["exact", "hnsw", "ivf"]
LINKS, EF_CONSTRUCTION = 16, 80  # HNSW's M and efConstruction
TIMED_QUERIES, RECALL_QUERIES, RECALL_K = 60, 200, 10  # queries timed one by one, queries checked for recall, and its k
MIN_TIMED, TIMED_SECONDS = 11, 1.0  # fewer queries are timed where they take long
NOISE_LENGTH = 0.2  # length of the noise added to a unit row to make a query of it
DECIMALS = 6  # float32 dot products of unit rows are exact to about 3e-7, so equal rows tie after rounding
# lists searched and candidates scored exactly, the quickest first
PROBES_AND_CANDIDATES = ((64, 160), (64, 320), (128, 320), (256, 640), (1024, 2560))
# facts, the FAISS index (None for exact), and lists and candidates of a search
SelectedIndex = tuple[IndexFacts, Any, tuple[int, int]]


def select_index(
    rows: np.ndarray, kind: str, budget_ms: float, min_recall: float, seed: int, progress: Progress = no_progress
) -> SelectedIndex:
    """Exact search where its median latency meets the budget; else the quantized index, noting a limit it misses."""
    queries = sample_queries(rows, RECALL_QUERIES, seed)
    if kind != "ivf_pq" or len(rows) < MIN_ROWS:
        exact = _measure_exact(rows, queries, seed)
        if kind == "exact" or len(rows) < MIN_ROWS or exact[0].p50_ms <= budget_ms:
            return exact
    facts, index, width = _measure_quantized(rows, queries, min_recall, seed, progress)
    short = f"; recall@{RECALL_K} {facts.recall:.3f} is below {min_recall:g}" if facts.recall < min_recall else ""
    slow = f"; {format_milliseconds(facts.p50_ms)} is above {budget_ms:g} ms" if facts.p50_ms > budget_ms else ""
    return replace(facts, description=facts.description + short + slow), index, width


def sample_queries(rows: np.ndarray, count: int, seed: int) -> np.ndarray:
    """(count, d) float32 unit rows: rows drawn with `seed`, plus a little noise, as queries near the corpus are."""
    rng = np.random.default_rng(seed)
    drawn = rows[rng.integers(0, len(rows), count)]
    noise = rng.standard_normal(drawn.shape).astype(np.float32)
    return unit_rows(drawn + NOISE_LENGTH * noise / np.sqrt(np.float32(rows.shape[1])))


def _measure_exact(rows: np.ndarray, queries: np.ndarray, seed: int) -> SelectedIndex:
    import faiss

    k = min(RECALL_K, len(rows))
    p50, p99, timed = _latencies(lambda query: faiss.knn(query, rows, k, metric=faiss.METRIC_INNER_PRODUCT), queries)
    facts = IndexFacts("exact", "exact (brute force)", 1.0, timed, p50, p99, 0.0, len(rows), seed, _megabytes(rows))
    return facts, None, (0, 0)


def _measure_quantized(
    rows: np.ndarray, queries: np.ndarray, min_recall: float, seed: int, progress: Progress
) -> SelectedIndex:
    import faiss

    k = min(RECALL_K, len(rows))
    truth = faiss.knn(queries, rows, k, metric=faiss.METRIC_INNER_PRODUCT)[0]
    index = build_quantized_index(rows, seed, lambda added: progress(added, len(rows)))
    for probes, candidates in PROBES_AND_CANDIDATES:
        found = recall(search_quantized_index(index, rows, queries, k, probes, candidates)[0], truth)
        if found >= min_recall or probes >= index.nlist:
            break
    p50, p99, _ = _latencies(lambda query: search_quantized_index(index, rows, query, k, probes, candidates), queries)
    description = (
        f"IVF with 4-bit product quantization, {min(probes, index.nlist):,} of {index.nlist:,} lists searched, "
        f"{candidates:,} candidates scored exactly"
    )
    size = index.ntotal * (index.code_size + 8) + index.nlist * rows.shape[1] * 4
    facts = IndexFacts(
        "ivf_pq", description, found, len(queries), p50, p99, round(size / 1e6, 1), len(rows), seed, _megabytes(rows)
    )
    return facts, index, (probes, candidates)


def _latencies(search: Callable[[np.ndarray], Any], queries: np.ndarray) -> tuple[float, float, int]:
    """p50 and p99 in milliseconds of one query at a time on one thread, without the first as a warm-up, and how many
    were timed: fewer where they are slow. Processor time, in which other work on the machine does not count."""
    with faiss_threads(1):
        times = [time.thread_time()]
        for query in queries[: TIMED_QUERIES + 1]:
            search(query[None])
            times.append(time.thread_time())
            if len(times) > MIN_TIMED and times[-1] - times[0] > TIMED_SECONDS:
                break
    timed = np.diff(times)[1:] * 1000
    p50, p99 = (float(f"{value:.4g}") for value in np.percentile(timed, (50, 99)))
    return p50, p99, len(timed)


def _megabytes(rows: np.ndarray) -> float:
    return round(rows.nbytes / 1e6, 1)


@contextmanager
def faiss_threads(threads: int | None) -> Iterator[None]:
    """FAISS uses so many threads within; None: as many as before."""
    import faiss

    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(threads or before)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)


def build_faiss_index(kind: Kind, rows: np.ndarray, seed: int, added: Callable[[int], None] = lambda _: None) -> Any:
    """A FAISS index of rows (n, d) float32 by inner product: HNSW (Malkov and Yashunin 2018) or IVF.

    added is called with the count of rows in it, as it grows.
    """
    import faiss

    n, d = rows.shape
    index: Any
    if kind == "hnsw":
        index = faiss.IndexHNSWFlat(d, LINKS, faiss.METRIC_INNER_PRODUCT)
        index.hnsw.efConstruction = EF_CONSTRUCTION
    else:
        lists = max(1, min(int(4 * n**0.5), n // 39))  # FAISS requires 39 training rows per list
        index = faiss.IndexIVFFlat(faiss.IndexFlatIP(d), d, lists, faiss.METRIC_INNER_PRODUCT)
        index.cp.seed, index.cp.niter = seed, 6  # more rounds of k-means cost time and find no more
        drawn = np.random.default_rng(seed).choice(n, min(n, TRAINING_ROWS * lists), replace=False)
        index.train(rows[np.sort(drawn)])
    for start in range(0, n, ADD_BLOCK):
        index.add(rows[start : start + ADD_BLOCK])
        added(index.ntotal)
    return index


def parameters(kind: Kind, width: int, allowed: np.ndarray | None) -> Any:
    """FAISS search parameters; allowed: sorted ids that may be found, or None for all."""
    import faiss

    untyped: Any = faiss  # its stubs lack these classes' arguments
    selector = {} if allowed is None else {"sel": faiss.IDSelectorBatch(allowed)}
    if kind == "hnsw":
        return untyped.SearchParametersHNSW(efSearch=width, **selector)
    return untyped.SearchParametersIVF(nprobe=width, **selector)


def describe_index(kind: Kind, index: Any, width: int) -> str:
    """The index in a few words."""
    if kind == "hnsw":
        return f"HNSW, {LINKS} links a row, efSearch {width}"
    if kind == "ivf":
        return f"IVF, {width:,} of {index.nlist:,} lists searched"
    return "exact (brute force)"


def break_ties(ids: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Clip scores to [-1, 1], round them, and order ties by id.

    ids: (q, k) integers; scores: (q, k) float32 cosine falling, both as a search gives them. Returns new arrays
    of the same shapes: ids int64, scores float32.
    """
    scores = np.round(np.clip(scores, -1, 1), DECIMALS).astype(np.float32, copy=False)
    ids = ids.astype(np.int64)
    tied = np.flatnonzero((scores[:, 1:] >= scores[:, :-1]).any(axis=1))
    if len(tied):
        order = np.lexsort((ids[tied], -scores[tied]), axis=1)
        ids[tied] = np.take_along_axis(ids[tied], order, axis=1)
        scores[tied] = np.take_along_axis(scores[tied], order, axis=1)
    return ids, scores


def without_self(ids: np.ndarray, scores: np.ndarray, row_ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Leave each row's own id out of its k + 1 results; where it is not among them, leave out the last.

    ids, scores: (q, k + 1); row_ids: (q,). With exact duplicates a row need not be its own first neighbor.
    """
    keep = ids != row_ids[:, None]
    keep[keep.all(axis=1), -1] = False
    shape = (len(ids), ids.shape[1] - 1)
    return ids[keep].reshape(shape), scores[keep].reshape(shape)


def recall(scores: np.ndarray, exact_scores: np.ndarray) -> float:
    """Share of the true neighbors retrieved, by score, so that ties count as equal (as ann-benchmarks does).

    scores, exact_scores: (q, k) falling; the exact ones from a full search. In [0, 1], higher is better; 1.0 if empty.
    """
    if exact_scores.size == 0:
        return 1.0
    return float((scores >= exact_scores[:, -1:] - 2 * 10.0**-DECIMALS).mean())
