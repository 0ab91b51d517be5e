"""CSV and TSV: detects delimiter, header and quoting, refuses rows that are too long, and reports rows too short."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice

import pandas as pd

from core.corpus.reading.cells import infer_numbers, is_number
from core.corpus.reading.encodings import to_utf8
from core.corpus.reading.layout import (
    NULL,
    Record,
    blank_lines,
    comment_lines,
    count_footer_rows,
    count_heading_rows,
    has_cell_escapes,
    header_line,
    heading_names,
    join_escaped_ends,
    read_sep_line,
    table_width,
    undo_cell_escapes,
    undo_quote_escapes,
)
from core.corpus.reading.values import ParsedFile, ReadOptions, Source, Upload
from core.errors import InputError

DELIMITER_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
PLAIN_QUOTES = "Quotation marks were read as plain characters, since they don't enclose whole cells."
NO_HEADER = "No header row found; columns are numbered."
_SAMPLE = 65_536  # bytes read to detect the format
_SAMPLE_RECORDS = 200
_SENTENCE_WORDS, _TEXT_WORDS = 4, 3.0  # words of a cell that is no name; mean words of a column of texts
_LINE_LENGTH = 60  # characters of a line that a note quotes
_TAB_SHARE = 0.9  # of the lines of a table that have the same number of tabs
# once, for the whole process: the limit is shared by all threads, so setting it back would fail another's reading
csv.field_size_limit(2**31 - 1)


def read_delimited(upload: Upload, options: ReadOptions, kind: str) -> ParsedFile:
    """One CSV or TSV file; columns are numbered where it has no header row. Raises InputError for rows that are too
    long, unclosed quotes, and no rows."""
    decoded = to_utf8(upload.name, upload.data, options.encoding)
    nuls, data = decoded.data.count(b"\0"), decoded.data.replace(b"\0", b"")
    notes = [*decoded.notes, *([f"{nuls:,} NUL characters were removed."] if nuls else [])]
    data, delimiter, more = _find_table(data, options.delimiter, "\t" if kind == "tsv" else ",")
    data, quoted, escaped, escape_notes = _undo_escapes(data, delimiter)
    names, body, table_notes = _parse_table(upload.name, data, delimiter, quoted)
    if not len(body):
        raise InputError(f'"{upload.name}" has a header row but no rows below it.', "Add rows, or upload another file.")
    body, null_notes = _mark_missing(body, escaped)
    names, body, descriptions, heading_notes = _split_headings(names, body, data, delimiter, quoted)
    columns = [infer_numbers(body.iloc[:, i], name) for i, name in enumerate(names)]
    notes += [*more, *escape_notes, *table_notes, *null_notes, *heading_notes, *(note for _, note in columns if note)]
    body = pd.DataFrame({i: column for i, (column, _) in enumerate(columns)}).set_axis(
        pd.Index(names, dtype=object), axis=1
    )
    source = Source(
        upload.name, kind.upper(), decoded.encoding, delimiter, len(body), tuple(notes), decoded.alternatives
    )
    return ParsedFile(source, body, upload=upload, descriptions=tuple(descriptions))


def _find_table(data: bytes, requested: str | None, usual: str) -> tuple[bytes, str, list[str]]:
    """Data with the lines above the header and comments made blank, the delimiter, and notes."""
    data, hint = read_sep_line(data)
    notes = ['The first line, "sep=", names the delimiter and is not a row.'] if hint else []
    delimiter = _parse_delimiter(requested or hint) if requested or hint else sniff_delimiter(data, usual)
    width = table_width(_sample_records(data, delimiter))
    if data.startswith(b"#") or b"\n#" in data:
        comments = comment_lines(_all_records(data, delimiter), width) if width > 1 else []
        data = blank_lines(data, comments)
        many = f"{len(comments):,} comment {'line' if len(comments) == 1 else 'lines'} (beginning with #)"
        notes += [f"Left out {many}."] if comments else []
    rows = _sample_records(data, delimiter)
    header = header_line(rows)
    titles = [row for row in rows if row.fields and row.line < header]
    if titles:
        data = blank_lines(data, range(1, header))
        begin = delimiter.join(titles[0].fields).strip(delimiter)[:_LINE_LENGTH]
        notes.append(f'Left out what stands above the header in line {header:,} ("{begin}").')
    return data, delimiter, notes


def _undo_escapes(data: bytes, delimiter: str) -> tuple[bytes, bool, bool, list[str]]:
    """Data with quotes as in RFC 4180, whether quotes enclose cells, whether cells must be unescaped, and notes."""
    undone = undo_quote_escapes(data, delimiter)
    if undone is not None:
        return undone, True, False, [r"Quotation marks are escaped by backslashes (\") in this file; this was undone."]
    quoted = delimiter != "\t" or has_quoted_cells(data, delimiter)
    encloses = quoted and re.search(rb"(?:^|[\r\n]|" + re.escape(delimiter.encode()) + rb')"', data)
    if encloses or not has_cell_escapes(data, delimiter):
        return data, quoted, False, []
    return join_escaped_ends(data), False, True, [r"Backslash escapes (\t, \n, \\, \N) were undone."]


def _parse_table(name: str, data: bytes, delimiter: str, quoted: bool) -> tuple[list[str], pd.DataFrame, list[str]]:
    """Names of columns, rows of text cells without totals below them, and notes."""
    notes = [] if quoted or b'"' not in data else [PLAIN_QUOTES]
    if not has_header(data, delimiter, quoted):
        body, more = _parse_without_header(name, data, delimiter, quoted)
        return list(body.columns), body, [*notes, *more]
    table, more = parse_delimited(name, data, delimiter, quoted)
    footer = count_footer_rows(table, data) if table.shape[1] > 1 else 0
    if footer:
        begin = str(table.iloc[-footer, 0])[:_LINE_LENGTH]
        lines = data.rstrip().split(b"\n" if b"\n" in data else b"\r")
        filled = [at for at, line in enumerate(lines, start=1) if line.strip(b" \t\r,;|")]
        table, more = parse_delimited(name, blank_lines(data.rstrip(), filled[-footer:]), delimiter, quoted)
        rows = "1 row" if footer == 1 else f"{footer} rows"
        more = [*more, f'Left out {rows} below the table ("{begin}").']
    header = ["" if pd.isna(cell) else str(cell) for cell in table.iloc[0]]
    return header, table.iloc[1:].reset_index(drop=True), [*notes, *more]


def _mark_missing(body: pd.DataFrame, escaped: bool) -> tuple[pd.DataFrame, list[str]]:
    r"""Cells that are \N made missing, and other cells unescaped where the file is escaped."""
    nulls = body == NULL
    if not escaped and not nulls.to_numpy().any():
        return body, []
    columns = {i: body.iloc[:, i] for i in range(body.shape[1])}
    columns = {i: undo_cell_escapes(column) if escaped else column for i, column in columns.items()}
    marked = pd.DataFrame({i: column.mask(nulls.iloc[:, i]) for i, column in columns.items()})
    count = int(nulls.to_numpy().sum())
    return marked, [f"{count:,} {'cell' if count == 1 else 'cells'} \\N were read as missing."] if count else []


def _split_headings(
    names: list[str], body: pd.DataFrame, data: bytes, delimiter: str, quoted: bool
) -> tuple[list[str], pd.DataFrame, list[str], list[str]]:
    """Names, rows, descriptions of columns ([]: none) and notes, where further rows below the names are headings."""
    count = count_heading_rows(names, body) if body.shape[1] > 1 else 0
    if not count:
        return names, body, [], []
    names, descriptions = heading_names(names, body.head(count))
    rows = [row for row in _sample_records(data, delimiter, quoted) if row.fields]
    lines = f"Lines {rows[0].line} to {rows[count + 1].line - 1}" if len(rows) > count + 1 else "The first lines"
    note = f"{lines} were read as headings; what they hold below the names describes the columns."
    return names, body.iloc[count:].reset_index(drop=True), descriptions, [note]


def records(text: str, delimiter: str, quoted: bool = True) -> Iterator[tuple[int, list[str]]]:
    """(first line number, fields) of each record, [] for a blank line; cells of any length. Raises csv.Error."""
    stream = io.StringIO(text, newline="")
    reader = csv.reader(stream, delimiter=delimiter, quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE)
    line = 1
    for record in reader:
        yield line, record if len(record) > 1 or "".join(record).strip(" \t") else []
        line = reader.line_num + 1


def _all_records(data: bytes, delimiter: str, quoted: bool = True) -> list[Record]:
    try:
        return [Record(*row) for row in records(data.decode("utf-8"), delimiter, quoted)]
    except csv.Error:
        return []


def _sample_records(data: bytes, delimiter: str, quoted: bool = True) -> list[Record]:
    """The first records; [] for text that can't be split."""
    return _all_records(_sample(data).encode(), delimiter, quoted)[:_SAMPLE_RECORDS]


