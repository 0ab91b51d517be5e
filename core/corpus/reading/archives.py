"""Safe unpacking of .gz and .zip: names, nesting, sizes and compression ratios are checked while streaming."""

import gzip
import io
import zipfile
import zlib
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import PurePosixPath
from typing import IO

from core.corpus.reading.sniff import FORMATS, READABLE, extension, file_format
from core.corpus.reading.values import Upload
from core.errors import InputError

MAX_BYTES = 2 * 1024**3  # unpacked, all files of one upload together
MAX_RATIO = 200  # text packs 3 to 30 times; a bomb some 1,000
RATIO_FROM = 64 * 1024**2  # below this size a high ratio is harmless
MAX_MEMBERS = 10_000
_CHUNK = 1024**2
_Stream = io.BufferedIOBase | IO[bytes]


def unpack(uploads: Sequence[Upload]) -> tuple[list[Upload], list[str]]:
    """The uploads with archives replaced by their files (sorted by name), and notes on ignored files.
    Raises InputError for nested archives, `../` and absolute names, encrypted or damaged archives, and for more
    than MAX_BYTES or a packing ratio above MAX_RATIO."""
    files: list[Upload] = []
    notes: list[str] = []
    budget = MAX_BYTES
    for upload in uploads:
        open_archive = {"gz": _gunzip, "zip": _unzip}.get(file_format(upload.name, upload.data))
        opened, skipped = open_archive(upload, budget) if open_archive else ([upload], [])
        budget -= sum(len(file.data) for file in opened) if open_archive else 0
        files += opened
        notes += skipped
    return files, notes


def read_limited(stream: _Stream, packed: int, name: str, budget: int = MAX_BYTES) -> bytes:
    """All bytes of a stream; InputError as soon as it passes the budget or MAX_RATIO times its packed size."""
    chunks, size = [], 0
    while chunk := stream.read(_CHUNK):
        size += len(chunk)
        if size > budget or (size > RATIO_FROM and size > packed * MAX_RATIO):
            raise _bomb(name)
        chunks.append(chunk)
    return b"".join(chunks)


def check_zip_sizes(data: bytes, name: str) -> None:
    """Raise InputError when a zip-based file (XLSX) declares more than can be unpacked."""
    with _open_zip(Upload(name, data)) as archive:
        size = sum(member.file_size for member in archive.infolist())
    if size > MAX_BYTES or (size > RATIO_FROM and size > len(data) * MAX_RATIO):
        raise _bomb(name)


def _gunzip(upload: Upload, budget: int) -> tuple[list[Upload], list[str]]:
    name = upload.name[:-3] if upload.name.lower().endswith(".gz") else upload.name
    open_stream = partial(gzip.GzipFile, fileobj=io.BytesIO(upload.data))
    return [_read_member(upload.name, name, open_stream, len(upload.data), budget)], []


def _unzip(upload: Upload, budget: int) -> tuple[list[Upload], list[str]]:
    with _open_zip(upload) as archive:
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
            files.append(_read_member(upload.name, member.filename, open_stream, member.compress_size, budget))
            budget -= len(files[-1].data)
    if not files:
        raise InputError(f'"{upload.name}" holds no file that can be read.', f"Put in {READABLE}.")
    listed = ", ".join(left_out[:5]) + (", …" if len(left_out) > 5 else "")
    return files, [f'Ignored in "{upload.name}": {listed}.'] if left_out else []


def _open_zip(upload: Upload) -> zipfile.ZipFile:
    try:
        archive = zipfile.ZipFile(io.BytesIO(upload.data))
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise _damaged(upload.name) from error
    if len(archive.infolist()) > MAX_MEMBERS:
        raise InputError(f'"{upload.name}" holds more than {MAX_MEMBERS:,} files.', "Split it.")
    return archive


def _read_member(archive: str, name: str, open_stream: Callable[[], _Stream], packed: int, budget: int) -> Upload:
    try:
        with open_stream() as stream:
            data = read_limited(stream, packed, archive, budget)
    except (zipfile.BadZipFile, OSError, EOFError, zlib.error, NotImplementedError, ValueError) as error:
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
    limits = f"over {MAX_RATIO} times, or over {MAX_BYTES // 1024**3} GB"
    message = f'"{name}" unpacks to far more than its size suggests ({limits}); it was not opened.'
    return InputError(message, "Upload the file inside, unpacked.")
