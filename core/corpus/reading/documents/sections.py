"""Sections of documents: text split at headings, with the path of headings and the position in the file."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from core.corpus.reading.budget import check
from core.corpus.reading.cells import clean_text
from core.corpus.reading.values import ParsedFile, Source, Upload
from core.errors import InputError

HEADING, POSITION = "heading", "position"
PATH_SEPARATOR = " > "
Record = dict[str, Any]  # a row: its text, and other columns by name
_MAX_TITLE = 200  # characters of a heading in a path


class SectionBuilder:
    """Collects headings and blocks of text into records. place: column that counts pages, slides or the like."""

    def __init__(self, place: str = "") -> None:
        self.records: list[Record] = []
        self._place, self._number = place, 0
        self._path: list[tuple[int, str]] = []
        self._blocks: list[str] = []
        self._has_body = False

    def begin(self, number: int) -> None:
        """Begin a page or slide: sections never cross it, the path of headings goes on."""
        self.end()
        self._number = number

    def heading(self, level: int, title: str, in_text: bool = True) -> None:
        """Begin a section; a heading without text below is joined with the next one. in_text: whether the title is
        part of the text."""
        title = " ".join(title.split())
        if not title:
            return
        if self._has_body or (self._blocks and level <= self._path[-1][0]):
            self.end()
        self._path = [*((above, name) for above, name in self._path if above < level), (level, title[:_MAX_TITLE])]
        self._blocks += [title] * in_text

    def block(self, text: str) -> None:
        """Add a paragraph, list or table."""
        if text.strip():
            self._blocks.append(text.strip("\r\n"))
            self._has_body = True

    def end(self) -> None:
        """End the current section."""
        if self._blocks:
            place = {self._place: self._number} if self._place else {}
            text = "\n\n".join(self._blocks).strip()
            self.records.append({"text": text, **place, HEADING: self.path})
        self._blocks, self._has_body = [], False

    @property
    def path(self) -> str | None:
        return PATH_SEPARATOR.join(title for _, title in self._path) or None


def document_part(upload: Upload, source: Source, records: Sequence[Mapping[str, Any]]) -> ParsedFile:
    """Records as a table with the order in the file as the column `position`. Raises InputError where there is none."""
    if not records:
        raise InputError(f'"{upload.name}" holds no text.', "Upload a document with text.")
    check(upload.name, rows=len(records))
    table = pd.DataFrame.from_records(list(records))
    for name in table.columns:
        if table[name].dtype == object or isinstance(table[name].dtype, pd.StringDtype):
            table[name] = table[name].map(_cleaned).astype("str")
    table[POSITION] = range(1, len(table) + 1)
    return ParsedFile(replace(source, rows=len(table), is_document=True), table, upload=upload)


def _cleaned(cell: Any) -> Any:
    return clean_text(cell) if isinstance(cell, str) else None


def locked_file(name: str) -> InputError:
    """The error for a document that needs a password."""
    remedy = "Open it in its program, save a copy without password, and upload the copy."
    return InputError(f'"{name}" is locked with a password.', remedy)


def pluralize(number: int, noun: str) -> str:
    """ "1 page", "2 pages"."""
    return f"{number:,} {noun if number == 1 else noun + 's'}"


def listed(numbers: Sequence[int]) -> str:
    """Numbers with runs shortened, "3, 5-8, 11"; at most ten runs."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    texts = [str(first) if first == last else f"{first}-{last}" for first, last in runs]
    return ", ".join(texts[:10]) + (", …" if len(texts) > 10 else "")
