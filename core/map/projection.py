"""Two- and three-dimensional layouts of a corpus, for looking at."""

import os
import time
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from core.errors import InputError
from core.map.trust import measure_trust
from core.types import Layout, LayoutParams, ModelSpec, Neighbors, Progress, Vectors
from core.vectors.pca import principal_components
from core.vectors.umap import epochs_for, umap_layout

TRUST_K = 15
FEWEST = 4  # rows below which a layout by neighbors means nothing


def project(
    vectors: Vectors,
    neighbors: Neighbors,
    dims: Literal[2, 3] = 2,
    seed: int = 0,
    *,
    method: Literal["umap", "pca"] = "umap",
    n_neighbors: int = 15,
    min_dist: float = 0.1,
    reproducible: bool = False,
    progress: Progress | None = None,
) -> Layout:
    """Points (n, dims) float32 with the trust they deserve.

    umap: umap-learn on the shared graph with cosine distances, started from PCA; 500 epochs up to 10,000
    rows, else 200. n_neighbors counts the row itself, and is cut at what the graph holds.
    reproducible: one thread, the same points on the same machine; else all cores. Fewer than 4 rows: PCA.
    pca: the first principal components, always the same. progress counts epochs. facts: seconds of each step,
    method, epochs, threads, n_neighbors; variance (share kept) for PCA. Raises InputError for a graph of another size.
    """
    if len(neighbors.ids) != len(vectors):
        raise InputError(f"The neighbor graph has {len(neighbors.ids):,} rows, the vectors {len(vectors):,}.")
    params = LayoutParams(method, dims, n_neighbors, min_dist, seed, reproducible)
    started = time.perf_counter()
    points, variance = principal_components(vectors.rows, dims, seed)
    facts: dict[str, Any] = {"method": "pca", "variance": variance, "init_seconds": _since(started)}
    if method == "umap" and len(vectors) >= FEWEST:
        points, more = _umap(points, neighbors, params, progress or (lambda done, total: None))
        facts |= more
    measured = time.perf_counter()
    trust = measure_trust(vectors, neighbors, points, TRUST_K, seed=seed)
    facts |= {"trust_seconds": _since(measured), "seconds": _since(started)}
    return Layout(points, params, trust, facts)


def warm_up() -> None:
    """Import and compile what the first layout needs, so that it starts at once."""
    rows = np.eye(8, dtype=np.float32)
    ids = np.array([[j for j in range(8) if j != i] for i in range(8)], np.int32)
    graph = Neighbors(ids, np.zeros(ids.shape, np.float32), 1.0, 8, "exact")
    project(Vectors(rows, ModelSpec("imported", "warm-up"), ""), graph)


def _umap(
    start: np.ndarray, neighbors: Neighbors, params: LayoutParams, progress: Progress
) -> tuple[np.ndarray, dict[str, Any]]:
    begun = time.perf_counter()
    kept = replace(params, n_neighbors=max(2, min(params.n_neighbors, neighbors.k + 1)))
    points = umap_layout(start, neighbors, kept, progress)
    threads = 1 if params.reproducible else os.cpu_count() or 1
    facts = {"method": "umap", "epochs": epochs_for(len(start)), "threads": threads, "n_neighbors": kept.n_neighbors}
    return points, facts | {"umap_seconds": _since(begun)}


def _since(start: float) -> float:
    return round(time.perf_counter() - start, 3)
