"""The hierarchy of a clustering as nodes, for the page's icicle."""

from dataclasses import dataclass

import numpy as np

from core.clusters.cluster_set import cluster_set
from core.clusters.methods import ClusterParams
from core.types import CorpusRef, ModelSpec


@dataclass(frozen=True)
class Node:
    """A cluster in the hierarchy. parent: its place in the list of nodes, -1 for a root. start: where its rows
    begin."""

    level: int
    label: int
    parent: int
    name: str
    rows: int
    start: int


def hierarchy(corpus: CorpusRef, model: ModelSpec, params: ClusterParams) -> tuple[Node, ...]:
    """The levels from the coarsest to the chosen one as nodes, each beside its siblings, larger ones first."""
    found = cluster_set(corpus, model, params)
    if found.levels is None:
        stack, names = found.labels[None], [found.names]
    else:
        stack = found.levels[: params.level + 1]
        upper = [cluster_set(corpus, model, _at(params, level)).names for level in range(params.level)]
        names = [*upper, found.names]
    return _nodes(stack, names)


def _nodes(stack: np.ndarray, names: list[tuple[str, ...]]) -> tuple[Node, ...]:
    """Nodes level by level; each parent's children lie within its span, the larger ones first."""
    made: list[Node] = []
    above = {-1: (-1, 0)}  # label -> (its place among the nodes, where its rows begin)
    parents = np.full(stack.shape[1], -1)
    for level, labels in enumerate(stack):
        known = labels >= 0
        sizes = np.bincount(labels[known])
        first = np.full(len(sizes), -1)
        first[labels[known]] = parents[known]
        here, filled = {}, {parent: start for parent, (_, start) in above.items()}
        for label in np.argsort(-sizes, kind="stable"):
            parent = int(first[label])
            here[int(label)] = (len(made), filled[parent])
            made.append(
                Node(level, int(label), above[parent][0], names[level][label], int(sizes[label]), filled[parent])
            )
            filled[parent] += int(sizes[label])
        above, parents = here, labels
    return tuple(made)


def _at(params: ClusterParams, level: int) -> ClusterParams:
    return ClusterParams(params.method, level=level, seed=params.seed)
