"""What is distinctive of a selection: terms and column values over-represented compared with the other rows.

Log-odds ratios with half a count added to each cell (Haldane, 1956; Anscombe, 1956), the standard error of the
logarithm (Woolf, 1955), and simultaneous lower bounds (Bonferroni): the listed items are significant after correction
for all tests.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from core.corpus.filters import MAX_DISCRETE_NUMBERS, column_kind, factorize_texts, naive_times
from core.corpus.label_sets import LabelSets, label_sets
from core.stats.interval import ALPHA
from core.stats.multiple_testing import bonferroni_z
from core.stats.odds import log_odds_ratio

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

MAX_VALUES = 1_000  # distinct values of one column that are tested
MIN_ROWS = 3  # rows that must hold a term or value for it to be tested


@dataclass(frozen=True)
class DistinctiveItem:
    """A word, phrase or column value that is more frequent in a selection than in the rest.

    name: the column, or "" for words. value: the word or the value. inside, outside: rows with it, of
    inside_total and outside_total. log_odds: natural logarithm of the odds ratio, above 0. lower: its
    simultaneous lower bound, above 0; higher is more distinctive.
    """

    name: str
    value: str
    inside: int
    inside_total: int
    outside: int
    outside_total: int
    log_odds: float
    lower: float


@dataclass(frozen=True)
class MeanShift:
    """A number (or time) column whose values differ in a selection.

    inside_mean, outside_mean: in the column's unit, seconds since 1970 for times. effect: standardized mean
    difference, above 0 where the selection is higher (Hedges and Olkin, 1985). lower: simultaneous bound of its size.
    """

    name: str
    kind: Literal["number", "time"]
    inside_mean: float
    outside_mean: float
    inside_count: int
    outside_count: int
    effect: float
    lower: float


@dataclass(frozen=True)
class DistinctiveItems:
    """Entries by descending bound. tests: their number, corrected for. note: for the caption."""

    entries: tuple[DistinctiveItem, ...]
    shifts: tuple[MeanShift, ...]
    tests: int
    note: str


def distinctive_terms(
    matrix: "csr_matrix", vocabulary: Sequence[str], mask: np.ndarray, limit: int = 50, alpha: float = ALPHA,
    is_listed: Callable[[str], bool] = bool,
) -> DistinctiveItems:  # fmt: skip
    """Words over-represented in the rows of a bool mask (n,). matrix, vocabulary: of document_terms. is_listed: which
    may be listed; all are tested and corrected for."""
    inside_total = int(np.count_nonzero(mask))
    empty = _explain_empty(inside_total, len(mask))
    if empty or not len(vocabulary):
        return DistinctiveItems((), (), 0, empty or "No term occurs in enough rows to be tested.")
    inside = np.asarray(mask, dtype=np.int64) @ matrix
    outside = np.bincount(matrix.indices, minlength=len(vocabulary)) - inside
    totals = inside_total, len(mask) - inside_total
    items = _test_items("", vocabulary, inside, outside, totals, bonferroni_z(len(vocabulary), alpha))
    listed = tuple(item for item in items if is_listed(item.value))[:limit]
    return DistinctiveItems(listed, (), len(vocabulary), _note(len(vocabulary), "words and pairs of words", alpha))


def _test_items(
    name: str, values: Sequence[str] | np.ndarray, inside: np.ndarray, outside: np.ndarray, totals: tuple[int, int],
    z: float,
) -> list[DistinctiveItem]:  # fmt: skip
    """The items with a lower bound above 0, by descending bound."""
    log_odds, errors = log_odds_ratio(inside, totals[0] - inside, outside, totals[1] - outside)
    lower = log_odds - z * errors
    best = np.flatnonzero(lower > 0)
    items = []
    for i in best[np.argsort(-lower[best], kind="stable")]:
        counts = int(inside[i]), totals[0], int(outside[i]), totals[1]
        items.append(DistinctiveItem(name, str(values[i]), *counts, float(log_odds[i]), float(lower[i])))
    return items


def _explain_empty(inside: int, total: int) -> str:
    if inside == 0:
        return "No row is selected."
    return "All rows are selected: there is no rest to compare with." if inside == total else ""


def _note(tests: int, what: str, alpha: float) -> str:
    return f"{tests:,} {what} tested; {1 - alpha:.0%} simultaneous lower bounds (Bonferroni)."


def distinctive_values(
    table: pd.DataFrame, mask: np.ndarray, columns: Sequence[str] | None = None, limit: int = 50, alpha: float = ALPHA
) -> DistinctiveItems:
    """Column values over-represented in the rows of a bool mask (n,), and number columns that differ there.

    Values are compared among the rows where the column is not missing; a value must occur in 3 rows. Numbers with
    up to 20 distinct values count as values, too. Columns with over 1,000 distinct values are not tested as values.
    """
    empty = _explain_empty(int(np.count_nonzero(mask)), len(mask))
    if empty:
        return DistinctiveItems((), (), 0, empty)
    names = [name for name in (table.columns if columns is None else columns) if name in table.columns]
    counted = [(str(name), *counts) for name in names if (counts := _value_counts(table[name], mask))]
    numbers = [shift for name in names if (shift := _shift(str(name), table[name], mask))]
    tests = sum(len(texts) for _, texts, _, _, _ in counted) + len(numbers)
    z = bonferroni_z(tests, alpha)
    entries = [entry for column in counted for entry in _test_items(*column, z)]
    entries.sort(key=lambda entry: -entry.lower)
    shifts = [shift for number in numbers if (shift := _with_bound(number, z)).lower > 0]
    shifts.sort(key=lambda shift: -shift.lower)
    return DistinctiveItems(tuple(entries[:limit]), tuple(shifts), tests, _note(tests, "values and columns", alpha))


def _value_counts(
    series: pd.Series, mask: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, tuple[int, int]] | None:
    """Values in at least 3 rows, the rows with each inside and outside, and all rows with a value on either side. None
    for times and for columns with too many distinct values: free text, ids and measurements."""
    if sets := label_sets(series):
        return _label_counts(sets, mask)
    kind = column_kind(series)
    codes, texts = factorize_texts(series)
    if kind == "time" or len(texts) > (MAX_DISCRETE_NUMBERS if kind == "number" else MAX_VALUES):
        return None
    present = codes >= 0
    inside = np.bincount(codes[present & mask], minlength=len(texts))
    outside = np.bincount(codes[present & ~mask], minlength=len(texts))
    tested = inside + outside >= MIN_ROWS
    return texts[tested], inside[tested], outside[tested], (int(inside.sum()), int(outside.sum()))


def _label_counts(
    sets: LabelSets, mask: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, tuple[int, int]] | None:
    """_value_counts of labels of which a row may have several."""
    if len(sets.names) > MAX_VALUES:
        return None
    inside = np.bincount(sets.codes[mask[sets.rows]], minlength=len(sets.names))
    outside, tested, labeled = sets.counts - inside, sets.counts >= MIN_ROWS, sets.sizes() > 0
    totals = (int((labeled & mask).sum()), int((labeled & ~mask).sum()))
    return np.array(sets.names, dtype=object)[tested], inside[tested], outside[tested], totals


def _shift(name: str, series: pd.Series, mask: np.ndarray) -> MeanShift | None:
    """The standardized mean difference of a number or time column, without its bound; None where there is none."""
    kind = column_kind(series)
    if kind != "number" and kind != "time":
        return None
    values = _seconds(series) if kind == "time" else series.to_numpy(dtype=np.float64, na_value=np.nan)
    inside, outside = (part[np.isfinite(part)] for part in (values[mask], values[~mask]))
    first, second = len(inside), len(outside)
    if min(first, second) < 2:
        return None
    spread = np.sqrt(((first - 1) * inside.var(ddof=1) + (second - 1) * outside.var(ddof=1)) / (first + second - 2))
    if not spread > 0:
        return None
    small_sample = 1 - 3 / (4 * (first + second) - 9)  # Hedges' correction
    means = float(inside.mean()), float(outside.mean())
    effect = float(small_sample * (means[0] - means[1]) / spread)
    return MeanShift(name, kind, *means, first, second, effect, float("nan"))


def _seconds(series: pd.Series) -> np.ndarray:
    stamps = naive_times(series)
    nanoseconds = stamps.to_numpy(dtype="datetime64[ns]").astype(np.int64).astype(np.float64)
    return np.where(stamps.isna(), np.nan, nanoseconds / 1e9)


def _with_bound(shift: MeanShift, z: float) -> MeanShift:
    first, second = shift.inside_count, shift.outside_count
    error = np.sqrt((first + second) / (first * second) + shift.effect**2 / (2 * (first + second)))
    return replace(shift, lower=float(max(0.0, abs(shift.effect) - z * error)))
