"""The neighbor graph as a weighted graph, and its communities at several resolutions (Leiden)."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

GRAPH_K = 25  # neighbors of a row that count
RESOLUTIONS = (0.1, 0.3, 1.0, 3.0, 8.0, 20.0)  # coarse to fine
DEFAULT_LEVEL = 3
ITERATIONS = 2  # Leiden's cycles; the second starts from what the first found
BLOCK = 65_536  # rows weighted at once
_HALVINGS = 40


def fuzzy_weights(scores: np.ndarray) -> np.ndarray:
    """(n, k) float32 in (0, 1]: the weight of each neighbor, from its cosine and those of the row's others.

    scores: (n, k) cosines, falling. exp(-(d - rho) / sigma) with d = 1 - cosine, rho the nearest distance and sigma
    such that a row's weights sum to log2(k), as UMAP weighs its graph (McInnes, Healy and Melville, 2018, algorithm 3).
    """
    blocks = [_fuzzy_weights(scores[start : start + BLOCK]) for start in range(0, max(len(scores), 1), BLOCK)]
    return np.concatenate(blocks)


def _fuzzy_weights(scores: np.ndarray) -> np.ndarray:
    excess = np.maximum(scores[:, :1] - scores, 0).astype(np.float64)
    low, high = np.zeros(len(scores)), np.full(len(scores), 4.0)
    target = np.log2(max(scores.shape[1], 2))
    for _ in range(_HALVINGS):
        sigma = (low + high) / 2
        with np.errstate(divide="ignore", invalid="ignore"):
            much = np.exp(-excess / sigma[:, None]).sum(axis=1) > target
        low, high = np.where(much, low, sigma), np.where(much, sigma, high)
    return np.exp(-excess / np.maximum(high, 1e-3 * excess.mean(axis=1) + 1e-12)[:, None]).astype(np.float32)


def neighbor_graph(ids: np.ndarray, scores: np.ndarray, k: int = GRAPH_K) -> "csr_matrix":
    """(n, n) float64, symmetric: the weights of both directions united as probabilities, a + b - ab (UMAP's union).

    ids, scores: (n, k') the shared graph, of which the nearest k neighbors of a row count; an id of -1 is none.
    """
    from scipy.sparse import csr_matrix

    n, width = len(ids), min(k, ids.shape[1])
    near = np.asarray(ids[:, :width])
    weights = fuzzy_weights(np.asarray(scores[:, :width])) if width else np.zeros((n, 0), np.float32)
    valid = near.ravel() >= 0
    source = np.repeat(np.arange(n), width)[valid]
    directed = csr_matrix((weights.ravel()[valid].astype(np.float64), (source, near.ravel()[valid])), shape=(n, n))
    back = directed.T.tocsr()
    return (directed + back - directed.multiply(back)).tocsr()


def leiden_communities(graph: "csr_matrix", resolution: float, seed: int = 0) -> np.ndarray:
    """(n,) int32: communities by Leiden's algorithm (Traag, Waltman and van Eck, 2019; graspologic-native).

    resolution: of modularity; higher gives more and smaller ones. Numbered by falling size. The same graph and seed
    give the same communities.
    """
    from graspologic_native import leiden_csr

    n = graph.shape[0]
    if graph.nnz == 0:
        return np.arange(n, dtype=np.int32)
    graph.sort_indices()  # the algorithm visits neighbors as they are stored
    stored = ((graph.indptr, np.int64), (graph.indices, np.int32), (graph.data, np.float64))
    arrays = (values.astype(kind, copy=False) for values, kind in stored)
    _, labels_by_row = leiden_csr(*arrays, n, resolution=resolution, iterations=ITERATIONS, seed=seed)
    # rows without neighbors are left out of the answer: each is a community of its own
    labels = np.fromiter((labels_by_row.get(row, -1) for row in range(n)), np.int64, n)
    lone = labels < 0
    labels[lone] = labels.max(initial=-1) + 1 + np.arange(lone.sum())
    return by_size(labels)


def nested_communities(
    graph: "csr_matrix", order: np.ndarray, seed: int = 0, resolutions: tuple[float, ...] = RESOLUTIONS
) -> np.ndarray:
    """(levels, n) int32 communities, coarse to fine, each within one of the level before.

    The default level is computed on the graph itself, a coarser one by merging those of the level below, a finer one
    within those of the level above. order: (n,) rows in an order that their content determines, so that the
    result does not depend on how the rows are sorted.
    """
    sorted_graph = graph[order][:, order]
    middle = min(DEFAULT_LEVEL, len(resolutions) - 1)
    by_level = {middle: leiden_communities(sorted_graph, resolutions[middle], seed)}
    for level in range(middle - 1, -1, -1):
        by_level[level] = _merged_communities(sorted_graph, by_level[level + 1], resolutions[level], seed)
    for level in range(middle + 1, len(resolutions)):
        inside = _without_cross_edges(sorted_graph, by_level[level - 1])
        by_level[level] = leiden_communities(inside, resolutions[level], seed)
    labels = np.empty((len(resolutions), len(order)), dtype=np.int32)
    labels[:, order] = np.stack([by_level[level] for level in range(len(resolutions))])
    return labels


def _merged_communities(graph: "csr_matrix", labels: np.ndarray, resolution: float, seed: int) -> np.ndarray:
    """Communities of this resolution, each finer one of labels (n,) whole in the one that holds most of its rows."""
    from scipy.sparse import csr_matrix

    coarse, n = leiden_communities(graph, resolution, seed), len(labels)
    held = csr_matrix((np.ones(n), (labels, coarse)), shape=(int(labels.max(initial=-1)) + 1, n))
    return by_size(np.asarray(held.argmax(axis=1)).ravel()[labels])


def _without_cross_edges(graph: "csr_matrix", labels: np.ndarray) -> "csr_matrix":
    """The graph without the edges between communities."""
    edges = graph.tocoo()
    inside = labels[edges.row] == labels[edges.col]
    from scipy.sparse import csr_matrix

    return csr_matrix((edges.data[inside], (edges.row[inside], edges.col[inside])), shape=graph.shape)


def by_size(labels: np.ndarray) -> np.ndarray:
    """(n,) int32 renumbered by falling size, ties by their first row; -1 stays."""
    labeled = labels >= 0
    values, first, codes, sizes = np.unique(labels[labeled], return_index=True, return_inverse=True, return_counts=True)
    rank = np.empty(len(values), dtype=np.int32)
    rank[np.lexsort((first, -sizes))] = np.arange(len(values), dtype=np.int32)
    renumbered = np.full(len(labels), -1, dtype=np.int32)
    renumbered[labeled] = rank[codes]
    return renumbered


def content_order(texts: list[str]) -> np.ndarray:
    """(n,) rows sorted by a hash of their texts (pandas' SipHash, fixed key): the same however the rows lie."""
    return np.argsort(pd.util.hash_array(np.array(texts, dtype=object)), kind="stable")
