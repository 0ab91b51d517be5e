"""Dates in any common format -> datetime64[ns], naive UTC, with a note on each assumption."""

import re
import warnings
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

TIME_NAMES = re.compile(r"time|date|created|updated|timestamp|year|month|_at$|_on$|日期|时间|年", re.IGNORECASE)
# Unix times from 1973 to 2199 by their unit, whose ranges do not overlap, and nanoseconds per unit
_UNITS = {"seconds": 1e9, "milliseconds": 1e6, "microseconds": 1e3, "nanoseconds": 1.0}
_FIRST_SECOND, _LAST_SECOND = 1e8, 7.25e9
_MAYBE_TIME = re.compile(r"\d{4}|\d\s*[/.\-年月日eE]")  # matches any text or number that is read as a time
_EXCEL_DAYS = 18_000, 80_000  # serial numbers of 1949 to 2119
_EXCEL_EPOCH = pd.Timestamp("1899-12-30")
_NUMERIC_DATE = re.compile(r"(?<!\d)(\d{1,2})([/.\-])(\d{1,2})\2(\d{4}|\d{2})(?!\d)")
_DATE_LIKE = r"\d{4}|\d{1,2}[/.\-]\d{1,2}[/.\-]\d{2}"
_CHINESE = {r"\s*[年月]\s*": "-", r"\s*日\s*": " ", r"\s*[时点]\s*": ":", r"(\d)分(\d)": r"\1:\2", r"[秒分]": ""}
_ZONE = r"^(.*\d:\d\d\S*(?: ?[AaPp][Mm])?)\s*[\[( ]([A-Z]{2,5}|[A-Z]\w+(?:/[\w+-]+)+)[\])]?$"
_HOURS = {
    "UTC": 0, "GMT": 0, "WET": 0, "WEST": 1, "BST": 1, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3, "MSK": 3, "EST": -5,
    "EDT": -4, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7, "JST": 9, "KST": 9, "AEST": 10, "AEDT": 11,
}  # fmt: skip
_EARLIEST, _LATEST = pd.Timestamp("1678-01-01"), pd.Timestamp("2262-01-01")
_MAX_LENGTH = 60  # characters of a date
_MIXED_LIMIT = 20_000  # distinct values given to the slow parser
_MIN_ORDERED = 4  # dates whose order in the file is evidence
_SMOOTHER = 0.5  # the order of the right reading varies at most this much of the other one's


@dataclass(frozen=True, eq=False)
class ReadTimes:
    """times: (n,) datetime64[ns], naive UTC; NaT where a cell is no date. notes: what was assumed. order: "day" or
    "month" where the order of numeric dates such as 3/4/2024 matters, else ""; is_certain: whether cells show it."""

    times: pd.Series
    notes: tuple[str, ...] = ()
    order: str = ""
    is_certain: bool = True


def parse_times(column: pd.Series, day_first: bool | None = None) -> pd.Series:
    """The times of read_times."""
    return read_times(column, day_first).times


def read_times(column: pd.Series, day_first: bool | None = None) -> ReadTimes:
    """Times of a column. Never raises. Accepts ISO 8601, year-month-day in any order, Chinese dates, years, YYYYMMDD,
    Unix seconds, milli-, micro- or nanoseconds and Excel's serial days, also mixed. day_first: whether 3/4/2024 is in
    April; None: by the values above 12, then by the order of the rows, then by the separator."""
    kind = column.dtype
    if isinstance(kind, pd.DatetimeTZDtype) or pd.api.types.is_datetime64_dtype(kind):
        return ReadTimes(_nanoseconds(column))
    if pd.api.types.is_bool_dtype(kind):
        return ReadTimes(_all_missing(column))
    if pd.api.types.is_numeric_dtype(kind):
        return ReadTimes(*_from_numbers(column.astype("float64")))
    return _from_texts(column, day_first)


def time_share(column: pd.Series, sample: int = 500) -> float:
    """Share of the non-missing cells (of the first `sample`) that parse as times, in [0, 1]; 0 for none, and for small
    numbers, which could be Excel's days, unless the name says that they are times."""
    cells = column.dropna().iloc[:sample]
    if not any(map(_MAYBE_TIME.search, map(str, cells.tolist()))):  # as in most columns; parsing takes longer
        return 0.0
    numbers = pd.to_numeric(cells, errors="coerce").abs()
    if not TIME_NAMES.search(str(column.name)) and numbers.between(*_EXCEL_DAYS).mean() > 0.5:
        return 0.0
    return float(parse_times(cells).notna().mean())


