"""A column read for scoring: which rows have a label, which of them can ask, and which are asked."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.corpus.label_columns import label_codes
from core.errors import InputError

MAX_QUERIES = 5_000
MAX_SPLIT_VALUES = 20  # values of a column that may be names of files
_OTHERS = "dev|valid|validation|val|eval|unlabeled|unsupervised"
SPLIT_PATTERNS = {
    side: rf"(?<![a-z])(?:{words})(?![a-z])"
    for side, words in (("train", "train|training"), ("test", "test|testing"), ("other", _OTHERS))
}


@dataclass(frozen=True, eq=False)
class LabelRows:
    """rows: (m,) rows of the corpus that have a label. codes, texts: (m,) int32 places in `names`, and codes of
    identical texts. queries: (q,) places within `rows` of those that ask; of `eligible` that could. relevant: (q,)
    rows of the same label and another text.

    missing: rows without a label. single: rows whose label is on no other text; they can be found but do not ask.
    """

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

    def __len__(self) -> int:
        return len(self.rows)


def read_label_rows(table: pd.DataFrame, column: str, groups: np.ndarray, seed: int = 0) -> LabelRows:
    """The labels of a column; at most MOST_QUERIES rows ask, drawn with `seed`. groups: (n,) codes of identical texts.

    Raises InputError where there is nothing to rank: no such column, fewer than two labels, or no label on two texts.
    """
    if column not in table.columns:
        raise InputError(f'There is no column "{column}".', "Choose another column of labels.")
    codes, names = label_codes(table[column])
    rows = np.flatnonzero(codes >= 0)
    if len(names) < 2:
        found = "one label only" if names else "no labels"
        raise InputError(f'The column "{column}" holds {found}.', "Choose a column with two labels or more.")
    label = codes[rows]
    text = np.unique(groups[rows], return_inverse=True)[1].astype(np.int32)
    relevant = _count_relevant(label, text)
    able = np.flatnonzero(relevant > 0)
    if not len(able):
        raise InputError(
            f'No label in the column "{column}" is on two different texts: no row has another one to find.',
            "Choose a column whose labels repeat, or a coarser version of it.",
        )
    asked = able
    if len(able) > MAX_QUERIES:
        asked = np.sort(np.random.default_rng(seed).choice(able, MAX_QUERIES, replace=False))
    missing, single = int((codes < 0).sum()), len(rows) - len(able)
    return LabelRows(rows, label, text, tuple(names), asked, relevant[asked], len(able), missing, single, seed)


def find_split_column(table: pd.DataFrame) -> str | None:
    """The column that parts the rows into training and test, by the values "train" and "test" in any case, else by
    names of files such as "banking77_train.csv"; or None."""
    named = None
    for name in table.columns:
        values = table[name]
        if pd.api.types.is_string_dtype(values) or pd.api.types.is_object_dtype(values):
            words = values.dropna().astype("str").drop_duplicates().str.strip().str.lower()
            if {"train", "test"} <= set(words):
                return str(name)
            sides = split_names(words) if len(words) <= MAX_SPLIT_VALUES else words
            if named is None and {"train", "test"} <= set(sides) and sides.isin(SPLIT_PATTERNS).all():
                named = str(name)
    return named


def split_names(words: pd.Series) -> pd.Series:
    """ "train", "test" or "other" where a lower-case word is named so ("sst2-train.jsonl", "dev"), else the word."""
    for side, pattern in SPLIT_PATTERNS.items():
        words = words.mask(words.str.contains(pattern, regex=True), side)
    return words


def _count_relevant(label: np.ndarray, text: np.ndarray) -> np.ndarray:
    """(m,) rows that share a row's label, copies of its text not counted."""
    together = label.astype(np.int64) * (int(text.max()) + 1) + text
    _, same, copies = np.unique(together, return_inverse=True, return_counts=True)
    return (np.bincount(label)[label] - copies[same]).astype(np.int64)
