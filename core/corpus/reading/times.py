"""Dates in any common format -> datetime64[ns], naive UTC."""

import re
import warnings

import numpy as np
import pandas as pd

# ranges of Unix seconds, milli-, micro- and nanoseconds, and nanoseconds per unit
_UNITS = ((1e8, 1e11, 1e9), (1e11, 1e14, 1e6), (1e14, 1e17, 1e3), (1e17, 9.2e18, 1.0))
_NUMERIC_DATE = re.compile(r"\s*(\d{1,2})([/.\-])(\d{1,2})\2(\d{4}|\d{2})(?!\d)")
_DATE_LIKE = r"\d{4}|\d{1,2}[/.\-]\d{1,2}[/.\-]\d{2}"
_CHINESE = {r"\s*[年月]\s*": "-", r"\s*日\s*": " ", r"\s*[时点]\s*": ":", r"(\d)分(\d)": r"\1:\2", r"[秒分]": ""}
_EARLIEST, _LATEST = pd.Timestamp("1678-01-01"), pd.Timestamp("2262-01-01")
_MAX_LENGTH = 60  # characters of a date
_MIXED_LIMIT = 20_000  # distinct values given to the slow parser


def parse_times(column: pd.Series) -> pd.Series:
    """(n,) datetime64[ns], naive UTC; NaT where a cell is no date. Never raises.
    Accepts ISO 8601, year-month-day in any order (whether the day or the month comes first is decided once for the
    column, by the values above 12), Chinese dates, years, YYYYMMDD, and unix seconds, milli-, micro- or nanoseconds."""
    kind = column.dtype
    if isinstance(kind, pd.DatetimeTZDtype) or pd.api.types.is_datetime64_dtype(kind):
        return _nanoseconds(column)
    if pd.api.types.is_bool_dtype(kind):
        return _all_missing(column)
    if pd.api.types.is_numeric_dtype(kind):
        return _from_numbers(column.astype("float64"))
    return _from_texts(column)


def time_share(column: pd.Series, sample: int = 500) -> float:
    """Share of the non-missing cells (of the first `sample`) that parse as times, in [0, 1]; 0 for none."""
    cells = column.dropna().iloc[:sample]
    return float(parse_times(cells).notna().mean()) if len(cells) else 0.0


def _all_missing(column: pd.Series) -> pd.Series:
    return pd.Series(np.full(len(column), "NaT", dtype="datetime64[ns]"), index=column.index, name=column.name)


def _nanoseconds(times: pd.Series) -> pd.Series:
    """Naive UTC at nanoseconds; NaT outside the years these can hold."""
    if isinstance(times.dtype, pd.DatetimeTZDtype):
        times = times.dt.tz_convert("UTC").dt.tz_localize(None)
    if times.dtype == "datetime64[ns]":
        return times
    return times.where((times >= _EARLIEST) & (times < _LATEST)).astype("datetime64[ns]")


def _from_numbers(numbers: pd.Series) -> pd.Series:
    """Years, YYYYMMDD or unix times, by what the median can be."""
    finite = numbers[np.isfinite(numbers)]
    if not len(finite):
        return _all_missing(numbers)
    middle, integers = float(finite.median()), bool((finite % 1 == 0).all())
    for low, high, form in ((1000, 2999, "%Y"), (19_000_101, 22_001_231, "%Y%m%d")):
        if integers and finite.between(low, high).all():
            texts = numbers.map(lambda number: "" if not np.isfinite(number) else str(int(number)))
            return _nanoseconds(pd.to_datetime(texts, format=form, errors="coerce"))
    scale = next((scale for low, high, scale in _UNITS if low <= abs(middle) < high), None)
    if scale is None:
        return _all_missing(numbers)
    # numpy, in milliseconds (float64 is exact enough): pd.to_datetime goes through text or raises out of range
    fits = np.isfinite(numbers) & (numbers.abs() * scale < 9.2e18)
    values = np.round(numbers.where(fits, 0).to_numpy() * (scale / 1e6)).astype("int64").astype("datetime64[ms]")
    return pd.Series(values, index=numbers.index, name=numbers.name).astype("datetime64[ns]").where(fits)


def _from_texts(column: pd.Series) -> pd.Series:
    """Distinct values are parsed once: ISO first, then d/m/y, then pandas' own guess."""
    codes, distinct = pd.factorize(column.astype("str") if column.dtype == object else column)
    texts = pd.Series(distinct, dtype=object).map(str).str.strip()
    numbers = pd.to_numeric(texts, errors="coerce")
    numeric = len(texts) and numbers.notna().mean() > 0.9
    parsed = _from_numbers(numbers.astype("float64")) if numeric else _parse_distinct(texts)
    values = np.append(parsed.to_numpy(dtype="datetime64[ns]"), np.datetime64("NaT", "ns"))
    return pd.Series(values[codes], index=column.index, name=column.name)  # code -1, missing, takes the last


def _parse_distinct(texts: pd.Series) -> pd.Series:
    texts = texts.where(texts.str.len() < _MAX_LENGTH, "")  # a long run of blanks or digits is slow in these patterns
    for pattern, plain in _CHINESE.items():
        texts = texts.str.replace(pattern, plain, regex=True)
    texts = texts.str.strip(" -")
    likely = texts.str.contains(_DATE_LIKE, regex=True)
    times = _all_missing(texts)
    for parse in (_iso, _day_month_year, _mixed):
        unparsed = texts[likely & times.isna()]
        if len(unparsed):
            times = times.fillna(parse(unparsed))
    return times


def _iso(texts: pd.Series) -> pd.Series:
    return _nanoseconds(pd.to_datetime(texts.str.replace("/", "-"), format="ISO8601", errors="coerce", utc=True))


def _day_month_year(texts: pd.Series) -> pd.Series:
    """3/4/2024 to ISO; the day is first when some first number is above 12, or the separator is a dot or dash."""
    parts = texts.str.extract(_NUMERIC_DATE)
    matched = parts[parts[0].notna()]
    if not len(matched):
        return _all_missing(texts)
    first, second = matched[0].astype(int), matched[2].astype(int)
    by_count = int((first > 12).sum()) - int((second > 12).sum())
    day_first = by_count > 0 or (by_count == 0 and matched[1].mode()[0] != "/")
    days_first = ((first > 12) | day_first) & ~(second > 12)
    day, month = first.where(days_first, second), second.where(days_first, first)
    year = matched[3].astype(int)
    year = year.where(matched[3].str.len() == 4, year + np.where(year < 69, 2000, 1900))
    rest = texts[matched.index].str.replace(_NUMERIC_DATE, "", regex=True)
    dates = [f"{y:04d}-{m:02d}-{d:02d}" for y, m, d in zip(year, month, day, strict=True)]
    return _mixed(pd.Series(dates, index=matched.index) + rest).reindex(texts.index)


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
