"""Files of word vectors, read line by line: GloVe and word2vec text (.txt, .vec), word2vec binary (.bin), also .gz.

GloVe's files begin with the first word, word2vec's with a line "words dimensions".
"""

import gzip
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np

from core.errors import InputError
from core.results import no_progress
from core.types import Progress

MAX_ROWS = 200_000  # words that are read from the top of a file; further ones only where the corpus has them
MAX_VALUES = 60_000_000  # numbers of these words: 240 MB as float32
MAX_LINES = 5_000_000
MAX_LINE = 1 << 20  # bytes
MAX_DIMENSIONS = 4_096
_GZIP, _FASTTEXT, _PICKLE = b"\x1f\x8b", (793712314).to_bytes(4, "little"), b"\x80"
_HEAD = 4_096  # bytes that tell text from binary
_UNKNOWN = "\ufffd"  # in words with bytes that are no UTF-8
EXPORT = "Save the vectors in word2vec's format: one word per line, followed by its numbers."


class _Header(NamedTuple):
    """Of word2vec's files; words is None for GloVe's, which have none."""

    words: int | None
    dimensions: int
    is_binary: bool


@dataclass
class WordTable:
    """Words of a file, in its order, most frequent first. lines: read in all; skipped: words beyond the limit that the
    corpus has not; invalid: words that are not UTF-8."""

    words: list[str] = field(default_factory=list)
    rows: list[np.ndarray] = field(default_factory=list)
    lines: int = 0
    skipped: int = 0
    invalid: int = 0

    @property
    def vectors(self) -> np.ndarray:
        """(v, d) float32."""
        return np.stack(self.rows)


