"""Training, validation and test rows: at random, by a column, or by time. Copies of a text are always on one side."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from core.classify.labels import Target, TargetKind, read_target, require_classes
from core.corpus.label_columns import split_names
from core.corpus.texts import distinct_texts
from core.errors import InputError
from core.types import Corpus
from core.vectors.rows import row_ids

VALIDATION, TEST = 0.1, 0.2
NUMBER_STRATA = 10  # quantiles of a number that is predicted
NEITHER, TRAIN, VALIDATE, HOLD_OUT = -1, 0, 1, 2
UNLABELED = r"(?<![a-z])(?:unlabeled|unsupervised)(?![a-z])"


@dataclass(frozen=True, eq=False)
class Split:
    """train, validation, test: int64 row ids, ascending; rows without a label are on no side. method: a sentence.
    notes: sentences on rows that are on no side, or on classes that a side lacks."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray
    method: str
    notes: tuple[str, ...] = ()


def split(
    corpus: Corpus, column: str, seed: int = 0, *, validation: float = VALIDATION, test: float = TEST,
    by_column: str | None = None, by_time: str | None = None, test_rows: np.ndarray | None = None,
    kind: TargetKind | None = None, separator: str | None = None,
) -> Split:  # fmt: skip
    """Divide the labeled rows of a corpus, with seed, or by the values or the order of another column.

    At random: stratified by label, each distinct text counting once by its first row. validation, test: shares of the
    texts. by_column: its values name the side ("train", "validation" or "dev", "test", or file names with these words);
    where none is for validation, a share of the training texts is. by_time: the latest rows are the test, those before
    them the validation. test_rows: ids of the test rows, such as an audit sample; a share of the others is for
    validation, at random. kind, separator: as in `labels.read_target`. Raises InputError where a column is unknown, a
    side would be empty, or the labels can't be learned.
    """
    for name in filter(None, (column, by_column, by_time)):
        if name not in corpus.table.columns:
            raise InputError(f'There is no column "{name}".', "Choose another column.")
    if not (0 <= validation < 1 and 0 < test < 1 and validation + test < 1):
        raise InputError("Validation and test take all rows.", "Choose shares that leave rows to train on.")
    target = read_target(corpus.table[column], kind, separator)
    labeled = require_classes(target, np.arange(len(corpus)))
    texts, strata = distinct_texts(corpus.texts)[0], _strata(target)
    if by_column or by_time or test_rows is not None:
        if test_rows is not None:
            side, method = _by_rows(test_rows, len(corpus))
        elif by_column:
            side, method = _by_column(corpus.table[by_column])
        else:
            side, method = _by_time(corpus.table[by_time], labeled, validation, test)
        side[~target.present] = NEITHER
        result = _of_sides(_without_leaks(side, texts), method, _leak_note(side, texts))
        if not by_time and validation and not len(result.validation):
            result = _with_validation(result, texts, strata, validation, seed)
    else:
        parts = _stratified(labeled, texts, strata, (validation, test), seed)
        method = f"Stratified at random (seed {seed}), copies of a text on one side."
        result = _of_sides(parts, method)
    return _checked(result, target, column)


def _strata(target: Target) -> np.ndarray:
    """(n,) int64: the class; of sets the rarest label of the row; of numbers one of ten quantiles."""
    if target.kind == "classes":
        return target.values.astype(np.int64)
    if target.kind == "sets":
        rarity = np.argsort(np.argsort(target.values.sum(axis=0), kind="stable"), kind="stable")
        return np.where(target.values, rarity, len(target.names)).min(axis=1, initial=len(target.names))
    ranks = pd.Series(target.values).rank(pct=True).fillna(0).to_numpy()
    return np.asarray(np.ceil(ranks * NUMBER_STRATA), np.int64)


def _stratified(
    rows: np.ndarray, texts: np.ndarray, strata: np.ndarray, shares: tuple[float, float], seed: int
) -> np.ndarray:
    """(n,) sides. Of a stratum of m texts round(share * m) are for test, then for validation; at least one for test,
    and for validation where two more remain; a single one is for training."""
    _, first, text = np.unique(texts[rows], return_index=True, return_inverse=True)
    order = np.random.default_rng(seed).permutation(len(first))
    order = order[np.argsort(strata[rows[first[order]]], kind="stable")]
    label = strata[rows[first[order]]]
    start, size = np.searchsorted(label, label), np.unique(label, return_inverse=True, return_counts=True)
    count = size[2][size[1]]
    if shares[1] and count.max() < 2:
        raise InputError("No class is on two different texts, so none can be tested.", "Choose a column that repeats.")
    tested = np.where(count > 1, np.maximum(np.rint(shares[1] * count), shares[1] > 0), 0)
    checked = np.where(count > tested + 1, np.maximum(np.rint(shares[0] * count), shares[0] > 0), 0)
    rank = np.arange(len(order)) - start
    of_text = np.empty(len(first), np.int8)
    of_text[order] = np.select([rank < tested, rank < tested + checked], [HOLD_OUT, VALIDATE], TRAIN)
    side = np.full(len(texts), NEITHER, np.int8)
    side[rows] = of_text[text]
    return side


