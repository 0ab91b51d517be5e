"""How large a file would be once read, found in constant memory before a reader opens it."""

import csv
import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, Any

from core.corpus.reading.budget import SETTING, check, check_bytes, check_table, current_budget, over_budget
from core.corpus.reading.delimited import records, sniff_delimiter
from core.corpus.reading.values import TextUnit, Upload
from core.errors import InputError

if TYPE_CHECKING:
    import mmap

    import pandas as pd
    import pyarrow as pa

EXCEL_ROWS, EXCEL_COLUMNS = 1_048_576, 16_384
_CHUNK = 1024**2
_DAMAGE = (zipfile.BadZipFile, zlib.error, struct.error, OSError, EOFError, ValueError, RuntimeError)
_BATCH = 65_536  # rows decoded at a time
TEXTS = ("txt", "md")
LINE_ENDS = {**dict.fromkeys(("csv", "tsv", "txt", "md", "jsonl"), (b"\n", b"\r")), "json": (b"\n", b",", b'"')}
# bytes of a value, by its physical type in Parquet; texts are measured
_WIDTHS = {"BOOLEAN": 1, "INT32": 4, "FLOAT": 4, "INT64": 8, "DOUBLE": 8, "INT96": 12}


def check_size(upload: Upload, kind: str, unit: TextUnit | None = None) -> None:
    """Raise InputError where a file of this format would be over the limits. unit: what a row of a text is."""
    if kind in LINE_ENDS:
        check_lines(upload.name, upload.data, kind, unit)
    checks: dict[str, Callable[[Upload], None]] = {
        "csv": _check_delimited, "tsv": _check_delimited, "parquet": _check_parquet, "xlsx": _check_xlsx,
    }  # fmt: skip
    if kind in checks:
        checks[kind](upload)


def check_lines(name: str, data: "bytes | mmap.mmap", kind: str, unit: TextUnit | None = None) -> None:
    """Raise InputError for a line, or a piece of JSON, that is longer than a cell may be. Only ends of lines are
    searched, from far to near, so that of a mapped file few pages are read."""
    marks = () if unit == "file" and kind in TEXTS else LINE_ENDS.get(kind, (b"",))
    limit, start = current_budget().cell_mb * 1024**2, 0
    while len(data) - start > limit:
        end = max((data.rfind(mark, start, start + limit + 1) for mark in marks), default=-1)
        if end < start:
            raise _long_cell(name)
        start = end + 1


def check_cells(name: str, cells: "pd.Series") -> None:
    """Raise InputError where a text is longer than a cell may be."""
    if cells.str.len().max() > current_budget().cell_mb * 1024**2:
        raise _long_cell(name)


def _long_cell(name: str) -> InputError:
    message = f'"{name}" has a line, or a cell, of more than {current_budget().cell_mb:,} MB.'
    return InputError(message, f"Split it, or have the limit raised: cell_mb in the setting {SETTING}.")


def _check_delimited(upload: Upload) -> None:
    """The columns of the first record, and those times the number of lines; both are counted exactly where many."""
    budget, data = current_budget(), upload.data
    delimiter = sniff_delimiter(data, "\t" if upload.name.lower().endswith((".tsv", ".tab")) else ",")
    fields = data.partition(b"\n")[0].count(delimiter.encode()) + 1
    lines = max(data.count(b"\n"), data.count(b"\r")) + 1
    if fields <= budget.columns and lines <= budget.rows and fields * lines <= budget.cells:
        return
    with suppress(csv.Error):  # the reader names the line
        parsed = (record for _, record in records(data.decode("utf-8", "replace"), delimiter) if record)
        fields = max((len(record) for record in islice(parsed, 10)), default=0)
        check(upload.name, columns=fields)
        check_table(upload.name, sum(1 for _ in parsed), fields)


