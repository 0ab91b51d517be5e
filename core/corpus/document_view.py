"""The place of a row in its document: the page of a PDF as an image with the passage marked, or the text around it."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from core.corpus.document_files import DocumentFile, document_files, document_path
from core.corpus.loaders import load_corpus
from core.corpus.reader_process import Limits, run_task
from core.corpus.reading.documents.pdf_page import PageImage
from core.corpus.reading.documents.sections import HEADING
from core.corpus.reading.documents.subtitles import START, clock_text
from core.errors import InputError, StorageError
from core.files import read_json, storage_errors
from core.store import CorpusInfo, Workspace
from core.types import Corpus, CorpusRef

PAGE = "page"
PLACES = (PAGE, "slide", "cell", "message", START)  # columns that say where in its file a row is
SECONDS, MEMORY = 20.0, 1_500_000_000  # that drawing a page may take
MAX_TEXT = 20_000  # characters of a section that are shown
NOT_STORED = "The original file is not stored with this corpus: import it again to see its pages."
TOO_LARGE = "The original file is too large to be stored with the corpus, so its pages can't be shown."


@dataclass(frozen=True)
class DocumentLocation:
    """Where a row (from 0) is. source: position of its file among the corpus' sources. place: such as "page", with its
    number; "" where the format has none. heading: path of headings, or "". size: of the file in bytes, 0 where it is
    not stored. has_pages: whether its pages can be drawn; not_drawn: why those of a PDF can't."""

    row: int
    source: int
    file: str
    format: str
    place: str
    number: int
    heading: str
    size: int = 0
    has_pages: bool = False
    not_drawn: str = ""

    @property
    def label(self) -> str:
        """ "page 12, Chapter 1 > Scope"; "" where nothing is known."""
        return _label(self.place, self.number, self.heading)


@dataclass(frozen=True)
class Section:
    """The text of a row (from 0), at most MAX_TEXT characters, and the label of its place."""

    row: int
    label: str
    text: str


@dataclass(frozen=True)
class Surroundings:
    """Rows of a document in order, without what passages repeat of each other. current: the position of the requested
    row among the sections. number: its position among the document's `total` rows, from 1."""

    sections: tuple[Section, ...]
    current: int
    number: int
    total: int


def locate(corpus: CorpusRef, row: int) -> DocumentLocation | None:
    """The place of a row; None where it comes from no document. Raises InputError for a row that does not exist."""
    sources = _row_sources(corpus.source)
    if not 0 <= row < len(sources):
        raise InputError(f"This corpus has no row {row + 1:,}.", f"Choose a row from 1 to {len(sources):,}.")
    source = int(sources[row])
    if source < 0:
        return None
    place, number, heading = _location(load_corpus(corpus.source), row)
    facts = _sources(corpus)[source]
    name, form = str(facts.get("name", "")), str(facts.get("format", ""))
    file = _file(corpus, source)
    size = file.size if file and document_path(corpus, file) else 0
    is_pdf = form == "PDF" and place == PAGE
    reason = "" if size or not is_pdf else TOO_LARGE if file and file.size else NOT_STORED
    return DocumentLocation(row, source, name, form, place, number, heading, size, is_pdf and size > 0, reason)


@lru_cache(maxsize=32)
def page_image(corpus: CorpusRef, row: int, page: int) -> PageImage:
    """A page (from 1) of the PDF that a row comes from, with the row's text marked on its own page. Drawn in a process
    of its own. Raises InputError for a page that can't be drawn, StorageError where the file is not stored."""
    location = locate(corpus, row)
    file = _file(corpus, location.source) if location else None
    path = document_path(corpus, file) if file else None
    if not location or not file or not path:
        raise StorageError("The original file is not stored with this corpus.", "Import it again to see its pages.")
    passage = load_corpus(corpus.source).texts[row] if page == location.number else ""
    arguments = {"path": str(path), "name": file.name, "page": page, "passage": passage}
    limits = Limits(f"Page {page:,} of {file.name}", SECONDS, MEMORY)
    with run_task("page", corpus.folder, arguments, limits) as result:
        facts: dict[str, Any] = read_json(result / "facts.json")
        with storage_errors(result):
            png = (result / "page.png").read_bytes()
    return PageImage(png, facts["page"], facts["pages"], facts["marked"])


