"""The kNN graph of a corpus under a model, computed once and used by layouts, clusters and measures."""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.types import Neighbors, Progress, Vectors
from core.vectors.index_kinds import (
    break_ties,
    build_faiss_index,
    describe_index,
    faiss_threads,
    parameters,
    recall,
    without_self,
)
from core.vectors.quantized_index import ADD_BLOCK, train_quantized_index

TRIAL_ROWS = 10_000  # fewer are searched exactly without a trial
SAMPLE = 500  # rows of the trial, on which recall is measured
EXACT_SECONDS = 10.0  # exact search is used where the trial expects at most so many
FALLBACK_SECONDS = 900.0  # or so many, where no index reaches the recall
BLOCK = 4096
ADD_SHARE = 0.2  # of the time: adding rows to an index takes about a quarter of searching them
# lists searched, and candidates scored exactly for each neighbor, the quickest first
PROBES_AND_FACTORS = (
    (16, 2), (24, 2), (32, 2), (24, 2.5), (32, 2.5), (48, 2.5), (48, 3), (64, 3), (64, 6), (128, 12), (256, 24),
)  # fmt: skip
EF_SEARCH = (112, 160, 224, 320, 512, 1024)  # HNSW's efSearch, likewise
MIN_RECALL_10, MIN_RECALL_K = 0.99, 0.97


def build_neighbors(
    vectors: Vectors, k: int = 100, *, seed: int = 0, progress: Progress | None = None, threads: int | None = None
) -> Neighbors:
    """The k nearest other rows of every row, by cosine, with FAISS (Douze et al. 2024).

    Exact up to 10,000 rows. Of more rows, 500 drawn with `seed` are searched exactly first; where this processor would
    need at most 10 s for all rows, exact search is used. Else an IVF index of 4-bit product-quantized rows, whose
    candidates are scored exactly (fast scan; André et al. 2015, Douze et al. 2024), searched widely enough that
    recall@10 is at least 0.99 and recall@k 0.97 on the 500 rows; where it can't, exact search if that takes at most 15
    minutes, else HNSW (Malkov and Yashunin 2018). Memory beside the vectors: a copy of them, d / 4 bytes of codes and
    8 k bytes a row; 2.5 GB for a million rows of 384 dimensions.
    ids: (n, min(k, n - 1)) int32, a row's own id left out, equal scores by rising id;
    scores: (n, k) float32 cosine, falling. threads: None for all cores. facts: seconds, threads and, unless exact,
    recall_at_k and probes or ef. progress counts rows, adding one to the index as 0.2 and its search as 0.8.
    """
    started, workers = time.perf_counter(), threads or os.cpu_count() or 1
    with faiss_threads(workers):
        graph = _GraphBuilder(vectors.rows, max(0, min(k, len(vectors) - 1)), progress or (lambda done, total: None))
        facts = _approximate(graph, seed) if len(vectors) > TRIAL_ROWS else {}
        if not facts:
            graph.fill(graph.exact, 0.0)
    checked = facts.pop("checked", len(vectors))
    facts |= {"seconds": round(time.perf_counter() - started, 3), "threads": workers}
    return Neighbors(graph.ids, graph.scores, facts.pop("recall", 1.0), checked, facts.pop("method", "exact"), facts)


