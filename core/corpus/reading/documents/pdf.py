"""PDF: one row per section of a page, with page number and path of headings. Read by PDFium (pypdfium2)."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

from core.corpus.reading.documents.pdf_lines import PageLines, page_lines
from core.corpus.reading.documents.pdf_text import Bookmark, Heading, PageText, remove_repeated
from core.corpus.reading.documents.sections import SectionBuilder, document_part, listed, locked_file, pluralize
from core.corpus.reading.progress import report_pages
from core.corpus.reading.values import ParsedFile, ReadOptions, Source, Upload
from core.corpus.reading.vectors import damaged_file
from core.errors import InputError

PAGE = "page"
_MAX_BOOKMARKS = 20_000


def read_pdf(upload: Upload, options: ReadOptions) -> ParsedFile:
    """Sections of pages. Headers and footers that most pages share are left out. Raises InputError for a file that is
    locked, damaged, or has no text."""
    document = open_pdf(upload)
    try:
        bookmarks = list(_bookmarks(document))
        pages, damaged = _read_pages(document)
    finally:
        document.close()
    if not any(page.lines for page in pages):
        raise _no_text(upload.name, len(pages), len(damaged))
    removed, affected = remove_repeated(pages)
    without_text = [number for number, page in enumerate(pages, start=1) if page.has_objects and not page.lines]
    notes = (_damage_note(damaged), _scan_note(without_text, len(pages)), _header_note(removed, affected))
    builder = SectionBuilder(PAGE)
    text = PageText(pages, bookmarks)
    for index, page in enumerate(pages):
        builder.begin(index + 1)
        for part in text.parts(index, page):
            if isinstance(part, Heading):
                builder.heading(part.level, part.title)
            else:
                builder.block(part)
    builder.end()
    source = Source(upload.name, "PDF", notes=tuple(filter(None, notes)))
    return document_part(upload, source, builder.records)


def open_pdf(upload: Upload) -> Any:
    """The pypdfium2 document; an empty user password opens it. Raises InputError."""
    import pypdfium2
    import pypdfium2.raw as raw

    try:
        document = pypdfium2.PdfDocument(upload.data)
    except pypdfium2.PdfiumError as error:
        code = getattr(error, "err_code", None)
        if code == raw.FPDF_ERR_PASSWORD:
            raise locked_file(upload.name) from error
        if code == raw.FPDF_ERR_SECURITY:
            message = f'"{upload.name}" is encrypted by a method that is not supported.'
            raise InputError(message, "Save a copy without encryption and upload that.") from error
        raise damaged_file(upload.name, "PDF") from error
    if not len(document):
        raise damaged_file(upload.name, "PDF")
    return document


def _read_pages(document: Any) -> tuple[list[PageLines], list[int]]:
    """The lines of each page, and the numbers of pages that can't be read."""
    import pypdfium2

    pages, damaged = [], []
    total = len(document)
    for index in range(total):
        report_pages(index, total)
        lines = PageLines()
        try:
            page = document[index]
            try:
                lines = page_lines(page)
            finally:
                page.close()
        except pypdfium2.PdfiumError:
            damaged.append(index + 1)
        pages.append(lines)
    return pages, damaged


def _bookmarks(document: Any) -> Iterator[Bookmark]:
    import pypdfium2

    with suppress(pypdfium2.PdfiumError, UnicodeError):
        for number, mark in enumerate(document.get_toc()):
            if number == _MAX_BOOKMARKS:
                return
            target = mark.get_dest()
            page = target.get_index() if target else None
            if page is not None:
                yield page, mark.level + 1, mark.get_title()


def _no_text(name: str, pages: int, damaged: int) -> InputError:
    if damaged == pages:
        return damaged_file(name, "PDF")
    message = f'"{name}" has {pluralize(pages, "page")} and no text: a scan, or pages without content.'
    return InputError(message, "Run text recognition (OCR) on it, for example with OCRmyPDF, and upload the result.")


def _damage_note(pages: Sequence[int]) -> str:
    return f"{pluralize(len(pages), 'page')} can't be read: {listed(pages)}." if pages else ""


def _scan_note(pages: Sequence[int], total: int) -> str:
    verb = "has" if len(pages) == 1 else "have"
    listing = f"{len(pages):,} of {total:,} pages {verb} no text, such as scans without text recognition (OCR)"
    return f"{listing}: {listed(pages)}." if pages else ""


def _header_note(lines: int, pages: int) -> str:
    repeated = f"{pluralize(lines, 'repeated line')} at the top or bottom of {pluralize(pages, 'page')}"
    return f"Headers and footers were removed: {repeated}." if lines else ""
