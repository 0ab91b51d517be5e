"""Time columns, and times in calendar periods (UTC): hours, days, weeks (from Monday), months, quarters, years."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, get_args

import numpy as np
import pandas as pd

from core.corpus.label_columns import INTERNAL_COLUMNS
from core.corpus.loaders import load_corpus
from core.corpus.reading.times import parse_times, time_share
from core.errors import InputError
from core.types import CorpusRef

Period = Literal["hour", "day", "week", "month", "quarter", "year"]
PERIODS: tuple[Period, ...] = get_args(Period)
MAX_PERIODS = 5_000
MIN_PERIODS, MAX_READABLE = 6, 90  # periods a chart should have
ROWS_A_PERIOD = 10  # with fewer, shares are unreliable
MIN_TIME_SHARE = 0.5  # of the cells must parse for a column to be offered
MAX_EXAMPLES = 20  # rows without a time that are named
CELL = 80
_OFFSET = r"(?:Z|[+-]\d{2}:?\d{2})$"
_UNIT = {"hour": "h", "day": "D", "week": "D", "month": "M", "quarter": "M", "year": "Y"}
_STEP = {"week": 7, "quarter": 3}
_MONDAY = 4  # 1970-01-05, the first Monday of unix time, is day 4


@dataclass(frozen=True, eq=False)
class Binned:
    """Rows sorted into periods. edges: (t + 1,) datetime64[ns], the start of every period from the first to the last
    row, empty ones too, and the last one's end. index: (n,) int32, the period of each row, -1 without a time."""

    period: Period
    edges: np.ndarray
    index: np.ndarray

    @property
    def starts(self) -> np.ndarray:
        """(t,) datetime64[ns]."""
        return self.edges[:-1]

    def __len__(self) -> int:
        return len(self.edges) - 1


def bin_times(times: np.ndarray, period: Period) -> Binned:
    """Sort times (n,) datetime64, NaT where there is none, into periods.

    Raises InputError where no row has a time, or where the span holds more than 5,000 such periods.
    """
    ordinals = _ordinals(times, period)
    has_time = ~np.isnat(times)
    if not has_time.any():
        raise InputError("No row has a time.", "Choose another time column.")
    first, last = int(ordinals[has_time].min()), int(ordinals[has_time].max())
    if last - first >= MAX_PERIODS:
        raise InputError(
            f"From the first row to the last there are {last - first + 1:,} periods of one {period}.",
            f"Choose a longer period (at most {MAX_PERIODS:,} are shown), or correct times that are far off.",
        )
    units = np.arange(first, last + 2) * _STEP.get(period, 1) + (_MONDAY if period == "week" else 0)
    edges = units.astype(f"datetime64[{_UNIT[period]}]").astype("datetime64[ns]")
    return Binned(period, edges, np.where(has_time, ordinals - first, -1).astype(np.int32))


def count_periods(times: np.ndarray, period: Period) -> int:
    """How many periods lie between the first and the last time, both included; 0 without any."""
    valid = times[~np.isnat(times)]
    if not len(valid):
        return 0
    ends = _ordinals(np.array([valid.min(), valid.max()]), period)
    return int(ends[1] - ends[0]) + 1


def suggest_period(times: np.ndarray) -> Period:
    """The finest period that gives 6 to 90 periods of at least 10 rows each on average; failing that, the coarsest
    that gives 6 or, for short spans, the finest that gives 2."""
    rows = int((~np.isnat(times)).sum())
    counts = {period: count_periods(times, period) for period in sensible_periods(times)}
    readable = [period for period, count in counts.items() if MIN_PERIODS <= count <= MAX_READABLE]
    if readable:
        return next((period for period in readable if rows >= ROWS_A_PERIOD * counts[period]), readable[-1])
    return next((period for period, count in counts.items() if 2 <= count <= MAX_READABLE), next(iter(counts)))


def finest_period(times: np.ndarray, max_count: int = 2_000) -> Period:
    """The finest period of which the span holds at most `max_count`: hours of some weeks, days of some years."""
    return next((period for period in sensible_periods(times) if count_periods(times, period) <= max_count), "year")


def sensible_periods(times: np.ndarray) -> tuple[Period, ...]:
    """The periods that the times resolve and a chart can show, finest first: dates without a time have no hours."""
    valid = times[~np.isnat(times)]
    finest = PERIODS[1:] if bool((valid == valid.astype("datetime64[D]")).all()) else PERIODS
    return tuple(period for period in finest if count_periods(times, period) <= MAX_PERIODS) or ("year",)


