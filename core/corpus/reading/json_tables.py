"""Values of JSON as a table, in the shapes that pandas, Elasticsearch and web services write."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd

from core.corpus.reading.budget import check_table
from core.corpus.reading.cells import cell_text, is_missing, numbered_name
from core.corpus.reading.chats import MESSAGES, is_chat
from core.corpus.reading.values import ParsedFile
from core.errors import InputError

SHAPES = "Use a list of objects, a list of texts, an object of columns, or an object with one list inside."
SET_COLUMN = "set of rows"  # rare as a column name, since MTEB's tasks are recognized by it
_MIN_LIST_LENGTH = 2  # mean cells per list; lists of one are no sets of rows
_MAX_DEPTH = 4  # of objects in cells that become columns, and of the list that holds the rows
_MAX_KEYS = 100  # of an object in cells; with more its keys are data
_SPLIT_KEYS = {"columns", "data"}  # of pandas' orient="split", which may also hold the index
_SCALARS = {bool: "a single yes or no", int: "a single number", float: "a single number", str: "a single text"}
_MAX_LISTED = 5


def json_table(name: str, value: Any) -> tuple[pd.DataFrame, list[str]]:
    """A table from parsed JSON, and notes. Objects and lists stay in their cells. Raises InputError."""
    value, notes = _rows_of_object(name, value) if isinstance(value, dict) else (value, [])
    table, more = (value, []) if isinstance(value, pd.DataFrame) else _table_of_rows(name, value)
    table, infinite = _without_infinities(table)
    return table, [*notes, *more, *infinite]


def _table_of_rows(name: str, value: Any) -> tuple[pd.DataFrame, list[str]]:
    if not isinstance(value, list):
        held = _SCALARS.get(type(value), "nothing (null)")
        raise InputError(f'"{name}" holds {held}, no rows.', SHAPES)
    if not value:
        raise InputError(f'"{name}" holds an empty list.', "Upload a file that holds at least one row.")
    if all(isinstance(row, dict) for row in value):
        rows, notes = _without_wrapper(value)
        return _object_rows(name, rows), notes
    if any(isinstance(row, list) for row in value) and all(row is None or is_chat(row) for row in value):
        return pd.DataFrame({MESSAGES: pd.Series(value, dtype=object)}), []
    if all(isinstance(row, list) and row and not any(isinstance(cell, dict) for cell in row) for row in value):
        return _list_rows(value), []
    if any(isinstance(row, dict | list) for row in value):
        row_number = next(i for i, row in enumerate(value, start=1) if not isinstance(row, dict))
        raise InputError(f'"{name}", row {row_number:,} is no object with named fields.', SHAPES)
    return pd.DataFrame({"text": pd.Series([cell_text(cell) for cell in value], dtype=object)}), []


def _object_rows(name: str, rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    names = dict.fromkeys(chain.from_iterable(rows))
    if not names:
        raise InputError(f'"{name}" holds only empty objects.', SHAPES)
    check_table(name, len(rows), len(names))
    # columns are filled by hand: pandas would turn None to NaN and integers with gaps to rounded floats
    return pd.DataFrame({key: pd.Series([row.get(key) for row in rows], dtype=object) for key in names})


def _list_rows(rows: Sequence[list[Any]], names: Sequence[Any] | None = None) -> pd.DataFrame:
    """Rows of cells; without names the first row has them where it is of texts alone and a later row is not."""
    width = max(map(len, rows), default=0)
    if names is None:
        has_header = all(isinstance(cell, str) for cell in rows[0]) and len(set(rows[0])) == len(rows[0]) == width
        has_header = has_header and any(not isinstance(cell, str) for row in rows[1:] for cell in row)
        names, rows = (rows[0], rows[1:]) if has_header else (range(1, width + 1), rows)
        names = names if has_header else [f"column {number}" for number in names]
    cells = {i: pd.Series([row[i] if i < len(row) else None for row in rows], dtype=object) for i in range(len(names))}
    return pd.DataFrame(cells).set_axis(pd.Index(list(names), dtype=object), axis=1)


def _without_wrapper(rows: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[str]]:
    """Search hits of Elasticsearch and OpenSearch: the fields of "_source" are the row."""
    if not all(isinstance(row.get("_source"), dict) for row in rows):
        return rows, []
    others = list(dict.fromkeys(key for row in rows for key in row if key != "_source"))
    left_out = f"; {', '.join(others[:_MAX_LISTED])} left out" if others else ""
    return [row["_source"] for row in rows], [f'The columns are the fields of "_source" of each row{left_out}.']


def _without_infinities(table: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Infinity and -Infinity, which no statistic survives, as missing cells."""
    columns, count = {}, 0
    for i in range(table.shape[1]):
        cells = table.iloc[:, i].tolist()
        infinite = [isinstance(cell, float) and cell in (np.inf, -np.inf) for cell in cells]
        count += sum(infinite)
        values = [None if bad else cell for cell, bad in zip(cells, infinite, strict=True)]
        columns[i] = pd.Series(values, dtype=object) if any(infinite) else table.iloc[:, i]
    if not count:
        return table, []
    number = "1 infinite number is an empty cell" if count == 1 else f"{count:,} infinite numbers are empty cells"
    return pd.DataFrame(columns).set_axis(table.columns, axis=1), [f"{number} here."]


