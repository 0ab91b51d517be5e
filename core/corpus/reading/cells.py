"""Normalized columns: text (`str`), numbers, booleans or naive UTC datetimes, with unique names."""

import json
from collections.abc import Iterable, Sequence, Set
from itertools import count
from typing import Any

import numpy as np
import pandas as pd

_NAN_STRINGS = frozenset({"nan", "none", "null", "na", "n/a", "#n/a", "<na>"})
_EXACT = 2.0**53  # above it float64 can't hold every integer
_SAMPLE = 64


def unique_names(names: Iterable[Any]) -> tuple[list[str], list[str]]:
    """Unique ("text", "text (2)") and non-empty ("column 3") names, and notes on changes."""
    cleaned = ["" if is_missing(name) else clean_text(str(name)).strip() for name in names]
    used, reserved = set[str](), set(cleaned)
    unique: list[str] = []
    for position, name in enumerate(cleaned, start=1):
        unique.append(numbered_name(name or f"column {position}", used, reserved))
        used.add(unique[-1])
    changed = [f'"{new}"' for old, new in zip(cleaned, unique, strict=True) if old != new]
    listed = ", ".join(changed[:5]) + (", …" if len(changed) > 5 else "")
    columns = "1 column was" if len(changed) == 1 else f"{len(changed)} columns were"
    return unique, [f"{columns} renamed: {listed}."] if changed else []


def rename_table(
    table: pd.DataFrame, columns: Sequence[tuple[str, str]], values: Sequence[tuple[str, str, str]]
) -> pd.DataFrame:
    """The table with new names of columns, made unique, and with values replaced: (column, value as text, new value).
    A column with a replaced value becomes text; an empty new name changes nothing."""
    table, names = table.copy(deep=False), [str(name) for name in table.columns]
    replaced: dict[str, dict[str, str]] = {}
    for column, old, new in values:
        if column in names and new.strip():
            replaced.setdefault(column, {})[old] = new.strip()
    for column, mapping in replaced.items():
        texts = text_series(table[column].tolist())
        table[column] = texts.map(lambda text, mapping=mapping: mapping.get(text, text), na_action="ignore").astype(
            "str"
        )
    new_names = {old: new.strip() for old, new in columns if new.strip()}
    return table.set_axis(unique_names([new_names.get(name, name) for name in names])[0], axis=1)


def numbered_name(name: str, used: set[str], reserved: Set[str] = frozenset()) -> str:
    """The name, with a number behind it ("text (2)") where it is used."""
    if name not in used:
        return name
    numbered = (f"{name} ({number})" for number in count(2))
    return next(candidate for candidate in numbered if candidate not in used and candidate not in reserved)


def clean_text(text: str) -> str:
    """Text without NULs; half characters (lone surrogates), which no file can hold, become U+FFFD."""
    return text.replace("\0", "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def is_missing(value: Any) -> bool:
    """None, NaN and NaT."""
    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and value != value)


def cell_text(value: Any) -> str | None:
    """One cell as text; None for a missing one. Whole floats lose their ".0"."""
    if isinstance(value, str):
        return value
    if is_missing(value):
        return None
    if isinstance(value, float | np.floating):
        return str(int(value)) if np.isfinite(value) and float(value).is_integer() else str(value)
    if isinstance(value, dict | list | tuple | np.ndarray):
        return json.dumps(value, ensure_ascii=False, default=_jsonable)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str(value)


