"""Cells cut to what a page can show, so that no cell is too large to send."""

import pandas as pd

from core.selections.filters import column_kind

LONGEST = 2_000  # characters of one cell sent to a page


def short_cells(table: pd.DataFrame, most: int = LONGEST) -> tuple[pd.DataFrame, int]:
    """A copy with cells of text cut at `most` characters, and how many were cut; missing cells stay missing."""
    short, number = table.copy(), 0
    for place in range(table.shape[1]):
        column = table.iloc[:, place]
        if column_kind(column) == "text":
            texts = column.astype(str)
            long = (texts.str.len() > most) & column.notna()
            number += int(long.sum())
            short[short.columns[place]] = texts.str.slice(0, most).where(column.notna())
    return short, number
