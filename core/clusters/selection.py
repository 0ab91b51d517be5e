"""Clusters as selections: saved by name, or temporarily by a click, and recognized by their key."""

from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, count

import numpy as np

from core.clusters.methods import ClusterParams
from core.clusters.service import cluster_set, clustering
from core.corpus.selections import (
    MAX_NAME_LENGTH,
    SavedSelection,
    delete_selection,
    save_selection,
    saved_selections,
    selection_key,
)
from core.errors import StorageError
from core.store import Workspace
from core.types import CorpusRef, ModelSpec


@dataclass(frozen=True)
class ClickedCluster:
    """saved: the rows as a saved selection. is_new: it was saved by this click, so it is deleted when deselected."""

    saved: SavedSelection
    is_new: bool


def save_clicked(corpus: CorpusRef, model: ModelSpec, params: ClusterParams, label: int) -> ClickedCluster:
    """Save the rows of a cluster as a selection with the cluster's name, numbered where that name is taken; an existing
    selection of these rows is returned as it is. Raises StorageError."""
    saved = saved_selections(Workspace(corpus.folder), corpus.digest)
    name = _unique_name(cluster_set(corpus, model, params).names[label], saved)
    selection = save_cluster_selection(corpus, model, params, (label,), name)
    return ClickedCluster(selection, is_new=all(selection.key != other.key for other in saved))


def delete_clicked(corpus: CorpusRef, key: str, name: str) -> None:
    """Delete a selection saved by a click under a name, unless it was renamed meanwhile."""
    workspace = Workspace(corpus.folder)
    if any((selection.key, selection.name) == (key, name) for selection in saved_selections(workspace, corpus.digest)):
        delete_selection(workspace, corpus.digest, key)


@lru_cache(maxsize=32)
def cluster_of_selection(
    corpus: CorpusRef, model: ModelSpec, params: ClusterParams, key: str, rows: int
) -> tuple[int, int] | None:
    """(level, label) of the cluster with the rows of a selection, the finest of several; None where there is none.

    key, rows: of the selection."""
    try:
        clusters = clustering(corpus, model, params)
    except StorageError:
        return None
    stack = clusters.labels[None] if clusters.levels is None else clusters.levels[: params.level + 1]
    for level in reversed(range(len(stack))):
        labels = stack[level]
        sizes = np.bincount(labels[labels >= 0])
        for label in np.flatnonzero(sizes == rows):
            if selection_key(corpus.digest, np.flatnonzero(labels == label).astype(np.int64)) == key:
                return level, int(label)
    return None


def _unique_name(name: str, saved: tuple[SavedSelection, ...]) -> str:
    """The name, numbered where another selection has it (ignoring case)."""
    taken = {selection.name.casefold() for selection in saved}
    first = name.strip()[:MAX_NAME_LENGTH].strip() or "Cluster"
    numbered = (f"{first[: MAX_NAME_LENGTH - 6]} ({number})" for number in count(2))
    return next(name for name in chain([first], numbered) if name.casefold() not in taken)


def save_cluster_selection(
    corpus: CorpusRef, model: ModelSpec, params: ClusterParams, labels: tuple[int, ...], name: str
) -> SavedSelection:
    """Save the rows of some clusters as a selection; an existing selection of these rows is returned as it is.

    Raises InputError for a bad or taken name.
    """
    clusters, workspace = clustering(corpus, model, params), Workspace(corpus.folder)
    rows = np.flatnonzero(np.isin(clusters.labels, labels)).astype(np.int64)
    key = selection_key(corpus.digest, rows)
    same = next((selection for selection in saved_selections(workspace, corpus.digest) if selection.key == key), None)
    return same or save_selection(workspace, corpus.digest, name, rows)
