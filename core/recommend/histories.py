"""Histories: which items each user read, bought or rated, oldest first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from core.corpus.label_columns import parse_numbers
from core.corpus.label_sets import label_sets
from core.corpus.reading.times import parse_times
from core.errors import InputError
from core.types import Corpus

if TYPE_CHECKING:
    from scipy.sparse import csr_array

EXAMPLES = 3  # of what was left out, in a note


@dataclass(frozen=True, eq=False)
class Histories:
    """m events of u users, by user and oldest first.

    users: names. starts: (u + 1,) int64, where each user's events begin. rows: (m,) int64 rows of the corpus. weights:
    (m,) float64 > 0. is_liked: (m,) bool; items that are not liked are seen, but no part of a profile. times: (m,)
    float64 seconds, None where only the order is known. notes: what was left out, in sentences.
    """

    users: tuple[str, ...]
    starts: np.ndarray
    rows: np.ndarray
    weights: np.ndarray
    is_liked: np.ndarray
    times: np.ndarray | None = None
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.users)

    @cached_property
    def owner(self) -> np.ndarray:
        """(m,) int64 index of the user of each event."""
        return np.repeat(np.arange(len(self.users)), np.diff(self.starts))

    def events(self, user: int) -> slice:
        return slice(int(self.starts[user]), int(self.starts[user + 1]))

    def select(self, keep: np.ndarray) -> "Histories":
        """The same users with the events of a mask (m,) alone."""
        counts = np.bincount(self.owner[keep], minlength=len(self.users))
        starts = np.concatenate([[0], np.cumsum(counts)])
        times = None if self.times is None else self.times[keep]
        return Histories(
            self.users, starts, self.rows[keep], self.weights[keep], self.is_liked[keep], times, self.notes
        )

    def matrix(self, items: int, liked_only: bool = True) -> "csr_array":
        """(u, items) float64 sums of weights; without weights where all events are counted as seen."""
        from scipy.sparse import coo_array

        used = self.is_liked if liked_only else np.ones(len(self.rows), bool)
        values = self.weights[used] if liked_only else np.ones(int(used.sum()))
        matrix = coo_array((values, (self.owner[used], self.rows[used])), shape=(len(self.users), items)).tocsr()
        matrix.sum_duplicates()
        return matrix


def as_histories(histories: Mapping[str, Sequence[int]] | Histories, items: int) -> Histories:
    """{user: rows, oldest first}, checked. Raises InputError for no user and for rows that don't exist."""
    if isinstance(histories, Histories):
        checked = histories
    else:
        lists = [np.asarray(list(rows), np.int64) for rows in histories.values()]
        starts = np.concatenate([[0], np.cumsum([len(rows) for rows in lists])]).astype(np.int64)
        rows = np.concatenate([np.empty(0, np.int64), *lists])
        ones = np.ones(len(rows))
        checked = Histories(tuple(map(str, histories)), starts, rows, ones, ones.astype(bool))
    if not len(checked):
        raise InputError("There are no histories.", "Give at least one user and the rows that this user read.")
    outside = np.flatnonzero((checked.rows < 0) | (checked.rows >= items))
    if len(outside):
        user = checked.users[checked.owner[outside[0]]]
        message = f"User {user}: there is no row {checked.rows[outside[0]]:,} among the {items:,} rows (from 0)."
        raise InputError(message, "Give row ids of the corpus.")
    return checked


def read_histories(
    events: pd.DataFrame, corpus: Corpus, *, user: str, item: str | None = None, key: str | None = None,
    time: str | None = None, weight: str | None = None, min_weight: float | None = None,
) -> Histories:  # fmt: skip
    """Histories from a table of events, or from the corpus' own table, whose rows name their users.

    user: column of users; in the corpus' own table a cell may have several. item: column that `key`, a column of the
    corpus (by default its ID column), is joined with; None where `events` is the corpus' own table. time: oldest first;
    without it, rows are in order. weight: a rating or number above 0; events below `min_weight` are seen, but not
    liked. What is left out is counted in `notes`. Raises InputError for missing columns and where no event is left.
    """
    for column in (user, item, time, weight):
        if column is not None and column not in events.columns:
            columns = ", ".join(map(str, events.columns[:20]))
            raise InputError(f'The histories have no column "{column}".', f"Choose one of: {columns}.")
    notes: list[str] = []
    rows = _item_rows(events, corpus, item, key, notes)
    weights = _weights(events, weight, notes)
    seconds = _seconds(events, time, notes)
    usable = (rows >= 0) & (weights > 0) & np.isfinite(seconds)
    names, index = _users(events[user], usable, item is None, notes)
    if not len(index):
        raise InputError("No event of the histories can be used. " + " ".join(notes), "Check the columns.")
    codes, users = pd.factorize(names)
    order = np.lexsort((np.arange(len(index)), seconds[index], codes))
    index, codes = index[order], codes[order]
    starts = np.concatenate([[0], np.cumsum(np.bincount(codes, minlength=len(users)))])
    is_liked = np.ones(len(index), bool) if min_weight is None else weights[index] >= min_weight
    times = None if time is None else seconds[index]
    return Histories(tuple(users), starts, rows[index], weights[index], is_liked, times, tuple(notes))


