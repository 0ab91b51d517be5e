"""Queries by example, hits with calibrated cosines, and fusion of rankings."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from core.errors import InputError
from core.types import unit_rows
from core.vectors.index import similarities

SearchMode = Literal["semantic", "keyword", "regex", "hybrid"]
MAX_PAIRS = 20_000
CHUNK_PAIRS = 2_000  # pairs gathered at once: 2,000 x 3,072 float32 are 25 MB
FUSION_DEPTH = 200  # hits of each ranking that fusion combines
MIN_NORM = 1e-6  # a shorter query has no direction


class Searcher(Protocol):
    """An index over unit rows."""

    def search(self, queries: np.ndarray, k: int, rows: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """ids (q, k) and cosine scores (q, k), best first; id -1 where fewer were found. rows: bool mask (n,)."""
        ...


@dataclass(frozen=True, eq=False)
class Hits:
    """The hits of a search, best first; k entries in every array.

    rows: int64 row ids. scores: float32, what the order follows, higher is better: cosine, BM25, number of matches
    or fused score, by `mode`. cosines: float32 in [-1, 1] against the query, NaN where there is none.
    ranks: int64 from 1. percentiles: float64 in [0, 100], share of random pairs below that cosine; NaN if unknown.
    """

    rows: np.ndarray
    scores: np.ndarray
    cosines: np.ndarray
    ranks: np.ndarray
    percentiles: np.ndarray
    mode: SearchMode

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True, eq=False)
class Calibration:
    """Cosines of random pairs of one corpus and model, against which a cosine is judged.

    cosines: (m,) float32, rising. exhaustive: all pairs are included. seed: of the sample.
    """

    cosines: np.ndarray
    exhaustive: bool
    seed: int

    def __len__(self) -> int:
        return len(self.cosines)

    @property
    def mean(self) -> float:
        return float(self.cosines.mean(dtype=np.float64)) if len(self) else float("nan")

    def percentile(self, scores: np.ndarray) -> np.ndarray:
        """Share of the pairs strictly below each score, float64 in [0, 100]; NaN for NaN or without pairs."""
        queried = np.asarray(scores, dtype=np.float32)
        if not len(self):
            return np.full(queried.shape, np.nan)
        shares = np.searchsorted(self.cosines, queried, side="left") / len(self) * 100
        return np.where(np.isnan(queried), np.nan, shares)

    def quantiles(self, shares: Sequence[float]) -> np.ndarray:
        """The cosines below which the given shares (0 to 1) of the pairs lie, float64; NaN without pairs."""
        if not len(self):
            return np.full(len(shares), np.nan)
        return np.quantile(self.cosines.astype(np.float64), shares)


def calibrate(rows: np.ndarray, pairs: int = MAX_PAIRS, seed: int = 0) -> Calibration:
    """Cosines of `pairs` random pairs i != j of unit rows (n, d); of all pairs where there are no more than that."""
    count = len(rows)
    exhaustive = count * (count - 1) // 2 <= pairs
    left, right = np.triu_indices(count, k=1) if exhaustive else _random_pairs(count, pairs, seed)
    cosines = np.empty(len(left), dtype=np.float32)
    for start in range(0, len(left), CHUNK_PAIRS):
        part = slice(start, start + CHUNK_PAIRS)
        cosines[part] = np.einsum("ij,ij->i", rows[left[part]], rows[right[part]])
    cosines.sort()
    return Calibration(cosines, exhaustive, seed)


def _random_pairs(count: int, pairs: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    left = generator.integers(count, size=pairs)
    right = generator.integers(count - 1, size=pairs)
    return left, right + (right >= left)  # skipping `left` makes every other row equally likely


def query_vector(
    rows: np.ndarray,
    near: Sequence[int] | None = None,
    far: Sequence[int] | None = None,
    text_vectors: np.ndarray | None = None,
    alpha: float = 1.0,
    beta: float = 0.5,
) -> np.ndarray:
    """(d,) float32 unit query: alpha x mean of positive - beta x mean of negative examples (Rocchio, 1971).

    rows: (n, d) unit rows. near, far: row ids. text_vectors: (t, d) unit rows of query texts, each counted like a
    near row. beta below alpha keeps the query on the positive side. Raises InputError for no query, for an unknown row
    and where both sides cancel out.
    """
    texts = np.empty((0, rows.shape[1])) if text_vectors is None else np.atleast_2d(text_vectors)
    if texts.shape[1] != rows.shape[1]:
        raise InputError(f"The query has {texts.shape[1]:,} dimensions, the corpus {rows.shape[1]:,}.")
    positive = np.vstack([texts, _examples(rows, near)])
    negative = _examples(rows, far)
    if not len(positive) and not len(negative):
        raise InputError("The search has no query.", "Type a text, or give a row to be similar or dissimilar to.")
    query = np.zeros(rows.shape[1])
    query += alpha * positive.mean(axis=0) if len(positive) else 0
    query -= beta * negative.mean(axis=0) if len(negative) else 0
    if not np.linalg.norm(query) > MIN_NORM:
        raise InputError("The similar and the dissimilar examples cancel out.", "Remove a row that is on both sides.")
    return unit_rows(query[None, :])[0]


def _examples(rows: np.ndarray, ids: Sequence[int] | None) -> np.ndarray:
    requested = np.asarray([] if ids is None else ids, dtype=np.int64)
    outside = requested[(requested < 0) | (requested >= len(rows))]
    if len(outside):
        raise InputError(f"There is no row {outside[0]:,} among the {len(rows):,} rows (counted from 0).")
    return np.asarray(rows[requested], dtype=np.float64)


def make_hits(
    rows: np.ndarray,
    scores: np.ndarray,
    mode: SearchMode,
    cosines: np.ndarray | None = None,
    calibration: Calibration | None = None,
) -> Hits:
    """Hits from row ids and scores in order, best first. cosines: (k,); a vector search's scores are its cosines."""
    if cosines is None:
        cosines = scores if mode == "semantic" else np.full(len(rows), np.nan)
    ids, scores = np.asarray(rows, dtype=np.int64), np.asarray(scores, dtype=np.float32)
    similarity = np.asarray(cosines, dtype=np.float32)
    percentiles = calibration.percentile(similarity) if calibration else np.full(len(rows), np.nan)
    return Hits(ids, scores, similarity, np.arange(1, len(rows) + 1), percentiles, mode)


