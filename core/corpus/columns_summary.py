"""A line about each column of a table: what it holds, how much is missing, some examples."""

from dataclasses import dataclass
from typing import Literal

import pandas as pd
from pandas.api import types as kinds

Kind = Literal["number", "time", "yes/no", "category", "text", "other"]
EXAMPLES = 3
EXAMPLE_LENGTH = 80  # characters
MAX_CATEGORIES = 50
CATEGORY_SHARE = 0.5  # distinct values among values, above which strings are texts rather than categories


@dataclass(frozen=True)
class ColumnSummary:
    """missing: cells without a value, or an empty or blank string. distinct: different values among the others.

    examples: the first few different values as strings, cut at EXAMPLE_LENGTH characters.
    """

    name: str
    kind: Kind
    missing: int
    distinct: int
    examples: tuple[str, ...]


def summarize_columns(table: pd.DataFrame) -> tuple[ColumnSummary, ...]:
    """One summary a column, in the table's order; columns may share a name."""
    return tuple(_summarize(table.iloc[:, place]) for place in range(table.shape[1]))


def _summarize(column: pd.Series) -> ColumnSummary:
    values = column[~_missing(column)]
    # lists and other cells that can't be hashed are compared as strings
    comparable = values.astype(str) if values.dtype == object else values
    distinct = comparable.drop_duplicates()
    examples = tuple(_short(value) for value in distinct.iloc[:EXAMPLES])
    kind = _kind(comparable, len(distinct)) if len(values) else "other"
    return ColumnSummary(str(column.name), kind, len(column) - len(values), len(distinct), examples)


def _missing(column: pd.Series) -> pd.Series:
    missing = column.isna()
    if column.dtype == object or kinds.is_string_dtype(column.dtype):
        blank = column.map(lambda value: isinstance(value, str) and not value.strip())
        missing |= blank.fillna(False).astype(bool)
    return missing


def _kind(values: pd.Series, distinct: int) -> Kind:
    if kinds.is_bool_dtype(values.dtype):
        return "yes/no"
    if kinds.is_numeric_dtype(values.dtype):
        return "number"
    if kinds.is_datetime64_any_dtype(values.dtype):
        return "time"
    if distinct <= MAX_CATEGORIES and (distinct <= CATEGORY_SHARE * len(values) or distinct == 1):
        return "category"
    return "text"


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= EXAMPLE_LENGTH else text[: EXAMPLE_LENGTH - 1] + "…"