def surroundings(corpus: CorpusRef, row: int, sections: int = 1) -> Surroundings | None:
    """A row with up to `sections` rows before and after it in its document; None where it comes from no document. Rows
    that were removed at import are missing."""
    location = locate(corpus, row)
    if location is None:
        return None
    rows = np.flatnonzero(_row_sources(corpus.source) == location.source)
    at = int(np.searchsorted(rows, row))
    start = max(0, at - sections)
    loaded, numbers = load_corpus(corpus.source), [int(number) for number in rows[start : at + sections + 1]]
    texts = _without_repeats(loaded, numbers, at - start)
    places = [_label(*_location(loaded, number)) for number in numbers]
    shown = zip(numbers, places, texts, strict=True)
    parts = tuple(Section(number, place, text[:MAX_TEXT]) for number, place, text in shown)
    return Surroundings(parts, at - start, at + 1, len(rows))


def stored_file(corpus: CorpusRef, row: int) -> bytes:
    """The bytes of the document that a row comes from. Raises StorageError where it is not stored."""
    location = locate(corpus, row)
    file = _file(corpus, location.source) if location else None
    path = document_path(corpus, file) if file else None
    if path is None:
        raise StorageError("The original file is not stored with this corpus.", "Import it again.")
    with storage_errors(path.parent):
        return path.read_bytes()


def overlap(first: str, second: str) -> int:
    """Characters at the end of a passage that the next one repeats, at most half of the shorter one."""
    longest = min(len(first), len(second)) // 2
    return next((size for size in range(longest, 0, -1) if first.endswith(second[:size])), 0)


def _without_repeats(loaded: Corpus, rows: list[int], current: int) -> list[str]:
    """Texts of consecutive rows; what passages of one section share stays with the one nearer to the current."""
    texts, sections = [loaded.texts[row] for row in rows], loaded.table["source_row"].to_numpy()[rows]
    result = list(texts)
    for i, text in enumerate(texts):
        if i < current and sections[i] == sections[i + 1]:
            result[i] = text[: len(text) - overlap(text, texts[i + 1])]
        if i > current and sections[i] == sections[i - 1]:
            result[i] = text[overlap(texts[i - 1], text) :]
    return result


@lru_cache(maxsize=16)
def _row_sources(corpus: CorpusRef) -> np.ndarray:
    """(n,) the document of each row as its position among the sources, -1 for rows of other files: by the row's number
    among all rows that were read, or by the file's name where that does not fit."""
    table, sources = load_corpus(corpus).table, _sources(corpus)
    if "source_row" not in table or not sources:
        return np.full(len(table), -1)
    names = [str(source.get("name", "")) for source in sources]
    is_document = np.array([bool(source.get("is_document")) for source in sources])
    ends = np.cumsum([int(source.get("rows", 0)) for source in sources])
    by_number = np.minimum(np.searchsorted(ends, table["source_row"].to_numpy()), len(sources) - 1)
    if "file" in table:
        by_name = {name: names.index(name) for name in names if names.count(name) == 1}
        pairs = zip(table["file"].astype(str), by_number, strict=True)
        by_number = np.array([at if names[at] == name else by_name.get(name, -1) for name, at in pairs], np.int64)
    return np.where((by_number >= 0) & is_document[by_number], by_number, -1)


def _location(loaded: Corpus, row: int) -> tuple[str, int, str]:
    """The name of a row's place and its number, ("", 0) where it has none; the path of headings, or ""."""
    cells = loaded.table.iloc[row]
    heading = str(cells[HEADING]) if HEADING in cells and not pd.isna(cells[HEADING]) else ""
    for name in PLACES:
        value = cells.get(name)
        if isinstance(value, int | float | np.number) and np.isfinite(value):
            return name, int(value), heading
    return "", 0, heading


def _label(place: str, number: int, heading: str) -> str:
    where = clock_text(place, number) or (f"{place} {number:,}" if place else "")
    return ", ".join(filter(None, (where, heading)))


def _file(corpus: CorpusRef, source: int) -> DocumentFile | None:
    return next((file for file in document_files(corpus) if file.source == source), None)


def _sources(corpus: CorpusRef) -> list[dict[str, Any]]:
    info: CorpusInfo | None = Workspace(corpus.folder).info(corpus.digest)
    return list(info.origin.get("sources", ())) if info else []
