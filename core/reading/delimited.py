"""CSV and TSV: delimiter found, quoted line ends kept, ragged rows refused by line."""

import csv
import io
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import pandas as pd

from core.errors import InputError
from core.reading.cells import infer_numbers
from core.reading.encodings import to_utf8
from core.reading.values import Part, ReadOptions, Source, Upload

DELIMITERS = (",", ";", "\t", "|")
DELIMITER_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_SAMPLE = 65_536


def read_delimited(upload: Upload, options: ReadOptions, kind: str) -> Part:
    """One CSV or TSV file with a header row. Raises InputError for ragged, unclosed, header-only and empty files."""
    data, encoding = to_utf8(upload.name, upload.data, options.encoding)
    data, notes = _without_nul_bytes(data)
    delimiter = (
        _checked(options.delimiter) if options.delimiter else sniff_delimiter(data, "\t" if kind == "tsv" else ",")
    )
    table, more = parse_delimited(upload.name, data, delimiter)
    header = table.iloc[0].tolist()
    body = table.iloc[1:].reset_index(drop=True)
    if not len(body):
        raise InputError(f'"{upload.name}" has a header row but no rows below it.', "Add rows, or upload another file.")
    body = pd.DataFrame({i: infer_numbers(body.iloc[:, i]) for i in range(body.shape[1])})
    body.columns = pd.Index(["" if pd.isna(name) else name for name in header], dtype=object)
    source = Source(upload.name, kind.upper(), encoding, delimiter, len(body), (*notes, *more))
    return Part(source, body, upload=upload)


def parse_delimited(name: str, data: bytes, delimiter: str, quoted: bool = True) -> tuple[pd.DataFrame, list[str]]:
    """Every record of UTF-8 data as text cells (header included), empty cells missing; and notes."""
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE
    try:
        table = pd.read_csv(
            io.BytesIO(data),
            sep=delimiter,
            header=None,
            dtype=str,
            keep_default_na=False,
            na_values=[""],
            quoting=quoting,
            encoding="utf-8",
        )
    except pd.errors.EmptyDataError as error:
        raise InputError(f'"{name}" holds no rows, only blank lines.', "Upload a header and rows.") from error
    except pd.errors.ParserError as error:
        return _explain(name, data, delimiter, quoted, error)
    return table, []


def sniff_delimiter(data: bytes, usual: str = ",") -> str:
    """The delimiter that splits most of the first records into as many fields as the header, more than one."""
    sample = data[:_SAMPLE].decode("utf-8", "ignore")
    cut = len(data) > _SAMPLE
    scores = {delimiter: _consistency(sample, delimiter, cut) for delimiter in DELIMITERS}
    best = max(scores, key=lambda delimiter: (scores[delimiter], delimiter == usual))
    return best if scores[best] > (0.0, 1) else usual


def _consistency(sample: str, delimiter: str, cut: bool) -> tuple[float, int]:
    """(share of records with the header's number of fields, that number); (0, 1) when the header is one field."""
    with long_fields():
        try:
            records = [
                len(record) for record in csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter) if record
            ]
        except csv.Error:
            return 0.0, 1
    records = records[:-1] if cut and len(records) > 1 else records
    if not records or records[0] < 2:
        return 0.0, 1
    return round(Counter(records)[records[0]] / len(records), 2), records[0]


@contextmanager
def long_fields() -> Iterator[None]:
    """Lets Python's csv module take cells of any length, and sets its limit back."""
    before = csv.field_size_limit(2**31 - 1)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _explain(name: str, data: bytes, delimiter: str, quoted: bool, error: Exception) -> tuple[pd.DataFrame, list[str]]:
    if "EOF inside string" in str(error):
        if quoted and delimiter == "\t":  # TSV files are often written without any quoting
            table, _ = parse_delimited(name, data, delimiter, quoted=False)
            return table, ["Quotation marks were read as plain characters, since they don't pair up."]
        raise InputError(
            f'"{name}" has a quotation mark that is never closed, beginning in line {_open_quote(data, delimiter):,}.',
            'Close it, or write a quotation mark inside a quoted cell twice ("").',
        ) from error
    raise _ragged(name, data, delimiter, quoted) from error


def _open_quote(data: bytes, delimiter: str) -> int:
    """The line on which the last record begins, the one that runs to the end of the file."""
    begins = 1
    reader = csv.reader(io.StringIO(data.decode("utf-8"), newline=""), delimiter=delimiter)
    with long_fields():
        before = 0
        for _ in reader:
            begins, before = before + 1, reader.line_num
    return begins


def _ragged(name: str, data: bytes, delimiter: str, quoted: bool) -> InputError:
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE
    reader = csv.reader(io.StringIO(data.decode("utf-8"), newline=""), delimiter=delimiter, quoting=quoting)
    expected, first, found, count, begins = 0, 0, 0, 0, 1
    with long_fields():
        for record in reader:
            expected = expected or len(record)
            if len(record) > expected:
                count += 1
                first, found = (first, found) if first else (begins, len(record))
            begins = reader.line_num + 1
    spelled = DELIMITER_NAMES.get(delimiter, delimiter)
    more = f" {count - 1:,} more rows have the same fault." if count > 1 else ""
    return InputError(
        f'"{name}", line {first:,}: {found} fields where the header has {expected} (delimiter: {spelled}).{more}',
        f'Put cells that contain the {spelled} in quotation marks ("…"), or choose another delimiter.',
    )


def _checked(delimiter: str) -> str:
    named = {"\\t": "\t", **{value: key for key, value in DELIMITER_NAMES.items()}}.get(delimiter, delimiter)
    if len(named) != 1 or named in '"\r\n\0' or ord(named) > 127:
        raise InputError(f'"{delimiter}" can\'t be a delimiter.', "Choose comma, semicolon, tab, bar or another sign.")
    return named


def _without_nul_bytes(data: bytes) -> tuple[bytes, list[str]]:
    count = data.count(b"\0")
    return (data.replace(b"\0", b""), [f"{count:,} NUL characters were removed."]) if count else (data, [])
