"""How much of their neighbors two embeddings share, row by row, from the stored neighbor graphs.

Neighbors are texts: copies of a row's own text are no neighbors of it, and copies of another text count as one.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from core.corpus.loaders import load_corpus
from core.corpus.texts import distinct_texts
from core.types import CorpusRef, Progress

DEPTHS = (1, 2, 5, 10, 20, 50, 100)
RBO_P = 0.9  # of rank-biased overlap: the first ten ranks have 86% of the weight
CHUNK = 10_000  # rows at once: some 100 MB


@dataclass(frozen=True, eq=False)
class Overlap:
    """What two embeddings share, for each row at each of `depths`.

    shared: (n, depths) uint8, texts among the nearest k of both. rbo: (n, depths) float32 in [0, 1], rank-biased
    overlap of the lists cut at k. lengths: (n,) uint8, texts in the shorter of a row's two lists: where it is below k,
    the first `lengths` were compared; 0 where all of a row's neighbors are copies of it, which is left out of all
    means.
    """

    depths: tuple[int, ...]
    shared: np.ndarray
    rbo: np.ndarray
    lengths: np.ndarray

    def share_at(self, k: int) -> np.ndarray:
        """(n,) float64: texts shared over k (mutual kNN; Huh et al., 2024); NaN for rows left out."""
        compared = self._compared(k)
        return np.where(compared > 0, self.shared[:, self.depths.index(k)] / np.maximum(compared, 1), np.nan)

    def jaccard_at(self, k: int) -> np.ndarray:
        """(n,) float64: texts in both lists over texts in either; NaN for rows left out."""
        shared, compared = self.shared[:, self.depths.index(k)].astype(np.float64), self._compared(k)
        return np.where(compared > 0, shared / np.maximum(2 * compared - shared, 1), np.nan)

    def rank_biased_at(self, k: int) -> np.ndarray:
        """(n,) float64: rank-biased overlap; NaN for rows left out."""
        return np.where(self.lengths > 0, self.rbo[:, self.depths.index(k)].astype(np.float64), np.nan)

    def values(self, measure: str, k: int) -> np.ndarray:
        """(n,) float64 by a measure's name: "overlap", "jaccard" or "rbo"."""
        return {"overlap": self.share_at, "jaccard": self.jaccard_at, "rbo": self.rank_biased_at}[measure](k)

    def _compared(self, k: int) -> np.ndarray:
        return np.minimum(self.lengths.astype(np.int64), k)


@lru_cache(maxsize=2)
def text_codes(corpus: CorpusRef) -> np.ndarray:
    """(n,) int64, read-only: codes of identical texts, in order of appearance."""
    codes = distinct_texts(load_corpus(corpus).texts)[0].astype(np.int64)
    codes.setflags(write=False)
    return codes


def depths_of(k: int) -> tuple[int, ...]:
    """The depths that lists of k neighbors allow."""
    return tuple(depth for depth in DEPTHS if depth <= k)


def compare_neighbors(
    first: np.ndarray, second: np.ndarray, texts: np.ndarray, p: float = RBO_P, progress: Progress | None = None
) -> Overlap:
    """Compare two neighbor graphs' ids (n, K), nearest first, -1 for none; texts: (n,) codes of identical texts.

    The order of the two does not matter. Graphs of different K are read to the smaller.
    """
    n, width = len(first), min(first.shape[1], second.shape[1])
    depths = depths_of(width)
    shared = np.zeros((n, len(depths)), np.uint8)
    biased = np.zeros((n, len(depths)), np.float32)
    lengths = np.zeros(n, np.uint8)
    all_distinct = len(np.unique(texts)) == n
    for start in range(0, n, CHUNK):
        part = slice(start, min(start + CHUNK, n))
        one, other = (text_lists(np.asarray(ids[part, :width]), texts, part, all_distinct) for ids in (first, second))
        shared[part], biased[part], lengths[part] = _compared(one, other, depths, p)
        if progress:
            progress(part.stop, n)
    return Overlap(depths, shared, biased, lengths)


