"""Clusterings, their stability and parameter sweeps as stored results."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from core import codec
from core.clusters.methods import MAX_K, ClusterParams, Clusters, Method, check, cluster
from core.clusters.names import cluster_names, keywords
from core.clusters.stability import FEWER_RUNS, MANY_ROWS, RUNS, SAMPLE_SHARE, Stability, resampler, stability
from core.clusters.sweep import SEEDS, SweepPoint, sweep, sweep_values
from core.clusters.validation import ClusterTrust, cluster_trust
from core.corpus.loaders import load_corpus
from core.corpus.terms import load_terms
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
    params = replace(query.params.canonical(), level=DEFAULT_LEVEL)
    return {**neighbor_inputs(query.model), "params": params, "clusters": CLUSTERS_VERSION}


def _cluster(query: ClusterQuery, progress: Progress) -> Clusters:
    where = (query.corpus,)
    vectors, graph = load_vectors(*where, query.model), load_neighbors(*where, query.model)
    return cluster(vectors, graph, load_corpus(*where).texts, query.params.canonical(), progress)


def _load_level(query: ClusterQuery, stored: Stored) -> Clusters:
    clusters: Clusters = codec.decode(Clusters, stored.facts, stored.arrays)
    params = query.params.canonical()
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
        return rows * dimensions * (params.k or TRIED_K * min(MAX_K, rows)) * K_MEANS_SECONDS
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
    again, runs = resampler(load_vectors(*where), load_neighbors(*where), settings)
    return stability(clusters.labels, again, runs, settings.seed, progress)


def _stability_seconds(query: ClusterQuery) -> float:
    rows, dimensions = _size(query.corpus, query.model)
    runs = min(RUNS[query.params.method], FEWER_RUNS if rows > MANY_ROWS else max(RUNS.values()))
    return runs * _seconds(query.params, round(SAMPLE_SHARE * rows), dimensions)


def _sweep(query: SweepQuery, progress: Progress) -> tuple[SweepPoint, ...]:
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
    inputs=lambda query: cluster_inputs(query) | {"params": query.params.canonical()},
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
    tuple[SweepPoint, ...],
    inputs=lambda query: {**neighbor_inputs(query.model), "method": query.method},
    compute=_sweep,
    seconds=_sweep_seconds,
    requires=lambda query: (Step(NEIGHBORS, ModelQuery(query.corpus, query.model)),),
    stage=lambda query: f"Trying settings of {query.method}",
    unit="clusterings",
    worker=lambda query: worker_of(query.method),
)


Keywords = list[list[tuple[str, float]]]
NAME_SECONDS = 1e-5  # a row
KEYWORD_SECONDS = 2e-5
TRUST_SECONDS = 5e-5


def level_inputs(query: ClusterQuery) -> dict[str, object]:
    """What names a description of one level's clusters."""
    return cluster_inputs(query) | {"level": query.params.canonical().level}


def _name(query: ClusterQuery, progress: Progress) -> list[str]:
    where = (query.corpus,)
    return list(cluster_names(CLUSTERS.get(query).labels, *load_terms(*where), load_corpus(*where).texts))


def _weigh_keywords(query: ClusterQuery, progress: Progress) -> Keywords:
    return keywords(CLUSTERS.get(query).labels, *load_terms(query.corpus))


def _measure_trust(query: ClusterQuery, progress: Progress) -> ClusterTrust:
    where = (query.corpus, query.model)
    ids = load_neighbors(*where).ids[:, :15]
    return cluster_trust(load_vectors(*where).rows, np.asarray(ids), CLUSTERS.get(query).labels)


def _rows(query: ClusterQuery) -> int:
    info = Workspace(query.corpus.folder).info(query.corpus.digest)
    return info.rows if info else 0


def _names_up_to(query: ClusterQuery) -> tuple[Step, ...]:
    """The names of this level and of the coarser ones above it."""
    if query.params.method != "leiden":
        return (Step(CLUSTER_NAMES, query),)
    levels = (replace(query.params, level=level) for level in range(query.params.level + 1))
    return tuple(Step(CLUSTER_NAMES, replace(query, params=params)) for params in levels)


CLUSTER_NAMES = Result(
    "cluster_keyword_names",
    1,
    ClusterQuery,
    list[str],
    inputs=level_inputs,
    compute=_name,
    seconds=lambda query: _rows(query) * NAME_SECONDS,
    requires=lambda query: (Step(CLUSTERS, query),),
    stage="Naming clusters",
)
CLUSTER_KEYWORDS = Result(
    "cluster_keywords",
    1,
    ClusterQuery,
    Keywords,
    inputs=level_inputs,
    compute=_weigh_keywords,
    seconds=lambda query: _rows(query) * KEYWORD_SECONDS,
    requires=lambda query: (Step(CLUSTERS, query),),
    stage="Extracting keywords",
)
CLUSTER_TRUST = Result(
    "cluster_trust",
    2,
    ClusterQuery,
    ClusterTrust,
    inputs=level_inputs,
    compute=_measure_trust,
    seconds=lambda query: _rows(query) * TRUST_SECONDS,
    # what the Clusters page shows with it is required, so that one job stores all of that
    requires=lambda query: (Step(CLUSTERS, query), *_names_up_to(query), Step(CLUSTER_KEYWORDS, query)),
    stage="Measuring cluster quality",
)
