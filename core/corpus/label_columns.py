"""Columns as labels: classes for training and evaluation, labels for retrieval, train/test splits, and numbers."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from core.corpus.label_sets import LabelSets, label_sets
from core.corpus.loaders import load_corpus
from core.corpus.texts import distinct_texts
from core.errors import InputError
from core.types import CorpusRef

FOLDS = 5  # cross-validation: a label needs this many distinct texts
MAX_LABELS = 1_000
INTERNAL_COLUMNS = ("source_row", "passage")  # added by build_corpus; they number rows
MAX_QUERIES = 5_000
_CELLS = 8_000_000  # of queries and combinations of labels held at once
MAX_SPLIT_VALUES = 20  # values of a column that may be file names
SPLIT_PATTERNS = {
    "train": r"(?<![a-z])(?:train|training)(?![a-z])",
    "test": r"(?<![a-z])(?:test|testing)(?![a-z])",
    "other": r"(?<![a-z])(?:dev|valid|validation|val|eval|unlabeled|unsupervised)(?![a-z])",
}
_BOOLEANS = {"true": 1.0, "yes": 1.0, "false": 0.0, "no": 0.0}


@dataclass(frozen=True, eq=False)
class LabelColumn:
    """codes: (n,) int32 positions in `names`, -1 for excluded rows. missing: rows without a label. rare: (label, rows)
    of labels on fewer than FOLDS distinct texts, most rows first; their rows are excluded, too."""

    column: str
    codes: np.ndarray
    names: tuple[str, ...]
    missing: int
    rare: tuple[tuple[str, int], ...]


def label_columns(corpus: CorpusRef) -> tuple[str, ...]:
    """Columns that may be labels, those with the role first."""
    table, roles = load_corpus(corpus).table, load_corpus(corpus).roles
    return candidate_label_columns(table, roles.labels, (*INTERNAL_COLUMNS, roles.id, roles.time))


def candidate_label_columns(
    table: pd.DataFrame, first: Sequence[str], excluded: Collection[str | None] = ()
) -> tuple[str, ...]:
    """`first`, then the columns with 2 to n / 2 distinct values, at most MAX_LABELS, except those of `excluded`
    and those with several labels a row, whose combinations are no labels."""
    columns, limit = [name for name in first if name in table.columns], min(len(table) / 2, MAX_LABELS)
    others = [str(name) for name in table.columns if name not in (*columns, *excluded)]
    others = [name for name in others if 2 <= table[name].astype("str").nunique() <= limit]
    return tuple(name for name in (*columns, *others) if label_sets(table[name]) is None)


def label_set_columns(corpus: CorpusRef) -> tuple[str, ...]:
    """Columns whose rows may have several labels, those with the role first."""
    loaded = load_corpus(corpus)
    excluded = (*INTERNAL_COLUMNS, loaded.roles.id, loaded.roles.time)
    names = [str(name) for name in loaded.table.columns if name not in excluded]
    columns = [name for name in names if label_sets(loaded.table[name]) is not None]
    return tuple(sorted(columns, key=lambda name: name not in loaded.roles.labels))


@lru_cache(maxsize=4)
def column_labels(corpus: CorpusRef, column: str) -> LabelColumn:
    """A column of a corpus as labels. Raises InputError."""
    source = load_corpus(corpus)
    if column not in source.table.columns:
        raise InputError(f'There is no column "{column}".', "Choose another.")
    return read_labels(source.table[column], distinct_texts(source.texts)[0], column)


def read_labels(series: pd.Series, groups: np.ndarray, column: str) -> LabelColumn:
    """A column's labels; blank cells count as missing. groups: (n,) codes of identical texts.

    Raises InputError naming the column where there is nothing to compare: fewer than two labels on FOLDS or more
    distinct texts each, or more than MAX_LABELS of them.
    """
    codes, names = label_codes(series)
    first = codes[np.unique(groups, return_index=True)[1]]  # a text counts once, by its first row
    texts = np.bincount(first[first >= 0], minlength=len(names))
    rows = np.bincount(codes[codes >= 0], minlength=len(names))
    common = np.flatnonzero(texts >= FOLDS)
    _check_labels(column, len(names), len(common))
    new_codes = np.full(len(names) + 1, -1, np.int32)  # the last entry serves the code -1
    new_codes[common] = np.arange(len(common))
    rare = sorted(((names[i], int(rows[i])) for i in np.flatnonzero(texts < FOLDS)), key=lambda label: -label[1])
    common_names = tuple(names[i] for i in common)
    return LabelColumn(column, new_codes[codes], common_names, int((codes < 0).sum()), tuple(rare))


def label_codes(series: pd.Series) -> tuple[np.ndarray, list[str]]:
    """(n,) int32 codes in order of the labels' names, -1 where a cell is missing or blank, and the names."""
    strings = label_strings(series)
    codes, names = pd.factorize(strings, sort=True)
    return codes.astype(np.int32), [str(name) for name in names]


