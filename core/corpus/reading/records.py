"""Records of delimited text, by Python's csv module, which also knows the lines they stand on."""

import csv
import io
from collections.abc import Iterator
from typing import Literal

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
