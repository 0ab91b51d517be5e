"""Which row of each group of near-duplicates stays, and so which may be left out."""

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
import pandas as pd

from core.errors import InputError

KeepOne = Literal["first", "longest", "central"]


def rows_to_drop(groups: np.ndarray, texts: Sequence[str], rows: np.ndarray | None, keep: KeepOne) -> np.ndarray:
    """Row ids (int64, rising) of all but one row of each group. groups: (n,), -1 outside of all.

    keep: the first row, the one with the longest text, or the most central one, whose mean cosine to its group is
    highest (rows: (n, d) unit vectors, needed for that alone). Ties go to the earlier row. Raises InputError for
    another choice.
    """
    if keep not in get_args(KeepOne) or (keep == "central" and rows is None):
        raise InputError(f"No row can be kept by {str(keep)[:20]!r} here.", "Choose first, longest or central.")
    inside = np.flatnonzero(groups >= 0)
    worth = _worth(groups[inside], inside, texts, rows, keep)
    order = np.lexsort((inside, -worth, groups[inside]))
    again = pd.Series(groups[inside][order]).duplicated().to_numpy()
    return np.sort(inside[order][again])


def _worth(
    codes: np.ndarray, inside: np.ndarray, texts: Sequence[str], rows: np.ndarray | None, keep: KeepOne
) -> np.ndarray:
    if keep == "longest":
        return np.array([len(texts[row]) for row in inside], dtype=np.float64)
    if keep == "first" or rows is None or not len(inside):
        return np.zeros(len(inside))
    sums = np.zeros((int(codes.max()) + 1, rows.shape[1]))
    np.add.at(sums, codes, rows[inside])
    return np.round(np.einsum("ij,ij->i", rows[inside], sums[codes]) / np.bincount(codes)[codes], 6)
