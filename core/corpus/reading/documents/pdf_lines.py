"""Lines of a PDF page in reading order: columns are read one after the other, table rows from left to right.

PDFium gives characters in the order in which they were written; a producer may write across columns line by line, so
the order comes from the positions. Columns are recognized by gutters between wide pieces of lines (a projection
profile, as in the X-Y cut of Nagy and Seth, 1984); table cells are narrow and stay in their rows.
"""

import ctypes
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

HYPHEN = "\u00ad"  # a hyphen at the end of a line, whatever the file has there
_HYPHENS = (0x00AD, 0x0002, 0xFFFE)  # as PDFium gives one at the end of a line
_LINE_ENDS = (10, 13)
_BLANKS = (0, 9, 10, 13, 32, 0xA0, 0x3000)
_GAP = 1.0  # horizontal gap, in font sizes, that separates columns and cells
_WIDE = 8.0  # width, in font sizes, of a piece of prose; table cells are narrower
_MIN_ROWS = 4  # wide pieces on both sides of a gutter
_MAX_WIDE = 2_000  # wide pieces of a page that are compared in pairs
_BOLD = 600


@dataclass
class Piece:
    """Characters of one line without a large gap. Coordinates in points, y upwards; angle: quarter turns; start, end:
    of its characters among those of the page."""

    text: str
    left: float
    bottom: float
    right: float
    top: float
    size: float
    bold: bool
    angle: int = 0
    start: int = 0
    end: int = 0

    @property
    def middle(self) -> float:
        return (self.bottom + self.top) / 2

    @property
    def is_wide(self) -> bool:
        return self.right - self.left >= _WIDE * self.size


@dataclass
class Line:
    """A line of a column; cells of a table are separated by tabs."""

    text: str
    left: float
    bottom: float
    right: float
    top: float
    size: float
    bold: bool


@dataclass
class PageLines:
    """blocks: the lines of each column, or part of one, in reading order. bottom, top: of the page, as for the lines.
    has_objects: whether there is anything on the page."""

    blocks: list[list[Line]] = field(default_factory=list)
    bottom: float = 0.0
    top: float = 0.0
    has_objects: bool = False

    @property
    def lines(self) -> list[Line]:
        return [line for block in self.blocks for line in block]


def page_lines(page: Any) -> PageLines:
    """The lines of a pypdfium2 page."""
    text = page.get_textpage()
    try:
        blocks, angle = ordered_pieces(text.raw)
    finally:
        text.close()
    if not blocks:
        return PageLines(has_objects=next(iter(page.get_objects(max_depth=1)), None) is not None)
    left, bottom, right, top = page.get_bbox()
    corners = [_turn(x, y, angle)[1] for x, y in ((left, bottom), (right, top))]
    return PageLines([[_line(row) for row in block] for block in blocks], min(corners), max(corners), True)


def ordered_pieces(raw: Any) -> tuple[list[list[list[Piece]]], int]:
    """The pieces of a text page in reading order, by block and line, turned upright; and the quarter turns of most of
    them, those of the last block turned otherwise."""
    pieces, turns = _pieces(raw), Counter[int]()
    if not pieces:
        return [], 0
    for piece in pieces:
        turns[piece.angle] += len(piece.text)
    angle = turns.most_common(1)[0][0]
    upright = [_turned(piece, angle) for piece in pieces if piece.angle == angle]
    blocks = [_rows(column) for column in _columns(upright)]
    others = [[_turned(piece, piece.angle)] for piece in pieces if piece.angle != angle]
    return [*blocks, *([others] if others else [])], angle


def _pieces(raw: Any) -> list[Piece]:
    """The pieces of a text page, in the order of the file."""
    codes, boxes = page_characters(raw)
    visible = np.flatnonzero(~np.isin(codes, _BLANKS) & ((boxes[:, 2] > boxes[:, 0]) | (boxes[:, 3] > boxes[:, 1])))
    if not len(visible):
        return []
    boxes = boxes[visible]
    sizes = np.maximum(boxes[:, 3] - boxes[:, 1], boxes[:, 2] - boxes[:, 0])
    last, new = boxes[:-1], boxes[1:]
    across = np.maximum(new[:, 0] - last[:, 2], last[:, 0] - new[:, 2])
    along = np.maximum(new[:, 1] - last[:, 3], last[:, 1] - new[:, 3])
    line_ends = np.cumsum(np.isin(codes, _LINE_ENDS))[visible]
    starts = (np.maximum(across, along) > _GAP * sizes[:-1]) | (line_ends[1:] > line_ends[:-1])
    bounds = [0, *(np.flatnonzero(starts) + 1), len(visible)]
    return [_piece(raw, codes, visible[start:end], boxes[start:end]) for start, end in pairwise(bounds)]


def page_characters(raw: Any) -> tuple[np.ndarray, np.ndarray]:
    """Of a text page: (n,) int64 code points or halves of them, and (n, 4) float32 left, bottom, right, top, or zeros
    where a character has no box."""
    import pypdfium2.raw as pdfium

    count = max(pdfium.FPDFText_CountChars(raw), 0)
    get_code, get_box = pdfium.FPDFText_GetUnicode, pdfium.FPDFText_GetLooseCharBox
    codes = np.fromiter((get_code(raw, index) for index in range(count)), np.int64, count)
    rectangles = (pdfium.FS_RECTF * count)()
    for index, rectangle in enumerate(rectangles):
        get_box(raw, index, rectangle)
    sides = np.frombuffer(rectangles, np.float32).reshape(count, 4) if count else np.empty((0, 4), np.float32)
    return codes, sides[:, [0, 3, 2, 1]]


