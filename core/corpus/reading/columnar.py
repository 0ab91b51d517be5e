"""Parquet and XLSX."""

import io
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from core.corpus.reading.values import ParsedFile, Source, Upload
from core.corpus.reading.vectors import VECTOR_NAMES, check_lengths, damaged_file, unit_matrix
from core.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa


def read_parquet(upload: Upload) -> ParsedFile:
    """One Parquet file; a list column of numbers becomes vectors. Raises InputError when cut short or too large."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(io.BytesIO(upload.data))
        arrow = file.read()
    except (pa.ArrowException, OSError, ValueError) as error:
        raise damaged_file(upload.name, "Parquet") from error
    if not arrow.num_rows:
        raise InputError(f'"{upload.name}" has columns but no rows.', "Add rows or use another file.")
    arrow, vectors, vectors_name, notes = parquet_vectors(upload.name, arrow)
    arrow, dropped = _without_binary(arrow)
    source = Source(upload.name, "Parquet", rows=arrow.num_rows, notes=(*notes, *dropped))
    return ParsedFile(source, _to_pandas(arrow), vectors, vectors_name, upload)


def _without_binary(arrow: "pa.Table") -> tuple["pa.Table", list[str]]:
    """Drops columns of bytes that are not text, such as images."""
    import pyarrow as pa

    dropped = []
    for name, kind in [(field.name, field.type) for field in arrow.schema]:
        if not (pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind)):
            continue
        position = arrow.schema.names.index(name)
        try:
            arrow = arrow.set_column(position, name, arrow.column(position).cast(pa.binary()).cast(pa.large_string()))
        except pa.ArrowInvalid:
            arrow = arrow.remove_column(position)
            dropped.append(f'Column "{name}" holds binary data and was left out.')
    return arrow, dropped


def _to_pandas(arrow: "pa.Table") -> pd.DataFrame:
    """pandas columns, one by one, so that names may repeat and integers with gaps keep their digits; else row IDs."""
    import pyarrow as pa

    columns = []
    for column in arrow.columns:
        column = column.cast(pa.float64()) if pa.types.is_decimal(column.type) else column
        exact = pa.types.is_integer(column.type) and column.null_count
        columns.append(pd.Series(column.to_pylist(), dtype=object) if exact else column.to_pandas())
    if not columns:
        return pd.DataFrame({"id": range(1, arrow.num_rows + 1)})
    return pd.concat(columns, axis=1).set_axis(pd.Index(arrow.schema.names, dtype=object), axis=1)


def read_xlsx(upload: Upload) -> ParsedFile:
    """The first sheet with rows; its first row is the header. Formulas give their stored values."""
    sheets = _load_sheets(upload)
    for title, rows in sheets:
        rows = [row for row in rows if any(cell is not None for cell in row)]
        if len(rows) > 1:
            table = _sheet_table(rows)
            others = [f'Sheet "{title}" was read; the workbook has {len(sheets)} sheets.'] if len(sheets) > 1 else []
            return ParsedFile(Source(upload.name, "XLSX", rows=len(table), notes=tuple(others)), table, upload=upload)
    raise InputError(f'"{upload.name}" has no sheet with a header and rows below it.', "Add rows or use another file.")


def _load_sheets(upload: Upload) -> list[tuple[str, list[tuple[Any, ...]]]]:
    """Rows of each sheet up to the first with more than a header; later sheets without rows."""
    from openpyxl import load_workbook

    try:
        book = load_workbook(io.BytesIO(upload.data), read_only=True, data_only=True)
        sheets, complete = [], False
        for sheet in book.worksheets:
            sheet.reset_dimensions()  # a sheet may declare a million empty rows
            rows = [] if complete else list(sheet.iter_rows(values_only=True))
            complete = complete or len(rows) > 1
            sheets.append((sheet.title, rows))
        return sheets
    except Exception as error:  # openpyxl raises whatever its XML and zip readers raise
        raise damaged_file(upload.name, "XLSX") from error


def _sheet_table(rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    width = max(len(row) for row in rows)
    while width > 1 and all(len(row) < width or row[width - 1] is None for row in rows):
        width -= 1
    padded = [tuple(row[:width]) + (None,) * (width - len(row)) for row in rows]
    columns = [pd.Series(list(cells), dtype=object) for cells in zip(*padded[1:], strict=True)]
    names = pd.Index(["" if name is None else name for name in padded[0]], dtype=object)
    return pd.concat(columns, axis=1).set_axis(names, axis=1)


def parquet_vectors(name: str, arrow: "pa.Table") -> tuple["pa.Table", np.ndarray | None, str, list[str]]:
    """The table without its columns of number lists, the vectors of the likeliest, its name, and notes.
    A fixed-size list is read without copying before scaling. Raises InputError for missing or ragged lists."""
    names, vector_columns = arrow.schema.names, [i for i, field in enumerate(arrow.schema) if _is_vector_field(field)]
    if not vector_columns:
        return arrow, None, "", []
    best = min(vector_columns, key=lambda i: (not VECTOR_NAMES.search(names[i]), i))
    column = names[best]
    vectors = unit_matrix(_arrow_matrix(name, column, arrow.column(best)), f'"{name}", column "{column}"')
    notes = [f'Column "{names[i]}" also holds vectors and was left out.' for i in vector_columns if i != best]
    rest = arrow.select([i for i in range(arrow.num_columns) if i not in vector_columns])
    return rest, vectors, f'column "{column}" of {name}', notes


def _is_vector_field(field: "pa.Field") -> bool:
    import pyarrow as pa

    kind = field.type
    if not (pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)):
        return False
    hinted = bool(VECTOR_NAMES.search(field.name))
    return pa.types.is_floating(kind.value_type) or (hinted and pa.types.is_integer(kind.value_type))


def _arrow_matrix(name: str, column: str, chunks: "pa.ChunkedArray") -> np.ndarray:
    import pyarrow.compute as pc

    lengths = pc.list_value_length(chunks).to_pandas().to_numpy(dtype=float)
    check_lengths(f'"{name}", column "{column}"', lengths)
    rows = [chunk.flatten().to_numpy(zero_copy_only=False) for chunk in chunks.chunks]
    flat = rows[0] if len(rows) == 1 else np.concatenate(rows)
    return flat.reshape(len(lengths), int(lengths[0]))
