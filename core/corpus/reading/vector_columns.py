"""Vectors in a column of a table: lists of numbers, or their text as written by JSON, numpy, torch or pgvector."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from core.corpus.reading.cells import is_missing
from core.corpus.reading.values import ParsedFile, VectorRows
from core.corpus.reading.vectors import VECTOR_NAMES, check_lengths, unit_matrix
from core.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa

_MIN_DIMENSIONS = 3  # two numbers are more likely a place or a range
_MIN_UNBRACKETED = 8  # numbers of a cell without brackets
_SAMPLE = 100  # cells of a column that are inspected
_MIN_SHARE = 0.8  # of the sample that must be vectors
_MAX_LISTED = 10
_MARGIN = 1_000  # characters of a cell that are inspected
_OPENING = re.compile(
    r"^(?:(?:np|numpy|torch|jnp|tf)\.)?(?:array|tensor|Array|vector)?\s*\(?\s*[\[({]+\s*(?=[-+.\dnNi])"
)
_CLOSING = re.compile(r"[\])}]")
_NUMBERS = re.compile(r"[-+.\deEnaNifIty,;|\s]+")
_ELLIPSIS = re.compile(r"\d\.?,?\s*(?:\.\.\.|…),?\s*[-+]?\.?\d")
_SEPARATOR = re.compile(r"[,;|\s]+")
_SCALAR = re.compile(r"(?:np|numpy)\.float\d+\(([^()]*)\)")  # numpy 2 writes each number of a list so
WAY_ON = "Under import options, leave these rows out or import the texts without vectors."


def split_vectors(part: ParsedFile, vector_rows: VectorRows = "all") -> ParsedFile:
    """A table without its columns of vectors, with the vectors of the likeliest; as it is where there are none.

    Raises InputError naming rows without a vector (unless `vector_rows` says what to do), and for other lengths."""
    table = part.table
    if table is None or part.vectors is not None:
        return part
    part = _without_shortened(part)
    table = part.table if part.table is not None else table
    positions = [i for i in range(table.shape[1]) if _is_vector_column(str(table.columns[i]), table.iloc[:, i])]
    if not positions:
        return part
    names = [str(name) for name in table.columns]
    best = min(positions, key=lambda i: (not VECTOR_NAMES.search(names[i]), i))
    notes = [f'Column "{names[i]}" also holds vectors and was left out.' for i in positions if i != best]
    rows = [_numbers(cell) for cell in table.iloc[:, best].tolist()]
    rest = table.iloc[:, [i for i in range(table.shape[1]) if i not in positions]]
    part = replace(part, table=rest if rest.shape[1] else pd.DataFrame({"id": range(1, len(table) + 1)}))
    return with_vectors(part, names[best], rows, vector_rows, notes)


def with_vectors(
    part: ParsedFile, column: str, rows: Sequence[Any] | np.ndarray, vector_rows: VectorRows, notes: Sequence[str] = ()
) -> ParsedFile:
    """The part with the vectors of a column; rows: one list of numbers a row, None where there is none."""
    name, table = part.source.name, part.table
    where, label = f'"{name}", column "{column}"', f'column "{column}" of {name}'
    assert table is not None  # noqa: S101 - the column was part of it
    if vector_rows == "none":
        left_out = f'The vectors in the column "{column}" were left out, as chosen.'
        return replace(part, source=replace(part.source, notes=(*part.source.notes, *notes, left_out)))
    with np.errstate(over="ignore"):
        matrix, filled = _matrix(where, rows)
    missing = np.flatnonzero(~filled)
    if len(missing) and vector_rows == "all":
        raise InputError(f"{where}: {_missing_rows(missing, len(rows))}.", WAY_ON)
    if len(missing):
        notes = [*notes, f'Column "{column}": {_missing_rows(missing, len(rows))}; left out, as chosen.']
        table, matrix = table[filled].reset_index(drop=True), matrix[filled]
    source = replace(part.source, rows=len(table), notes=(*part.source.notes, *notes))
    return replace(part, source=source, table=table, vectors=unit_matrix(matrix, where), vectors_name=label)


def _matrix(where: str, rows: Sequence[Any] | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(n, d) float32 with zeros where there is no vector, and the (n,) mask of the rows with one."""
    if isinstance(rows, np.ndarray):
        matrix = np.asarray(rows, dtype=np.float32)
        return matrix, np.asarray(np.isfinite(matrix).all(axis=1) & matrix.any(axis=1))
    filled = np.array([row is not None and len(row) > 0 for row in rows], dtype=bool)
    if not filled.any():
        raise InputError(f"{where} holds no vectors.", WAY_ON)
    present = np.flatnonzero(filled).tolist()
    check_lengths(where, np.array([len(rows[row]) for row in present], dtype=float), np.array(present) + 1)
    matrix = np.zeros((len(rows), len(rows[present[0]])), dtype=np.float32)
    try:
        matrix[filled] = np.array([rows[row] for row in present], dtype=np.float32)
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(f"{where} holds lists with something other than numbers.", WAY_ON) from error
    usable = np.isfinite(matrix).all(axis=1) & matrix.any(axis=1)
    return matrix, filled & usable


