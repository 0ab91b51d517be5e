"""Tables on a page: no index, as high as their rows, with row numbers from 1, a dash for missing values."""

import re
from collections.abc import Mapping
from typing import Any, Literal

import pandas as pd
import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

Width = Literal["small", "medium", "large"] | int | None


def number(
    label: str | None = None, format: str | None = None, help: str | None = None, width: Width = None, **options: Any
) -> ColumnConfig:
    """A column of numbers. format: printf-style ("%.3f") or "localized", "percent", "compact" ..."""
    return st.column_config.NumberColumn(label, format=format, help=help, width=width, **options)


def percentage(label: str | None = None, help: str | None = None, width: Width = None) -> ColumnConfig:
    """A column of shares (0.123), as percentages with one decimal (12.3%); see `round_shares`."""
    return number(label, "percent", help, width, step=SHARE_STEP)


def text(label: str | None = None, help: str | None = None, width: Width = None, **options: Any) -> ColumnConfig:
    return st.column_config.TextColumn(label, help=help, width=width, **options)


def checkbox(label: str | None = None, help: str | None = None, width: Width = None, **options: Any) -> ColumnConfig:
    return st.column_config.CheckboxColumn(label, help=help, width=width, **options)


def progress(label: str | None = None, help: str | None = None, width: Width = None) -> ColumnConfig:
    """A column of shares (0 to 1), as bars and percentages with one decimal."""
    options: dict[str, Any] = {"min_value": 0, "max_value": 1, "step": SHARE_STEP}
    return st.column_config.ProgressColumn(label, format="percent", help=help, width=width, **options)


_DECIMALS = re.compile(r"%[+,]*\.(\d)f")
_MAX_DECIMALS = 4  # that Streamlit shows of a column without format
SHARE_STEP = 0.001  # from it Streamlit derives one decimal of a percentage
MISSING = "–"
WRAPPED = 74  # pixels: rows of more than 64 wrap their texts, these show four lines
ROW_COLUMN = number("Row", "localized", "Row of the corpus.", 60)


def show_table(
    table: pd.DataFrame,
    alt: str,
    columns: Mapping[str, Any],
    *,
    max_height: int = 388,
    row_height: int = 35,
    key: str | None = None,
    selection: Literal["single-row", "multi-row"] | None = None,
) -> list[int]:
    """Draws a table; gives the positions of the selected rows.

    columns: column configs by name. max_height: pixels, beyond which it scrolls. row_height: pixels, WRAPPED for long
    texts. selection: needs a key.
    """
    options: dict[str, Any] = {
        "height": min(38 + row_height * max(len(table), 1), max_height),
        "row_height": row_height,
        "key": key,
    }
    if selection is None:
        draw_frame(table, alt, columns, **options)
        return []
    event = draw_frame(table, alt, columns, on_select="rerun", selection_mode=selection, **options)
    return [position for position in event.selection.rows if position < len(table)]


def draw_frame(table: Any, alt: str, columns: Mapping[str, Any] | None = None, **options: Any) -> Any:
    """st.dataframe as all tables are; table: a DataFrame or a Styler. options: of st.dataframe."""
    columns = columns or {}
    if isinstance(table, pd.DataFrame):
        table = round_numbers(table, columns)
    defaults: dict[str, Any] = {"hide_index": True, "width": "stretch", "lazy": False, "placeholder": MISSING}
    return st.dataframe(table, alt=alt, column_config=dict(columns), **(defaults | options))


def round_numbers(table: pd.DataFrame, columns: Mapping[str, Any]) -> pd.DataFrame:
    """The table with its percentages rounded, since Streamlit cuts numbers off at the step of their column, and without
    numbers that would show as a negative zero."""
    options = {
        name: config.get("type_config") or {}
        for name, config in columns.items()
        if isinstance(config, dict) and name in table
    }
    shares = [name for name, option in options.items() if option.get("step") == SHARE_STEP]
    table = table.round(dict.fromkeys(shares, 3))
    for name in table.select_dtypes("float").columns:
        match = _DECIMALS.search((options.get(name) or {}).get("format") or "")
        digits = int(match[1]) if match else _MAX_DECIMALS
        negative_zero = (table[name] <= 0) & (table[name].round(digits) == 0)
        if negative_zero.any():
            table = table.assign(**{str(name): table[name].mask(negative_zero, 0.0)})
    return table


def with_row_numbers(table: pd.DataFrame, position: int = 0) -> pd.DataFrame:
    """A copy with a column Row from the index; a column whose name is taken gets a space, since names must differ."""
    names = [str(name) for name in table.columns]
    unique = [f"{name} " if name in ("Row", *names[:at]) else name for at, name in enumerate(names)]
    numbered = table.set_axis(unique, axis=1)
    numbered.insert(position, "Row", table.index.to_numpy() + 1)
    return numbered
