"""Vectors that come as a column of lists: Parquet and JSON Lines."""

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from core.corpus.reading.cells import is_missing
from core.corpus.reading.matrices import unit_matrix
from core.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa

_HINT = re.compile(r"vec|emb|feature|tensor", re.IGNORECASE)
_MIN_DIMENSIONS = 3  # two numbers are more likely a place or a range
_SAMPLE = 100


def parquet_vectors(name: str, arrow: "pa.Table") -> tuple["pa.Table", np.ndarray | None, str, list[str]]:
    """The table without its columns of number lists, the vectors of the likeliest, its name, and notes.

    A fixed-size list is read without copying before scaling. Raises InputError for missing or ragged lists.
    """
    found = [i for i, field in enumerate(arrow.schema) if _is_vector_field(field)]
    if not found:
        return arrow, None, "", []
    best = min(found, key=lambda i: (not _HINT.search(arrow.schema.names[i]), i))
    column = arrow.schema.names[best]
    vectors = unit_matrix(_arrow_matrix(name, column, arrow.column(best)), f'"{name}", column "{column}"')
    notes = [f'Column "{arrow.schema.names[i]}" also holds vectors and was left out.' for i in found if i != best]
    keep = [i for i in range(arrow.num_columns) if i not in found]
    return arrow.select(keep), vectors, f'column "{column}" of {name}', notes


def _is_vector_field(field: "pa.Field") -> bool:
    import pyarrow as pa

    kind = field.type
    if not (pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)):
        return False
    hinted = bool(_HINT.search(field.name))
    return pa.types.is_floating(kind.value_type) or (hinted and pa.types.is_integer(kind.value_type))


def _arrow_matrix(name: str, column: str, chunks: "pa.ChunkedArray") -> np.ndarray:
    import pyarrow.compute as pc

    lengths = pc.list_value_length(chunks).to_pandas().to_numpy(dtype=float)
    _check_lengths(f'"{name}", column "{column}"', lengths)
    rows = [chunk.flatten().to_numpy(zero_copy_only=False) for chunk in chunks.chunks]
    flat = rows[0] if len(rows) == 1 else np.concatenate(rows)
    return flat.reshape(len(lengths), int(lengths[0]))


def _check_lengths(where: str, lengths: np.ndarray) -> None:
    missing = np.flatnonzero(np.isnan(lengths))
    if len(missing):
        raise InputError(
            f"{where}: row {missing[0] + 1:,} has no vector ({len(missing):,} such rows of {len(lengths):,}).",
            "Remove these rows, or give each a vector.",
        )
    other = np.flatnonzero(lengths != lengths[0])
    if len(other):
        raise InputError(
            f"{where}: vectors differ in length; row 1 has {int(lengths[0])} dimensions, "
            f"row {other[0] + 1:,} has {int(lengths[other[0]])}.",
            "All vectors must come from one model.",
        )


def json_vectors(name: str, table: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray | None, str]:
    """As parquet_vectors, for columns of Python lists."""
    found = [i for i in range(table.shape[1]) if _is_vector_column(str(table.columns[i]), table.iloc[:, i])]
    if not found:
        return table, None, ""
    best = min(found, key=lambda i: (not _HINT.search(str(table.columns[i])), i))
    column = str(table.columns[best])
    where = f'"{name}", column "{column}"'
    rows = table.iloc[:, best].tolist()
    _check_lengths(where, np.array([len(row) if isinstance(row, list) else np.nan for row in rows], dtype=float))
    try:
        matrix = np.array(rows, dtype=np.float32)
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(f"{where} holds lists with something other than numbers.", "Remove them.") from error
    rest = table.iloc[:, [i for i in range(table.shape[1]) if i != best]]
    rest = rest if rest.shape[1] else pd.DataFrame({"id": range(1, len(table) + 1)})
    return rest, unit_matrix(matrix, where), f'column "{column}" of {name}'


def _is_vector_column(name: str, column: pd.Series) -> bool:
    cells = [cell for cell in column.iloc[:_SAMPLE].tolist() if not is_missing(cell)]
    if not cells or not all(isinstance(cell, list) and cell and _numbers(cell) for cell in cells):
        return False
    decimal = any(isinstance(number, float) for cell in cells for number in cell)
    return bool(_HINT.search(name)) or (
        decimal and len({len(c) for c in cells}) == 1 and len(cells[0]) >= _MIN_DIMENSIONS
    )


def _numbers(cell: list[Any]) -> bool:
    return all(isinstance(number, int | float) and not isinstance(number, bool) for number in cell)
