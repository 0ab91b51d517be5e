"""Normalized columns: text (`str`), numbers, booleans or naive UTC datetimes, with unique names."""

import json
import re
from collections.abc import Iterable, Sequence, Set
from decimal import Decimal
from itertools import count
from typing import Any

import numpy as np
import pandas as pd

_NAN_STRINGS = frozenset({"nan", "none", "null", "na", "n/a", "#n/a", "<na>"})
_EXACT = 2.0**53  # above it float64 can't hold every integer
_SAMPLE = 64
# leading zeros; digits around an e without sign or point; a phone number; digits grouped by _
_CODE_NUMBER = re.compile(r"^[+-]?0[0-9]|^[+-]?[0-9]+[eE][0-9]+$|^\+[0-9]{6,}$|_")


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


def infer_numbers(column: pd.Series, name: str = "") -> tuple[pd.Series, str]:
    """A text column as int64 or float64 when every cell is a number, empty or NaN, else unchanged; and a note on what
    changed. Numbers stay text, with a note, where a cell has no exact counterpart or is a code: leading zeros, 12e5,
    +49..., versions (1.9 and 1.10), too many digits. So do columns of only "NaN", "null" etc."""
    cells = column.dropna().str.strip()
    sample = cells.iloc[:_SAMPLE]
    if not len(cells) or not all(cell.lower() in _NAN_STRINGS or is_number(cell) for cell in sample):
        return _decimal_commas(column, cells, name)
    is_nan = cells.str.lower().isin(_NAN_STRINGS)
    digits = cells[~is_nan]
    numbers = pd.to_numeric(digits, errors="coerce")
    if not len(digits) or numbers.isna().any():
        return column, ""
    decimals = pd.Series(digits[~digits.str.fullmatch(r"-?(?:0|[1-9][0-9]*)")].unique(), dtype="str")
    integers = isinstance(numbers.dtype, np.dtype) and numbers.dtype.kind in "iu"
    if code := _first_code(digits, decimals, exact=not integers or bool(is_nan.any() or column.isna().any())):
        return column, f'"{name}" stays text, since a number can\'t hold "{code[:40]}" as it is.'
    count = f"{int(is_nan.sum()):,} {'cell' if is_nan.sum() == 1 else 'cells'}"
    notes = [f'"{cells[is_nan].iloc[0]}" in {count} of "{name}" was read as missing.'] if is_nan.any() else []
    if padded := next((cell for cell in decimals if not _is_canonical(cell)), ""):
        is_fixed = decimals.str.extract(r"\.([0-9]+)$")[0].str.len().nunique(dropna=False) == 1 and len(decimals)
        notes += [] if is_fixed else [f'"{name}" are numbers: "{padded[:40]}" was read as {float(padded)!r}.']
    numbers = numbers if integers and len(digits) == len(column) else numbers.astype("float64").reindex(column.index)
    return numbers, " ".join(notes)


def _first_code(digits: pd.Series, decimals: pd.Series, exact: bool) -> str:
    """The first cell that is a code or has no exact number, "" for none. decimals: distinct cells that are no plain
    integers; exact: whether integers become float64, which rounds above 2^53."""
    codes = decimals[decimals.str.contains(_CODE_NUMBER)]
    if len(codes):
        return str(codes.iloc[0])
    long = [cell for cell in digits[digits.str.len() > 15].unique() if cell.lstrip("-").isdigit()]
    if rounded := next((cell for cell in long if exact and abs(int(cell)) >= _EXACT), ""):
        return rounded
    minor = decimals.str.extract(r"^[0-9]{1,3}\.(0|[1-9][0-9]?)$")[0]
    if len(minor) and minor.notna().all() and minor.str.len().nunique() == 2 and minor.str.fullmatch("[1-9]0").any():
        return str(decimals[minor.str.fullmatch("[1-9]0")].iloc[0])  # a version
    return next((cell for cell in decimals if not _has_exact_number(cell)), "")


def _has_exact_number(cell: str) -> bool:
    """Whether float64 holds the value, to the digits that Python or C writes of it."""
    number = float(cell)
    if not np.isfinite(number) or Decimal(cell) == Decimal(repr(number)):
        return bool(np.isfinite(number))
    mantissa, exponent, _ = cell.lower().partition("e")
    places = len(mantissa.partition(".")[2])
    return f"{number:.{places}{exponent or 'f'}}" == cell.lower()


def _is_canonical(cell: str) -> bool:
    """Whether Python writes this number as it is, apart from a zero before the point."""
    text = repr(float(cell))
    return cell in {text, text.removeprefix("0"), text.replace("-0.", "-.", 1)}


def _decimal_commas(column: pd.Series, cells: pd.Series, name: str) -> tuple[pd.Series, str]:
    """Numbers such as 3,5 and 1.234,5 as float64, with a note; not where all could be thousands (1,234)."""
    pattern = r"[-+]?(?:[0-9]+|[0-9]{1,3}(?:\.[0-9]{3})+)(?:,[0-9]+)?"
    if not len(cells) or not all(re.fullmatch(pattern, cell) for cell in cells.iloc[:_SAMPLE]):
        return column, ""
    if not cells.str.fullmatch(pattern).all() or not cells.str.contains(r",(?![0-9]{3}$)").any():
        return column, ""
    plain = cells.str.replace(".", "", regex=False).str.replace(",", ".", regex=False)
    note = f'"{name}" has decimal commas: "{cells.iloc[0]}" was read as {float(plain.iloc[0]):g}.'
    return plain.astype("float64").reindex(column.index), note


def is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
