"""Questions about clusters: which there are, what they are called."""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from core.clusters.descriptions import CLUSTER_NAMES
from core.clusters.edited_names import edited_names
from core.clusters.methods import ClusterParams, Clusters
from core.clusters.results import CLUSTERS, ClusterQuery
from core.store import Workspace
from core.types import CorpusRef, ModelSpec
from core.vectors.loaders import load_neighbors


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
    found = clustering(corpus, model, params)
    names = list(own_names(corpus, model, params))
    for label, name in edited_names(Workspace(corpus.folder), corpus.digest, model, params).items():
        if 0 <= label < len(names):
            names[label] = name
    return ClusterSet(found.labels, tuple(names), found.params, found.assigned, found.levels, found.facts)


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
def own_names(corpus: CorpusRef, model: ModelSpec, params: ClusterParams) -> tuple[str, ...]:
    """Names by their words alone."""
    clustering(corpus, model, params)
    return tuple(CLUSTER_NAMES.get_or_compute(ClusterQuery(CorpusRef(corpus.folder, corpus.digest), model, params)))


def group_values(corpus: CorpusRef, model: ModelSpec, value: str) -> pd.Series:
    """Each row's group by name. value: the level, and after a point whatever tells names apart."""
    level = value.partition(".")[0]
    params = ClusterParams(level=int(level)) if level.isdecimal() else ClusterParams()
    found = cluster_set(corpus, model, params)
    return pd.Series(np.array([*found.names, None], dtype=object)[found.labels], dtype="str")
