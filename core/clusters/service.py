"""Questions of the Clusters page: is a clustering kept, what are its groups, how far can each be trusted."""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from core.clusters.methods import METHODS, ClusterParams, Clusters, Method
from core.clusters.names import cluster_names, distinctive_rows, edited_names, keywords, representative_rows
from core.clusters.results import (
    CLUSTER_KEYWORDS,
    CLUSTER_NAMES,
    CLUSTER_STABILITY,
    CLUSTER_SWEEP,
    CLUSTER_TRUST,
    CLUSTERS,
    ClusterQuery,
    SweepQuery,
    cluster_inputs,
)
from core.clusters.stability import best_jaccard
from core.clusters.sweep import SweepPoint
from core.clusters.validation import ClusterTrust, centers
from core.corpus.cells import short_cells
from core.corpus.loaders import load_corpus
from core.errors import InputError
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
    "group_values",
    "keywords",
]  # what other features use


@dataclass(frozen=True, eq=False)
class ClusterSet:
    """labels: (n,) int32, 0 is the largest cluster, -1 noise. names: one for each label. assigned: (n,) bool, noise put
    into the nearest cluster. levels: (levels, n) int32 of the hierarchy, None where there is none."""

    labels: np.ndarray
    names: tuple[str, ...]
    params: ClusterParams
    assigned: np.ndarray
    levels: np.ndarray | None
    facts: dict[str, Any] = field(default_factory=dict)


def default_clusters(corpus: CorpusRef, model: ModelSpec) -> ClusterSet:
    """The default clustering of a corpus under a model. Raises StorageError without vectors or a graph."""
    return cluster_set(corpus, model, ClusterParams())


def cluster_set(corpus: CorpusRef, model: ModelSpec, params: ClusterParams) -> ClusterSet:
    """A clustering with its names; a quick one (leiden) is made where it is not kept, else StorageError is raised."""
    clusters = clustering(corpus, model, params)
    names = list(keyword_names(corpus, model, params))
    for label, name in edited_names(Workspace(corpus.folder), corpus.digest, model, params).items():
        if 0 <= label < len(names):
            names[label] = name
    return ClusterSet(
        clusters.labels, tuple(names), clusters.params, clusters.assigned, clusters.levels, clusters.facts
    )


@lru_cache(maxsize=16)
def clustering(corpus: CorpusRef, model: ModelSpec, params: ClusterParams) -> Clusters:
    """The stored clusters; leiden's are made now where there are none. Raises StorageError."""
    query = ClusterQuery(CorpusRef(corpus.folder, corpus.digest), model, params)
    clusters = CLUSTERS.load(query)
    if clusters is None and params.method == "leiden":
        load_neighbors(corpus, model)  # never builds a graph in passing
        clusters = CLUSTERS.get_or_compute(query)
    return clusters or CLUSTERS.get(query)


@lru_cache(maxsize=16)
def keyword_names(corpus: CorpusRef, model: ModelSpec, params: ClusterParams) -> tuple[str, ...]:
    """Names by their words alone."""
    clustering(corpus, model, params)
    return tuple(CLUSTER_NAMES.get_or_compute(ClusterQuery(CorpusRef(corpus.folder, corpus.digest), model, params)))


def group_values(corpus: CorpusRef, model: ModelSpec, value: str) -> pd.Series:
    """Each row's group by name. value: the level, and after a point whatever tells names apart."""
    level = value.partition(".")[0]
    params = ClusterParams(level=int(level)) if level.isdecimal() else ClusterParams()
    clusters = cluster_set(corpus, model, params)
    return pd.Series(np.array([*clusters.names, None], dtype=object)[clusters.labels], dtype="str")


MIN_JACCARD = (
    0.5  # Jaccard from which another model's cluster counts as the same; below, Hennig (2007) calls one dissolved
)
MAX_TEXTS = 5
MAX_CANDIDATES = 200  # rows among which as many different texts are sought
CELL_LENGTH = 400


