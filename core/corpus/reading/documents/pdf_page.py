"""A page of a PDF as an image, with a passage marked where its letters and digits occur on the page."""

import io
import math
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.corpus.reading.documents.pdf import open_pdf
from core.corpus.reading.documents.pdf_lines import ordered_pieces, page_characters
from core.corpus.reading.values import Upload
from core.errors import InputError

WIDTH = 1_100  # pixels of a page; fewer where it is very tall
MAX_PIXELS = 4_000_000
MAX_SCALE = 4.0  # pixels a point, for very small pages
COLOR = (255, 232, 120)  # what marked pixels are multiplied with: text stays readable
PADDING = 2  # pixels around marked letters
_MIN_PART = 6  # letters of a part of a passage that is searched alone
_PART = re.compile(r"[\n\t]+|(?<=[.!?])\s+|(?<=[。！？])")
Span = tuple[int, int]
Box = tuple[float, float, float, float]  # left, bottom, right, top, in points


@dataclass(frozen=True)
class PageImage:
    """png: the page (from 1) of `pages`. marked: share of the passage's letters that were marked, in [0, 1]."""

    png: bytes
    page: int
    pages: int
    marked: float


def render_page(path: Path, name: str, page: int, passage: str = "") -> PageImage:
    """Draw a page and mark the passage. Raises InputError for a file or a page that can't be read."""
    import pypdfium2

    document = open_pdf(Upload(name, path.read_bytes()))
    try:
        if not 1 <= page <= len(document):
            raise InputError(f'"{name}" has no page {page:,}.', f"Choose a page from 1 to {len(document):,}.")
        opened = document[page - 1]
        try:
            boxes, marked = find_passage(opened, passage)
            return PageImage(_png(_draw(opened, boxes)), page, len(document), marked)
        finally:
            opened.close()
    except pypdfium2.PdfiumError as error:
        raise InputError(f'Page {page:,} of "{name}" can\'t be shown.', "It may be damaged.") from error
    finally:
        document.close()


def find_passage(page: Any, passage: str) -> tuple[list[Box], float]:
    """Boxes of the passage's text on a pypdfium2 page, one for each piece of a line, and the share of its letters and
    digits that they hold."""
    letters = normalize(passage)
    if not letters:
        return [], 0.0
    text = page.get_textpage()
    try:
        blocks, _ = ordered_pieces(text.raw)
        codes, sides = page_characters(text.raw)
    finally:
        text.close()
    owners, indexes, content = _page_letters([piece for block in blocks for row in block for piece in row], codes)
    spans = match_spans(content, passage)
    matched = np.zeros(len(content), bool)
    for start, end in spans:
        matched[start:end] = True
    boxes = []
    for owner in np.unique(owners[matched]):
        own = sides[indexes[matched & (owners == owner)]]
        boxes.append((*own[:, :2].min(axis=0).tolist(), *own[:, 2:].max(axis=0).tolist()))
    return boxes, min(1.0, sum(end - start for start, end in spans) / len(letters))


def normalize(text: str) -> str:
    """Letters and digits alone, without case, accents and typographic variants such as ligatures."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKD", text).casefold())).translate(_BEYOND)


class _Beyond(dict[int, None]):
    """Drops characters beyond the basic plane, which PDFium gives as halves."""

    def __missing__(self, code: int) -> int | None:
        return code if code < 0x10000 else None


_BEYOND = _Beyond()


def _page_letters(pieces: list[Any], codes: np.ndarray) -> tuple[np.ndarray, np.ndarray, str]:
    """Of each normalized letter of a page in reading order: the position of its piece, and that of its character."""
    owners, indexes, content = list[int](), list[int](), list[str]()
    for owner, piece in enumerate(pieces):
        for index in range(piece.start, piece.end):
            for letter in normalize(chr(codes[index])):
                owners.append(owner)
                indexes.append(index)
                content.append(letter)
    return np.array(owners, np.int64), np.array(indexes, np.int64), "".join(content)


def match_spans(content: str, passage: str) -> list[Span]:
    """Where a passage occurs in normalized text: as a whole, else each of its sentences and lines that does."""
    whole = normalize(passage)
    if (at := content.find(whole)) >= 0:
        return [(at, at + len(whole))]
    spans, at = list[Span](), 0
    for part in _parts(passage):
        start = content.find(part, at)
        start = content.find(part) if start < 0 else start
        if start >= 0:
            at = start + len(part)
            spans.append((start, at))
    return spans


def _parts(passage: str) -> Iterator[str]:
    for part in _PART.split(passage):
        letters = normalize(part)
        if len(letters) >= _MIN_PART:
            yield letters


def _draw(page: Any, boxes: list[Box]) -> np.ndarray:
    """(height, width, 3) uint8 pixels of a page with the boxes marked."""
    import pypdfium2.raw as pdfium

    wide, high = page.get_size()
    if not (0 < wide < math.inf and 0 < high < math.inf):
        raise InputError("This page has no size.", "Choose another page.")
    scale = min(WIDTH / wide, math.sqrt(MAX_PIXELS / (wide * high)), MAX_SCALE)
    bitmap = page.render(scale=scale, rev_byteorder=True, may_draw_forms=False)
    try:
        pixels = np.array(bitmap.to_numpy())[:, :, :3]
    finally:
        bitmap.close()
    height, width = pixels.shape[:2]
    for left, bottom, right, top in boxes:
        corners = [_to_device(pdfium, page, width, height, x, y) for x, y in ((left, bottom), (right, top))]
        (x0, x1), (y0, y1) = (sorted(side) for side in zip(*corners, strict=True))
        area = pixels[max(0, y0 - PADDING) : y1 + PADDING, max(0, x0 - PADDING) : x1 + PADDING]
        area[:] = area.astype(np.uint16) * np.array(COLOR, np.uint16) // 255
    return pixels


def _to_device(pdfium: Any, page: Any, width: int, height: int, x: float, y: float) -> tuple[int, int]:
    """The pixel of a point, whatever the page's rotation and crop box."""
    from ctypes import byref, c_int

    column, row = c_int(), c_int()
    pdfium.FPDF_PageToDevice(page.raw, 0, 0, width, height, 0, x, y, byref(column), byref(row))
    return column.value, row.value


def _png(pixels: np.ndarray) -> bytes:
    from PIL import Image

    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG", compress_level=4)
    return out.getvalue()
