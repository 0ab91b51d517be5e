"""Metrics of ranked lists. Rows are queries; column j: whether (or how much) the item at rank j + 1 is relevant.

All take ranked lists, return (q,) float64 scores in [0, 1], higher is better, and need every query to have at
least one relevant row (`relevant` >= 1, ranked or not). Lists cut before R are scored as if R were their length.
Definitions as in trec_eval (gains linear, discount log2(rank + 1)); MAP@R as Musgrave, Belongie and Lim (2020).

Where items are tied, the scores are expectations over a random order of them (McSherry and Najork, 2008): relevance is
then what `Ties.expected` gives, and the metrics that are not linear in it take the ties, too.
"""

from dataclasses import dataclass

import numpy as np

TIE = 5e-7  # cosines nearer than this are equal: float32 sums in another order differ by as much


@dataclass(frozen=True, eq=False)
class Ties:
    """Groups of tied items in ranked lists. start, size: (q, depth) of the group that a rank is in, its first rank from
    0, and its items, also those past the end of the list. group: (q, depth) its number among those of all lists."""

    start: np.ndarray
    size: np.ndarray
    group: np.ndarray

    @classmethod
    def of(cls, scores: np.ndarray, beyond: np.ndarray) -> "Ties | None":
        """scores: (q, depth) falling. beyond: (q,) items past the end that are tied with the last one. None where
        nothing is tied."""
        new = np.ones(scores.shape, bool)
        with np.errstate(invalid="ignore"):  # -inf, of those excluded, equals nothing
            new[:, 1:] = ~(scores[:, :-1] - scores[:, 1:] <= TIE)
        if new.all() and not beyond.any():
            return None
        start = np.maximum.accumulate(np.where(new, np.arange(scores.shape[1], dtype=np.int32), np.int32(0)), axis=1)
        group = (np.cumsum(new.ravel(), dtype=np.int32) - 1).reshape(scores.shape)  # every list begins with a new one
        size = np.bincount(group.ravel())
        size[group[:, -1]] += beyond
        return cls(start, size[group], group)

    def expected(self, relevance: np.ndarray, beyond: np.ndarray) -> np.ndarray:
        """(q, depth) float64 mean relevance of the group at each rank. beyond: (q,) the sum over tied items past it."""
        total = np.bincount(self.group.ravel(), relevance.ravel().astype(np.float64))
        total[self.group[:, -1]] += beyond
        return np.asarray(total[self.group] / self.size)


def precision_at_1(relevance: np.ndarray) -> np.ndarray:
    """Whether the first is relevant. relevance: (q, depth) bool."""
    return relevance[:, 0].astype(np.float64)


def recall_at_k(relevance: np.ndarray, relevant: np.ndarray, k: int) -> np.ndarray:
    """Share of the relevant ones among the first k. relevance: (q, depth) bool; relevant: (q,) how many there are."""
    return relevance[:, :k].sum(axis=1) / relevant


def r_precision(relevance: np.ndarray, relevant: np.ndarray) -> np.ndarray:
    """Share of relevant ones among the first R, where R of them exist."""
    r = np.minimum(relevant, relevance.shape[1])
    return _first(relevance, r).sum(axis=1) / r


def map_at_r(relevance: np.ndarray, relevant: np.ndarray, ties: Ties | None = None) -> np.ndarray:
    """Mean over ranks 1 to R of the precision there, where that rank is relevant, else 0."""
    r = np.minimum(relevant, relevance.shape[1])
    if ties is not None:
        return np.asarray(_first(relevance * _tied_precision(relevance, ties), r).sum(axis=1) / r)
    hits = _first(relevance, r)
    precision = np.cumsum(hits, axis=1) / np.arange(1, hits.shape[1] + 1)
    return np.where(hits, precision, 0).sum(axis=1) / r


def reciprocal_rank(relevance: np.ndarray, k: int | None = None, ties: Ties | None = None) -> np.ndarray:
    """1 over the rank of the first relevant one; 0 where there is none among the first k (None: the whole list)."""
    first = relevance[:, :k]
    if ties is not None:
        ranks = np.arange(first.shape[1])
        size, start = ties.size[:, :k], ties.start[:, :k]
        here = np.clip(first * size / (size - (ranks - start)), 0, 1)  # given that none came before
        none_yet = np.cumprod(1 - here, axis=1)
        return np.asarray((np.column_stack([np.ones(len(here)), none_yet[:, :-1]]) * here / (ranks + 1)).sum(axis=1))
    return np.where(first.any(axis=1), 1 / (first.argmax(axis=1) + 1), 0.0)