def period_name(starts: np.ndarray, position: int, period: Period) -> str:
    """A period's name: "2026-03-11 14:00", "week of 2026-03-09", "Mar 2026", "2026 Q1"."""
    stamp = pd.Timestamp(starts[position])
    if period == "quarter":
        return f"{stamp.year} Q{stamp.quarter}"
    form = {"hour": "%Y-%m-%d %H:00", "day": "%Y-%m-%d", "week": "week of %Y-%m-%d", "month": "%b %Y", "year": "%Y"}
    return str(stamp.strftime(form[period]))


def _ordinals(times: np.ndarray, period: Period) -> np.ndarray:
    """int64 numbers that count periods from 1970; NaT gives a meaningless one."""
    units = times.astype(f"datetime64[{_UNIT[period]}]").astype(np.int64)
    return (units - (_MONDAY if period == "week" else 0)) // _STEP.get(period, 1)


@dataclass(frozen=True)
class TimeSummary:
    """rows: of the corpus; with_time: those with a time; missing: empty cells; invalid: cells that are no times, the
    first 20 as examples (row id, cell). notes: on the column, from the import of the corpus.

    first, last: ISO, UTC. zoned: cells with an offset from UTC, which were converted. suggested: default of `periods`
    (finest first). finest: the period of anomalous increases."""

    column: str
    rows: int
    with_time: int
    missing: int
    invalid: int
    examples: tuple[tuple[int, str], ...]
    notes: tuple[str, ...]
    first: str
    last: str
    zoned: int
    suggested: Period
    periods: tuple[Period, ...]
    finest: Period


@lru_cache(maxsize=4)
def time_columns(corpus: CorpusRef) -> tuple[str, ...]:
    """Columns of which at least half the cells parse as times, the corpus' own time column first."""
    loaded = load_corpus(corpus)
    declared = [loaded.roles.time] if loaded.roles.time else []
    others = [name for name in loaded.table.columns if name not in (*declared, *INTERNAL_COLUMNS, loaded.roles.id)]
    return (*declared, *(str(name) for name in others if time_share(loaded.table[name]) >= MIN_TIME_SHARE))


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
            f'No cell of "{column}" can be parsed as a time (first cell: {example}).',
            "Choose another time column; dates such as 2026-03-11 or 2026-03-11 14:30 always work.",
        )
    times.setflags(write=False)
    return times


@lru_cache(maxsize=8)
def time_summary(corpus: CorpusRef, column: str) -> TimeSummary:
    """What a time column covers, and its cells that are no times. Raises InputError as row_times does."""
    loaded, times = load_corpus(corpus), row_times(corpus, column)
    cells = loaded.table[column]
    empty = (cells.isna() | (cells.astype("str").str.strip() == "")).to_numpy()
    invalid = np.flatnonzero(np.isnat(times) & ~empty)
    valid = times[~np.isnat(times)]
    is_text = bool(pd.api.types.is_string_dtype(cells.dtype) or cells.dtype == object)
    return TimeSummary(
        column=column, rows=len(times), with_time=len(valid), missing=int((np.isnat(times) & empty).sum()),
        invalid=len(invalid), examples=tuple((int(row), str(cells.iloc[row])[:CELL]) for row in invalid[:MAX_EXAMPLES]),
        notes=_notes(loaded.origin, column), first=str(pd.Timestamp(valid.min())), last=str(pd.Timestamp(valid.max())),
        zoned=int(cells.astype("str").str.contains(_OFFSET, na=False).sum()) if is_text else 0,
        suggested=suggest_period(times), periods=sensible_periods(times), finest=finest_period(times),
    )  # fmt: skip


@lru_cache(maxsize=8)
def binned(corpus: CorpusRef, column: str, period: Period) -> Binned:
    """The rows sorted into periods, cached. Raises InputError as bin_times does."""
    return bin_times(row_times(corpus, column), period)


def _notes(origin: dict, column: str) -> tuple[str, ...]:
    """The corpus' import notes that name the column."""
    notes = origin.get("notes") or ()
    return tuple(str(note) for note in notes if f'"{column}"' in str(note)) if isinstance(notes, list | tuple) else ()
