"""What surrounds the table in a delimited file (`sep=` lines, comments, titles, totals), backslash escapes, and further
heading rows, as exports of databases, reports and survey services have them."""

import csv
import io
import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

import pandas as pd

from core.corpus.reading.cells import is_number
from core.corpus.reading.times import time_share

_SEP_LINE = re.compile(rb'\s*"?sep=(\\t|[\xc2-\xf4][\x80-\xbf]+|[^\r\n"])"?[^\r\n\w]*(?=\r|\n)', re.IGNORECASE)
_TOTAL = re.compile(r"\W*((grand )?totals?|sum|summe|gesamt(summe)?|suma|somme|合计|总计)\W*", re.IGNORECASE)
_IMPORT_ID = re.compile(r'\s*\{\s*"ImportId"\s*:')  # Qualtrics' third heading row
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)
_UNESCAPED = {"t": "\t", "n": "\n", "r": "\r", "0": "", "\\": "\\", "N": "\\N", '"': '"', "'": "'"}
_PATH = re.compile(rb"(?:^|[\s\t,;\"])[A-Za-z]:\\|\\\\\w+\\")
_MAX_PREAMBLE, _MAX_FOOTER, _MAX_HEADINGS = 30, 5, 2
_NAME_WORDS = 6  # more words are an answer or a title, not a name or a sub-heading
HEADING_SAMPLE = 200  # rows that decide which of them are headings
_TIME_SHARE = 0.9  # of the cells of a column of times
_TAIL = 20_000  # bytes of the end of a file in which totals stand
_MIN_ROWS = 3  # rows below a title that show how many columns a table has
NULL = "\\N"  # a missing cell of MySQL, PostgreSQL and Hive


class Record(NamedTuple):
    """line: of its beginning, from 1; fields: [] for a blank line."""

    line: int
    fields: list[str]


def read_sep_line(data: bytes) -> tuple[bytes, str]:
    """Data whose first line `sep=;` (Excel's) is blank, and its delimiter; as it is, and "", without such a line."""
    match = _SEP_LINE.match(data[:100])
    if not match:
        return data, ""
    return data[match.end() :], match[1].decode("utf-8", "replace").replace("\\t", "\t")


def header_line(rows: Sequence[Record]) -> int:
    """The line of the header: the first that is not blank, except below titles of a report."""
    filled = [row for row in rows if row.fields]
    width = table_width(rows)
    start = next((at for at, row in enumerate(filled) if _is_table_row(row.fields, width)), 0) if width > 1 else 0
    is_header = _is_preamble(filled[:start], filled[start:], rows, width)
    return filled[start if is_header else 0].line if filled else 1


def comment_lines(rows: Iterable[Record], width: int) -> list[int]:
    """Lines that begin with # and have fewer fields than the table, or stand above it: "# like this"."""
    lines, is_above = [], True
    for row in rows:
        is_comment = bool(row.fields) and row.fields[0].lstrip().startswith("#")
        if is_comment and (len(row.fields) < width or (is_above and row.fields[0].lstrip().startswith("# "))):
            lines.append(row.line)
        is_above = is_above and (is_comment or not row.fields)
    return lines


def table_width(rows: Sequence[Record]) -> int:
    """The number of fields of most records; that of the first one where as many have it."""
    filled = [row for row in rows if row.fields]
    counts = Counter(len(row.fields) for row in filled)
    return max(counts, key=lambda size: (counts[size], size == len(filled[0].fields))) if counts else 0


def _is_table_row(fields: list[str], width: int) -> bool:
    return len(fields) >= width and sum(bool(cell.strip()) for cell in fields) > width // 2


