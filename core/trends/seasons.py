"""Seasonal cycles, which are no anomalies: hours of the day, days of the week, months of the year.

A series' factor of a phase (a weekday, say) is its rate in that phase over its rate in all, counted in whole cycles
(weeks), without the 15% of cycles with the highest rates: an increase must not pass for its own season. A cycle is
applied where the phases of a series differ significantly (Kruskal and Wallis, 1952); a series without a significant
cycle takes the factors of all rows together, and the others' are shrunk to those (as if by 20 more rows a phase).
"""

from dataclasses import dataclass
from math import ceil

import numpy as np
import pandas as pd

from core.trends.periods import Period

ALPHA = 0.01
TRIMMED_SHARE = 0.15  # of the cycles, those with the highest rates
PRIOR_ROWS = 20
MIN_ROWS_PER_PHASE = 5  # with fewer, no cycle can be estimated
MIN_FACTOR = 0.02  # a factor below would make one row at a quiet time an anomaly
_CYCLES = {"hours of the day": 14, "days of the week": 8, "months of the year": 3}  # complete ones that are needed
_OF: dict[Period, tuple[str, ...]] = {
    "hour": ("hours of the day", "days of the week"),
    "day": ("days of the week", "months of the year"),
    "week": ("months of the year",),
    "month": ("months of the year",),
}


@dataclass(frozen=True, eq=False)
class SeasonalCycle:
    """phase: (t,) int, such as the weekday of each period; cycle: (t,) int, such as its week; complete: (t,) bool,
    whether all phases of its cycle lie within the time."""

    name: str
    phase: np.ndarray
    cycle: np.ndarray
    complete: np.ndarray


@dataclass(frozen=True, eq=False)
class Season:
    """factors: (m, t) float64, how many times its usual rate a series has in a period by the calendar alone; 1 where
    there is no cycle. applied: (name of a cycle, series with a significant one, series it is applied to)."""

    factors: np.ndarray
    applied: tuple[tuple[str, int, int], ...]


def seasonal_cycles(starts: np.ndarray, period: Period) -> tuple[SeasonalCycle, ...]:
    """The cycles that periods (t,) datetime64[ns] can show: at least 14 complete days, 8 weeks or 3 years."""
    cycles = []
    for name in _OF.get(period, ()):
        phase, cycle, phases = _phases(pd.DatetimeIndex(starts), name)
        seen = pd.Series(phase).groupby(cycle).nunique()
        complete = np.isin(cycle, seen.index[seen == phases])
        if complete.any() and len(np.unique(cycle[complete])) >= _CYCLES[name]:
            cycles.append(SeasonalCycle(name, phase, cycle, complete))
    return tuple(cycles)


def _phases(times: pd.DatetimeIndex, name: str) -> tuple[np.ndarray, np.ndarray, int]:
    days = (times.normalize() - pd.Timestamp(0)).days.to_numpy()
    if name == "hours of the day":
        return times.hour.to_numpy(), days, 24
    if name == "days of the week":
        return times.day_of_week.to_numpy(), (days + 3) // 7, 7  # weeks from Monday; 1970-01-01 was a Thursday
    return times.month.to_numpy() - 1, times.year.to_numpy(), 12


def seasonal_factors(
    counts: np.ndarray, all_rows: np.ndarray, exposure: np.ndarray, cycles: tuple[SeasonalCycle, ...]
) -> Season:
    """How much of the series counts (m, t) the calendar explains.

    all_rows: (t,) counts of all rows together, whose cycles small series take. exposure: (t,) what a count is in
    proportion to.
    """
    factors, all_factors = np.ones(counts.shape), np.ones(len(exposure))
    applied = []
    for cycle in cycles:
        usual = _factors(all_rows, exposure * all_factors, cycle, None, ALPHA)
        # where all rows show none, Bonferroni over the series
        alpha = ALPHA if usual is not None else ALPHA / max(len(counts), 1)
        estimates = [_factors(series, exposure * factors[at], cycle, usual, alpha) for at, series in enumerate(counts)]
        for at, estimate in enumerate(estimates):
            used = estimate if estimate is not None else usual
            if used is not None:
                factors[at] *= used[cycle.phase]
        all_factors = all_factors * usual[cycle.phase] if usual is not None else all_factors
        significant = sum(estimate is not None for estimate in estimates)
        if significant or usual is not None:
            applied.append((cycle.name, significant, len(counts) if usual is not None else significant))
    return Season(factors, tuple(applied))


def _factors(
    series: np.ndarray, exposure: np.ndarray, cycle: SeasonalCycle, usual: np.ndarray | None, alpha: float
) -> np.ndarray | None:
    """(phases,) factors of one series, None without a significant cycle. usual: what they are shrunk to, None for 1."""
    rows, size = _table(series, cycle), _table(exposure, cycle)
    rates = rows.sum(axis=1) / np.maximum(size.sum(axis=1), 1e-12)
    calm = np.argsort(rates, kind="stable")[: len(rates) - ceil(TRIMMED_SHARE * len(rates))]
    rows, size = rows[calm], size[calm]
    if rows.sum() < MIN_ROWS_PER_PHASE * rows.shape[1] or not _phases_differ(rows, size, alpha):
        return None
    expected = size.sum(axis=0) * rows.sum() / size.sum()
    prior = 1.0 if usual is None else usual
    shrunk = (rows.sum(axis=0) + PRIOR_ROWS * prior) / (expected + PRIOR_ROWS)
    return np.maximum(shrunk, MIN_FACTOR)


def _table(values: np.ndarray, cycle: SeasonalCycle) -> np.ndarray:
    """(cycles, phases) sums over the complete cycles."""
    cycles, row = np.unique(cycle.cycle[cycle.complete], return_inverse=True)
    phases = int(cycle.phase.max()) + 1
    flat = np.bincount(row * phases + cycle.phase[cycle.complete], values[cycle.complete], len(cycles) * phases)
    return flat.reshape(len(cycles), phases)


def _phases_differ(rows: np.ndarray, size: np.ndarray, alpha: float) -> bool:
    """Whether the rates of the phases differ more than by chance."""
    from scipy.stats import kruskal

    with np.errstate(divide="ignore", invalid="ignore"):
        rates = np.where(size > 0, rows / size, np.nan)
    samples = [phase[np.isfinite(phase)] for phase in rates.T]
    samples = [sample for sample in samples if len(sample)]
    if len(samples) < 2 or np.ptp(np.concatenate(samples)) == 0:
        return False
    return bool(kruskal(*samples).pvalue < alpha)
