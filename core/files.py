"""Writing files atomically, explaining the system's errors, hashing files."""

import errno
import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from core.errors import StorageError

_OTHER_FOLDER = "Set PLANISPHERE_HOME to a folder you may write, and restart."
_REMEDIES = {
    errno.ENOSPC: ("The disk is full", "Free some space (corpora can be deleted on the Data page) and try again."),
    errno.EDQUOT: ("The disk quota is used up", "Free some space and try again."),
    errno.EACCES: ("The workspace folder can't be written", _OTHER_FOLDER),
    errno.EPERM: ("The workspace folder can't be written", _OTHER_FOLDER),
    errno.EROFS: ("The workspace is on a read-only disk", _OTHER_FOLDER),
}


@contextmanager
def storage_errors(folder: Path) -> Iterator[None]:
    """Turn an OSError into a StorageError that names the folder and says what to do."""
    try:
        yield
    except OSError as error:
        unknown = ("The workspace could not be read or written", "Check the folder and the disk, and try again.")
        what, remedy = _REMEDIES.get(error.errno or 0, unknown)
        raise StorageError(f"{what}: {folder} ({error.strerror or error}).", remedy) from error


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary name beside `path`, renamed to it when the block succeeds and removed when it doesn't."""
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    with storage_errors(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield temporary
            _put_in_place(temporary, path)
        finally:
            discard(temporary)


def _put_in_place(temporary: Path, path: Path) -> None:
    try:
        os.replace(temporary, path)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST) or not temporary.is_dir():
            raise
        # a folder can't be renamed over a filled one: that is moved away first; who loses a race keeps the other's
        previous = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.old")
        with suppress(OSError):
            os.replace(path, previous)
            os.replace(temporary, path)
        discard(previous)


def discard(path: Path) -> None:
    """Remove a file or a folder, if there is one."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def write_json(path: Path, value: Any) -> None:
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(value, ensure_ascii=False, indent=1), encoding="utf-8")


def read_json(path: Path) -> Any:
    """The file's value, or None where there is none or it can't be read."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def folder_size(folder: Path) -> int:
    """Bytes under a folder; 0 where there is none."""
    total = 0
    for file in folder.rglob("*"):
        with suppress(OSError):  # a job may rename it meanwhile
            total += file.stat().st_size if file.is_file() else 0
    return total


def file_sha256(path: Path) -> str:
    """The sha256 of a file, 64 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