def label_strings(series: pd.Series) -> pd.Series:
    """Cells as strings, whole numbers without decimals; blank ones missing."""
    if pd.api.types.is_float_dtype(series):
        strings = series.map(lambda value: f"{value:.15g}", na_action="ignore").astype("str")
    else:
        strings = series.astype("str").str.strip()
    return strings.where(series.notna() & (strings != ""))


def _check_labels(column: str, labels: int, common: int) -> None:
    _check_two_labels(column, labels)
    if common > MAX_LABELS:
        remedy = f"Choose one with at most {MAX_LABELS:,}, or a coarser version of it."
        raise InputError(f'The column "{column}" has {common:,} labels.', remedy)
    if common < 2:
        message = f'Of the {labels:,} labels in the column "{column}", {common} {"is" if common == 1 else "are"} on at '
        message += f"least {FOLDS} different texts; cross-validation needs two such labels."
        raise InputError(message, "Choose a column whose labels repeat, or add more rows.")


def _check_two_labels(column: str, labels: int) -> None:
    if labels < 2:
        number = "one label only" if labels else "no labels"
        raise InputError(f'The column "{column}" has {number}.', "Choose a column with two labels or more.")


@dataclass(frozen=True, eq=False)
class LabelRows:
    """The queries of label retrieval. rows: (m,) rows of the corpus with a label. codes, texts: (m,) int32 positions in
    `names`, and codes of identical texts. queries: (q,) positions in `rows`, a sample of the `eligible` ones. relevant:
    (q,) rows of the same label and another text. missing: rows without a label. single: rows whose label is on no other
    text; they are candidates but no queries.

    Of rows with several labels, those that share one with a query are relevant. Then codes and names are those of the
    combinations of labels, and combinations: (names, labels) CSR matrix of ones, which labels each one has; else None.
    labels: how many different labels there are."""

    rows: np.ndarray
    codes: np.ndarray
    texts: np.ndarray
    names: tuple[str, ...]
    queries: np.ndarray
    relevant: np.ndarray
    eligible: int
    missing: int
    single: int
    seed: int
    labels: int
    combinations: Any = None

    def __len__(self) -> int:
        return len(self.rows)

    def is_relevant(self, row: int, others: np.ndarray) -> np.ndarray:
        """Bool: which positions in `rows` share a label with one of them."""
        if self.combinations is None:
            return np.asarray(self.codes[others] == self.codes[row])
        own = self.combinations[[int(self.codes[row])]]
        return (self.combinations[self.codes[others]] @ own.T).toarray()[:, 0] > 0


def read_label_rows(table: pd.DataFrame, column: str, groups: np.ndarray, seed: int = 0) -> LabelRows:
    """The labels of a column; at most MAX_QUERIES queries, drawn with `seed`. groups: (n,) codes of identical texts.
    Raises InputError where there is nothing to rank: no such column, fewer than two labels, or no label on two texts.
    """
    if column not in table.columns:
        raise InputError(f'There is no column "{column}".', "Choose another column.")
    sets, combinations = label_sets(table[column]), None
    if sets is None:
        codes, names = label_codes(table[column])
        labels = len(names)
    else:
        codes, names, combinations = _combinations(sets)
        labels = len(sets.names)
    rows = np.flatnonzero(codes >= 0)
    _check_two_labels(column, labels)
    label, text = codes[rows], np.unique(groups[rows], return_inverse=True)[1].astype(np.int32)
    has_relevant = _count_relevant(label, text) > 0 if sets is None else _shares_label(sets, rows, text)
    queries = eligible = np.flatnonzero(has_relevant)
    if not len(eligible):
        message = f'No label in the column "{column}" is on two different texts, so no query has a relevant row.'
        raise InputError(message, "Choose a column whose labels repeat, or a coarser version of it.")
    if len(eligible) > MAX_QUERIES:
        queries = np.sort(np.random.default_rng(seed).choice(eligible, MAX_QUERIES, replace=False))
    missing, single = int((codes < 0).sum()), len(rows) - len(eligible)
    if combinations is None:
        relevant = _count_relevant(label, text)[queries]
    else:
        relevant = _count_sharing(label, text, combinations, queries)
    counts = (len(eligible), missing, single, seed, labels)
    return LabelRows(rows, label, text, tuple(names), queries, relevant, *counts, combinations)


