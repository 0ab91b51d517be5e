"""What text is compared with: popularity, chance, and collaborative filtering, which sees histories alone."""

import warnings
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from core.errors import InputError
from core.recommend.histories import Histories

RECENT_SHARE = 0.2  # of the events, the latest, that recent popularity counts
FACTORS, ITERATIONS = 64, 15  # of alternating least squares
NEIGHBORS = 50  # similar items that item-item filtering sums over


class Recommender(Protocol):
    """Scores of all items for users, from histories that hold no held-out event."""

    @property
    def name(self) -> str: ...

    def scores(self, histories: Histories, users: np.ndarray) -> np.ndarray:
        """(users, n) float32, higher is better. users: indices."""
        ...


@dataclass(frozen=True, eq=False)
class Popularity:
    """Items by the number of users who liked them. recent: of the last RECENT_SHARE of all events, by time."""

    items: int
    recent: bool = False

    @property
    def name(self) -> str:
        return "recent popularity" if self.recent else "popularity"

    def scores(self, histories: Histories, users: np.ndarray) -> np.ndarray:
        if self.recent:
            if histories.times is None:
                raise InputError("Recent popularity needs times.", "Give the histories' time column.")
            histories = histories.select(histories.times >= np.quantile(histories.times, 1 - RECENT_SHARE))
        return np.tile(popularity(histories, self.items).astype(np.float32), (len(users), 1))


@dataclass(frozen=True)
class Random:
    """Items in a random order of its own for each user."""

    items: int
    seed: int = 0
    name: str = "random"

    def scores(self, histories: Histories, users: np.ndarray) -> np.ndarray:
        return np.stack([
            np.random.default_rng([self.seed, int(user)]).random(self.items, dtype=np.float32) for user in users
        ])  # fmt: skip


@dataclass(eq=False)
class CollaborativeFiltering:
    """Alternating least squares on implicit feedback (Hu, Koren and Volinsky, 2008), by the library implicit.

    user_vectors (u, f) and item_vectors (n, f) float32 after `fit`; items that nobody liked have a vector of zeros.
    """

    items: int
    seed: int = 0
    name: str = "collaborative (ALS)"
    user_vectors: np.ndarray = field(init=False)
    item_vectors: np.ndarray = field(init=False)
    _fitted: Histories | None = field(default=None, init=False)

    def fit(self, histories: Histories) -> None:
        from implicit.als import AlternatingLeastSquares

        factors = min(FACTORS, max(2, len(histories) - 1, 2))
        model = AlternatingLeastSquares(factors, iterations=ITERATIONS, random_state=self.seed, num_threads=1)
        matrix = histories.matrix(self.items).astype(np.float32)
        model.fit(_index32(matrix), show_progress=False)
        self.user_vectors, self.item_vectors = np.asarray(model.user_factors), np.asarray(model.item_factors)
        self.item_vectors[np.asarray(matrix.sum(axis=0)).ravel() == 0] = 0
        self._fitted = histories

    def scores(self, histories: Histories, users: np.ndarray) -> np.ndarray:
        if self._fitted is not histories:
            self.fit(histories)
        return np.asarray(self.user_vectors[users] @ self.item_vectors.T)


@dataclass(eq=False)
class ItemItem:
    """Sums of the cosines between items that the same users liked (Sarwar et al., 2001), by the library implicit."""

    items: int
    name: str = "item-item"
    _similarity: Any = field(default=None, init=False)
    _fitted: Histories | None = field(default=None, init=False)

    def scores(self, histories: Histories, users: np.ndarray) -> np.ndarray:
        from implicit.nearest_neighbours import CosineRecommender

        matrix = _index32(histories.matrix(self.items))
        if self._fitted is not histories:
            model = CosineRecommender(NEIGHBORS, num_threads=1)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # the library warns of a conversion of its own
                model.fit(matrix, show_progress=False)
            self._similarity, self._fitted = model.similarity, histories
        return np.asarray((matrix[users] @ self._similarity).toarray(), np.float32)


@dataclass(frozen=True, eq=False)
class Hybrid:
    """The weighted sum of two recommenders' scores, standardized for each user. weight: of the first, in [0, 1]."""

    first: Recommender
    second: Recommender
    weight: float = 0.5

    @property
    def name(self) -> str:
        return f"{self.first.name} + {self.second.name}"

    def scores(self, histories: Histories, users: np.ndarray) -> np.ndarray:
        one, other = (_standardized(part.scores(histories, users)) for part in (self.first, self.second))
        return self.weight * one + (1 - self.weight) * other


def popularity(histories: Histories, items: int) -> np.ndarray:
    """(items,) int64 users who liked each item."""
    liked = histories.is_liked
    pairs = np.unique(np.stack([histories.owner[liked], histories.rows[liked]]), axis=1)
    return np.bincount(pairs[1], minlength=items)


def _standardized(scores: np.ndarray) -> np.ndarray:
    spread = scores.std(axis=1, keepdims=True)
    return (scores - scores.mean(axis=1, keepdims=True)) / np.where(spread > 0, spread, 1)


def _index32(matrix: Any) -> Any:
    """implicit takes CSR matrices with 32-bit indices."""
    from scipy.sparse import csr_matrix

    result = csr_matrix(matrix)
    result.indices, result.indptr = result.indices.astype(np.int32), result.indptr.astype(np.int32)
    return result
