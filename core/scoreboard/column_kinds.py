"""Which columns of a table hold text, and which numbers."""

import pandas as pd

from core.corpus.label_columns import parse_numbers

LOOKED_AT = 2_000  # rows
MOST = 0.5  # share of a column's cells that must be numbers


def texts_of(table: pd.DataFrame) -> tuple[str, ...]:
    kinds = (pd.api.types.is_string_dtype, pd.api.types.is_object_dtype)
    found = [str(name) for name in table.columns if any(is_kind(table[name]) for is_kind in kinds)]
    return tuple(name for name in found if table[name].notna().any())


def numbers_of(table: pd.DataFrame) -> tuple[str, ...]:
    """Columns of numbers, and of text most of which can be read as numbers."""
    found = []
    for name in map(str, table.columns):
        cells = table[name].dropna().iloc[:LOOKED_AT]
        if (
            len(cells)
            and not pd.api.types.is_datetime64_any_dtype(cells)
            and parse_numbers(cells).notna().mean() > MOST
        ):
            found.append(name)
    return tuple(found)


def length_of(table: pd.DataFrame, name: str) -> float:
    return float(table[name].iloc[:LOOKED_AT].astype("str").str.len().mean())


def words_of(table: pd.DataFrame, name: str) -> float:
    return float(table[name].iloc[:LOOKED_AT].dropna().astype("str").str.count(r"\S+").mean())
