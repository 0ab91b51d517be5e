"""Two- and three-dimensional layouts (UMAP, PCA) of a corpus, and which points of a large one are drawn."""

import os
import time
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from core.errors import InputError
from core.map.trust import measure_trust
from core.types import Layout, LayoutParams, ModelSpec, Neighbors, Progress, Vectors
from core.vectors.graph_sample import nearest_in_sample
from core.vectors.pca import principal_components
from core.vectors.umap import epochs_for, transform_by_neighbors, umap_layout

TRUST_K = 15
MAX_FITTED = 300_000  # rows that UMAP is computed on; of more, a sample of as many
MIN_ROWS = 4  # UMAP needs at least these


def project(
    vectors: Vectors, neighbors: Neighbors | None, dims: Literal[2, 3] = 2, seed: int = 0, *,
    method: Literal["umap", "pca"] = "umap", n_neighbors: int = 15, min_dist: float = 0.1, reproducible: bool = False,
    progress: Progress | None = None,
) -> Layout:  # fmt: skip
    """Points (n, dims) float32 with their trustworthiness.

    umap: umap-learn on the shared graph with cosine distances, started from PCA; 500 epochs up to 10,000 rows, else
    200. n_neighbors counts the row itself, and is limited by the graph. reproducible: one thread, the same points on
    the same machine; else all cores. Fewer than 4 rows: PCA. Of more than 300,000 rows as many, drawn with `seed`, are
    fitted, and the others placed by their nearest fitted rows, as umap-learn's `transform` does.
    pca: the first principal components, always the same; without a graph, trust is measured by exact search.
    progress counts epochs. facts: seconds of each step, method, epochs, threads, n_neighbors, fitted (rows that UMAP
    was computed on); variance (explained share) for PCA. Raises InputError for a graph of another size, or none.
    """
    if neighbors is None and method != "pca":
        raise InputError("UMAP needs a neighbor graph.")
    if neighbors is not None and len(neighbors.ids) != len(vectors):
        raise InputError(f"The neighbor graph has {len(neighbors.ids):,} rows, the vectors {len(vectors):,}.")
    params = LayoutParams(method, dims, n_neighbors, min_dist, seed, reproducible)
    started = time.perf_counter()
    points, variance = principal_components(vectors.rows, dims, seed)
    facts: dict[str, Any] = {"method": "pca", "variance": variance, "init_seconds": _since(started)}
    if method == "umap" and neighbors is not None and len(vectors) >= MIN_ROWS:
        points, more = _umap(vectors.rows, points, neighbors, params, progress or (lambda done, total: None))
        facts |= more
    measured = time.perf_counter()
    trust = measure_trust(vectors, neighbors, points, TRUST_K, seed=seed)
    facts |= {"trust_seconds": _since(measured), "seconds": _since(started)}
    return Layout(points, params, trust, facts)


def warm_up() -> None:
    """Import and compile what the first layout needs."""
    rows = np.eye(8, dtype=np.float32)
    ids = np.array([[j for j in range(8) if j != i] for i in range(8)], np.int32)
    graph = Neighbors(ids, np.zeros(ids.shape, np.float32), 1.0, 8, "exact")
    project(Vectors(rows, ModelSpec("imported", "warm-up"), ""), graph)


def _umap(
    rows: np.ndarray, start: np.ndarray, neighbors: Neighbors, params: LayoutParams, progress: Progress
) -> tuple[np.ndarray, dict[str, Any]]:
    started = time.perf_counter()
    bounded = replace(params, n_neighbors=max(2, min(params.n_neighbors, neighbors.k + 1)))
    if len(start) > MAX_FITTED:
        points = _sampled_umap(rows, start, neighbors, bounded, progress)
    else:
        points = umap_layout(start, neighbors, bounded, progress)
    threads, fitted = 1 if params.reproducible else os.cpu_count() or 1, min(len(start), MAX_FITTED)
    facts = {"method": "umap", "epochs": epochs_for(fitted), "threads": threads, "n_neighbors": bounded.n_neighbors}
    return points, facts | {"fitted": fitted, "umap_seconds": _since(started)}


def _sampled_umap(
    rows: np.ndarray, start: np.ndarray, neighbors: Neighbors, params: LayoutParams, progress: Progress
) -> np.ndarray:
    """Points of all rows, by UMAP of a sample."""
    sample = np.sort(np.random.default_rng(params.seed).choice(len(start), MAX_FITTED, replace=False))
    others = np.setdiff1d(np.arange(len(start)), sample, assume_unique=True)
    k = params.n_neighbors - 1
    ids, scores = nearest_in_sample(rows, neighbors, sample, sample, k)
    graph = Neighbors(ids, scores, neighbors.recall, neighbors.checked, neighbors.method)
    points = np.empty_like(start)
    points[sample] = umap_layout(start[sample], graph, params, progress)
    points[others] = transform_by_neighbors(
        points[sample], *nearest_in_sample(rows, neighbors, sample, others, k), params
    )
    return points


def _since(start: float) -> float:
    return round(time.perf_counter() - start, 3)


def density_sample(points: np.ndarray, limit: int = 50_000, seed: int = 0) -> np.ndarray:
    """Row ids of at most `limit` points to draw, sorted, int64; all rows where n <= limit.

    points: (n, 2 or 3). Points are drawn from each cell of a grid (at most limit / 2 cells) in proportion to the square
    root of its count, and at least one: dense regions stay denser, sparse ones and isolated points remain.
    """
    if len(points) <= limit:
        return np.arange(len(points))
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(len(points))
    cells, counts = np.unique(_cells(points, limit)[shuffled], return_inverse=True, return_counts=True)[1:]
    by_cell = np.argsort(cells, kind="stable")
    rank = np.empty(len(points), np.int64)
    rank[by_cell] = np.arange(len(points)) - np.repeat(np.cumsum(counts) - counts, counts)
    priority = rank / np.sqrt(counts[cells])  # the first of each cell has priority 0
    return np.sort(shuffled[np.argsort(priority, kind="stable")[:limit]])


def _cells(points: np.ndarray, limit: int) -> np.ndarray:
    """(n,) the grid cell of each point."""
    dims = points.shape[1]
    side = max(1, int((limit / 2) ** (1 / dims)))
    finite = points[np.isfinite(points).all(axis=1)]
    low, span = (finite.min(axis=0), np.ptp(finite, axis=0)) if len(finite) else (np.zeros(dims), np.ones(dims))
    shares = np.nan_to_num((points - low) / np.where(span > 0, span, 1))  # rows with NaN share a cell
    cell = (shares * side).clip(0, side - 1).astype(np.int64)
    return cell @ (side ** np.arange(dims))
