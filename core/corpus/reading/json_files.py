"""JSON and JSON Lines: arrays of objects or strings, objects of columns, objects with one list inside."""

import json
from collections.abc import Sequence
from itertools import chain
from typing import Any

import pandas as pd

from core.corpus.reading.cells import cell_text
from core.corpus.reading.encodings import to_utf8
from core.corpus.reading.values import ParsedFile, ReadOptions, Source, Upload
from core.errors import InputError

_SHAPES = "Use a list of objects, a list of texts, an object of columns, or an object with one list inside."


def read_json(upload: Upload, options: ReadOptions, kind: str) -> ParsedFile:
    """One JSON or JSONL file; a file that is named one and is the other is read as what it is."""
    data, encoding = to_utf8(upload.name, upload.data, options.encoding)
    text = data.decode("utf-8")
    if not text.strip():
        raise InputError(f'"{upload.name}" is empty.', "Upload a file that holds at least one row.")
    lines = kind == "jsonl" and not text.lstrip().startswith("[")
    value = _parse_lines(upload.name, text) if lines else _parse_either(upload.name, text)
    table = json_table(upload.name, value)
    source = Source(upload.name, "JSON Lines" if lines else "JSON", encoding, "", len(table))
    return ParsedFile(source, table, upload=upload)


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
        odd = next(i for i, row in enumerate(value, start=1) if not isinstance(row, dict))
        raise InputError(f'"{name}", row {odd:,} is no object with named fields.', _SHAPES)
    return pd.DataFrame({"text": pd.Series([cell_text(cell) for cell in value], dtype=object)})


def _object_rows(name: str, rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    names = list(dict.fromkeys(chain.from_iterable(rows)))
    if not names:
        raise InputError(f'"{name}" holds only empty objects.', _SHAPES)
    # columns are filled by hand: pandas would turn None to NaN and integers with gaps to rounded floats
    return pd.DataFrame({key: pd.Series([row.get(key) for row in rows], dtype=object) for key in names})


def _rows_of_object(name: str, value: dict[str, Any]) -> Any:
    lists = {key: item for key, item in value.items() if isinstance(item, list)}
    if len(lists) == 1 and (len(value) == 1 or any(isinstance(row, dict) for row in next(iter(lists.values())))):
        key, rows = next(iter(lists.items()))
        return rows if any(isinstance(row, dict) for row in rows) else _columns(name, {key: rows})
    if lists and len(lists) == len(value):
        return _columns(name, lists)
    if value and all(isinstance(item, dict) for item in value.values()):
        return _indexed_columns(value)
    if lists:
        raise InputError(f'"{name}" holds several lists ({", ".join(list(lists)[:5])}) beside other fields.', _SHAPES)
    return [value]


def _columns(name: str, columns: dict[str, list[Any]]) -> pd.DataFrame:
    sizes = {key: len(items) for key, items in columns.items()}
    if len(set(sizes.values())) > 1:
        shown = ", ".join(f'"{key}" {size:,}' for key, size in list(sizes.items())[:5])
        raise InputError(f'"{name}": its columns have different lengths ({shown}).', "Give each column as many values.")
    if not max(sizes.values()):
        raise InputError(f'"{name}" has columns but no rows.', "Add rows, or upload another file.")
    return pd.DataFrame({key: pd.Series(items, dtype=object) for key, items in columns.items()})


def _indexed_columns(value: dict[str, dict[str, Any]]) -> pd.DataFrame:
    """pandas' own to_json: {"column": {"0": cell, "1": cell}}."""
    rows = list(dict.fromkeys(chain.from_iterable(value.values())))
    return pd.DataFrame(
        {key: pd.Series([cells.get(row) for row in rows], dtype=object) for key, cells in value.items()}
    )


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
        if not line.strip():
            continue
        try:
            rows.append(json.loads(line))
        except RecursionError as error:
            raise InputError(f'"{name}", line {number:,} is nested too deeply.', _SHAPES) from error
        except ValueError as error:
            raise InputError(
                f'"{name}", line {number:,} is not complete JSON ({_reason(error)}).',
                "Each line must be one whole JSON object; the file may be cut short.",
            ) from error
    return rows


def _broken(name: str, text: str, error: ValueError) -> InputError:
    line = getattr(error, "lineno", 0)
    cut = getattr(error, "pos", 0) >= len(text.rstrip()) - 1 or "Unterminated" in str(error)
    where = "ends too early" if cut else f"is not valid JSON in line {line:,}"
    return InputError(
        f'"{name}" {where} ({_reason(error)}).',
        "The file seems cut short; save or download it again." if cut else "Mend that line, or save the file again.",
    )


def _reason(error: ValueError) -> str:
    return str(getattr(error, "msg", "a number is too long"))
