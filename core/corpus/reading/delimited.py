"""CSV and TSV: detects delimiter, header and quoting, refuses rows that are too long, and reports rows too short."""

import csv
import io
from collections import Counter
from collections.abc import Iterator
from itertools import islice

import pandas as pd

from core.corpus.reading.cells import infer_numbers, is_number
from core.corpus.reading.encodings import to_utf8
from core.corpus.reading.values import ParsedFile, ReadOptions, Source, Upload
from core.errors import InputError

DELIMITER_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
PLAIN_QUOTES = "Quotation marks were read as plain characters, since they don't enclose whole cells."
NO_HEADER = "No header row found; columns are numbered."
_SAMPLE = 65_536  # bytes read to detect the format
_SAMPLE_RECORDS = 200
_SENTENCE_WORDS, _TEXT_WORDS = 4, 3.0  # words of a cell that is no name; mean words of a column of texts
_TAB_SHARE = 0.9  # of the lines of a table that have the same number of tabs
# once, for the whole process: the limit is shared by all threads, so setting it back would fail another's reading
csv.field_size_limit(2**31 - 1)


def read_delimited(upload: Upload, options: ReadOptions, kind: str) -> ParsedFile:
    """One CSV or TSV file; columns are numbered where it has no header row. Raises InputError for rows that are too
    long, unclosed quotes, and no rows."""
    decoded = to_utf8(upload.name, upload.data, options.encoding)
    nuls, data = decoded.data.count(b"\0"), decoded.data.replace(b"\0", b"")
    notes = [*decoded.notes, *([f"{nuls:,} NUL characters were removed."] if nuls else [])]
    usual = "\t" if kind == "tsv" else ","
    delimiter = _parse_delimiter(options.delimiter) if options.delimiter else sniff_delimiter(data, usual)
    quoted = delimiter != "\t" or has_quoted_cells(data, delimiter)
    if has_header(data, delimiter, quoted):
        table, more = parse_delimited(upload.name, data, delimiter, quoted)
        header, body = table.iloc[0].tolist(), table.iloc[1:].reset_index(drop=True)
    else:
        body, more = _parse_without_header(upload.name, data, delimiter, quoted)
        header = list(body.columns)
    if not len(body):
        raise InputError(f'"{upload.name}" has a header row but no rows below it.', "Add rows, or upload another file.")
    notes += more if quoted else [PLAIN_QUOTES, *more]
    names = pd.Index(["" if pd.isna(name) else name for name in header], dtype=object)
    body = pd.DataFrame({i: infer_numbers(body.iloc[:, i]) for i in range(body.shape[1])}).set_axis(names, axis=1)
    source = Source(
        upload.name, kind.upper(), decoded.encoding, delimiter, len(body), tuple(notes), decoded.alternatives
    )
    return ParsedFile(source, body, upload=upload)


def records(text: str, delimiter: str, quoted: bool = True) -> Iterator[tuple[int, list[str]]]:
    """(first line number, fields) of each record, [] for a blank line; cells of any length. Raises csv.Error."""
    stream = io.StringIO(text, newline="")
    reader = csv.reader(stream, delimiter=delimiter, quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE)
    line = 1
    for record in reader:
        yield line, record if len(record) > 1 or "".join(record).strip(" \t") else []
        line = reader.line_num + 1


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
    """The delimiter that splits most of the first records into as many fields as the header, more than one."""
    sample, is_cut = data[:_SAMPLE].decode("utf-8", "ignore"), len(data) > _SAMPLE
    scores = {delimiter: _consistency(sample, delimiter, is_cut) for delimiter in DELIMITER_NAMES}
    best = max(scores, key=lambda delimiter: (scores[delimiter], delimiter == usual))
    return best if scores[best] > (0.0, 1) else usual


def _consistency(sample: str, delimiter: str, is_cut: bool) -> tuple[float, int]:
    """(share of records with the header's number of fields, that number); (0, 1) when the header is one field."""
    sizes = [len(record) for record in nonblank_records(sample, delimiter)]
    sizes = sizes[:-1] if is_cut and len(sizes) > 1 else sizes
    if not sizes or sizes[0] < 2:
        return 0.0, 1
    return round(Counter(sizes)[sizes[0]] / len(sizes), 2), sizes[0]


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
    lines = [line for line in text.split("\n") if line.strip()]
    try:
        count = sum(map(any, csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)))
    except csv.Error:
        return False
    return len({line.count(delimiter) for line in lines}) > 1 or count == len(lines)


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
    notes = [f"{inner:,} blank {'line is' if inner == 1 else 'lines are'} kept as empty rows."] if inner else []
    if end and len(trimmed) > 1:
        notes.append(f"{end:,} blank {'line' if end == 1 else 'lines'} at the end of the file left out.")
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
    if len(sign) != 1 or sign in '"\r\n\0' or ord(sign) > 127:
        raise InputError(f'"{delimiter}" can\'t be a delimiter.', "Choose comma, semicolon, tab, bar or another one.")
    return sign
