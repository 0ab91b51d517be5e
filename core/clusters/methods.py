"""Clusterings: which methods there are, and what each gives."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from core.clusters.centers import centers
from core.clusters.distinct_rows import distinct_graph
from core.errors import InputError
from core.types import LayoutParams, Neighbors, Progress, Vectors
from core.vectors import communities as graph

Method = Literal["leiden", "hdbscan", "evoc", "kmeans"]
METHODS: tuple[Method, ...] = ("leiden", "kmeans", "hdbscan", "evoc")
UMAP_DIMS, UMAP_NEIGHBORS = 5, 15  # BERTopic's recipe for HDBSCAN (Grootendorst, 2022)
MOST_K = 200
BLOCK = 4096  # rows compared with all centers at once
FEWEST = 4  # rows below which nothing is grouped


@dataclass(frozen=True)
class ClusterParams:
    """How rows are grouped. level: of the hierarchy, 0 is the coarsest (leiden). min_size: rows of the smallest cluster
    (hdbscan, evoc). k: clusters (kmeans; 0 has it suggested). assign_noise: noise goes to the nearest cluster."""

    method: Method = "leiden"
    level: int = graph.DEFAULT_LEVEL
    min_size: int = 15
    k: int = 0
    seed: int = 0
    assign_noise: bool = False

    def named(self) -> "ClusterParams":
        """With what this method does not read at its default, so that equal clusterings have one name."""
        default = ClusterParams()
        if self.method == "leiden":
            return ClusterParams("leiden", level=self.level, seed=self.seed)
        if self.method == "kmeans":
            return ClusterParams("kmeans", default.level, k=self.k, seed=self.seed)
        return ClusterParams(self.method, default.level, self.min_size, 0, self.seed, self.assign_noise)


@dataclass(frozen=True, eq=False)
class Clusters:
    """labels: (n,) int32 by falling size, -1 is noise. assigned: (n,) bool, noise put into the nearest cluster, whose
    number stays.

    levels: (levels, n) int32, coarse to fine and nested, for leiden, else None. facts: seconds, k and the like.
    """

    labels: np.ndarray
    params: ClusterParams
    assigned: np.ndarray
    levels: np.ndarray | None = None
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def count(self) -> int:
        return int(self.labels.max(initial=-1)) + 1


def cluster(
    vectors: Vectors,
    neighbors: Neighbors,
    texts: Sequence[str],
    params: ClusterParams,
    progress: Progress | None = None,
) -> Clusters:
    """Group rows by one of four methods; the same corpus and parameters give the same clusters.

    leiden: communities of the shared neighbor graph (Traag, Waltman and van Eck, 2019; graspologic-native), copies
    of a row counted once. hdbscan: on
    five UMAP dimensions of the same graph (McInnes, Healy and Astels, 2017; fast_hdbscan). evoc: on the vectors (EVoC).
    kmeans: on the unit vectors (scikit-learn). Raises InputError for parameters out of range.
    """
    started, params = time.perf_counter(), params.named()
    check(params, len(vectors))
    facts: dict[str, Any] = {}
    levels: np.ndarray | None = None
    if len(vectors) < FEWEST:
        raw = np.zeros(len(vectors), dtype=np.int32)
    elif params.method == "leiden":
        levels = _levels(neighbors, texts, params.seed)
        raw, facts = levels[params.level], {"k": graph.GRAPH_K}
    else:
        raw, facts = _METHODS[params.method](vectors, neighbors, params, progress or (lambda done, total: None))
    labels = raw if levels is not None else graph.by_size(raw)
    assigned = np.zeros(len(labels), dtype=bool)
    if params.assign_noise:
        labels, assigned = with_noise_assigned(vectors.rows, labels)
    seconds = round(time.perf_counter() - started, 3)
    return Clusters(labels, params, assigned, levels, {**facts, "seconds": seconds})


def _levels(neighbors: Neighbors, texts: Sequence[str], seed: int) -> np.ndarray:
    found, first, group = distinct_graph(neighbors.ids, neighbors.scores)
    order = graph.content_order([texts[row] for row in first])
    return np.stack([graph.by_size(level[group]) for level in graph.nested_communities(found, order, seed)])


def check(params: ClusterParams, rows: int) -> None:
    """Raises InputError for parameters that make no clustering of so many rows."""
    if params.method not in ("leiden", "hdbscan", "evoc", "kmeans"):
        raise InputError(f"There is no method {str(params.method)[:20]!r}.", "Use leiden, hdbscan, evoc or kmeans.")
    if not 0 <= params.level < len(graph.RESOLUTIONS):
        raise InputError(f"There is no level {params.level}.", f"Levels go from 0 to {len(graph.RESOLUTIONS) - 1}.")
    if params.method in ("hdbscan", "evoc") and not 2 <= params.min_size <= max(2, rows):
        raise InputError(f"A smallest cluster of {params.min_size:,} rows can't be.", f"Choose 2 to {max(2, rows):,}.")
    if params.method == "kmeans" and not 0 <= params.k <= rows:
        raise InputError(f"{params.k:,} clusters of {rows:,} rows can't be.", f"Choose at most {rows:,}, or 0.")


def with_noise_assigned(rows: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Labels with noise in the cluster whose center is nearest by cosine, and which rows these are (n,) bool."""
    noise = labels < 0
    if not noise.any() or not (~noise).any():
        return labels, np.zeros(len(labels), dtype=bool)
    made = labels.copy()
    to, lost = centers(rows, labels).T, np.flatnonzero(noise)
    for start in range(0, len(lost), BLOCK):
        part = lost[start : start + BLOCK]
        made[part] = (rows[part] @ to).argmax(axis=1)
    return made, noise


