"""What a document is made of; all strings are plain text, escaped where a document is written."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Heading:
    text: str
    level: int = 2


@dataclass(frozen=True)
class Paragraph:
    """style: "verdict" stands out, "note" is small."""

    text: str
    style: str = ""


@dataclass(frozen=True)
class Bullets:
    items: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """rows: cells as they are shown. numbers: columns set to the right."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Picture:
    """svg: made by core.report's own functions alone. words: what it shows, for those who don't see it. numbers: what
    it draws, for forms without pictures; None where a table near it has the same."""

    svg: str
    words: str
    numbers: Table | None = None


@dataclass(frozen=True)
class Code:
    text: str
    language: str = "python"


Block = Heading | Paragraph | Bullets | Table | Picture | Code


@dataclass(frozen=True)
class Document:
    title: str
    subtitle: str
    blocks: tuple[Block, ...]


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], text: Sequence[str] = ()) -> Table:
    """A table whose columns hold numbers, but for those in `text`."""
    return Table(tuple(columns), tuple(tuple(row) for row in rows), frozenset(set(columns) - set(text)))