def read_words(
    path: Path, name: str, needed: Collection[str] = (), progress: Progress | None = None, max_rows: int = MAX_ROWS
) -> WordTable:
    """The first max_rows words of a file, and of the others those that are needed (in lower case).

    name: for messages. progress: bytes read. Raises InputError naming file and line for a line with too few or too many
    numbers, numbers that can't be read, are NaN or infinite, a word that occurs twice, or a file that ends too soon.
    """
    table, seen = WordTable(), dict[str, int]()
    try:
        with path.open("rb") as raw, _opened(raw) as file:
            header, wanted, size = _header(file, name), frozenset(needed), path.stat().st_size
            limit = min(max_rows, MAX_VALUES // header.dimensions)
            entries = _binary_words if header.is_binary else _text_lines
            for line, word, numbers in entries(file, header, name):
                table.lines += 1
                if table.lines % 2_000 == 0 and progress:
                    progress(min(raw.tell(), size), size)
                if not word or _UNKNOWN in word or "\n" in word:
                    table.invalid += 1
                elif word in seen:
                    raise _error(name, line, f'the word "{word[:40]}" was already on line {seen[word]:,}', "Remove it.")
                elif len(table.words) < limit or word.lower() in wanted:
                    seen[word] = line
                    table.words.append(word)
                    table.rows.append(_vector(numbers, name, line, header.dimensions))
                else:
                    table.skipped += 1
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(f'"{name}" is damaged: it can\'t be unpacked.', "Download or pack it again.") from error
    (progress or no_progress)(1, 1)
    _check_complete(table, header, name)
    return table


def _opened(raw: IO[bytes]) -> IO[bytes]:
    is_gzip = raw.read(2) == _GZIP
    raw.seek(0)
    return gzip.GzipFile(fileobj=raw) if is_gzip else raw  # type: ignore[return-value]


def _header(file: IO[bytes], name: str) -> _Header:
    """The format and dimensions, from the beginning of the file; the file then is at the first word."""
    head = file.read(_HEAD)
    file.seek(0)
    if head[:4] == _FASTTEXT or head[:1] == _PICKLE:
        kind = "fastText's own binary format" if head[:4] == _FASTTEXT else "a pickle, which may run code"
        raise InputError(f'"{name}" is {kind}; it can\'t be read.', EXPORT)
    first = head.split(b"\n", 1)[0].split()
    if not first:
        raise InputError(f'"{name}" is empty, or begins with an empty line.', EXPORT)
    is_word2vec = len(first) == 2 and all(part.isdigit() for part in first)
    if b"\0" in head and not is_word2vec:
        raise InputError(f'"{name}" is neither a text file nor in word2vec\'s binary format.', EXPORT)
    if is_word2vec:
        line, rest = file.readline(MAX_LINE), head.split(b"\n", 1)[-1]
        is_text = all(byte in b"\t\r\n" or 32 <= byte < 127 for byte in rest.partition(b" ")[2][:64])
        return _checked(_Header(int(first[0]), int(first[1]), not is_text), name, line)
    line = file.readline(MAX_LINE)
    file.seek(0)
    return _checked(_Header(None, len(line.split()) - 1, False), name, line)


def _checked(header: _Header, name: str, line: bytes) -> _Header:
    if 1 <= header.dimensions <= MAX_DIMENSIONS and header.words != 0:
        return header
    start = line[:40].decode("utf-8", "replace").strip()
    message = f'"{name}" holds no word vectors: its first line ("{start}") has {header.dimensions:,} numbers'
    raise InputError(f"{message} per word.", EXPORT)


def _text_lines(file: IO[bytes], header: _Header, name: str) -> Iterator[tuple[int, str, list[bytes]]]:
    """(line, word, numbers as text) of each line; words may contain spaces."""
    first, d = 1 if header.words is None else 2, header.dimensions
    for line in range(first, MAX_LINES):
        content = file.readline(MAX_LINE)
        if not content:
            return
        parts = content.split()
        if not parts:
            continue
        extra = parts[1 : len(parts) - d]
        if len(parts) <= d or any(_is_number(part) for part in extra):
            found = max(len(parts) - 1, 0)
            raise _error(name, line, f"{found:,} numbers, where {d:,} were expected", "Correct or remove this line.")
        word = b" ".join(parts[: len(parts) - d])
        yield line, word.decode("utf-8", "replace"), parts[-d:]


def _binary_words(file: IO[bytes], header: _Header, name: str) -> Iterator[tuple[int, str, bytes]]:
    """(number of the word, word, its numbers as float32); each word ends with a space."""
    size = 4 * header.dimensions
    for number in range(1, min(header.words or 0, MAX_LINES) + 1):
        word = bytearray()
        while (byte := file.read(1)) not in (b" ", b""):
            if byte != b"\n":
                word += byte
            if len(word) > MAX_LINE:
                raise _error(name, number, "a word without an end", EXPORT)
        numbers = file.read(size)
        if len(numbers) < size:
            message = f'"{name}" ends at word {number:,} of {header.words:,}.'
            raise InputError(message, "Download or export it again.")
        yield number, word.decode("utf-8", "replace"), numbers


def _vector(numbers: list[bytes] | bytes, name: str, line: int, dimensions: int) -> np.ndarray:
    """(d,) float32. Raises InputError for what is no finite number."""
    try:
        row = np.frombuffer(numbers, "<f4") if isinstance(numbers, bytes) else np.array(numbers, np.float32)
    except ValueError as error:
        parts = [] if isinstance(numbers, bytes) else numbers
        text = next((part for part in parts if not _is_number(part)), b"")[:20].decode("utf-8", "replace")
        remedy = EXPORT if line == 1 else "Correct or remove this line."
        raise _error(name, line, f'"{text}" is no number', remedy) from error
    if not np.isfinite(row).all():
        raise _error(name, line, "NaN or infinite numbers", "Correct or remove this line.")
    return row.astype(np.float32)


def _is_number(part: bytes) -> bool:
    try:
        float(part)
    except ValueError:
        return False
    return True


def _check_complete(table: WordTable, header: _Header, name: str) -> None:
    if header.words is not None and table.lines != header.words and table.lines < MAX_LINES - 2:
        message = f'"{name}": its first line announces {header.words:,} words, but it has {table.lines:,}.'
        raise InputError(message, "Download or export it again, or correct the first line.")
    if not table.words:
        raise InputError(f'"{name}" holds no word that can be read.', EXPORT)


def _error(name: str, line: int, problem: str, remedy: str) -> InputError:
    return InputError(f'"{name}", line {line:,}: {problem}.', remedy)
