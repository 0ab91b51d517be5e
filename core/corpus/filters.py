"""Filters on columns of a table: which kind suits a column, which rows pass, and their JSON for links."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from pandas.api import types

from core.corpus.label_sets import label_sets
from core.errors import InputError, StorageError

FilterKind = Literal["values", "all values", "range", "contains", "missing", "rows"]
ColumnKind = Literal["text", "number", "time", "bool"]
MAX_VALUES = 200
MAX_VALUE_LENGTH = 200  # characters; longer values are not offered as options
MAX_DISCRETE_NUMBERS = 20  # numbers with at most so many distinct values are offered as options
DAY_LENGTH = len("2026-01-31")
_SELECTION = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True)
class Filter:
    """One condition on a column. values: their text forms (see value_text), any of which passes; of the kind "all
    values", for columns with several values a row, a row must have all of them. low, high: ends of a range, both
    included, None for open: numbers, or ISO dates, of which a day as `high` is included to its end. text: a substring
    in any case. "missing" passes cells that are missing or blank, "rows" the rows of a saved selection: column is its
    name, for display only, text its key."""

    column: str
    kind: FilterKind
    values: tuple[str, ...] = ()
    low: float | str | None = None
    high: float | str | None = None
    text: str = ""


@dataclass(frozen=True, eq=False)
class FilterOptions:
    """The kind of filter that suits a column. values: (text form, count) of the options, most frequent first, at most
    200; distinct: number of distinct values. low, high: of a range: floats, or ISO dates for a time column; None
    without any. missing: cells. several: whether a row may have several values, each an option that counts all its
    rows; of more than 200 the others can be typed."""

    kind: FilterKind
    column_kind: ColumnKind
    values: tuple[tuple[str, int], ...]
    distinct: int
    low: float | str | None
    high: float | str | None
    missing: int
    several: bool = False


def apply_filters(
    table: pd.DataFrame, filters: Sequence[Filter], members: Callable[[str], np.ndarray] | None = None
) -> np.ndarray:
    """Bool mask (n,) of the rows that pass all filters; all rows without any.

    members: key of a saved selection -> its bool mask (n,), or StorageError. Raises InputError for an unknown
    column or selection, and for a range whose ends don't fit the column.
    """
    mask = np.ones(len(table), dtype=bool)
    for condition in filters:
        if condition.kind == "rows":
            mask &= _in_selection(condition, members, len(table))
            continue
        if condition.column not in table.columns:
            raise InputError(f'There is no column "{condition.column}" to filter on.', "Remove this filter.")
        mask &= _passing(table[condition.column], condition)
    return mask


def _in_selection(condition: Filter, members: Callable[[str], np.ndarray] | None, count: int) -> np.ndarray:
    try:
        mask = members(condition.text) if members else None
    except StorageError:
        mask = None
    if mask is None or mask.dtype != bool or mask.shape != (count,):
        remedy = "Remove this filter, or save the selection again."
        raise InputError(f'There is no selection "{condition.column}" of these rows to filter on.', remedy)
    return mask


def _passing(series: pd.Series, condition: Filter) -> np.ndarray:
    if condition.kind == "range":
        return _in_range(series, condition)
    if condition.kind in ("values", "all values", "missing") and (sets := label_sets(series)):
        if condition.kind == "missing":
            return sets.sizes() == 0
        return (sets.mask if condition.kind == "values" else sets.mask_all)(condition.values)
    if condition.kind == "contains" and isinstance(series.dtype, pd.StringDtype):
        return np.asarray(series.str.contains(condition.text, case=False, regex=False, na=False), dtype=bool)
    codes, texts = factorize_texts(series)
    if condition.kind == "all values" and len(set(condition.values)) > 1:
        return np.zeros(len(series), dtype=bool)  # a row has one value
    if condition.kind in ("values", "all values"):
        return np.append(np.isin(texts, condition.values), False)[codes]  # code -1, missing, takes the False
    if condition.kind == "contains":
        sought = condition.text.lower()
        return np.array([*(sought in text.lower() for text in texts), False], dtype=bool)[codes]
    return np.array([*(not text.strip() for text in texts), True], dtype=bool)[codes]


def value_text(value: Any) -> str:
    """The text form of a cell: whole floats without a fraction, times as ISO 8601, else str()."""
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return value.isoformat() if isinstance(value, date) else str(value)  # a date or a time


def factorize_texts(series: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """(n,) codes of the cells, -1 for missing ones, and the distinct text forms as an object array."""
    try:
        codes, uniques = pd.factorize(series)
    except TypeError:  # lists and dictionaries in cells
        codes, uniques = pd.factorize(series.map(str, na_action="ignore"))
    if isinstance(uniques.dtype, pd.StringDtype):
        return codes, np.asarray(uniques, dtype=object)
    return codes, np.array([*map(value_text, uniques)], dtype=object)


def column_kind(series: pd.Series) -> ColumnKind:
    """How a column is filtered; booleans are no numbers."""
    if types.is_bool_dtype(series.dtype):
        return "bool"
    if types.is_datetime64_any_dtype(series.dtype):
        return "time"
    return "number" if types.is_numeric_dtype(series.dtype) else "text"


def _in_range(series: pd.Series, condition: Filter) -> np.ndarray:
    is_time = column_kind(series) == "time"
    try:
        cells = naive_times(series) if is_time else pd.to_numeric(series, errors="coerce").astype("float64")
        low, high = (_bound(end, is_time) for end in (condition.low, condition.high))
        if is_time and isinstance(condition.high, str) and len(condition.high) == DAY_LENGTH:
            high = high + timedelta(days=1) - timedelta(microseconds=1)
    except (ValueError, TypeError, OverflowError) as error:
        message = f'The range {condition.low} to {condition.high} does not fit the column "{condition.column}".'
        raise InputError(message, "Enter numbers, or dates such as 2026-01-31 for a time column.") from error
    passing = cells.notna()
    passing &= (cells >= low) if low is not None else True
    passing &= (cells <= high) if high is not None else True
    return passing.to_numpy(dtype=bool)


def _bound(end: float | str | None, is_time: bool) -> Any:
    if end is None:
        return None
    if not is_time:
        return float(end)
    stamp = pd.Timestamp(end)
    return stamp.tz_convert("UTC").tz_localize(None) if stamp.tzinfo else stamp


def naive_times(series: pd.Series) -> pd.Series:
    """Times without a time zone, in UTC where they had one, so that they can be compared."""
    return series.dt.tz_convert("UTC").dt.tz_localize(None) if series.dt.tz is not None else series


def filter_options(series: pd.Series) -> FilterOptions:
    """The filter that suits a column: a range for times and many-valued numbers, options for up to 200 distinct values,
    a substring for free text. Where rows have several labels, each label is an option that counts all its rows."""
    kind = column_kind(series)
    if (sets := label_sets(series)) and all(len(name) <= MAX_VALUE_LENGTH for name in sets.names):
        counted = zip(sets.names[:MAX_VALUES], sets.counts.tolist(), strict=False)
        missing = int((sets.sizes() == 0).sum())
        return FilterOptions("values", kind, tuple(counted), len(sets.names), None, None, missing, several=True)
    codes, texts = factorize_texts(series)
    counts = np.bincount(codes[codes >= 0], minlength=len(texts))
    order = np.argsort(-counts, kind="stable")[:MAX_VALUES]
    suits = _suits(kind, texts)
    values = tuple((str(texts[i]), int(counts[i])) for i in order) if suits == "values" else ()
    return FilterOptions(suits, kind, values, len(texts), *_ends(series, kind), int(np.count_nonzero(codes == -1)))


def _suits(kind: ColumnKind, texts: np.ndarray) -> FilterKind:
    if kind == "time" or (kind == "number" and len(texts) > MAX_DISCRETE_NUMBERS):
        return "range"
    few = len(texts) <= MAX_VALUES and all(len(text) <= MAX_VALUE_LENGTH for text in texts)
    return "values" if few else "contains"


def _ends(series: pd.Series, kind: ColumnKind) -> tuple[float | str | None, float | str | None]:
    if kind == "time":
        times = naive_times(series).dropna()
        return (times.min().isoformat(), times.max().isoformat()) if len(times) else (None, None)
    if kind != "number":
        return None, None
    numbers = series.astype("float64").replace([np.inf, -np.inf], np.nan).dropna()
    return (float(numbers.min()), float(numbers.max())) if len(numbers) else (None, None)


def filters_to_json(filters: Sequence[Filter]) -> str:
    """Compact JSON for a link, without defaults."""
    plain = [{key: value for key, value in asdict(item).items() if value not in ((), None, "")} for item in filters]
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":"))


def filters_from_json(text: str) -> tuple[Filter, ...]:
    """Filters from filters_to_json's text. Raises InputError for anything else."""
    try:
        return tuple(_read_filter(entry) for entry in json.loads(text))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise InputError("The filters in the link can't be read.", "Set the filters again.") from error


def _read_filter(entry: dict[str, Any]) -> Filter:
    values, ends = tuple(map(str, entry.get("values", ()))), (entry.get("low"), entry.get("high"))
    low, high = (end if end is None or isinstance(end, str) else float(end) for end in ends)
    if entry["kind"] not in get_args(FilterKind):
        raise ValueError(entry["kind"])
    if entry["kind"] == "rows" and not _SELECTION.fullmatch(str(entry.get("text"))):
        raise ValueError(entry.get("text"))
    return Filter(str(entry["column"]), entry["kind"], values, low, high, str(entry.get("text", "")))
