"""Time cut into periods of the calendar, in UTC: hours, days, weeks (from Monday), months, quarters, years."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd

from core.errors import InputError

Period = Literal["hour", "day", "week", "month", "quarter", "year"]
PERIODS: tuple[Period, ...] = get_args(Period)
MOST_PERIODS = 5_000
FEWEST, READABLE = 6, 90  # periods a chart should have
ROWS_A_PERIOD = 10  # below this, shares say little
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
    known = ~np.isnat(times)
    if not known.any():
        raise InputError("No row has a time.", "Choose another time column.")
    first, last = int(ordinals[known].min()), int(ordinals[known].max())
    if last - first >= MOST_PERIODS:
        raise InputError(
            f"From the first row to the last there are {last - first + 1:,} periods of one {period}.",
            f"Choose a longer period (at most {MOST_PERIODS:,} are shown), or correct times that are far off.",
        )
    edges = _starts(np.arange(first, last + 2), period)
    return Binned(period, edges, np.where(known, ordinals - first, -1).astype(np.int32))


def count_periods(times: np.ndarray, period: Period) -> int:
    """How many periods lie between the first and the last time, both included; 0 without any."""
    known = times[~np.isnat(times)]
    if not len(known):
        return 0
    ends = _ordinals(np.array([known.min(), known.max()]), period)
    return int(ends[1] - ends[0]) + 1


def suggest_period(times: np.ndarray) -> Period:
    """The finest period that gives 6 to 90 periods of at least 10 rows each on average; failing that, the coarsest
    that gives 6 or, for short spans, the finest that gives 2."""
    rows = int((~np.isnat(times)).sum())
    offered = sensible_periods(times)
    counts = {period: count_periods(times, period) for period in offered}
    for period in offered:
        if FEWEST <= counts[period] <= READABLE and rows >= ROWS_A_PERIOD * counts[period]:
            return period
    coarse = [period for period in offered if FEWEST <= counts[period] <= READABLE]
    if coarse:
        return coarse[-1]
    return next((period for period in offered if 2 <= counts[period] <= READABLE), offered[0])


def fine_period(times: np.ndarray, most: int = 2_000) -> Period:
    """The finest period of which the span holds at most `most`: hours for a span of weeks, days for one of years."""
    return next((period for period in sensible_periods(times) if count_periods(times, period) <= most), "year")


def sensible_periods(times: np.ndarray) -> tuple[Period, ...]:
    """The periods that can be told apart and shown, finest first: dates without a time of day have no hours."""
    known = times[~np.isnat(times)]
    finest = PERIODS[1:] if bool((known == known.astype("datetime64[D]")).all()) else PERIODS
    return tuple(period for period in finest if count_periods(times, period) <= MOST_PERIODS) or ("year",)


def period_name(starts: np.ndarray, place: int, period: Period) -> str:
    """A period as a person writes it: "2026-03-11 14:00", "week of 2026-03-09", "2026-03", "2026 Q1"."""
    stamp = pd.Timestamp(starts[place])
    if period == "quarter":
        return f"{stamp.year} Q{stamp.quarter}"
    form = {"hour": "%Y-%m-%d %H:00", "day": "%Y-%m-%d", "week": "week of %Y-%m-%d", "month": "%Y-%m", "year": "%Y"}
    return str(stamp.strftime(form[period]))


def _ordinals(times: np.ndarray, period: Period) -> np.ndarray:
    """int64 numbers that count periods from 1970; NaT gives a meaningless one."""
    units = times.astype(f"datetime64[{_UNIT[period]}]").astype(np.int64)
    return (units - (_MONDAY if period == "week" else 0)) // _STEP.get(period, 1)


def _starts(ordinals: np.ndarray, period: Period) -> np.ndarray:
    units = ordinals * _STEP.get(period, 1) + (_MONDAY if period == "week" else 0)
    return units.astype(f"datetime64[{_UNIT[period]}]").astype("datetime64[ns]")
