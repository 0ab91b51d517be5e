"""Safe unpacking of .gz and .zip: names, nesting, sizes and compression ratios are checked while streaming."""

import gzip
import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath
from typing import IO

from core.corpus.reading.budget import check, check_bytes
from core.corpus.reading.skipped import none_readable, skipped_file
from core.corpus.reading.sniff import FORMATS, READABLE, extension, file_format
from core.corpus.reading.values import SkippedFile, Upload
from core.errors import InputError

MAX_RATIO = 200  # text packs 3 to 30 times; a bomb some 1,000
RATIO_FROM = 64 * 1024**2  # below this size a high ratio is harmless
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}  # others unpack a block of any size at once
_CHUNK = 1024**2
_HELD = 256 * 1024**2  # bytes held while it is not known whether the rest is within the limit
_Stream = io.BufferedIOBase | IO[bytes]


@dataclass(frozen=True)
class Unpacked:
    """Files, notes on those ignored for their names, and those that can't be unpacked or are of no readable format."""

    files: tuple[Upload, ...] = ()
    notes: tuple[str, ...] = ()
    skipped: tuple[SkippedFile, ...] = ()


def unpack(uploads: Sequence[Upload]) -> Unpacked:
    """The uploads with archives replaced by their files (sorted by name). Skipped are nested archives, archives with
    `../` or absolute names, what is encrypted or damaged, and a packing ratio above MAX_RATIO. Raises InputError where
    nothing is left, and where there are more bytes than the budget allows."""
    parts = list[Unpacked]()
    size = 0
    for upload in uploads:
        try:
            part = _open(upload, size)
        except InputError as error:
            part = Unpacked(skipped=(skipped_file(upload.name, error, upload.data),))
        parts.append(part)
        size += sum(len(file.data) for file in part.files)
        check_bytes(upload.name, size)
    skipped = tuple(file for part in parts for file in part.skipped)
    files = tuple(file for part in parts for file in part.files)
    if skipped and not files:
        raise none_readable(skipped)
    return Unpacked(files, tuple(note for part in parts for note in part.notes), skipped)


def _open(upload: Upload, before: int) -> Unpacked:
    """Raises InputError. before: bytes of the files unpacked so far."""
    open_archive = {"gz": _gunzip, "zip": _unzip}.get(file_format(upload.name, upload.data))
    return open_archive(upload, before) if open_archive else Unpacked((upload,))


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


def _gunzip(upload: Upload, before: int) -> Unpacked:
    name = upload.name[:-3] if upload.name.lower().endswith(".gz") else upload.name

    def open_stream() -> _Stream:
        return gzip.GzipFile(fileobj=io.BytesIO(upload.data))

    return Unpacked((_read_member(upload.name, name, open_stream, len(upload.data), before),))


def _unzip(upload: Upload, before: int) -> Unpacked:
    check_zip_sizes(upload.data, upload.name, before)
    with open_zip(upload) as archive:
        members = sorted((m for m in archive.infolist() if not m.is_dir()), key=lambda member: member.filename)
        for member in members:
            _check_name(upload.name, member)
        members = [member for member in members if not _is_clutter(member.filename)]
        left_out = [member.filename for member in members if extension(member.filename) not in FORMATS]
        files, skipped = list[Upload](), list[SkippedFile]()
        for member in [member for member in members if extension(member.filename) in FORMATS]:
            try:
                files.append(_unzip_member(upload.name, archive, member, before))
                before += len(files[-1].data)
            except InputError as error:
                skipped.append(skipped_file(member.filename, error))
    if not files and not skipped:
        raise InputError(f'"{upload.name}" holds no file that can be read.', f"Put in {READABLE}.")
    listed = ", ".join(left_out[:5]) + (", …" if len(left_out) > 5 else "")
    notes = (f'Ignored in "{upload.name}": {listed}.',) if left_out else ()
    return Unpacked(tuple(files), notes, tuple(skipped))


def _unzip_member(name: str, archive: zipfile.ZipFile, member: zipfile.ZipInfo, before: int) -> Upload:
    if member.flag_bits & 1:
        message = f'"{member.filename}" in "{name}" is locked with a password.'
        raise InputError(message, "Unpack it yourself and upload its files.")
    return _read_member(name, member.filename, partial(archive.open, member), member.compress_size, before)


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
        raise _damaged(name, f' in "{archive}"') from error
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


def _damaged(name: str, archive: str = "") -> InputError:
    remedy = "Create the archive again, or unpack it first."
    return InputError(f'"{name}"{archive} can\'t be unpacked: it is cut short or damaged.', remedy)


def _bomb(name: str) -> InputError:
    size = f"more than {RATIO_FROM // 1024**2} MB and over {MAX_RATIO} times its size"
    return InputError(f'"{name}" unpacks to {size}; it was not opened.', "Upload the file inside, unpacked.")
