"""Questions of the Anomalies page about leaks: near-duplicates under several values of a column."""

import numpy as np
import pandas as pd

from core.corpus.label_columns import find_split_column
from core.corpus.loaders import load_corpus
from core.duplicates.leaks import Leaks, find_leaks, split_columns
from core.duplicates.service import MOST_ROWS, Place, group_codes, rows_file
from core.errors import InputError
from core.types import CorpusRef


def columns(corpus: CorpusRef) -> tuple[str, ...]:
    """Columns that may be a split, the likeliest first."""
    return tuple(split_columns(load_corpus(corpus).table))


def likely(corpus: CorpusRef) -> str | None:
    """The column that parts the rows into training and test, if there is one."""
    found = find_split_column(load_corpus(corpus).table)
    return found if found in columns(corpus) else None


def leaks(place: Place, threshold: float, column: str) -> tuple[Leaks, pd.DataFrame]:
    """Leaks between values of a column, and their first 200 rows: Group, the column's value, Text; index row ids.

    Raises InputError where there is no such column."""
    found, codes = _leaks(place, threshold, column)
    shown = found.rows[:MOST_ROWS]
    whole = load_corpus(place.corpus)
    values = whole.table[column].iloc[shown].astype(str).tolist()
    table = pd.DataFrame({"Group": codes[shown] + 1, "Value": values}, index=shown)
    table["Text"] = [whole.texts[row][:300] for row in shown]
    return found, table


def leak_file(place: Place, threshold: float, column: str) -> bytes:
    """All rows of groups that span values, as CSV."""
    found, codes = _leaks(place, threshold, column)
    texts = load_corpus(place.corpus).texts
    return rows_file(place, found.rows, {"group": codes[found.rows] + 1, "row": found.rows + 1}, texts)


def _leaks(place: Place, threshold: float, column: str) -> tuple[Leaks, np.ndarray]:
    table = load_corpus(place.corpus).table
    if column not in table.columns:
        raise InputError(f'There is no column "{column}".', "Choose another.")
    codes = group_codes(place, threshold)
    return find_leaks(codes, table[column]), codes