def _missing_rows(missing: np.ndarray, total: int) -> str:
    listed = ", ".join(f"{row + 1:,}" for row in missing[:_MAX_LISTED]) + (", …" if len(missing) > _MAX_LISTED else "")
    rows, have = ("row", "has") if len(missing) == 1 else ("rows", "have")
    return f"{rows} {listed} {have} no vector ({len(missing):,} of {total:,}: empty, NaN or only zeros)"


def _without_shortened(part: ParsedFile) -> ParsedFile:
    """Without the columns whose vectors were printed with "..." in place of most numbers, and notes on them."""
    table = part.table
    assert table is not None  # noqa: S101 - checked by the caller
    shortened = [i for i in range(table.shape[1]) if _is_shortened(table.iloc[:, i])]
    if not shortened:
        return part
    notes = [
        f'The vectors in the column "{table.columns[i]}" were shortened to "..." when the file was written, so their '
        "numbers are lost; the column was left out. Save them as .npy or Parquet, or with tolist()."
        for i in shortened
    ]
    rest = table.iloc[:, [i for i in range(table.shape[1]) if i not in shortened]]
    return replace(part, table=rest, source=replace(part.source, notes=(*part.source.notes, *notes)))


def _sample(column: pd.Series) -> list[Any]:
    return [cell for cell in column.iloc[: 10 * _SAMPLE].tolist() if not _is_blank(cell)][:_SAMPLE]


def _is_blank(cell: Any) -> bool:
    return is_missing(cell) or (isinstance(cell, str) and cell.strip().lower() in {"", "nan", "none", "null", "[]"})


def _is_shortened(column: pd.Series) -> bool:
    cells = _sample(column)
    cut = [cell for cell in cells if isinstance(cell, str) and _OPENING.match(cell.strip()) and _ELLIPSIS.search(cell)]
    plain = [_ELLIPSIS.sub("0 0", _inner(cell.strip())) for cell in cut]
    return bool(cut) and len(cut) >= len(cells) / 2 and all(_NUMBERS.fullmatch(cell) for cell in plain)


def _is_vector_column(name: str, column: pd.Series) -> bool:
    if column.dtype.kind not in "OT" and not isinstance(column.dtype, pd.StringDtype):
        return False
    cells = _sample(column)
    texts = [cell for cell in cells if isinstance(cell, str)]
    if texts and (len(texts) < len(cells) or sum(map(_looks_like_numbers, texts)) < _MIN_SHARE * len(texts)):
        return False
    vectors = [row for cell in cells if (row := _numbers(cell)) is not None]
    if not vectors or len(vectors) < _MIN_SHARE * len(cells):
        return False
    decimal = any(isinstance(number, float) for row in vectors for number in row)
    same_length = {len(row) for row in vectors} == {len(vectors[0])}
    return bool(VECTOR_NAMES.search(name)) or (decimal and same_length and len(vectors[0]) >= _MIN_DIMENSIONS)