def _all_missing(column: pd.Series) -> pd.Series:
    return pd.Series(np.full(len(column), "NaT", dtype="datetime64[ns]"), index=column.index, name=column.name)


def _nanoseconds(times: pd.Series) -> pd.Series:
    """Naive UTC at nanoseconds; NaT outside the years these can hold."""
    if isinstance(times.dtype, pd.DatetimeTZDtype):
        times = times.dt.tz_convert("UTC").dt.tz_localize(None)
    if times.dtype == "datetime64[ns]":
        return times
    return times.where((times >= _EARLIEST) & (times < _LATEST)).astype("datetime64[ns]")


def _from_numbers(numbers: pd.Series) -> tuple[pd.Series, tuple[str, ...]]:
    """Years, YYYYMMDD, Excel's days, or Unix times, whose unit is decided for each number by its size."""
    finite = numbers[np.isfinite(numbers)]
    if not len(finite):
        return _all_missing(numbers), ()
    integers = bool((finite % 1 == 0).all())
    for low, high, form in ((1000, 2999, "%Y"), (19_000_101, 22_001_231, "%Y%m%d")):
        if integers and finite.between(low, high).all():
            texts = numbers.map(lambda number: "" if not np.isfinite(number) else str(int(number)))
            return _nanoseconds(pd.to_datetime(texts, format=form, errors="coerce")), ()
    if finite.between(*_EXCEL_DAYS).mean() > 0.5:
        return _excel_days(numbers), ("Numbers were read as Excel's serial days.",)
    return _unix_times(numbers)


def _excel_days(numbers: pd.Series) -> pd.Series:
    days = numbers.where(numbers.between(*_EXCEL_DAYS))
    times: pd.Series = pd.to_timedelta((days * 86_400).round(), unit="s") + _EXCEL_EPOCH.as_unit("ns")
    return times


def _unix_times(numbers: pd.Series) -> tuple[pd.Series, tuple[str, ...]]:
    """Numbers outside all ranges have the unit of most others."""
    scales = pd.Series(np.nan, index=numbers.index)
    counts = {}
    for unit, scale in _UNITS.items():
        size = numbers.abs() * scale / 1e9
        matches = (size >= _FIRST_SECOND) & (size < _LAST_SECOND)
        scales[matches] = scale
        counts[unit] = int(matches.sum())
    usual = max(counts, key=lambda unit: counts[unit])
    if sum(counts.values()) * 2 < int(np.isfinite(numbers).sum()):
        return _all_missing(numbers), ()
    scales = scales.fillna(_UNITS[usual])
    # numpy, in milliseconds (float64 is exact enough): pd.to_datetime goes through text or raises out of range
    fits = np.isfinite(numbers) & (numbers.abs() * scales < 9.2e18)
    values = np.round((numbers.where(fits, 0) * (scales / 1e6)).to_numpy()).astype("int64").astype("datetime64[ms]")
    times = pd.Series(values, index=numbers.index, name=numbers.name).astype("datetime64[ns]").where(fits)
    mixed = ", ".join(f"{count:,} in {unit}" for unit, count in counts.items() if count)
    notes = (
        (f"Unix times have several units, each read by its size: {mixed}.",)
        if sum(map(bool, counts.values())) > 1
        else ()
    )
    return times, notes


def _from_texts(column: pd.Series, day_first: bool | None) -> ReadTimes:
    """Distinct values, in the order of the rows, are parsed once: numbers, then texts."""
    codes, distinct = pd.factorize(column.astype("str") if column.dtype == object else column)
    texts = pd.Series(distinct, dtype=object).map(str).str.strip()
    numbers = pd.to_numeric(texts, errors="coerce").astype("float64")
    is_number = numbers.notna()
    if len(texts) and is_number.mean() > 0.5:
        times, notes = _from_numbers(numbers)
        read = ReadTimes(times, notes)
    else:
        read = _parse_distinct(texts, day_first)
        read = _with_numbers(read, numbers, len(texts))
    rest = texts[~is_number & read.times.isna()]
    if len(rest) and is_number.mean() > 0.5:
        more = _parse_distinct(rest, day_first)
        read = ReadTimes(read.times.fillna(more.times), (*read.notes, *more.notes), more.order, more.is_certain)
    values = np.append(read.times.to_numpy(dtype="datetime64[ns]"), np.datetime64("NaT", "ns"))
    times = pd.Series(values[codes], index=column.index, name=column.name)  # code -1, missing, takes the last
    return ReadTimes(times, read.notes, read.order, read.is_certain)


