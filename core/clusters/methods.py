"""Clustering methods: Leiden on the neighbor graph without duplicates, HDBSCAN, EVoC and k-means."""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from core.clusters.validation import centers, dbcv, silhouettes
from core.errors import InputError
from core.results import no_progress
from core.types import LayoutParams, Neighbors, Progress, Vectors
from core.vectors import communities as graph
from core.vectors.communities import GRAPH_K, neighbor_graph
from core.vectors.graph_sample import restrict_graph

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

SAME_DISTANCE = 1e-6  # cosine distance up to which two vectors differ by rounding alone
Method = Literal["leiden", "hdbscan", "evoc", "kmeans"]
METHODS: tuple[Method, ...] = ("leiden", "kmeans", "hdbscan", "evoc")
UMAP_DIMS, UMAP_NEIGHBORS = 5, 15  # BERTopic's recipe for HDBSCAN (Grootendorst, 2022)
MAX_K = 200
BLOCK = 4096  # rows compared with all centers at once
MIN_ROWS = 4  # fewer rows are one cluster
K_SAMPLE = 10_000  # rows sampled to choose k
EVERY_K, AROUND_K = 20, 12  # every k is tried up to the first; so many around a larger best one
K_MEANS_STARTS = 3
Labeling = tuple[np.ndarray, dict[str, Any]]  # labels (n,) and facts


def distinct_graph(ids: np.ndarray, scores: np.ndarray) -> tuple["csr_matrix", np.ndarray, np.ndarray]:
    """The neighbor graph (m, m) of the m distinct rows, the first row (m,) of each, and the distinct row (n,) of every
    row.

    ids, scores: (n, k) the neighbor graph. Duplicates would fill each other's neighborhoods: a text that occurs six
    times or more would have no weight left for other texts.
    """
    group = duplicate_codes(ids, scores)
    first = np.unique(group, return_index=True)[1]
    if len(first) < len(group):
        ids, scores = restrict_graph(ids, scores, first, GRAPH_K)
    return neighbor_graph(ids, scores), first, group