def _item_rows(events: pd.DataFrame, corpus: Corpus, item: str | None, key: str | None, notes: list[str]) -> np.ndarray:
    """(m,) int64 row of the corpus of each event, -1 where there is none."""
    if item is None:
        if len(events) != len(corpus):
            raise InputError("The table is not the corpus' own.", "Give the column of items, `item`.")
        return np.arange(len(events))
    name = key or corpus.roles.id
    if name is None or name not in corpus.table.columns:
        raise InputError("The corpus has no column of item IDs.", "Give the column, `key`, that the items refer to.")
    keys = corpus.table[name].astype("string").str.strip()
    first = ~keys.duplicated() & keys.notna()
    rows_of = pd.Series(np.flatnonzero(first), index=keys[first])
    wanted = events[item].astype("string").str.strip()
    rows = wanted.map(rows_of).fillna(-1).astype(np.int64).to_numpy()
    unknown = wanted[rows < 0].dropna()
    if len(unknown):
        examples = ", ".join(unknown.drop_duplicates()[:EXAMPLES])
        notes.append(f"Events left out, of items that the corpus does not have: {len(unknown):,}, such as {examples}.")
    if missing := int(wanted.isna().sum()):
        notes.append(f"Events left out, without an item: {missing:,}.")
    if repeated := int((~first & keys.notna()).sum()):
        notes.append(f'Rows that repeat a value of "{name}": {repeated:,}; events count for the first row of a value.')
    return rows


def _weights(events: pd.DataFrame, weight: str | None, notes: list[str]) -> np.ndarray:
    if weight is None:
        return np.ones(len(events))
    weights = parse_numbers(events[weight]).to_numpy(np.float64, na_value=np.nan)
    weights = np.where(np.isfinite(weights), weights, 0.0)
    if unusable := int((weights <= 0).sum()):
        notes.append(f'Events left out, without a number above 0 in "{weight}": {unusable:,}.')
    if len(np.unique(weights[weights > 0])) == 1 and len(events) > 1:
        notes.append(f'All values of "{weight}" are equal: they say nothing about preferences.')
    return weights


def _seconds(events: pd.DataFrame, time: str | None, notes: list[str]) -> np.ndarray:
    """(m,) float64 seconds since 1970, NaN where missing; equal for all without a time column."""
    if time is None:
        return np.zeros(len(events))
    times = parse_times(events[time])
    missing = times.isna().to_numpy()
    if missing.any():
        notes.append(f'Events left out, without a readable time in "{time}": {int(missing.sum()):,}.')
    seconds = times.to_numpy().astype("datetime64[ms]").astype(np.int64) / 1000
    return np.where(missing, np.nan, seconds)


def _users(column: pd.Series, usable: np.ndarray, several: bool, notes: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Names of users and the index of the event of each; where a cell may have several users, it gives several."""
    if several and (sets := label_sets(column)) is not None:
        index, names = sets.rows, np.array(sets.names, dtype=object)[sets.codes]
    else:
        cells = column.astype("string").str.strip()
        index = np.flatnonzero((cells.notna() & (cells != "")).to_numpy())
        names = cells.to_numpy(dtype=object)[index]
    if missing := len(column) - len(np.unique(index)):
        notes.append(f"Rows without a user: {missing:,}.")
    keep = usable[index]
    if lost := len(set(names)) - len(set(names[keep])):
        notes.append(f"Users left out, without any usable event: {lost:,}.")
    return names[keep], index[keep]
