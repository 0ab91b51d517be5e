"""Which kind of document a file is, by its content."""

import io
import re
import struct
import zipfile
from contextlib import suppress

from core.corpus.reading.budget import current_budget
from core.corpus.reading.documents.sections import locked_file
from core.errors import InputError

ZIPPED = {"docx", "pptx", "epub"}
OLE = b"\xd0\xcf\x11\xe0"  # old Office files, and new ones with a password
_LOCKED = "EncryptedPackage".encode("utf-16-le")
_PDF = b"%PDF-"
_PDF_OFFSET = 1024  # bytes that may stand before a PDF's beginning
_PARTS = {"word/document": "docx", "ppt/presentation": "pptx", "META-INF/container.xml": "epub"}
_BEGINNINGS = {
    rb"WEBVTT\b": "vtt", rb"\d+\r?\n\d+:\d\d:\d\d[,.]\d+ *-->": "srt", rb"From \S+ [^\n]*\d{4}\r?\n[\w-]+:": "mbox",
    rb"(?:[A-Z][\w-]*: [^\n]*\n(?:[ \t][^\n]*\n)*){1,40}?(?:MIME-Version|Message-ID): ": "eml",
}  # fmt: skip


def binary_document(name: str, data: bytes, named: str) -> str:
    """pdf, or "" for other content. named: the kind that the name suggests. Raises InputError for a locked Office
    document."""
    if data.startswith(OLE) and _LOCKED in data:
        raise locked_file(name)
    return "pdf" if data.startswith(_PDF) or (named == "pdf" and _PDF in data[:_PDF_OFFSET]) else ""


def zipped_document(name: str, data: bytes, named: str) -> str:
    """docx, pptx or epub, by the names in a zip file, or by its own where it is cut short; "" for others. Raises
    InputError for OpenDocument files."""
    if b"application/vnd.oasis.opendocument" in data[:256]:
        raise InputError(f'"{name}" is an OpenDocument file.', "Save it as DOCX, PPTX or XLSX and upload that.")
    members = _member_names(data)
    by_content = (kind for part, kind in _PARTS.items() if any(member.startswith(part) for member in members))
    return next(by_content, named if named in ZIPPED else "")


def _member_names(data: bytes) -> list[str]:
    """Names in a zip file; none where it is damaged or has more files than may be read."""
    if data.count(b"PK\x01\x02") > current_budget().files:
        return []
    with (
        suppress(zipfile.BadZipFile, OSError, ValueError, NotImplementedError, struct.error),
        zipfile.ZipFile(io.BytesIO(data)) as archive,
    ):
        return archive.namelist()
    return []


def text_document(data: bytes) -> str:
    """eml, mbox, srt or vtt, "" for other texts."""
    head = data[:4096].removeprefix(b"\xef\xbb\xbf")
    return next((kind for pattern, kind in _BEGINNINGS.items() if re.match(pattern, head)), "")
