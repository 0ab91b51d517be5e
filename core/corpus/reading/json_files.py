"""JSON and JSON Lines: arrays of objects or strings, objects of columns, objects with one list inside."""

import json
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd

from core.corpus.reading.cells import cell_text, is_missing
from core.corpus.reading.encodings import to_utf8
from core.corpus.reading.values import ParsedFile, ReadOptions, Source, Upload
from core.corpus.reading.vectors import VECTOR_NAMES, check_lengths, unit_matrix
from core.errors import InputError

_MIN_DIMENSIONS = 3  # two numbers are more likely a place or a range
_SAMPLE = 100  # cells of a column that are inspected
_SHAPES = "Use a list of objects, a list of texts, an object of columns, or an object with one list inside."
SET_COLUMN = "set of rows"  # rare as a column name, since MTEB's tasks are recognized by it
_MIN_LIST_LENGTH = 2  # mean cells per list; lists of one are no sets of rows


def read_json(upload: Upload, options: ReadOptions, kind: str) -> ParsedFile:
    """One JSON or JSONL file, by its content if that does not match the name; a column of lists becomes vectors."""
    decoded = to_utf8(upload.name, upload.data, options.encoding)
    text = decoded.data.decode("utf-8")
    if not text.strip():
        raise InputError(f'"{upload.name}" is empty.', "Upload a file that holds at least one row.")
    lines = kind == "jsonl" and not text.lstrip().startswith("[")
    value = _parse_lines(upload.name, text) if lines else _parse_either(upload.name, text)
    table, vectors, vectors_name = json_vectors(upload.name, json_table(upload.name, value))
    kind = "JSON Lines" if lines else "JSON"
    source = Source(upload.name, kind, decoded.encoding, "", len(table), decoded.notes, decoded.alternatives)
    return ParsedFile(source, table, vectors, vectors_name, upload)


def _parse_either(name: str, text: str) -> Any:
    try:
        return json.loads(text)
    except RecursionError as error:
        raise InputError(f'"{name}" is nested too deeply.', _SHAPES) from error
    except ValueError as error:
        if "Extra data" in str(error):
            return _parse_lines(name, text)
        raise _broken(name, text, error) from error


def _parse_lines(name: str, text: str) -> list[Any]:
    rows = []
    for number, line in enumerate(text.split("\n"), start=1):
        try:
            rows += [json.loads(line)] if line.strip() else []
        except RecursionError as error:
            raise InputError(f'"{name}", line {number:,} is nested too deeply.', _SHAPES) from error
        except ValueError as error:
            remedy = "Each line must be one whole JSON object; the file may be cut short."
            raise InputError(f'"{name}", line {number:,} is not complete JSON ({_reason(error)}).', remedy) from error
    return rows


def _broken(name: str, text: str, error: ValueError) -> InputError:
    cut = getattr(error, "pos", 0) >= len(text.rstrip()) - 1 or "Unterminated" in str(error)
    where = "ends too early" if cut else f"is not valid JSON in line {getattr(error, 'lineno', 0):,}"
    remedy = (
        "The file seems cut short; save or download it again." if cut else "Mend that line, or save the file again."
    )
    return InputError(f'"{name}" {where} ({_reason(error)}).', remedy)


def _reason(error: ValueError) -> str:
    return str(getattr(error, "msg", "a number is too long"))


def json_table(name: str, value: Any) -> pd.DataFrame:
    """A table from parsed JSON. Nested objects and lists of texts stay in their cells. Raises InputError."""
    if isinstance(value, dict):
        value = _rows_of_object(name, value)
    if isinstance(value, pd.DataFrame):
        return value
    if not value:
        raise InputError(f'"{name}" holds an empty list.', "Upload a file that holds at least one row.")
    if all(isinstance(row, dict) for row in value):
        return _object_rows(name, value)
    if any(isinstance(row, dict | list) for row in value):
        row_number = next(i for i, row in enumerate(value, start=1) if not isinstance(row, dict))
        raise InputError(f'"{name}", row {row_number:,} is no object with named fields.', _SHAPES)
    return pd.DataFrame({"text": pd.Series([cell_text(cell) for cell in value], dtype=object)})


