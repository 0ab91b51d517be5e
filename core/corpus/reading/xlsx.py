"""XLSX: the sheet with the most data, merged cells filled, Excel's escapes undone, errors and formulas reported."""

import io
import re
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from core.corpus.reading.grids import GridTable, grid_table
from core.corpus.reading.roles import guess_roles
from core.corpus.reading.values import ParsedFile, ReadOptions, Source, Upload
from core.corpus.reading.vectors import damaged_file
from core.errors import InputError

_SAMPLE = 2_000  # rows of a sheet that decide whether it is read
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_MERGED = re.compile(rb'<(?:\w+:)?mergeCell\s[^>]*?ref="([A-Z]+)(\d+):([A-Z]+)(\d+)"')
_FORMULA = re.compile(
    rb'<(?:\w+:)?c\s[^>]*?r="([A-Z]+)(\d+)"[^>]*>\s*<(?:\w+:)?f\b(?:[^>]*/>|[^>]*>[^<]*</(?:\w+:)?f>)\s*'
    rb"(?:<(?:\w+:)?v\s*/>\s*|<(?:\w+:)?v>\s*</(?:\w+:)?v>\s*)?</(?:\w+:)?c>"
)
_ERRORS = frozenset({
    "#N/A", "#DIV/0!", "#REF!", "#NAME?", "#VALUE!", "#NUM!", "#NULL!", "#SPILL!", "#CALC!", "#FIELD!", "#BLOCKED!",
    "#CONNECT!", "#BUSY!", "#UNKNOWN!", "#GETTING_DATA",
})  # fmt: skip
_MAX_LISTED = 5


@dataclass(frozen=True, eq=False)
class _Sheet:
    """title: its name; rows: its cells, merged ones filled; spans: first and last row and column of the merged cells,
    from 0; formulas: (column letters, row from 1) of those without a value."""

    title: str
    rows: list[list[Any]]
    spans: list[tuple[int, int, int, int]]
    formulas: list[tuple[str, int]]


def read_xlsx(upload: Upload, options: ReadOptions = ReadOptions()) -> ParsedFile:
    """The selected sheet, or the one with the most data. Raises InputError where there is no table."""
    titles, sheet = _load_sheet(upload, options.sheet)
    rows, notes = _clean_cells(sheet)
    found = grid_table(rows, sheet.spans)
    if found is None:
        remedy = "Add rows, choose another sheet, or use another file."
        raise InputError(f'"{upload.name}" has no sheet with a header and rows below it.', remedy)
    other = ", ".join(f'"{title}"' for title in titles if title != sheet.title)
    notes = [f'Sheet "{sheet.title}" was read; the workbook also has {other}.' if other else "", *found.notes, *notes]
    notes += [_merged_note(sheet, found), _formula_note(sheet, found)]
    ordered = (sheet.title, *(title for title in titles if title != sheet.title))
    kept = tuple(note for note in notes if note)
    source = Source(upload.name, "XLSX", rows=len(found.table), notes=kept, sheets=ordered)
    return ParsedFile(source, found.table, upload=upload, descriptions=found.descriptions)


def _load_sheet(upload: Upload, selected: str | None) -> tuple[list[str], _Sheet]:
    """The titles of all sheets, and the sheet to read."""
    from openpyxl import load_workbook

    try:
        book = load_workbook(io.BytesIO(upload.data), read_only=True, data_only=True)
        for sheet in book.worksheets:
            sheet.reset_dimensions()  # a sheet may declare a million empty rows
        titles = [sheet.title for sheet in book.worksheets]
        if selected in titles:
            best = book.worksheets[titles.index(selected)]
        else:
            best = max(book.worksheets, key=_amount_of_data) if len(titles) > 1 else book.worksheets[0]
        rows = [list(row) for row in best.iter_rows(values_only=True)]
        with zipfile.ZipFile(io.BytesIO(upload.data)) as archive:
            xml = archive.read(best._worksheet_path)
        spans = [_span(*match) for match in _MERGED.findall(xml)]
        formulas = [(column.decode(), int(row)) for column, row in _FORMULA.findall(xml)] if b"f>" in xml else []
    except Exception as error:  # openpyxl raises whatever its XML and zip readers raise
        raise damaged_file(upload.name, "XLSX") from error
    _fill_merged(rows, spans)
    return titles, _Sheet(best.title, rows, spans, formulas)


