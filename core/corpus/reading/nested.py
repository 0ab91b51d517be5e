"""Tables whose every cell is a list, a set of rows each: MTEB's layout of clustering and pair classification."""

from dataclasses import replace

import numpy as np
import pandas as pd

from core.corpus.reading.values import ParsedFile

SET_COLUMN = "set of rows"  # a name that tables seldom have, since MTEB's recipe goes by it
_MIN_LIST_LENGTH = 2  # cells a list on average; lists of one are no sets of rows


def explode_lists(part: ParsedFile) -> ParsedFile:
    """The part with such lists laid out as rows, `SET` counting the lists from 1 where there are several; any other
    part as it is."""
    table = part.table
    if table is None or part.vectors is not None or not _is_nested(table):
        return part
    sets = np.repeat(np.arange(1, len(table) + 1), table.iloc[:, 0].map(len))
    rows = table.explode(list(table.columns), ignore_index=True)
    several = len(table) > 1
    if several:
        rows[SET_COLUMN] = sets
    told = f', numbered in the column "{SET_COLUMN}"' if several else ""
    note = f"{len(table):,} {'sets of lists were' if several else 'set of lists was'} laid out as rows{told}."
    return replace(part, table=rows, source=replace(part.source, rows=len(rows), notes=(*part.source.notes, note)))


def _is_nested(table: pd.DataFrame) -> bool:
    """Two columns or more, of lists alone, as many cells in each list of a row, and strings in one of them."""
    if table.shape[1] < 2 or not table.columns.is_unique or SET_COLUMN in table.columns:
        return False
    columns = [table.iloc[:, at].tolist() for at in range(table.shape[1])]
    if not all(isinstance(cell, list | np.ndarray) for column in columns for cell in column):
        return False
    sizes = [[len(cell) for cell in column] for column in columns]
    same = all(size == sizes[0] for size in sizes) and min(sizes[0]) > 0 and sum(sizes[0]) >= _MIN_LIST_LENGTH * len(table)
    return same and any(isinstance(column[0][0], str) for column in columns)
