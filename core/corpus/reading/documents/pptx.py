"""PPTX: one row per slide, with its title as heading and the speaker's notes."""

import io
from collections.abc import Iterable, Iterator
from typing import Any

from core.corpus.reading.archives import check_zip_sizes
from core.corpus.reading.documents.sections import document_part, listed, pluralize
from core.corpus.reading.values import ParsedFile, ReadOptions, Source, Upload
from core.corpus.reading.vectors import damaged_file

SLIDE = "slide"
_MAX_DEPTH = 20  # of groups within each other
_SHOWS = ("slideshow.main", "presentation.macroEnabled.main", "slideshow.macroEnabled.main", "template.main")


def read_pptx(upload: Upload, options: ReadOptions) -> ParsedFile:
    """Slides with text. Raises InputError for a damaged file or one without text."""
    check_zip_sizes(upload.data, upload.name)
    try:
        slides = _read_slides(upload.data)
    except Exception as error:  # python-pptx raises whatever its XML and zip readers raise
        raise damaged_file(upload.name, "PPTX") from error
    records = [
        {"text": text, SLIDE: number, "heading": title} for number, (title, text) in enumerate(slides, start=1) if text
    ]
    empty = [number for number, (_, text) in enumerate(slides, start=1) if not text]
    verb = "has" if len(empty) == 1 else "have"
    notes = (f"{pluralize(len(empty), 'slide')} {verb} no text: {listed(empty)}.",) if empty else ()
    return document_part(upload, Source(upload.name, "PPTX", notes=notes), records)


def _read_slides(data: bytes) -> list[tuple[str | None, str]]:
    """(title or None, text with title and notes) of each slide."""
    from pptx.opc.package import PartFactory
    from pptx.package import Package
    from pptx.parts.presentation import PresentationPart

    for kind in list(PartFactory.part_type_for):
        if kind.endswith("presentation.main+xml"):
            for name in _SHOWS:
                PartFactory.part_type_for.setdefault(_content_type(kind, name), PresentationPart)
    presentation = Package.open(io.BytesIO(data)).presentation_part.presentation
    return [_slide_text(slide) for slide in presentation.slides]


def _content_type(presentation: str, name: str) -> str:
    macros = "application/vnd.ms-powerpoint."
    return f"{macros}{name}+xml" if "macro" in name else presentation.replace("presentation.main", name)


def _slide_text(slide: Any) -> tuple[str | None, str]:
    title_shape = slide.shapes.title
    title = " ".join(title_shape.text_frame.text.split()) if title_shape is not None else ""
    blocks = [
        title,
        *_shape_texts(shape for shape in slide.shapes if shape.shape_id != getattr(title_shape, "shape_id", 0)),
    ]
    if slide.has_notes_slide and (frame := slide.notes_slide.notes_text_frame) is not None and frame.text.strip():
        blocks.append(f"Notes: {frame.text.strip()}")
    text = "\n\n".join(block for block in blocks if block.strip())
    return title or None, text.replace("\v", "\n").strip()


def _shape_texts(shapes: Iterable[Any], depth: int = 0) -> Iterator[str]:
    for shape in shapes:
        if getattr(shape, "has_text_frame", False):
            yield shape.text_frame.text.strip()
        elif getattr(shape, "has_table", False):
            rows = ([" ".join(cell.text.split()) for cell in row.cells] for row in shape.table.rows)
            yield "\n".join("\t".join(row) for row in rows if any(row))
        elif hasattr(shape, "shapes") and depth < _MAX_DEPTH:
            yield from _shape_texts(shape.shapes, depth + 1)
