"""Which recommender is best on held-out events: text embeddings beside popularity, chance and each other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypedDict, Unpack

import numpy as np
import pandas as pd

from core.errors import InputError
from core.recommend import metrics
from core.recommend.baselines import Popularity, Random, Recommender, popularity
from core.recommend.histories import Histories, as_histories
from core.recommend.items import copy_codes, first_copies, select
from core.recommend.profiles import BLOCK, Profile, TextRecommender
from core.recommend.splits import Split, SplitMethod, split_histories
from core.stats.interval import Interval
from core.stats.resampling import SEED, mean_interval
from core.stats.significance import PairedEvidence, compare_means
from core.types import Progress, Vectors

MIN_USERS = 5  # evaluated; of fewer no interval means anything


class EvaluationOptions(TypedDict, total=False):
    """split, n, date: see `split_histories`. profile: of the text recommenders. diversity: of all lists. extra: further
    recommenders, such as `CollaborativeFiltering`. copies: (n,) equal codes for items that are the same; by default
    items with equal vectors. seed: of random lists, resamples and models.
    progress: called with recommenders done."""

    split: SplitMethod
    n: int
    date: str | None
    profile: Profile
    diversity: float
    extra: Sequence[Recommender]
    copies: np.ndarray | None
    seed: int
    progress: Progress | None


@dataclass(frozen=True, eq=False)
class RecommendationEvaluation:
    """c recommenders on the same q users.

    split: how events were held out. users: (q,) indices of the evaluated users; total: users there are. lists: (c, q,
    k) int64 rows, -1 where a list is short. values: metric -> (c, q) float64, NaN where there is none. recalls: "head"
    and "tail" -> (c, q) recall of the held-out items that are popular, and of the others, NaN for users without any.
    coverage: (c,) share of the items in any list. excluded: why users are not evaluated -> how many.
    """

    names: tuple[str, ...]
    k: int
    split: str
    users: np.ndarray
    total: int
    lists: np.ndarray
    values: dict[str, np.ndarray]
    recalls: dict[str, np.ndarray]
    coverage: np.ndarray
    excluded: dict[str, int]
    seed: int

    @cached_property
    def intervals(self) -> dict[str, Interval[np.ndarray]]:
        """Metric -> (c,) means with bootstrap intervals over users; of recall also for head and tail."""
        rows = self.values | {f"{name}_recall": of for name, of in self.recalls.items()}
        return {
            name: mean_interval(of, seed=self.seed, proportion=name not in metrics.OTHERS) for name, of in rows.items()
        }

    @cached_property
    def differences(self) -> dict[str, PairedEvidence | None]:
        """Accuracy metric -> paired comparison over users, None of a single recommender."""
        units, several = np.arange(len(self.users)), len(self.names) > 1
        return {
            name: compare_means(self.values[name], units, "users", self.seed) if several else None
            for name in metrics.ACCURACY
        }

    @property
    def table(self) -> pd.DataFrame:
        """A row per recommender: each metric with the ends of its interval, and the coverage of the catalog."""
        columns: dict[str, np.ndarray] = {}
        for name, interval in self.intervals.items():
            columns |= {name: interval.value, f"{name}_low": interval.low, f"{name}_high": interval.high}
        return pd.DataFrame(columns | {"coverage": self.coverage}, index=list(self.names))


def evaluate(
    vectors: Vectors, histories: Mapping[str, Sequence[int]] | Histories, k: int = 10,
    **options: Unpack[EvaluationOptions],
) -> pd.DataFrame:  # fmt: skip
    """The table of `compare` for one embedding: "text" beside popularity and random lists."""
    return compare({"text": vectors}, histories, k, **options).table


def compare(
    contenders: Mapping[str, Vectors], histories: Mapping[str, Sequence[int]] | Histories, k: int = 10,
    **options: Unpack[EvaluationOptions],
) -> RecommendationEvaluation:  # fmt: skip
    """Lists of k items for the same users by each embedding, popularity and chance, judged by held-out events.

    Items that a user has seen, and their copies, are neither recommended nor counted as hits. Diversity is measured in
    the first contender's vectors. Raises InputError for embeddings of different corpora and for too few users.
    """
    first = next(iter(contenders.values()), None)
    if first is None or len({len(vectors) for vectors in contenders.values()}) > 1 or k < 1:
        raise InputError("There are no embeddings of one corpus to compare.", "Give at least one, and k of at least 1.")
    seed, items = options.get("seed", SEED), len(first)
    split = split_histories(
        as_histories(histories, items), options.get("split", "leave_one_out"), options.get("n", 1), options.get("date")
    )
    copies = options.get("copies")
    codes = copy_codes(first.rows) if copies is None else np.asarray(copies)
    relevant, users, excluded = _held_out(split, codes)
    if len(users) < MIN_USERS:
        reasons = "; ".join(f"{count:,} {reason}" for reason, count in excluded.items() if count)
        message = f"{len(users)} of {len(split.train):,} users can be evaluated ({reasons or 'there are no others'})."
        raise InputError(message, f"At least {MIN_USERS} users with a liked item before the held-out ones are needed.")
    profile = options.get("profile", "recent")
    recommenders: list[Recommender] = [
        *(TextRecommender(vectors, profile, seed, name) for name, vectors in contenders.items()),
        Popularity(items), *options.get("extra", ()), Random(items, seed),
    ]  # fmt: skip
    names = tuple(recommender.name for recommender in recommenders)
    if len(set(names)) < len(names):
        raise InputError(f"Recommenders need different names: {', '.join(names)}.", "Rename the contenders.")
    lists, progress = [], options.get("progress")
    for done, recommender in enumerate(recommenders, 1):
        lists.append(_lists(recommender, split.train, users, codes, first.rows, k, options.get("diversity", 0.0)))
        if progress:
            progress(done, len(recommenders))
    return _judge(names, np.stack(lists), split, users, relevant, codes, first.rows, excluded, seed)


def _held_out(split: Split, codes: np.ndarray) -> tuple[list[np.ndarray], np.ndarray, dict[str, int]]:
    """The codes of each evaluated user's relevant items, those users, and how many others there are."""
    train, held_out = split.train, split.held_out
    excluded = {
        "without a liked item to learn from": 0,
        "without a held-out item": 0,
        "with copies of seen items held out": 0,
    }
    reasons, relevant, users = list(excluded), [], []
    for user in range(len(train)):
        part = held_out.events(user)
        later = np.unique(codes[held_out.rows[part][held_out.is_liked[part]]])
        fresh = later[~np.isin(later, codes[train.rows[train.events(user)]])]
        if not train.is_liked[train.events(user)].any():
            excluded[reasons[0]] += 1
        elif not len(fresh):
            excluded[reasons[2 if len(later) else 1]] += 1
        else:
            relevant.append(fresh)
            users.append(user)
    return relevant, np.array(users, np.int64), excluded