def nonblank_records(text: str, delimiter: str, quoted: bool = True, limit: int | None = None) -> list[list[str]]:
    """The fields of each of the first `limit` records that isn't blank; [] for text that can't be split."""
    try:
        return [record for _, record in islice(records(text, delimiter, quoted), limit) if record]
    except csv.Error:
        return []


def _sample(data: bytes) -> str:
    """The beginning as text, without the line it may cut."""
    text = data[:_SAMPLE].decode("utf-8", "ignore")
    return text if len(data) <= _SAMPLE else text[: text.rfind("\n") + 1]


def sniff_delimiter(data: bytes, usual: str = ",") -> str:
    """The delimiter that splits most of the first records into as many fields as the header, more than one, rather
    without titles above the header."""
    sample, is_cut = data[:_SAMPLE].decode("utf-8", "ignore").encode(), len(data) > _SAMPLE
    scores = {delimiter: _consistency(sample, delimiter, is_cut) for delimiter in DELIMITER_NAMES}
    best = max(scores, key=lambda delimiter: (scores[delimiter], delimiter == usual))
    return best if scores[best][0] else usual


def _consistency(sample: bytes, delimiter: str, is_cut: bool) -> tuple[float, bool, int]:
    """(share of records with the header's number of fields, whether it is the first record, that number); a share of 0
    when the header is one field."""
    rows = [row for row in _all_records(sample, delimiter) if row.fields]
    rows = rows[:-1] if is_cut and len(rows) > 1 else rows
    header = header_line(rows)
    sizes = [len(row.fields) for row in rows if row.line >= header]
    if not sizes or sizes[0] < 2:
        return 0.0, False, 1
    return round(Counter(sizes)[sizes[0]] / len(sizes), 2), header == rows[0].line, sizes[0]


