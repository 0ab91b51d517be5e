"""The nearest rows of a sample, read from the neighbor graph of all rows."""

import numpy as np

from core.types import Neighbors
from core.vectors.index import exact_search

BLOCK = 65_536


def nearest_in_sample(
    rows: np.ndarray, neighbors: Neighbors, sample: np.ndarray, queries: np.ndarray, k: int
) -> tuple[np.ndarray, np.ndarray]:
    """The k nearest other rows of a sample, of each query row: positions in `sample`, and cosines, nearest first.

    rows: (n, d) float32 unit rows. sample: (m,) sorted ids. queries: (q,) ids. Those of the sample that are among a
    row's neighbors in the graph; where there are fewer than k, ids are -1 and scores repeat the last. A row with none
    is searched exactly. Returns (q, k) int32 and (q, k) float32.
    """
    positions = np.full(len(rows), -1, np.int32)
    positions[sample] = np.arange(len(sample), dtype=np.int32)
    ids, scores = np.empty((len(queries), k), np.int32), np.empty((len(queries), k), np.float32)
    for start in range(0, len(queries), BLOCK):
        block = slice(start, start + BLOCK)
        near = positions[neighbors.ids[queries[block]]]
        order = np.argsort(near < 0, axis=1, kind="stable")[:, :k]
        ids[block] = np.take_along_axis(near, order, axis=1)
        cosines = np.take_along_axis(np.asarray(neighbors.scores[queries[block]]), order, axis=1)
        last = np.where(ids[block] >= 0, cosines, np.inf).min(axis=1, keepdims=True)
        scores[block] = np.where(ids[block] >= 0, cosines, last)
    lonely = np.flatnonzero(ids[:, 0] < 0)
    if len(lonely):
        ids[lonely], scores[lonely] = _search_sample(rows, sample, queries[lonely], k)
    return ids, scores


def _search_sample(rows: np.ndarray, sample: np.ndarray, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    ids, scores = exact_search(rows[sample], rows[queries], min(k + 1, len(sample)))
    keep = sample[ids] != queries[:, None]
    keep[keep.all(axis=1), -1] = False
    shape = (len(queries), ids.shape[1] - 1)
    return ids[keep].reshape(shape), scores[keep].reshape(shape)