def _lists(
    recommender: Recommender, train: Histories, users: np.ndarray, codes: np.ndarray, rows: np.ndarray, k: int,
    diversity: float,
) -> np.ndarray:  # fmt: skip
    """(q, k) int64 rows of the best unseen items of each user, padded with -1."""
    lists = np.full((len(users), k), -1, np.int64)
    base = first_copies(codes)
    for start in range(0, len(users), BLOCK):
        part = users[start : start + BLOCK]
        for i, (user, scores) in enumerate(zip(part, recommender.scores(train, part), strict=True), start):
            unseen = base & ~np.isin(codes, codes[train.rows[train.events(int(user))]])
            ids = select(scores, k, rows, unseen, diversity).ids
            lists[i, : len(ids)] = ids
    return lists


def _judge(
    names: tuple[str, ...], lists: np.ndarray, split: Split, users: np.ndarray, relevant: list[np.ndarray],
    codes: np.ndarray, rows: np.ndarray, excluded: dict[str, int], seed: int,
) -> RecommendationEvaluation:  # fmt: skip
    k, liked_by, total = lists.shape[2], popularity(split.train, len(codes)), len(split.train)
    counts = np.array([len(wanted) for wanted in relevant])
    scored = [metrics.accuracy(_hits(of, relevant, codes), counts, k) for of in lists]
    values = {name: np.stack([of[name] for of in scored]) for name in metrics.ACCURACY}
    values["diversity"] = np.stack([metrics.list_diversity(of, rows) for of in lists])
    values["novelty"] = np.stack([metrics.list_novelty(of, liked_by, total) for of in lists])
    values["popularity"] = np.stack([metrics.list_popularity(of, liked_by, total) for of in lists])
    coverage = np.array([metrics.catalog_coverage(of, int(first_copies(codes).sum())) for of in lists])
    recalls = _part_recalls(lists, relevant, codes, liked_by)
    return RecommendationEvaluation(
        names, k, split.description, users, total, lists, values, recalls, coverage, excluded, seed
    )


def _hits(lists: np.ndarray, relevant: list[np.ndarray], codes: np.ndarray) -> np.ndarray:
    """(q, k) bool: whether the item at a rank is one of the user's relevant ones."""
    return np.stack([
        (items >= 0) & np.isin(codes[items], wanted) for items, wanted in zip(lists, relevant, strict=True)
    ])  # fmt: skip


def _part_recalls(
    lists: np.ndarray, relevant: list[np.ndarray], codes: np.ndarray, liked_by: np.ndarray
) -> dict[str, np.ndarray]:
    """Recall of the head's and the other items separately; NaN for a user without held-out items of the part."""
    in_head = np.zeros(int(codes.max()) + 1, bool)
    in_head[codes[metrics.head_items(liked_by)]] = True
    recalls = {}
    for name, is_part in (("head", in_head), ("tail", ~in_head)):
        wanted = [of[is_part[of]] for of in relevant]
        counts = np.array([len(of) for of in wanted], np.float64)
        counts = np.where(counts > 0, counts, np.nan)
        recalls[name] = np.stack([_hits(of, wanted, codes).sum(axis=1) / counts for of in lists])
    return recalls
