"""The neighbor graph of 100,000 rows: the index that is chosen, flat IVF and HNSW, at equal recall in one run."""

import os
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from benchmarks.data import banking_texts, many_rows
from benchmarks.report import keep
from core.models.registry import load_embedder
from core.types import ModelSpec, Vectors
from core.vectors import neighbors
from core.vectors.index_kinds import Kind, build_faiss_index, describe_index, parameters
from core.vectors.neighbors import build_neighbors

WIDTHS: dict[Kind, tuple[int, ...]] = {"ivf": (12, 16, 24, 32, 48, 64, 128), "hnsw": (112, 160, 224, 320, 512)}


def main(rows: int = 100_000, threads: int = 0) -> None:
    texts = banking_texts()
    vectors = Vectors(
        many_rows(load_embedder("all-MiniLM-L6-v2").embed(texts), rows), ModelSpec("imported", "mixed"), ""
    )
    ways: dict[str, Callable[..., Any]] = {"chosen": neighbors._searches, "ivf": partial(flat, "ivf")}
    if rows >= 300_000:
        ways["hnsw"] = partial(flat, "hnsw")
    result: dict[str, Any] = {
        "rows": rows,
        "processors": os.cpu_count(),
        "threads": threads or os.cpu_count(),
        "avx": os.environ.get("FAISS_OPT_LEVEL", "best"),
    }
    neighbors.EXACT_SECONDS = neighbors.FALLBACK_SECONDS = 0.0
    for name, searches in ways.items():
        neighbors._searches = searches  # type: ignore[assignment]
        started, used = time.perf_counter(), time.process_time()
        graph = build_neighbors(vectors, threads=threads or None)
        facts = {"method": graph.method, "recall_at_10": graph.recall, "recall_at_100": graph.facts["recall_at_k"]}
        result[name] = facts | {"seconds": time.perf_counter() - started, "cpu_seconds": time.process_time() - used}
        print(name, result[name], flush=True)
    result["ratio"] = result["chosen"]["seconds"] / result["ivf"]["seconds"]
    result["cpu_ratio"] = result["chosen"]["cpu_seconds"] / result["ivf"]["cpu_seconds"]
    keep(f"neighbors_{rows}", result)


def flat(kind: Kind, graph: Any, seed: int, with_hnsw: bool) -> Any:
    """Searches of an index that compares whole rows."""
    index = build_faiss_index(kind, graph.rows, seed)
    for width in WIDTHS[kind]:
        settings = parameters(kind, max(width, graph.k + 1) if kind == "hnsw" else width, None)
        yield neighbors._Search(index, settings, describe_index(kind, index, width), {"width": width})


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