def _is_preamble(above: Sequence[Record], below: Sequence[Record], rows: Sequence[Record], width: int) -> bool:
    """Whether records above a possible header are titles: of one filled cell (two above a wide table), and the header
    is names only. A blank line below them, several of them or a wide table must support it."""
    if not above or len(above) > _MAX_PREAMBLE or len(below) <= _MIN_ROWS:
        return False
    sizes = [sum(bool(cell.strip()) for cell in row.fields) for row in above]
    names = below[0].fields  # a blank after a delimiter is prose
    is_named = all(re.fullmatch(r"\S.*[^\W\d].*|[^\W\d]", name) and len(name.split()) <= _NAME_WORDS for name in names)
    blank = any(not row.fields and above[-1].line < row.line < below[0].line for row in rows)
    return max(sizes) <= (2 if width >= 4 else 1) and is_named and (blank or len(above) > 1 or width > 2)


def count_footer_rows(table: pd.DataFrame, data: bytes) -> int:
    """How many rows at the end are no rows of the table: totals, and remarks of one cell below a blank line."""
    lines = [line.strip() for line in data[-_TAIL:].decode("utf-8", "ignore").splitlines()]
    while lines and not lines[-1]:
        lines.pop()
    count, width = 0, table.shape[1]
    for size in range(1, min(_MAX_FOOTER, len(table) - _MIN_ROWS) + 1):
        row = table.iloc[-size]
        filled, first = int(row.notna().sum()), row.iloc[0]
        if pd.isna(first) or filled == width or len(lines) <= size or not lines[-1].strip():
            break
        is_last = lines[-1].startswith((first, f'"{first}'))
        below_blank = filled == 1 and is_last and not lines[-2].strip(" \t,;|")
        is_total = width > 2 and is_last and _TOTAL.fullmatch(first) is not None
        if not (filled == 1 or is_total):
            break
        lines.pop()
        count = size if is_total or below_blank else count
        while lines and not lines[-1].strip(" \t,;|"):
            lines.pop()
    return count


def blank_lines(data: bytes, numbers: Collection[int]) -> bytes:
    """Data with these lines (from 1) made blank, so that all others have the numbers that they had."""
    end = b"\n" if b"\n" in data else b"\r"
    lines = data.split(end)
    for number in numbers:
        lines[number - 1] = b""
    return end.join(lines)


def undo_quote_escapes(data: bytes, delimiter: str) -> bytes | None:
    r"""Data with \" inside quoted cells written "" and \\ written \, if only this reading is even; else None."""
    if b'\\"' not in data or _is_even(data, delimiter):
        return None
    undone = _ESCAPED.sub(lambda match: {b'"': b'""', b"\\": b"\\"}.get(match[1], match[0]), data)
    return undone if _is_even(undone, delimiter) else None


def _is_even(data: bytes, delimiter: str) -> bool:
    """Whether the quotes are as in RFC 4180 and all records have as many fields."""
    reader = csv.reader(io.StringIO(data.decode("utf-8"), newline=""), delimiter=delimiter, strict=True)
    try:
        return len({len(record) for record in reader if record}) <= 1
    except csv.Error:
        return False


def has_cell_escapes(data: bytes, delimiter: str) -> bool:
    r"""Whether an unquoted file is escaped as MySQL and PostgreSQL write it: a cell is \N, or every backslash begins
    \t, \n, \r or \\, some of them, and none a path."""
    if b"\\" not in data:
        return False
    mark = re.escape(delimiter.encode())
    if re.search(rb"(?:^|[\r\n]|" + mark + rb")\\N(?:$|[\r\n]|" + mark + rb")", data):
        return True
    sequences = Counter(match[1] for match in _ESCAPED.finditer(data))
    return set(sequences) <= {b"t", b"n", b"r", b"\\"} and sum(sequences.values()) >= 3 and not _PATH.search(data)


def join_escaped_ends(data: bytes) -> bytes:
    r"""A backslash before a tab or line end as \t and \n, so that neither ends a cell."""
    ends = {b"\t": b"\\t", b"\n": b"\\n", b"\r": b"\\r"}
    return _ESCAPED.sub(lambda match: ends.get(match[1], match[0]), data)


