"""Seasonal cycles: no increases themselves, and no cover for one."""

import numpy as np
import pytest

from core.trends.increases import find_increases
from core.trends.seasons import seasonal_cycles, seasonal_factors

WEEK = np.array([1.2, 1.2, 1.2, 1.2, 1.2, 0.7, 0.3])  # Monday to Sunday


def days(count, start="2025-01-06"):
    """Days from a Monday."""
    return np.datetime64(start, "ns") + np.arange(count) * np.timedelta64(1, "D")


def weekly(seed, rate=6.0, count=140, series=4):
    counts = np.random.default_rng(seed).poisson(rate * np.resize(WEEK, count), (series, count))
    return counts, seasonal_factors(counts, counts.sum(axis=0), np.ones(count), seasonal_cycles(days(count), "day"))


def test_days_have_weeks_and_hours_have_days_and_years_take_three_of_them():
    assert [rhythm.name for rhythm in seasonal_cycles(days(60), "day")] == ["days of the week"]
    assert not seasonal_cycles(days(55), "day")  # 7 whole weeks
    assert [rhythm.name for rhythm in seasonal_cycles(days(1100, "2023-01-01"), "day")] == [
        "days of the week",
        "months of the year",
    ]
    hours = np.datetime64("2025-01-06", "ns") + np.arange(24 * 20) * np.timedelta64(1, "h")
    assert [rhythm.name for rhythm in seasonal_cycles(hours, "hour")] == ["hours of the day"]
    assert not seasonal_cycles(days(60), "quarter")
    (weeks,) = seasonal_cycles(days(63, "2025-01-08"), "day")
    assert weeks.phase[0] == 2  # a Wednesday
    assert weeks.complete.sum() == 56  # without the two cut weeks


def test_factors_are_the_planted_ones_and_steady_series_have_none():
    _, season_result = weekly(0, rate=30)
    assert season_result.applied == (("days of the week", 4, 4),)
    assert season_result.factors[0, :7] == pytest.approx(WEEK, abs=0.15)
    assert np.allclose(season_result.factors[0, :7], season_result.factors[0, 7:14])
    steady = np.random.default_rng(1).poisson(6, (4, 140))
    none = seasonal_factors(steady, steady.sum(axis=0), np.ones(140), seasonal_cycles(days(140), "day"))
    assert none.applied == ()
    assert (none.factors == 1).all()


def test_a_small_series_takes_the_cycle_of_all_rows():
    counts, _ = weekly(2, rate=20)
    counts[3] = 0
    counts[3, ::20] = 1
    season_result = seasonal_factors(counts, counts.sum(axis=0), np.ones(140), seasonal_cycles(days(140), "day"))
    assert season_result.applied == (("days of the week", 3, 4),)
    assert season_result.factors[3, :7] == pytest.approx(WEEK, abs=0.15)


def test_no_increase_is_made_of_a_week_and_a_increase_on_a_quiet_day_is_seen():
    alarms = hidden = seen = 0
    for seed in range(25):
        counts, season_result = weekly(seed)
        alarms += bool(find_increases(counts, factors=season_result.factors).increases)
        counts[2, 69] += 14  # a Sunday: as many rows as on a good Monday
        season_result = seasonal_factors(counts, counts.sum(axis=0), np.ones(140), seasonal_cycles(days(140), "day"))
        result = find_increases(counts, factors=season_result.factors).increases
        seen += any((item.series, item.first, item.last) == (2, 69, 69) for item in result)
        hidden += not find_increases(counts).increases
    assert alarms <= 3
    assert hidden >= 20
    assert seen >= 23


def test_a_increase_does_not_pass_for_its_own_season():
    counts, _ = weekly(7)
    counts[1, 70:77] *= 6
    season_result = seasonal_factors(counts, counts.sum(axis=0), np.ones(140), seasonal_cycles(days(140), "day"))
    (surge,) = find_increases(counts, factors=season_result.factors).increases
    assert (surge.series, surge.first) == (1, 70)
    assert surge.last >= 75  # the last is a Sunday
    assert surge.expected == pytest.approx(42, rel=0.25)


def test_a_yearly_cycle_by_months():
    count = 4 * 365 + 1
    year = 1 + 0.8 * np.sin(2 * np.pi * np.arange(count) / 365.25)
    counts = np.random.default_rng(3).poisson(4 * year, (1, count))
    result = seasonal_cycles(days(count, "2021-01-01"), "day")
    season_result = seasonal_factors(counts, counts.sum(axis=0), np.ones(count), result)
    assert [name for name, _, _ in season_result.applied] == ["months of the year"]
    assert season_result.factors[0, 100] > 1.4
    assert season_result.factors[0, 280] < 0.6
    assert not find_increases(counts, factors=season_result.factors).increases
