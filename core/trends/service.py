"""What the Trends page asks: the groups of a query, their shares over time, and two spans compared."""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

import numpy as np
import pandas as pd

from core.clusters.service import default_clusters
from core.corpus.filters import column_kind
from core.corpus.label_columns import INTERNAL_COLUMNS
from core.corpus.label_sets import label_sets
from core.corpus.loaders import load_corpus
from core.errors import InputError
from core.secret import Secret
from core.stats.proportions import wilson
from core.trends.periods import Period, binned
from core.trends.sentiment import CLASSES, NAMES
from core.trends.sentiment_source import SentimentSource, row_sentiments
from core.trends.shares import (
    MIN_RELIABLE_ROWS,
    Groups,
    Series,
    compare_spans,
    count_groups,
    group_series,
    group_values,
    order_groups,
)
from core.types import CorpusRef, ModelSpec

GroupKind = Literal["clusters", "column", "sentiment"]
MAX_GROUPS = 200  # the largest groups, analyzed for bursts, drift and anomalous increases


@dataclass(frozen=True)
class TrendQuery:
    """Rows of a corpus by a time column, in groups, each row with a sentiment.

    group: the default clusters, a column's values, or the sentiments themselves. source: of the sentiment. sentiment:
    only rows of this sentiment count as the groups' (-1, 0, 1), None for all. secret: to embed anchor sentences with.
    """

    corpus: CorpusRef
    model: ModelSpec | None
    time: str
    group: GroupKind = "clusters"
    column: str = ""
    source: SentimentSource = field(default_factory=SentimentSource)
    sentiment: int | None = None
    secret: Secret | None = None


@dataclass(frozen=True, eq=False)
class Shares(Series):
    """Groups over time. starts: (t,) datetime64[ns]. few: (t,) bool, fewer than 20 rows in the period. groups: how many
    there are in all; grouped: rows in any; rows: rows with a time. several: whether a row may be in several groups, so
    that shares may add up to more than 1."""

    starts: np.ndarray
    few: np.ndarray
    groups: int
    grouped: int
    rows: int
    several: bool = False


@lru_cache(maxsize=4)
def group_columns(corpus: CorpusRef) -> tuple[str, ...]:
    """Columns whose values make groups, those chosen as labels first: 2 values or more, not all different."""
    loaded = load_corpus(corpus)
    left_out = {*INTERNAL_COLUMNS, loaded.roles.id, loaded.roles.time}
    usable = [str(name) for name in loaded.table.columns if name not in left_out and _can_group(loaded.table[name])]
    labels = [name for name in loaded.roles.labels if name in usable]
    return (*labels, *(name for name in usable if name not in labels))


def _can_group(values: pd.Series) -> bool:
    present = values.dropna()
    if column_kind(values) == "time" or not len(present):
        return False
    if sets := label_sets(values):
        return 2 <= len(sets.names) <= max(len(sets.rows) // 2, 2)
    distinct = int(present.astype("str").nunique())
    return 2 <= distinct <= max(len(present) // 2, 2)


def query_groups(query: TrendQuery) -> Groups:
    """The groups, largest first, of rows with the query's sentiment. Raises InputError, StorageError."""
    groups = all_groups(query)
    if query.sentiment is None or query.group == "sentiment":
        return groups
    return groups.among(query_sentiments(query) == query.sentiment)


def all_groups(query: TrendQuery) -> Groups:
    """The groups, whatever the sentiment."""
    if query.group == "sentiment":
        codes = query_sentiments(query)
        present = [code for code in CLASSES if (codes == code).any()]
        positions = np.full(len(codes), -1, dtype=np.int64)
        for at, code in enumerate(present):
            positions[codes == code] = at
        rows = np.flatnonzero(positions >= 0)
        return Groups(rows, positions[rows], tuple(NAMES[code] for code in present), len(codes))
    if query.group == "column":
        return _column_groups(query.corpus, query.column)
    if query.model is None:
        raise InputError("This corpus is not embedded yet.", "Embed it to see clusters, or group by a column.")
    clusters = default_clusters(query.corpus, query.model)
    return order_groups(np.asarray(clusters.labels), clusters.names)


@lru_cache(maxsize=8)
def _column_groups(corpus: CorpusRef, column: str) -> Groups:
    table = load_corpus(corpus).table
    if column not in table.columns:
        raise InputError(f'There is no column "{column}" to group by.', "Choose another.")
    return group_values(table[column])


def has_several_groups(query: TrendQuery) -> bool:
    """Whether a row may be in several groups, as with several values a row."""
    return query.group == "column" and _column_groups(query.corpus, query.column).several


def query_sentiments(query: TrendQuery) -> np.ndarray:
    """(n,) int8: each row's sentiment."""
    return row_sentiments(query.corpus, query.model, query.source, query.secret).codes


def shares_over_time(query: TrendQuery, period: Period, max_groups: int, within: bool = False) -> Shares:
    """The largest `max_groups` groups over time, the others together.

    within: shares of the query's sentiment among each group's rows, else of all rows of the period.
    """
    bins = binned(query.corpus, query.time, period)
    groups = query_groups(query)
    series = group_series(groups, bins.index, len(bins), max_groups)
    share, low, high = series.share, series.low, series.high
    if within:
        within_groups = group_series(all_groups(query), bins.index, len(bins), max_groups)
        share, low, high = wilson(series.counts, within_groups.counts)
    inside = bins.index >= 0
    sizes = (len(groups.names), int((groups.any_of() & inside).sum()), int(inside.sum()))
    few = series.totals < MIN_RELIABLE_ROWS
    periods = (bins.starts, few)
    return Shares(series.names, series.counts, series.totals, share, low, high, *periods, *sizes, groups.several)


def compare_periods(query: TrendQuery, period: Period, first: tuple[int, int], second: tuple[int, int]) -> pd.DataFrame:
    """compare_spans of two spans of periods. Raises InputError where one of them holds no row."""
    bins = binned(query.corpus, query.time, period)
    for name, span in (("A", first), ("B", second)):
        if not ((bins.index >= span[0]) & (bins.index <= span[1])).any():
            raise InputError(f"Period {name} has no rows.", "Choose a longer period.")
    return compare_spans(query_groups(query), bins.index, first, second)


def period_counts(query: TrendQuery, period: Period) -> tuple[np.ndarray, np.ndarray]:
    """(t + 1,) edges of the periods and (t,) rows in each."""
    bins = binned(query.corpus, query.time, period)
    return bins.edges, np.bincount(bins.index[bins.index >= 0], minlength=len(bins))


def group_counts(groups: Groups, index: np.ndarray, periods: int) -> np.ndarray:
    """(g, t) counts of the largest 200 groups."""
    return count_groups(groups, index, periods, MAX_GROUPS)
