"""A column read as labels: which rows can be judged, which are left out and why."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

from core.corpus.distinct import distinct_texts
from core.corpus.loaders import load_corpus
from core.errors import InputError
from core.types import CorpusRef

FOLDS = 5  # a label needs this many distinct texts, one a fold
MAX_LABELS = 1_000


@dataclass(frozen=True, eq=False)
class LabelColumn:
    """codes: (n,) int32 places in `names`, -1 for rows left out. missing: rows without a label.

    rare: (label, rows) of labels on fewer than FOLDS distinct texts, most rows first; their rows are left out too.
    """

    column: str
    codes: np.ndarray
    names: tuple[str, ...]
    missing: int
    rare: tuple[tuple[str, int], ...]


def read_labels(series: pd.Series, groups: np.ndarray, column: str) -> LabelColumn:
    """A column's labels; blank cells count as missing. groups: (n,) codes of identical texts.

    Raises InputError naming the column where there is nothing to compare: fewer than two labels on FOLDS or more
    distinct texts each, or more than MOST_LABELS of them.
    """
    codes, names = label_codes(series)
    first = codes[np.unique(groups, return_index=True)[1]]  # a text counts once, by its first row
    texts = np.bincount(first[first >= 0], minlength=len(names))
    rows = np.bincount(codes[codes >= 0], minlength=len(names))
    common = np.flatnonzero(texts >= FOLDS)
    _check_labels(column, len(names), len(common))
    place = np.full(len(names) + 1, -1, np.int32)  # the last entry serves the code -1
    place[common] = np.arange(len(common))
    rare = sorted(((names[i], int(rows[i])) for i in np.flatnonzero(texts < FOLDS)), key=lambda each: -each[1])
    kept = tuple(names[i] for i in common)
    return LabelColumn(column, place[codes], kept, int((codes < 0).sum()), tuple(rare))


def label_codes(series: pd.Series) -> tuple[np.ndarray, list[str]]:
    """(n,) int32 codes in order of the labels' names, -1 where a cell is missing or blank, and the names."""
    words = label_strings(series)
    codes, names = pd.factorize(words, sort=True)
    return codes.astype(np.int32), [str(name) for name in names]


def label_strings(series: pd.Series) -> pd.Series:
    """Cells as strings, whole numbers without decimals; blank ones missing."""
    if pd.api.types.is_float_dtype(series):
        words = series.map(lambda value: f"{value:.15g}", na_action="ignore").astype("str")
    else:
        words = series.astype("str").str.strip()
    return words.where(series.notna() & (words != ""))


def candidate_label_columns(table: pd.DataFrame, first: Sequence[str], never: Collection[str | None] = ()) -> tuple[str, ...]:
    """Columns that can be labels: `first` as given, then those with 2 to n / 2 distinct values, as many as allowed,
    and none of `never`."""
    chosen = [name for name in first if name in table.columns]
    for name in table.columns:
        if name not in (*chosen, *never) and 2 <= table[name].astype("str").nunique() <= min(
            len(table) / 2, MAX_LABELS
        ):
            chosen.append(str(name))
    return tuple(chosen)


def _check_labels(column: str, labels: int, common: int) -> None:
    if labels < 2:
        found = "no labels" if not labels else "one label only"
        raise InputError(f'The column "{column}" holds {found}.', "Choose a column with two labels or more.")
    if common > MAX_LABELS:
        raise InputError(
            f'The column "{column}" holds {common:,} labels.',
            f"Choose one with at most {MAX_LABELS:,}, or a coarser version of it.",
        )
    if common < 2:
        raise InputError(
            f'Of the {labels:,} labels in the column "{column}", {common} {"is" if common == 1 else "are"} on at least '
            f"{FOLDS} different texts; two are needed, as each label is learned from some rows and tested on others.",
            "Choose a column whose labels repeat, or bring in more rows.",
        )


INTERNAL_COLUMNS = ("source_row", "passage")  # columns that count rows, which say nothing of what is in them


def label_columns(corpus: CorpusRef) -> tuple[str, ...]:
    """Columns that may hold labels, those chosen as labels first."""
    kept = load_corpus(corpus)
    return candidate_label_columns(kept.table, kept.roles.labels, (*INTERNAL_COLUMNS, kept.roles.id, kept.roles.time))


@lru_cache(maxsize=4)
def column_labels(corpus: CorpusRef, column: str) -> LabelColumn:
    """A corpus' column read as labels. Raises InputError."""
    source = load_corpus(corpus)
    if column not in source.table.columns:
        raise InputError(f'There is no column "{column}".', "Choose another.")
    return read_labels(source.table[column], distinct_texts(source.texts)[0], column)