def _with_numbers(read: ReadTimes, numbers: pd.Series, total: int) -> ReadTimes:
    """Unix times and Excel's days among texts that are mostly dates."""
    left = numbers[numbers.notna() & (read.times.isna() | (numbers > 2999))]
    if not len(left) or read.times.notna().sum() * 2 < total:
        return read
    days = left.between(*_EXCEL_DAYS)
    dates = left.between(19_000_101, 22_001_231)
    parts = [_from_numbers(part)[0] for part in (left[days], left[dates], left[~days & ~dates]) if len(part)]
    times = pd.concat(parts)
    count = f"{int(times.notna().sum()):,} different numbers"
    note = f"{count} among the dates were read as Unix times, Excel's serial days or YYYYMMDD."
    merged = read.times.copy()
    merged[times.index] = times
    return ReadTimes(merged, (*read.notes, note), read.order, read.is_certain)


def _parse_distinct(texts: pd.Series, day_first: bool | None) -> ReadTimes:
    texts = texts.where(texts.str.len() < _MAX_LENGTH, "")  # a long run of blanks or digits is slow in these patterns
    for pattern, plain in _CHINESE.items():
        texts = texts.str.replace(pattern, plain, regex=True)
    texts, offsets, notes = _split_zones(texts.str.strip(" -"))
    likely = texts.str.contains(_DATE_LIKE, regex=True)
    times = _all_missing(texts)
    numeric = _numeric_dates(texts[likely], day_first, _iso(texts[likely]))
    for parse in (_iso, lambda unparsed: numeric.times.reindex(unparsed.index), _mixed):
        unparsed = texts[likely & times.isna()]
        if len(unparsed):
            times = times.fillna(parse(unparsed))
    times = times.where(offsets.isna(), times - pd.to_timedelta(offsets, unit="s"))
    return ReadTimes(times, (*notes, *numeric.notes), numeric.order, numeric.is_certain)


def _split_zones(texts: pd.Series) -> tuple[pd.Series, pd.Series, list[str]]:
    """Texts without a time zone's name behind the time, its offset from UTC in seconds (NaN: none), and a note."""
    parts = texts.str.extract(_ZONE)
    named = parts[1].dropna()
    offsets, unknown = pd.Series(np.nan, index=texts.index), []
    row: Any
    for row, zone in named[~named.isin(["AM", "PM"])].items():
        hours = _HOURS.get(zone)
        offset = hours * 3600.0 if hours is not None else _zone_offset(zone, str(parts[0][row]))
        texts[row] = parts[0][row]
        if np.isnan(offset):
            unknown.append(zone)
        offsets[row] = offset
    listed = ", ".join(f'"{zone[:40]}"' for zone in dict.fromkeys(unknown[:_MIXED_LIMIT]))
    return texts, offsets, [f"Unknown time zone {listed}: times were read as UTC."] if unknown else []


def _zone_offset(zone: str, text: str) -> float:
    """Seconds from UTC of a zone such as Europe/Paris at a local time; NaN where either is unknown."""
    local = _iso(pd.Series([text]))
    try:
        offset = local[0].tz_localize(ZoneInfo(zone), ambiguous=False, nonexistent="shift_forward").utcoffset()
    except (ValueError, KeyError, OSError, TypeError):
        return float("nan")
    return offset.total_seconds() if offset is not None and not pd.isna(local[0]) else float("nan")


def _iso(texts: pd.Series) -> pd.Series:
    return _nanoseconds(pd.to_datetime(texts.str.replace("/", "-"), format="ISO8601", errors="coerce", utc=True))


