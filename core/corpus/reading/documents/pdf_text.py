"""The text of PDF pages from their lines: repeated headers and footers, headings, paragraphs."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from core.corpus.reading.documents.pdf_lines import HYPHEN, Line, PageLines

Bookmark = tuple[int, int, str]  # page from 0, level from 1, title
_MARGIN = 0.12  # share of the page's height at its top and bottom where headers and footers are
_OUTER_LINES = 3  # lines of a margin that are compared between pages
_REPEATED = 0.4  # share of pages, since headers of left and right pages often differ
_MIN_PAGES = 3
_LARGER = 1.15  # size of a heading, in sizes of body text
_MAX_HEADING, _MAX_BOLD = 200, 90  # characters of a heading, and of one that is only bold
_MIN_BOOKMARKS, _MAX_PAGE_BOOKMARKS = 3, 100
_PARAGRAPH_GAP, _INDENT = 1.35, 0.8  # in line distances and font sizes
_WIDE = r"\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef"
_WIDE_CHAR = re.compile(rf"[{_WIDE}]")
_ITEM = re.compile(r"[•◦▪‣·–*-]\s|\(?\d{1,3}[.)]\s|\(?[a-z][.)]\s")
_OUTER_NUMBER = re.compile(r"^\d{1,5}\b|\b\d{1,5}$")
_FULL = 0.75  # share of a column's width; after a shorter line the text goes on in a new line
_SENTENCE_END = (".", "!", "?", ":", "。", "！", "？", "”", '"')


@dataclass(frozen=True)
class Heading:
    """level: from 1, the highest."""

    level: int
    title: str


def remove_repeated(pages: Sequence[PageLines]) -> tuple[int, int]:
    """Remove, in place, the lines at the top and bottom that many pages share but for numbers or that have the page's
    number, unless most pages have nothing else. Returns the number of removed lines and of pages that had some."""
    filled = [page for page in pages if page.blocks]
    if len(filled) < _MIN_PAGES:
        return 0, 0
    body = body_size(filled)
    margins = [(number, _margin_lines(page)) for number, page in enumerate(pages) if page.blocks]
    keys = [{id(line): _margin_keys(line, body, number) for line in lines} for number, lines in margins]
    counts = Counter(key for page in keys for key in set().union(*page.values()))
    repeated = {key for key, count in counts.items() if count >= max(_MIN_PAGES, _REPEATED * len(filled))}
    texts = {id(line): line.text for _, lines in margins for line in lines}
    repeated -= {key for key in repeated if isinstance(key, int) and _numbers_titles(key, keys, texts)}
    drops = [{line for line, line_keys in page_keys.items() if line_keys & repeated} for page_keys in keys]
    if sum(len(drop) == len(page.lines) for drop, page in zip(drops, filled, strict=True)) > len(filled) / 2:
        return 0, 0
    for drop, page in zip(drops, filled, strict=True):
        left = ([line for line in block if id(line) not in drop] for block in page.blocks)
        page.blocks = [block for block in left if block]
    return sum(map(len, drops)), sum(map(bool, drops))


def _numbers_titles(key: int, keys: Sequence[dict[int, set[str | int]]], texts: dict[int, str]) -> bool:
    """Whether the lines with a number at this distance from the page's are titles, which all differ."""
    lines = [line for page in keys for line, line_keys in page.items() if key in line_keys]
    titles = [title for line in lines if (title := " ".join(_OUTER_NUMBER.sub("", texts[line]).split()))]
    return len(titles) > 1 and len(set(titles)) == len(titles)


def _margin_lines(page: PageLines) -> list[Line]:
    lines, margin = sorted(page.lines, key=lambda line: line.bottom), _MARGIN * (page.top - page.bottom)
    below = [line for line in lines if line.top < page.bottom + margin][:_OUTER_LINES]
    return below + [line for line in lines if line.bottom > page.top - margin][-_OUTER_LINES:]


def _margin_keys(line: Line, body: float, number: int) -> set[str | int]:
    """What a line may share with those of other pages: the text without numbers, and the distance from the page's
    position to a number at its beginning or end. Of a line as large as a heading ("Chapter 3"), the text alone."""
    text = " ".join(line.text.split())
    if line.size >= _LARGER * body:
        return {text}
    return {re.sub(r"\d+", "#", text)} | {int(digits) - number for digits in _OUTER_NUMBER.findall(text)}


def body_size(pages: Sequence[PageLines]) -> float:
    """The font size of most characters."""
    sizes = Counter[float]()
    for page in pages:
        for line in page.lines:
            sizes[round(line.size * 2) / 2] += len(line.text)
    return sizes.most_common(1)[0][0] if sizes else 0.0


