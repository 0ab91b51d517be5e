"""Which columns hold times, and what a time column covers."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

from core.corpus.loaders import load_corpus
from core.corpus.reading.times import parse_times, time_share
from core.errors import InputError
from core.trends.periods import Binned, Period, bin_times, fine_period, sensible_periods, suggest_period
from core.types import CorpusRef

LEAST_SHARE = 0.5  # of the cells must parse for a column to be offered
MOST_NAMED = 20  # rows without a time that are named
CELL = 80
UNTOLD = ("source_row", "passage")  # columns that count rows
_OFFSET = r"(?:Z|[+-]\d{2}:?\d{2})$"


@dataclass(frozen=True)
class TimeFacts:
    """rows: of the corpus. known: those with a time; missing: empty cells; unread: cells that are no times, of which
    the first 20 are named as (row id, cell). notes: what was said of times when the corpus was made.

    first, last: ISO, UTC. zoned: cells with an offset from UTC, which were converted. suggested: the period to begin
    with, of those that make sense (finest first). fine: that of surges. dates: no time of day.
    """

    column: str
    rows: int
    known: int
    missing: int
    unread: int
    named: tuple[tuple[int, str], ...]
    notes: tuple[str, ...]
    first: str
    last: str
    zoned: int
    suggested: Period
    periods: tuple[Period, ...]
    fine: Period
    dates: bool


@lru_cache(maxsize=4)
def time_columns(corpus: CorpusRef) -> tuple[str, ...]:
    """Columns of which at least half the cells parse as times, the corpus' own time column first."""
    whole = load_corpus(corpus)
    own = [whole.roles.time] if whole.roles.time else []
    others = [name for name in whole.table.columns if name not in (*own, *UNTOLD, whole.roles.id)]
    return (*own, *(str(name) for name in others if time_share(whole.table[name]) >= LEAST_SHARE))


@lru_cache(maxsize=4)
def row_times(corpus: CorpusRef, column: str) -> np.ndarray:
    """(n,) datetime64[ns], naive UTC, read-only; NaT without. Raises InputError where no cell is a time."""
    table = load_corpus(corpus).table
    if column not in table.columns:
        raise InputError(f'There is no column "{column}".', "Choose another time column.")
    times = parse_times(table[column]).to_numpy(dtype="datetime64[ns]")
    if np.isnat(times).all():
        example = next((str(cell)[:CELL] for cell in table[column].dropna()), "nothing")
        raise InputError(
            f'No cell of "{column}" is a time that can be read (the first: {example}).',
            "Choose another time column; dates such as 2026-03-11 or 2026-03-11 14:30 always work.",
        )
    times.setflags(write=False)
    return times


@lru_cache(maxsize=8)
def time_facts(corpus: CorpusRef, column: str) -> TimeFacts:
    """What a time column covers, and what of it can't be read. Raises InputError as row_times does."""
    whole, times = load_corpus(corpus), row_times(corpus, column)
    cells = whole.table[column]
    empty = (cells.isna() | (cells.astype("str").str.strip() == "")).to_numpy()
    unread = np.flatnonzero(np.isnat(times) & ~empty)
    known = times[~np.isnat(times)]
    return TimeFacts(
        column=column,
        rows=len(times),
        known=len(known),
        missing=int((np.isnat(times) & empty).sum()),
        unread=len(unread),
        named=tuple((int(row), str(cells.iloc[row])[:CELL]) for row in unread[:MOST_NAMED]),
        notes=_notes(whole.origin, column),
        first=_iso(known.min()),
        last=_iso(known.max()),
        zoned=int(cells.astype("str").str.contains(_OFFSET, na=False).sum()) if _is_text(cells) else 0,
        suggested=suggest_period(times),
        periods=sensible_periods(times),
        fine=fine_period(times),
        dates=bool((known == known.astype("datetime64[D]")).all()),
    )


@lru_cache(maxsize=8)
def binned(corpus: CorpusRef, column: str, period: Period) -> Binned:
    """The rows sorted into periods, kept. Raises InputError as bin_times does."""
    return bin_times(row_times(corpus, column), period)


def _is_text(cells: pd.Series) -> bool:
    return bool(pd.api.types.is_string_dtype(cells.dtype) or cells.dtype == object)


def _notes(origin: dict, column: str) -> tuple[str, ...]:
    """Notes kept with the corpus that name the column."""
    notes = origin.get("notes") or ()
    return tuple(str(note) for note in notes if f'"{column}"' in str(note)) if isinstance(notes, list | tuple) else ()


def _iso(time: np.datetime64) -> str:
    return str(pd.Timestamp(time))
