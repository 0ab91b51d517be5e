"""The nearest rows of a sample, read from the neighbor graph of all rows."""

import numpy as np

from core.types import Neighbors
from core.vectors.index import exact_search
from core.vectors.index_kinds import without_self

BLOCK = 65_536


def restrict_graph(
    ids: np.ndarray, scores: np.ndarray, sample: np.ndarray, k: int, queries: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """The k nearest neighbors within a sample of each query row: positions in `sample`, and cosines, nearest first.

    ids, scores: (n, K) the graph. sample: (m,) ids. queries: (q,) ids, None for the sample itself. Returns (q, k)
    int32, -1 where the graph has fewer, and (q, k) float32; k is limited to K.
    """
    queries, k = sample if queries is None else queries, min(k, ids.shape[1])
    positions = np.full(len(ids) + 1, -1, np.int32)  # the last entry is for an id of -1
    positions[sample] = np.arange(len(sample), dtype=np.int32)
    near, cosines = np.empty((len(queries), k), np.int32), np.empty((len(queries), k), np.float32)
    for start in range(0, len(queries), BLOCK):
        rows = queries[start : start + BLOCK]
        members, similar = positions[ids[rows]], np.asarray(scores[rows])
        order = np.argsort(members < 0, axis=1, kind="stable")[:, :k]  # existing neighbors first, nearest first
        members, similar = np.take_along_axis(members, order, 1), np.take_along_axis(similar, order, 1)
        # a missing neighbor gets the score of the farthest one, whose weight is then dropped with its id
        farthest = np.where(members >= 0, similar, np.inf).min(axis=1, keepdims=True, initial=np.inf)
        missing = np.where(np.isfinite(farthest), farthest, 0)
        near[start : start + BLOCK], cosines[start : start + BLOCK] = members, np.where(members >= 0, similar, missing)
    return near, cosines


def nearest_in_sample(
    rows: np.ndarray, neighbors: Neighbors, sample: np.ndarray, queries: np.ndarray, k: int
) -> tuple[np.ndarray, np.ndarray]:
    """`restrict_graph` with exact search of the rows (n, d) that have no neighbor in the sample, which is sorted."""
    ids, scores = restrict_graph(neighbors.ids, neighbors.scores, sample, k, queries)
    isolated = np.flatnonzero((ids < 0).all(axis=1))
    if len(isolated):
        positions, cosines = exact_search(rows[sample], rows[queries[isolated]], min(k + 1, len(sample)))
        near, cosines = without_self(sample[positions], cosines, queries[isolated])
        ids[isolated, : near.shape[1]] = np.searchsorted(sample, near)
        scores[isolated, : near.shape[1]] = cosines
    return ids, scores
