"""Rows with more or fewer fields than the header, found by the line they stand on."""

from collections import deque

from core.corpus.reading.records import records
from core.errors import InputError

DELIMITER_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}


def long_row_error(name: str, data: bytes, delimiter: str, quoted: bool) -> InputError:
    """The error for rows with more fields than the header, naming the first."""
    expected, first, found, count = 0, 0, 0, 0
    for begins, record in records(data.decode("utf-8"), delimiter, quoted):
        expected = expected or len(record)
        if len(record) > expected:
            count += 1
            first, found = (first, found) if first else (begins, len(record))
    spelled = DELIMITER_NAMES.get(delimiter, delimiter)
    more = f" {count - 1:,} more rows have the same fault." if count > 1 else ""
    return InputError(
        f'"{name}", line {first:,}: {found} fields where the header has {expected} (delimiter: {spelled}).{more}',
        f'Put cells that contain the {spelled} in quotation marks ("…"), or choose another delimiter.',
    )


def short_row_notes(data: bytes, delimiter: str, quoted: bool) -> list[str]:
    """A note on rows with fewer fields than the header, with their count and the first one's line; [] for none."""
    expected, first, found, count = 0, 0, 0, 0
    for begins, record in records(data.decode("utf-8"), delimiter, quoted):
        expected = expected or len(record)
        if 0 < len(record) < expected:
            count += 1
            first, found = (first, found) if first else (begins, len(record))
    if not count:
        return []
    rows, lie = ("1 row has", "its") if count == 1 else (f"{count:,} rows have", "their")
    where = f"line {first:,} (it has {found})" if count == 1 else f"the first in line {first:,} (it has {found})"
    return [f"{rows} fewer fields than the {expected} of the header, {where}: {lie} last cells are empty."]


def last_record_line(data: bytes, delimiter: str) -> int:
    """The line on which the last record begins, the one that runs to the end of the file."""
    last = deque(records(data.decode("utf-8"), delimiter), maxlen=1)
    return last[0][0] if last else 1
