"""Questions of the Trends page about shares: which groups there are, how they go over time, two spans compared."""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

import numpy as np
import pandas as pd

from core.clusters.service import default_clusters
from core.corpus.filters import column_kind
from core.corpus.loaders import load_corpus
from core.errors import InputError
from core.secret import Secret
from core.stats.proportions import wilson
from core.trends.periods import Period
from core.trends.sentiment import CLASSES, NAMES, UNKNOWN
from core.trends.sentiment_service import Reading, sentiments
from core.trends.shares import FEW_ROWS, Groups, compare_spans, count_groups, group_values, order_groups, series
from core.trends.time_columns import binned
from core.types import CorpusRef, ModelSpec

GroupKind = Literal["clusters", "column", "sentiment"]
MOST_GROUPS = 200  # the largest groups looked at for bursts, drifts and surges
UNTOLD = ("source_row", "passage")


@dataclass(frozen=True)
class Subject:
    """What is looked at over time: rows of a corpus by a time column, in groups, each with a sentiment.

    group: the default clusters, a column's values, or the sentiments themselves. mood: only rows of this sentiment
    count as the groups' (-1, 0, 1), None for all. secret: to embed anchor sentences with.
    """

    corpus: CorpusRef
    model: ModelSpec | None
    time: str
    group: GroupKind = "clusters"
    column: str = ""
    reading: Reading = field(default_factory=Reading)
    mood: int | None = None
    secret: Secret | None = None


@dataclass(frozen=True, eq=False)
class Shares:
    """Groups over time. starts: (t,) datetime64[ns]. counts: (g, t) rows; totals: (t,) what a share is of.

    share, low, high: (g, t) with Wilson's 95% interval, NaN without rows. few: (t,) bool, fewer than 20 rows in the
    period. groups: how many there are in all; grouped: rows in any; rows: rows with a time.
    """

    names: tuple[str, ...]
    starts: np.ndarray
    counts: np.ndarray
    totals: np.ndarray
    share: np.ndarray
    low: np.ndarray
    high: np.ndarray
    few: np.ndarray
    groups: int
    grouped: int
    rows: int


@lru_cache(maxsize=4)
def group_columns(corpus: CorpusRef) -> tuple[str, ...]:
    """Columns whose values make groups, those chosen as labels first: 2 values or more, not all different."""
    whole = load_corpus(corpus)
    left_out = {*UNTOLD, whole.roles.id, whole.roles.time}
    usable = [str(name) for name in whole.table.columns if name not in left_out and _groups(whole.table[name])]
    labels = [name for name in whole.roles.labels if name in usable]
    return (*labels, *(name for name in usable if name not in labels))


def _groups(values: pd.Series) -> bool:
    known = values.dropna()
    if column_kind(values) == "time" or not len(known):
        return False
    distinct = int(known.astype("str").nunique())
    return 2 <= distinct <= max(len(known) // 2, 2)


def groups(subject: Subject) -> Groups:
    """The groups, largest first, of rows in the subject's mood. Raises InputError, StorageError."""
    found = all_groups(subject)
    if subject.mood is None or subject.group == "sentiment":
        return found
    return Groups(np.where(moods(subject) == subject.mood, found.codes, -1).astype(np.int32), found.names)


def all_groups(subject: Subject) -> Groups:
    """The groups, whatever the mood."""
    if subject.group == "sentiment":
        codes = moods(subject)
        present = [code for code in CLASSES if (codes == code).any()]
        place = {code: at for at, code in enumerate(present)} | {UNKNOWN: -1}
        placed = np.array([place.get(int(code), -1) for code in (*CLASSES, UNKNOWN)], dtype=np.int32)
        return Groups(placed[np.where(codes == UNKNOWN, 3, codes + 1)], tuple(NAMES[code] for code in present))
    if subject.group == "column":
        return _column_groups(subject.corpus, subject.column)
    if subject.model is None:
        raise InputError("This corpus is not embedded yet.", "Embed it to see clusters, or group by a column.")
    found = default_clusters(subject.corpus, subject.model)
    return order_groups(np.asarray(found.labels), found.names)


@lru_cache(maxsize=8)
def _column_groups(corpus: CorpusRef, column: str) -> Groups:
    table = load_corpus(corpus).table
    if column not in table.columns:
        raise InputError(f'There is no column "{column}" to group by.', "Choose another.")
    return group_values(table[column])


def moods(subject: Subject) -> np.ndarray:
    """(n,) int8: each row's sentiment."""
    return sentiments(subject.corpus, subject.model, subject.reading, subject.secret).codes


def over_time(subject: Subject, period: Period, most: int, within: bool = False) -> Shares:
    """The largest `most` groups over time, the others together.

    within: shares of the subject's mood among each group's own rows, else of all rows of the period.
    """
    bins = binned(subject.corpus, subject.time, period)
    found = groups(subject)
    told = series(found, bins.index, len(bins), most)
    totals, share, low, high = told.totals, told.share, told.low, told.high
    if within:
        own = series(all_groups(subject), bins.index, len(bins), most)
        share, low, high = wilson(told.counts, own.counts)
    inside = bins.index >= 0
    few = totals < FEW_ROWS
    grouped = int(((found.codes >= 0) & inside).sum())
    return Shares(
        told.names,
        bins.starts,
        told.counts,
        totals,
        share,
        low,
        high,
        few,
        len(found.names),
        grouped,
        int(inside.sum()),
    )


def compared(subject: Subject, period: Period, first: tuple[int, int], second: tuple[int, int]) -> pd.DataFrame:
    """compare_spans of two stretches of periods. Raises InputError where one of them holds no row."""
    bins = binned(subject.corpus, subject.time, period)
    for name, span in (("A", first), ("B", second)):
        if not ((bins.index >= span[0]) & (bins.index <= span[1])).any():
            raise InputError(f"There is no row in {name}.", "Choose a longer stretch of time.")
    return compare_spans(groups(subject), bins.index, first, second)


def period_counts(subject: Subject, period: Period) -> tuple[np.ndarray, np.ndarray]:
    """(t + 1,) edges of the periods and (t,) rows in each."""
    bins = binned(subject.corpus, subject.time, period)
    return bins.edges, np.bincount(bins.index[bins.index >= 0], minlength=len(bins))


def counted(found: Groups, index: np.ndarray, periods: int) -> np.ndarray:
    """(g, t) counts of the largest 200 groups."""
    looked = min(len(found.names), MOST_GROUPS)
    return count_groups(np.where(found.codes < looked, found.codes, -1), index, looked, periods)
