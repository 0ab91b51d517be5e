"""How well found neighbors tell a row's label, one score a query."""

from typing import Literal

import numpy as np

Measure = Literal["vote", "share", "first"]
MEASURES: tuple[Measure, ...] = ("vote", "share", "first")


def label_scores(codes: np.ndarray, queries: np.ndarray, found: np.ndarray, measure: Measure) -> np.ndarray:
    """(q,) float32 in [0, 1], higher is better.

    codes: (n,) labels of the corpus' rows, below 0 for none; queries: (q,) rows with a label; found: (q, k) rows,
    nearest first, none of them the query or a copy of it. vote: 1 where most neighbors have the query's label (kNN
    accuracy; where labels tie, the nearest decides). share: neighbors with the query's label (precision at k); those
    without a label count as others. first: 1 where the nearest has it (precision at 1).
    """
    own, near = codes[queries], np.where(found >= 0, codes[np.maximum(found, 0)], -1)
    if measure == "first":
        return (near[:, 0] == own).astype(np.float32)
    if measure == "share":
        return (near == own[:, None]).mean(axis=1, dtype=np.float32)
    votes = (near[:, :, None] == near[:, None, :]).sum(axis=2) * (near >= 0)
    elected = near[np.arange(len(near)), votes.argmax(axis=1)]
    return (elected == own).astype(np.float32)
