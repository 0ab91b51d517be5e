"""Web pages: one row per section, unless the page is mostly one table of data."""

from core.corpus.reading.documents.html_text import add_page, page_title, parse_html
from core.corpus.reading.documents.sections import SectionBuilder, document_part, pluralize
from core.corpus.reading.encodings import to_utf8
from core.corpus.reading.html_tables import read_html
from core.corpus.reading.sniff import extension
from core.corpus.reading.values import ParsedFile, ReadOptions, Source, Upload
from core.errors import InputError

_PAGE_NAMES = {".html", ".htm", ".xhtml", ""}
_TABLE_SHARE = 0.5  # of a page's characters, from which on its largest table is the data


def read_page(upload: Upload, options: ReadOptions) -> ParsedFile:
    """The largest table of a page where it holds most of the text, else the sections of the page. A page under the name
    of a table, such as a sign-in page saved as CSV, is read as a table only. Raises InputError."""
    if extension(upload.name) not in _PAGE_NAMES:
        return read_html(upload, options)
    decoded = to_utf8(upload.name, upload.data, options.encoding)
    text = parse_html(decoded.data)
    if text is not None:
        total = len(" ".join(text.text_content().split()))
        tables = [len(" ".join(table.text_content().split())) for table in text.iter("table")]
        if not total or max(tables, default=0) < _TABLE_SHARE * total:
            return _read_sections(upload, options)
    try:
        return read_html(upload, options)
    except InputError:  # a table for layout
        return _read_sections(upload, options)


def _read_sections(upload: Upload, options: ReadOptions) -> ParsedFile:
    decoded = to_utf8(upload.name, upload.data, options.encoding)
    root, builder, left_out = parse_html(decoded.data), SectionBuilder(), 0
    if root is not None:
        builder.heading(1, page_title(root), in_text=False)
        left_out = add_page(builder, root)
    builder.end()
    notes = (f"{pluralize(left_out, 'part')} for navigation left out.",) if left_out else ()
    source = Source(
        upload.name, "HTML", decoded.encoding, notes=(*decoded.notes, *notes), alternatives=decoded.alternatives
    )
    return document_part(upload, source, builder.records)
