"""A grid of cells, as in a sheet or an HTML table, as a table: banners, header rows, totals and footnotes are found."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from core.corpus.reading.layout import HEADING_SAMPLE, count_heading_rows, heading_names

Grid = Sequence[Sequence[Any]]
_MAX_HEADERS = 3
_MAX_LISTED = 3
_SAMPLE = 200  # rows that decide how wide the table is
_HEADER_LENGTH = 200  # characters; a longer cell is no name
_TOTAL = re.compile(
    r"(grand |sub-?)?(totals?|sum|average|mean|count|summe|gesamt|gesamtsumme|mittelwert|insgesamt|total général|somme|"
    r"moyenne|suma|promedio|totale|somma|totaal|合计|总计|总和|平均|小计)\s*:?",
    re.IGNORECASE,
)


Span = tuple[int, int, int, int]  # of a merged cell: first and last row, first and last column, from 0


@dataclass(frozen=True, eq=False)
class GridTable:
    """rows: positions in the grid of the rows of the table. descriptions: of its columns, () for none."""

    table: pd.DataFrame
    notes: tuple[str, ...]
    rows: tuple[int, ...]
    descriptions: tuple[str, ...] = ()


def grid_table(grid: Grid, spans: Sequence[Span] = ()) -> GridTable | None:
    """The table in a grid, None where there is no row below a header. spans: merged cells, already filled in."""
    rows = [i for i, row in enumerate(grid) if any(cell is not None for cell in row)]
    filled = {j for i in rows for j, cell in enumerate(grid[i]) if cell is not None}
    columns = sorted(filled)
    if not rows:
        return None
    start = _header_start(grid, rows, columns)
    depth = _header_depth(grid, rows[start:], columns, spans)
    names = [_joined_name([_cell(grid[i], j) for i in rows[start : start + depth]]) for j in columns]
    body, below = _without_footer(grid, rows[start + depth :], columns)
    if not body:
        return None
    cells = {k: pd.Series([_cell(grid[i], j) for i in body], dtype=object) for k, j in enumerate(columns)}
    notes = _grid_notes(grid, rows[:start], depth, below)
    return _without_headings(GridTable(pd.DataFrame(cells), notes, tuple(body)), names)


def _without_headings(found: GridTable, names: list[str]) -> GridTable:
    """The table with its names; further heading rows of survey exports become descriptions of the columns."""
    table, notes, descriptions = found.table, found.notes, list[str]()
    head = table.head(HEADING_SAMPLE).map(lambda cell: None if cell is None else str(cell)).astype("str")
    count = count_heading_rows(names, head) if table.shape[1] > 1 else 0
    if count:
        names, descriptions = heading_names(names, head.head(count))
        rows = "The row" if count == 1 else f"The {count} rows"
        notes = (*notes, f"{rows} below the column names {'describes' if count == 1 else 'describe'} the columns.")
    table = table.iloc[count:].reset_index(drop=True).set_axis(pd.Index(names, dtype=object), axis=1)
    return GridTable(table, notes, found.rows[count:], tuple(descriptions))


def _cell(row: Sequence[Any], column: int) -> Any:
    return row[column] if column < len(row) else None


def _filled(grid: Grid, row: int, columns: Sequence[int]) -> list[Any]:
    return [cell for j in columns if (cell := _cell(grid[row], j)) is not None]


def _header_start(grid: Grid, rows: Sequence[int], columns: Sequence[int]) -> int:
    """The position in `rows` of the first that is no banner: half as many cells as most rows, two at least, that are
    not all the same (a merged cell)."""
    sizes = Counter(len(_filled(grid, row, columns)) for row in rows[:_SAMPLE])
    usual = max(sizes, key=lambda size: (sizes[size], size))
    cells = [_filled(grid, row, columns) for row in rows[:_SAMPLE]]
    wide = [len(row) >= max(2, usual / 2) and len({*map(str, row)}) > 1 for row in cells]
    return wide.index(True) if usual > 1 and True in wide[:-1] else 0


def _header_depth(grid: Grid, rows: Sequence[int], columns: Sequence[int], spans: Sequence[Span]) -> int:
    """Rows of the header: a further one where names cover several columns and the next row has names alone."""
    for depth in range(1, min(_MAX_HEADERS, len(rows) - 1)):
        above, here = ([_cell(grid[row], j) for j in columns] for row in (rows[depth - 1], rows[depth]))
        adjacent = rows[depth] == rows[depth - 1] + 1
        if not (adjacent and _covers_several(rows[depth - 1], above, spans) and _are_names(here)):
            return depth
        if not _differs_below(grid, rows[depth:], columns):
            return depth
    return max(1, min(_MAX_HEADERS, len(rows) - 1))


def _covers_several(row: int, cells: Sequence[Any], spans: Sequence[Span]) -> bool:
    merged = any(top <= row <= bottom and right > left for top, bottom, left, right in spans)
    gaps = cells[0] is not None and any(cell is None for cell in cells) and len({*cells} - {None}) > 1
    return merged or gaps


def _are_names(cells: Sequence[Any]) -> bool:
    """Texts alone, short, nearly all different, and hardly any missing."""
    texts = [cell.strip() for cell in cells if isinstance(cell, str) and 0 < len(cell.strip()) <= _HEADER_LENGTH]
    missing = sum(cell is None for cell in cells)
    return len(texts) + missing == len(cells) and missing <= len(cells) / 4 and len(texts) > 0


def _differs_below(grid: Grid, rows: Sequence[int], columns: Sequence[int]) -> bool:
    """Whether the first row is unlike those below it: where all are texts, a header's cells recur nowhere."""
    first = {str(cell) for cell in _filled(grid, rows[0], columns)}
    below = {str(cell) for row in rows[1:_SAMPLE] for cell in _filled(grid, row, columns)}
    lengths = [len(str(cell)) for row in rows[1:_SAMPLE] for cell in _filled(grid, row, columns)]
    longest = max(map(len, first), default=0)
    return not first & below and bool(lengths) and longest <= max(20, sum(lengths) / len(lengths))