def _object_rows(name: str, rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    names = dict.fromkeys(chain.from_iterable(rows))
    if not names:
        raise InputError(f'"{name}" holds only empty objects.', _SHAPES)
    # columns are filled by hand: pandas would turn None to NaN and integers with gaps to rounded floats
    return pd.DataFrame({key: pd.Series([row.get(key) for row in rows], dtype=object) for key in names})


def _rows_of_object(name: str, value: dict[str, Any]) -> Any:
    lists = {key: item for key, item in value.items() if isinstance(item, list)}
    if len(lists) == 1 and any(isinstance(row, dict) for row in next(iter(lists.values()))):
        return next(iter(lists.values()))
    if lists and len(lists) == len(value):
        return _columns(name, lists)
    if value and all(isinstance(item, dict) for item in value.values()):
        rows = list(dict.fromkeys(chain.from_iterable(value.values())))  # {"column": {"0": cell, "1": cell}} of pandas
        return pd.DataFrame({key: [cells.get(row) for row in rows] for key, cells in value.items()}, dtype=object)
    if lists:
        raise InputError(f'"{name}" holds several lists ({", ".join(list(lists)[:5])}) beside other fields.', _SHAPES)
    return [value]


def _columns(name: str, columns: dict[str, list[Any]]) -> pd.DataFrame:
    sizes = {key: len(items) for key, items in columns.items()}
    if len(set(sizes.values())) > 1:
        listed = ", ".join(f'"{key}" {size:,}' for key, size in list(sizes.items())[:5])
        raise InputError(f'"{name}": its columns have different lengths ({listed}).', "Give columns as many values.")
    if not max(sizes.values()):
        raise InputError(f'"{name}" has columns but no rows.', "Add rows, or upload another file.")
    return pd.DataFrame({key: pd.Series(items, dtype=object) for key, items in columns.items()})


def explode_lists(part: ParsedFile) -> ParsedFile:
    """Tables whose every cell is a list (MTEB's clustering and pair classification) expanded to rows, with the number
    of the list in SET_COLUMN where there are several; other files as they are."""
    table = part.table
    if table is None or part.vectors is not None or not _is_nested(table):
        return part
    rows = table.explode(list(table.columns), ignore_index=True)
    note = "1 set of lists was expanded to rows."
    if len(table) > 1:
        rows[SET_COLUMN] = np.repeat(np.arange(1, len(table) + 1), table.iloc[:, 0].map(len))
        note = f'{len(table):,} sets of lists were expanded to rows, numbered in the column "{SET_COLUMN}".'
    return replace(part, table=rows, source=replace(part.source, rows=len(rows), notes=(*part.source.notes, note)))


def _is_nested(table: pd.DataFrame) -> bool:
    """Two columns or more, of lists alone, as many cells in each list of a row, and strings in one of them."""
    if table.shape[1] < 2 or not table.columns.is_unique or SET_COLUMN in table.columns:
        return False
    columns = [table.iloc[:, at].tolist() for at in range(table.shape[1])]
    if not all(isinstance(cell, list | np.ndarray) for column in columns for cell in column):
        return False
    sizes = [[len(cell) for cell in column] for column in columns]
    same_sizes = all(size == sizes[0] for size in sizes) and min(sizes[0]) > 0
    long_enough = sum(sizes[0]) >= _MIN_LIST_LENGTH * len(table)
    return same_sizes and long_enough and any(isinstance(column[0][0], str) for column in columns)


def json_vectors(name: str, table: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray | None, str]:
    """As parquet_vectors, for columns of Python lists."""
    vector_columns = [i for i in range(table.shape[1]) if _is_vector_column(str(table.columns[i]), table.iloc[:, i])]
    if not vector_columns:
        return table, None, ""
    best = min(vector_columns, key=lambda i: (not VECTOR_NAMES.search(str(table.columns[i])), i))
    column = str(table.columns[best])
    where = f'"{name}", column "{column}"'
    rows = table.iloc[:, best].tolist()
    check_lengths(where, np.array([len(row) if isinstance(row, list) else np.nan for row in rows], dtype=float))
    try:
        matrix = np.array(rows, dtype=np.float32)
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(f"{where} holds lists with something other than numbers.", "Remove them.") from error
    rest = table.iloc[:, [i for i in range(table.shape[1]) if i != best]]
    rest = rest if rest.shape[1] else pd.DataFrame({"id": range(1, len(table) + 1)})
    return rest, unit_matrix(matrix, where), f'column "{column}" of {name}'


def _is_vector_column(name: str, column: pd.Series) -> bool:
    cells = [cell for cell in column.iloc[:_SAMPLE].tolist() if not is_missing(cell)]
    if not cells or not all(isinstance(cell, list) and cell and {*map(type, cell)} <= {int, float} for cell in cells):
        return False
    decimal = any(isinstance(number, float) for cell in cells for number in cell)
    same_length = {len(cell) for cell in cells} == {len(cells[0])}
    return bool(VECTOR_NAMES.search(name)) or (decimal and same_length and len(cells[0]) >= _MIN_DIMENSIONS)
