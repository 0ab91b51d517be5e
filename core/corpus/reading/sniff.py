"""The format of a file, by its content first and its name second; the format of pasted text."""

import re
from pathlib import PurePosixPath

from core.corpus.reading.delimited import DELIMITER_NAMES, is_tab_table, nonblank_records
from core.corpus.reading.documents.detect import OLE, ZIPPED, binary_document, text_document, zipped_document
from core.corpus.reading.encodings import utf16_or_32
from core.errors import InputError

FORMATS = {
    ".csv": "csv", ".tsv": "tsv", ".tab": "tsv", ".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl",
    ".parquet": "parquet", ".pq": "parquet", ".xlsx": "xlsx", ".xlsm": "xlsx", ".txt": "txt", ".text": "txt",
    ".vec": "txt", ".md": "md", ".markdown": "md", ".npy": "npy", ".npz": "npz", ".safetensors": "safetensors",
    ".gz": "gz", ".zip": "zip", ".xls": "xls", ".html": "html", ".htm": "html", ".xhtml": "html", ".pdf": "pdf",
    ".docx": "docx", ".docm": "docx", ".dotx": "docx", ".pptx": "pptx", ".pptm": "pptx", ".ppsx": "pptx",
    ".epub": "epub", ".eml": "eml", ".mbox": "mbox", ".srt": "srt", ".vtt": "vtt", ".ipynb": "ipynb",
}  # fmt: skip
READABLE = (
    "tables (CSV, TSV, JSON, JSONL, Parquet, XLSX), documents (PDF, DOCX, PPTX, HTML, EPUB, MD, TXT, EML, MBOX, SRT, "
    "VTT, IPYNB), vectors (NPY, NPZ, safetensors), or these inside .gz or .zip"
)
_MAGIC = {b"PAR1": "parquet", b"PK\x03\x04": "zip", b"PK\x05\x06": "zip", b"\x1f\x8b": "gz", b"\x93NUMPY": "npy"}
_REFUSED = {
    b"\x89PNG\r\n\x1a\n": "a PNG image", b"\xff\xd8\xff": "a JPEG image", b"GIF8": "a GIF image", b"BM": "a BMP image",
    b"RIFF": "a WebP image, sound or video file", b"II*\x00": "a TIFF image", b"MM\x00*": "a TIFF image",
    b"{\\rtf": "an RTF document", OLE: "an old Office file (.xls, .doc, .ppt or .msg)",
    b"\x7fELF": "a program", b"MZ": "a program", b"SQLite format 3\x00": "an SQLite database",
    b"\x89HDF": "an HDF5 file", b"ARROW1": "an Arrow file", b"Obj\x01": "an Avro file",
    b"7z\xbc\xaf": "a 7-Zip archive", b"Rar!": "a RAR archive", b"BZh": "a bzip2 archive", b"\xfd7zXZ": "an xz archive",
    b"\x28\xb5\x2f\xfd": "a Zstandard archive", b"ID3": "an MP3 sound file", b"OggS": "an Ogg sound file",
    **dict.fromkeys((b"\x80\2", b"\x80\3", b"\x80\4", b"\x80\5"), "a pickle, which can run code and is never opened"),
}  # fmt: skip
_SHORT = {b"BM", b"MZ", b"ID3", b"BZh", b"Obj\x01", b"RIFF", b"GIF8", b"Rar!"}  # could begin a text as well
_BINARY = {"parquet", "xlsx", "npy", "npz", "gz", "zip", "pdf"} | ZIPPED
_SAMPLE = 65_536
_TEXT_CONTROLS = frozenset(b"\t\n\r\x0b\x0c\x1b\x1a\x00")
_PLAIN_NAME = re.compile(r"[^\s\d.!?][^.!?]{0,39}")


def extension(name: str) -> str:
    """The last suffix of a file name, lower case, with its dot."""
    return PurePosixPath(name.replace("\\", "/")).suffix.lower()