def _joined_name(parts: Sequence[Any]) -> Any:
    """The names of a column in the rows of the header, repeated ones once."""
    texts = list(dict.fromkeys(str(part).strip() for part in parts if part is not None and str(part).strip()))
    return " ".join(texts)


def _without_footer(grid: Grid, rows: Sequence[int], columns: Sequence[int]) -> tuple[list[int], list[int]]:
    """The rows of the table, and those below it: totals, and single cells after a gap, such as a source."""
    end = len(rows)
    while end > 1:
        cells, row = _filled(grid, rows[end - 1], columns), rows[end - 1]
        texts = [cell.strip() for cell in cells if isinstance(cell, str)]
        total = len(columns) > 1 and len(texts) == 1 and bool(_TOTAL.fullmatch(texts[0])) and cells[0] == texts[0]
        after_gap = len(columns) > 2 and len(cells) == 1 and row != rows[end - 2] + 1
        if not (total or after_gap):
            break
        end -= 1
    return list(rows[:end]), list(rows[end:])


def _grid_notes(grid: Grid, above: Sequence[int], depth: int, below: Sequence[int]) -> tuple[str, ...]:
    notes = []
    for rows, where in ((above, "above"), (below, "below")):
        if rows:
            cells = [next(str(cell) for cell in grid[row] if cell is not None)[:60] for row in rows[:_MAX_LISTED]]
            listed = ", ".join(f'"{cell}"' for cell in cells) + (", …" if len(rows) > _MAX_LISTED else "")
            number = "1 row" if len(rows) == 1 else f"{len(rows):,} rows"
            notes.append(f"{number} {where} the table left out: {listed}.")
    return (*notes, f"Column names were joined from {depth} header rows.") if depth > 1 else tuple(notes)
