"""CSV and TSV: delimiter and header found, quoted line ends kept, too long rows refused by line, short ones noted."""

import csv
import io
from collections import Counter, deque
from collections.abc import Iterator
from itertools import islice
from typing import Literal

import pandas as pd

from core.corpus.reading.cells import infer_numbers
from core.corpus.reading.encodings import to_utf8
from core.corpus.reading.values import ParsedFile, ReadOptions, Source, Upload
from core.errors import InputError

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
    return not (
        number and any(len(name.split()) >= _SENTENCE and _mean_words(cells) >= _WORDED for name, cells in columns)
    )


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


DELIMITER_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}


def long_row_error(name: str, data: bytes, delimiter: str, quoted: bool) -> InputError:
    """The error for rows with more fields than the header, naming the first."""
    expected, first, fields, count = 0, 0, 0, 0
    for begins, record in records(data.decode("utf-8"), delimiter, quoted):
        expected = expected or len(record)
        if len(record) > expected:
            count += 1
            first, fields = (first, fields) if first else (begins, len(record))
    spelled = DELIMITER_NAMES.get(delimiter, delimiter)
    more = f" {count - 1:,} more rows have the same fault." if count > 1 else ""
    return InputError(
        f'"{name}", line {first:,}: {fields} fields where the header has {expected} (delimiter: {spelled}).{more}',
        f'Put cells that contain the {spelled} in quotation marks ("…"), or choose another delimiter.',
    )


def short_row_notes(data: bytes, delimiter: str, quoted: bool) -> list[str]:
    """A note on rows with fewer fields than the header, with their count and the first one's line; [] for none."""
    expected, first, fields, count = 0, 0, 0, 0
    for begins, record in records(data.decode("utf-8"), delimiter, quoted):
        expected = expected or len(record)
        if 0 < len(record) < expected:
            count += 1
            first, fields = (first, fields) if first else (begins, len(record))
    if not count:
        return []
    rows, lie = ("1 row has", "its") if count == 1 else (f"{count:,} rows have", "their")
    where = f"line {first:,} (it has {fields})" if count == 1 else f"the first in line {first:,} (it has {fields})"
    return [f"{rows} fewer fields than the {expected} of the header, {where}: {lie} last cells are empty."]


def last_record_line(data: bytes, delimiter: str) -> int:
    """The line on which the last record begins, the one that runs to the end of the file."""
    last = deque(records(data.decode("utf-8"), delimiter), maxlen=1)
    return last[0][0] if last else 1


# once, for the whole process: the limit is shared by all threads, so setting it back would fail another's reading
csv.field_size_limit(2**31 - 1)


def records(text: str, delimiter: str, quoted: bool = True) -> Iterator[tuple[int, list[str]]]:
    """(line it begins on, fields) of each record, [] for a blank line; cells of any length. Raises csv.Error."""
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting)
    begins = 1
    for record in reader:
        yield begins, record if len(record) > 1 or "".join(record).strip(" \t") else []
        begins = reader.line_num + 1


DELIMITERS = tuple(DELIMITER_NAMES)
PLAIN_QUOTES = "Quotation marks were read as plain characters, since they don't enclose whole cells."
NO_HEADER = "The first line holds data rather than names, so it was read as a row and the columns are numbered."
_SAMPLE = 65_536


def read_delimited(upload: Upload, options: ReadOptions, kind: str) -> ParsedFile:
    """One CSV or TSV file; columns are numbered where it has no header row. Raises InputError for too long rows,
    unclosed quotes, and no rows."""
    data, encoding = to_utf8(upload.name, upload.data, options.encoding)
    data, notes = _without_nul_bytes(data)
    delimiter = (
        _checked(options.delimiter) if options.delimiter else sniff_delimiter(data, "\t" if kind == "tsv" else ",")
    )
    quoted = delimiter != "\t" or has_quoted_cells(data, delimiter)
    if has_header(data, delimiter, quoted):
        table, more = parse_delimited(upload.name, data, delimiter, quoted)
        header, body = table.iloc[0].tolist(), table.iloc[1:].reset_index(drop=True)
    else:
        body, more = _numbered(upload.name, data, delimiter, quoted)
        header = list(body.columns)
    if not len(body):
        raise InputError(f'"{upload.name}" has a header row but no rows below it.', "Add rows, or upload another file.")
    more = more if quoted else [PLAIN_QUOTES, *more]
    body = pd.DataFrame({i: infer_numbers(body.iloc[:, i]) for i in range(body.shape[1])})
    body.columns = pd.Index(["" if pd.isna(name) else name for name in header], dtype=object)
    source = Source(upload.name, kind.upper(), encoding, delimiter, len(body), (*notes, *more))
    return ParsedFile(source, body, upload=upload)