def undo_cell_escapes(column: pd.Series) -> pd.Series:
    escaped = column.str.contains("\\", regex=False, na=False) & (column != NULL)
    undone = column[escaped].map(
        lambda cell: re.sub(r"\\(.)", lambda match: _UNESCAPED.get(match[1], match[0]), cell, flags=re.DOTALL)
    )
    return column.where(~escaped, undone) if escaped.any() else column


def count_heading_rows(names: Sequence[str], body: pd.DataFrame) -> int:
    """How many rows below the names are headings too: questions, sub-headings and IDs of survey exports. body: cells as
    text; its first HEADING_SAMPLE rows are read."""
    body = body.head(HEADING_SAMPLE)
    for count in range(min(_MAX_HEADINGS, len(body) - _MIN_ROWS), 0, -1):
        rest = body.iloc[count:]
        kinds = [_cell_kind(rest.iloc[:, at]) for at in range(rest.shape[1])]
        if all(_is_heading(names, body.iloc[row], rest, kinds) for row in range(count)):
            return count
    return 0


def _cell_kind(column: pd.Series) -> str:
    cells = column.dropna()
    if len(cells) and all(map(is_number, cells)):
        return "number"
    return "time" if time_share(cells) > _TIME_SHARE else "text"


def _is_heading(names: Sequence[str], row: pd.Series, rest: pd.DataFrame, kinds: Sequence[str]) -> bool:
    """Whether no cell is like its column, and one is certainly not: words over numbers or times, Qualtrics' IDs, or
    nothing over a column of IDs below questions."""
    cells = ["" if pd.isna(cell) else str(cell).strip() for cell in row]
    if sum(bool(_IMPORT_ID.match(cell)) for cell in cells) > len(cells) // 2:
        return True
    certain, asks = False, any("?" in str(name) or len(str(name).split()) > _NAME_WORDS for name in names)
    for at, (name, cell, kind) in enumerate(zip(names, cells, kinds, strict=True)):
        column = rest.iloc[:, at]
        if not cell:
            certain = certain or (asks and _is_id_column(column, kind))
        elif kind != "text":
            if not _is_wording(cell, str(name)):
                return False
            certain = True
        elif (column == cell).any() or ("0" in _shape(cell) and _shape(cell) == _common_shape(column)):
            return False
    return certain and any(cells)


def _is_id_column(column: pd.Series, kind: str) -> bool:
    complete = len(column) > _MIN_ROWS and bool(column.notna().all()) and column.is_unique
    return complete and (kind == "number" or not column.str.contains(r"\s", regex=True).any())


def _is_wording(cell: str, name: str) -> bool:
    """Words that describe a column rather than a value that is missing, such as "unknown"."""
    letters = re.sub(r"[\W_]", "", cell).lower()
    return len(re.findall(r"[^\W\d_]{2,}", cell)) > 1 or (
        bool(letters) and letters == re.sub(r"[\W_]", "", name).lower()
    )


def _shape(cell: str) -> str:
    """A code with digits and letters made alike: R_0012 -> a_0."""
    return re.sub(r"[^\W\d_]+", "a", re.sub(r"\d+", "0", cell))


def _common_shape(column: pd.Series) -> str | None:
    shapes = {_shape(str(cell).strip()) for cell in column.dropna().iloc[:50]}
    return shapes.pop() if len(shapes) == 1 else None


def heading_names(names: Sequence[str], headings: pd.DataFrame) -> tuple[list[str], list[str]]:
    """Names, and a description of each column. A column without a name has that of the question to its left, with its
    own sub-heading behind it."""
    texts = [
        [str(cell).strip() for cell in headings.iloc[:, at].dropna() if not _IMPORT_ID.match(str(cell))]
        for at in range(len(names))
    ]
    complete, question = [], ""
    for name, parts in zip(names, texts, strict=True):
        question = name or question
        complete.append(name or (f"{question}: {parts[0]}" if question and parts else ""))
    return complete, [" / ".join(dict.fromkeys(parts)) for parts in texts]
