"""A contender's embeddings of the distinct texts: duplicates are one text, and never each other's neighbors."""

from dataclasses import dataclass

import numpy as np

BLOCK = 16_384  # texts compared at once
QUERIES = 256
STEPS = 1 << 20  # cosines are compared to about a millionth, the precision of float32 sums
MIN_NEIGHBORS = 10  # neighbors a text must have


@dataclass(frozen=True, eq=False)
class Space:
    """m distinct texts of n rows, numbered in the order of their first rows.

    vectors: (n, d) float32 unit rows. first: (m,) int64, each text's first row.
    ids: (m, k) int32 numbers of the nearest other texts, nearest first, -1 where the list is shorter; a list has
    10 entries or m - 1. cosines: (m, k) float32, falling, -1 where there is no entry.
    """

    vectors: np.ndarray
    first: np.ndarray
    ids: np.ndarray
    cosines: np.ndarray

    def __len__(self) -> int:
        return len(self.first)

    def take(self, texts: np.ndarray) -> np.ndarray:
        """(p, d) float32 vectors of some texts."""
        return np.asarray(self.vectors[self.first[texts]])

    def sample(self, max_texts: int, seed: int = 0) -> np.ndarray:
        """Rising numbers of at most so many texts, sampled without replacement; all where there are no more."""
        if len(self) <= max_texts:
            return np.arange(len(self))
        return np.sort(np.random.default_rng(seed).choice(len(self), max_texts, replace=False))


def build_space(vectors: np.ndarray, ids: np.ndarray, scores: np.ndarray, groups: np.ndarray) -> Space:
    """The space of unit rows (n, d), their graph (n, k) and the codes of identical texts (n,), from 0 by appearance.

    Lists that copies leave with fewer than 10 texts are searched anew, exactly.
    """
    first = np.unique(groups, return_index=True)[1]
    if len(first) == len(vectors):
        return Space(vectors, first, ids, scores)
    merged, cosines = _merged(ids, scores, groups, first)
    space = Space(vectors, first, merged, cosines)
    required = min(MIN_NEIGHBORS, len(first) - 1)
    short = np.flatnonzero((merged >= 0).sum(axis=1) < required)
    if len(short):
        k = min(merged.shape[1], len(first) - 1)
        merged[short, :k], cosines[short, :k] = nearest(space, space.take(short), k, short)
    return space


def nearest(
    space: Space, queries: np.ndarray, k: int, exclude: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Numbers (q, k) int32 and cosines (q, k) float32 of the texts nearest to unit queries (q, d), by exact search.

    exclude: (q,) a text left out of each query's list. Cosines that agree to a millionth count as equal; the earlier
    text comes first, so that the same vector always gets the same list. k is at most m (m - 1 with `exclude`).
    """
    ids, cosines = np.empty((len(queries), k), np.int32), np.empty((len(queries), k), np.float32)
    for start in range(0, len(queries), QUERIES):
        part = slice(start, start + QUERIES)
        ids[part], cosines[part] = _nearest(space, queries[part], k, None if exclude is None else exclude[part])
    return ids, cosines


def _nearest(space: Space, queries: np.ndarray, k: int, exclude: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    m = len(space)
    best = np.full((len(queries), k), np.iinfo(np.int64).min)
    floor = np.full(len(queries), -np.inf, np.float32)
    for start in range(0, m, BLOCK):
        block = np.arange(start, min(start + BLOCK, m))
        scores = queries @ space.take(block).T
        if exclude is not None:
            inside = np.flatnonzero((exclude >= start) & (exclude < start + len(block)))
            scores[inside, exclude[inside] - start] = -np.inf
        both = np.concatenate([best, _keys(scores, floor, m, start)], axis=1)
        best = np.partition(both, both.shape[1] - k, axis=1)[:, -k:] if k else best
        if k and start + len(block) > k:  # only what comes near to a query's k-th can be among its k
            floor = ((best.min(axis=1) // m - 1) / STEPS).astype(np.float32)
    best = np.sort(best, axis=1)[:, ::-1]
    return (m - 1 - best % m).astype(np.int32), (best // m / STEPS).astype(np.float32)


def _keys(scores: np.ndarray, floor: np.ndarray, m: int, start: int) -> np.ndarray:
    """(q, w) int64: of each row of scores (q, b) those from its floor on, as one number of cosine, then position;
    the smallest int64 where there is none."""
    positions = np.broadcast_to(np.arange(start, start + scores.shape[1]), scores.shape)
    if not np.isfinite(floor).all():
        return _key(scores, positions, m)
    rows, columns = np.nonzero(scores >= floor[:, None])
    at = np.arange(len(rows)) - np.searchsorted(rows, rows)
    keys = np.full((len(scores), int(at.max(initial=-1)) + 1), np.iinfo(np.int64).min)
    keys[rows, at] = _key(scores[rows, columns], positions[rows, columns], m)
    return keys


def _key(scores: np.ndarray, positions: np.ndarray, m: int) -> np.ndarray:
    keys = np.rint(np.maximum(scores, -2) * STEPS).astype(np.int64) * m + (m - 1 - positions)
    return np.where(scores > -np.inf, keys, np.iinfo(np.int64).min)


def _merged(
    ids: np.ndarray, scores: np.ndarray, groups: np.ndarray, first: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The lists of the texts' first rows as lists of texts: each once, at its nearest copy, without the text itself."""
    merged, cosines = np.full((len(first), ids.shape[1]), -1, np.int32), np.full((len(first), ids.shape[1]), -1.0)
    for start in range(0, len(first), BLOCK):
        rows = first[start : start + BLOCK]
        lists = groups[ids[rows]]
        mask = _is_first_occurrence(lists) & (lists != groups[rows][:, None])
        order = np.argsort(~mask, axis=1, kind="stable")
        valid = np.take_along_axis(mask, order, axis=1)
        part = slice(start, start + len(rows))
        merged[part] = np.where(valid, np.take_along_axis(lists, order, axis=1), -1)
        cosines[part] = np.where(valid, np.take_along_axis(scores[rows], order, axis=1), -1)
    return merged, cosines.astype(np.float32)


def _is_first_occurrence(lists: np.ndarray) -> np.ndarray:
    """Bool of the shape of `lists`: where a row names a value for the first time."""
    order = np.argsort(lists, axis=1, kind="stable")
    ordered = np.take_along_axis(lists, order, axis=1)
    begins = np.ones(lists.shape, bool)
    begins[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    is_first = np.empty(lists.shape, bool)
    np.put_along_axis(is_first, order, begins, axis=1)
    return is_first