def _numeric_dates(texts: pd.Series, day_first: bool | None, others: pd.Series) -> ReadTimes:
    """3/4/2024 in the order of the rows; others: the times of the other texts there, NaT for these."""
    parts = texts[others.isna()].str.extract(_NUMERIC_DATE)
    matched = parts[parts[0].notna()]
    if not len(matched):
        return ReadTimes(_all_missing(texts))
    first, second = matched[0].astype(int), matched[2].astype(int)
    year = matched[3].astype(int)
    year = year.where(matched[3].str.len() == 4, year + np.where(year < 69, 2000, 1900))
    readings = [_days(year, month, day) for day, month in ((first, second), (second, first))]
    days_first, reason, is_certain = _decide_order(matched[1], first, second, readings, others, day_first)
    day, month = first.where(days_first, second), second.where(days_first, first)
    rest = texts[matched.index].str.replace(_NUMERIC_DATE, "", regex=True)
    dates = [f"{y:04d}-{m:02d}-{d:02d}" for y, m, d in zip(year, month, day, strict=True)]
    times = _mixed(pd.Series(dates, index=matched.index) + rest).reindex(texts.index)
    both = (first != second) & (first <= 12) & (second <= 12)
    if not both.any():
        return ReadTimes(times)
    order = "day" if days_first[both].mean() >= 0.5 else "month"
    example = texts[both[both].index[0]]
    note = f"Dates such as {example[:20]} were read with the {order} first ({reason})."
    return ReadTimes(times, (note,), order, is_certain)


def _decide_order(
    separators: pd.Series,
    first: pd.Series,
    second: pd.Series,
    readings: list[pd.Series],
    others: pd.Series,
    given: bool | None,
) -> tuple[pd.Series, str, bool]:
    """For each date whether its day is first, the reason, and whether that is certain. Dates with one separator follow
    one order, unless values above 12 show both."""
    days_first, reasons, certain = pd.Series(True, index=first.index), [], True
    for separator in separators.unique():
        rows = separators[separators == separator].index
        day, month = int((first[rows] > 12).sum()), int((second[rows] > 12).sum())
        smooth = _smoother(readings, others, rows)
        if given is not None:
            is_day, reason, sure = given, "as selected", True
        elif day or month:
            is_day, reason, sure = day >= month, "by values above 12", not (day and month)
        elif smooth is not None:
            is_day, reason, sure = smooth, "by the order of the rows", False
        else:
            is_day, reason, sure = (
                separator != "/",
                f'the default for "{separator}", since no date shows it',
                False,
            )
        if day and month and given is None:
            reason = f"both orders occur: {day:,} dates have the day first, {month:,} the month"
        days_first[rows] = is_day
        reasons.append(reason)
        certain = certain and sure
    days_first = (days_first | (first > 12)) & ~(second > 12)
    return days_first, "; ".join(dict.fromkeys(reasons)), certain


def _days(year: pd.Series, month: pd.Series, day: pd.Series) -> pd.Series:
    """Days on a scale on which months have 31; NaN for no month."""
    return (year * 12.0 + month) * 31 + day.where((month <= 12) & (month > 0))


def _smoother(readings: list[pd.Series], others: pd.Series, rows: pd.Index) -> bool | None:
    """Whether neighboring rows are nearer in time with the day first; None where both readings vary alike."""
    known = others.dropna()
    fixed = pd.Series((known.dt.year * 12.0 + known.dt.month) * 31 + known.dt.day, index=known.index)
    variation = []
    for reading in readings:
        days = pd.concat([reading[rows], fixed]).sort_index().dropna()
        variation.append(float(days.diff().abs().sum()))
    if len(rows) < _MIN_ORDERED or min(variation) > _SMOOTHER * max(variation):
        return None
    return variation[0] < variation[1]


def _mixed(texts: pd.Series) -> pd.Series:
    is_iso = texts.iloc[:100].str.match(r"\d{4}-\d{2}-\d{2}").all()
    texts = texts if is_iso else texts.iloc[:_MIXED_LIMIT]  # other forms are slow
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # unknown time zone names
        try:
            parsed = pd.to_datetime(texts, format="mixed", errors="coerce", utc=True)
        except (ValueError, TypeError, OverflowError, AttributeError):
            return _all_missing(texts)
    return _nanoseconds(parsed)
