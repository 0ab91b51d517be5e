"""Groups of rows counted over time, with their shares, and two spans of time compared."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from core.corpus.label_sets import join_names, label_sets
from core.stats.proportions import newcombe, wilson

OTHERS = "others"
MIN_RELIABLE_ROWS = 20  # a period with fewer rows is marked: its shares are unreliable


@dataclass(frozen=True, eq=False)
class Groups:
    """Which rows are in which groups. rows, codes: (p,) int64, ascending rows, one pair for each membership; rows in no
    group (noise, missing) have none. names: by code, largest first. total: n rows. several: whether a row may be in
    several groups."""

    rows: np.ndarray
    codes: np.ndarray
    names: tuple[str, ...]
    total: int
    several: bool = False

    def members(self, code: int) -> np.ndarray:
        """Ascending row ids of a group."""
        return self.rows[self.codes == code]

    def among(self, mask: np.ndarray) -> "Groups":
        """The same groups of the rows of a mask (n,)."""
        inside = mask[self.rows]
        return replace(self, rows=self.rows[inside], codes=self.codes[inside])

    def row_names(self) -> pd.Series:
        """(n,) the groups of each row, several divided by "; ", "" for none."""
        return join_names(self.rows, self.codes, self.names, self.total).fillna("")

    def any_of(self, codes: np.ndarray | slice = slice(None)) -> np.ndarray:
        """Bool (n,): the rows in any of the groups, by a mask of codes; by default of all."""
        selected = np.zeros(len(self.names), dtype=bool)
        selected[codes] = True
        mask = np.zeros(self.total, dtype=bool)
        mask[self.rows[selected[self.codes]]] = True
        return mask


@dataclass(frozen=True, eq=False)
class Series:
    """Groups counted by period. counts: (g, t) int64. totals: (t,) all rows of each period, in a group or not.

    share, low, high: (g, t) float64 with Wilson's 95% interval, NaN where a period is empty.
    """

    names: tuple[str, ...]
    counts: np.ndarray
    totals: np.ndarray
    share: np.ndarray
    low: np.ndarray
    high: np.ndarray


def group_values(column: pd.Series) -> Groups:
    """Groups by a column's values, most frequent first (ties by name); missing and blank cells are in none, rows with
    several values in the group of each."""
    if sets := label_sets(column):
        return Groups(sets.rows, sets.codes, sets.names, sets.total, several=True)
    texts = column.astype("str").str.strip()
    missing = (column.isna() | (texts == "")).to_numpy()
    codes, values = pd.factorize(texts.to_numpy(dtype=object), sort=True)
    return order_groups(np.where(missing, -1, codes), [str(value) for value in values])


def order_groups(codes: np.ndarray, names: Sequence[str]) -> Groups:
    """Groups by codes (n,), -1 for none, numbered by falling size, ties in the order given; without empty ones."""
    sizes = np.bincount(codes[codes >= 0], minlength=len(names))
    order = np.argsort(-sizes, kind="stable")
    order = order[sizes[order] > 0]
    new_code = np.full(len(names), -1, dtype=np.int64)
    new_code[order] = np.arange(len(order))
    rows = np.flatnonzero(codes >= 0)
    return Groups(rows, new_code[codes[rows]], tuple(names[i] for i in order), len(codes))


def count_groups(groups: Groups, index: np.ndarray, periods: int, limit: int | None = None) -> np.ndarray:
    """(g, periods) int64: rows of each group, or of the largest `limit`, in each period; rows without a period (-1)
    are left out. index: (n,) periods of the rows."""
    count, period = min(len(groups.names), len(groups.names) if limit is None else limit), index[groups.rows]
    inside = (groups.codes < count) & (period >= 0)
    flat = groups.codes[inside].astype(np.int64) * periods + period[inside]
    return np.bincount(flat, minlength=count * periods).reshape(count, periods)


def group_series(groups: Groups, index: np.ndarray, periods: int, max_groups: int | None = None) -> Series:
    """Counts and shares of the largest `max_groups` groups, the rest together as "others" where there is one, which
    counts each row once."""
    counts = count_groups(groups, index, periods, max_groups)
    totals = np.bincount(index[index >= 0], minlength=periods)
    names = groups.names
    if max_groups is not None and len(names) > max_groups:
        rest = groups.any_of(slice(max_groups, None)) & (index >= 0)
        counts = np.vstack([counts, np.bincount(index[rest], minlength=periods)])
        names = (*names[:max_groups], f"{OTHERS} ({len(groups.names) - max_groups:,} groups)")
    return Series(names, counts, totals, *wilson(counts, np.broadcast_to(totals, counts.shape)))


def compare_spans(groups: Groups, index: np.ndarray, first: tuple[int, int], second: tuple[int, int]) -> pd.DataFrame:
    """Each group's share in two spans of periods (first and last included).

    Columns: group, code, a, b (rows), share_a, share_b, change (b minus a), low, high (Newcombe's 95% interval of the
    change), kind ("grew" or "shrank" where the interval leaves out 0, "new" or "gone" where it also has no row in one
    of the two, else "unclear"). Significant changes first, the one farthest from 0 at its nearer bound leading.
    """
    inside = [(index >= span[0]) & (index <= span[1]) for span in (first, second)]
    a, b = (np.bincount(groups.codes[mask[groups.rows]], minlength=len(groups.names)) for mask in inside)
    totals = [int(mask.sum()) for mask in inside]
    change, low, high = newcombe(a, np.full(len(a), totals[0]), b, np.full(len(b), totals[1]))
    grew, shrank = low > 0, high < 0
    kind = np.select([grew & (a == 0), shrank & (b == 0), grew, shrank], ["new", "gone", "grew", "shrank"], "unclear")
    table = pd.DataFrame(
        {"group": groups.names, "code": np.arange(len(a)), "a": a, "b": b, "change": change, "low": low, "high": high}
    )
    table["share_a"], table["share_b"] = a / max(totals[0], 1), b / max(totals[1], 1)
    table["kind"] = kind
    rank = np.where(grew, 1 + low, np.where(shrank, 1 - high, np.abs(change)))
    return table.iloc[np.argsort(-np.nan_to_num(rank, nan=-9.0), kind="stable")].reset_index(drop=True)


def largest_deviation(values: np.ndarray, low: np.ndarray, high: np.ndarray) -> tuple[int, int, float] | None:
    """Where the series values (g, t) are farthest from their own median: the group, the period, and that median.

    Measured from the nearer end of the interval low to high (NaN: skipped), so that uncertain periods seldom lead;
    None where every interval holds its group's median. Exploratory, not a test: the largest of many is selected.
    """
    usual = np.array([[np.median(row[np.isfinite(row)])] if np.isfinite(row).any() else [np.nan] for row in values])
    away = np.nan_to_num(np.maximum(low - usual, usual - high), nan=-1.0) if len(values) else np.zeros((0, 0))
    if not away.size or away.max() <= 0:
        return None
    group, period = np.unravel_index(int(away.argmax()), away.shape)
    return int(group), int(period), float(usual[group, 0])
