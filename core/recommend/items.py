"""Items similar to given ones, and how the best of all scores become a list: without copies, diverse, capped."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from core.errors import InputError
from core.types import Vectors
from core.vectors.index import allowed_rows, similarities
from core.vectors.search import query_vector

MIN_CANDIDATES = 50  # among which a diverse list is selected
CANDIDATES_PER_ITEM = 10


class Ranking(NamedTuple):
    """ids: (k,) int64 rows, best first. scores: (k,) float32, higher is better."""

    ids: np.ndarray
    scores: np.ndarray


def similar(
    vectors: Vectors, rows: Sequence[int], k: int = 10, diversity: float = 0.0, *, unlike: Sequence[int] = (),
    allowed: np.ndarray | None = None, categories: np.ndarray | None = None, max_per_category: int | None = None,
) -> Ranking:  # fmt: skip
    """The k items most similar to the given rows, and unlike others (Rocchio, see `query_vector`).

    scores: cosines to the query, in [-1, 1]; copies of the given rows are left out. diversity: in [0, 1], weight of the
    distance to items already in the list (maximal marginal relevance, Carbonell and Goldstein, 1998). allowed: ids or
    mask (n,). categories: (n,) any values, of which at most `max_per_category` items each are listed. Raises
    InputError for rows that don't exist and for a query that cancels out.
    """
    if not len(rows):
        raise InputError("There are no rows to be similar to.", "Give at least one row.")
    scores = similarities(vectors.rows, query_vector(vectors.rows, rows, unlike))
    codes = copy_codes(vectors.rows)
    mask = np.ones(len(vectors), bool) if allowed is None else np.zeros(len(vectors), bool)
    if allowed is not None:
        mask[allowed_rows(allowed, len(vectors))] = True
    mask &= ~np.isin(codes, codes[[*rows, *unlike]])
    return select(scores, k, vectors.rows, mask & first_copies(codes, mask), diversity, categories, max_per_category)


def select(
    scores: np.ndarray, k: int, rows: np.ndarray, mask: np.ndarray, diversity: float = 0.0,
    categories: np.ndarray | None = None, max_per_category: int | None = None,
) -> Ranking:  # fmt: skip
    """The k best of scores (n,) among a mask (n,); ties go to the smaller row. rows: (n, d) unit rows for diversity."""
    if k < 1 or not 0 <= diversity <= 1:
        raise InputError(f"k is {k} and the diversity {diversity:g}.", "k is at least 1, diversity between 0 and 1.")
    if max_per_category is not None and (categories is None or max_per_category < 1):
        raise InputError("A limit per category needs categories and at least one item each.")
    ids = np.flatnonzero(mask)
    capped = max_per_category is not None
    depth = len(ids) if capped else min(len(ids), max(MIN_CANDIDATES, CANDIDATES_PER_ITEM * k) if diversity else k)
    ids = best_of(scores, ids, depth)
    if capped:
        ids = _capped(ids, np.asarray(categories, dtype=object), int(max_per_category or 0), k, diversity)
    if diversity:
        ids = _diverse(ids, scores, rows, k, diversity, categories, max_per_category)
    return Ranking(ids[:k], scores[ids[:k]].astype(np.float32))


def best_of(scores: np.ndarray, ids: np.ndarray, depth: int) -> np.ndarray:
    """(depth,) ids with the highest scores, best first; ties go to the smaller id."""
    values = scores[ids]
    if depth < len(ids):
        cut = np.partition(values, len(ids) - depth)[len(ids) - depth]
        ids = ids[values >= cut]
        values = scores[ids]
    return ids[np.lexsort((ids, -values))][:depth]


def _capped(ids: np.ndarray, categories: np.ndarray, cap: int, k: int, diversity: float) -> np.ndarray:
    """The candidates of a list with at most `cap` of a category; the list itself where it need not be diverse."""
    counts: dict[object, int] = {}
    share = cap * (CANDIDATES_PER_ITEM if diversity else 1)
    listed = []
    for row in ids.tolist():
        category = categories[row]
        if counts.get(category, 0) < share:
            counts[category] = counts.get(category, 0) + 1
            listed.append(row)
            if len(listed) == (max(MIN_CANDIDATES, CANDIDATES_PER_ITEM * k) if diversity else k):
                break
    return np.array(listed, np.int64)


def _diverse(
    ids: np.ndarray, scores: np.ndarray, rows: np.ndarray, k: int, diversity: float, categories: np.ndarray | None,
    cap: int | None,
) -> np.ndarray:  # fmt: skip
    """Maximal marginal relevance of candidates; scores are scaled to [0, 1] among them, so that any score will do."""
    values = scores[ids].astype(np.float64)
    relevance = (values - values.min(initial=0)) / max(float(np.ptp(values)), 1e-12) if len(ids) else values
    vectors, nearest = rows[ids], np.full(len(ids), -1.0)
    open_, counts, chosen = np.ones(len(ids), bool), dict[object, int](), list[int]()
    while open_.any() and len(chosen) < k:
        novelty = np.where(nearest < 0, 0.0, nearest) if chosen else 0.0
        best = int(np.argmax(np.where(open_, (1 - diversity) * relevance - diversity * novelty, -np.inf)))
        chosen.append(best)
        open_[best] = False
        nearest = np.maximum(nearest, vectors @ vectors[best])
        if cap is not None and categories is not None:
            category = categories[ids[best]]
            counts[category] = counts.get(category, 0) + 1
            if counts[category] >= cap:
                open_ &= np.array([categories[row] != category for row in ids])
    return ids[chosen]


def copy_codes(rows: np.ndarray) -> np.ndarray:
    """(n,) int64, equal for equal vectors: copies of a text are one item."""
    contiguous = np.ascontiguousarray(rows)
    views = contiguous.view(np.dtype((np.void, contiguous.dtype.itemsize * contiguous.shape[1]))).ravel()
    return np.unique(views, return_inverse=True)[1].astype(np.int64)


def first_copies(codes: np.ndarray, mask: np.ndarray | None = None) -> np.ndarray:
    """(n,) bool: the first row of each code, among those of a mask (n,)."""
    ids = np.arange(len(codes)) if mask is None else np.flatnonzero(mask)
    first = np.zeros(len(codes), bool)
    first[ids[np.unique(codes[ids], return_index=True)[1]]] = True
    return first
