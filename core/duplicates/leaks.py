"""Near-duplicates that stand on both sides of a split: rows of one group under different values of a column."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

LIKELY = ("split", "set", "fold", "part", "partition", "subset")
FEWEST, MOST = 2, 50  # values of a column that may be a split
MOST_PAIRS = 200  # pairs of values told


@dataclass(frozen=True, eq=False)
class Leaks:
    """pairs: columns first, second, groups, rows: for each two values, the groups that hold both, and their rows of
    either; most rows first, at most 200. rows: (m,) int64, all rows of groups that span values, by group then row.
    groups: how many groups span values. missing: rows in groups whose value is missing, which count for none.
    """

    pairs: pd.DataFrame
    rows: np.ndarray
    groups: int
    missing: int


def find_leaks(groups: np.ndarray, values: pd.Series) -> Leaks:
    """Groups (n,), -1 outside of all, that hold several values (n,) of a column."""
    known = values.notna().to_numpy()
    inside = np.flatnonzero((groups >= 0) & known)
    held = pd.DataFrame({"row": inside, "group": groups[inside], "value": values.astype(str).to_numpy()[inside]})
    spanning = held[held.groupby("group")["value"].transform("nunique") > 1]
    counted = spanning.groupby(["group", "value"]).size().unstack(fill_value=0)
    found = [
        (first, second, int(both.sum()), int((counted[first] + counted[second])[both].sum()))
        for first, second in combinations(counted.columns, 2)
        if (both := (counted[first] > 0) & (counted[second] > 0)).any()
    ]
    pairs = pd.DataFrame(found, columns=["first", "second", "groups", "rows"])
    pairs = pairs.sort_values(["rows", "groups"], ascending=False, kind="stable").head(MOST_PAIRS)
    rows = spanning.sort_values(["group", "row"])["row"].to_numpy(dtype=np.int64)
    missing = int(np.count_nonzero((groups >= 0) & ~known))
    return Leaks(pairs.reset_index(drop=True), rows, int(spanning["group"].nunique()), missing)


def split_columns(table: pd.DataFrame) -> list[str]:
    """Columns with 2 to 50 different values, those named like a split first, then by fewest values."""
    found = []
    for column in table.columns:
        try:
            values = table[column].nunique()
        except TypeError:  # cells such as lists can't be compared
            continue
        if FEWEST <= values <= MOST and str(column) not in ("source_row", "passage"):
            found.append((str(column).strip().lower() not in LIKELY, int(values), str(column)))
    return [name for _, _, name in sorted(found, key=lambda each: each[:2])]
