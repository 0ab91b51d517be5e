"""What the evaluation view shows of a stored evaluation: figures, differences from popularity, and one user's lists."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

from core.corpus.loaders import load_text_codes
from core.errors import InputError
from core.recommend.evaluation import RecommendationEvaluation
from core.recommend.metrics import ACCURACY
from core.recommend.results import RECOMMENDATIONS, EvaluationQuery, load_histories
from core.recommend.service import short_texts, user_index
from core.recommend.splits import split_histories
from core.stats.interval import ALPHA, Interval
from core.stats.multiple_testing import holm
from core.stats.significance import minimum_detectable_differences, pair_indices

BASELINE = "popularity"


@dataclass(frozen=True, eq=False)
class Difference:
    """A recommender minus popularity in one metric, with a 95% interval over the same users; p_value: corrected by Holm
    over the recommenders compared. detectable: the smallest difference that as many users show with 80% power."""

    interval: Interval[float]
    p_value: float
    detectable: float

    @property
    def is_significant(self) -> bool:
        return self.p_value < ALPHA


@dataclass(frozen=True, eq=False)
class EvaluationSummary:
    """evaluation: without its lists. differences: metric -> recommender -> difference from popularity. users: evaluated
    ones, those with the most events first."""

    evaluation: RecommendationEvaluation
    differences: dict[str, dict[str, Difference]]
    method: str
    users: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class ListedUser:
    """history, held_out: (row, text) of a user, the latest first. lists: recommender -> (row, text, is a hit)."""

    history: tuple[tuple[int, str], ...]
    held_out: tuple[tuple[int, str], ...]
    lists: dict[str, tuple[tuple[int, str, bool], ...]]


@lru_cache(maxsize=8)
def summarize(query: EvaluationQuery) -> EvaluationSummary:
    """Raises StorageError where the evaluation is not stored."""
    stored = RECOMMENDATIONS.get(query)
    histories = load_histories(query.source)
    sizes = np.diff(histories.starts)[stored.users]
    users = tuple(histories.users[stored.users[i]] for i in np.argsort(-sizes, kind="stable"))
    differences = {metric: _differences(stored, metric) for metric in ACCURACY}
    evidence = stored.differences["ndcg"]
    evaluation = RecommendationEvaluation(
        stored.names, stored.k, stored.split, stored.users, stored.total, np.empty((0, 0, 0), np.int64), stored.values,
        stored.recalls, np.asarray(stored.coverage), stored.excluded, stored.seed,
    )  # fmt: skip
    _ = evaluation.intervals  # computed once, in the worker
    return EvaluationSummary(evaluation, differences, evidence.method if evidence else "", users)


def _differences(evaluation: RecommendationEvaluation, metric: str) -> dict[str, Difference]:
    evidence = evaluation.differences[metric]
    if evidence is None:
        return {}
    baseline = evaluation.names.index(BASELINE)
    detectable = minimum_detectable_differences(evidence)
    result: dict[str, tuple[Interval[float], float, float]] = {}
    for i, (one, other) in enumerate(zip(*pair_indices(len(evaluation.names)), strict=True)):
        if baseline in (one, other):
            value, low, high = (float(part[i]) for part in evidence.differences)
            interval = Interval(value, low, high) if other == baseline else Interval(-value, -high, -low)
            result[evaluation.names[one if other == baseline else other]] = (
                interval, float(evidence.p_value[i]), float(detectable[i])
            )  # fmt: skip
    corrected = holm(np.array([p for _, p, _ in result.values()]))
    return {
        name: Difference(interval, float(p), smallest)
        for (name, (interval, _, smallest)), p in zip(result.items(), corrected, strict=True)
    }


def listed_user(query: EvaluationQuery, user: str) -> ListedUser:
    """Raises InputError for a user that was not evaluated."""
    stored, histories = RECOMMENDATIONS.get(query), load_histories(query.source)
    index = user_index(histories, user)
    at = np.flatnonzero(stored.users == index)
    if not len(at):
        raise InputError("This user was not evaluated.", "Choose a user of the list.")
    split = split_histories(histories, query.split, query.n, query.date or None)
    codes = load_text_codes(query.corpus, None)
    past, later = (
        part.rows[part.events(index)][part.is_liked[part.events(index)]] for part in (split.train, split.held_out)
    )
    wanted = np.setdiff1d(codes[later], codes[split.train.rows[split.train.events(index)]])
    lists = {}
    for name, of in zip(stored.names, stored.lists[:, at[0]], strict=True):
        rows = of[of >= 0]
        lists[name] = tuple(
            (row, text, bool(hit))
            for (row, text), hit in zip(_with_texts(query, rows), np.isin(codes[rows], wanted), strict=True)
        )
    return ListedUser(_with_texts(query, _latest(past)), _with_texts(query, _latest(later)), lists)


def _latest(rows: np.ndarray) -> np.ndarray:
    """Distinct rows, the latest first."""
    return np.array(list(dict.fromkeys(rows[::-1].tolist())), np.int64)


def _with_texts(query: EvaluationQuery, rows: np.ndarray) -> tuple[tuple[int, str], ...]:
    ids = [int(row) for row in rows]
    return tuple(zip(ids, short_texts(query.corpus, ids, 120), strict=True))


def evaluation_csv(query: EvaluationQuery) -> pd.DataFrame:
    """A row per recommender: all metrics with their intervals."""
    return summarize(query).evaluation.table.rename_axis("recommender").reset_index()
