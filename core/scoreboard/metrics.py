"""Metrics of ranked lists. Rows are queries; column j: whether (or how much) the item at rank j + 1 is relevant.

All take ranked lists, return (q,) float64 scores in [0, 1], higher is better, and need every query to have at
least one relevant row (`relevant` >= 1, ranked or not). Lists cut before R are scored as if R were their length.
Definitions as in trec_eval (gains linear, discount log2(rank + 1)); MAP@R as Musgrave, Belongie and Lim (2020).
"""

import numpy as np


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


def map_at_r(relevance: np.ndarray, relevant: np.ndarray) -> np.ndarray:
    """Mean over ranks 1 to R of the precision there, where that rank is relevant, else 0."""
    r = np.minimum(relevant, relevance.shape[1])
    hits = _first(relevance, r)
    precision = np.cumsum(hits, axis=1, dtype=np.float32) / np.arange(1, hits.shape[1] + 1, dtype=np.float32)
    return np.where(hits, precision, 0).sum(axis=1, dtype=np.float64) / r


def reciprocal_rank(relevance: np.ndarray, k: int | None = None) -> np.ndarray:
    """1 over the rank of the first relevant one; 0 where there is none among the first k (None: the whole list)."""
    first = relevance[:, :k]
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
    return relevance[:, :width].astype(bool) & (np.arange(width) < r[:, None])


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
