"""EPUB: one row per section of a chapter, in the order of the book."""

import posixpath
import re
import zipfile
import zlib
from typing import Any
from urllib.parse import unquote

from core.corpus.reading.archives import check_zip_sizes, open_zip
from core.corpus.reading.documents.html_text import add_page, page_title, parse_html
from core.corpus.reading.documents.sections import SectionBuilder, document_part
from core.corpus.reading.encodings import to_utf8
from core.corpus.reading.values import ParsedFile, ReadOptions, Source, Upload
from core.corpus.reading.vectors import damaged_file
from core.errors import InputError

_PAGES = {"application/xhtml+xml", "text/html"}
_DAMAGE = (zipfile.BadZipFile, zlib.error, OSError, EOFError, KeyError, ValueError, RuntimeError, NotImplementedError)


def read_epub(upload: Upload, options: ReadOptions) -> ParsedFile:
    """Sections of all chapters; a chapter without a heading is named by its title. Raises InputError for a file that is
    damaged, protected or without text."""
    check_zip_sizes(upload.data, upload.name)
    builder, missing = SectionBuilder(), list[str]()
    with open_zip(upload) as archive:
        try:
            chapters = _chapters(archive)
            _check_protection(upload.name, archive, chapters)
            for path in chapters:
                if path in archive.NameToInfo:
                    _add_chapter(builder, upload.name, archive.read(path))
                else:
                    missing.append(path)
        except _DAMAGE as error:
            raise damaged_file(upload.name, "EPUB") from error
    notes = (f"Chapters missing in the file: {', '.join(missing[:5])}.",) if missing else ()
    return document_part(upload, Source(upload.name, "EPUB", notes=notes), builder.records)


def _add_chapter(builder: SectionBuilder, name: str, data: bytes) -> None:
    root = parse_html(to_utf8(name, data).data)
    if root is not None:
        if not any(True for _ in root.iter("h1", "h2", "h3", "h4", "h5", "h6")):
            builder.heading(1, page_title(root), in_text=False)
        add_page(builder, root, main_only=False)
    builder.end()


def _chapters(archive: zipfile.ZipFile) -> list[str]:
    """Paths of the pages, in reading order. Raises KeyError or ValueError where the file does not list them."""
    container = _parse_xml(archive.read("META-INF/container.xml"))
    package = str(container.find(".//{*}rootfile").get("full-path"))
    book = _parse_xml(archive.read(package))
    folder = posixpath.dirname(package)
    pages = {
        item.get("id"): posixpath.normpath(posixpath.join(folder, unquote(item.get("href", "").split("#")[0])))
        for item in book.iterfind(".//{*}manifest/{*}item")
        if item.get("media-type") in _PAGES and "nav" not in (item.get("properties") or "").split()
    }
    order = [pages.get(item.get("idref"), "") for item in book.iterfind(".//{*}spine/{*}itemref")]
    return [path for path in dict.fromkeys(order) if path]


def _parse_xml(data: bytes) -> Any:
    """The root of XML: entities are not expanded, nothing is loaded. Raises ValueError."""
    from lxml import etree

    if re.search(rb"<!ENTITY", data):
        raise ValueError("entities in the package document")
    try:
        return etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False))
    except etree.XMLSyntaxError as error:
        raise ValueError(str(error)) from error


def _check_protection(name: str, archive: zipfile.ZipFile, chapters: list[str]) -> None:
    """Raise InputError where chapters are encrypted; encrypted fonts do not matter."""
    if "META-INF/encryption.xml" not in archive.NameToInfo:
        return
    listing = _parse_xml(archive.read("META-INF/encryption.xml"))
    encrypted = {unquote(item.get("URI", "")) for item in listing.iter("{*}CipherReference")}
    if encrypted & set(chapters):
        raise InputError(f'"{name}" is protected (DRM).', "Upload a copy without protection.")
