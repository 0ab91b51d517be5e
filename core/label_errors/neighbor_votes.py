"""What the nearest rows say about a row's label, from the shared neighbor graph."""

import numpy as np


def neighbor_votes(
    ids: np.ndarray, scores: np.ndarray, own: np.ndarray, codes: np.ndarray, groups: np.ndarray, k: int, classes: int
) -> np.ndarray:
    """(b, classes) float32 shares of the votes of each row's k nearest other texts, weighted by cosine; rows sum to 1.

    ids, scores: (b, m) of the graph, nearest first. own: (b,) row ids. codes: (n,) labels, -1 without a vote. groups:
    (n,) codes of identical texts: copies share one vote, and a row's own copies have none. NaN where nobody votes.
    """
    group = groups[ids]
    votes = (codes[ids] >= 0) & (group != groups[own][:, None])
    nearest, copies = _first_of_group(np.where(votes, group, -1))
    first = votes & (nearest == np.arange(ids.shape[1]))
    order = np.cumsum(first, axis=1)  # how many texts have been met
    counted = votes & (np.take_along_axis(order, nearest, axis=1) <= k)
    weights = np.where(counted, np.maximum(scores, 0) / copies, 0)
    cells = np.arange(len(ids))[:, None] * classes + np.where(counted, codes[ids], 0)
    table = np.bincount(cells.ravel(), weights.ravel(), len(ids) * classes).reshape(len(ids), classes)
    total = table.sum(axis=1, keepdims=True)
    return np.divide(table, total, out=np.full_like(table, np.nan), where=total > 0).astype(np.float32)


def _first_of_group(group: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(b, m) each: the first place of the same group in the row, and how often the group is in the row."""
    width = group.shape[1]
    order = np.argsort(group, axis=1, kind="stable")
    ordered = np.take_along_axis(group, order, axis=1)
    begins = np.ones(group.shape, bool)
    begins[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    start = np.maximum.accumulate(np.where(begins, np.arange(width), 0), axis=1)
    run = np.cumsum(begins.ravel()) - 1  # a new row begins a new run
    sizes = np.bincount(run)[run].reshape(group.shape) if group.size else np.ones(group.shape, np.int64)
    nearest, copies = np.empty_like(order), np.empty_like(order)
    np.put_along_axis(nearest, order, np.take_along_axis(order, start, axis=1), axis=1)
    np.put_along_axis(copies, order, sizes, axis=1)
    return nearest, copies
