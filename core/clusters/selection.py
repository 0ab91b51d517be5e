"""A group whose rows are selected on every page by one click: kept while it is selected, and found again by its key."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from core.clusters.cluster_set import cluster_set, clustering
from core.clusters.methods import ClusterParams
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
class Clicked:
    """saved: the rows as a kept selection. new: it was kept by this click, not by a person before."""

    saved: SavedSelection
    new: bool


def select_cluster(corpus: CorpusRef, model: ModelSpec, params: ClusterParams, label: int) -> Clicked:
    """The rows of a cluster kept as a selection under the cluster's name, numbered where that name is taken; one that
    has these rows already stays as it is. Raises StorageError."""
    names, workspace = cluster_set(corpus, model, params).names, Workspace(corpus.folder)
    kept = saved_selections(workspace, corpus.digest)
    rows = _members(clustering(corpus, model, params).labels, label)
    key = selection_key(corpus.digest, rows)
    same = next((each for each in kept if each.key == key), None)
    if same:
        return Clicked(same, new=False)
    return Clicked(save_selection(workspace, corpus.digest, _free(names[label], kept), rows), new=True)


def selected_cluster(
    corpus: CorpusRef, model: ModelSpec, params: ClusterParams, key: str, rows: int
) -> tuple[int, int] | None:
    """(level, label) of the cluster that a selection of so many rows is, the finest of several that are; None where it
    is none of this hierarchy."""
    return _found(corpus, model, params, key, rows)


def forget(corpus: CorpusRef, key: str, name: str) -> None:
    """Delete a selection that a click kept under a name, unless it was renamed meanwhile."""
    workspace = Workspace(corpus.folder)
    if any((selection.key, selection.name) == (key, name) for selection in saved_selections(workspace, corpus.digest)):
        delete_selection(workspace, corpus.digest, key)


@lru_cache(maxsize=32)
def _found(corpus: CorpusRef, model: ModelSpec, params: ClusterParams, key: str, rows: int) -> tuple[int, int] | None:
    try:
        found = clustering(corpus, model, params)
    except StorageError:
        return None
    stack = found.labels[None] if found.levels is None else found.levels[: params.level + 1]
    for level in reversed(range(len(stack))):
        labels = stack[level]
        sizes = np.bincount(labels[labels >= 0])
        for label in np.flatnonzero(sizes == rows):
            if selection_key(corpus.digest, _members(labels, int(label))) == key:
                return level, int(label)
    return None


def _members(labels: np.ndarray, label: int) -> np.ndarray:
    return np.flatnonzero(labels == label).astype(np.int64)


def _free(name: str, kept: tuple[SavedSelection, ...]) -> str:
    """The name, with a number where another selection has it in any case."""
    taken = {each.name.casefold() for each in kept}
    first = name.strip()[:MAX_NAME_LENGTH].strip() or "Group"
    number, free = 1, first
    while free.casefold() in taken:
        number += 1
        free = f"{first[: MAX_NAME_LENGTH - 6]} ({number})"
    return free
