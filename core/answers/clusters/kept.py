"""What is worked out of a large corpus' clusters once and kept: their words, their names, how far to trust each."""

from collections.abc import Callable
from dataclasses import fields
from typing import Any

import numpy as np

from core.clusters.methods import ClusterParams
from core.clusters.tasks import cluster_inputs
from core.clusters.trust import ClusterTrust
from core.store import Workspace
from core.types import ModelSpec

LARGE = 20_000  # rows from which it takes seconds
VERSION = 1
Words = list[list[tuple[str, float]]]


def kept_names(
    folder: str, corpus: str, model: ModelSpec, params: ClusterParams, rows: int, make: Callable[[], list[str]]
) -> tuple[str, ...]:
    """The clusters' names by their words; `make` gives them where there are few rows or they are not kept."""
    names = _kept_list("cluster_names_own", "names", Workspace(folder), corpus, _inputs(model, params), rows, make)
    return tuple(str(name) for name in names)


def kept_words(
    folder: str, corpus: str, model: ModelSpec, params: ClusterParams, rows: int, make: Callable[[], Words]
) -> Words:
    """The same of each cluster's words with their weights."""
    words = _kept_list("cluster_words", "words", Workspace(folder), corpus, _inputs(model, params), rows, make)
    return [[(str(word), float(weight)) for word, weight in own] for own in words]


def kept_trust(
    folder: str, corpus: str, model: ModelSpec, params: ClusterParams, rows: int, make: Callable[[], ClusterTrust]
) -> ClusterTrust:
    """The same of the figures of trust."""
    if rows < LARGE:
        return make()
    workspace, inputs = Workspace(folder), _inputs(model, params)
    stored = workspace.load("cluster_trust", corpus, inputs)
    if stored is not None:
        told: dict[str, Any] = {name: np.array(array) for name, array in stored.arrays.items()}
        return ClusterTrust(**{name: array if array.ndim else array.item() for name, array in told.items()})
    trust = make()
    arrays = {each.name: np.asarray(getattr(trust, each.name)) for each in fields(trust)}
    workspace.save("cluster_trust", corpus, inputs, arrays, {})
    return trust


def _kept_list(
    kind: str, fact: str, workspace: Workspace, corpus: str, inputs: dict[str, object], rows: int,
    make: Callable[[], list[Any]],
) -> list[Any]:  # fmt: skip
    if rows < LARGE:
        return make()
    stored = workspace.load(kind, corpus, inputs)
    if stored is not None:
        return list(stored.facts[fact])
    made = make()
    workspace.save(kind, corpus, inputs, {}, {fact: made})
    return made


def _inputs(model: ModelSpec, params: ClusterParams) -> dict[str, object]:
    named = params.named()
    return {**cluster_inputs(model, named), "level": named.level, "described": VERSION}