def _amount_of_data(sheet: Any) -> float:
    """Cells of its table, twice as much with a column of texts, little for a hidden sheet."""
    table = grid_table([list(row) for row in islice(sheet.iter_rows(values_only=True), _SAMPLE)])
    if table is None:
        return 0.0
    cells = float(table.table.notna().to_numpy().sum())
    try:
        texts = bool(guess_roles(table.table).text) and table.table.shape[1] > 1
    except ValueError:
        texts = False
    return cells * (2 if texts else 1) * (1 if sheet.sheet_state == "visible" else 0.01)


def _span(left: bytes, top: bytes, right: bytes, bottom: bytes) -> tuple[int, int, int, int]:
    return int(top) - 1, int(bottom) - 1, _column_number(left), _column_number(right)


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1


def _fill_merged(rows: list[list[Any]], spans: Iterable[tuple[int, int, int, int]]) -> None:
    """The value of each merged cell, in place, in all cells it covers within the data."""
    width = max(map(len, rows), default=0)
    for top, bottom, left, right in spans:
        value = rows[top][left] if top < len(rows) and left < len(rows[top]) else None
        if value is None:
            continue
        for row in rows[top : bottom + 1]:
            row += [None] * (min(right + 1, width) - len(row))
            row[left : min(right + 1, len(row))] = [value] * (min(right + 1, len(row)) - left)


def _clean_cells(sheet: _Sheet) -> tuple[list[list[Any]], list[str]]:
    """Texts with escapes undone and without control characters, errors as missing cells; and notes."""
    errors, controls = list[str](), 0
    rows = []
    for number, row in enumerate(sheet.rows, start=1):
        cells = list(row)
        for column, cell in enumerate(cells):
            if not isinstance(cell, str):
                continue
            text = unescape(cell)
            plain = _CONTROLS.sub("", text)
            controls += len(text) - len(plain)
            if cell in _ERRORS:
                errors.append(f"{_letters(column)}{number} {cell}")
            cells[column] = None if cell in _ERRORS or not plain.strip() else plain
        rows.append(cells)
    notes = []
    if errors:
        hold = "1 cell holds an error" if len(errors) == 1 else f"{len(errors):,} cells hold errors"
        notes.append(f"{hold}, empty here: {_listed(errors)}.")
    notes += [f"{controls:,} control {'character was' if controls == 1 else 'characters were'} removed."] * bool(
        controls
    )
    return rows, notes


def _listed(cells: list[str]) -> str:
    return ", ".join(cells[:_MAX_LISTED]) + (", …" if len(cells) > _MAX_LISTED else "")


def unescape(text: str) -> str:
    """Excel's _xHHHH_ as the character it stands for (_x005F_ is an underscore), with plain line ends."""
    if "_x" in text:
        text = _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text)
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _letters(column: int) -> str:
    letters = ""
    while column >= 0:
        column, rest = divmod(column, 26)
        letters, column = chr(65 + rest) + letters, column - 1
    return letters


def _merged_note(sheet: _Sheet, found: GridTable) -> str:
    body = np.array(found.rows)
    filled = [span for span in sheet.spans if ((body >= span[0]) & (body <= span[1])).any()]
    return f"{len(filled):,} merged cells of the table were filled into all cells that they cover." if filled else ""


def _formula_note(sheet: _Sheet, found: GridTable) -> str:
    body = {row + 1 for row in found.rows}
    cells = [f"{column}{row}" for column, row in sheet.formulas if row in body]
    number = "1 formula has" if len(cells) == 1 else f"{len(cells):,} formulas have"
    remedy = "Open the file in Excel or LibreOffice and save it to get their values."
    return f"{number} no stored value and an empty cell here ({_listed(cells)}). {remedy}" if cells else ""