def _piece(raw: Any, codes: np.ndarray, indexes: np.ndarray, boxes: np.ndarray) -> Piece:
    import pypdfium2.raw as pdfium

    first = int(indexes[0])
    (left, bottom), (right, top) = boxes[:, :2].min(axis=0).tolist(), boxes[:, 2:].max(axis=0).tolist()
    angle = -round(pdfium.FPDFText_GetCharAngle(raw, first) / (np.pi / 2)) % 4  # PDFium's is clockwise
    size, matrix = top - bottom, pdfium.FS_MATRIX()
    if pdfium.FPDFText_GetMatrix(raw, first, ctypes.byref(matrix)):
        size = pdfium.FPDFText_GetFontSize(raw, first) * float(np.hypot(matrix.c, matrix.d)) or size
    sides, span = (left, bottom, right, top), (first, int(indexes[-1]) + 1)
    return Piece(_text(codes, indexes), *sides, round(size, 1), _is_bold(raw, first), angle, *span)


def _text(codes: np.ndarray, indexes: np.ndarray) -> str:
    """The characters, with a space where blanks lie between two of them."""
    chars = codes[indexes]
    chars[np.isin(chars, _HYPHENS)] = ord(HYPHEN)
    blanks = np.isin(codes[indexes[0] : indexes[-1] + 1], _BLANKS)
    gaps = np.flatnonzero(np.diff(np.cumsum(blanks)[indexes - indexes[0]])) + 1
    text = np.insert(chars, gaps, 32).astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _is_bold(raw: Any, index: int) -> bool:
    import pypdfium2.raw as pdfium

    if pdfium.FPDFText_GetFontWeight(raw, index) >= _BOLD:
        return True
    name = ctypes.create_string_buffer(128)
    length = pdfium.FPDFText_GetFontInfo(raw, index, name, 128, None)
    return b"bold" in name.raw[: min(length, 128)].lower()


def _turn(x: float, y: float, quarters: int) -> tuple[float, float]:
    """A point turned clockwise."""
    return ((x, y), (y, -x), (-x, -y), (-y, x))[quarters]


def _turned(piece: Piece, quarters: int) -> Piece:
    """A piece turned clockwise, so that its text runs from left to right."""
    if not quarters:
        return piece
    (x1, y1), (x2, y2) = (_turn(piece.left, piece.bottom, quarters), _turn(piece.right, piece.top, quarters))
    sides = (min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2))
    return Piece(piece.text, *sides, piece.size, piece.bold, 0, piece.start, piece.end)


def _columns(pieces: list[Piece]) -> list[list[Piece]]:
    """Pieces in reading order, grouped by column. Pieces across a gutter divide the page into bands."""
    gutter = _gutter(pieces)
    if gutter is None:
        return [pieces] if pieces else []
    groups, band = list[list[Piece]](), list[Piece]()
    for piece in sorted(pieces, key=lambda piece: -piece.middle):
        if piece.left < gutter < piece.right:
            groups += _band_columns(band, gutter)
            band = []
            if groups and groups[-1][-1].left < gutter < groups[-1][-1].right:
                groups[-1].append(piece)
            else:
                groups.append([piece])
        else:
            band.append(piece)
    return groups + _band_columns(band, gutter)


def _band_columns(band: list[Piece], gutter: float) -> list[list[Piece]]:
    left = [piece for piece in band if piece.right <= gutter]
    right = [piece for piece in band if piece.right > gutter]
    if not any(piece.is_wide for piece in left) or not any(piece.is_wide for piece in right):
        return [band] if band else []
    return [*_columns(left), *_columns(right)]


def _gutter(pieces: list[Piece]) -> float | None:
    """The x between most pairs of wide neighbors in a line; None where there are fewer than _MIN_ROWS pairs."""
    wide = [piece for piece in pieces if piece.is_wide]
    if not 2 * _MIN_ROWS <= len(wide) <= _MAX_WIDE:
        return None
    left, right, bottom, top = (
        np.array([getattr(p, side) for p in wide]) for side in ("left", "right", "bottom", "top")
    )
    middle = (bottom + top) / 2
    same_row = (middle[:, None] < top) & (middle[:, None] > bottom)
    before = np.where(same_row & (right <= left[:, None] + 1), right, -np.inf).max(axis=1)
    rows = np.isfinite(before)
    if rows.sum() < _MIN_ROWS:
        return None
    starts, ends = before[rows], left[rows]
    candidates = np.sort(np.concatenate([starts, ends]))
    middles = (candidates[:-1] + candidates[1:]) / 2
    votes = ((starts <= middles[:, None]) & (middles[:, None] <= ends)).sum(axis=1)
    return float(middles[votes.argmax()]) if votes.max() >= _MIN_ROWS else None


def _rows(pieces: Sequence[Piece]) -> list[list[Piece]]:
    """The lines of a column, from top to bottom, each from left to right."""
    lines = list[list[Piece]]()
    for piece in sorted(pieces, key=lambda piece: (-piece.middle, piece.left)):
        row = lines[-1] if lines else []
        anchor = max(row, key=lambda other: len(other.text), default=None)
        if anchor and (anchor.bottom < piece.middle < anchor.top or piece.bottom < anchor.middle < piece.top):
            row.append(piece)
        else:
            lines.append([piece])
    return [sorted(row, key=lambda piece: piece.left) for row in lines]


def _line(row: Sequence[Piece]) -> Line:
    text = row[0].text
    for last, piece in pairwise(row):
        text += ("\t" if piece.left - last.right > _GAP * last.size else " ") + piece.text
    longest = max(row, key=lambda piece: len(piece.text))
    sides = (min(p.left for p in row), min(p.bottom for p in row), max(p.right for p in row), max(p.top for p in row))
    return Line(text, *sides, longest.size, longest.bold)
