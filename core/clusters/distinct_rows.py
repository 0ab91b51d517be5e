"""Rows that say the same are one to a clustering: copies are never split, and their number tips no scale."""

from typing import TYPE_CHECKING

import numpy as np

from core.vectors.communities import GRAPH_K, neighbor_graph

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

SAME = 1e-6  # cosine distance up to which two vectors differ by rounding alone


def distinct_graph(ids: np.ndarray, scores: np.ndarray) -> tuple["csr_matrix", np.ndarray, np.ndarray]:
    """The neighbor graph (m, m) of the m distinct rows, the first row (m,) of each, and which (n,) each row is.

    ids, scores: (n, k) the shared graph. Copies left in would fill each other's neighborhoods: from six on, a text
    that was sent often would have no weight left for any other.
    """
    group = copies(ids, scores)
    first = np.unique(group, return_index=True)[1]
    if len(first) < len(group):
        ids, scores = restricted(ids, scores, first)
    return neighbor_graph(ids, scores), first, group


def copies(ids: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """(n,) int64 codes, the same for rows that the shared graph (n, k) links at cosine 1, by whatever way."""
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import connected_components

    n = len(ids)
    source, place = np.nonzero((np.asarray(scores) >= 1 - SAME) & (np.asarray(ids) >= 0))
    same = csr_matrix((np.ones(len(source), dtype=bool), (source, np.asarray(ids)[source, place])), shape=(n, n))
    return np.asarray(connected_components(same, directed=False)[1], dtype=np.int64)


def restricted(
    ids: np.ndarray, scores: np.ndarray, rows: np.ndarray, k: int = GRAPH_K
) -> tuple[np.ndarray, np.ndarray]:
    """(m, k) ids among the rows (m,) given, renumbered, nearest first, -1 where there are fewer; and their cosines."""
    place = np.full(len(ids) + 1, -1, dtype=np.int32)  # the last entry is for an id of -1
    place[rows] = np.arange(len(rows), dtype=np.int32)
    near, near_scores = place[ids[rows]], np.asarray(scores[rows])
    width = min(k, near.shape[1])
    order = np.argsort(near < 0, axis=1, kind="stable")[:, :width]  # those drawn first, still nearest first
    near, near_scores = np.take_along_axis(near, order, 1), np.take_along_axis(near_scores, order, 1)
    # a missing neighbor counts as the farthest known one, whose weight is then dropped with its id
    farthest = np.where(near >= 0, near_scores, np.inf).min(axis=1, keepdims=True, initial=np.inf)
    return near, np.where(near >= 0, near_scores, np.where(np.isfinite(farthest), farthest, 0)).astype(np.float32)