@dataclass(frozen=True, eq=False)
class ClusterOverview:
    """A clustering in figures. table: one row a cluster, the largest first, index labels. trust: over all rows.

    runs: resamples of the stability in the table, 0 where it was not measured; agreement: their mean adjusted mutual
    information. dbcv: of density methods, else NaN; looked: the rows it was measured on. models: other models looked
    at. counts: clusters on each level of the hierarchy, coarse to fine.
    """

    table: pd.DataFrame
    trust: ClusterTrust
    total: int
    assigned: int
    seconds: float
    k: int
    suggested: bool
    runs: int
    agreement: float
    dbcv: float
    dbcv_rows: int
    models: tuple[str, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class ClusterDetail:
    """One cluster: its words with class-based TF-IDF, most central and most typical texts (index: row ids), no two the
    same."""

    name: str
    rows: int
    keywords: tuple[tuple[str, float], ...]
    representative: pd.DataFrame
    distinctive: pd.DataFrame


def cluster_overview(corpus: CorpusRef, model: ModelSpec, params: ClusterParams) -> ClusterOverview:
    """All groups with their trust. Raises StorageError where the clustering is not kept and can't be made at once."""
    clusters = cluster_set(corpus, model, params)
    query = ClusterQuery(CorpusRef(corpus.folder, corpus.digest), model, params)
    trust, stability = CLUSTER_TRUST.get_or_compute(query), CLUSTER_STABILITY.load(query)
    table = _overview_table(clusters, trust, CLUSTER_KEYWORDS.get_or_compute(query))
    if stability:
        table["found"], table["jaccard"] = stability.recovered, stability.jaccard
    if len(clusters.facts.get("dbcv_clusters", ())) == len(table):
        table["dbcv"] = np.array(clusters.facts["dbcv_clusters"], dtype=np.float64)
    others = [other for other in Workspace(corpus.folder).models(corpus.digest) if other != model]
    existing = {other.label: _clusters_in_model(corpus, clusters, other) for other in others}
    models_found = [here for here in existing.values() if here is not None]
    if models_found:
        table["models"] = np.sum(models_found, axis=0)
    levels = clusters.levels if clusters.levels is not None else ()
    return ClusterOverview(
        table, trust, len(clusters.labels), int(clusters.assigned.sum()), float(clusters.facts.get("seconds", 0)),
        int(clusters.facts.get("k") or 0), bool(clusters.facts.get("suggested")), stability.runs if stability else 0,
        float(stability.agreement.mean()) if stability else float("nan"),
        float(clusters.facts.get("dbcv", "nan")), int(clusters.facts.get("dbcv_looked", 0)),
        tuple(name for name, here in existing.items() if here is not None),
        tuple(int(level.max(initial=-1)) + 1 for level in levels),
    )  # fmt: skip


def cluster_detail(corpus: CorpusRef, model: ModelSpec, params: ClusterParams, label: int) -> ClusterDetail:
    """One cluster's words and texts. Raises InputError where there is no such cluster."""
    clusters = cluster_set(corpus, model, params)
    if not 0 <= label < len(clusters.names):
        raise InputError(f"There is no group {label + 1:,} among {len(clusters.names):,}.", "Choose another.")
    rows, texts = load_vectors(corpus, model).rows, load_corpus(corpus).texts
    representative = _distinct_rows(texts, representative_rows(rows, clusters.labels, label, MAX_CANDIDATES))
    distinctive = _distinct_rows(
        texts, distinctive_rows(rows, clusters.labels, label, centers(rows, clusters.labels), MAX_CANDIDATES)
    )
    terms = CLUSTER_KEYWORDS.get_or_compute(ClusterQuery(CorpusRef(corpus.folder, corpus.digest), model, params))[label]
    size = int((clusters.labels == label).sum())
    return ClusterDetail(
        clusters.names[label], size, tuple(terms), _texts(texts, representative), _texts(texts, distinctive)
    )


def finished_sweeps(corpus: CorpusRef, model: ModelSpec) -> dict[Method, tuple[SweepPoint, ...]]:
    """The sweeps made so far, by method."""
    ref = CorpusRef(corpus.folder, corpus.digest)
    sweeps = {method: CLUSTER_SWEEP.load(SweepQuery(ref, model, method)) for method in METHODS}
    return {method: tried for method, tried in sweeps.items() if tried is not None}


def rows_table(corpus: CorpusRef, model: ModelSpec, params: ClusterParams) -> pd.DataFrame:
    """The whole corpus with each row's group: number from 1 (0: none), name, and whether it was put there from
    noise."""
    clusters, corpus_ = cluster_set(corpus, model, params), load_corpus(corpus)
    table = corpus_.table.copy(deep=False)
    names = np.array([*clusters.names, ""], dtype=object)
    table.insert(0, "group", clusters.labels + 1)
    table.insert(1, "group name", names[clusters.labels])
    if clusters.assigned.any():
        table.insert(2, "assigned from noise", clusters.assigned)
    return table


def _overview_table(clusters: ClusterSet, trust: ClusterTrust, terms: list[list[tuple[str, float]]]) -> pd.DataFrame:
    nearest = [clusters.names[other] if other >= 0 else "" for other in trust.nearest]
    return pd.DataFrame(
        {
            "name": list(clusters.names),
            "rows": trust.sizes,
            "share": trust.sizes / max(len(clusters.labels), 1),
            "words": [", ".join(word for word, _ in weighted) for weighted in terms],
            "cohesion": trust.cohesion,
            "silhouette": trust.silhouette,
            "inside": trust.purity,
            "nearest": nearest,
            "separation": trust.separation,
        }
    )


def _clusters_in_model(corpus: CorpusRef, clusters: ClusterSet, other: ModelSpec) -> np.ndarray | None:
    """(c,) bool: whether another model has a cluster with half of the joint rows in common; None where it has none."""
    others = CLUSTERS.load(ClusterQuery(CorpusRef(corpus.folder, corpus.digest), other, clusters.params))
    if others is None and clusters.params.method == "leiden" and len(clusters.labels) <= 50_000:
        others = clustering(corpus, other, clusters.params)
    if others is None:
        return None
    return np.nan_to_num(best_jaccard(clusters.labels, others.labels, len(clusters.names))) >= MIN_JACCARD


def _distinct_rows(texts: list[str], rows: np.ndarray) -> np.ndarray:
    """The first rows with texts of their own: five copies would tell no more than one."""
    first = {" ".join(texts[int(row)].split()).casefold(): int(row) for row in reversed(rows)}
    return np.array([row for row in rows.tolist() if row in set(first.values())][:MAX_TEXTS], dtype=np.int64)


def _texts(texts: list[str], rows: np.ndarray) -> pd.DataFrame:
    table = pd.DataFrame({"text": [texts[int(row)] for row in rows]}, index=rows)
    return short_cells(table, CELL_LENGTH)[0]
