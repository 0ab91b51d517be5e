"""Safe unpacking of .gz and .zip: names, nesting, sizes and compression ratios are checked while streaming."""

import gzip
import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import PurePosixPath
from typing import IO

from core.corpus.reading.budget import check, check_bytes
from core.corpus.reading.sniff import FORMATS, READABLE, extension, file_format
from core.corpus.reading.values import Upload
from core.errors import InputError

MAX_RATIO = 200  # text packs 3 to 30 times; a bomb some 1,000
RATIO_FROM = 64 * 1024**2  # below this size a high ratio is harmless
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}  # others unpack a block of any size at once
_CHUNK = 1024**2
_HELD = 256 * 1024**2  # bytes held while it is not known whether the rest is within the limit
_Stream = io.BufferedIOBase | IO[bytes]


def unpack(uploads: Sequence[Upload]) -> tuple[list[Upload], list[str]]:
    """The uploads with archives replaced by their files (sorted by name), and notes on ignored files.
    Raises InputError for nested archives, `../` and absolute names, encrypted or damaged archives, a packing ratio
    above MAX_RATIO, and where there are more files or bytes than the budget allows."""
    files: list[Upload] = []
    notes: list[str] = []
    for upload in uploads:
        open_archive = {"gz": _gunzip, "zip": _unzip}.get(file_format(upload.name, upload.data))
        unpacked = sum(len(file.data) for file in files)
        opened, skipped = open_archive(upload, unpacked) if open_archive else ([upload], [])
        check_bytes(upload.name, unpacked + sum(len(file.data) for file in opened))
        files += opened
        notes += skipped
    return files, notes


def read_limited(open_stream: Callable[[], _Stream], packed: int, name: str, before: int = 0) -> bytes:
    """All bytes of a stream; InputError as soon as they and the `before` others of the upload pass the limit, or
    MAX_RATIO times the packed size. More than _HELD bytes are counted first, then read."""
    with open_stream() as stream:
        chunks, size = [], 0
        while chunk := stream.read(_CHUNK):
            size += len(chunk)
            check_bytes(name, before + size)
            if size > RATIO_FROM and size > packed * MAX_RATIO:
                raise _bomb(name)
            if size <= _HELD:
                chunks.append(chunk)
            else:
                chunks.clear()
    if size <= _HELD:
        return b"".join(chunks)
    with open_stream() as stream:
        return stream.read()


def check_zip_sizes(data: bytes, name: str, before: int = 0) -> None:
    """Raise InputError when a zip file declares more than can be unpacked; no more than declared is ever read."""
    with open_zip(Upload(name, data)) as archive:
        size = sum(member.file_size for member in archive.infolist())
    check_bytes(name, before + size)
    if size > RATIO_FROM and size > len(data) * MAX_RATIO:
        raise _bomb(name)


def _gunzip(upload: Upload, before: int) -> tuple[list[Upload], list[str]]:
    name = upload.name[:-3] if upload.name.lower().endswith(".gz") else upload.name

    def open_stream() -> _Stream:
        return gzip.GzipFile(fileobj=io.BytesIO(upload.data))

    return [_read_member(upload.name, name, open_stream, len(upload.data), before)], []


def _unzip(upload: Upload, before: int) -> tuple[list[Upload], list[str]]:
    check_zip_sizes(upload.data, upload.name, before)
    with open_zip(upload) as archive:
        members = sorted((m for m in archive.infolist() if not m.is_dir()), key=lambda member: member.filename)
        for member in members:
            _check_name(upload.name, member)
        members = [member for member in members if not _is_clutter(member.filename)]
        left_out = [member.filename for member in members if extension(member.filename) not in FORMATS]
        files = []
        for member in [member for member in members if extension(member.filename) in FORMATS]:
            if member.flag_bits & 1:
                raise InputError(
                    f'"{upload.name}" is locked with a password.', "Unpack it yourself and upload its files."
                )
            open_stream = partial(archive.open, member)
            files.append(_read_member(upload.name, member.filename, open_stream, member.compress_size, before))
            before += len(files[-1].data)
    if not files:
        raise InputError(f'"{upload.name}" holds no file that can be read.', f"Put in {READABLE}.")
    listed = ", ".join(left_out[:5]) + (", …" if len(left_out) > 5 else "")
    return files, [f'Ignored in "{upload.name}": {listed}.'] if left_out else []


def open_zip(upload: Upload) -> zipfile.ZipFile:
    """The archive. Raises InputError for a damaged one, more files than the budget allows, and rare compression."""
    check(upload.name, files=upload.data.count(b"PK\x01\x02"))  # before the list of files is in memory
    try:
        archive = zipfile.ZipFile(io.BytesIO(upload.data))
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, struct.error) as error:
        raise _damaged(upload.name) from error
    if any(member.compress_type not in _METHODS for member in archive.infolist()):
        message = f'"{upload.name}" is packed by another method than Deflate.'
        raise InputError(message, "Pack it again as an ordinary .zip, or upload its files unpacked.")
    return archive


def _read_member(archive: str, name: str, open_stream: Callable[[], _Stream], packed: int, before: int) -> Upload:
    try:
        data = read_limited(open_stream, packed, archive, before)
    except (zipfile.BadZipFile, OSError, EOFError, zlib.error, NotImplementedError, ValueError, RuntimeError) as error:
        raise _damaged(archive) from error
    if data and file_format(name, data) in {"zip", "gz"}:
        raise InputError(f'"{archive}" holds another archive, "{name}".', "Unpack the inner one and upload its files.")
    return Upload(name, data)


def _check_name(archive: str, member: zipfile.ZipInfo) -> None:
    path = PurePosixPath(member.orig_filename.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or (path.parts and path.parts[0].endswith(":")):
        message = f'"{archive}" holds a file with an unsafe name, "{member.filename}".'
        raise InputError(message, "Use plain relative names.")


def _is_clutter(name: str) -> bool:
    return name.startswith("__MACOSX/") or PurePosixPath(name).name.startswith(".")


def _damaged(name: str) -> InputError:
    remedy = "Create it again, or unpack it first."
    return InputError(f'"{name}" can\'t be unpacked: it is cut short or damaged.', remedy)


def _bomb(name: str) -> InputError:
    size = f"more than {RATIO_FROM // 1024**2} MB and over {MAX_RATIO} times its size"
    return InputError(f'"{name}" unpacks to {size}; it was not opened.', "Upload the file inside, unpacked.")
