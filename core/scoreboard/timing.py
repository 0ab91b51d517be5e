"""Seconds that embedding, a query and a search take on this machine."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from core.models.base import Embedder
from core.vectors.contenders import Contender

BUDGET = 1.5  # seconds of embedding that are timed; loading the model is left out
FIRST, MOST = 8, 1_000  # texts timed to learn the rate, and at most
QUERIES, QUERY_WORDS = 30, 12
TOP = 10


def time_embedding(embedder: Embedder, texts: list[str], seed: int = 0) -> tuple[dict[str, Any], np.ndarray]:
    """Seconds for a seeded sample of texts past any cache, as many as fit the budget, and (30,) seconds a query.

    Queries are the first words of sampled texts, embedded one by one.
    """
    order = np.random.default_rng(seed).permutation(len(texts))[: max(MOST, QUERIES)]
    sample = [texts[i] for i in order]
    queries = [" ".join(text.split()[:QUERY_WORDS]) for text in _repeated(sample, QUERIES)]
    embedder.embed(sample[:1])  # loads the model
    seconds = _seconds(lambda: embedder.embed(sample[:FIRST]))
    count = min(len(sample), FIRST)
    more = min(len(sample), MOST, int(BUDGET / max(seconds / count, 1e-6)))
    if more > 2 * count:
        # twice: what else runs at that moment, and a first look at texts of these lengths, are no part of it
        seconds, count = min(_seconds(lambda: embedder.embed(sample[:more])) for _ in range(2)), more
    embedder.embed_query(queries[:1])
    times = np.array([_seconds(partial(embedder.embed_query, [query])) for query in queries])
    return {"texts": count, "seconds": seconds, "seed": seed}, times


def time_search(rows: np.ndarray, contender: Contender, seed: int = 0) -> np.ndarray:
    """(30,) seconds of an exact search of all rows for the 10 nearest, one query at a time on one thread."""
    import faiss

    chosen = np.random.default_rng(seed).integers(0, len(rows), QUERIES)
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        search = searcher(rows, contender)
        search(0)
        return np.array([_seconds(partial(search, int(row))) for row in chosen])
    finally:
        faiss.omp_set_num_threads(before)


def searcher(rows: np.ndarray, contender: Contender) -> Callable[[int], Any]:
    """Searches for the nearest of a row as a store of so many bits would: signs by Hamming distance, others by dot
    product, over FAISS's flat and scalar-quantized stores."""
    import faiss

    top, width = min(TOP, len(rows)), rows.shape[1]
    if contender.bits == "binary":
        codes = np.packbits(rows > 0, axis=1)
        signs = faiss.IndexBinaryFlat(codes.shape[1] * 8)
        signs.add(codes)
        return lambda row: signs.search(codes[row : row + 1], top)
    if contender.bits == "float32":
        return lambda row: faiss.knn(rows[row : row + 1], rows, top, metric=faiss.METRIC_INNER_PRODUCT)
    kinds = {"float16": faiss.ScalarQuantizer.QT_fp16, "int8": faiss.ScalarQuantizer.QT_8bit}
    store = faiss.IndexScalarQuantizer(width, kinds[contender.bits], faiss.METRIC_INNER_PRODUCT)
    store.train(rows[:10_000])
    store.add(rows)
    return lambda row: store.search(rows[row : row + 1], top)


def _repeated(items: list[str], count: int) -> list[str]:
    return [items[i % len(items)] for i in range(count)]


def _seconds(action: Callable[[], Any]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started