def _looks_like_numbers(text: str) -> bool:
    head = _SCALAR.sub(r"\1", text[:_MARGIN].strip())
    return bool(_OPENING.match(head)) or (_NUMBERS.fullmatch(head) is not None and _SEPARATOR.search(head) is not None)


def _numbers(cell: Any) -> list[Any] | np.ndarray | None:
    """The numbers of a list, array or text; None where a cell is anything else. NaN stays in."""
    if isinstance(cell, str):
        return _parse_numbers(cell.strip())
    if isinstance(cell, np.ndarray):
        return cell if cell.ndim == 1 and cell.dtype.kind in "fiu" else None
    is_list = isinstance(cell, list | tuple) and len(cell) > 0 and {*map(type, cell)} <= {int, float}
    return list(cell) if is_list else None


def _inner(text: str) -> str:
    """What is within the brackets, without what follows them, such as a dtype."""
    opening = _OPENING.match(text)
    return _CLOSING.split(text[opening.end() :], maxsplit=1)[0] if opening else text


def _parse_numbers(text: str) -> list[Any] | None:
    if text.startswith("["):
        try:
            row = json.loads(text)
            return row if isinstance(row, list) and row and {*map(type, row)} <= {int, float} else None
        except (ValueError, RecursionError):
            pass
    text = _SCALAR.sub(r"\1", text) if "float" in text else text
    bracketed = bool(_OPENING.match(text))
    cells = [cell for cell in _SEPARATOR.split(_inner(text)) if cell]
    if len(cells) < (1 if bracketed else _MIN_UNBRACKETED):
        return None
    try:
        return [float(cell) for cell in cells]
    except ValueError:
        return None


def parquet_vectors(part: ParsedFile, arrow: "pa.Table", vector_rows: VectorRows) -> tuple[ParsedFile, "pa.Table"]:
    """The part with the vectors of the likeliest list column, and the Arrow table without such columns.
    Complete lists are read without a Python object per number. Raises InputError as split_vectors."""
    names, positions = arrow.schema.names, [i for i, field in enumerate(arrow.schema) if _is_vector_field(field)]
    if not positions:
        return part, arrow
    best = min(positions, key=lambda i: (not VECTOR_NAMES.search(names[i]), i))
    notes = [f'Column "{names[i]}" also holds vectors and was left out.' for i in positions if i != best]
    rest = arrow.select([i for i in range(arrow.num_columns) if i not in positions])
    part = replace(part, table=pd.DataFrame({"row": np.arange(arrow.num_rows)}))
    part = with_vectors(part, names[best], _arrow_rows(arrow.column(best)), vector_rows, notes)
    assert part.table is not None  # noqa: S101 - as above
    return part, rest.take(part.table["row"].to_numpy()) if len(part.table) < rest.num_rows else rest


def _is_vector_field(field: "pa.Field") -> bool:
    import pyarrow as pa

    kind = field.type
    if not (pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)):
        return False
    hinted = bool(VECTOR_NAMES.search(field.name))
    return pa.types.is_floating(kind.value_type) or (hinted and pa.types.is_integer(kind.value_type))


def _arrow_rows(chunks: "pa.ChunkedArray") -> np.ndarray | list[np.ndarray | None]:
    """(n, d), a view where all lists have one length; else an array a row, None where it is missing."""
    import pyarrow.compute as pc

    lengths = pc.list_value_length(chunks).to_pandas().to_numpy(dtype=float)
    parts = [chunk.flatten().to_numpy(zero_copy_only=False) for chunk in chunks.chunks]
    flat = parts[0] if len(parts) == 1 else np.concatenate(parts)
    if len(lengths) and (lengths == lengths[0]).all() and lengths[0] > 0:
        return flat.reshape(len(lengths), int(lengths[0]))
    ends = np.cumsum(np.nan_to_num(lengths)).astype(int)
    starts = ends - np.nan_to_num(lengths).astype(int)
    return [flat[a:b] if b > a else None for a, b in zip(starts.tolist(), ends.tolist(), strict=True)]
