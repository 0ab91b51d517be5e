"""Metrics of lists for users: accuracy, diversity, novelty, popularity bias; head and tail items apart."""

import numpy as np

from core.stats.ranking_metrics import ndcg_at_k, recall_at_k, reciprocal_rank

ACCURACY = ("hit_rate", "recall", "ndcg", "mrr", "map")
OTHERS = ("diversity", "novelty", "popularity")
METRICS = (*ACCURACY, *OTHERS)
HEAD_SHARE = 0.5  # of the likes in training, that the most popular items, the head, have together


def accuracy(hits: np.ndarray, relevant: np.ndarray, k: int) -> dict[str, np.ndarray]:
    """(q,) float64 in [0, 1] each, higher is better. hits: (q, k) bool, whether the item at a rank is relevant;
    relevant: (q,) how many are. As trec_eval's success, recall, ndcg_cut, recip_rank and map_cut."""
    return {
        "hit_rate": hits.any(axis=1).astype(np.float64),
        "recall": recall_at_k(hits, relevant, k),
        "ndcg": ndcg_at_k(hits, relevant, k),
        "mrr": reciprocal_rank(hits, k),
        "map": (np.cumsum(hits, axis=1) / np.arange(1, k + 1) * hits).sum(axis=1) / relevant,
    }


def list_diversity(lists: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """(q,) float64 mean of 1 - cosine over the pairs of a list (intra-list diversity; Smyth and McClave, 2001), NaN of
    lists with fewer than two items. lists: (q, k) rows, -1 at the end of short ones; rows: (n, d) unit rows."""
    result = np.full(len(lists), np.nan)
    for i, items in enumerate(lists):
        vectors = rows[items[items >= 0]].astype(np.float64)
        if (size := len(vectors)) > 1:
            total = vectors.sum(axis=0)
            result[i] = 1 - (total @ total - size) / (size * (size - 1))
    return result


def list_novelty(lists: np.ndarray, popularity: np.ndarray, users: int) -> np.ndarray:
    """(q,) float64 mean of -log2 of the share of users who liked an item (mean inverse user frequency; Castells, Hurley
    and Vargas, 2015), an item that nobody liked counting as one; NaN of empty lists. popularity: (n,) users."""
    return _list_means(lists, -np.log2(np.maximum(popularity, 1) / users))


def list_popularity(lists: np.ndarray, popularity: np.ndarray, users: int) -> np.ndarray:
    """(q,) float64 mean share of users who liked the items of a list, in [0, 1]; higher is more biased to popular items
    (average recommendation popularity; Abdollahpouri et al., 2019)."""
    return _list_means(lists, popularity / users)


def catalog_coverage(lists: np.ndarray, items: int) -> float:
    """Share of the items that occur in any list."""
    return len(np.unique(lists[lists >= 0])) / items


def head_items(popularity: np.ndarray) -> np.ndarray:
    """(n,) bool: the most popular items, those that have HEAD_SHARE of all likes together."""
    order = np.argsort(-popularity, kind="stable")
    share = np.cumsum(popularity[order]) / max(int(popularity.sum()), 1)
    head = np.zeros(len(popularity), bool)
    head[order[: int(np.searchsorted(share, HEAD_SHARE)) + 1]] = True
    return head & (popularity > 0)


def _list_means(lists: np.ndarray, values: np.ndarray) -> np.ndarray:
    filled = lists >= 0
    sums = np.where(filled, values[lists], 0.0).sum(axis=1)
    sizes = filled.sum(axis=1)
    return np.where(sizes > 0, sums / np.maximum(sizes, 1), np.nan)
