"""Writing files atomically and for their owner alone, detecting damaged ones, explaining the system's errors."""

import errno
import hashlib
import json
import os
import shutil
import stat
import time
import uuid
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from core.errors import StorageError

_OTHER_FOLDER = "Set PLANISPHERE_HOME to a folder you may write, and restart."
_REMEDIES = {
    errno.ENOSPC: ("The disk is full", "Free some space (corpora can be deleted on the Data page) and try again."),
    errno.EFBIG: ("A file has reached the size limit of the system", "Raise the limit (ulimit -f) and try again."),
    errno.EDQUOT: ("The disk quota is used up", "Free some space and try again."),
    errno.EACCES: ("The workspace folder can't be written", _OTHER_FOLDER),
    errno.EPERM: ("The workspace folder can't be written", _OTHER_FOLDER),
    errno.EROFS: ("The workspace is on a read-only disk", _OTHER_FOLDER),
}
_BLOCK = 1 << 20  # bytes
_TICK = 2.0  # seconds, the coarsest of common file systems
_HEAD = b'{\n "crc32": "'  # how a JSON file with a checksum begins


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
        make_folder(path.parent)
        try:
            yield temporary
            _make_private(temporary)
            _put_in_place(temporary, path)
        finally:
            discard(temporary)


def make_folder(path: Path) -> None:
    """Create a folder, and those above it that are missing, for the owner alone."""
    if not path.is_dir():
        make_folder(path.parent)
        path.mkdir(mode=0o700, exist_ok=True)


def _make_private(path: Path) -> None:
    for file in (path, *path.rglob("*")):
        file.chmod(0o700 if file.is_dir() else 0o600)


def withdraw_access(path: Path) -> None:
    """Take a file or folder, and all in it, from other people: what this user owns, links left alone."""
    inside = [] if path.is_symlink() else os.walk(path)
    for file in [path, *(Path(top) / name for top, folders, files in inside for name in (*folders, *files))]:
        with suppress(OSError):  # a job may remove it meanwhile
            facts = file.lstat()
            if hasattr(os, "getuid") and facts.st_uid == os.getuid() and not stat.S_ISLNK(facts.st_mode):
                mode = facts.st_mode & (0o700 if stat.S_ISDIR(facts.st_mode) else 0o600)
                if stat.S_IMODE(facts.st_mode) != mode:
                    file.chmod(mode)


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
    """An object gets a checksum as its first member, which `read_json` verifies and removes."""
    data = json.dumps(value, ensure_ascii=False, indent=1).encode()
    if isinstance(value, dict):
        rest = (b"," if value else b"") + data[1:]
        data = _HEAD + f'{zlib.crc32(rest):08x}"'.encode() + rest
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def read_json(path: Path) -> Any:
    """The file's value, or None where there is none or it is damaged. Files of earlier versions have no checksum."""
    try:
        data = path.read_bytes()
        value = json.loads(data.decode("utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(value, dict):
        return value
    start = len(_HEAD) + 9
    has_head, matches = data.startswith(_HEAD), data[start - 9 : start] == f'{zlib.crc32(data[start:]):08x}"'.encode()
    if not has_head and not matches:
        return value
    return {name: item for name, item in value.items() if name != "crc32"} if has_head and matches else None


def append_bytes(path: Path, data: bytes) -> None:
    """Add bytes to the end of a file, which is created where there is none: one write under a lock, on disk when it
    returns. Raises StorageError, also where the folder does not exist."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
    with storage_errors(path.parent):
        descriptor = os.open(path, flags, 0o600)
        try:
            _wait_for_lock(descriptor)
            if os.write(descriptor, data) < len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def empty_file(path: Path) -> None:
    """Remove the content of a file, under the lock of `append_bytes`, so that what is appended later stays. Raises
    StorageError."""
    with storage_errors(path.parent):
        descriptor = os.open(path, os.O_WRONLY)
        try:
            _wait_for_lock(descriptor)
            os.ftruncate(descriptor, 0)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _wait_for_lock(descriptor: int) -> None:
    """Lock an open file until it is closed. Disks without locks have one server."""
    with suppress(OSError):
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)  # type: ignore[attr-defined]
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX)


def file_state(path: Path) -> tuple[str, int, int, int] | None:
    """What changes with a file's content: path, size, time and inode; None where there is none, or it was changed a
    moment ago and may be again without another time, since the clock of files ticks slowly."""
    try:
        facts = os.stat(path)
    except OSError:
        return None
    is_settled = abs(time.time() - facts.st_mtime) > _TICK
    return (str(path), facts.st_size, facts.st_mtime_ns, facts.st_ino) if is_settled else None


def file_checksum(path: Path) -> str:
    """CRC-32 and size of a file, such as "1c291ca3-150000128"; read once per process unless the file changes.

    CRC-32 detects every damage of up to 32 adjacent bits, others but for one in four billion; zlib reads 4 GB a second.
    Raises OSError.
    """
    facts = path.stat()
    # a file changed a moment ago may be changed again without another time: the clock of files ticks slowly
    read = _crc32 if abs(time.time() - facts.st_mtime) > _TICK else _crc32.__wrapped__
    return f"{read(str(path), facts.st_size, facts.st_mtime_ns, facts.st_ino):08x}-{facts.st_size}"


@lru_cache(maxsize=10_000)
def _crc32(path: str, size: int, modified: int, inode: int) -> int:
    checksum = 0
    with open(path, "rb", buffering=0) as file:
        while block := file.read(_BLOCK):
            checksum = zlib.crc32(block, checksum)
    return checksum


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