def _jsonable(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else str(value)


def text_series(values: Sequence[Any]) -> pd.Series:
    """A `str` column of cells as text; missing ones stay missing."""
    cleaned = [cell_text(value) for value in values]
    try:
        return pd.Series(cleaned, dtype="str")
    except UnicodeEncodeError:
        return pd.Series([None if text is None else clean_text(text) for text in cleaned], dtype="str")


def normalize_table(table: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """The table with unique names, normalized columns, no NULs and a RangeIndex, and notes on changes."""
    names, notes = unique_names(table.columns)
    columns, removed = {}, 0
    for position, name in enumerate(names):
        column, nuls = _without_nuls(normalize_column(table.iloc[:, position]))
        columns[name] = column.reset_index(drop=True)
        removed += nuls
    notes += [f"{removed:,} NUL characters were removed."] if removed else []
    return pd.DataFrame(columns, index=pd.RangeIndex(len(table))), notes


def normalize_column(column: pd.Series) -> pd.Series:
    """A column as text, numbers, booleans or naive UTC datetimes, whatever its objects."""
    kind = column.dtype
    if isinstance(kind, pd.CategoricalDtype):
        return normalize_column(column.astype(kind.categories.dtype))
    if isinstance(kind, pd.DatetimeTZDtype):
        return column.dt.tz_convert("UTC").dt.tz_localize(None)
    numeric = isinstance(kind, np.dtype) and kind.kind in "iuf"
    if numeric or pd.api.types.is_datetime64_dtype(kind) or (pd.api.types.is_bool_dtype(kind) and column.notna().all()):
        return column
    return column.astype("str") if isinstance(kind, pd.StringDtype) else _normalize_objects(column)


def _normalize_objects(column: pd.Series) -> pd.Series:
    values = column.tolist()
    kinds = {type(value) for value in values if not is_missing(value)}
    if kinds and kinds <= {int, float, np.float64, np.int64}:
        numbers = pd.to_numeric(pd.Series(values, dtype=object), errors="coerce")
        rounded = numbers.dtype.kind == "f" and any(isinstance(cell, int) and abs(cell) >= _EXACT for cell in values)
        if isinstance(numbers.dtype, np.dtype) and not rounded:
            return numbers
    if kinds and all(hasattr(kind, "isoformat") and hasattr(kind, "year") for kind in kinds):
        times = pd.to_datetime(pd.Series(values, dtype=object), errors="coerce", utc=True)
        return times.dt.tz_localize(None) if times.notna().sum() == column.notna().sum() else text_series(values)
    return pd.Series(values, dtype=bool) if kinds == {bool} and column.notna().all() else text_series(values)


def _without_nuls(column: pd.Series) -> tuple[pd.Series, int]:
    if not isinstance(column.dtype, pd.StringDtype) or not column.str.contains("\0", regex=False, na=False).any():
        return column, 0
    return column.str.replace("\0", "", regex=False), int(column.str.count("\0").sum())


def infer_numbers(column: pd.Series) -> pd.Series:
    """A text column as int64 or float64 when every cell is a number, empty or NaN; else unchanged.
    Codes stay text: leading zeros, and integers too long for their type. So do columns of only "NaN", "null" etc."""
    cells = column.dropna()
    sample = cells.iloc[:_SAMPLE]
    if not len(cells) or not all(cell.strip().lower() in _NAN_STRINGS or is_number(cell) for cell in sample):
        return column
    is_nan = cells.str.strip().str.lower().isin(_NAN_STRINGS)
    digits = cells[~is_nan]
    numbers = pd.to_numeric(digits, errors="coerce")
    if (
        not len(digits)
        or numbers.isna().any()
        or np.isinf(numbers.to_numpy(dtype=float)).any()
        or _is_code(digits, numbers)
    ):
        return column
    integers = isinstance(numbers.dtype, np.dtype) and numbers.dtype.kind in "iu"
    if len(digits) == len(column):
        return numbers if integers else numbers.astype("float64")
    if integers and (numbers.abs() >= _EXACT).any():
        return column
    return numbers.astype("float64").reindex(column.index)


def is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _is_code(digits: pd.Series, numbers: pd.Series) -> bool:
    if digits.str.contains(r"^\s*[+-]?0[0-9]", regex=True).any():
        return True
    big = numbers.astype("float64").abs() >= _EXACT
    integers = isinstance(numbers.dtype, np.dtype) and numbers.dtype.kind == "i"
    return not integers and bool(big.any()) and bool(digits[big].str.fullmatch(r"\s*[+-]?[0-9]+\s*").any())
