"""What describes the clusters of one level as stored results: their names and keywords, and how far to trust each."""

from dataclasses import replace

import numpy as np

from core.clusters.names import cluster_names, keywords
from core.clusters.results import CLUSTERS, ClusterQuery, cluster_inputs
from core.clusters.validation import ClusterTrust, cluster_trust
from core.corpus.loaders import load_corpus
from core.corpus.terms import load_terms
from core.results import Result, Step
from core.store import Workspace
from core.types import Progress
from core.vectors.loaders import load_neighbors, load_vectors

Keywords = list[list[tuple[str, float]]]
NAME_SECONDS = 1e-5  # a row
KEYWORD_SECONDS = 2e-5
TRUST_SECONDS = 5e-5


def level_inputs(query: ClusterQuery) -> dict[str, object]:
    """What names a description of one level's clusters."""
    return cluster_inputs(query) | {"level": query.params.named().level}


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