def has_header(data: bytes, delimiter: str, quoted: bool) -> bool:
    """Whether the first record names the columns: not if it has both a number in a column of numbers and a sentence in
    a column of texts, as files of benchmarks without a header do (STS, AG News)."""
    rows = nonblank_records(_sample(data), delimiter, quoted, _SAMPLE_RECORDS)
    if len(rows) < 3:
        return True
    columns = [(name, [row[i] for row in rows[1:-1] if i < len(row) and row[i]]) for i, name in enumerate(rows[0])]
    numbers = any(is_number(name) and cells and all(map(is_number, cells)) for name, cells in columns)
    texts = any(len(name.split()) >= _SENTENCE_WORDS and _mean_words(cells) >= _TEXT_WORDS for name, cells in columns)
    return not (numbers and texts)


def _mean_words(cells: list[str]) -> float:
    return sum(len(cell.split()) for cell in cells) / max(len(cells), 1)


def has_quoted_cells(data: bytes, delimiter: str) -> bool:
    """Whether quotes enclose cells (RFC 4180). In TSV files of benchmarks they are plain characters: some quote is
    closed within a cell, or never, or a record spans lines that have as many fields each."""
    if b'"' not in data:
        return True
    text = data.decode("utf-8")
    lines = [line for line in text.split("\n") if line.strip("\r")]
    try:
        count = sum(map(bool, csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)))
    except csv.Error:
        return False
    return delimiter not in text or len({line.count(delimiter) for line in lines}) > 1 or count == len(lines)


def is_tab_table(data: bytes) -> bool:
    """Whether plain text is a table: every one of its first lines has two tabs or more, or nearly all have one."""
    tabs = [line.count("\t") for line in _sample(data).split("\n") if line.strip()]
    regular = len(tabs) >= 2 and (min(tabs) > 1 or Counter(tabs).most_common(1)[0][1] >= _TAB_SHARE * len(tabs))
    return regular and min(tabs) > 0


def _parse_without_header(name: str, data: bytes, delimiter: str, quoted: bool) -> tuple[pd.DataFrame, list[str]]:
    """The table of a file without a header, whose rows may end early, and a note."""
    fields = max((len(record) for _, record in records(data.decode("utf-8"), delimiter, quoted)), default=0)
    names = [f"column {number}" for number in range(1, fields + 1)]
    table, _ = parse_delimited(name, delimiter.join(names).encode() + b"\n" + data, delimiter, quoted)
    return table.iloc[1:].reset_index(drop=True).set_axis(names, axis=1), [NO_HEADER]