def _by_column(cells: pd.Series) -> tuple[np.ndarray, str]:
    names = cells.astype("str").str.strip().str.lower().where(cells.notna(), "")
    names = names.where(~names.str.contains(UNLABELED, regex=True), "")
    sides = {"train": TRAIN, "other": VALIDATE, "test": HOLD_OUT}
    side = split_names(names).map(sides).fillna(NEITHER).to_numpy(np.int8).copy()
    return side, f'By the column "{cells.name}".'


def _by_rows(rows: np.ndarray, total: int) -> tuple[np.ndarray, str]:
    side = np.full(total, TRAIN, np.int8)
    side[row_ids(rows, total)] = HOLD_OUT
    return side, "The audit sample is the test."


def _by_time(cells: pd.Series, labeled: np.ndarray, validation: float, test: float) -> tuple[np.ndarray, str]:
    """Rows of one time are on one side."""
    if not (pd.api.types.is_datetime64_any_dtype(cells) or pd.api.types.is_numeric_dtype(cells)):
        raise InputError(f'The column "{cells.name}" has no times.', "Choose a time column, or another way to split.")
    timed = labeled[cells.notna().to_numpy()[labeled]]
    ranks = cells.iloc[timed].rank(method="min", pct=True).to_numpy()
    side = np.full(len(cells), NEITHER, np.int8)
    side[timed] = np.select([ranks > 1 - test, ranks > 1 - test - validation], [HOLD_OUT, VALIDATE], TRAIN)
    return side, f'By time ("{cells.name}"): the latest {test:.0%} of rows are the test.'


def _without_leaks(side: np.ndarray, texts: np.ndarray) -> np.ndarray:
    """Of texts on several sides only the rows on the last one stay: the test set is left as it is."""
    last = np.full(int(texts.max(initial=-1)) + 1, NEITHER, np.int8)
    np.maximum.at(last, texts, side)
    return np.where(side == last[texts], side, np.int8(NEITHER))


def _leak_note(side: np.ndarray, texts: np.ndarray) -> tuple[str, ...]:
    removed = int(((side != NEITHER) & (_without_leaks(side, texts) == NEITHER)).sum())
    return (f"{removed:,} rows whose text is also in the test or validation rows are left out.",) if removed else ()


def _of_sides(side: np.ndarray, method: str, notes: tuple[str, ...] = ()) -> Split:
    train, validation, test = (np.flatnonzero(side == number) for number in (TRAIN, VALIDATE, HOLD_OUT))
    return Split(train, validation, test, method, notes)


def _with_validation(result: Split, texts: np.ndarray, strata: np.ndarray, share: float, seed: int) -> Split:
    side = _stratified(result.train, texts, strata, (share, 0.0), seed)
    train, validation = np.flatnonzero(side == TRAIN), np.flatnonzero(side == VALIDATE)
    method = f"{result.method} {share:.0%} of the training texts are for validation (seed {seed})."
    return replace(result, train=train, validation=validation, method=method)


def _checked(result: Split, target: Target, column: str) -> Split:
    for name, rows in (("training", result.train), ("test", result.test)):
        if not len(rows):
            raise InputError(
                f'No labeled row of "{column}" is for {name}.', "Choose another split, or label more rows."
            )
    require_classes(target, result.train)
    notes = list(result.notes)
    if target.kind == "classes":
        trained, tested = (set(target.values[rows].tolist()) for rows in (result.train, result.test))
        for codes, what in (
            (trained - tested, "not in the test rows, so not evaluated"),
            (tested - trained, "in no training row, so never predicted"),
        ):
            names = [f'"{target.names[code]}"' for code in sorted(codes)]
            if names:
                listed = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
                notes.append(f"{len(names):,} {'class is' if len(names) == 1 else 'classes are'} {what}: {listed}.")
    return replace(result, notes=tuple(notes))
