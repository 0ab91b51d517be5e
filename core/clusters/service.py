"""What pages and other features ask about clusters: the clustering with its names, and an overview of its quality."""

from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from core.clusters.methods import METHODS, ClusterParams, Clusters, Method
from core.clusters.names import cluster_names, distinctive_rows, edited_names, keywords, representative_rows
from core.clusters.results import (
    CLUSTER_KEYWORDS,
    CLUSTER_LEVELS,
    CLUSTER_NAMES,
    CLUSTER_STABILITY,
    CLUSTER_SWEEP,
    CLUSTER_TRUST,
    CLUSTERS,
    ClusterQuery,
    SweepQuery,
    cluster_inputs,
    level_query,
)
from core.clusters.stability import LevelStability, best_jaccard
from core.clusters.sweep import SweepPoint
from core.clusters.validation import ClusterTrust, centers
from core.corpus.export import free_name, short_cells
from core.corpus.loaders import load_corpus
from core.errors import InputError, StorageError
from core.store import Workspace
from core.types import CorpusRef, ModelSpec
from core.vectors.loaders import load_neighbors, load_vectors

__all__ = [
    "CLUSTERS",
    "ClusterParams",
    "ClusterQuery",
    "ClusterSet",
    "cluster_inputs",
    "cluster_names",
    "cluster_set",
    "clustering",
    "default_clusters",
    "default_params",
    "group_values",
    "keywords",
]  # what other features use
MIN_JACCARD = 0.5  # of the same cluster in another model; below, Hennig (2007) calls a cluster dissolved
MAX_TEXTS = 5  # representative texts of a cluster
MAX_CANDIDATES = 200  # rows among which as many different texts are searched
CELL_LENGTH = 400
MAX_INLINE_ROWS = 50_000  # up to which Leiden clusters of other models are computed for comparison


@dataclass(frozen=True, eq=False)
class ClusterSet:
    """labels: (n,) int32, 0 is the largest cluster, -1 noise. names: one for each label. assigned: (n,) bool, noise
    assigned to the nearest cluster. levels: (levels, n) int32 of the hierarchy, None where there is none."""

    labels: np.ndarray
    names: tuple[str, ...]
    params: ClusterParams
    assigned: np.ndarray
    levels: np.ndarray | None
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class ClusterOverview:
    """A clustering in figures. table: one row per cluster, the largest first, index labels. trust: over all rows.

    runs: resamples of the stability in the table, 0 where it was not measured. dbcv: of density methods, else NaN;
    dbcv_rows: rows it was measured on. models: labels of the other models that were compared; not_compared: of those
    without clusters of this kind yet.
    """

    table: pd.DataFrame
    trust: ClusterTrust
    total: int
    assigned: int
    seconds: float
    k: int
    suggested: bool
    runs: int
    dbcv: float
    dbcv_rows: int
    models: tuple[str, ...]
    not_compared: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class ClusterDetail:
    """One cluster: keywords with class-based TF-IDF, and its most representative and most distinctive texts (index:
    row ids), no two the same."""

    name: str
    rows: int
    keywords: tuple[tuple[str, float], ...]
    representative: pd.DataFrame
    distinctive: pd.DataFrame


def default_clusters(corpus: CorpusRef, model: ModelSpec) -> ClusterSet:
    """The default clustering of a corpus under a model. Raises StorageError without vectors or a graph."""
    return cluster_set(corpus, model, default_params(corpus, model))


def default_params(corpus: CorpusRef, model: ModelSpec) -> ClusterParams:
    """Leiden at the resolution that `LevelStability.level` selects; at the medium one until stability is measured."""
    measured = stored_stability(corpus, model)
    return ClusterParams(level=measured.level) if measured else ClusterParams()


def cluster_set(corpus: CorpusRef, model: ModelSpec, params: ClusterParams) -> ClusterSet:
    """A clustering with its names. Leiden is computed where it is not stored; else StorageError is raised."""
    clusters = clustering(corpus, model, params)
    names = list(keyword_names(corpus, model, params))
    for label, name in edited_names(Workspace(corpus.folder), corpus.digest, model, params).items():
        if 0 <= label < len(names):
            names[label] = name
    values = (clusters.params, clusters.assigned, clusters.levels, clusters.facts)
    return ClusterSet(clusters.labels, tuple(names), *values)


@lru_cache(maxsize=16)
def clustering(corpus: CorpusRef, model: ModelSpec, params: ClusterParams) -> Clusters:
    """The stored clusters; Leiden's are computed where there are none. Raises StorageError."""
    query = ClusterQuery(corpus, model, params)
    clusters = CLUSTERS.load(query)
    if clusters is None and params.method == "leiden":
        load_neighbors(corpus, model)  # raises where there is no graph: building one takes long
        clusters = CLUSTERS.get_or_compute(query)
    return clusters or CLUSTERS.get(query)


@lru_cache(maxsize=16)
def keyword_names(corpus: CorpusRef, model: ModelSpec, params: ClusterParams) -> tuple[str, ...]:
    """Names from keywords, without edits."""
    clustering(corpus, model, params)
    return tuple(CLUSTER_NAMES.get_or_compute(ClusterQuery(corpus, model, params)))


def group_values(corpus: CorpusRef, model: ModelSpec, value: str) -> pd.Series:
    """The name of each row's cluster. value: the level, optionally followed by a dot and anything that changes with
    the names."""
    level = value.partition(".")[0]
    clusters = cluster_set(corpus, model, ClusterParams(level=int(level)) if level.isdecimal() else ClusterParams())
    return pd.Series(np.array([*clusters.names, None], dtype=object)[clusters.labels], dtype="str")


