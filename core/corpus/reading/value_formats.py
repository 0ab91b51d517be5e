"""Columns with several values a row as declared when a corpus is created."""

from collections.abc import Sequence

import pandas as pd

from core.corpus.label_sets import DECLARED, LISTS, detect_separator, label_sets, to_json_lists
from core.corpus.reading.values import ValueFormat
from core.types import SINGLE_VALUED

SEPARATOR_NAMES = {
    ";": "semicolon",
    "|": "pipe",
    ",": "comma",
    "\n": "line break",
    "\t": "tab",
    LISTS: "list in brackets",
}


def detect_formats(table: pd.DataFrame) -> tuple[ValueFormat, ...]:
    """The columns that are recognized as having several values a row."""
    formats = []
    for name in table.columns:
        separator = detect_separator(table[name])
        if separator is None and label_sets(table[name]) is not None:  # lists of strings that hardly recur
            separator = LISTS
        formats += [] if separator is None else [ValueFormat(str(name), separator)]
    return tuple(formats)


def describe_format(value_format: ValueFormat) -> str:
    """A note on a declared column."""
    if value_format.separator is None:
        return f'"{value_format.column}" has one value per row.'
    separator = SEPARATOR_NAMES.get(value_format.separator, repr(value_format.separator))
    merged = "; values that differ only by case or white space are merged" if value_format.merge else ""
    return f'"{value_format.column}" has several values per row ({separator}){merged}.'


def apply_value_formats(table: pd.DataFrame, formats: Sequence[ValueFormat]) -> pd.DataFrame:
    """The table with declared columns of several values as JSON lists, and the names of those declared to have one
    value a row, and of those lists, in its attributes. Formats of columns that don't exist change nothing."""
    table = table.copy(deep=False)
    existing = [item for item in formats if item.column in table.columns]
    for item in existing:
        if item.separator is not None:
            table[item.column] = to_json_lists(table[item.column].astype("str"), item.separator, item.merge)
    table.attrs[DECLARED] = tuple(item.column for item in existing if item.separator is not None)
    table.attrs[SINGLE_VALUED] = tuple(item.column for item in existing if item.separator is None)
    return table


def preserve_detected(table: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """`rows` of `table`, with columns as JSON lists that are recognized in the table, but not in so few rows."""
    rows = rows.copy(deep=False)
    for name in rows.columns:
        separator = detect_separator(table[name])
        if separator is not None and label_sets(rows[name]) is None:
            rows[name] = to_json_lists(rows[name], separator)
    return rows