class PageText:
    """Headings and paragraphs of pages. Headings are those of the bookmarks, else lines in larger or bold type."""

    def __init__(self, pages: Sequence[PageLines], bookmarks: Sequence[Bookmark]) -> None:
        self._bookmarks = dict[int, list[tuple[int, str]]]()
        named = [mark for mark in bookmarks if mark[2].strip()]
        for number, level, title in named if len(named) >= _MIN_BOOKMARKS else ():
            self._bookmarks.setdefault(number, []).append((level, title))
        self._body = body_size(pages)
        letters = Counter[bool]()
        for page in pages:
            for line in page.lines:
                letters[line.bold] += len(line.text)
        self._bold_body = letters[True] > letters[False]
        sizes = {_rank(line) for page in pages for line in page.lines if self._is_heading(line)}
        self._levels = {size: level for level, size in enumerate(sorted(sizes, reverse=True), start=1)}

    def parts(self, number: int, page: PageLines) -> Iterator[Heading | str]:
        """Headings and paragraphs of a page (from 0), in reading order."""
        marks = self._bookmarks.get(number, [])[:_MAX_PAGE_BOOKMARKS]
        matched = dict[int, tuple[Heading, int]]()
        lines = page.lines
        for level, title in marks:
            position = _match(lines, title, matched)
            if position is None:
                yield Heading(level, title)
            else:
                matched[position[0]] = (Heading(level, title), position[1])
        if not self._bookmarks:
            matched = self._by_type(lines)
        yield from _joined_parts(page, matched)

    def _is_heading(self, line: Line) -> bool:
        text = line.text.strip()
        if "\t" in text or not 2 <= len(text) <= _MAX_HEADING or not re.search(r"[^\W\d_]{2}", text):
            return False
        if line.size >= _LARGER * self._body:
            return True
        is_bold = line.bold and not self._bold_body and line.size >= 0.97 * self._body
        return is_bold and len(text) <= _MAX_BOLD and not text.endswith((".", ",", ";"))

    def _by_type(self, lines: Sequence[Line]) -> dict[int, tuple[Heading, int]]:
        """Position of the first line -> (heading, number of its lines); bold type in a paragraph is none."""
        headings, position = dict[int, tuple[Heading, int]](), 0
        while position < len(lines):
            size = 1
            if self._is_heading(line := lines[position]):
                rest = lines[position + 1 : position + 3]
                for after in rest:
                    if not self._is_heading(after) or _rank(after) != _rank(line) or _gap(lines[position], after) > 0.8:
                        break
                    size += 1
                title = " ".join(line.text for line in lines[position : position + size])
                headings[position] = (Heading(self._levels[_rank(line)], title), size)
            position += size
        return headings


def _rank(line: Line) -> tuple[float, bool]:
    return round(line.size * 2) / 2, line.bold


def _gap(above: Line, below: Line) -> float:
    """Vertical gap in font sizes; large where a line is not below the other."""
    gap = above.bottom - below.top
    return gap / above.size if gap > -above.size else 99.0


def _match(lines: Sequence[Line], title: str, taken: dict[int, tuple[Heading, int]]) -> tuple[int, int] | None:
    """(position, number) of the lines that a bookmark names, with or without the number of a chapter."""
    name = _letters(title)
    for position in range(len(lines)):
        for size in (1, 2, 3):
            text = _letters(" ".join(line.text for line in lines[position : position + size]))
            if name and position not in taken and text.lstrip("0123456789") == name.lstrip("0123456789"):
                return position, size
    return None


def _letters(text: str) -> str:
    return "".join(char for char in text.lower() if char.isalnum())


def _joined_parts(page: PageLines, headings: dict[int, tuple[Heading, int]]) -> list[Heading | str]:
    """Headings, and paragraphs joined from lines; a paragraph goes on in the next column."""
    parts = list[Heading | str]()
    for group in _groups(page, headings):
        if isinstance(group, Heading):
            parts.append(group)
            continue
        last = parts[-1] if parts else None
        if isinstance(last, str) and _continues(last, group):
            parts[-1] = join_lines([last, group])
        else:
            parts.append(group)
    return parts


def _groups(page: PageLines, headings: dict[int, tuple[Heading, int]]) -> Iterator[Heading | str]:
    """Headings, and the paragraphs of each column."""
    position, end = 0, 0  # of all lines of the page; of the last heading
    for block in page.blocks:
        paragraph, distance = list[Line](), _line_distance(block)
        for line in block:
            starts = position in headings
            if paragraph and (starts or _starts_paragraph(paragraph[-1], line, distance, block)):
                yield _paragraph_text(paragraph, block)
                paragraph = []
            if starts:
                heading, size = headings[position]
                end = position + size
                yield heading
            if position >= end:
                paragraph.append(line)
            position += 1
        if paragraph:
            yield _paragraph_text(paragraph, block)


def _continues(last: str, text: str) -> bool:
    return not last.endswith(_SENTENCE_END) and "\t" not in last and text[:1].islower()


def _line_distance(block: Sequence[Line]) -> float:
    distances = [above.bottom - below.bottom for above, below in pairwise(block) if above.bottom > below.bottom]
    return median(distances) if distances else 0.0


def _starts_paragraph(last: Line, line: Line, distance: float, block: Sequence[Line]) -> bool:
    if abs(line.size - last.size) > 0.1 * last.size or last.bottom - line.bottom > _PARAGRAPH_GAP * distance:
        return True
    if "\t" in line.text or "\t" in last.text:
        return ("\t" in line.text) != ("\t" in last.text)
    edge = min(other.left for other in block)
    return line.left > edge + _INDENT * line.size and last.left <= edge + 1


def _paragraph_text(paragraph: Sequence[Line], block: Sequence[Line]) -> str:
    left, right = min(line.left for line in block), max(line.right for line in block)
    return join_lines(
        [line.text for line in paragraph], [line.right - left < _FULL * (right - left) for line in paragraph]
    )


def join_lines(lines: Sequence[str], short: Sequence[bool] = ()) -> str:
    """One paragraph: words divided by a hyphen at the end of a line are joined, Chinese without a space. Rows of
    tables, items of lists, and what follows a short line begin a line."""
    text = lines[0]
    for position, line in enumerate(lines[1:]):
        if text.endswith(("-", HYPHEN)) and text[-2:-1].isalpha() and line[:1].islower():
            text = text[:-1] + line
        elif "\t" in line or "\t" in text.rpartition("\n")[2] or _ITEM.match(line) or (short and short[position]):
            text = f"{text}\n{line}"
        elif _WIDE_CHAR.match(text[-1:]) and _WIDE_CHAR.match(line):
            text += line
        else:
            text = f"{text} {line}"
    return text.replace(HYPHEN + "\n", "-\n").replace(HYPHEN + " ", "- ")
