"""TXT and MD: a row is a line, a paragraph or the whole file. And pasted text."""

import re

import pandas as pd

from core.corpus.reading.encodings import to_utf8
from core.corpus.reading.values import ParsedFile, ReadOptions, Source, TextUnit, Upload
from core.errors import InputError

_PARAGRAPH = re.compile(r"\n[ \t]*\n\s*")


def read_text(upload: Upload, options: ReadOptions, kind: str) -> ParsedFile:
    """One text file as a table with the column `text`. Blank lines separate; they make no rows."""
    data, encoding = to_utf8(upload.name, upload.data, options.encoding)
    text = data.decode("utf-8")
    nuls = text.count("\0")
    rows = split_text(text.replace("\0", "") if nuls else text, options.text_unit)
    if not rows:
        raise InputError(f'"{upload.name}" holds no text.', "Upload a file with at least one line of text.")
    notes = (f"{nuls:,} NUL characters were removed.",) if nuls else ()
    source = Source(upload.name, "Markdown" if kind == "md" else "Text", encoding, "", len(rows), notes)
    return ParsedFile(source, pd.DataFrame({"text": pd.Series(rows, dtype="str")}), upload=upload)


def split_text(text: str, unit: TextUnit) -> list[str]:
    """Rows of a text, without blank ones and without blanks around them."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if unit == "file":
        return [text.strip()] if text.strip() else []
    # str.splitlines would also split at form feeds and U+2028, which stand within lines
    pieces = text.split("\n") if unit == "line" else _PARAGRAPH.split(text)
    return [piece.strip() for piece in pieces if piece.strip()]
