"""Vectors that come as text: the Embedding Projector's vectors.tsv, word2vec and GloVe."""

import io
import re

import numpy as np
import pandas as pd

from core.corpus.reading.encodings import to_utf8
from core.corpus.reading.matrices import vectors_part
from core.corpus.reading.values import ParsedFile, ReadOptions, Upload
from core.errors import InputError

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?(nan|inf|infinity)", re.IGNORECASE)
_LINES = 50
_MIN_DIMENSIONS = 5  # below it, "word number number" lines are more likely a text


def is_number_table(data: bytes, delimiter: bytes = b"\t") -> bool:
    """Whether each of the first lines is numbers and nothing else, two or more: the Projector's vectors.tsv."""
    lines = [line for line in _first_lines(data) if line.strip()]
    rows = [line.rstrip(b"\r").split(delimiter) for line in lines]
    return bool(rows) and all(len(row) > 1 and all(_is_number(cell) for cell in row) for row in rows)


def read_number_table(upload: Upload, options: ReadOptions) -> ParsedFile:
    """vectors.tsv: a vector a line, no header."""
    data, encoding = to_utf8(upload.name, upload.data, options.encoding)
    lines = [line for line in data.split(b"\n") if line.strip()]
    matrix = _parse_lines(upload.name, lines, lines[0].count(b"\t") + 1, b"\t")
    return vectors_part(upload, "Vectors TSV", matrix, encoding, "\t")


def is_word_vectors(data: bytes) -> bool:
    """Whether text looks like word2vec or GloVe: a word and then the same number of numbers, line after line."""
    lines = [line.rstrip() for line in _first_lines(data) if line.strip()]
    dimensions = _declared(lines)
    body = lines[1:] if dimensions else lines
    if not body or (not dimensions and len(body) < 2):
        return False
    dimensions = dimensions or body[0].count(b" ")
    if dimensions < _MIN_DIMENSIONS and body is lines:
        return False
    return all(
        len(cells := line.rsplit(b" ", dimensions)) > dimensions and all(map(_is_number, cells[1:])) for line in body
    )


def read_word_vectors(upload: Upload, options: ReadOptions) -> ParsedFile:
    """word2vec or GloVe text; the words become the column `text`."""
    data, encoding = to_utf8(upload.name, upload.data, options.encoding)
    lines = [line.rstrip() for line in data.split(b"\n") if line.strip()]
    declared = _declared(lines[:2])
    lines = lines[1:] if declared else lines
    dimensions = declared or lines[0].count(b" ")
    words = [line.rsplit(b" ", dimensions)[0] for line in lines]
    matrix = _parse_lines(
        upload.name, [line[len(word) + 1 :] for line, word in zip(lines, words, strict=True)], dimensions, b" "
    )
    table = pd.DataFrame({"text": pd.Series([word.decode("utf-8") for word in words], dtype="str")})
    return vectors_part(upload, "Word vectors", matrix, encoding, " ", table)


def _parse_lines(name: str, lines: list[bytes], dimensions: int, delimiter: bytes) -> np.ndarray:
    """(n, d) float32 from lines of numbers. Raises InputError naming the first line of another length or no number."""
    for number, line in enumerate(lines, start=1):
        if line.count(delimiter) + 1 != dimensions:
            raise InputError(
                f'"{name}": vectors differ in length; vector 1 has {dimensions} dimensions, vector {number:,} has '
                f"{line.count(delimiter) + 1}.",
                "All vectors must come from one model.",
            )
    try:
        frame = pd.read_csv(io.BytesIO(b"\n".join(lines)), sep=delimiter.decode(), header=None, dtype=np.float32)
    except (ValueError, pd.errors.ParserError) as error:
        raise InputError(f'"{name}" holds something other than numbers.', "Save the vectors again.") from error
    return frame.to_numpy()


def _declared(lines: list[bytes]) -> int:
    """The dimensions word2vec's first line "rows dimensions" declares, or 0."""
    cells = lines[0].split() if lines else []
    if len(cells) != 2 or not all(cell.isdigit() for cell in cells) or len(lines) < 2:
        return 0
    return int(cells[1]) if lines[1].count(b" ") >= int(cells[1]) > 0 else 0


def _first_lines(data: bytes) -> list[bytes]:
    head = data[:1_000_000].split(b"\n", _LINES)
    whole = head[:-1] if len(head) > _LINES or len(data) > 1_000_000 else head
    return whole[:_LINES]


def _is_number(cell: bytes) -> bool:
    return bool(_NUMBER.fullmatch(cell.strip().decode("ascii", "replace")))