def duplicate_codes(ids: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """(n,) int64 codes, equal for rows connected in the neighbor graph (n, k) by edges of cosine 1."""
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import connected_components

    n = len(ids)
    source, column = np.nonzero((np.asarray(scores) >= 1 - SAME_DISTANCE) & (np.asarray(ids) >= 0))
    same = csr_matrix((np.ones(len(source), dtype=bool), (source, np.asarray(ids)[source, column])), shape=(n, n))
    return np.asarray(connected_components(same, directed=False)[1], dtype=np.int64)


@dataclass(frozen=True)
class ClusterParams:
    """Method and settings. level: of the hierarchy, 0 is the coarsest (leiden). min_size: minimum cluster size
    (hdbscan, evoc). k: clusters (kmeans; 0: suggested). assign_noise: assign noise to the nearest cluster (hdbscan,
    evoc)."""

    method: Method = "leiden"
    level: int = graph.DEFAULT_LEVEL
    min_size: int = 15
    k: int = 0
    seed: int = 0
    assign_noise: bool = False

    def canonical(self) -> "ClusterParams":
        """With settings that the method does not use at their defaults, so that equal clusterings have equal
        parameters."""
        default = ClusterParams()
        if self.method == "leiden":
            return ClusterParams("leiden", level=self.level, seed=self.seed)
        if self.method == "kmeans":
            return ClusterParams("kmeans", default.level, k=self.k, seed=self.seed)
        return ClusterParams(self.method, default.level, self.min_size, 0, self.seed, self.assign_noise)


@dataclass(frozen=True, eq=False)
class Clusters:
    """labels: (n,) int32 by descending size, -1 is noise. assigned: (n,) bool, noise assigned to the nearest cluster;
    it does not change the order.

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
    progress: Progress = no_progress,
) -> Clusters:
    """Cluster rows by one of four methods. Deterministic: a corpus and parameters always give the same clusters.

    leiden: communities of the neighbor graph (Traag, Waltman and van Eck, 2019; graspologic-native), duplicates counted
    once. hdbscan: on five UMAP dimensions of the same graph (McInnes, Healy and Astels, 2017; fast_hdbscan). evoc: on
    the vectors (EVoC). kmeans: on the unit vectors (scikit-learn). Raises InputError for parameters out of range.
    """
    started, params = time.perf_counter(), params.canonical()
    check(params, len(vectors))
    facts: dict[str, Any] = {}
    levels: np.ndarray | None = None
    if len(vectors) < MIN_ROWS:
        raw = np.zeros(len(vectors), dtype=np.int32)
    elif params.method == "leiden":
        levels = _levels(neighbors, texts, params.seed)
        raw, facts = levels[params.level], {"k": graph.GRAPH_K}
    else:
        raw, facts = _METHODS[params.method](vectors, neighbors, params, progress)
    labels = raw if levels is not None else graph.by_size(raw)
    assigned = np.zeros(len(labels), dtype=bool)
    if params.assign_noise:
        labels, assigned = with_noise_assigned(vectors.rows, labels)
    seconds = round(time.perf_counter() - started, 3)
    return Clusters(labels, params, assigned, levels, {**facts, "seconds": seconds})


def _levels(neighbors: Neighbors, texts: Sequence[str], seed: int) -> np.ndarray:
    matrix, first, group = distinct_graph(neighbors.ids, neighbors.scores)
    order = graph.content_order([texts[row] for row in first])
    return np.stack([graph.by_size(level[group]) for level in graph.nested_communities(matrix, order, seed)])


def check(params: ClusterParams, rows: int) -> None:
    """Raises InputError for parameters that are out of range for so many rows."""
    if params.method not in METHODS:
        raise InputError(f"There is no method {str(params.method)[:20]!r}.", "Use leiden, hdbscan, evoc or kmeans.")
    if not 0 <= params.level < len(graph.RESOLUTIONS):
        raise InputError(f"There is no level {params.level}.", f"Levels go from 0 to {len(graph.RESOLUTIONS) - 1}.")
    if params.method in ("hdbscan", "evoc") and not 2 <= params.min_size <= max(2, rows):
        raise InputError(f"The minimum cluster size can't be {params.min_size:,}.", f"Use 2 to {max(2, rows):,}.")
    if params.method == "kmeans" and not 0 <= params.k <= rows:
        raise InputError(f"{rows:,} rows can't have {params.k:,} clusters.", f"Use at most {rows:,}, or 0.")


def with_noise_assigned(rows: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Labels with noise assigned to the cluster with the nearest center by cosine, and these rows (n,) bool."""
    noise = labels < 0
    if not noise.any() or not (~noise).any():
        return labels, np.zeros(len(labels), dtype=bool)
    result = labels.copy()
    center_columns, noise_rows = centers(rows, labels).T, np.flatnonzero(noise)
    for start in range(0, len(noise_rows), BLOCK):
        part = noise_rows[start : start + BLOCK]
        result[part] = (rows[part] @ center_columns).argmax(axis=1)
    return result, noise


def _hdbscan(vectors: Vectors, neighbors: Neighbors, params: ClusterParams, progress: Progress) -> Labeling:
    points = umap_points(vectors, neighbors, params.seed, progress)
    labels = graph.by_size(density_clusters(points, params.min_size))
    validity = dbcv(points, labels, params.seed)
    facts = {"space": f"{UMAP_DIMS} UMAP dimensions", "dbcv": validity.overall, "dbcv_looked": validity.sampled}
    return labels, {**facts, "dbcv_clusters": [float(value) for value in validity.clusters]}


def density_clusters(points: np.ndarray, min_size: int) -> np.ndarray:
    """(n,) int32 labels by HDBSCAN of points (n, d), -1 for noise; deterministic."""
    from fast_hdbscan import HDBSCAN

    return np.asarray(HDBSCAN(min_cluster_size=min_size, reproducible=True).fit_predict(points), dtype=np.int32)


def umap_points(vectors: Vectors, neighbors: Neighbors, seed: int, progress: Progress) -> np.ndarray:
    """(n, 5) float32 UMAP of the neighbor graph, min_dist 0, on one thread so that it is determined by the seed."""
    from core.vectors.pca import principal_components
    from core.vectors.umap import umap_layout

    dims: Any = UMAP_DIMS
    start, _ = principal_components(vectors.rows, dims, seed)
    params = LayoutParams("umap", dims, max(2, min(UMAP_NEIGHBORS, neighbors.k + 1)), 0.0, seed, reproducible=True)
    return umap_layout(start, neighbors, params, progress)


def _evoc(vectors: Vectors, neighbors: Neighbors, params: ClusterParams, progress: Progress) -> Labeling:
    k = max(2, min(15, len(vectors) - 1))
    model = _load_evoc().EVoC(base_min_cluster_size=params.min_size, n_neighbors=k, random_state=params.seed)
    return np.asarray(model.fit_predict(np.array(vectors.rows))), {"layers": len(model.cluster_layers_)}


def _load_evoc() -> Any:
    """The package evoc without its kernels for quantized vectors, whose compilation takes half a minute of the first
    import."""
    for name in ("evoc.int8_nndescent", "evoc.uint8_nndescent"):
        unused = ModuleType(name)
        unused.__dict__["__getattr__"] = lambda attribute: None
        sys.modules.setdefault(name, unused)
    import evoc

    return evoc


def _kmeans(vectors: Vectors, neighbors: Neighbors, params: ClusterParams, progress: Progress) -> Labeling:
    facts: dict[str, Any] = {"k": params.k}
    if not params.k:
        k, sweep = suggest_k(vectors.rows, params.seed, MAX_K, progress)
        facts = {"k": k, "suggested": True, "sweep": sweep}
    return k_means(vectors.rows, int(facts["k"]), params.seed), facts


_METHODS = {"hdbscan": _hdbscan, "evoc": _evoc, "kmeans": _kmeans}


def k_means(rows: np.ndarray, k: int, seed: int) -> np.ndarray:
    """(n,) int32 labels of k-means (scikit-learn) on unit vectors, the best of three starts."""
    from sklearn.cluster import KMeans

    return np.asarray(KMeans(k, n_init=K_MEANS_STARTS, random_state=seed).fit_predict(rows), dtype=np.int32)


def k_candidates(max_k: int) -> list[int]:
    """Every k from 2 to 20, then about eight up to max_k."""
    every = range(2, min(max_k, EVERY_K) + 1)
    wider = np.geomspace(EVERY_K, max_k, 9).round().astype(int) if max_k > EVERY_K else ()
    return sorted({*every, *map(int, wider)})


def suggest_k(rows: np.ndarray, seed: int, max_k: int, progress: Progress) -> tuple[int, list[tuple[int, float]]]:
    """The k with the highest mean silhouette (Rousseeuw, 1987) of cosine distances, and all that were tried: every k up
    to 20, about eight larger ones, and those around the best of these; over at most 10,000 rows, sampled by the seed;
    three starts up to 20."""
    from sklearn.cluster import KMeans

    sample = rows
    if len(rows) > K_SAMPLE:
        sample = rows[np.sort(np.random.default_rng(seed).choice(len(rows), K_SAMPLE, replace=False))]
    distinct = len(np.unique(sample, axis=0))
    max_k = min(max_k, distinct - 1, max(2, len(sample) // 5))
    if max_k < 2:
        return min(1, len(rows)), []
    scores: dict[int, float] = {}

    def score(candidates: list[int]) -> int:
        for k in candidates:
            labels = KMeans(k, n_init=K_MEANS_STARTS if k <= EVERY_K else 1, random_state=seed).fit_predict(sample)
            scores[k] = float(silhouettes(sample, labels).mean())
            progress(len(scores), total)
        return max(scores, key=lambda k: scores[k])

    coarse = k_candidates(max_k)
    total = len(coarse) + (AROUND_K if max_k > EVERY_K else 0)
    best = score(coarse)
    if best > EVERY_K:
        position = coarse.index(best)
        low, high = coarse[position - 1] + 1, (coarse[position + 1] if best < max_k else best + 1) - 1
        around = np.unique(np.linspace(low, high, AROUND_K).round().astype(int))
        best = score([int(k) for k in around if int(k) not in scores])
    return best, sorted(scores.items())
