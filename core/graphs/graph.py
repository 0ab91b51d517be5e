"""A graph of named nodes, such as rows of a corpus, users or authors, with weighted edges."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scipy.sparse import csr_array


@dataclass(frozen=True, eq=False)
class Graph:
    """n nodes, all with an edge to another node, and m edges.

    names: of the nodes. kinds: (n,) int64 index into kind_names. rows: (n,) int64 row of the corpus, -1 for nodes that
    are none. sources, targets: (m,) int64 nodes, each pair once; of an undirected graph in one direction. weights:
    (m,) float64 > 0. relations: (n, r) int64 edges of each node by relation_names. is_bipartite: edges join nodes of
    two kinds. corpus_rows: rows of the corpus, 0 where nodes are not joined with it. notes: what was left out, in
    sentences.
    """

    names: tuple[str, ...]
    kinds: np.ndarray
    kind_names: tuple[str, ...]
    rows: np.ndarray
    sources: np.ndarray
    targets: np.ndarray
    weights: np.ndarray
    is_directed: bool = False
    is_bipartite: bool = False
    relations: np.ndarray | None = None
    relation_names: tuple[str, ...] = ()
    corpus_rows: int = 0
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.names)

    @cached_property
    def degrees(self) -> np.ndarray:
        """(n,) int64 edges of each node, in both directions."""
        return np.bincount(np.concatenate([self.sources, self.targets]), minlength=len(self))

    @cached_property
    def components(self) -> np.ndarray:
        """(n,) int32 connected component of each node, without regard to direction."""
        from scipy.sparse.csgraph import connected_components

        return np.asarray(connected_components(self.matrix(), directed=False)[1])

    @property
    def unconnected_rows(self) -> int:
        """Rows of the corpus without an edge; 0 where nodes are not joined with it."""
        return self.corpus_rows and self.corpus_rows - int((self.rows >= 0).sum())

    def matrix(self, directed: bool = False) -> "csr_array":
        """(n, n) float64 weights; symmetric unless directed."""
        return edge_matrix(self.sources, self.targets, self.weights, len(self), directed)

    def without(self, held_out: np.ndarray) -> "Graph":
        """The same nodes without the edges of a mask (m,)."""
        keep = ~held_out
        return Graph(
            self.names, self.kinds, self.kind_names, self.rows, self.sources[keep], self.targets[keep],
            self.weights[keep], self.is_directed, self.is_bipartite,
        )  # fmt: skip


def edge_matrix(
    sources: np.ndarray, targets: np.ndarray, weights: np.ndarray, nodes: int, directed: bool = False
) -> "csr_array":
    """(nodes, nodes) float64 CSR with sorted indices; weights of equal edges are summed, symmetric unless directed."""
    from scipy.sparse import coo_array

    rows, columns = (sources, targets) if directed else (np.r_[sources, targets], np.r_[targets, sources])
    values = weights if directed else np.r_[weights, weights]
    matrix = coo_array((values, (rows, columns)), shape=(nodes, nodes)).tocsr()
    matrix.sum_duplicates()
    return matrix
