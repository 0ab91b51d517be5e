"""How quick a contender is on this machine: texts embedded a second, and how long a query takes. Measured, and kept."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np

from core import opened
from core.contenders import Contender, contender_rows
from core.embedders.base import Embedder
from core.estimate import is_free
from core.secret import Secret
from core.store import Workspace
from core.types import ModelSpec

KIND = "speed"
BUDGET = 1.5  # seconds of embedding that are timed; loading the model is left out
FIRST, MOST = 8, 1_000  # texts timed to learn the rate, and at most
QUERIES, QUERY_WORDS = 30, 12
TOP = 10
Basis = Literal["measured", "run", "unknown", "missing", "none"]


@dataclass(frozen=True)
class Speed:
    """seconds_per_1000: to embed 1,000 texts, over `texts` timed ones. p50_ms, p95_ms: a query's embedding and exact
    search of the corpus together, over `queries` of them. None where it is not known.

    basis: measured here; of the embedding run as it was kept, since each request is paid; unknown (a paid service whose
    run embedded nothing anew); missing (not measured yet); none (there is no model to measure).
    """

    basis: Basis
    seconds_per_1000: float | None = None
    texts: int = 0
    p50_ms: float | None = None
    p95_ms: float | None = None
    queries: int = 0
    cpus: int = 0


def kept_speed(folder: str, corpus: str, contender: Contender) -> Speed:
    """What is known without measuring."""
    if contender.model.backend == "imported":
        return Speed("none")
    if not is_free(contender.model):
        return _run_speed(folder, corpus, contender.model)
    workspace = Workspace(folder)
    embedding = workspace.load(KIND, corpus, speed_inputs(Contender(contender.model), "embedding"))
    search = workspace.load(KIND, corpus, speed_inputs(contender, "search"))
    if embedding is None or search is None:
        return Speed("missing")
    texts, seconds = int(embedding.facts["texts"]), float(embedding.facts["seconds"])
    both = (embedding.arrays["queries"] + search.arrays["queries"]) * 1000
    p50, p95 = (float(each) for each in np.quantile(both, (0.5, 0.95)))
    return Speed("measured", 1000 * seconds / max(texts, 1), texts, p50, p95, len(both), os.cpu_count() or 1)


def measure_speed(
    folder: str, corpus: str, contender: Contender, secret: Secret | None = None, again: bool = False
) -> Speed:
    """Measure what is not kept (again: all of it) and keep it: a few seconds. Nothing is sent to a paid service.

    A model's variants share its embedding time and have their own search time. Raises what the embedder raises.
    """
    if contender.model.backend == "imported" or not is_free(contender.model):
        return kept_speed(folder, corpus, contender)
    workspace = Workspace(folder)
    inputs = speed_inputs(Contender(contender.model), "embedding")
    if again or workspace.load(KIND, corpus, inputs) is None:
        embedder = opened.embedder(folder, contender.model, secret)
        facts, times = time_embedding(embedder, opened.distinct_texts(folder, corpus))
        workspace.save(KIND, corpus, inputs, {"queries": times}, facts)
    inputs = speed_inputs(contender, "search")
    if again or workspace.load(KIND, corpus, inputs) is None:
        times = time_search(contender_rows(folder, corpus, contender), contender)
        workspace.save(KIND, corpus, inputs, {"queries": times}, {"method": "exact", "top": TOP})
    return kept_speed(folder, corpus, contender)


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
        seconds, count = _seconds(lambda: embedder.embed(sample[:more])), more
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


def speed_inputs(contender: Contender, what: Literal["embedding", "search"]) -> dict[str, Any]:
    """What names a measured time; a machine with another number of processors has its own."""
    return {"contender": contender.to_dict(), "what": what, "cpus": os.cpu_count() or 1, "seed": 0, "speed": 1}


def _run_speed(folder: str, corpus: str, spec: ModelSpec) -> Speed:
    facts = opened.vectors(folder, corpus, spec).facts
    texts = int(facts.get("computed", 0))
    if not texts:
        return Speed("unknown")
    return Speed("run", 1000 * float(facts.get("seconds", 0)) / texts, texts)


def _repeated(items: list[str], count: int) -> list[str]:
    return [items[i % len(items)] for i in range(count)]


def _seconds(action: Callable[[], Any]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started
