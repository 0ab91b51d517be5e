"""Groups over time, and periods of the calendar."""

import json

import numpy as np
import pandas as pd
import pytest

from core.errors import InputError
from core.stats.proportions import wilson
from core.trends.periods import bin_times, finest_period, period_name, suggest_period
from core.trends.shares import compare_spans, count_groups, group_series, group_values, largest_deviation, order_groups


def times(*texts):
    return np.array(texts, dtype="datetime64[ns]")


@pytest.mark.parametrize(
    ("period", "starts", "index"),
    [
        ("hour", None, None),
        ("day", ["2025-12-28", "2025-12-29", "2025-12-30", "2025-12-31", "2026-01-01"], [0, 1, -1, 4]),
        ("week", ["2025-12-22", "2025-12-29"], [0, 1, -1, 1]),
        ("month", ["2025-12-01", "2026-01-01"], [0, 0, -1, 1]),
        ("quarter", ["2025-10-01", "2026-01-01"], [0, 0, -1, 1]),
        ("year", ["2025-01-01", "2026-01-01"], [0, 0, -1, 1]),
    ],
)
def test_periods_are_the_calendars(period, starts, index):
    result = bin_times(times("2025-12-28T23:59", "2025-12-29", "NaT", "2026-01-01T10:30"), period)
    if starts is None:
        assert len(result) == 84
        return
    assert result.starts.astype("datetime64[D]").astype(str).tolist() == starts
    assert result.index.tolist() == index
    assert len(result.edges) == len(result) + 1


def test_periods_before_1970_and_after_agree_with_pandas():
    stamps = pd.Series(pd.date_range("1965-03-03", "1975-03-03", freq="11D"))
    for period, code in (("week", "W-SUN"), ("month", "M"), ("quarter", "Q"), ("year", "Y")):
        result = bin_times(stamps.to_numpy(dtype="datetime64[ns]"), period)
        assert (result.starts[result.index] == stamps.dt.to_period(code).dt.start_time.to_numpy()).all()


def test_too_many_periods_and_no_times_are_refused():
    with pytest.raises(InputError, match="20,2"):
        bin_times(times("1970-01-01", "2025-06-01"), "day")
    with pytest.raises(InputError, match="No row has a time"):
        bin_times(times("NaT"), "day")


