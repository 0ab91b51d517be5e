"""Times in any format, the order of day and month, and what is said about assumptions."""

import numpy as np
import pandas as pd
import pytest

from core.corpus.build import build_corpus
from core.corpus.reading.times import parse_times, read_times, time_share
from core.corpus.reading.values import RawTable
from core.types import Roles

DAY = pd.Timestamp("2024-03-05")
TIMES = [
    (["2024-03-05", "2024-03-06"], DAY),
    (["2024-03-05T10:00:00Z", "2024-03-05T10:00:00+02:00"], DAY + pd.Timedelta(hours=10)),
    (["2024/03/05 10:30", "2024/3/6 11:00"], DAY + pd.Timedelta(hours=10.5)),
    (["05/03/2024", "25/12/2024"], DAY),
    (["03/05/2024", "12/25/2024"], DAY),
    (["03/05/2024", "04/05/2024"], DAY),
    (["05.03.2024", "06.03.2024"], DAY),
    (["05-03-24", "31-12-23"], DAY),
    (["03/05/2024 2:30 PM", "12/25/2024 1:00 AM"], DAY + pd.Timedelta(hours=14.5)),
    (["Mar 5, 2024", "April 6, 2023"], DAY),
    (["5 March 2024", "6 April 2023"], DAY),
    (["Tue, 05 Mar 2024 10:00:00 +0000", "Wed, 06 Mar 2024 10:00:00 +0000"], DAY + pd.Timedelta(hours=10)),
    (["2024年3月5日", "2024年12月31日"], DAY),
    (["2024年3月5日 10时30分", "2024年12月31日 1时2分"], DAY + pd.Timedelta(hours=10.5)),
    (["2024-03-05 10:30:00.123456", "2024-03-05"], DAY + pd.Timedelta("10:30:00.123456")),
    ([1709596800, 1709683200], DAY),
    ([1709596800.0, np.nan], DAY),
    (["1709596800", None], DAY),
    ([1709596800000, 1709683200000], DAY),
    ([1709596800000000, 1709683200000000], DAY),
    ([20240305, 20240306], DAY),
    ([2024, 2023], pd.Timestamp("2024-01-01")),
    (["2024", "1999"], pd.Timestamp("2024-01-01")),
    (pd.to_datetime(["2024-03-05 01:00", "2024-03-06 01:00"]).tz_localize("Europe/Paris"), DAY),
]


@pytest.mark.parametrize(("cells", "first"), TIMES)
def test_times(cells, first):
    times = parse_times(pd.Series(cells, name="when"))
    assert times.dtype == "datetime64[ns]"
    assert times.iloc[0] == first
    assert times.name == "when"
    assert times.notna().sum() == pd.Series(cells).notna().sum()


def test_day_first_is_decided_once_for_the_column():
    times = parse_times(pd.Series(["03/04/2024", "13/04/2024", "02/01/2024"]))
    assert times.tolist() == [pd.Timestamp("2024-04-03"), pd.Timestamp("2024-04-13"), pd.Timestamp("2024-01-02")]


def test_unparsable_cells_are_missing():
    times = parse_times(pd.Series(["2024-03-05", "yesterday", "", None, "99/99/9999", "1500-01-01", "may be", "12"]))
    assert times.isna().tolist() == [False, *[True] * 7]


@pytest.mark.parametrize(
    "column", [pd.Series([True, False]), pd.Series([], dtype="str"), pd.Series([np.inf, 1e300]), pd.Series([0.1, 7.0])]
)
def test_what_is_no_time_gives_nothing(column):
    assert parse_times(column).isna().all()


def test_index_is_kept():
    times = parse_times(pd.Series(["2024-03-05", "2024-03-06"], index=[5, 9]))
    assert times[9] == pd.Timestamp("2024-03-06")


def test_time_share():
    assert time_share(pd.Series(["2024-03-05", "x", None, "2024-03-06", "y"])) == 0.5
    assert time_share(pd.Series([None, None])) == 0


DAYS = pd.date_range("2024-03-01", periods=12)


def read(cells, **options):
    return read_times(pd.Series(cells, name="when"), **options)


@pytest.mark.parametrize("separator", ["/", ".", "-"])
@pytest.mark.parametrize(("order", "form"), [("day", "%d{0}%m{0}%Y"), ("month", "%m{0}%d{0}%Y")])
@pytest.mark.parametrize("suffix", ["", " 10:30"])
def test_the_order_of_the_rows_shows_whether_the_day_is_first(separator, order, form, suffix):
    cells = [day.strftime(form.format(separator)) + suffix for day in DAYS]
    result = read(cells)
    assert result.times.dt.normalize().tolist() == DAYS.tolist()
    assert (result.order, result.is_certain) == (order, False)
    assert f"{order} first" in result.notes[0]
    other = read(cells, day_first=order != "day")
    assert other.order != order
    assert other.times.dt.normalize().tolist() != DAYS.tolist()