def _rows_of_object(name: str, value: dict[str, Any]) -> tuple[Any, list[str]]:
    lists = {key: item for key, item in value.items() if isinstance(item, list)}
    if set(value) >= _SPLIT_KEYS and all(isinstance(row, list) for row in lists.get("data", [None])):
        return _list_rows(lists["data"], lists["columns"]), []
    if is_chat(lists.get("messages")) or is_chat(lists.get("conversations")):
        return [value], []
    if len(lists) == 1 and any(isinstance(row, dict) for row in next(iter(lists.values()))):
        return next(iter(lists.values())), [f'The rows were read from the list "{next(iter(lists))}".']
    if lists and len(lists) == len(value):
        return _columns(name, lists), []
    if value and all(isinstance(item, dict) for item in value.values()) and not _nested_lists(value):
        return _dict_of_dicts(name, value), []
    if lists:
        raise InputError(f'"{name}" holds several lists ({", ".join(list(lists)[:5])}) beside other fields.', SHAPES)
    return _largest_list(name, _nested_lists(value)) or ([value], [])


def _largest_list(name: str, lists: list[tuple[str, list[Any]]]) -> tuple[list[Any], list[str]] | None:
    """The list of search hits, or the one that is at least twice as long as any other; None without lists."""
    ranked = sorted(lists, key=lambda item: ("_source" not in item[1][0], -len(item[1])))
    if not ranked:
        return None
    (path, rows), others = ranked[0], ranked[1:]
    listed = ", ".join(other for other, _ in others[:_MAX_LISTED])
    if others and "_source" not in rows[0] and len(rows) < 2 * len(others[0][1]):
        raise InputError(f'"{name}" holds several lists ({path}, {listed}).', SHAPES)
    left_out = f"; other lists were left out ({listed})" if others else ""
    return rows, [f'The rows were read from the list "{path}"{left_out}.']


def _nested_lists(value: dict[str, Any], path: str = "", depth: int = 1) -> list[tuple[str, list[Any]]]:
    """(dotted path, list) of the lists of objects inside of objects, in order."""
    lists = []
    for key, item in value.items():
        where = f"{path}.{key}" if path else key
        if isinstance(item, dict) and depth < _MAX_DEPTH:
            lists += _nested_lists(item, where, depth + 1)
        elif isinstance(item, list) and item and all(isinstance(row, dict) for row in item):
            lists.append((where, item))
    return lists


def _dict_of_dicts(name: str, value: dict[str, dict[str, Any]]) -> pd.DataFrame:
    """pandas' orient="columns", {column: {row: cell}}, or "index", {row: {column: cell}}: by which keys number rows,
    else by which cells are of one type, else by which keys are more."""
    inner = list(dict.fromkeys(chain.from_iterable(value.values())))
    check_table(name, *sorted((len(inner), len(value)), reverse=True))
    by_row = _is_by_row(value, inner)
    if by_row:
        columns = {key: [row.get(key) for row in value.values()] for key in inner}
        if not all(key.isdigit() for key in value):
            columns = {numbered_name("index", set(inner)): list(value), **columns}
        return pd.DataFrame(columns, dtype=object)
    return pd.DataFrame({key: [cells.get(row) for row in inner] for key, cells in value.items()}, dtype=object)


