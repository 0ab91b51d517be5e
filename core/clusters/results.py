"""Stored results: clusterings, their names, keywords and quality, their stability, and parameter sweeps."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from core import codec
from core.clusters.methods import MAX_K, ClusterParams, Clusters, Method, check, cluster
from core.clusters.names import cluster_names, keywords
from core.clusters.stability import (
    LEVEL_RUNS,
    SAMPLE_SHARE,
    LevelStability,
    Stability,
    level_stability,
    resample_runs,
    resampler,
    stability,
)
from core.clusters.sweep import SEEDS, SweepPoint, sweep, sweep_values
from core.clusters.validation import PURITY_K, ClusterTrust, cluster_trust
from core.corpus.loaders import load_corpus
from core.corpus.terms import load_terms
from core.results import Result, Step, Worker
from core.store import Stored, Workspace
from core.types import CorpusRef, ModelSpec, Progress
from core.vectors.communities import DEFAULT_LEVEL
from core.vectors.loaders import NEIGHBORS, ModelQuery, load_neighbors, load_vectors, neighbor_inputs

LEIDEN_SECONDS = 8e-5  # per row, all levels
K_MEANS_SECONDS = 1.2e-8  # per row, dimension and cluster
HDBSCAN_SECONDS = 7e-3  # per row, most of it for the five UMAP dimensions on one thread
EVOC_SECONDS = 2e-3  # per row
EVOC_COMPILE_SECONDS = 60.0
SUGGEST_K_RUNS = 8  # what suggesting k takes, in k-means runs with the largest k
NAME_SECONDS, KEYWORD_SECONDS, TRUST_SECONDS = 1e-5, 2e-5, 5e-5  # per row
CLUSTERS_VERSION = 3
Keywords = list[list[tuple[str, float]]]


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
    """Inputs of a clustering and of what is computed from it; the levels of one hierarchy are stored together."""
    params = replace(query.params.canonical(), level=DEFAULT_LEVEL)
    return {**neighbor_inputs(query.model), "params": params, "clusters": CLUSTERS_VERSION}


def level_inputs(query: ClusterQuery) -> dict[str, object]:
    """Inputs of what describes one level's clusters."""
    return cluster_inputs(query) | {"level": query.params.canonical().level}


def worker_of(method: Method) -> Worker:
    """Methods compiled by numba run on the worker that computes layouts."""
    return "layout" if method in ("hdbscan", "evoc") else "job"


def _cluster(query: ClusterQuery, progress: Progress) -> Clusters:
    vectors, graph = load_vectors(query.corpus, query.model), load_neighbors(query.corpus, query.model)
    return cluster(vectors, graph, load_corpus(query.corpus).texts, query.params.canonical(), progress)


def _load_level(query: ClusterQuery, stored: Stored) -> Clusters:
    clusters: Clusters = codec.decode(Clusters, stored.facts, stored.arrays)
    params = query.params.canonical()
    check(params, len(clusters.labels))
    labels = clusters.labels if clusters.levels is None else clusters.levels[params.level]
    return replace(clusters, labels=labels, params=params)


def _seconds(params: ClusterParams, rows: int, dimensions: int) -> float:
    if params.method == "leiden":
        return rows * LEIDEN_SECONDS
    if params.method == "kmeans":
        return rows * dimensions * (params.k or SUGGEST_K_RUNS * min(MAX_K, rows)) * K_MEANS_SECONDS
    return rows * HDBSCAN_SECONDS if params.method == "hdbscan" else EVOC_COMPILE_SECONDS + rows * EVOC_SECONDS


def _size(corpus: CorpusRef, model: ModelSpec) -> tuple[int, int]:
    """Rows and dimensions."""
    info = Workspace(corpus.folder).info(corpus.digest)
    return info.rows if info else 0, model.dimensions or 384


def _measure_stability(query: ClusterQuery, progress: Progress) -> Stability:
    vectors, graph = load_vectors(query.corpus, query.model), load_neighbors(query.corpus, query.model)
    clusters = CLUSTERS.get(query)
    settings = replace(clusters.params, k=int(clusters.facts.get("k") or 0))  # a suggested k is not suggested again
    recluster, runs = resampler(vectors, graph, settings)
    return stability(clusters.labels, recluster, runs, settings.seed, progress)


def level_query(query: ClusterQuery) -> ClusterQuery:
    """The Leiden clustering that tells whether there are stable clusters, whatever method is shown."""
    return ClusterQuery(query.corpus, query.model, ClusterParams())


def _measure_levels(query: ClusterQuery, progress: Progress) -> LevelStability:
    clusters = CLUSTERS.get(query)
    levels = clusters.labels[None] if clusters.levels is None else clusters.levels
    return level_stability(levels, load_neighbors(query.corpus, query.model), clusters.params.seed, progress)


def _stability_seconds(query: ClusterQuery) -> float:
    rows, dimensions = _size(query.corpus, query.model)
    return resample_runs(query.params.method, rows) * _seconds(query.params, round(SAMPLE_SHARE * rows), dimensions)