def find_nearest(
    searcher: Searcher,
    query: np.ndarray,
    k: int,
    calibration: Calibration | None = None,
    mask: np.ndarray | None = None,
    leave_out: Sequence[int] = (),
) -> Hits:
    """The k rows nearest to a unit query (d,) among the rows of a bool mask (n,), without the example rows."""
    left_out = np.unique(np.asarray(leave_out, dtype=np.int64))
    ids, scores = searcher.search(np.atleast_2d(query).astype(np.float32), k + len(left_out), rows=mask)
    keep = (ids[0] >= 0) & ~np.isin(ids[0], left_out)
    return make_hits(ids[0][keep][:k], scores[0][keep][:k], "semantic", calibration=calibration)


def similarity_histogram(cosines: np.ndarray, bins: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """counts (bins,) int64 and edges (bins + 1,) float64 over the range of the finite values."""
    values = np.asarray(cosines, dtype=np.float64)
    return np.histogram(values[np.isfinite(values)], bins=bins)


def fuse(rankings: Sequence[np.ndarray], k: int, constant: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """The best k of several rankings by reciprocal rank fusion (Cormack, Clarke and Büttcher, 2009).

    rankings: arrays of row ids, best first, each row once. Returns rows (k,) int64 and scores (k,) float32: the sum
    of 1 / (constant + rank) over the rankings that hold the row, higher is better; ties go to the smaller row.
    """
    filled = [np.asarray(ranking, dtype=np.int64) for ranking in rankings]
    if not sum(map(len, filled)):
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
    shares = np.concatenate([1 / (constant + np.arange(1, len(ranking) + 1)) for ranking in filled])
    rows, index = np.unique(np.concatenate(filled), return_inverse=True)
    scores = np.bincount(index, weights=shares)
    best = np.lexsort((rows, -scores))[:k]
    return rows[best], scores[best].astype(np.float32)


def fuse_hits(
    rankings: Sequence[np.ndarray],
    k: int,
    rows: np.ndarray | None = None,
    query: np.ndarray | None = None,
    calibration: Calibration | None = None,
) -> Hits:
    """Fused hits, with cosines where the unit rows (n, d) and the unit query (d,) are both given."""
    ids, scores = fuse(rankings, k)
    cosines = similarities(rows[ids], query) if rows is not None and query is not None else None
    return make_hits(ids, scores, "hybrid", cosines, calibration)


def estimate_position(points: np.ndarray, hits: Hits, among: int = 5) -> np.ndarray | None:
    """Estimated position of a query on a layout: the cosine-weighted mean of its nearest hits; (dims,) float32.

    points: (n, dims) of all rows. As UMAP initializes a new point (McInnes, Healy and Melville, 2018), without
    optimizing it further. None without hits.
    """
    nearest = hits.rows[:among]
    if not len(nearest):
        return None
    weights = np.nan_to_num(np.maximum(hits.cosines[:among], 0), nan=0.0) + MIN_NORM
    return np.average(points[nearest], axis=0, weights=weights).astype(np.float32)
