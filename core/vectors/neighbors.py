"""The kNN graph of a corpus under a model, computed once and used by layouts, clusters and measures."""

import os
import time
from typing import Any

import numpy as np

from core.types import Neighbors, Progress, Vectors
from core.vectors import index_kinds
from core.vectors.index_kinds import break_ties, faiss_threads, parameters, recall, without_self

EXACT_ROWS = 30_000  # exact search of all rows takes some 10 s there on two cores
FALLBACK_ROWS = 200_000  # where HNSW fails, exact search is still a matter of minutes
BLOCK = 4096
IVF_ROWS = 300_000  # up to here IVF takes some half of HNSW's time for the same recall; its cost grows as n^1.5
NPROBE = (12, 16, 24, 32, 48, 64, 128)  # lists of IVF searched, tried in this order
EF_SEARCH = (112, 160, 224, 320, 512, 1024)  # HNSW's efSearch, likewise
MIN_RECALL_10, MIN_RECALL_K = 0.99, 0.97
RECALL_SAMPLE = 500


def build_neighbors(
    vectors: Vectors, k: int = 100, *, seed: int = 0, progress: Progress | None = None, threads: int | None = None
) -> Neighbors:
    """The k nearest other rows of every row, by cosine, with FAISS (Douze et al. 2024).

    Exact up to 30,000 rows; then IVF, and beyond 300,000 rows HNSW (Malkov and Yashunin 2018), searched widely
    enough that recall@10 is at least 0.99 and recall@k 0.97 on 500 rows drawn with `seed`; where recall@10 fails,
    exact up to 200,000 rows, else the widest search, with its recall.
    ids: (n, min(k, n - 1)) int32, a row's own id left out, equal scores by rising id;
    scores: (n, k) float32 cosine, falling. threads: None for all cores. facts: seconds, threads and, unless exact,
    recall_at_k and probes or ef. progress counts rows added and searched.
    """
    started, workers = time.perf_counter(), threads or os.cpu_count() or 1
    with faiss_threads(workers):
        graph = _GraphBuilder(vectors.rows, max(0, min(k, len(vectors) - 1)), progress or (lambda done, total: None))
        facts = _approximate(graph, seed) if len(vectors) > EXACT_ROWS else {}
        if not facts:
            graph.fill(graph.exact, 0)
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

    def fill(self, search: Any, done: int) -> None:
        """Search every row; `done` counts rows worked on before."""
        n = len(self.rows)
        for start in range(0, n if self.k else 0, BLOCK):
            row_ids = np.arange(start, min(start + BLOCK, n))
            self.ids[row_ids], self.scores[row_ids] = search(row_ids)
            self.progress(done + int(row_ids[-1]) + 1, done + n)


def _approximate(graph: _GraphBuilder, seed: int) -> dict[str, Any]:
    """Fill the graph by an approximate index and give its facts; {} and nothing filled where recall is too low."""
    n = len(graph.rows)
    kind: index_kinds.Kind = "ivf" if n <= IVF_ROWS else "hnsw"
    index = index_kinds.build_faiss_index(kind, graph.rows, seed, lambda count: graph.progress(count, 2 * n))
    sample = np.sort(np.random.default_rng(seed).choice(n, min(RECALL_SAMPLE, n), replace=False))
    truth = graph.exact(sample)[1]
    for width in NPROBE if kind == "ivf" else EF_SEARCH:
        settings = parameters(kind, width if kind == "ivf" else max(width, graph.k + 1), None)
        sample_scores = _search(index, graph, sample, settings)[1]
        at_10, at_k = recall(sample_scores[:, :10], truth[:, :10]), recall(sample_scores, truth)
        if at_10 >= MIN_RECALL_10 and at_k >= MIN_RECALL_K:
            break
    if at_10 < MIN_RECALL_10 and n <= FALLBACK_ROWS:
        return {}
    graph.fill(lambda row_ids: _search(index, graph, row_ids, settings), n)
    facts = {"ef" if kind == "hnsw" else "probes": width, "recall_at_k": at_k}
    return {"recall": at_10, "checked": len(sample), "method": index_kinds.describe_index(kind, index, width)} | facts


def _search(index: Any, graph: _GraphBuilder, row_ids: np.ndarray, settings: Any) -> tuple[np.ndarray, np.ndarray]:
    scores, ids = index.search(graph.rows[row_ids], graph.k + 1, params=settings)
    short = np.flatnonzero((ids < 0).any(axis=1))
    ids, scores = without_self(*break_ties(ids, scores), row_ids)
    if len(short):  # too few rows came within reach: -1 must not be stored
        ids[short], scores[short] = graph.exact(row_ids[short])
    return ids, scores
