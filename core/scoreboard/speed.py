"""Seconds that embedding, a query and a search take on this machine, and how busy other programs keep it meanwhile."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from core.models.base import Embedder
from core.vectors.contenders import Contender

BUDGET = 1.5  # seconds of embedding that are timed; loading the model is left out
FIRST_TEXTS, MAX_TEXTS = 8, 1_000  # texts timed to learn the rate, and at most
QUERIES, QUERY_LENGTH = 30, 12  # queries, and words of each
TOP = 10


@dataclass(frozen=True, eq=False)
class EmbeddingTimes:
    """seconds: to embed so many `texts`. queries: (30,) seconds to embed a query. others: share of the processors' time
    in [0, 1] that other programs used meanwhile."""

    texts: int
    seconds: float
    queries: np.ndarray
    others: float = 0.0


@dataclass(frozen=True, eq=False)
class SearchTimes:
    """queries: (30,) seconds of an exact search. others: as in `EmbeddingTimes`."""

    queries: np.ndarray
    others: float


def time_embedding(embedder: Embedder, texts: list[str], seed: int = 0) -> EmbeddingTimes:
    """Time a seeded sample of texts past any cache, as many as fit the budget, and 30 queries. Queries are the first
    words of sampled texts, embedded one by one."""
    order = np.random.default_rng(seed).permutation(len(texts))[: max(MAX_TEXTS, QUERIES)]
    sample = [texts[i] for i in order]
    queries = [" ".join(sample[i % len(sample)].split()[:QUERY_LENGTH]) for i in range(QUERIES)]
    embedder.embed(sample[:1])  # loads the model
    seconds = _seconds(lambda: embedder.embed(sample[:FIRST_TEXTS]))
    count = min(len(sample), FIRST_TEXTS)
    affordable = min(len(sample), MAX_TEXTS, int(BUDGET / max(seconds / count, 1e-6)))
    if affordable > 2 * count:
        # the faster of two runs, without what else runs at that moment or a warm-up on texts of these lengths
        seconds = min(_seconds(lambda: embedder.embed(sample[:affordable])) for _ in range(2))
        count = affordable
    embedder.embed_query(queries[:1])
    times = [_seconds(partial(embedder.embed_query, [query])) for query in queries]
    return EmbeddingTimes(count, seconds, np.array(times))


def time_search(rows: np.ndarray, contender: Contender, seed: int = 0) -> np.ndarray:
    """(30,) seconds of an exact search of all rows for the 10 nearest, one query at a time on one thread."""
    import faiss

    queries = np.random.default_rng(seed).integers(0, len(rows), QUERIES)
    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        search = searcher(rows, contender)
        search(0)
        return np.array([_seconds(partial(search, int(row))) for row in queries])
    finally:
        faiss.omp_set_num_threads(threads)


def searcher(rows: np.ndarray, contender: Contender) -> Callable[[int], Any]:
    """Searches for the nearest of a row as an index of so many bits would: signs by Hamming distance, others by dot
    product, over FAISS's flat and scalar-quantized indexes."""
    import faiss

    top, dimensions = min(TOP, len(rows)), rows.shape[1]
    if contender.bits == "binary":
        codes = np.packbits(rows > 0, axis=1)
        signs = faiss.IndexBinaryFlat(codes.shape[1] * 8)
        signs.add(codes)
        return lambda row: signs.search(codes[row : row + 1], top)
    if contender.bits == "float32":
        return lambda row: faiss.knn(rows[row : row + 1], rows, top, metric=faiss.METRIC_INNER_PRODUCT)
    quantizers = {"float16": faiss.ScalarQuantizer.QT_fp16, "int8": faiss.ScalarQuantizer.QT_8bit}
    index = faiss.IndexScalarQuantizer(dimensions, quantizers[contender.bits], faiss.METRIC_INNER_PRODUCT)
    index.train(rows[:10_000])
    index.add(rows)
    return lambda row: index.search(rows[row : row + 1], top)


def _seconds(action: Callable[[], Any]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started
