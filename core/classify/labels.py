"""Label columns as targets of a classifier, and what is wrong with them."""

import json
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from core.corpus.label_columns import MAX_LABELS, label_strings, parse_numbers
from core.corpus.label_sets import label_sets
from core.corpus.texts import distinct_texts
from core.errors import InputError
from core.types import Vectors

TargetKind = Literal["classes", "sets", "number"]
Cells = pd.Series | Sequence[Any] | np.ndarray
MIN_ROWS = 4
NUMBER_VALUES = 20  # a numeric column with more different values is a number to predict, not a class
LEAK_SHARE = 0.2  # of rows whose own label occurs in the text
LEAK_RATIO = 2.0  # to the share of rows in which another label does
LEAK_SAMPLE = 5_000
MIN_LEAK_LENGTH = 3  # of a label in letters; a sign of Chinese and the like counts as two


@dataclass(frozen=True, eq=False)
class Target:
    """What a classifier learns from a column.

    values: of the kind "classes" (n,) int32 positions in `names`, -1 for rows without a label; of "sets" (n, labels)
    bool; of "number" (n,) float64, NaN for none. present: (n,) bool, rows with a label (an empty list is one, too).
    """

    kind: TargetKind
    names: tuple[str, ...]
    values: np.ndarray
    present: np.ndarray


def target_kind(labels: Cells) -> TargetKind:
    """What a column probably is, for a person to confirm: numbers with more than 20 different values are to be
    predicted as such, and cells with several labels are sets of them."""
    column = as_column(labels)
    if _has_lists(column) or label_sets(column) is not None:
        return "sets"
    is_number = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
    return "number" if is_number and column.nunique() > NUMBER_VALUES else "classes"


def read_target(labels: Cells, kind: TargetKind | None = None, separator: str | None = None) -> Target:
    """A column of n cells as a target. kind: None reads lists as sets and everything else as classes. separator: of
    sets in one text, detected where it is None. Raises InputError for what the column can't be."""
    column = as_column(labels)
    if kind is None:
        kind = "sets" if _has_lists(column) or separator else "classes"
    if kind == "sets":
        return _read_sets(column, separator)
    if kind == "number":
        numbers = parse_numbers(column).to_numpy(dtype=np.float64, copy=True)
        numbers[~np.isfinite(numbers)] = np.nan
        return Target("number", (), numbers, np.isfinite(numbers))
    codes, names = pd.factorize(label_strings(column), sort=True)
    return Target("classes", tuple(map(str, names)), codes.astype(np.int32), codes >= 0)


def as_column(labels: Cells) -> pd.Series:
    """Cells by position, whatever their index."""
    column = labels if isinstance(labels, pd.Series) else pd.Series(labels, dtype=None if len(labels) else object)
    return column.reset_index(drop=True)


def check_length(vectors: Vectors, labels: Cells) -> None:
    """Raises InputError unless there is one label, or none, for each row of the vectors."""
    if len(labels) != len(vectors):
        message = f"There are {len(labels):,} labels for {len(vectors):,} rows."
        raise InputError(message, "Pass a column of the table that was embedded.")


def require_classes(target: Target, rows: np.ndarray) -> np.ndarray:
    """The rows that have a label. Raises InputError where they are too few to learn from, or have one class alone."""
    labeled = rows[target.present[rows]]
    if len(labeled) < MIN_ROWS:
        message = f"{len(labeled):,} of {len(rows):,} rows have a label; a classifier needs at least {MIN_ROWS}."
        raise InputError(message, "Label more rows, or choose another column.")
    if target.kind == "number":
        if np.ptp(target.values[labeled]) == 0:
            raise InputError("All rows have the same number.", "Choose a column whose numbers vary.")
        return labeled
    classes = len(np.unique(target.values[labeled])) if target.kind == "classes" else len(target.names)
    if classes < 2:
        name = target.names[target.values[labeled[0]]] if target.kind == "classes" else "".join(target.names)
        raise InputError(
            f'All labeled rows have the class "{name}".' if name else "No row has a label.",
            "Choose a column with two classes or more, or label rows of another class.",
        )
    if classes > MAX_LABELS:
        remedy = f"Choose a column with at most {MAX_LABELS:,} classes, or a coarser version of it."
        raise InputError(f"The column has {classes:,} classes; it may be an ID or free text.", remedy)
    return labeled


@dataclass(frozen=True)
class LabelCheck:
    """notes: sentences on a column. mergeable: names that differ only by case or spaces, most frequent first in each
    group. leak: share of rows whose own label occurs verbatim in the text; leak_other: the same of another label drawn
    from those of other rows, which tells how much of it is chance."""

    notes: tuple[str, ...]
    mergeable: tuple[tuple[str, ...], ...]
    leak: float
    leak_other: float


