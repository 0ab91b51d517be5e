"""Clusters as selections: saved by name, or temporarily by a click, and recognized by their key."""

from dataclasses import dataclass
from functools import lru_cache

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
    names, workspace = cluster_set(corpus, model, params).names, Workspace(corpus.folder)
    saved = saved_selections(workspace, corpus.digest)
    rows = _members(clustering(corpus, model, params).labels, label)
    key = selection_key(corpus.digest, rows)
    same = next((selection for selection in saved if selection.key == key), None)
    if same:
        return ClickedCluster(same, is_new=False)
    return ClickedCluster(
        save_selection(workspace, corpus.digest, _unique_name(names[label], saved), rows), is_new=True
    )


def cluster_of_selection(
    corpus: CorpusRef, model: ModelSpec, params: ClusterParams, key: str, rows: int
) -> tuple[int, int] | None:
    """(level, label) of the cluster with the rows of a selection, the finest of several; None where there is none.

    key, rows: of the selection."""
    return _cluster_of_key(corpus, model, params, key, rows)


def delete_clicked(corpus: CorpusRef, key: str, name: str) -> None:
    """Delete a selection saved by a click under a name, unless it was renamed meanwhile."""
    workspace = Workspace(corpus.folder)
    if any((selection.key, selection.name) == (key, name) for selection in saved_selections(workspace, corpus.digest)):
        delete_selection(workspace, corpus.digest, key)


@lru_cache(maxsize=32)
def _cluster_of_key(
    corpus: CorpusRef, model: ModelSpec, params: ClusterParams, key: str, rows: int
) -> tuple[int, int] | None:
    try:
        clusters = clustering(corpus, model, params)
    except StorageError:
        return None
    stack = clusters.labels[None] if clusters.levels is None else clusters.levels[: params.level + 1]
    for level in reversed(range(len(stack))):
        labels = stack[level]
        sizes = np.bincount(labels[labels >= 0])
        for label in np.flatnonzero(sizes == rows):
            if selection_key(corpus.digest, _members(labels, int(label))) == key:
                return level, int(label)
    return None


def _members(labels: np.ndarray, label: int) -> np.ndarray:
    return np.flatnonzero(labels == label).astype(np.int64)


def _unique_name(name: str, saved: tuple[SavedSelection, ...]) -> str:
    """The name, numbered where another selection has it (ignoring case)."""
    taken = {selection.name.casefold() for selection in saved}
    first = name.strip()[:MAX_NAME_LENGTH].strip() or "Cluster"
    number, free = 1, first
    while free.casefold() in taken:
        number += 1
        free = f"{first[: MAX_NAME_LENGTH - 6]} ({number})"
    return free


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