def file_format(name: str, data: bytes) -> str:
    """One of the values of FORMATS. Raises InputError for empty files and for content that is no readable format."""
    if not data:
        raise InputError(f'"{name}" is empty.', "Upload a file that holds at least one row.")
    named = FORMATS.get(extension(name), "")
    by_magic = (kind for magic, kind in _MAGIC.items() if data.startswith(magic))
    if detected := binary_document(name, data, named) or next(by_magic, ""):
        return _zip_kind(name, data, named) if detected == "zip" else detected
    if named != "safetensors" and (kind := _binary_kind(data)):
        raise InputError(f'"{name}" is {kind}, not a text or table file.', f"Upload {READABLE}.")
    if named in _BINARY:
        remedy = "It may be cut short, damaged, or of another kind; save or download it again."
        raise InputError(f'"{name}" is not a readable {named.upper()} file: it does not begin like one.', remedy)
    if named in {"", "csv", "tsv", "xls", "html"} and is_html_table(data):
        return "html"
    if named == "xls":  # a table of text under the name of a workbook
        return "tsv" if is_tab_table(data) else "csv"
    return named or text_document(data) or _by_text(data)


def is_html_table(data: bytes) -> bool:
    """Whether a text is a page of HTML, or a workbook in Excel's XML of 2003."""
    head = data[:_SAMPLE].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").lower()
    return head.startswith(b"<") and re.search(rb"<!doctype html|<html|<table|<(\w+:)?workbook", head) is not None


def _zip_kind(name: str, data: bytes, named: str) -> str:
    if named in {"xlsx", "npz"}:
        return named
    if kind := zipped_document(name, data, named):
        return kind
    is_workbook = b"[Content_Types].xml" in data[:4096] or b"xl/workbook.xml" in data[-_SAMPLE:]
    return "xlsx" if is_workbook and named != "zip" else "zip"


def _binary_kind(data: bytes) -> str:
    for magic, kind in _REFUSED.items():
        if data.startswith(magic) and (magic not in _SHORT or _has_controls(data)):
            return kind
    if data[257:262] == b"ustar":
        return "a tar archive"
    if data[4:8] == b"ftyp":
        return "a video or HEIC image"
    return "a binary file" if _has_controls(data) else ""


def _has_controls(data: bytes) -> bool:
    """More than 1 in 100 control bytes at the beginning; NULs of UTF-16 and UTF-32 text are not counted."""
    head = data[:_SAMPLE]
    low, high = sorted((head[::2].count(0), head[1::2].count(0)))
    is_utf16 = high > len(head) // 200 and low * 20 <= high  # NULs on one side of byte pairs only
    is_utf32 = head.startswith(b"\0\0\xfe\xff") or utf16_or_32(head).startswith("UTF-32")
    if is_utf16 or is_utf32 or head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return False
    controls = sum(head.count(bytes([code])) for code in range(32) if code not in _TEXT_CONTROLS)
    scattered = head.count(0) if head.count(0) > len(head) // 4 else 0
    return controls + scattered > len(head) // 100


def _by_text(data: bytes) -> str:
    head = data[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    if head.startswith(b"{") and re.search(rb"\}\r?\n\{", data[:_SAMPLE]):
        return "jsonl"
    return "json" if head.startswith((b"[", b"{")) else "txt"


def paste_format(text: str) -> str:
    """json, jsonl, csv (a table with a header) or txt (one row per line)."""
    begin = text.lstrip()
    if re.match(r'\[\s*[\[{"]', begin):
        return "json"
    if re.match(r"\{\s*\"", begin):
        return "jsonl" if "}\n{" in begin.replace("\r", "").replace("} \n", "}\n") else "json"
    return "csv" if any(_is_table(text, delimiter) for delimiter in DELIMITER_NAMES) else "txt"


def _is_table(text: str, delimiter: str) -> bool:
    """Two records or more, all with as many fields as the header, whose names are short, unique and no sentences."""
    rows = nonblank_records(text, delimiter)
    if len(rows) < 2 or len(rows[0]) < 2 or any(len(row) != len(rows[0]) for row in rows):
        return False
    return len(set(rows[0])) == len(rows[0]) and all(map(_PLAIN_NAME.fullmatch, rows[0]))
