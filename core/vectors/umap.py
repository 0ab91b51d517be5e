"""UMAP by umap-learn, from a given neighbor graph: nothing is searched, so pynndescent compiles nothing."""

import os
from typing import Any

import numpy as np

from core.types import LayoutParams, Neighbors, Progress

PLACING_EPOCHS = 30  # as umap-learn's `transform` of many rows


def umap_layout(start: np.ndarray, neighbors: Neighbors, params: LayoutParams, progress: Progress) -> np.ndarray:
    """(n, dims) float32 points, as umap-learn's UMAP computes them (McInnes, Healy and Melville, 2018).

    start: (n, dims) initial positions. params.n_neighbors counts the row itself. Reproducible: one thread, the same
    points for the same seed on the same machine; else all threads, which differ a little from run to run.
    """
    from umap.umap_ import find_ab_params, simplicial_set_embedding

    _prepare()
    a, b = find_ab_params(1.0, params.min_dist)
    epochs = epochs_for(len(start))
    random = np.random.RandomState(params.seed)  # the kind that umap-learn takes
    points, _ = simplicial_set_embedding(
        data=start, graph=fuzzy_graph(neighbors, params.n_neighbors, random), n_components=params.dims,
        initial_alpha=1.0,
        a=a, b=b, gamma=1.0, negative_sample_rate=5, n_epochs=epochs, init=_scaled(start, random), random_state=random,
        metric="cosine", metric_kwds={}, densmap=False, densmap_kwds={}, output_dens=False,
        parallel=not params.reproducible, tqdm_kwds=_reporting(progress, epochs),
    )  # fmt: skip
    return np.asarray(points, dtype=np.float32)


def transform_by_neighbors(fitted: np.ndarray, ids: np.ndarray, scores: np.ndarray, params: LayoutParams) -> np.ndarray:
    """(q, dims) float32 points of rows that a layout was computed without, as umap-learn's `transform` places them.

    fitted: (m, dims) the layout. ids, scores: (q, k) the nearest fitted rows and their cosines, -1 where there are
    fewer than k. Each row starts at the weighted mean of its neighbors and is then optimized for 30 epochs, the layout
    fixed.
    """
    from umap.layouts import optimize_layout_euclidean
    from umap.umap_ import compute_membership_strengths, find_ab_params, make_epochs_per_sample, smooth_knn_dist

    _prepare()
    distances = np.maximum(1 - scores, 0)
    sigmas, rhos = smooth_knn_dist(distances, float(ids.shape[1]), local_connectivity=0.0)
    heads, tails, weights, _ = compute_membership_strengths(ids, distances, sigmas, rhos, bipartite=True)
    sums = np.maximum(np.bincount(heads, weights, len(ids)), 1e-12)
    points = [np.bincount(heads, weights * axis[tails], len(ids)) / sums for axis in fitted.T]
    strong = weights >= weights.max(initial=0) / PLACING_EPOCHS  # as umap-learn: the others would never be drawn
    heads, tails, weights = heads[strong], tails[strong], weights[strong]
    a, b = find_ab_params(1.0, params.min_dist)
    state = np.random.RandomState(params.seed).randint(-(2**31) + 1, 2**31 - 1, 3).astype(np.int64)
    placed = optimize_layout_euclidean(
        np.ascontiguousarray(np.stack(points, axis=1), np.float32), np.array(fitted, np.float32), heads, tails,
        PLACING_EPOCHS, len(fitted), make_epochs_per_sample(weights, PLACING_EPOCHS), a, b, state,
        initial_alpha=0.25, parallel=not params.reproducible, move_other=False,
    )  # fmt: skip
    return np.asarray(placed, dtype=np.float32)


def fuzzy_graph(neighbors: Neighbors, n_neighbors: int, random: Any) -> Any:
    """umap-learn's fuzzy neighbor graph, a sparse (n, n) matrix; distances are 1 - cosine. Ids of -1 are left out."""
    from umap.umap_ import fuzzy_simplicial_set

    n, k = len(neighbors.ids), min(n_neighbors - 1, neighbors.k)
    ids = np.hstack([np.arange(n, dtype=np.int32)[:, None], neighbors.ids[:, :k]])  # each row comes first itself
    distances = np.maximum(np.hstack([np.zeros((n, 1), np.float32), 1 - neighbors.scores[:, :k]]), 0)
    rows = np.broadcast_to(np.zeros(1, np.float32), (n, 1))  # only its length is read
    return fuzzy_simplicial_set(rows, k + 1, random, "cosine", knn_indices=ids, knn_dists=distances)[0]


def epochs_for(rows: int) -> int:
    """umap-learn's default."""
    return 500 if rows <= 10_000 else 200


def _prepare() -> None:
    """Let the kernel use the cores, and cache it compiled on disk: umap-learn compiles it anew in every process."""
    import numba
    from umap import layouts, umap_

    # not the one-thread kernel of the descent: numba would file both under the same name, and mix them up
    descent = layouts._get_optimize_layout_euclidean_single_epoch_fn(True)
    for kernel in (umap_.smooth_knn_dist, umap_.compute_membership_strengths, descent):
        if not kernel.signatures:
            kernel.enable_caching()
    max_threads = numba.config.NUMBA_NUM_THREADS  # type: ignore[attr-defined]
    numba.set_num_threads(min(os.cpu_count() or 1, max_threads))


def _scaled(points: np.ndarray, random: Any) -> np.ndarray:
    """Scaled as umap-learn's PCA start: the largest coordinate is 10; a little noise lets equal rows part."""
    largest = float(np.abs(points).max(initial=0)) or 1.0
    return (points * (10 / largest) + random.normal(scale=1e-4, size=points.shape)).astype(np.float32)


def _reporting(progress: Progress, epochs: int) -> dict[str, Any]:
    """Settings with which umap-learn's progress bar calls `progress` instead of drawing."""

    class Reporter:
        def write(self, text: str) -> None:
            if text.strip().isdigit():
                progress(int(text), epochs)

        def flush(self) -> None:
            """Nothing is held back."""

    return {"disable": False, "file": Reporter(), "bar_format": "{n}", "mininterval": 0.2, "leave": True}