def _check_parquet(upload: Upload) -> None:
    """Rows, columns and decoded bytes. Repeated texts take next to nothing in the file, so those are measured."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with suppress(pa.ArrowException, OSError, ValueError):  # damaged: the reader says so
        file = pq.ParquetFile(io.BytesIO(upload.data))
        facts = file.metadata
        check(upload.name, rows=facts.num_rows, columns=facts.num_columns)
        check_table(upload.name, facts.num_rows, len(file.schema_arrow.names))
        columns = [facts.row_group(i).column(j) for i in range(facts.num_row_groups) for j in range(facts.num_columns)]
        numbers = sum(column.num_values * _WIDTHS.get(column.physical_type, 0) for column in columns)
        check_bytes(upload.name, max(numbers, sum(column.total_uncompressed_size for column in columns)))
        texts = {column.path_in_schema for column in columns if column.physical_type not in _WIDTHS}
        _measure_texts(upload, sorted(texts), numbers)


def _measure_texts(upload: Upload, columns: list[str], size: int) -> None:
    """Add up the decoded bytes of text columns, read as dictionaries so that a repeated text is in memory once."""
    import pyarrow.parquet as pq

    if not columns:
        return
    file = pq.ParquetFile(io.BytesIO(upload.data), read_dictionary=columns)
    for batch in file.iter_batches(_BATCH, columns=columns, use_threads=False):
        size += sum(_decoded_bytes(array) for array in batch.columns)
        check_bytes(upload.name, size)


def _decoded_bytes(array: "pa.Array") -> int:
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_nested(array.type):
        return sum(_decoded_bytes(part) for part in _parts(array))
    if not pa.types.is_dictionary(array.type):
        return int(array.nbytes)
    lengths = pc.binary_length(array.dictionary).take(array.indices)
    return int(pc.sum(lengths).as_py() or 0) + 8 * len(array)


def _parts(array: "pa.Array") -> list["pa.Array"]:
    import pyarrow as pa

    if pa.types.is_struct(array.type):
        return list(array.flatten())
    if pa.types.is_map(array.type):
        return [array.keys, array.items]
    return [array.flatten()]


def _check_xlsx(upload: Upload) -> None:
    """Rows, columns and cells of each sheet; a row counts as wide as its last cell, since it is filled up to there."""
    from core.corpus.reading.archives import check_zip_sizes, open_zip

    check_zip_sizes(upload.data, upload.name)
    with open_zip(upload) as archive:
        for member in archive.infolist():
            if member.filename.lower().endswith(".xml"):
                with suppress(*_DAMAGE), archive.open(member) as stream:  # the reader says that it is damaged
                    _SheetSize(upload.name).read(stream)


def _beyond_excel(name: str, what: str, number: int, limit: int) -> InputError:
    message = f'"{name}" has a {what} numbered {number:,}; a sheet has {limit:,} {what}s at most.'
    return InputError(message, "Save it again with a spreadsheet program, or as CSV.")


class _SheetSize:
    """The size of a sheet by its XML, read as a stream."""

    def __init__(self, name: str) -> None:
        self.name, self.budget = name, current_budget()
        self.row = self.column = self.width = self.cells = 0
        self.root = ""
        self._positions: dict[str, int] = {}

    def read(self, stream: Any) -> None:
        """Raises InputError; stops at XML that is no sheet, or damaged."""
        from xml.parsers import expat

        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartElementHandler = self._start
        with suppress(expat.ExpatError, LookupError, ValueError):
            while self.root in ("", "worksheet") and (chunk := stream.read(_CHUNK)):
                parser.Parse(chunk)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        tag = name.rpartition(" ")[2]
        self.root = self.root or tag
        if tag == "c":
            self._cell(attributes.get("r", ""))
        elif tag == "row":
            self._row(attributes.get("r", ""))
        elif tag in ("v", "is") and self.column > self.budget.columns:
            raise over_budget(self.name, "columns", self.column)

    def _row(self, number: str) -> None:
        self.row = int(number) if number.isdecimal() and len(number) < 19 else self.row + 1
        if self.row > EXCEL_ROWS:
            raise _beyond_excel(self.name, "row", self.row, EXCEL_ROWS)
        check(self.name, rows=self.row)
        self.column = self.width = 0

    def _cell(self, reference: str) -> None:
        letters = reference.rstrip("0123456789")
        self.column = self._position(letters) if letters else self.column + 1
        self.cells += max(self.column - self.width, 1)
        self.width = max(self.width, self.column)
        if self.cells > self.budget.cells:
            raise over_budget(self.name, "cells", self.cells)
        if self.column > EXCEL_COLUMNS:
            raise _beyond_excel(self.name, "column", self.column, EXCEL_COLUMNS)

    def _position(self, letters: str) -> int:
        """The number of a column: A is 1, XFD 16,384."""
        if letters not in self._positions:
            number = 0
            for letter in letters[:8].upper():
                number = number * 26 + max(ord(letter) - 64, 0)
            self._positions[letters] = number
        return self._positions[letters]
