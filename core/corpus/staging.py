"""Uploads before import: stored in the workspace under digests, so that a worker reads them from disk."""

import hashlib
import re
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from core.corpus.reading.files import read_files, read_pasted
from core.corpus.reading.values import RawTable, ReadOptions, Upload
from core.errors import InputError, StorageError
from core.files import discard, replacing, storage_errors

MAX_STAGED_SECONDS = 24 * 3600  # seconds until an upload is removed
_KEY = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class StagedFile:
    """An upload in the workspace. name: of the user's file; key: 32 hex digits of its sha256."""

    name: str
    key: str
    size: int


@dataclass(frozen=True)
class ImportSource:
    """Everything that determines a raw table: staged files and read options. pasted: one file of pasted text.
    day_first: whether 3/4/2024 is in April; None: by the column."""

    files: tuple[StagedFile, ...]
    options: ReadOptions = field(default_factory=ReadOptions)
    pasted: bool = False
    day_first: bool | None = None


def stage(folder: str, name: str, data: bytes | memoryview) -> StagedFile:
    """Store an upload's bytes under their digest; the user's file name is never part of a path. Raises StorageError."""
    remove_expired(folder)
    key = hashlib.sha256(data).hexdigest()[:32]
    path = _path(folder, key)
    if path.exists():
        with storage_errors(path.parent):
            path.touch()
    else:
        with replacing(path) as temporary:
            temporary.write_bytes(data)
    return StagedFile(name, key, len(data))


def remove_expired(folder: str) -> None:
    """Remove uploads that were staged more than a day ago."""
    for path in (Path(folder) / "staging").glob("*.bin"):
        with suppress(OSError):  # another session removed it
            if path.stat().st_mtime < time.time() - MAX_STAGED_SECONDS:
                discard(path)


def read_staged(folder: str, origin: ImportSource) -> RawTable:
    """Parse staged files. Raises InputError for files that can't be read, StorageError for expired ones."""
    uploads = [Upload(staged.name, staged_bytes(folder, staged)) for staged in origin.files]
    if not origin.pasted:
        return read_files(uploads, origin.options)
    try:
        return read_pasted(uploads[0].data.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise InputError("The pasted text can't be read.", "Paste it again.") from error


def staged_bytes(folder: str, staged: StagedFile) -> bytes:
    """The bytes of an upload. Raises StorageError for an expired one."""
    try:
        return _path(folder, staged.key).read_bytes()
    except FileNotFoundError as error:
        raise StorageError(f'"{staged.name}" has expired.', "Upload or paste it again.") from error
    except OSError as error:
        raise StorageError(f'"{staged.name}" could not be read back ({error.strerror}).', "Upload it again.") from error


def _path(folder: str, key: str) -> Path:
    if not _KEY.fullmatch(key):
        raise StorageError("This upload does not exist.", "Upload it again.")
    return Path(folder) / "staging" / f"{key}.bin"
