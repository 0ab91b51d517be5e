"""How quick a contender is on this machine: texts embedded a second, and how long a query takes. Measured, and kept."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np

from core.corpus.loaders import load_distinct_texts
from core.models.backends import capabilities
from core.models.base import Embedder
from core.secret import Secret
from core.store import Workspace
from core.types import CorpusRef, ModelSpec
from core.vectors.contenders import Contender, contender_rows
from core.vectors.loaders import cached_embedder, load_vectors

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


KIND = "speed"
Basis = Literal["measured", "run", "unknown", "missing", "none"]


@dataclass(frozen=True)
class Speed:
    """seconds_per_1000: to embed 1,000 texts, over `texts` timed ones. p50_ms, p95_ms: a query's embedding and exact
    search of the corpus together, over `queries` of them. None where it is not known. others: share of the processors'
    time that other programs used meanwhile.

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
    others: float = 0.0

    @property
    def busy(self) -> bool:
        """Whether so much else ran that the times are too long."""
        return self.others >= BUSY


def kept_speed(corpus: CorpusRef, contender: Contender) -> Speed:
    """What is known without measuring."""
    declared = capabilities(contender.model)
    if not declared.can_embed:
        return Speed("none")
    if declared.paid:
        return _run_speed(corpus, contender.model)
    workspace = Workspace(corpus.folder)
    embedding = workspace.load(KIND, corpus.digest, speed_inputs(Contender(contender.model), "embedding"))
    search = workspace.load(KIND, corpus.digest, speed_inputs(contender, "search"))
    if embedding is None or search is None:
        return Speed("missing")
    texts, seconds = int(embedding.facts["texts"]), float(embedding.facts["seconds"])
    both = (embedding.arrays["queries"] + search.arrays["queries"]) * 1000
    p50, p95 = (float(each) for each in np.quantile(both, (0.5, 0.95)))
    others = max(float(each.facts.get("others", 0.0)) for each in (embedding, search))
    return Speed("measured", 1000 * seconds / max(texts, 1), texts, p50, p95, len(both), os.cpu_count() or 1, others)


def measure_speed(corpus: CorpusRef, contender: Contender, secret: Secret | None = None, again: bool = False) -> Speed:
    """Measure what is not kept (again: all of it) and keep it: a few seconds. Nothing is sent to a paid service.

    A model's variants share its embedding time and have their own search time. Raises what the embedder raises.
    """
    declared = capabilities(contender.model)
    if declared.paid or not declared.can_embed:
        return kept_speed(corpus, contender)
    workspace = Workspace(corpus.folder)
    inputs = speed_inputs(Contender(contender.model), "embedding")
    if again or workspace.load(KIND, corpus.digest, inputs) is None:
        embedder, others = cached_embedder(corpus.folder, contender.model, secret), load_meter()
        facts, times = time_embedding(embedder, load_distinct_texts(corpus))
        # a server's own work is no other's, and may be done on this machine
        facts |= {"others": 0.0 if declared.hosted else others()}
        workspace.save(KIND, corpus.digest, inputs, {"queries": times}, facts)
    inputs = speed_inputs(contender, "search")
    if again or workspace.load(KIND, corpus.digest, inputs) is None:
        rows, others = contender_rows(corpus, contender), load_meter()
        times = time_search(rows, contender)
        facts = {"method": "exact", "top": TOP, "others": others()}
        workspace.save(KIND, corpus.digest, inputs, {"queries": times}, facts)
    return kept_speed(corpus, contender)


def speed_inputs(contender: Contender, what: Literal["embedding", "search"]) -> dict[str, Any]:
    """What names a measured time; a machine with another number of processors has its own."""
    return {"contender": contender.to_dict(), "what": what, "cpus": os.cpu_count() or 1, "seed": 0, "speed": 1}


def _run_speed(corpus: CorpusRef, spec: ModelSpec) -> Speed:
    facts = load_vectors(corpus, spec).facts
    texts = int(facts.get("computed", 0))
    if not texts:
        return Speed("unknown")
    return Speed("run", 1000 * float(facts.get("seconds", 0)) / texts, texts)
