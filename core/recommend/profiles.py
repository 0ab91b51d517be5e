"""Lists for users from the texts they liked: what a profile is, and its scores for all items."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from core.errors import InputError
from core.recommend.histories import Histories, as_histories
from core.recommend.items import Ranking, copy_codes, first_copies, select
from core.types import Vectors, unit_rows

Profile = Literal["mean", "recent", "max", "clusters"]
PROFILES: tuple[Profile, ...] = get_args(Profile)
HALF_LIFE = 5.0  # later items after which an item counts half
MAX_ITEMS = 50  # of a history, the latest, that a profile of several vectors compares
CLUSTER_ITEMS, MAX_CLUSTERS = 3, 5  # items per cluster of a history, and clusters at most
BLOCK = 256  # users scored at once


@dataclass(frozen=True, eq=False)
class TextRecommender:
    """Scores items by their similarity to what a user liked.

    profile: "mean", by weight; "recent", the same, where an item counts half after HALF_LIFE later ones; "max", the
    highest cosine to one of the latest MAX_ITEMS; "clusters", the highest cosine to a center of their k-means clusters.
    """

    vectors: Vectors
    profile: Profile = "recent"
    seed: int = 0
    name: str = "text"

    def __post_init__(self) -> None:
        if self.profile not in PROFILES:
            raise InputError(f"There is no profile {self.profile!r}.", f"Choose one of {', '.join(PROFILES)}.")

    def scores(self, histories: Histories, users: np.ndarray) -> np.ndarray:
        """(users, n) float32 cosines in [-1, 1]; 0 for a user who liked nothing."""
        rows = self.vectors.rows
        if self.profile in ("mean", "recent"):
            return self._single(histories, users) @ rows.T
        scores = np.zeros((len(users), len(rows)), np.float32)
        for i, user in enumerate(users):
            if len(centers := self._centers(histories, int(user))):
                scores[i] = (centers @ rows.T).max(axis=0)
        return scores

    def _single(self, histories: Histories, users: np.ndarray) -> np.ndarray:
        """(users, d) float32 unit rows, zeros for a user who liked nothing."""
        profiles = np.zeros((len(users), self.vectors.rows.shape[1]), np.float32)
        for i, user in enumerate(users):
            events = histories.events(int(user))
            liked = np.flatnonzero(histories.is_liked[events]) + events.start
            if len(liked):
                weights = histories.weights[liked]
                if self.profile == "recent":
                    weights = weights * 0.5 ** (np.arange(len(liked))[::-1] / HALF_LIFE)
                mean = weights @ self.vectors.rows[histories.rows[liked]].astype(np.float64)
                norm = float(np.linalg.norm(mean))
                profiles[i] = mean / norm if norm > 1e-9 else 0
        return profiles

    def _centers(self, histories: Histories, user: int) -> np.ndarray:
        """(c, d) float32 unit rows that a user's items are compared with."""
        events = histories.events(user)
        liked = histories.rows[events][histories.is_liked[events]][-MAX_ITEMS:]
        items = self.vectors.rows[np.unique(liked)]
        count = min(len(items) // CLUSTER_ITEMS, MAX_CLUSTERS)
        if self.profile == "max" or count < 2:
            return items
        from sklearn.cluster import KMeans

        centers = KMeans(count, n_init=3, random_state=self.seed).fit(items).cluster_centers_
        return unit_rows(centers.astype(np.float32))


def for_users(
    vectors: Vectors, histories: Mapping[str, Sequence[int]] | Histories, k: int = 10, *, profile: Profile = "recent",
    diversity: float = 0.0, allowed: np.ndarray | None = None, exclude_seen: bool = True, seed: int = 0,
) -> dict[str, Ranking]:  # fmt: skip
    """The k best items for each user, by cosine to the profile of the texts that the user liked.

    Items already seen and their copies are left out. allowed: mask (n,). A user who liked nothing gets an empty list:
    there is no profile. Raises InputError for rows that don't exist, an unknown profile and no histories.
    """
    histories = as_histories(histories, len(vectors))
    recommender, codes = TextRecommender(vectors, profile, seed), copy_codes(vectors.rows)
    base = first_copies(codes, allowed)
    liked = np.bincount(histories.owner[histories.is_liked], minlength=len(histories)) > 0
    lists: dict[str, Ranking] = {}
    for start in range(0, len(histories), BLOCK):
        users = np.arange(start, min(start + BLOCK, len(histories)))
        for user, scores in zip(users, recommender.scores(histories, users), strict=True):
            seen = histories.rows[histories.events(int(user))]
            mask = base & ~np.isin(codes, codes[seen]) if exclude_seen else base
            mask = mask if liked[user] else np.zeros(len(codes), bool)
            lists[histories.users[user]] = select(scores, k, vectors.rows, mask, diversity)
    return lists
