"""How a delimited file is laid out: whether its first record names the columns, and whether quotes enclose cells."""

import csv
import io
from collections import Counter
from itertools import islice

from core.corpus.reading.records import records

SAMPLE = 65_536  # bytes looked at
_LINES = 200
_SENTENCE, _WORDED = 4, 3.0  # words of a cell that is no name, and of a column of texts on average
_SAME = 0.9


def has_header(data: bytes, delimiter: str, quoted: bool) -> bool:
    """Whether the first record names the columns: not where it holds both a number over a column of numbers and a
    sentence over a column of texts, as files of benchmarks (STS, AG News) do that have no header."""
    try:
        rows = [record for _, record in islice(records(_sample(data), delimiter, quoted), _LINES) if record]
    except csv.Error:
        return True
    if len(rows) < 3:
        return True
    columns = [(name, [row[at] for row in rows[1:-1] if at < len(row) and row[at]]) for at, name in enumerate(rows[0])]
    number = any(_is_number(name) and cells and all(map(_is_number, cells)) for name, cells in columns)
    return not (number and any(len(name.split()) >= _SENTENCE and _mean_words(cells) >= _WORDED for name, cells in columns))


def has_quoted_cells(data: bytes, delimiter: str) -> bool:
    """Whether quotes enclose cells (RFC 4180). In TSV files as benchmarks have them they are plain characters: one
    that closes within a cell, or never, or a record over lines that have as many fields each, tells so."""
    if b'"' not in data:
        return True
    text = data.decode("utf-8")
    lines = [line for line in text.split("\n") if line.strip()]
    try:
        strict = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        count = sum(1 for record in strict if any(record))
    except csv.Error:
        return False
    fields = {line.count(delimiter) for line in lines}
    return len(fields) > 1 or count == len(lines)


def max_fields(data: bytes, delimiter: str, quoted: bool) -> int:
    """The fields of the longest record."""
    return max((len(record) for _, record in records(data.decode("utf-8"), delimiter, quoted)), default=0)


def is_tab_table(data: bytes) -> bool:
    """Whether plain text is a table: two tabs or more in every one of its first lines, or nearly always one."""
    lines = [line for line in _sample(data).split("\n") if line.strip()]
    tabs = [line.count("\t") for line in lines]
    if len(tabs) < 2 or not min(tabs):
        return False
    return min(tabs) > 1 or Counter(tabs).most_common(1)[0][1] >= _SAME * len(tabs)


def _sample(data: bytes) -> str:
    """The beginning as text, without the line it may cut."""
    text = data[:SAMPLE].decode("utf-8", "ignore")
    return text if len(data) <= SAMPLE else text[: text.rfind("\n") + 1]


def _mean_words(cells: list[str]) -> float:
    return sum(len(cell.split()) for cell in cells) / max(len(cells), 1)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