def check_labels(texts: Sequence[str], labels: Cells, seed: int = 0) -> LabelCheck:
    """What a person should know of a column of classes before training on it. Raises InputError where it can't be
    trained on at all: one class, too many, or too few labels."""
    target = read_target(labels, "classes")
    labeled = require_classes(target, np.arange(len(target.present)))
    groups, (leak, other) = mergeable_labels(labels), _leak_shares(texts, target, labeled, seed)
    notes = [*_count_notes(texts, target, labeled)]
    notes += [f"Differ only by case or spaces: {', '.join(map(repr, group))}. They can be merged." for group in groups]
    if leak >= LEAK_SHARE and leak >= LEAK_RATIO * other:
        notes.append(
            f"The label occurs verbatim in the text of {leak:.0%} of rows (another row's label: {other:.0%}): the "
            f"texts may give the answer away, and the accuracy will not hold for texts without it."
        )
    return LabelCheck(tuple(notes), groups, leak, other)


def mergeable_labels(labels: Cells) -> tuple[tuple[str, ...], ...]:
    """Groups of labels that differ only by case or spaces, the most frequent of each first."""
    counts = label_strings(as_column(labels)).value_counts()
    groups: dict[str, list[str]] = {}
    for name in counts.index:
        groups.setdefault(_normal_form(str(name)), []).append(str(name))
    return tuple(tuple(group) for group in groups.values() if len(group) > 1)


def merge_labels(labels: Cells) -> pd.Series:
    """(n,) the labels with the most frequent spelling of those that differ only by case or spaces."""
    spelling = {name: group[0] for group in mergeable_labels(labels) for name in group}
    column = label_strings(as_column(labels))
    return column.map(lambda name: spelling.get(name, name), na_action="ignore").astype("str")


def _normal_form(name: str) -> str:
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())


def _count_notes(texts: Sequence[str], target: Target, labeled: np.ndarray) -> list[str]:
    notes, missing = [], len(target.present) - len(labeled)
    if missing:
        notes.append(f"{missing:,} of {len(target.present):,} rows have no label and are left out.")
    codes = distinct_texts([texts[row] for row in labeled])[0]
    first = labeled[np.unique(codes, return_index=True)[1]]  # a text counts once, by its first row
    counts = np.bincount(target.values[first], minlength=len(target.names))
    single = [target.names[code] for code in np.flatnonzero(counts < 2)]
    if single:
        listed = ", ".join(f'"{name}"' for name in single[:3]) + (", ..." if len(single) > 3 else "")
        have = "class has" if len(single) == 1 else "classes have"
        notes.append(f"{len(single):,} {have} one text alone and can't be evaluated: {listed}.")
    return notes


def _leak_shares(texts: Sequence[str], target: Target, labeled: np.ndarray, seed: int) -> tuple[float, float]:
    """The share of (sampled) rows whose label occurs in their text, and that of a label of another class."""
    rng, names = np.random.default_rng(seed), [name.casefold() for name in target.names]
    long = np.array([sum(2 if ord(sign) >= 0x2E80 else 1 for sign in name) >= MIN_LEAK_LENGTH for name in names])
    rows = labeled[long[target.values[labeled]]]
    rows = rng.choice(rows, min(len(rows), LEAK_SAMPLE), replace=False)
    if not len(rows):
        return 0.0, 0.0
    own, other = target.values[rows], target.values[rng.choice(labeled, len(rows))]
    lowered = [str(texts[row]).casefold() for row in rows]
    hits = np.array([names[code] in text for code, text in zip(own, lowered, strict=True)])
    elsewhere = np.array([names[code] in text for code, text in zip(other, lowered, strict=True)])[other != own]
    return float(hits.mean()), float(elsewhere.mean()) if len(elsewhere) else 0.0


def _has_lists(column: pd.Series) -> bool:
    return column.dtype == object and any(isinstance(cell, (list, tuple, set, np.ndarray)) for cell in column.head(100))


def _read_sets(column: pd.Series, separator: str | None) -> Target:
    if _has_lists(column):
        cells = [_names(cell) if isinstance(cell, (list, tuple, set, np.ndarray)) else None for cell in column]
    elif separator:
        cells = [cell.split(separator) if isinstance(cell, str) and cell.strip() else None for cell in column]
    else:
        cells = _detected_sets(column)
    sets = [None if cell is None else {name.strip() for name in cell} - {""} for cell in cells]
    names = sorted(set().union(*(cell for cell in sets if cell)))
    if len(names) > MAX_LABELS:
        remedy = f"Choose a column with at most {MAX_LABELS:,} labels, or another separator."
        raise InputError(f"The column has {len(names):,} different labels.", remedy)
    position, values = {name: i for i, name in enumerate(names)}, np.zeros((len(sets), len(names)), bool)
    for row, cell in enumerate(sets):
        values[row, [position[name] for name in cell or ()]] = True
    return Target("sets", tuple(names), values, np.array([cell is not None for cell in sets], bool))


def _names(cell: Any) -> list[str]:
    return [name if isinstance(name, str) else json.dumps(name, default=str) for name in cell]


def _detected_sets(column: pd.Series) -> list[list[str] | None]:
    detected = label_sets(column)
    if detected is None:
        remedy = "State the separator of the labels, or use the column as classes."
        raise InputError("No separator of several labels was detected in the column.", remedy)
    cells: list[list[str] | None] = [[] if filled else None for filled in column.notna()]
    for row, code in zip(detected.rows.tolist(), detected.codes.tolist(), strict=True):
        cells[row] = [*(cells[row] or []), detected.names[code]]
    return cells
