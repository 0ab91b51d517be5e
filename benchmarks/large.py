"""100,000 rows: the neighbor graph, the map and the search index, as the workers make them."""

import sys
import time

import numpy as np

from benchmarks.data import banking_texts, many_rows
from benchmarks.report import keep, percentile_ms
from core.map.layout import project, warm_up
from core.models.registry import load_embedder
from core.types import ModelSpec, Vectors
from core.vectors.index import build_index
from core.vectors.neighbors import build_neighbors

QUERIES = 1_000


def main(rows: int = 100_000) -> None:
    embedder = load_embedder("all-MiniLM-L6-v2")
    vectors = Vectors(many_rows(embedder.embed(banking_texts()), rows), ModelSpec("imported", "mixed"), "0" * 16)
    warm_up()
    started = time.perf_counter()
    neighbors = build_neighbors(vectors, k=100)
    found = time.perf_counter()
    layout = project(vectors, neighbors)
    laid_out = time.perf_counter()
    index = build_index(vectors)
    indexed = time.perf_counter()
    keep(f"large_{rows}", {
        "rows": rows,
        "neighbors": {"seconds": found - started, "method": neighbors.method, "recall_at_10": neighbors.recall,
                      "checked": neighbors.checked},
        "map": {"seconds": laid_out - found, "trustworthiness": layout.trust.trustworthiness,
                "knn_preservation": layout.trust.knn_preservation, "sample": layout.trust.sample},
        "index": {"seconds": indexed - laid_out, "kind": index.facts.kind, "recall_at_10": index.facts.recall},
        "search": search_times(index, vectors.rows),
    })  # fmt: skip


def search_times(index, rows: np.ndarray) -> dict[str, float]:
    """p50 and p99 of single queries, k = 10, embedding excluded."""
    random = np.random.default_rng(1)
    queries = rows[random.integers(0, len(rows), QUERIES)] + random.normal(0, 0.02, (QUERIES, rows.shape[1])).astype(
        np.float32
    )
    queries /= np.linalg.norm(queries, axis=1, keepdims=True)
    times = []
    for query in queries:
        started = time.perf_counter()
        index.search(query[None], k=10)
        times.append(time.perf_counter() - started)
    return {"queries": QUERIES, "p50_ms": percentile_ms(times, 50), "p99_ms": percentile_ms(times, 99)}


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