def _is_by_row(value: dict[str, dict[str, Any]], inner: Sequence[str]) -> bool:
    outer_digits, inner_digits = (all(key.isdigit() for key in keys) for keys in (value, inner))
    if outer_digits != inner_digits:
        return outer_digits
    mixed_rows = sum(len({type(cell) for cell in row.values() if cell is not None}) > 1 for row in value.values())
    by_key = [[row[key] for row in value.values() if row.get(key) is not None] for key in inner]
    mixed_columns = sum(len({*map(type, cells)}) > 1 for cells in by_key)
    if bool(mixed_rows) != bool(mixed_columns):
        return mixed_rows > 0
    return len(value) > len(inner)


def _columns(name: str, columns: dict[str, list[Any]]) -> pd.DataFrame:
    sizes = {key: len(items) for key, items in columns.items()}
    check_table(name, max(sizes.values()), len(sizes))
    if len(set(sizes.values())) > 1:
        listed = ", ".join(f'"{key}" {size:,}' for key, size in list(sizes.items())[:5])
        raise InputError(f'"{name}": its columns have different lengths ({listed}).', "Give columns as many values.")
    if not max(sizes.values()):
        raise InputError(f'"{name}" has columns but no rows.', "Add rows, or upload another file.")
    return pd.DataFrame({key: pd.Series(items, dtype=object) for key, items in columns.items()})


def flatten_objects(part: ParsedFile) -> ParsedFile:
    """Columns of objects as one column for each key, with dotted names ("author.name"); objects whose keys are too many
    stay text, with a note."""
    table, notes = part.table, list[str]()
    if table is None:
        return part
    names, columns = [str(name) for name in table.columns], [table.iloc[:, i] for i in range(table.shape[1])]
    for _ in range(_MAX_DEPTH):
        objects = [i for i, column in enumerate(columns) if _is_objects(column)]
        expanded = {i: _expand(names[i], columns[i].tolist()) for i in objects}
        notes += [note for _, note in expanded.values() if note and note not in notes]
        if not any(parts for parts, _ in expanded.values()):
            break
        pairs = list(chain.from_iterable(
            (i in expanded and expanded[i][0]) or [(names[i], columns[i])] for i in range(len(columns))
        ))  # fmt: skip
        names, columns = [name for name, _ in pairs], [column for _, column in pairs]
    if names == [str(name) for name in table.columns] and not notes:
        return part
    flat = pd.concat(columns, axis=1).set_axis(pd.Index(names, dtype=object), axis=1)
    return replace(part, table=flat, source=replace(part.source, notes=(*part.source.notes, *notes)))


def _is_objects(column: pd.Series) -> bool:
    if column.dtype != object:
        return False
    cells = [cell for cell in column.tolist() if not is_missing(cell)]
    return bool(cells) and all(isinstance(cell, dict) for cell in cells) and any(cells)


def _expand(name: str, cells: list[Any]) -> tuple[list[tuple[str, pd.Series]], str]:
    """(dotted name, cells) of each key, or none and a note."""
    keys = list(dict.fromkeys(chain.from_iterable(cell for cell in cells if isinstance(cell, dict))))
    if len(keys) > _MAX_KEYS:
        return [], f'Column "{name}" holds objects with {len(keys):,} different keys, which are no columns here.'
    rows = [cell if isinstance(cell, dict) else {} for cell in cells]
    return [(f"{name}.{key}", pd.Series([row.get(key) for row in rows], dtype=object)) for key in keys], ""


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
    if table.shape[1] < 2 or not len(table) or not table.columns.is_unique or SET_COLUMN in table.columns:
        return False
    columns = [table.iloc[:, at].tolist() for at in range(table.shape[1])]
    if not all(isinstance(cell, list | np.ndarray) for column in columns for cell in column):
        return False
    sizes = [[len(cell) for cell in column] for column in columns]
    same_sizes = all(size == sizes[0] for size in sizes) and min(sizes[0]) > 0
    long_enough = sum(sizes[0]) >= _MIN_LIST_LENGTH * len(table)
    return same_sizes and long_enough and any(isinstance(column[0][0], str) for column in columns)
