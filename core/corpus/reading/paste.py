"""What a pasted text is."""

import csv
import re

from core.corpus.reading.delimited import DELIMITERS
from core.corpus.reading.records import records

_PLAIN_NAME = re.compile(r"[^\s\d.!?][^.!?]{0,39}")


def paste_format(text: str) -> str:
    """json, jsonl, csv (a table with a header) or txt (a row a line)."""
    begin = text.lstrip()
    if re.match(r'\[\s*[\[{"]', begin):
        return "json"
    if re.match(r"\{\s*\"", begin):
        return "jsonl" if "}\n{" in begin.replace("\r", "").replace("} \n", "}\n") else "json"
    return "csv" if any(_is_table(text, delimiter) for delimiter in DELIMITERS) else "txt"


def _is_table(text: str, delimiter: str) -> bool:
    """Two records or more, all with as many fields as the header, whose names are short, distinct and no sentences."""
    try:
        rows = [record for _, record in records(text, delimiter) if record]
    except csv.Error:
        return False
    if len(rows) < 2 or len(rows[0]) < 2 or any(len(row) != len(rows[0]) for row in rows):
        return False
    names = rows[0]
    return len(set(names)) == len(names) and all(_PLAIN_NAME.fullmatch(name) for name in names)
