"""Planted graphs: communities that edges stay in, users and items of topics, and edges by chance."""

import numpy as np
import pandas as pd
import pytest

from core.graphs.edges import EdgeColumns, read_edges
from core.graphs.graph import Graph
from core.types import Corpus, Roles

TABLE = pd.DataFrame({"id": [f"d{i}" for i in range(6)], "cites": ["d1; d2", "d2", None, "d3", "d9", "d0; d5"]})


@pytest.fixture(scope="session")
def papers() -> Corpus:
    """Six rows that name others, one that does not exist and one itself."""
    table = TABLE.assign(topic=["a", "a", "b", "b", None, "a"])
    return Corpus("papers", table, [f"Paper {i}" for i in range(6)], Roles("{id}", ("topic",), id="id"), "0" * 16)


def planted(nodes: int, communities: int, inside: float, outside: float, seed: int = 0) -> Graph:
    """Nodes named by numbers, of which the community is the remainder."""
    rng = np.random.default_rng(seed)
    labels = np.arange(nodes) % communities
    same = labels[:, None] == labels[None, :]
    source, target = np.nonzero(np.triu(rng.random((nodes, nodes)) < np.where(same, inside, outside), 1))
    return as_graph(source, target)


def as_graph(source: np.ndarray, target: np.ndarray, bipartite: bool = False) -> Graph:
    corpus = Corpus("none", pd.DataFrame({"a": ["x"]}), ["x"], Roles("{a}"), "0" * 16)
    columns = EdgeColumns("source", "target", bipartite=bipartite)
    return read_edges(pd.DataFrame({"source": source, "target": target}), corpus, columns)
