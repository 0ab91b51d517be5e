"""Columns with several labels a row, such as "delivery; urgent" or ["app", "praise"]: their labels in any order.

Stored tables hold them as JSON lists of strings. Other forms are recognized by their content, or split as declared when
a corpus is created.
"""

import json
import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from core.types import SINGLE_VALUED

DECLARED = "declared_lists"  # in the attributes of a table that is read: columns that were made lists
LISTS = ""  # in place of a separator: lists in brackets
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
    rows, codes: (pairs,) int64, which row has which label, ascending rows. total: rows of the column."""

    names: tuple[str, ...]
    counts: np.ndarray
    rows: np.ndarray
    codes: np.ndarray
    total: int

    def mask(self, names: Collection[str]) -> np.ndarray:
        """(total,) bool: the rows with any of the labels."""
        mask = np.zeros(self.total, dtype=bool)
        mask[self.rows[np.isin(self.codes, self._positions(names))]] = True
        return mask

    def mask_all(self, names: Collection[str]) -> np.ndarray:
        """(total,) bool: the rows with all of the labels."""
        matches = np.bincount(self.rows[np.isin(self.codes, self._positions(names))], minlength=self.total)
        return matches == len(set(names))

    def sizes(self) -> np.ndarray:
        """(total,) int64: how many labels each row has."""
        return np.bincount(self.rows, minlength=self.total)

    def indicator(self) -> Any:
        """(total, labels) CSR matrix of float32 ones."""
        from scipy.sparse import csr_matrix

        ones = np.ones(len(self.rows), np.float32)
        return csr_matrix((ones, (self.rows, self.codes)), shape=(self.total, len(self.names)))

    def row_names(self) -> pd.Series:
        """(total,) the labels of each row divided by "; ", missing for none."""
        return join_names(self.rows, self.codes, self.names, self.total)

    def _positions(self, names: Collection[str]) -> np.ndarray:
        requested = set(names)
        return np.array([i for i, name in enumerate(self.names) if name in requested], dtype=np.int64)


def label_sets(column: pd.Series) -> LabelSets | None:
    """The labels of a column whose rows may have several; None for other columns, and for those declared to have one
    value a row.

    A column of JSON lists of strings is one, whatever its labels; other columns are by `detect_separator`."""
    if not _may_be_sets(column):
        return None
    lists = _json_lists(column)
    if lists is not None:
        return _collect(*lists, len(column))
    separator = detect_separator(column)
    return None if separator is None else split_labels(column, separator)


def join_names(rows: np.ndarray, codes: np.ndarray, names: Sequence[str], total: int) -> pd.Series:
    """(total,) the names of each row divided by "; ", missing for none. rows, codes: (p,) which row has which."""
    joined = pd.Series(np.array(names, dtype=object)[codes], index=rows, dtype=object).groupby(level=0).agg("; ".join)
    return joined.reindex(range(total)).astype("str")


def display_cell(cell: Any) -> Any:
    """A cell for display: a JSON list of strings as its labels divided by "; ", anything else unchanged."""
    names = _string_list(cell) if isinstance(cell, str) and cell.startswith("[") else None
    return cell if names is None else "; ".join(names)


def split_labels(column: pd.Series, separator: str, merge: bool = False) -> LabelSets:
    """The labels of a column by a separator, or LISTS. merge: labels that differ only by case or white space are one,
    in the most frequent spelling."""
    codes, texts = pd.factorize(column)  # a combination is divided once, not for each of its rows
    by_text = [split_cell(str(text), separator) for text in texts]
    return _collect(codes, _merged(codes, by_text) if merge else by_text, len(column))


def to_json_lists(column: pd.Series, separator: str, merge: bool = False) -> pd.Series:
    """The column in the stored form: JSON lists of strings, missing where a cell is missing or blank."""
    codes, texts = pd.factorize(column)
    by_text = [split_cell(str(text), separator) for text in texts]
    by_text = _merged(codes, by_text) if merge else by_text
    forms = [
        json.dumps(names, ensure_ascii=False) if str(text).strip() else None
        for text, names in zip(texts, by_text, strict=True)
    ]
    return pd.Series(np.array([*forms, None], dtype=object)[codes], index=column.index, name=column.name, dtype="str")


def similar_labels(names: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """The groups of labels that differ only by case or white space."""
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(_spelling(name), []).append(name)
    return tuple(tuple(group) for group in groups.values() if len(group) > 1)


def detect_separator(column: pd.Series) -> str | None:
    """What separates the labels of a column of which some rows have several, LISTS for lists in brackets; else None.

    Cells are lists as JSON, Python, numpy or PostgreSQL write them, or divided by ";", "|", line ends or ",". Labels
    have to be short and to recur; with commas, which also divide names and places, they must occur in any position."""
    if not _may_be_sets(column):
        return None
    cells = column.dropna()
    sample = [cell for cell in cells.iloc[: 2 * _SAMPLE].tolist() if isinstance(cell, str) and cell.strip()][:_SAMPLE]
    if not sample or sum(map(len, sample)) > MAX_CELL_LENGTH * len(sample):
        return None
    if any(map(_FIELD.match, sample)):  # objects as JSON
        return None
    is_list = all(map(_BRACKETED.fullmatch, sample))
    separator = LISTS if is_list else next((s for s in SEPARATORS if _divides(sample, s)), None)
    if separator is None or not _are_labels([split_cell(cell, separator) for cell in sample]):
        return None
    return separator


def split_cell(cell: str, separator: str) -> list[str]:
    """The labels of a cell, each once, without white space around them and without empty ones.

    separator: one or several characters; LISTS for a list in brackets. A separator does not divide within double quotes
    around a label, nor behind a backslash."""
    if separator == LISTS:
        parts = _list_parts(cell)
    elif '"' in cell or "\\" in cell:
        parts = [_unquoted(match, separator) for match in _part_pattern(separator).finditer(cell)]
    else:
        parts = cell.split(separator)
    return list(dict.fromkeys(name for part in parts if (name := part.strip())))


def _may_be_sets(column: pd.Series) -> bool:
    is_text = isinstance(column.dtype, pd.StringDtype) or column.dtype == object
    return is_text and column.name not in column.attrs.get(SINGLE_VALUED, ())


def _json_lists(column: pd.Series) -> tuple[np.ndarray, list[list[str]]] | None:
    """(n,) codes of the distinct cells, -1 for missing ones, and the labels of each; None unless all filled cells are
    JSON lists of strings, of which at least one is not empty."""
    first = next((cell for cell in column if isinstance(cell, str) and cell.strip()), "")
    if not first.lstrip().startswith("[") or _string_list(first) is None:  # most other columns end here
        return None
    codes, texts = pd.factorize(column)
    by_text = []
    for text in texts:
        names = _string_list(str(text)) if str(text).strip() else []
        if names is None:
            return None
        by_text.append(list(dict.fromkeys(name.strip() for name in names if name.strip())))
    return (codes, by_text) if any(by_text) else None


def _string_list(text: str) -> list[str] | None:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        return None
    is_list = isinstance(values, list) and all(isinstance(value, str) for value in values)
    return values if is_list else None


def _list_parts(cell: str) -> list[str]:
    names = _string_list(cell)
    if names is not None:
        return names
    bracketed = _BRACKETED.fullmatch(cell)
    inner = bracketed[1] if bracketed else cell
    quoted = [single or double for single, double in _QUOTED.findall(inner)]
    return quoted if quoted or not inner.strip() else inner.split(",")


@lru_cache(maxsize=32)
def _part_pattern(separator: str) -> re.Pattern[str]:
    """One part of a cell and the separator behind it: in double quotes (group 1), or plain (group 2)."""
    end = f"(?:{re.escape(separator)}|\\Z)"
    plain = rf"(?:\\{re.escape(separator)}|(?!{re.escape(separator)}).)*"
    return re.compile(rf"\s*\"((?:[^\"\\]|\\.|\"\")*)\"\s*{end}|({plain}){end}", re.DOTALL)


def _unquoted(match: re.Match[str], separator: str) -> str:
    if match[1] is not None:
        return match[1].replace('""', '"').replace('\\"', '"')
    return match[2].replace(f"\\{separator}", separator)


def _divides(sample: Sequence[str], separator: str) -> bool:
    """Whether a separator stands in enough cells, and for commas that the first part of a cell is elsewhere a later."""
    parts = [[part.strip() for part in cell.split(separator)] for cell in sample]
    several = [cell for cell in parts if len(cell) > 1]
    if len(several) < max(2, MIN_SEVERAL * len(sample)):
        return False
    first, later = {cell[0] for cell in several}, {part for cell in several for part in cell[1:]}
    is_numeric = all(_NUMBER.fullmatch(part) for cell in several for part in cell if part)
    return separator != "," or (len(first & later) >= 2 and not is_numeric)


def _are_labels(sample: Sequence[Sequence[str]]) -> bool:
    counts = Counter(name for names in sample for name in names)
    if not counts or len(counts) > MAX_LABELS or sum(counts.values()) < MIN_ROWS_PER_LABEL * len(counts):
        return False
    several = sum(len(names) > 1 for names in sample)
    short = all(len(name) <= MAX_LABEL_LENGTH and len(name.split()) <= MAX_LABEL_WORDS for name in counts)
    plain = not any(sign in name for name in counts for sign in "{}[]") and not all(map(_DECIMAL.fullmatch, counts))
    return several >= max(2, MIN_SEVERAL * len(sample)) and short and plain and len(counts) > 1


def _spelling(name: str) -> str:
    return " ".join(name.split()).casefold()


def _merged(codes: np.ndarray, by_text: Sequence[Sequence[str]]) -> list[list[str]]:
    """The labels of each distinct cell in their most frequent spelling, by rows. codes: (n,) cells of the rows."""
    rows = np.bincount(codes[codes >= 0], minlength=len(by_text))
    counts: Counter[str] = Counter()
    for names, number in zip(by_text, rows.tolist(), strict=True):
        counts.update(dict.fromkeys(names, number))
    spelling: dict[str, str] = {}
    for name, _ in counts.most_common():
        spelling.setdefault(_spelling(name), name)
    return [list(dict.fromkeys(spelling[_spelling(name)] for name in names)) for names in by_text]


def _collect(codes: np.ndarray, by_text: Sequence[Sequence[str]], total: int) -> LabelSets:
    """codes: (n,) distinct cells, -1 for missing. by_text: the labels of each distinct cell."""
    lengths = np.array([len(names) for names in by_text], dtype=np.int64)
    rows = np.flatnonzero(codes >= 0)
    sizes = lengths[codes[rows]]
    names, positions = np.unique([name for labels in by_text for name in labels], return_inverse=True)
    starts = np.cumsum(lengths) - lengths
    offsets = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    pairs = positions[np.repeat(starts[codes[rows]], sizes) + offsets].astype(np.int64)
    counts = np.bincount(pairs, minlength=len(names))
    order = np.argsort(-counts, kind="stable")
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    ordered = tuple(str(names[i]) for i in order)
    return LabelSets(ordered, counts[order], np.repeat(rows, sizes), rank[pairs], total)
