"""Tables in HTML, and sheets in Excel's XML of 2003, as programs write them under the name .xls."""

from html.parser import HTMLParser
from typing import Any

import pandas as pd

from core.corpus.reading.cells import infer_numbers
from core.corpus.reading.encodings import to_utf8
from core.corpus.reading.grids import grid_table
from core.corpus.reading.values import ParsedFile, ReadOptions, Source, Upload
from core.errors import InputError

_ROWS, _CELLS, _BREAKS = {"tr", "row"}, {"td", "th", "cell"}, {"br", "p", "div", "li"}
_SKIPPED = {"script", "style", "head"}
_MAX_SPAN = 1_000


class _TableParser(HTMLParser):
    """Collects the cells of each table that holds no other."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: list[list[list[str | None]]] = []
        self.spans: list[list[tuple[int, int, int, int]]] = []
        self._open: list[int] = []  # positions in `tables`
        self._cell: list[str] | None = None
        self._size = (1, 1)
        self._skipped = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SKIPPED:
            self._skipped += 1
        elif tag == "table":
            self._end_cell()
            self._open.append(len(self.tables))
            self.tables.append([])
            self.spans.append([])
        elif tag in _ROWS and self._open:
            self._end_cell()
            self._table.append([])
        elif tag in _CELLS and self._open and self._table:
            self._end_cell()
            self._begin_cell({name: value or "" for name, value in attrs})
        elif tag in _BREAKS and self._cell:
            self._cell.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _SKIPPED:
            self._skipped = max(self._skipped - 1, 0)
        elif tag == "table" and self._open:
            self._end_cell()
            self._open.pop()
        elif tag in _CELLS | _ROWS:
            self._end_cell()

    def handle_data(self, data: str) -> None:
        if self._cell is not None and not self._skipped:
            self._cell.append(data)

    @property
    def _table(self) -> list[list[str | None]]:
        return self.tables[self._open[-1]]

    def _begin_cell(self, attributes: dict[str, str]) -> None:
        row, number = self._table[-1], len(self._table) - 1
        spans = self.spans[self._open[-1]]
        while any(top <= number <= bottom and left <= len(row) <= right for top, bottom, left, right in spans):
            row.append(self._table[number - 1][len(row)])  # covered by a cell above
        row += [None] * (_number(attributes.get("ss:index"), 0) - 1 - len(row))
        self._size = (
            _number(attributes.get("rowspan")) + _number(attributes.get("ss:mergedown"), 0),
            _number(attributes.get("colspan")) + _number(attributes.get("ss:mergeacross"), 0),
        )
        self._cell = []

    def _end_cell(self) -> None:
        if self._cell is None:
            return
        lines = (" ".join(line.split()) for line in "".join(self._cell).split("\n"))
        text, row, (down, across) = "\n".join(line for line in lines if line), self._table[-1], self._size
        if (down, across) != (1, 1):
            top = len(self._table) - 1
            self.spans[self._open[-1]].append((top, top + down - 1, len(row), len(row) + across - 1))
        row += [text or None] * across
        self._cell = None


def _number(text: str | None, default: int = 1) -> int:
    return min(int(text), _MAX_SPAN) if text and text.isascii() and text.isdigit() else default


def read_html(upload: Upload, options: ReadOptions = ReadOptions()) -> ParsedFile:
    """The largest table of a page. Raises InputError where there is none."""
    decoded = to_utf8(upload.name, upload.data, options.encoding)
    parser = _TableParser()
    parser.feed(decoded.data.decode("utf-8"))
    parser.close()
    found, size = None, 0
    for rows, spans in zip(parser.tables, parser.spans, strict=True):
        grid: list[list[Any]] = [list(row) for row in rows]
        table = grid_table(grid, spans)
        if table is not None and table.table.size > size:
            found, size = table, table.table.size
    if found is None:
        message = f'"{upload.name}" is a web page without a table of rows.'
        raise InputError(message, "Save the data itself, as CSV, XLSX or JSON.")
    names = [str(name) for name in found.table.columns]
    cells = [infer_numbers(found.table.iloc[:, i].astype("str"), name) for i, name in enumerate(names)]
    inferred = pd.DataFrame({i: column for i, (column, _) in enumerate(cells)}).set_axis(found.table.columns, axis=1)
    changes = [note for _, note in cells if note]
    notes = (*decoded.notes, "The file is HTML; its largest table was read.", *found.notes, *changes)
    source = Source(upload.name, "HTML", decoded.encoding, "", len(inferred), notes, decoded.alternatives)
    return ParsedFile(source, inferred, upload=upload, descriptions=found.descriptions)