def _hdbscan(
    vectors: Vectors, neighbors: Neighbors, params: ClusterParams, progress: Progress
) -> tuple[np.ndarray, dict[str, Any]]:
    from core.clusters.dbcv import dbcv

    points = reduced(vectors, neighbors, params.seed, progress)
    labels = graph.by_size(density_clusters(points, params.min_size))
    validity = dbcv(points, labels, params.seed)
    facts = {"space": f"{UMAP_DIMS} UMAP dimensions", "dbcv": validity.overall, "dbcv_looked": validity.looked}
    return labels, {**facts, "dbcv_clusters": [float(value) for value in validity.clusters]}


def density_clusters(points: np.ndarray, min_size: int) -> np.ndarray:
    """(n,) int32 labels by HDBSCAN of points (n, d), -1 for noise; always the same."""
    from fast_hdbscan import HDBSCAN

    return np.asarray(HDBSCAN(min_cluster_size=min_size, reproducible=True).fit_predict(points), dtype=np.int32)


def reduced(vectors: Vectors, neighbors: Neighbors, seed: int, progress: Progress) -> np.ndarray:
    """(n, 5) float32 UMAP of the shared graph, min_dist 0, one thread, so that the seed determines it."""
    from core.vectors.pca import principal_components
    from core.vectors.umap import umap_layout

    dims: Any = UMAP_DIMS
    start, _ = principal_components(vectors.rows, dims, seed)
    params = LayoutParams("umap", dims, max(2, min(UMAP_NEIGHBORS, neighbors.k + 1)), 0.0, seed, reproducible=True)
    return umap_layout(start, neighbors, params, progress)


def _evoc(
    vectors: Vectors, neighbors: Neighbors, params: ClusterParams, progress: Progress
) -> tuple[np.ndarray, dict[str, Any]]:
    from evoc import EVoC

    k = max(2, min(15, len(vectors) - 1))
    model = EVoC(base_min_cluster_size=params.min_size, n_neighbors=k, random_state=params.seed)
    return np.asarray(model.fit_predict(np.array(vectors.rows))), {"layers": len(model.cluster_layers_)}


def _kmeans(
    vectors: Vectors, neighbors: Neighbors, params: ClusterParams, progress: Progress
) -> tuple[np.ndarray, dict[str, Any]]:
    from core.clusters.k_choice import k_means, suggested_k

    facts: dict[str, Any] = {"k": params.k}
    if not params.k:
        k, sweep = suggested_k(vectors.rows, params.seed, MOST_K, progress)
        facts = {"k": k, "suggested": True, "sweep": sweep}
    return k_means(vectors.rows, int(facts["k"]), params.seed), facts


_METHODS = {"hdbscan": _hdbscan, "evoc": _evoc, "kmeans": _kmeans}
