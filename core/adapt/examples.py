"""What an adapter learns from: queries that rank candidates, or pairs of texts with scores. All texts are distinct, so
that no copy is a positive, a negative or a neighbor."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

BLOCK_CELLS = 8_000_000  # similarities held at once


@dataclass(frozen=True, eq=False)
class Ranked:
    """Queries that rank candidates; relevant are those that share a feature with the query.

    queries: (q, d), candidates: (c, d) float32 unit rows. query_features: (q, f) CSR, positive float32 weights, such as
    clicks; candidate_features: (c, f) CSR of ones. Features are labels, or the judged candidates themselves.
    is_symmetric: candidates are the queries themselves, and none ranks itself. own: (q,) int64 the candidate with the
    query's own vector, which is not ranked either, -1 for none; None where there are none.
    """

    queries: np.ndarray
    candidates: np.ndarray
    query_features: Any
    candidate_features: Any
    is_symmetric: bool
    own: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.queries)

    @property
    def metric(self) -> str:
        return "MAP@R" if self.is_symmetric else "nDCG@10"

    @property
    def pairs(self) -> int:
        """Positive pairs: of texts that share a label, counted once for each, or of queries and relevant rows."""
        if not self.is_symmetric:
            return int(self.query_features.nnz)
        members = self.members()
        return int((members * (members - 1) // 2).sum())

    def members(self) -> np.ndarray:
        """(f,) int64 candidates with each feature."""
        return np.bincount(self.candidate_features.indices, minlength=self.candidate_features.shape[1])

    def eligible(self) -> np.ndarray:
        """Ids of the queries with a relevant candidate."""
        useful = (self.members() > int(self.is_symmetric)).astype(np.float32)
        return np.flatnonzero(self.query_features @ useful > 0)

    def take(self, ids: np.ndarray) -> "Ranked":
        """Some of the queries; where candidates are queries, these alone are candidates, too."""
        queries, features = self.queries[ids], self.query_features[ids]
        if not self.is_symmetric:
            own = None if self.own is None else self.own[ids]
            return replace(self, queries=queries, query_features=features, own=own)
        return Ranked(queries, queries, features, self.candidate_features[ids], True)

    def permuted(self, seed: int) -> "Ranked":
        """The same queries, each with the features of another one drawn at random."""
        order = np.random.default_rng(seed).permutation(len(self))
        candidate_features = self.candidate_features[order] if self.is_symmetric else self.candidate_features
        return replace(self, query_features=self.query_features[order], candidate_features=candidate_features)

    def strata(self) -> np.ndarray:
        """(q,) int64 the rarest label of each query; 0 for judged queries."""
        if not self.is_symmetric:
            return np.zeros(len(self), np.int64)
        order = np.argsort(self.members(), kind="stable")
        rank = np.empty(len(order), np.int64)
        rank[order] = np.arange(len(order))
        starts = self.query_features.indptr[:-1]
        return np.asarray(order[np.minimum.reduceat(rank[self.query_features.indices], starts)])

    def share_feature(self, ids: np.ndarray, others: np.ndarray) -> np.ndarray:
        """(len(ids),) bool: queries with a feature that any of the other queries has."""
        present = np.zeros(self.query_features.shape[1], np.float32)
        present[self.query_features[others].indices] = 1
        return np.asarray(self.query_features[ids] @ present > 0)

    def own_cells(self, ids: np.ndarray, candidates: np.ndarray | None = None) -> np.ndarray:
        """(b, c) bool: candidates, all by default, that are the queries themselves."""
        columns = np.arange(len(self.candidates)) if candidates is None else candidates
        own = ids if self.is_symmetric else np.full(len(ids), -1) if self.own is None else self.own[ids]
        return np.asarray(own[:, None] == columns)

    def relevant(self, ids: np.ndarray, candidates: np.ndarray | None = None) -> np.ndarray:
        """(b, c) bool: which candidates, all by default, share a feature with each query; a query does with itself."""
        features = self.candidate_features if candidates is None else self.candidate_features[candidates]
        return np.asarray((self.query_features[ids] @ features.T).toarray() > 0)


@dataclass(frozen=True, eq=False)
class ScoredPairs:
    """first, second: (p, d) float32 unit rows of each pair; scores: (p,) float64, higher is more similar. groups: (p,)
    int64 codes of pairs that share texts, directly or through other pairs, and stay on one side of a split."""

    first: np.ndarray
    second: np.ndarray
    scores: np.ndarray
    groups: np.ndarray
    metric = "Spearman"

    def __len__(self) -> int:
        return len(self.scores)

    @property
    def pairs(self) -> int:
        return len(self)

    def eligible(self) -> np.ndarray:
        return np.arange(len(self))

    def take(self, ids: np.ndarray) -> "ScoredPairs":
        return ScoredPairs(self.first[ids], self.second[ids], self.scores[ids], self.groups[ids])

    def permuted(self, seed: int) -> "ScoredPairs":
        """The same pairs with their scores in random order."""
        return replace(self, scores=np.random.default_rng(seed).permutation(self.scores))


Examples = Ranked | ScoredPairs


def blocks(count: int, columns: int) -> Iterator[np.ndarray]:
    """Consecutive ids of `count` rows, so many that their similarities with `columns` rows fit in memory."""
    step = max(BLOCK_CELLS // max(columns, 1), 1)
    for start in range(0, count, step):
        yield np.arange(start, min(start + step, count))
