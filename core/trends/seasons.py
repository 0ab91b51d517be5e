"""Rhythms of the calendar, which are no surges: hours of the day, days of the week, months of the year.

A series' factor of a phase (a weekday, say) is its rate in that phase over its rate in all, counted in whole cycles
(weeks), without the 15% of cycles with the highest rates: a surge must not pass for its own season. A rhythm is
allowed for where the Kruskal-Wallis test (1952) tells the phases of a series apart; a series too small to tell takes
the factors of all rows together, and the factors of the others are drawn to those (as if by 20 more rows a phase).
"""

from dataclasses import dataclass
from math import ceil

import numpy as np
import pandas as pd

from core.trends.periods import Period

ALPHA = 0.01
LEFT_OUT = 0.15  # of the cycles, those with the highest rates
PRIOR_ROWS = 20
ROWS_A_PHASE = 5  # fewer tell nothing of a rhythm
LEAST = 0.02  # a factor below would make one row at a quiet time a surge
_CYCLES = {"hours of the day": 14, "days of the week": 8, "months of the year": 3}  # whole ones that are needed
_OF: dict[Period, tuple[str, ...]] = {
    "hour": ("hours of the day", "days of the week"),
    "day": ("days of the week", "months of the year"),
    "week": ("months of the year",),
    "month": ("months of the year",),
}


@dataclass(frozen=True, eq=False)
class Rhythm:
    """phase: (t,) int, such as the weekday of each period; cycle: (t,) int, such as its week; whole: (t,) bool, whether
    all phases of its cycle lie within the time."""

    name: str
    phase: np.ndarray
    cycle: np.ndarray
    whole: np.ndarray


@dataclass(frozen=True, eq=False)
class Season:
    """factors: (m, t) float64, how many times its usual rate a series has in a period by the calendar alone; 1 where
    there is no rhythm. told: (name of a rhythm, series that show it by themselves, series it is allowed for)."""

    factors: np.ndarray
    told: tuple[tuple[str, int, int], ...]


def rhythms(starts: np.ndarray, period: Period) -> tuple[Rhythm, ...]:
    """The rhythms that periods (t,) datetime64[ns] can show: 14 whole days, 8 whole weeks or 3 whole years at least."""
    found = []
    for name in _OF.get(period, ()):
        phase, cycle, phases = _phases(pd.DatetimeIndex(starts), name)
        seen = pd.Series(phase).groupby(cycle).nunique()
        whole = np.isin(cycle, seen.index[seen == phases])
        if whole.any() and len(np.unique(cycle[whole])) >= _CYCLES[name]:
            found.append(Rhythm(name, phase, cycle, whole))
    return tuple(found)


def _phases(times: pd.DatetimeIndex, name: str) -> tuple[np.ndarray, np.ndarray, int]:
    days = (times.normalize() - pd.Timestamp(0)).days.to_numpy()
    if name == "hours of the day":
        return times.hour.to_numpy(), days, 24
    if name == "days of the week":
        return times.day_of_week.to_numpy(), (days + 3) // 7, 7  # weeks from Monday; 1970-01-01 was a Thursday
    return times.month.to_numpy() - 1, times.year.to_numpy(), 12


def season(counts: np.ndarray, whole: np.ndarray, exposure: np.ndarray, found: tuple[Rhythm, ...]) -> Season:
    """How much of the series counts (m, t) the calendar explains.

    whole: (t,) the counts of all rows together, whose rhythm small series take. exposure: (t,) what a count is in
    proportion to.
    """
    factors, everything = np.ones(counts.shape), np.ones(len(exposure))
    told = []
    for each in found:
        usual = _factors(whole, exposure * everything, each, None, ALPHA)
        # where all rows show none, one of many series must show it the more surely
        alpha = ALPHA if usual is not None else ALPHA / max(len(counts), 1)
        own = [_factors(series, exposure * factors[at], each, usual, alpha) for at, series in enumerate(counts)]
        for at, mine in enumerate(own):
            used = mine if mine is not None else usual
            if used is not None:
                factors[at] *= used[each.phase]
        everything = everything * usual[each.phase] if usual is not None else everything
        shown = sum(mine is not None for mine in own)
        if shown or usual is not None:
            told.append((each.name, shown, len(counts) if usual is not None else shown))
    return Season(factors, tuple(told))


def _factors(
    series: np.ndarray, exposure: np.ndarray, rhythm: Rhythm, usual: np.ndarray | None, alpha: float
) -> np.ndarray | None:
    """(phases,) the factors of one series, None where it shows no rhythm. usual: what they are drawn to, None for 1."""
    rows, size = _table(series, rhythm), _table(exposure, rhythm)
    rates = rows.sum(axis=1) / np.maximum(size.sum(axis=1), 1e-12)
    calm = np.argsort(rates, kind="stable")[: len(rates) - ceil(LEFT_OUT * len(rates))]
    rows, size = rows[calm], size[calm]
    if rows.sum() < ROWS_A_PHASE * rows.shape[1] or not _told_apart(rows, size, alpha):
        return None
    expected = size.sum(axis=0) * rows.sum() / size.sum()
    prior = 1.0 if usual is None else usual
    drawn = (rows.sum(axis=0) + PRIOR_ROWS * prior) / (expected + PRIOR_ROWS)
    return np.maximum(drawn, LEAST)


def _table(values: np.ndarray, rhythm: Rhythm) -> np.ndarray:
    """(cycles, phases) sums over the whole cycles."""
    cycles, row = np.unique(rhythm.cycle[rhythm.whole], return_inverse=True)
    phases = int(rhythm.phase.max()) + 1
    flat = np.bincount(row * phases + rhythm.phase[rhythm.whole], values[rhythm.whole], len(cycles) * phases)
    return flat.reshape(len(cycles), phases)


def _told_apart(rows: np.ndarray, size: np.ndarray, alpha: float) -> bool:
    """Whether the rates of the phases differ more than by chance."""
    from scipy.stats import kruskal

    with np.errstate(divide="ignore", invalid="ignore"):
        rates = np.where(size > 0, rows / size, np.nan)
    samples = [phase[np.isfinite(phase)] for phase in rates.T]
    samples = [sample for sample in samples if len(sample)]
    if len(samples) < 2 or np.ptp(np.concatenate(samples)) == 0:
        return False
    return bool(kruskal(*samples).pvalue < alpha)