def cluster_overview(corpus: CorpusRef, model: ModelSpec, params: ClusterParams) -> ClusterOverview:
    """All clusters with their quality. Raises StorageError where the clustering is missing and takes long."""
    clusters, query = cluster_set(corpus, model, params), ClusterQuery(corpus, model, params)
    facts, trust, stability = clusters.facts, CLUSTER_TRUST.get_or_compute(query), CLUSTER_STABILITY.load(query)
    table = _overview_table(clusters, trust, CLUSTER_KEYWORDS.get_or_compute(query))
    if stability:
        table["recovered"], table["jaccard"] = stability.recovered, stability.jaccard
    if len(facts.get("dbcv_clusters", ())) == len(table):
        table["dbcv"] = np.array(facts["dbcv_clusters"], dtype=np.float64)
    models = [other for other in Workspace(corpus.folder).models(corpus.digest) if other != model]
    matches = {other.label: _clusters_in_model(corpus, clusters, other) for other in models}
    compared = {name: match for name, match in matches.items() if match is not None}
    if compared:
        table["models"] = np.sum(list(compared.values()), axis=0)
    return ClusterOverview(
        table=table,
        trust=trust,
        total=len(clusters.labels),
        assigned=int(clusters.assigned.sum()),
        seconds=float(facts.get("seconds", 0)),
        k=int(facts.get("k") or 0),
        suggested=bool(facts.get("suggested")),
        runs=stability.runs if stability else 0,
        dbcv=float(facts.get("dbcv", "nan")),
        dbcv_rows=int(facts.get("dbcv_looked", 0)),
        models=tuple(compared),
        not_compared=tuple(name for name in matches if name not in compared),
    )


def cluster_detail(corpus: CorpusRef, model: ModelSpec, params: ClusterParams, label: int) -> ClusterDetail:
    """One cluster's keywords and texts. Raises InputError where there is no such cluster."""
    clusters = cluster_set(corpus, model, params)
    if not 0 <= label < len(clusters.names):
        raise InputError(f"There is no cluster {label + 1:,}; there are {len(clusters.names):,}.", "Select another.")
    rows, labels, texts = load_vectors(corpus, model).rows, clusters.labels, load_corpus(corpus).texts
    representative = representative_rows(rows, labels, label, MAX_CANDIDATES)
    distinctive = distinctive_rows(rows, labels, label, centers(rows, labels), MAX_CANDIDATES)
    terms = tuple(CLUSTER_KEYWORDS.get_or_compute(ClusterQuery(corpus, model, params))[label])
    tables = (_distinct_texts(texts, representative), _distinct_texts(texts, distinctive))
    return ClusterDetail(clusters.names[label], int((labels == label).sum()), terms, *tables)


def stored_stability(corpus: CorpusRef, model: ModelSpec) -> LevelStability | None:
    """How stable the default hierarchy's levels are, None where that was not measured."""
    return CLUSTER_LEVELS.load(level_query(ClusterQuery(corpus, model)))


def finished_sweeps(corpus: CorpusRef, model: ModelSpec) -> dict[Method, tuple[SweepPoint, ...]]:
    """The stored sweeps by method."""
    sweeps = {method: CLUSTER_SWEEP.load(SweepQuery(corpus, model, method)) for method in METHODS}
    return {method: points for method, points in sweeps.items() if points is not None}


def rows_table(corpus: CorpusRef, model: ModelSpec, params: ClusterParams) -> pd.DataFrame:
    """The corpus table with each row's cluster: number from 1 (0: none), name, and whether it was assigned from
    noise."""
    clusters, table = cluster_set(corpus, model, params), load_corpus(corpus).table.copy(deep=False)
    table.insert(0, free_name(table, "cluster"), clusters.labels + 1)
    table.insert(1, free_name(table, "cluster name"), np.array([*clusters.names, ""], dtype=object)[clusters.labels])
    if clusters.assigned.any():
        table.insert(2, free_name(table, "assigned from noise"), clusters.assigned)
    return table


def _overview_table(clusters: ClusterSet, trust: ClusterTrust, terms: list[list[tuple[str, float]]]) -> pd.DataFrame:
    sizes = {"rows": trust.sizes, "share": trust.sizes / max(len(clusters.labels), 1)}
    keyword_cells = [", ".join(term for term, _ in weighted) for weighted in terms]
    quality = {"cohesion": trust.cohesion, "silhouette": trust.silhouette, "purity": trust.purity}
    nearest = [clusters.names[other] if other >= 0 else "" for other in trust.nearest]
    columns = {"name": list(clusters.names), **sizes, "keywords": keyword_cells, **quality, "nearest": nearest}
    return pd.DataFrame(columns | {"separation": trust.separation})


def _clusters_in_model(corpus: CorpusRef, clusters: ClusterSet, other: ModelSpec) -> np.ndarray | None:
    """(c,) bool: whether another model has a cluster with half of the joint rows in common; None without clusters."""
    others = CLUSTERS.load(ClusterQuery(corpus, other, clusters.params))
    if others is None and clusters.params.method == "leiden" and len(clusters.labels) <= MAX_INLINE_ROWS:
        with suppress(StorageError):  # a model may have vectors and no neighbor graph yet
            others = clustering(corpus, other, clusters.params)
    if others is None:
        return None
    return np.nan_to_num(best_jaccard(clusters.labels, others.labels, len(clusters.names))) >= MIN_JACCARD


def _distinct_texts(texts: list[str], rows: np.ndarray) -> pd.DataFrame:
    """The texts of the first rows that differ in more than case and spaces."""
    first = {" ".join(texts[int(row)].split()).casefold(): int(row) for row in reversed(rows)}
    distinct = [row for row in rows.tolist() if row in set(first.values())][:MAX_TEXTS]
    return short_cells(pd.DataFrame({"text": [texts[row] for row in distinct]}, index=distinct), CELL_LENGTH)[0]