@pytest.mark.parametrize(
    ("days", "rows", "suggested", "fine"),
    [(540, 654, "month", "day"), (540, 60_000, "week", "day"), (2, 1000, "day", "day"), (20_000, 100, "year", "month")],
)
def test_the_period_suits_the_span_and_the_rows(days, rows, suggested, fine):
    spread = np.datetime64("1970-01-01", "ns") + (np.arange(rows) * days // rows).astype("timedelta64[D]")
    assert (suggest_period(spread), finest_period(spread)) == (suggested, fine)


def test_times_of_day_have_hours():
    spread = np.datetime64("2026-01-01T00:30", "ns") + (np.arange(500) * 5).astype("timedelta64[m]")
    assert (suggest_period(spread), finest_period(spread)) == ("hour", "hour")


def test_periods_have_names():
    start = times("2026-04-06")
    names = [period_name(start, 0, period) for period in ("hour", "day", "week", "month", "quarter", "year")]
    assert names == ["2026-04-06 00:00", "2026-04-06", "week of 2026-04-06", "Apr 2026", "2026 Q2", "2026"]


def test_groups_are_numbered_by_size_and_blanks_are_in_none():
    result = group_values(pd.Series(["b", "a", " ", None, "c", "b", "a", "b"]))
    assert result.names == ("b", "a", "c")
    assert (result.rows.tolist(), result.codes.tolist()) == ([0, 1, 4, 5, 6, 7], [0, 1, 2, 0, 1, 0])
    assert (result.total, result.several) == (8, False)
    again = order_groups(np.array([2, 2, -1, 0]), ["x", "empty", "y"])
    assert (again.names, again.rows.tolist(), again.codes.tolist()) == (("y", "x"), [0, 1, 3], [0, 0, 1])


def test_a_row_is_in_the_group_of_each_of_its_values():
    sets = [["a", "b"], ["a"], [], ["a", "b", "c"], ["c"], ["b", "c"]]
    groups = group_values(pd.Series([json.dumps(names) for names in sets], dtype="str"))
    assert (groups.names, groups.several) == (("a", "b", "c"), True)
    assert groups.members(1).tolist() == [0, 3, 5]
    assert groups.row_names().tolist() == ["a; b", "a", "", "a; b; c", "c", "b; c"]
    index = np.array([0, 0, 0, 1, 1, -1])
    series = group_series(groups, index, 2, max_groups=1)
    assert series.names == ("a", "others (2 groups)")
    assert series.counts.tolist() == [[2, 1], [1, 2]]  # the row with b and c counts once in the others
    np.testing.assert_allclose(group_series(groups, index, 2).share.sum(axis=0), [1, 2])
    among = groups.among(np.array([True, False, True, False, True, True]))
    assert count_groups(among, index, 2).tolist() == [[1, 0], [1, 0], [0, 1]]
    spans = compare_spans(groups, index, (0, 0), (1, 1)).set_index("group")
    assert spans.loc["b", ["a", "b", "share_a", "share_b"]].tolist() == [1, 1, 1 / 3, 1 / 2]
    assert groups.any_of().tolist() == [True, True, False, True, True, True]


def test_series_counts_the_rest_together_and_shares_are_of_all_rows():
    codes = np.array([0, 0, 1, 2, -1, 0, 3, 2])
    index = np.array([0, 0, 0, 0, 0, 2, 2, -1])
    result = group_series(order_groups(codes, ["a", "b", "c", "d"]), index, 3, max_groups=2)
    assert result.names == ("a", "c", "others (2 groups)")
    assert result.counts.tolist() == [[2, 0, 1], [1, 0, 0], [1, 0, 1]]
    assert result.totals.tolist() == [5, 0, 2]
    assert result.share[0, 0] == pytest.approx(2 / 5)
    assert np.isnan(result.share[:, 1]).all()
    assert (result.low[:, 0] < result.share[:, 0]).all()


def test_compared_spans_say_which_way():
    codes = np.repeat([0, 1, 2, 3, 0, 1, 3], [50, 30, 20, 5, 20, 75, 5])
    index = np.repeat([0, 0, 0, 0, 1, 1, 1], [50, 30, 20, 5, 20, 75, 5])
    result = compare_spans(order_groups(codes, ["shrinks", "grows", "goes", "stays"]), index, (0, 0), (1, 1))
    kinds = dict(zip(result["group"], result["kind"], strict=True))
    assert kinds == {"shrinks": "shrank", "grows": "grew", "goes": "gone", "stays": "unclear"}
    grown = result.set_index("group").loc["grows"]
    assert grown["change"] == pytest.approx(75 / 100 - 30 / 105)
    assert 0 < grown["low"] < grown["change"] < grown["high"]
    back = compare_spans(order_groups(codes, ["shrinks", "grows", "goes", "stays"]), index, (1, 1), (0, 0))
    assert dict(zip(back["group"], back["kind"], strict=True))["goes"] == "new"
    assert result["group"].iloc[0] == "grows"


def test_the_period_farthest_from_its_groups_middle_stands_out():
    counts, totals = np.array([[2, 3, 2, 40, 2], [50, 48, 51, 30, 49]]), np.full(5, 100)
    share, low, high = wilson(counts, np.broadcast_to(totals, counts.shape))
    assert largest_deviation(share, low, high) == (0, 3, pytest.approx(0.02))
    assert largest_deviation(np.full((1, 3), np.nan), np.full((1, 3), np.nan), np.full((1, 3), np.nan)) is None
    assert largest_deviation(*[np.zeros((0, 4))] * 3) is None


def test_a_period_that_is_not_reliable_is_skipped():
    values = np.array([[0.1, 0.1, 0.9, 0.4, 0.1]])
    low, high = values - 0.05, values + 0.05
    assert largest_deviation(values, low, high)[:2] == (0, 2)
    assert largest_deviation(values, np.where(values > 0.5, np.nan, low), high)[:2] == (0, 3)
