"""Clusterings, their stability and parameter sweeps as stored results."""

from dataclasses import dataclass, field, replace
from typing import Any

from core import codec
from core.clusters.methods import MOST_K, ClusterParams, Clusters, Method, check, cluster
from core.clusters.resample import FEWER_RUNS, MANY_ROWS, RUNS, clusters_again
from core.clusters.stability import SHARE, Stability, stability
from core.clusters.sweep import SEEDS, Tried, sweep, sweep_values
from core.corpus.loaders import load_corpus
from core.results import Result, Step, Worker
from core.store import Stored, Workspace
from core.types import CorpusRef, ModelSpec, Progress
from core.vectors.communities import DEFAULT_LEVEL
from core.vectors.loaders import NEIGHBORS, ModelQuery, load_neighbors, load_vectors, neighbor_inputs

LEIDEN_SECONDS = 8e-5  # a row, all levels
K_MEANS_SECONDS = 1.2e-8  # a row, a dimension and a cluster
HDBSCAN_SECONDS = 7e-3  # a row, most of it for the five UMAP dimensions on one thread
EVOC_SECONDS = 2e-3  # a row
EVOC_COMPILE_SECONDS = 60.0
TRIED_K = 4  # what suggesting k takes, in k-means runs with the largest k


@dataclass(frozen=True)
class ClusterQuery:
    """A clustering of one model's vectors."""

    corpus: CorpusRef
    model: ModelSpec
    params: ClusterParams = field(default_factory=ClusterParams)

    @property
    def graph(self) -> Step:
        return Step(NEIGHBORS, ModelQuery(self.corpus, self.model))


@dataclass(frozen=True)
class SweepQuery:
    """Clusterings of one model's vectors by many settings of one method."""

    corpus: CorpusRef
    model: ModelSpec
    method: Method


def cluster_inputs(query: ClusterQuery) -> dict[str, object]:
    """What names a clustering, and what is computed from it; the levels of one hierarchy are stored together."""
    params = replace(query.params.named(), level=DEFAULT_LEVEL)
    return {**neighbor_inputs(query.model), "params": params, "clusters": CLUSTERS_VERSION}


def _cluster(query: ClusterQuery, progress: Progress) -> Clusters:
    where = (query.corpus,)
    vectors, graph = load_vectors(*where, query.model), load_neighbors(*where, query.model)
    return cluster(vectors, graph, load_corpus(*where).texts, query.params.named(), progress)


def _load_level(query: ClusterQuery, stored: Stored) -> Clusters:
    clusters: Clusters = codec.decode(Clusters, stored.facts, stored.arrays)
    params = query.params.named()
    check(params, len(clusters.labels))
    labels = clusters.labels if clusters.levels is None else clusters.levels[params.level]
    return replace(clusters, labels=labels, params=params)


def _cluster_seconds(query: ClusterQuery) -> float:
    rows, dimensions = _size(query.corpus, query.model)
    return _seconds(query.params, rows, dimensions)


def _seconds(params: ClusterParams, rows: int, dimensions: int) -> float:
    if params.method == "leiden":
        return rows * LEIDEN_SECONDS
    if params.method == "kmeans":
        return rows * dimensions * (params.k or TRIED_K * min(MOST_K, rows)) * K_MEANS_SECONDS
    return rows * HDBSCAN_SECONDS if params.method == "hdbscan" else EVOC_COMPILE_SECONDS + rows * EVOC_SECONDS


def _size(corpus: CorpusRef, model: ModelSpec) -> tuple[int, int]:
    info = Workspace(corpus.folder).info(corpus.digest)
    return info.rows if info else 0, model.dimensions or 384


def worker_of(method: Method) -> Worker:
    """Methods that numba compiles run on the worker that makes layouts."""
    return "layout" if method in ("hdbscan", "evoc") else "job"


def _measure_stability(query: ClusterQuery, progress: Progress) -> Stability:
    where = (query.corpus, query.model)
    clusters = CLUSTERS.get(query)
    settings = replace(clusters.params, k=int(clusters.facts.get("k") or 0))  # a suggested k stays what it was
    again, runs = clusters_again(load_vectors(*where), load_neighbors(*where), settings)
    return stability(clusters.labels, again, runs, settings.seed, progress)


def _stability_seconds(query: ClusterQuery) -> float:
    rows, dimensions = _size(query.corpus, query.model)
    runs = min(RUNS[query.params.method], FEWER_RUNS if rows > MANY_ROWS else max(RUNS.values()))
    return runs * _seconds(query.params, round(SHARE * rows), dimensions)


def _sweep(query: SweepQuery, progress: Progress) -> tuple[Tried, ...]:
    where = (query.corpus, query.model)
    return sweep(load_vectors(*where), load_neighbors(*where), query.method, progress)


def _sweep_seconds(query: SweepQuery) -> float:
    rows, dimensions = _size(query.corpus, query.model)
    values = sweep_values(query.method, rows)
    by_k = [ClusterParams(query.method, k=int(value)) for value in values]
    if query.method == "kmeans":
        return len(SEEDS) * sum(_seconds(params, rows, dimensions) for params in by_k)
    return len(SEEDS) * len(values) * _seconds(by_k[0], rows, dimensions)


CLUSTERS_VERSION = 2
CLUSTERS: Result[ClusterQuery, Clusters] = Result(
    "clusters",
    CLUSTERS_VERSION,
    ClusterQuery,
    Clusters,
    inputs=cluster_inputs,
    compute=_cluster,
    seconds=_cluster_seconds,
    requires=lambda query: (query.graph,),
    stage="Finding clusters",
    unit="steps",
    worker=lambda query: worker_of(query.params.method),
    from_stored=_load_level,
    absence="This clustering has not been made.",
    remedy="Start it on the Clusters page.",
)
CLUSTER_STABILITY: Result[ClusterQuery, Stability] = Result(
    "cluster_stability",
    2,
    ClusterQuery,
    Stability,
    inputs=lambda query: cluster_inputs(query) | {"params": query.params.named()},
    compute=_measure_stability,
    seconds=_stability_seconds,
    requires=lambda query: (Step(CLUSTERS, query),),
    stage="Clustering resamples",
    unit="resamples",
    worker=lambda query: worker_of(query.params.method),
)
CLUSTER_SWEEP: Result[SweepQuery, Any] = Result(
    "cluster_sweep",
    2,
    SweepQuery,
    tuple[Tried, ...],
    inputs=lambda query: {**neighbor_inputs(query.model), "method": query.method},
    compute=_sweep,
    seconds=_sweep_seconds,
    requires=lambda query: (Step(NEIGHBORS, ModelQuery(query.corpus, query.model)),),
    stage=lambda query: f"Trying settings of {query.method}",
    unit="clusterings",
    worker=lambda query: worker_of(query.method),
)