def parse_delimited(name: str, data: bytes, delimiter: str, quoted: bool = True) -> tuple[pd.DataFrame, list[str]]:
    """Every record of UTF-8 data as text cells (header included), empty cells missing; and notes."""
    single = _is_single_column(data, delimiter, quoted)
    try:
        table = pd.read_csv(
            io.BytesIO(data.lstrip(b" \t\r\n") if single else data), sep=delimiter, header=None, dtype=str,
            keep_default_na=False, na_values=[""], encoding="utf-8", skip_blank_lines=not single,
            quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE,
            engine="c" if delimiter.isascii() else "python",  # pandas' own engine takes one byte
        )  # fmt: skip
    except pd.errors.EmptyDataError as error:
        raise InputError(f'"{name}" holds no rows, only blank lines.', "Upload a header and rows.") from error
    except pd.errors.ParserError as error:
        raise _parser_error(name, data, delimiter, quoted, str(error)) from error
    if single:
        return _with_blank_rows(table)
    # pandas fills short rows up, so a file without missing cells in its last column has none
    return table, _short_row_notes(data, delimiter, quoted) if table.iloc[:, -1].isna().any() else []


def _is_single_column(data: bytes, delimiter: str, quoted: bool) -> bool:
    """Whether the header is one field; a blank line is then a row without text, else it is no row."""
    rows = nonblank_records(data[:_SAMPLE].decode("utf-8", "ignore"), delimiter, quoted)
    return bool(rows) and len(rows[0]) == 1


def _with_blank_rows(table: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """One column with its blank lines as empty rows, except those at the end; and notes on both."""
    blank = table.iloc[:, 0].isna()
    end = int(blank.to_numpy()[::-1].argmin()) if not blank.all() else 0
    trimmed = table.iloc[: len(table) - end]
    inner = int(blank.sum()) - end
    notes = [f"{inner:,} blank {'line was' if inner == 1 else 'lines were'} read as empty rows."] if inner else []
    if end and len(trimmed) > 1:
        notes.append(f"{end:,} blank {'line' if end == 1 else 'lines'} at the end of the file skipped.")
    return trimmed, notes


def _uneven_rows(data: bytes, delimiter: str, quoted: bool, longer: bool) -> tuple[int, list[tuple[int, int]]]:
    """Fields of the header, and (line, fields) of each row with more fields, or with fewer."""
    lines = ((line, len(record)) for line, record in records(data.decode("utf-8"), delimiter, quoted) if record)
    _, expected = next(lines, (1, 0))
    return expected, [(line, fields) for line, fields in lines if (fields > expected if longer else fields < expected)]


def _parser_error(name: str, data: bytes, delimiter: str, quoted: bool, message: str) -> InputError:
    """What is wrong with a file that pandas can't parse: an unclosed quote, or rows with too many fields."""
    if "EOF inside string" in message:
        line = max((line for line, _ in records(data.decode("utf-8"), delimiter)), default=1)
        remedy = 'Close it, or write a quotation mark inside a quoted cell twice ("").'
        return InputError(f'"{name}" has a quotation mark that is never closed, beginning in line {line:,}.', remedy)
    expected, rows = _uneven_rows(data, delimiter, quoted, longer=True)
    line, fields = rows[0] if rows else (0, 0)
    spelled = DELIMITER_NAMES.get(delimiter, delimiter)
    more = f" {len(rows) - 1:,} more rows have the same problem." if len(rows) > 1 else ""
    return InputError(
        f'"{name}", line {line:,}: {fields} fields where the header has {expected} (delimiter: {spelled}).{more}',
        f'Put cells that contain the {spelled} in quotation marks ("…"), or choose another delimiter.',
    )


def _short_row_notes(data: bytes, delimiter: str, quoted: bool) -> list[str]:
    expected, rows = _uneven_rows(data, delimiter, quoted, longer=False)
    if not rows:
        return []
    line, fields = rows[0]
    if len(rows) == 1:
        return [f"Line {line:,} has fewer fields ({fields}) than the header ({expected}); its last cells are empty."]
    first = f"the first in line {line:,} ({fields})"
    return [f"{len(rows):,} rows have fewer fields than the header ({expected}), {first}; their last cells are empty."]


def _parse_delimiter(delimiter: str) -> str:
    """The character of a delimiter given as itself or by its name. Raises InputError."""
    sign = {"\\t": "\t", **{name: sign for sign, name in DELIMITER_NAMES.items()}}.get(delimiter, delimiter)
    if len(sign) != 1 or sign in '"\r\n\0' or not (sign.isprintable() or sign == "\t"):
        raise InputError(f'"{delimiter}" can\'t be a delimiter.', "Choose comma, semicolon, tab, bar or another one.")
    return sign