def test_values_above_12_decide_over_the_order_of_the_rows():
    cells = [day.strftime("%m/%d/%Y") for day in DAYS]
    result = read([*cells, "13/04/2024"])
    assert result.times[0] == pd.Timestamp("2024-01-03")
    assert result.is_certain


def test_each_separator_of_a_column_has_its_own_order():
    result = read(["13/04/2024", "05/06/2024", "04-13-2024", "05-06-2024"])
    assert [f"{time:%m-%d}" for time in result.times] == ["04-13", "06-05", "04-13", "05-06"]


def test_a_column_without_evidence_says_so():
    result = read(["03/04/2024", "05/07/2024"])
    assert (result.order, result.is_certain) == ("month", False)
    assert read(["03/03/2024", "05/05/2024"]).order == ""
    assert read(["13/03/2024", "15/05/2024"]).order == ""


def test_iso_dates_between_others_give_the_order():
    result = read(["2024-03-05", "06/03/2024", "2024-03-07", "08/03/2024", "09/03/2024", "10/03/2024"])
    assert result.times.tolist() == pd.date_range("2024-03-05", periods=6).tolist()


@pytest.mark.parametrize("as_text", [False, True])
@pytest.mark.parametrize("units", [(1, 1_000), (1_000, 1), (1, 1_000_000), (1_000, 1_000_000, 1_000_000_000)])
def test_units_of_unix_times_are_read_by_size(units, as_text):
    seconds = [1_709_596_800 + 86_400 * row for row in range(24)]
    cells = [second * units[row % len(units)] for row, second in enumerate(seconds)]
    result = read([str(cell) for cell in cells] if as_text else cells)
    assert result.times.tolist() == pd.date_range("2024-03-05", periods=24).tolist()
    assert "several units" in result.notes[0]


def test_unix_times_before_1973_have_the_unit_of_the_column():
    cells = [1_709_596_800_000, 1_709_683_200_000, 86_400_000]
    assert read(cells).times.tolist() == [DAY, pd.Timestamp("2024-03-06"), pd.Timestamp("1970-01-02")]


def test_excel_s_serial_days():
    result = read([45356, 45356.5, 45357])
    assert result.times.tolist() == [DAY, DAY + pd.Timedelta(hours=12), pd.Timestamp("2024-03-06")]
    assert "Excel" in result.notes[0]
    assert time_share(pd.Series([45356, 45357], name="salary")) == 0
    assert time_share(pd.Series([45356, 45357], name="created")) == 1


def test_several_conventions_in_one_column():
    cells = [
        "2024-03-05",
        "05.03.2024",
        "5 March 2024",
        "2024年3月5日",
        "Mar 5, 2024",
        "20240305",
        "1709596800",
        "45356",
    ]
    result = read(cells)
    assert result.times.tolist() == [DAY] * len(cells)
    assert "3 different numbers" in result.notes[-1]


@pytest.mark.parametrize(
    "cell", ["9999-12-31", "0000-01-01", "0001-01-01", "31/12/9999", "00/00/0000", "10000-01-01", "٠", "1e999"]
)
def test_impossible_years_are_missing_and_raise_nothing(cell):
    result = read(["2024-03-05", cell, "2024-03-06"])
    assert result.times.isna().tolist() == [False, True, False]


def test_time_zones_are_converted_and_unknown_ones_named():
    cells = [
        "2024-03-05 10:00 CET",
        "2024-03-05T10:00[Europe/Paris]",
        "2024-07-05 10:00 Europe/Paris",
        "2024-03-05 10:00 PM EST",
    ]
    assert [f"{time:%m-%d %H}" for time in read(cells).times] == ["03-05 09", "03-05 09", "07-05 08", "03-06 03"]
    result = read(["2024-03-05 10:00 XQZ", "2024-03-05 11:00 Mars/Phobos"])
    assert [time.hour for time in result.times] == [10, 11]
    assert '"XQZ"' in result.notes[0]
    assert '"Mars/Phobos"' in result.notes[0]


def test_a_corpus_counts_unreadable_dates_and_follows_the_selected_order():
    texts = pd.Series([f"text {row}" for row in range(13)], dtype="str")
    cells = [*(day.strftime("%d/%m/%Y") for day in DAYS), "soon"]
    raw = RawTable(pd.DataFrame({"text": texts, "when": pd.Series(cells, dtype="str")}))
    roles = Roles("{text}", time="when")
    corpus = build_corpus(raw, roles).corpus
    assert corpus.table["when"].tolist()[:12] == DAYS.tolist()
    notes = " ".join(corpus.origin["notes"])
    assert "1 cell" in notes
    assert '"soon"' in notes
    assert "day first" in notes
    other = build_corpus(RawTable(raw.table, day_first=False), roles).corpus
    assert other.table["when"][1] == pd.Timestamp("2024-02-03")
    assert other.table["when"].tolist()[:12] != DAYS.tolist()