class _GraphBuilder:
    """The arrays being filled, block by block."""

    def __init__(self, rows: np.ndarray, k: int, progress: Progress) -> None:
        self.rows, self.k, self.progress = rows, k, progress
        self.ids, self.scores = np.empty((len(rows), k), np.int32), np.empty((len(rows), k), np.float32)

    def exact(self, row_ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Ids and scores, (len(own), k) each, by search of all rows."""
        import faiss

        scores, ids = faiss.knn(self.rows[row_ids], self.rows, self.k + 1, metric=faiss.METRIC_INNER_PRODUCT)
        return without_self(*break_ties(ids, scores), row_ids)

    def fill(self, search: Any, done: float) -> None:
        """Search every row; `done`: the share of the work that came before."""
        n = len(self.rows)
        for start in range(0, n if self.k else 0, BLOCK):
            row_ids = np.arange(start, min(start + BLOCK, n))
            self.ids[row_ids], self.scores[row_ids] = search(row_ids)
            self.progress(int(done * n + (1 - done) * (row_ids[-1] + 1)), n)

    def report_added(self, count: int) -> None:
        self.progress(int(ADD_SHARE * count), len(self.rows))


@dataclass(frozen=True)
class _Search:
    """One way to search an index. settings: FAISS search parameters. facts: what is stored of it."""

    index: Any
    settings: Any
    method: str
    facts: dict[str, int]


def _approximate(graph: _GraphBuilder, seed: int) -> dict[str, Any]:
    """Fill the graph by an approximate index and give its facts; {} and nothing filled where exact search is better."""
    n, started = len(graph.rows), time.perf_counter()
    sample = np.sort(np.random.default_rng(seed).choice(n, min(SAMPLE, n), replace=False))
    truth = graph.exact(sample)[1]
    exact_seconds = (time.perf_counter() - started) * n / len(sample)
    if exact_seconds <= EXACT_SECONDS:
        return {}
    for search in _searches(graph, seed, with_hnsw=exact_seconds > FALLBACK_SECONDS):
        scores = _search(search, graph, sample)[1]
        at_10, at_k = recall(scores[:, :10], truth[:, :10]), recall(scores, truth)
        if at_10 >= MIN_RECALL_10 and at_k >= MIN_RECALL_K:
            break
    if at_10 < MIN_RECALL_10 and exact_seconds <= FALLBACK_SECONDS:
        return {}
    graph.fill(lambda row_ids: _search(search, graph, row_ids), ADD_SHARE)
    return {"recall": at_10, "checked": len(sample), "method": search.method, "recall_at_k": at_k} | search.facts


def _searches(graph: _GraphBuilder, seed: int, with_hnsw: bool) -> Iterator[_Search]:
    """The quickest first; an index is built when its first search is due."""
    index = _quantized_index(graph.rows, seed, graph.report_added)
    for probes, factor in PROBES_AND_FACTORS:
        yield _quantized_search(index, probes, factor)
    if with_hnsw:
        index = build_faiss_index("hnsw", graph.rows, seed, graph.report_added)
        for ef in EF_SEARCH:
            width = max(ef, graph.k + 1)
            yield _Search(index, parameters("hnsw", width, None), describe_index("hnsw", index, width), {"ef": width})


def _quantized_index(rows: np.ndarray, seed: int, added: Callable[[int], None]) -> Any:
    """Two dimensions a code of 4 bits, and a copy of the rows that candidates are scored with."""
    import faiss

    refined: Any = faiss.IndexRefineFlat(train_quantized_index(rows, seed))
    for start in range(0, len(rows), ADD_BLOCK):
        refined.add(rows[start : start + ADD_BLOCK])
        added(refined.ntotal)
    return refined


def _quantized_search(index: Any, probes: int, factor: float) -> _Search:
    """factor: candidates scored exactly for each neighbor."""
    import faiss

    untyped: Any = faiss  # its stubs lack these classes' arguments
    lists = untyped.SearchParametersIVF(nprobe=probes)
    settings = untyped.IndexRefineSearchParameters(k_factor=factor, base_index_params=lists)
    count = untyped.downcast_index(index.base_index).nlist
    method = f"IVF with 4-bit product quantization, {probes} of {count:,} lists searched"
    return _Search(index, settings, f"{method}, {factor:g} candidates a neighbor scored exactly", {"probes": probes})


def _search(search: _Search, graph: _GraphBuilder, row_ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    scores, ids = search.index.search(graph.rows[row_ids], graph.k + 1, params=search.settings)
    short = np.flatnonzero((ids < 0).any(axis=1))
    ids, scores = without_self(*break_ties(ids, scores), row_ids)
    if len(short):  # too few rows came within reach: -1 must not be stored
        ids[short], scores[short] = graph.exact(row_ids[short])
    return ids, scores
