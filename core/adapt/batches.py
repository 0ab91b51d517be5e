"""Batches to train on: positives drawn by their weights, hard negatives mined with margins, pairs in random order."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from core.adapt.examples import Ranked, ScoredPairs, blocks
from core.adapt.losses import PairBatch, RankedBatch

BATCH = 256
MIN_STEPS = 25  # batches of an epoch, however few examples there are
MAX_STEPS = 40
POOL = 50  # nearest irrelevant candidates of a query from which negatives are drawn
MAX_MINED = 10_000  # candidates searched, drawn at random from more
COPY = 1 - 1e-6  # cosines above are of copies, which are no negatives


@dataclass(frozen=True, eq=False)
class Negatives:
    """columns: (q, POOL) int64 the nearest irrelevant candidates of each query. absolute_margin, relative_margin: one
    counts where its cosine is at most that of the positive minus the margin, and minus its share of that cosine
    (Moreira et al., 2024), since nearer ones are often relevant without a label that says so."""

    columns: np.ndarray
    absolute_margin: float
    relative_margin: float

    def is_usable(self, negative: np.ndarray, positive: np.ndarray) -> np.ndarray:
        """Bool, by the cosines of negatives and positives before training."""
        margin = np.maximum(self.absolute_margin, np.abs(positive) * self.relative_margin)
        return np.asarray(negative <= np.minimum(positive - margin, COPY))


def mine_negatives(data: Ranked, absolute_margin: float, relative_margin: float, rng: np.random.Generator) -> Negatives:
    """The hardest negatives by the base vectors."""
    columns = np.arange(len(data.candidates))
    if len(columns) > MAX_MINED:
        columns = np.sort(rng.choice(columns, MAX_MINED, replace=False))
    pool, parts = min(POOL, len(columns)), []
    for ids in blocks(len(data), len(columns)):
        cosines = data.queries[ids] @ data.candidates[columns].T
        cosines[data.relevant(ids, columns) | (cosines > COPY)] = -np.inf
        parts.append(columns[np.argpartition(-cosines, pool - 1, axis=1)[:, :pool]])
    return Negatives(np.concatenate(parts), absolute_margin, relative_margin)


def ranked_batches(data: Ranked, negatives: Negatives | None, rng: np.random.Generator) -> Iterator[RankedBatch]:
    """One epoch. Candidates of a batch are the positives of all its anchors and a hard negative of each."""
    draw = PositiveDraw(data)
    for anchors in _epoch(data.eligible(), rng):
        positives, size = draw(anchors, rng), len(anchors)
        columns, rows = positives, np.arange(size)
        if negatives is not None:
            hard = negatives.columns[anchors, rng.integers(0, negatives.columns.shape[1], size)]
            columns = np.concatenate([positives, hard])
        candidates, allowed = data.candidates[columns], ~data.relevant(anchors, columns)
        queries = data.queries[anchors]
        if data.is_symmetric:
            allowed &= anchors[:, None] != columns
        else:
            allowed &= queries @ candidates.T <= COPY
        if negatives is not None:
            positive = np.einsum("ij,ij->i", queries, candidates[:size])
            negative = np.einsum("ij,ij->i", queries, candidates[size:])
            allowed[rows, size + rows] &= negatives.is_usable(negative, positive)
        allowed[rows, rows] = True
        yield RankedBatch(queries, candidates, rows, allowed)


def pair_batches(data: ScoredPairs, rng: np.random.Generator) -> Iterator[PairBatch]:
    for ids in _epoch(np.arange(len(data)), rng):
        yield PairBatch(data.first[ids], data.second[ids], data.scores[ids])


def _epoch(ids: np.ndarray, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Ids in random order in batches, repeated where they are few, a part of them where they are many."""
    size = min(BATCH, len(ids))
    steps = int(np.clip(len(ids) // size, MIN_STEPS, MAX_STEPS))
    rounds = -(-steps * size // len(ids))
    order = np.concatenate([rng.permutation(ids) for _ in range(rounds)])
    for step in range(steps):
        yield np.unique(order[step * size : (step + 1) * size])


class PositiveDraw:
    """Draws a relevant candidate of each query: a feature by its weight, then a candidate that has it."""

    def __init__(self, data: Ranked) -> None:
        self.is_symmetric = data.is_symmetric
        features, by_feature = data.query_features, data.candidate_features.tocsc()
        counts = np.diff(by_feature.indptr)
        useful = counts[features.indices] > int(data.is_symmetric)
        self.weights = np.concatenate([[0.0], np.cumsum(features.data * useful, dtype=np.float64)])
        self.features, self.starts = features.indices, features.indptr
        self.members, self.first, self.counts = by_feature.indices, by_feature.indptr, counts

    def __call__(self, queries: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        low, high = self.weights[self.starts[queries]], self.weights[self.starts[queries + 1]]
        drawn = low + (high - low) * rng.random(len(queries))
        entry = np.searchsorted(self.weights, drawn, side="right") - 1
        feature = self.features[np.minimum(entry, self.starts[queries + 1] - 1)]
        offset, count = rng.integers(0, self.counts[feature]), self.counts[feature]
        members = self.members[self.first[feature] + offset]
        if not self.is_symmetric:
            return np.asarray(members)
        return np.where(members == queries, self.members[self.first[feature] + (offset + 1) % count], members)