def ndcg_at_k(relevance: np.ndarray, relevant: np.ndarray, k: int) -> np.ndarray:
    """Normalized discounted cumulative gain of the first k. relevance: (q, depth) bool; relevant: (q,) counts."""
    ideal = np.arange(k) < np.asarray(relevant)[:, None]
    return graded_ndcg_at_k(relevance, ideal, k)


def graded_ndcg_at_k(gains: np.ndarray, ideal: np.ndarray, k: int) -> np.ndarray:
    """The same for graded relevance. gains: (q, depth) in ranked order, 0 where irrelevant; ideal: (q, m) the gains of
    all relevant rows of a query, descending, padded with 0; at least k of them where there are so many."""
    return _discounted(gains[:, :k]) / _discounted(ideal[:, :k])


def _discounted(gains: np.ndarray) -> np.ndarray:
    return gains @ (1 / np.log2(np.arange(2, gains.shape[1] + 2)))


def _first(relevance: np.ndarray, r: np.ndarray) -> np.ndarray:
    """Relevance within the first r[i] ranks of list i."""
    width = int(r.max(initial=1))
    return np.asarray(relevance[:, :width] * (np.arange(width) < r[:, None]))


def _tied_precision(relevance: np.ndarray, ties: Ties) -> np.ndarray:
    """(q, depth) expected precision at each rank, given that it is relevant: those of groups before it, and of the g
    items of its own group, r of them relevant, (r - 1) / (g - 1) of those before it."""
    before = np.column_stack([np.zeros(len(relevance)), np.cumsum(relevance, axis=1)])
    ranks = np.arange(relevance.shape[1])
    others = np.maximum(relevance * ties.size - 1, 0) / np.maximum(ties.size - 1, 1)
    earlier = np.take_along_axis(before, ties.start, axis=1) + (ranks - ties.start) * others
    return np.asarray((1 + earlier) / (ranks + 1))


def random_precision(relevant: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """(q,) expected P@1 and R-precision: R / N."""
    return relevant / candidates


def random_map_at_r(relevant: np.ndarray, candidates: np.ndarray, depth: int) -> np.ndarray:
    """(q,) expected MAP@R, R cut at `depth`. Rank i is relevant with probability R / N, and then (i - 1)(R - 1) / (N -
    1) of the ranks before it are, so that the mean over i = 1..r of (R / N)(1 + (i - 1)(R - 1) / (N - 1)) / i has the
    harmonic number of r in it."""
    r = np.minimum(relevant, depth)
    harmonic = np.cumsum(1 / np.arange(1, int(r.max()) + 1))[r - 1]
    share = (relevant - 1) / np.maximum(candidates - 1, 1)
    return relevant / candidates * (harmonic + share * (r - harmonic)) / r


def random_ndcg(relevant: np.ndarray, candidates: np.ndarray, k: int) -> np.ndarray:
    """(q,) expected binary nDCG@k: every rank gains R / N."""
    discounts = 1 / np.log2(np.arange(2, k + 2))
    best = np.cumsum(discounts)[np.minimum(relevant, k).astype(int) - 1]
    filled = np.cumsum(discounts)[np.minimum(candidates, k).astype(int) - 1]
    return relevant / candidates * filled / best


def random_recall(candidates: np.ndarray, k: int) -> np.ndarray:
    """(q,) expected recall@k: the share of the candidates that k are."""
    return np.minimum(k / candidates, 1.0)


def random_reciprocal_rank(relevant: np.ndarray, candidates: np.ndarray, k: int | None = None) -> np.ndarray:
    """(q,) expected reciprocal rank of the first of R relevant among N, 0 past rank k, by the chance that none came
    before."""
    r, n = np.asarray(relevant, dtype=np.float64), np.asarray(candidates, dtype=np.float64)
    expected, none_yet = np.zeros(len(r)), np.ones(len(r))
    last = int((n - r).max()) + 1
    for rank in range(1, min(k or last, last) + 1):
        here = np.clip(r / np.maximum(n - rank + 1, 1), 0, 1)
        expected += none_yet * here / rank
        none_yet = none_yet * (1 - here)
        if none_yet.max() < 1e-6:
            break
    return expected