def _sweep(query: SweepQuery, progress: Progress) -> tuple[SweepPoint, ...]:
    vectors, graph = load_vectors(query.corpus, query.model), load_neighbors(query.corpus, query.model)
    return sweep(vectors, graph, query.method, progress)


def _sweep_seconds(query: SweepQuery) -> float:
    rows, dimensions = _size(query.corpus, query.model)
    settings = [ClusterParams(query.method, k=int(value)) for value in sweep_values(query.method, rows)]
    return len(SEEDS) * sum(_seconds(params, rows, dimensions) for params in settings)


def _name(query: ClusterQuery, progress: Progress) -> list[str]:
    labels, texts = CLUSTERS.get(query).labels, load_corpus(query.corpus).texts
    return list(cluster_names(labels, *load_terms(query.corpus), texts))


def _extract_keywords(query: ClusterQuery, progress: Progress) -> Keywords:
    return keywords(CLUSTERS.get(query).labels, *load_terms(query.corpus))


def _measure_trust(query: ClusterQuery, progress: Progress) -> ClusterTrust:
    ids = np.asarray(load_neighbors(query.corpus, query.model).ids[:, :PURITY_K])
    return cluster_trust(load_vectors(query.corpus, query.model).rows, ids, CLUSTERS.get(query).labels)


def _name_steps(query: ClusterQuery) -> tuple[Step, ...]:
    """The names of this level and of the coarser ones."""
    levels = range(query.params.level + 1) if query.params.method == "leiden" else [query.params.level]
    params = [replace(query.params, level=level) for level in levels]
    return tuple(Step(CLUSTER_NAMES, replace(query, params=item)) for item in params)


def _after_clusters(query: ClusterQuery) -> tuple[Step, ...]:
    return (Step(CLUSTERS, query),)


def _per_row(seconds: float) -> Callable[[ClusterQuery], float]:
    return lambda query: seconds * _size(query.corpus, query.model)[0]


CLUSTERS: Result[ClusterQuery, Clusters] = Result(
    "clusters", CLUSTERS_VERSION, ClusterQuery, Clusters, cluster_inputs, _cluster,
    seconds=lambda query: _seconds(query.params, *_size(query.corpus, query.model)),
    requires=lambda query: (query.graph,), stage="Finding clusters", unit="steps",
    worker=lambda query: worker_of(query.params.method), from_stored=_load_level,
    absence="This clustering has not been computed.", remedy="Start it on the Clusters page.",
)  # fmt: skip
CLUSTER_STABILITY: Result[ClusterQuery, Stability] = Result(
    "cluster_stability", 3, ClusterQuery, Stability,
    inputs=lambda query: cluster_inputs(query) | {"params": query.params.canonical()},
    compute=_measure_stability, seconds=_stability_seconds, requires=_after_clusters,
    stage="Clustering resamples", unit="resamples", worker=lambda query: worker_of(query.params.method),
)  # fmt: skip
CLUSTER_LEVELS: Result[ClusterQuery, LevelStability] = Result(
    "cluster_levels", 2, ClusterQuery, LevelStability, cluster_inputs, _measure_levels,
    seconds=lambda query: LEVEL_RUNS * SAMPLE_SHARE * _seconds(query.params, *_size(query.corpus, query.model)),
    requires=_after_clusters, stage="Comparing resolutions", unit="resamples",
)  # fmt: skip
CLUSTER_SWEEP: Result[SweepQuery, Any] = Result(
    "cluster_sweep", 2, SweepQuery, tuple[SweepPoint, ...],
    inputs=lambda query: {**neighbor_inputs(query.model), "method": query.method},
    compute=_sweep, seconds=_sweep_seconds,
    requires=lambda query: (Step(NEIGHBORS, ModelQuery(query.corpus, query.model)),),
    stage=lambda query: f"Parameter sweep of {query.method}", unit="clusterings",
    worker=lambda query: worker_of(query.method),
)  # fmt: skip
CLUSTER_NAMES = Result(
    "cluster_keyword_names", 1, ClusterQuery, list[str], level_inputs, _name,
    seconds=_per_row(NAME_SECONDS), requires=_after_clusters, stage="Naming clusters",
)  # fmt: skip
CLUSTER_KEYWORDS = Result(
    "cluster_keywords", 1, ClusterQuery, Keywords, level_inputs, _extract_keywords,
    seconds=_per_row(KEYWORD_SECONDS), requires=_after_clusters, stage="Extracting keywords",
)  # fmt: skip
CLUSTER_TRUST = Result(
    "cluster_trust", 4, ClusterQuery, ClusterTrust, level_inputs, _measure_trust,
    seconds=_per_row(TRUST_SECONDS),
    # requires all that the Clusters page shows with it, so that one job stores all of that
    requires=lambda query: (
        *_after_clusters(query), Step(CLUSTER_LEVELS, level_query(query)), *_name_steps(query),
        Step(CLUSTER_KEYWORDS, query),
    ),
    stage="Measuring cluster quality",
)  # fmt: skip
