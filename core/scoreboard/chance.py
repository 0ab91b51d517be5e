"""What a random ranking reaches, given a query's R relevant rows among N candidates."""

import numpy as np


def random_precision(relevant: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """(q,) expected P@1 and R-precision: R / N."""
    return relevant / candidates


def random_map_at_r(relevant: np.ndarray, candidates: np.ndarray, depth: int) -> np.ndarray:
    """(q,) expected MAP@R, R cut at `depth`.

    Rank i is relevant with probability R / N, and then (i - 1)(R - 1) / (N - 1) of the ranks before it are, so that
    the mean over i = 1..r of (R / N)(1 + (i - 1)(R - 1) / (N - 1)) / i has the harmonic number of r in it.
    """
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


def random_reciprocal_rank(relevant: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """(q,) expected reciprocal rank of the first of R relevant among N, by the chance that none came before."""
    r, n = np.asarray(relevant, dtype=np.float64), np.asarray(candidates, dtype=np.float64)
    expected, none_yet = np.zeros(len(r)), np.ones(len(r))
    for rank in range(1, int((n - r).max()) + 2):
        here = np.clip(r / np.maximum(n - rank + 1, 1), 0, 1)
        expected += none_yet * here / rank
        none_yet = none_yet * (1 - here)
        if none_yet.max() < 1e-6:
            break
    return expected
