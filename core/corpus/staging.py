"""Uploads before import: stored in the workspace under digests, so that a worker reads them from disk."""

import hashlib
import mmap
import re
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from core.corpus.reading.budget import Budget, check_bytes
from core.corpus.reading.files import read_files, read_pasted
from core.corpus.reading.size_checks import LINE_ENDS, check_lines
from core.corpus.reading.skipped import none_readable, skipped_file
from core.corpus.reading.sniff import file_format
from core.corpus.reading.values import RawTable, ReadOptions, SkippedFile, Upload
from core.errors import InputError, StorageError
from core.files import discard, replacing, storage_errors

MAX_STAGED_SECONDS = 24 * 3600  # seconds until an upload is removed
_HEAD = 65_536  # bytes that tell the format of a file
_KEY = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class StagedFile:
    """An upload in the workspace. name: of the user's file; key: 32 hex digits of its sha256."""

    name: str
    key: str
    size: int


@dataclass(frozen=True)
class ImportSource:
    """Everything that determines a raw table: staged files and read options. pasted: one file of pasted text. budget:
    the limits within which it is read, or refused. day_first: whether 3/4/2024 is in April; None: by the column."""

    files: tuple[StagedFile, ...]
    options: ReadOptions = field(default_factory=ReadOptions)
    pasted: bool = False
    budget: Budget = field(default_factory=Budget)
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
    """Remove uploads that were staged more than a day ago, and what reading them left behind."""
    for path in (Path(folder) / "staging").glob("*"):
        with suppress(OSError):  # another session removed it
            if path.stat().st_mtime < time.time() - MAX_STAGED_SECONDS:
                discard(path)


def parse_staged(folder: str, origin: ImportSource) -> RawTable:
    """Read staged files in this process, within the current budget. Raises InputError where no file can be read,
    StorageError for expired ones."""
    uploads, skipped = list[Upload](), list[SkippedFile]()
    for staged in origin.files:
        try:
            _check_staged(folder, staged, origin)
            uploads.append(Upload(staged.name, staged_bytes(folder, staged)))
        except InputError as error:
            skipped.append(skipped_file(staged.name, error))
    if not uploads:
        raise none_readable(skipped)
    if not origin.pasted:
        raw = read_files(uploads, origin.options)
        return replace(raw, skipped=(*skipped, *raw.skipped))
    try:
        return read_pasted(uploads[0].data.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise InputError("The pasted text can't be read.", "Paste it again.") from error


def _check_staged(folder: str, staged: StagedFile, origin: ImportSource) -> None:
    """Raise InputError for what needs no reading: too many bytes, or a line that would be too long for a cell."""
    check_bytes(staged.name, staged.size)
    path = _path(folder, staged.key)
    if not staged.size or not path.exists():  # it has expired, which is noticed when it is read
        return
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        kind = "txt" if origin.pasted else file_format(staged.name, data[:_HEAD])
        if kind in LINE_ENDS:
            check_lines(staged.name, data, kind, origin.options.text_unit)


def staged_bytes(folder: str, staged: StagedFile) -> bytes:
    """The bytes of an upload. Raises StorageError for an expired one."""
    try:
        return _path(folder, staged.key).read_bytes()
    except FileNotFoundError as error:
        raise StorageError(f'"{staged.name}" has expired.', "Upload or paste it again.") from error
    except OSError as error:
        raise StorageError(f'"{staged.name}" could not be read back ({error.strerror}).', "Upload it again.") from error


def staged_path(folder: str, staged: StagedFile) -> Path:
    """Where an upload is, for reading it piece by piece. Raises StorageError for an expired one."""
    path = _path(folder, staged.key)
    if not path.is_file():
        raise StorageError(f'"{staged.name}" has expired.', "Upload or paste it again.")
    return path


def _path(folder: str, key: str) -> Path:
    if not _KEY.fullmatch(key):
        raise StorageError("This upload does not exist.", "Upload it again.")
    return Path(folder) / "staging" / f"{key}.bin"
