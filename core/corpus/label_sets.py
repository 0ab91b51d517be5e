"""Columns with several labels a row, such as "delivery; urgent" or ["app", "praise"]: their labels in any order."""

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

SEPARATORS = (";", "|", "\n", ",")
MAX_LABELS = 200
MAX_LABEL_LENGTH = 40  # characters
MAX_LABEL_WORDS = 4
MAX_CELL_LENGTH = 200  # characters, mean; longer cells are texts
MIN_ROWS_PER_LABEL = 2.0  # mean
MIN_SEVERAL = 0.05  # share of filled cells with several labels
_SAMPLE = 2_000  # filled cells that decide
_QUOTED = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"")
_BRACKETED = re.compile(r"\s*[\[{](.*)[\]}]\s*", re.DOTALL)
_NUMBER = re.compile(r"[-+]?[\d.]+")
_DECIMAL = re.compile(r"[-+]?\d*\.\d*(?:[eE][-+]?\d+)?")
_FIELD = re.compile(r"\s*\{\s*[\"'][^\"']*[\"']\s*:")


@dataclass(frozen=True, eq=False)
class LabelSets:
    """names: the labels, most frequent first. counts: (labels,) rows with each; a row counts in each of its labels.
    rows, codes: (pairs,) int64, which row has which label. total: rows of the column."""

    names: tuple[str, ...]
    counts: np.ndarray
    rows: np.ndarray
    codes: np.ndarray
    total: int

    def mask(self, names: Collection[str]) -> np.ndarray:
        """(total,) bool: the rows with any of the labels."""
        wanted = np.array([name in names for name in self.names], dtype=bool)
        mask = np.zeros(self.total, dtype=bool)
        mask[self.rows[wanted[self.codes]]] = True
        return mask

    def single(self) -> pd.Series:
        """(total,) the label of rows with one, "several labels" for more, missing for none."""
        sizes = np.bincount(self.rows, minlength=self.total)
        values = np.full(self.total, None, dtype=object)
        values[self.rows] = np.array(self.names, dtype=object)[self.codes]
        values[sizes > 1] = "several labels"
        return pd.Series(values, dtype="str")


def label_sets(column: pd.Series) -> LabelSets | None:
    """The labels of a column of which some rows have several; None for other columns.

    Cells are lists as JSON, Python, numpy or PostgreSQL write them, or divided by ";", "|", line ends or ",". Labels
    have to be short and to recur; with commas, which also divide names and places, they must occur in any position."""
    if not isinstance(column.dtype, pd.StringDtype) and column.dtype != object:
        return None
    cells = column.dropna()
    sample = [cell for cell in cells.iloc[: 2 * _SAMPLE].tolist() if isinstance(cell, str) and cell.strip()][:_SAMPLE]
    if not sample or sum(map(len, sample)) > MAX_CELL_LENGTH * len(sample):
        return None
    if any(map(_FIELD.match, sample)):  # objects as JSON
        return None
    separator = (
        "" if all(map(_BRACKETED.fullmatch, sample)) else next((s for s in SEPARATORS if _divides(sample, s)), None)
    )
    if separator is None or not _are_labels([_labels(cell, separator) for cell in sample]):
        return None
    return _collect(column, separator)


def _divides(sample: Sequence[str], separator: str) -> bool:
    """Whether a separator stands in enough cells, and for commas that the first part of a cell is elsewhere a later."""
    parts = [[part.strip() for part in cell.split(separator)] for cell in sample]
    several = [cell for cell in parts if len(cell) > 1]
    if len(several) < max(2, MIN_SEVERAL * len(sample)):
        return False
    first, later = {cell[0] for cell in several}, {part for cell in several for part in cell[1:]}
    is_numeric = all(_NUMBER.fullmatch(part) for cell in several for part in cell if part)
    return separator != "," or (len(first & later) >= 2 and not is_numeric)


def _labels(cell: str, separator: str) -> list[str]:
    """The labels of a cell, each once; separator "": a list in brackets."""
    if not separator:
        bracketed = _BRACKETED.fullmatch(cell)
        inner = bracketed[1] if bracketed else cell
        quoted = [single or double for single, double in _QUOTED.findall(inner)]
        parts = quoted if quoted or not inner.strip() else inner.split(",")
    else:
        parts = cell.split(separator)
    return list(dict.fromkeys(name for part in parts if (name := part.strip())))


def _are_labels(sample: Sequence[Sequence[str]]) -> bool:
    counts = Counter(name for names in sample for name in names)
    if not counts or len(counts) > MAX_LABELS or sum(counts.values()) < MIN_ROWS_PER_LABEL * len(counts):
        return False
    several = sum(len(names) > 1 for names in sample)
    short = all(len(name) <= MAX_LABEL_LENGTH and len(name.split()) <= MAX_LABEL_WORDS for name in counts)
    plain = not any(sign in name for name in counts for sign in "{}[]") and not all(map(_DECIMAL.fullmatch, counts))
    return several >= max(2, MIN_SEVERAL * len(sample)) and short and plain and len(counts) > 1


def _collect(column: pd.Series, separator: str) -> LabelSets:
    codes, texts = pd.factorize(column)  # a combination is divided once, not for each of its rows
    by_text = [_labels(str(text), separator) for text in texts]
    lengths = np.array([len(names) for names in by_text], dtype=np.int64)
    rows = np.flatnonzero(codes >= 0)
    sizes = lengths[codes[rows]]
    names, positions = np.unique([name for labels in by_text for name in labels], return_inverse=True)
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    offsets = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    pairs = positions[np.repeat(starts[codes[rows]], sizes) + offsets]
    counts = np.bincount(pairs, minlength=len(names))
    order = np.argsort(-counts, kind="stable")
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    ordered = tuple(str(names[i]) for i in order)
    return LabelSets(ordered, counts[order], np.repeat(rows, sizes), rank[pairs], len(column))