def find_split_column(table: pd.DataFrame) -> str | None:
    """The column that splits the rows into training and test, by the values "train" and "test" in any case, else by
    file names such as "banking77_train.csv"; or None."""
    by_file_name = None
    for name in table.columns:
        values = table[name]
        if pd.api.types.is_string_dtype(values) or pd.api.types.is_object_dtype(values):
            strings = values.dropna().astype("str").drop_duplicates().str.strip().str.lower()
            if {"train", "test"} <= set(strings):
                return str(name)
            splits = split_names(strings) if len(strings) <= MAX_SPLIT_VALUES else strings
            if by_file_name is None and {"train", "test"} <= set(splits) and splits.isin(SPLIT_PATTERNS).all():
                by_file_name = str(name)
    return by_file_name


def split_names(names: pd.Series) -> pd.Series:
    """ "train", "test" or "other" where a lower-case name contains such a word ("sst2-train.jsonl"), else the name."""
    for split, pattern in SPLIT_PATTERNS.items():
        names = names.mask(names.str.contains(pattern, regex=True), split)
    return names


def _count_relevant(label: np.ndarray, text: np.ndarray) -> np.ndarray:
    """(m,) rows that share a row's label, copies of its text not counted."""
    together = label.astype(np.int64) * (int(text.max()) + 1) + text
    _, same, copies = np.unique(together, return_inverse=True, return_counts=True)
    return (np.bincount(label)[label] - copies[same]).astype(np.int64)


def _combinations(sets: LabelSets) -> tuple[np.ndarray, list[str], Any]:
    """(n,) int32 codes of the combinations of labels, -1 for rows without any, their names, and the (combinations,
    labels) CSR matrix of ones of their labels."""
    order = np.lexsort((sets.codes, sets.rows))
    sizes = sets.sizes()
    filled = np.flatnonzero(sizes)
    parts = np.split(sets.codes[order], np.cumsum(sizes[filled])[:-1])
    of_filled, first = pd.factorize(pd.Series([part.tobytes() for part in parts], dtype=object))
    codes = np.full(sets.total, -1, np.int32)
    codes[filled] = of_filled
    first_rows = filled[np.unique(of_filled, return_index=True)[1]]
    names = [", ".join(sets.names[code] for code in np.frombuffer(key, np.int64)) for key in first]
    return codes, names, sets.indicator()[first_rows]


def _shares_label(sets: LabelSets, rows: np.ndarray, text: np.ndarray) -> np.ndarray:
    """(m,) bool: rows of which a label is on another text, too. rows: (m,), text: (m,) codes of identical texts."""
    text_of = np.full(sets.total, -1, np.int64)
    text_of[rows] = text
    pairs = pd.DataFrame({"label": sets.codes, "text": text_of[sets.rows]})
    texts = pairs.groupby("label")["text"].nunique().reindex(range(len(sets.names)), fill_value=0).to_numpy()
    shared = np.zeros(sets.total, bool)
    shared[sets.rows[texts[sets.codes] > 1]] = True
    return shared[rows]


def _count_sharing(label: np.ndarray, text: np.ndarray, combinations: Any, queries: np.ndarray) -> np.ndarray:
    """(q,) rows of other texts that share a label with a query. label: (m,) codes of combinations."""
    rows_of = np.bincount(label, minlength=combinations.shape[0])
    block = max(_CELLS // combinations.shape[0], 1)
    counts = [
        ((combinations[label[queries[start : start + block]]] @ combinations.T).toarray() > 0) @ rows_of
        for start in range(0, len(queries), block)
    ]
    by_text, size = np.argsort(text, kind="stable"), np.bincount(text)
    start, copies = np.cumsum(size) - size, size[text[queries]]
    offsets = np.arange(copies.sum()) - np.repeat(np.cumsum(copies) - copies, copies)
    same = by_text[np.repeat(start[text[queries]], copies) + offsets]  # rows of the queries' own texts
    own = np.repeat(np.arange(len(queries)), copies)
    shared = combinations[label[same]].multiply(combinations[label[queries[own]]]).sum(axis=1)
    return np.concatenate(counts) - np.bincount(own, np.asarray(shared).ravel() > 0, len(queries)).astype(np.int64)


def parse_numbers(cells: pd.Series) -> pd.Series:
    """float64, NaN where a cell is no number: plain numbers, decimal commas, or true and false (yes and no) as 1 and 0,
    whichever parses the most cells."""
    strings = cells.astype("str").str.strip().where(cells.notna())
    readings = (strings, strings.str.replace(",", ".", regex=False), strings.str.lower().map(_BOOLEANS))
    numbers = [pd.to_numeric(reading, errors="coerce").astype("float64") for reading in readings]
    return max(numbers, key=lambda parsed: parsed.notna().sum())