def _numbered(name: str, data: bytes, delimiter: str, quoted: bool) -> tuple[pd.DataFrame, list[str]]:
    """The table of a file without a header, whose rows may end early, and a note."""
    names = [f"column {position + 1}" for position in range(max_fields(data, delimiter, quoted))]
    begin = delimiter.join(names).encode() + b"\n"
    table, _ = parse_delimited(name, begin + data, delimiter, quoted)
    return table.iloc[1:].reset_index(drop=True).set_axis(names, axis=1), [NO_HEADER]


def parse_delimited(name: str, data: bytes, delimiter: str, quoted: bool = True) -> tuple[pd.DataFrame, list[str]]:
    """Every record of UTF-8 data as text cells (header included), empty cells missing; and notes."""
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE
    single = _is_single(data, delimiter, quoted)
    try:
        table = pd.read_csv(
            io.BytesIO(data.lstrip(b" \t\r\n") if single else data),
            sep=delimiter,
            header=None,
            dtype=str,
            keep_default_na=False,
            na_values=[""],
            quoting=quoting,
            encoding="utf-8",
            skip_blank_lines=not single,
        )
    except pd.errors.EmptyDataError as error:
        raise InputError(f'"{name}" holds no rows, only blank lines.', "Upload a header and rows.") from error
    except pd.errors.ParserError as error:
        return _explain(name, data, delimiter, quoted, error)
    if single:
        return _with_blank_rows(table)
    # a row that was filled up lacks its last cell, so that files without such a row need no second look
    return table, short_row_notes(data, delimiter, quoted) if table.iloc[:, -1].isna().any() else []


def _is_single(data: bytes, delimiter: str, quoted: bool) -> bool:
    """Whether the header is one field; a blank line is then a row without text, and else no row."""
    sample = data[:_SAMPLE].decode("utf-8", "ignore")
    try:
        return next((len(record) == 1 for _, record in records(sample, delimiter, quoted) if record), False)
    except csv.Error:
        return False


def _with_blank_rows(table: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """One column with its blank lines as empty rows, those at the end left out; and notes on both."""
    blank = table.iloc[:, 0].isna()
    end = int(blank.to_numpy()[::-1].argmin()) if not blank.all() else 0
    trimmed = table.iloc[: len(table) - end]
    inner = int(blank.sum()) - end
    notes = [f"{inner:,} blank {'line is' if inner == 1 else 'lines are'} kept as empty rows."] if inner else []
    if end and len(trimmed) > 1:
        notes.append(f"{end:,} blank {'line' if end == 1 else 'lines'} at the end of the file left out.")
    return trimmed, notes


def sniff_delimiter(data: bytes, usual: str = ",") -> str:
    """The delimiter that splits most of the first records into as many fields as the header, more than one."""
    sample = data[:_SAMPLE].decode("utf-8", "ignore")
    cut = len(data) > _SAMPLE
    scores = {delimiter: _consistency(sample, delimiter, cut) for delimiter in DELIMITERS}
    best = max(scores, key=lambda delimiter: (scores[delimiter], delimiter == usual))
    return best if scores[best] > (0.0, 1) else usual


def _consistency(sample: str, delimiter: str, cut: bool) -> tuple[float, int]:
    """(share of records with the header's number of fields, that number); (0, 1) when the header is one field."""
    try:
        sizes = [len(record) for _, record in records(sample, delimiter) if record]
    except csv.Error:
        return 0.0, 1
    sizes = sizes[:-1] if cut and len(sizes) > 1 else sizes
    if not sizes or sizes[0] < 2:
        return 0.0, 1
    return round(Counter(sizes)[sizes[0]] / len(sizes), 2), sizes[0]


def _explain(name: str, data: bytes, delimiter: str, quoted: bool, error: Exception) -> tuple[pd.DataFrame, list[str]]:
    if "EOF inside string" in str(error):
        raise InputError(
            f'"{name}" has a quotation mark that is never closed, beginning in line {last_record_line(data, delimiter):,}.',
            'Close it, or write a quotation mark inside a quoted cell twice ("").',
        ) from error
    raise long_row_error(name, data, delimiter, quoted) from error


def _checked(delimiter: str) -> str:
    named = {"\\t": "\t", **{value: key for key, value in DELIMITER_NAMES.items()}}.get(delimiter, delimiter)
    if len(named) != 1 or named in '"\r\n\0' or ord(named) > 127:
        raise InputError(f'"{delimiter}" can\'t be a delimiter.', "Choose comma, semicolon, tab, bar or another sign.")
    return named


def _without_nul_bytes(data: bytes) -> tuple[bytes, list[str]]:
    count = data.count(b"\0")
    return (data.replace(b"\0", b""), [f"{count:,} NUL characters were removed."]) if count else (data, [])
