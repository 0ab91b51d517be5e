"""Row ids as a person passes them, and rows that have the same vector."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from core.errors import InputError


def row_ids(rows: Sequence[int] | np.ndarray | None, total: int) -> np.ndarray:
    """(m,) int64 row ids, all of `total` for None; or a mask (total,). Raises InputError for ids that do not exist."""
    if rows is None:
        return np.arange(total)
    ids = np.asarray(rows)
    if ids.dtype == bool:
        ids = np.flatnonzero(ids) if len(ids) == total else np.array([total])
    ids = ids.astype(np.int64)
    if ids.ndim != 1 or (len(ids) and not 0 <= ids.min() <= ids.max() < total):
        raise InputError(f"Some of the rows are outside of the {total:,} rows there are.", "Select rows again.")
    return ids


def text_codes(rows: np.ndarray) -> np.ndarray:
    """(m,) codes of identical texts, by their vectors (m, d): a text is embedded once, so copies have the same one."""
    return np.asarray(pd.factorize(np.array([row.tobytes() for row in rows], dtype=object))[0])
