"""Events of the Trends page: bursts, drift and anomalous increases of a query's groups, ranked, with their rows."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import pandas as pd

from core.corpus.distinctive_terms import distinctive_terms
from core.corpus.loaders import load_corpus
from core.corpus.terms import is_informative, load_terms
from core.corpus.texts import distinct_texts
from core.errors import InputError
from core.trends.bursts import Burst, find_bursts
from core.trends.drift import PERMUTATIONS, Drift, measure_drifts
from core.trends.increases import MAX_WIDTH, Increase, find_increases
from core.trends.periods import Binned, Period, binned, row_times
from core.trends.rows import RowFilter, matching_rows
from core.trends.seasons import seasonal_cycles, seasonal_factors
from core.trends.sentiment import NAMES, UNKNOWN
from core.trends.service import TrendQuery, group_counts, query_groups, query_sentiments
from core.trends.shares import Groups
from core.types import ModelSpec
from core.vectors.loaders import load_neighbors, load_vectors

MAX_EVENTS = 50
MAX_TERMS = 6
ALL = "all rows"
MAX_DRIFT_GROUPS = 40  # the largest groups whose drift is tested


@dataclass(frozen=True)
class Event:
    """A burst or an anomalous increase. first, last: ISO starts of its periods; row_filter: its rows.

    name: the group; sentiment: its name, or "" for all. rows, expected: counted and usual. level, weight: of a burst.
    p, corrected: of an increase. terms: distinctive ones of its rows.
    """

    name: str
    sentiment: str
    first: str
    last: str
    rows: int
    expected: float
    row_filter: RowFilter
    level: int = 1
    weight: float = float("nan")
    p: float = float("nan")
    corrected: float = float("nan")
    terms: tuple[str, ...] = ()


@dataclass(frozen=True)
class Events:
    """items: best first, at most 50 of `total`. groups: analyzed; windows: tested and corrected for, the widest of
    max_width periods. seasons: cycles accounted for, see Season.applied; series: counts they were estimated for."""

    items: tuple[Event, ...]
    total: int
    groups: int
    windows: int
    max_width: int
    period: Period
    periods: int
    seasons: tuple[tuple[str, int, int], ...] = ()
    series: int = 0


def bursts(query: TrendQuery, period: Period, s: float, gamma: float, states: int) -> Events:
    """Kleinberg's bursts of the query's groups, heaviest first."""
    return _bursts(query, query_groups(query).names, period, s, gamma, states)


@lru_cache(maxsize=16)
def _bursts(query: TrendQuery, names: tuple[str, ...], period: Period, s: float, gamma: float, states: int) -> Events:
    """names: of the groups as they are called now; clusters may be renamed."""
    bins = binned(query.corpus, query.time, period)
    groups = query_groups(query)
    counts = group_counts(groups, bins.index, len(bins))
    totals = np.bincount(bins.index[bins.index >= 0], minlength=len(bins))
    listed = [
        (code, burst) for code, series in enumerate(counts) for burst in find_bursts(series, totals, s, gamma, states)
    ]
    listed.sort(key=lambda pair: (-pair[1].weight, pair[0]))
    sentiment = None if query.group == "sentiment" else query.sentiment
    events = []
    for code, burst in listed[:MAX_EVENTS]:
        event = _event(bins.edges, groups.names, code, sentiment, burst)
        terms = event_terms(query, event.row_filter)
        events.append(replace(event, level=burst.level, weight=burst.weight, terms=terms))
    return Events(tuple(events), len(listed), len(counts), 0, 0, period, len(bins))


def anomalous_increases(query: TrendQuery, period: Period, relative: bool, alpha: float) -> Events:
    """Windows in which a group has more rows than its other times lead to expect: negative ones first, then by p.

    Each group is tested in all its rows and, where sentiment is known, in its negative and its positive rows; so are
    all rows together, since an increase may spread over many small groups. p is corrected for the windows of all of
    these. An increase most of whose rows are in those before it is left out.
    relative: against the number of all rows instead of against time.
    """
    return _anomalous_increases(query, query_groups(query).names, period, relative, alpha)


@lru_cache(maxsize=16)
def _anomalous_increases(
    query: TrendQuery, names: tuple[str, ...], period: Period, relative: bool, alpha: float
) -> Events:
    """names: of the groups as they are called now; clusters may be renamed."""
    bins = binned(query.corpus, query.time, period)
    query = replace(query, sentiment=None)
    groups = query_groups(query)
    split = query.group != "sentiment" and (query_sentiments(query) != UNKNOWN).any()
    sentiments: list[int | None] = [-1, None, 1] if split else [None]
    parts = [_sentiment_counts(query, groups, sentiment, bins) for sentiment in sentiments]
    counts, size = np.vstack(parts), len(parts[0])
    totals = np.bincount(bins.index[bins.index >= 0], minlength=len(bins))
    exposure = totals if relative else np.ones(len(bins))
    season = seasonal_factors(counts, totals, exposure, seasonal_cycles(bins.starts, period))
    result = find_increases(counts, exposure, MAX_WIDTH[period], alpha, season.factors)
    listed = []
    for increase in result.increases:
        kind, code = divmod(increase.series, size)
        event = _event(bins.edges, groups.names, code if code < size - 1 else -1, sentiments[kind], increase)
        listed.append(replace(event, p=increase.p, corrected=increase.corrected))
    listed.sort(key=lambda event: (event.row_filter.group < 0, event.sentiment != "negative", event.p))
    distinct = _without_overlaps(query, listed)
    events = tuple(replace(event, terms=event_terms(query, event.row_filter)) for event in distinct[:MAX_EVENTS])
    windows = (result.windows, result.max_width, period, len(bins))
    return Events(events, len(distinct), size - 1, *windows, season.applied, len(counts))


def event_counts(query: TrendQuery, row_filter: RowFilter, period: Period) -> tuple[np.ndarray, np.ndarray]:
    """(t,) starts of the periods and (t,) rows of the filter's group and sentiment in each, over all time."""
    bins = binned(query.corpus, query.time, period)
    mask = matching_rows(query, replace(row_filter, start="", end=""))
    return bins.starts, np.bincount(bins.index[mask & (bins.index >= 0)], minlength=len(bins))


