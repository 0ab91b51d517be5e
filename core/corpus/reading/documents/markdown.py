"""Markdown with headings: one row per section; the text keeps its markup."""

import re
from itertools import pairwise
from typing import Any

from core.corpus.reading.documents.sections import SectionBuilder, document_part
from core.corpus.reading.encodings import to_utf8
from core.corpus.reading.values import ParsedFile, ReadOptions, Source, Upload

FORMAT = "Markdown"
_TITLE_PARTS = {"text", "code_inline", "softbreak", "hardbreak", "text_special"}
_FRONT_MATTER = re.compile(r"\A---[ \t]*\n.*?\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)


def read_markdown(upload: Upload, options: ReadOptions) -> ParsedFile | None:
    """The sections of a text; None for one without headings, or where another unit of rows is selected."""
    if options.text_unit:
        return None
    decoded = to_utf8(upload.name, upload.data, options.encoding)
    text = decoded.data.decode("utf-8").replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    body = _FRONT_MATTER.sub("", text)
    builder = SectionBuilder()
    if not add_markdown(builder, body):
        return None
    builder.end()
    notes = ("The metadata at the beginning was left out.",) if body != text else ()
    source = Source(
        upload.name, FORMAT, decoded.encoding, notes=(*decoded.notes, *notes), alternatives=decoded.alternatives
    )
    return document_part(upload, source, builder.records)


def add_markdown(builder: SectionBuilder, text: str) -> int:
    """Add the sections of a text; returns the number of headings."""
    lines, end = text.split("\n"), 0
    parsed = headings(text)
    for level, title, first, last in parsed:
        builder.block("\n".join(lines[end:first]))
        builder.heading(level, title)
        end = last
    builder.block("\n".join(lines[end:]))
    return len(parsed)


def headings(text: str) -> list[tuple[int, str, int, int]]:
    """(level, title, first line, line after it) of the headings by CommonMark, not those in code or quotations."""
    from markdown_it import MarkdownIt

    tokens = MarkdownIt("commonmark").parse(text)
    return [
        (int(token.tag[1]), _title(content), token.map[0], token.map[1])
        for token, content in pairwise(tokens)
        if token.type == "heading_open" and token.level == 0 and token.map
    ]


def _title(token: Any) -> str:
    return "".join(child.content or " " for child in token.children or () if child.type in _TITLE_PARTS)