def text_lists(ids: np.ndarray, texts: np.ndarray, part: slice | np.ndarray, all_distinct: bool = False) -> np.ndarray:
    """(c, K) int64: the texts of neighbor ids (c, K) of the rows `part`, each once, nearest first, -1 behind the last.

    all_distinct: no text has copies.
    """
    codes = np.where(ids >= 0, texts[ids], -1)
    if all_distinct and (ids >= 0).all():
        return codes
    counting = _counting(codes, texts[part])
    order = np.argsort(~counting, axis=1, kind="stable")  # what is not counted comes last
    return np.take_along_axis(np.where(counting, codes, -1), order, axis=1)


def neighbor_mask(ids: np.ndarray, texts: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """(c, K) bool: which neighbor ids (c, K) of `rows` (c,) count: no copy of the row, of other texts the nearest."""
    return _counting(np.where(ids >= 0, texts[ids], -1), texts[rows])


def _counting(codes: np.ndarray, row_codes: np.ndarray) -> np.ndarray:
    order = np.argsort(codes, axis=1, kind="stable")
    ordered = np.take_along_axis(codes, order, axis=1)
    is_duplicate, repeated = np.zeros(codes.shape, bool), np.zeros(codes.shape, bool)
    repeated[:, 1:] = ordered[:, 1:] == ordered[:, :-1]
    np.put_along_axis(is_duplicate, order, repeated, axis=1)
    return ~is_duplicate & (codes >= 0) & (codes != row_codes[:, None])


def positions_in(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(c, K) int64: the position of each entry of `first` (c, K) in the same row of `second` (c, L); L where it
    doesn't, and for entries of -1. A row holds an entry once."""
    rows, width = second.shape
    if not rows or not width:
        return np.full(first.shape, width, np.int64)
    span = np.int64(max(first.max(initial=0), second.max(initial=0)) + 2)
    base = np.arange(rows, dtype=np.int64)[:, None] * span + 1
    order = np.argsort(second, axis=1, kind="stable")
    keys = (np.take_along_axis(second, order, axis=1) + base).ravel()
    sought = (first + base).ravel()
    positions = np.minimum(np.searchsorted(keys, sought), len(keys) - 1)
    is_match = (keys[positions] == sought) & (first.ravel() >= 0)
    return np.where(is_match, order.ravel()[positions], width).reshape(first.shape)


def _compared(
    first: np.ndarray, second: np.ndarray, depths: tuple[int, ...], p: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """shared (c, depths), rank-biased overlap (c, depths) and lengths (c,) of lists of texts (c, K)."""
    rows, width = first.shape
    lengths = np.minimum((first >= 0).sum(axis=1), (second >= 0).sum(axis=1))
    # from this depth on, a text is in both lists
    common_from = np.maximum(np.arange(width), positions_in(first, second))
    counts = np.bincount((np.arange(rows)[:, None] * (width + 1) + common_from).ravel(), minlength=rows * (width + 1))
    both = counts.reshape(rows, width + 1)[:, :width].cumsum(axis=1)  # texts in both lists at depth 1 .. K
    biased = rank_biased(both, p)
    columns = np.minimum(np.array(depths, np.int64)[None, :], np.maximum(lengths, 1)[:, None]) - 1
    return np.take_along_axis(both, columns, axis=1), np.take_along_axis(biased, columns, axis=1), lengths


def rank_biased(both: np.ndarray, p: float = RBO_P) -> np.ndarray:
    """(c, K) float64 in [0, 1]: rank-biased overlap of two lists cut at depth 1 .. K, extrapolated beyond the cut
    (Webber, Moffat and Zobel, 2010, equation 32). both: (c, K) texts in both lists at each depth."""
    depth = np.arange(1, both.shape[1] + 1)
    agreement = both / depth
    return (1 - p) / p * np.cumsum(agreement * p**depth, axis=1) + agreement * p**depth


def chance_level(measure: str, k: int, texts: int, p: float = RBO_P) -> float:
    """What two embeddings that have nothing to do with each other would reach on average among so many texts.

    The texts shared by two random lists of k out of m = texts - 1 are hypergeometric with mean k^2 / m.
    """
    m = max(texts - 1, 1)
    k = min(k, m)
    if measure == "overlap":
        return k / m
    if measure == "rbo":
        return float(rank_biased(np.arange(1, k + 1)[None, :] ** 2 / m, p)[0, -1])
    from scipy.stats import hypergeom

    shared = np.arange(k + 1)
    return float((hypergeom.pmf(shared, m, k, k) * shared / (2 * k - shared)).sum())