@dataclass(frozen=True, eq=False)
class Drifts:
    """names: by the drifts' codes. drifts: by rising q, those of `groups` with enough rows on both sides."""

    names: tuple[str, ...]
    drifts: tuple[Drift, ...]
    groups: int
    permutations: int


def drifts(query: TrendQuery, split: str) -> Drifts:
    """Each group before and after a date (ISO); copies of a text on one side count once.

    Raises InputError without vectors, StorageError.
    """
    if query.model is None:
        raise InputError("This corpus is not embedded yet: drift is measured on vectors.", "Embed it first.")
    groups = query_groups(query)
    members = tuple(groups.members(code).tobytes() for code in range(min(len(groups.names), MAX_DRIFT_GROUPS)))
    tested = _drifts(replace(query, secret=None), split, query.model, members)
    return Drifts(groups.names, tested, len(groups.names), PERMUTATIONS)


@lru_cache(maxsize=8)
def _drifts(query: TrendQuery, split: str, model: ModelSpec, members: tuple[bytes, ...]) -> tuple[Drift, ...]:
    """members: the row ids (int64) of each group."""
    times = row_times(query.corpus, query.time)
    later = np.where(np.isnat(times), -1, times >= np.datetime64(split, "ns")).astype(np.int8)
    # copies of a text on one side count once: shuffling would split what was posted at once
    text_ids = distinct_texts(load_corpus(query.corpus).texts)[0]
    later[pd.DataFrame({"text": text_ids, "side": later}).duplicated()] = -1
    rows = load_vectors(query.corpus, model).rows
    ids = load_neighbors(query.corpus, model).ids
    return tuple(measure_drifts(rows, ids, [np.frombuffer(group, dtype=np.int64) for group in members], later))


def event_terms(query: TrendQuery, row_filter: RowFilter) -> tuple[str, ...]:
    """Up to six significant distinctive terms of the rows against all others."""
    rows = matching_rows(query, row_filter)
    terms = distinctive_terms(*load_terms(query.corpus), rows, limit=MAX_TERMS, is_listed=is_informative)
    return tuple(entry.value for entry in terms.entries)


def _event(edges: np.ndarray, names: Sequence[str], code: int, sentiment: int | None, span: Burst | Increase) -> Event:
    """What bursts and increases have in common."""
    first, last, end = (str(pd.Timestamp(edges[at])) for at in (span.first, span.last, span.last + 1))
    name, row_filter = "" if sentiment is None else NAMES[sentiment], RowFilter(code, first, end, sentiment)
    return Event(names[code] if code >= 0 else ALL, name, first, last, span.rows, span.expected, row_filter)


def _sentiment_counts(query: TrendQuery, groups: Groups, sentiment: int | None, bins: Binned) -> np.ndarray:
    """(g + 1, t) rows of a sentiment by group; the last line counts all of them, in a group or not."""
    index = bins.index if sentiment is None else np.where(query_sentiments(query) == sentiment, bins.index, -1)
    counts = group_counts(groups, index, len(bins))
    return np.vstack([counts, np.bincount(index[index >= 0], minlength=len(bins))[None, :]])


def _without_overlaps(query: TrendQuery, listed: list[Event]) -> list[Event]:
    """The events most of whose rows are not in one before them."""
    taken = np.zeros(len(row_times(query.corpus, query.time)), dtype=bool)
    distinct = []
    for event in listed:
        rows = matching_rows(query, event.row_filter)
        if (rows & taken).sum() * 2 <= rows.sum():
            distinct.append(event)
            taken |= rows
    return distinct
