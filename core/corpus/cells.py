"""Cells cut to what a page can show, so that no cell is too large to send."""

import numpy as np
import pandas as pd

from core.corpus.export.table import free_name
from core.corpus.filters import column_kind
from core.types import Corpus

MAX_CELL_LENGTH = 2_000  # characters of one cell sent to a page


def short_cells(table: pd.DataFrame, most: int = MAX_CELL_LENGTH) -> tuple[pd.DataFrame, int]:
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


PREVIEW_LENGTH = 300  # characters of a cell sent to the page


def texts_and_roles(corpus: Corpus, rows: np.ndarray) -> pd.DataFrame:
    """Beginnings of texts, and the columns a person named as labels, time and id; index: row ids."""
    roles = corpus.roles
    named = [name for name in (*roles.labels, roles.time, roles.id) if name and name in corpus.table.columns]
    table = short_cells(corpus.table.loc[rows, named], PREVIEW_LENGTH)[0]
    table.insert(0, free_name(table, "Text"), [corpus.texts[row][:PREVIEW_LENGTH] for row in rows])
    return table
