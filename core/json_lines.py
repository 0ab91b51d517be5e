"""Logs: files with one JSON object per line, that are only ever extended.

What the first bytes of a log hold never changes, so its length in bytes is its version.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from core.files import append_bytes, storage_errors


class JsonLine(NamedTuple):
    """value: None where the line can't be read, such as one that was cut by a crash. end: bytes up to its end."""

    value: dict[str, Any] | None
    end: int


def append_json_lines(path: Path, values: Iterable[Mapping[str, Any]]) -> None:
    """Add objects in a single write, so that processes that write at once lose nothing; they are on disk when it
    returns. Raises StorageError, also where the folder does not exist."""
    lines = [json.dumps(dict(value), ensure_ascii=False).encode("utf-8", "replace") for value in values]
    if lines:  # the line break before them separates them from a line that was cut by a crash
        append_bytes(path, b"\n" + b"\n".join(lines) + b"\n")


def read_json_lines(path: Path, length: int | None = None) -> Iterator[JsonLine]:
    """The lines in the first `length` bytes of a log, by default in all of it. Raises StorageError."""
    with storage_errors(path.parent), path.open("rb") as file:
        content = file.read(-1 if length is None else length)
    end = 0
    for line in content.splitlines(keepends=True):
        end += len(line)
        if line.strip():
            yield JsonLine(_parse(line), end)


def log_length(path: Path) -> int:
    """Bytes of a log, 0 where there is none."""
    return path.stat().st_size if path.is_file() else 0


def _parse(line: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(line.decode())
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
