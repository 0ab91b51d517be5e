"""DOCX: one row per section between headings; tables as rows of cells, footnotes after their paragraph."""

import io
from collections.abc import Iterator
from typing import Any

from core.corpus.reading.archives import check_zip_sizes
from core.corpus.reading.documents.sections import SectionBuilder, document_part
from core.corpus.reading.values import ParsedFile, ReadOptions, Source, Upload
from core.corpus.reading.vectors import damaged_file

_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"  # repeats a text box
_CONTAINERS = {f"{_WORD}{name}" for name in ("sdt", "sdtContent", "ins", "customXml", "smartTag", "moveTo")}
_MARKS = {f"{_WORD}tab": "\t", f"{_WORD}br": "\n", f"{_WORD}cr": "\n", f"{_WORD}noBreakHyphen": "-"}
_DELETED = {f"{_WORD}{name}" for name in ("del", "moveFrom", "pPr", "rPr")} | {_FALLBACK}
_MACROS = "application/vnd.ms-word.document.macroEnabled.main+xml"
_MAX_DEPTH = 50  # of content controls within each other


def read_docx(upload: Upload, options: ReadOptions) -> ParsedFile:
    """Sections of the document's body; deleted text, headers, footers and the table of contents are left out. Raises
    InputError for a damaged file or one without text."""
    check_zip_sizes(upload.data, upload.name)
    try:
        builder = _read_body(upload)
    except Exception as error:  # python-docx raises whatever its XML and zip readers raise
        raise damaged_file(upload.name, "DOCX") from error
    return document_part(upload, Source(upload.name, "DOCX"), builder.records)


def _read_body(upload: Upload) -> SectionBuilder:
    from docx.opc.constants import CONTENT_TYPE
    from docx.opc.part import PartFactory
    from docx.package import Package
    from docx.parts.document import DocumentPart

    for kind in (_MACROS, CONTENT_TYPE.WML_DOCUMENT_MAIN.replace("document.main", "template.main")):
        PartFactory.part_type_for.setdefault(kind, DocumentPart)
    document = Package.open(io.BytesIO(upload.data)).main_document_part.document
    styles = _StyleLevels(document)
    notes, builder = _footnotes(document.part), SectionBuilder()
    for block in _children(document.element.body, "p", "tbl"):
        if block.tag == f"{_WORD}tbl":
            builder.block(_table_text(block))
            continue
        level, text = styles.level(block), _text(block)
        if level:
            builder.heading(level, text)
        elif not styles.is_contents(block):
            builder.block(f"- {text}" if text.strip() and _is_item(block) else text)
        for number in _note_numbers(block):
            builder.block(f"[{number}] {notes[number]}" if notes.get(number) else "")
    builder.end()
    return builder


class _StyleLevels:
    """Levels of headings by style (by name or outline level, also inherited) or by the paragraph itself."""

    def __init__(self, document: Any) -> None:
        self._levels: dict[str, int] = {}
        self._contents: set[str] = set()
        for style in document.styles.element.iterchildren(f"{_WORD}style"):
            identifier, name = style.get(f"{_WORD}styleId", ""), _value(style, "name").lower()
            outline = _value(style, f"pPr/{_WORD}outlineLvl")
            if name == "title":
                self._levels[identifier] = 1
            elif name.startswith("heading ") and name[8:].isdecimal():
                self._levels[identifier] = int(name[8:])
            elif outline.isdecimal() and int(outline) < 9:
                self._levels[identifier] = int(outline) + 1
            elif (base := _value(style, "basedOn")) in self._levels:
                self._levels[identifier] = self._levels[base]
            if name.startswith("toc "):
                self._contents.add(identifier)

    def level(self, paragraph: Any) -> int:
        """From 1; 0 for a paragraph that is no heading."""
        outline = _value(paragraph, f"pPr/{_WORD}outlineLvl")
        if outline.isdecimal():
            return int(outline) + 1 if int(outline) < 9 else 0
        return self._levels.get(_value(paragraph, f"pPr/{_WORD}pStyle"), 0)

    def is_contents(self, paragraph: Any) -> bool:
        return _value(paragraph, f"pPr/{_WORD}pStyle") in self._contents


def _value(element: Any, path: str) -> str:
    child = element.find(_WORD + path)
    return "" if child is None else child.get(f"{_WORD}val", "")


def _children(parent: Any, *names: str, depth: int = 0) -> Iterator[Any]:
    """Elements of these names, also in content controls and inserted text, but not within each other."""
    for child in parent.iterchildren():
        if child.tag in {_WORD + name for name in names}:
            yield child
        elif child.tag in _CONTAINERS and depth < _MAX_DEPTH:
            yield from _children(child, *names, depth=depth + 1)


def _text(element: Any) -> str:
    """The text, without what tracked changes delete."""
    from lxml import etree

    parts, walk = list[str](), etree.iterwalk(element, events=("start",))
    for _, node in walk:
        if node.tag in _DELETED:
            walk.skip_subtree()
        elif node.tag == f"{_WORD}t":
            parts.append(node.text or "")
        elif node.tag in _MARKS:
            parts.append(_MARKS[node.tag])
    return "".join(parts)


def _table_text(table: Any) -> str:
    rows = ([" ".join(_text(cell).split()) for cell in _children(row, "tc")] for row in _children(table, "tr"))
    return "\n".join("\t".join(cells) for cells in rows if any(cells))


def _is_item(paragraph: Any) -> bool:
    return paragraph.find(f"{_WORD}pPr/{_WORD}numPr") is not None


def _note_numbers(paragraph: Any) -> list[str]:
    return [node.get(f"{_WORD}id", "") for node in paragraph.iter(f"{_WORD}footnoteReference")]


def _footnotes(part: Any) -> dict[str, str]:
    """The text of each footnote, by number."""
    from docx.opc.constants import RELATIONSHIP_TYPE
    from docx.oxml.parser import parse_xml

    try:
        root = parse_xml(part.part_related_by(RELATIONSHIP_TYPE.FOOTNOTES).blob)
    except KeyError:
        return {}
    return {note.get(f"{_WORD}id", ""): " ".join(_text(note).split()) for note in root.iter(f"{_WORD}footnote")}
