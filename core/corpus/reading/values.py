"""Inputs and results of reading files."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd

from core.errors import InputError

TextUnit = Literal["line", "paragraph", "file"]
ChatUnit = Literal["user turn", "answer", "first question", "conversation"]
VectorRows = Literal["all", "complete", "none"]


@dataclass(frozen=True)
class Upload:
    """A file: its name (never used as a path) and its bytes."""

    name: str
    data: bytes = field(repr=False)


@dataclass(frozen=True)
class ValueFormat:
    """How the cells of a column hold values. separator: of several values a row, "" for lists in brackets, None for
    one value a row. merge: values that differ only by case or white space are one."""

    column: str
    separator: str | None
    merge: bool = False


@dataclass(frozen=True)
class ReadOptions:
    """User overrides. None: detected from the content. text_unit: what a row of TXT and MD files is; None: a section of
    Markdown with headings, else a line.

    sheet: of a workbook. chat_unit: what a row of chats is. vector_rows: rows of a file with vectors in a column: "all"
    refuses rows without a vector, "complete" leaves them out, "none" leaves the vectors out. columns: (name in the
    file, new name). values: (name of the column in the file, value, new value). value_formats: of columns by their new
    names, where they are not as detected."""

    encoding: str | None = None
    delimiter: str | None = None
    text_unit: TextUnit | None = None
    sheet: str | None = None
    chat_unit: ChatUnit | None = None
    vector_rows: VectorRows = "all"
    columns: tuple[tuple[str, str], ...] = ()
    values: tuple[tuple[str, str, str], ...] = ()
    value_formats: tuple[ValueFormat, ...] = ()


@dataclass(frozen=True)
class Source:
    """How one file was read; encoding and delimiter are empty for formats without one. alternatives: (encoding, a line
    as it reads it) where the encoding is uncertain, the one used first. sheets: of a workbook, the one that was read
    first. chat_unit: what a row is, "none" where chats stay in their cells, empty where there are none. is_document:
    whether rows are sections, pages, messages or the like."""

    name: str
    format: str
    encoding: str = ""
    delimiter: str = ""
    rows: int = 0
    notes: tuple[str, ...] = ()
    alternatives: tuple[tuple[str, str], ...] = ()
    sheets: tuple[str, ...] = ()
    chat_unit: ChatUnit | Literal["", "none"] = ""
    is_document: bool = False


@dataclass(frozen=True)
class SkippedFile:
    """A file of an upload, or of an archive in it, that can't be read: why, and what to do. digest: the sha256 of its
    bytes, "" where it could not be unpacked."""

    name: str
    message: str
    remedy: str
    digest: str = ""


@dataclass(frozen=True, eq=False)
class RawTable:
    """Files read into one table, before roles and preprocessing: (n rows) text columns as `str`, numbers, datetimes;
    RangeIndex. vectors: (n, d) float32 unit rows of the files, or None; vectors_name: their file or column.
    descriptions: of columns, by name. day_first: whether a time 3/4/2024 is in April; None: by the column. skipped:
    files that can't be read and are not in the table."""

    table: pd.DataFrame
    sources: tuple[Source, ...] = ()
    notes: tuple[str, ...] = ()
    vectors: np.ndarray | None = None
    vectors_name: str = ""
    descriptions: dict[str, str] = field(default_factory=dict)
    day_first: bool | None = None
    skipped: tuple[SkippedFile, ...] = ()

    def __post_init__(self) -> None:
        if self.vectors is not None and len(self.vectors) != len(self.table):
            name = self.vectors_name or "the vectors"
            message = f"The table has {len(self.table):,} rows, but {name} has {len(self.vectors):,} vectors."
            raise InputError(message, "Upload one vector for each row, in the same order.")


@dataclass(frozen=True, eq=False)
class ParsedFile:
    """One file read: a table, vectors, or both. upload: in case it must be read differently to match vectors.
    descriptions: one of each column, such as the question of a survey, or none."""

    source: Source
    table: pd.DataFrame | None = None
    vectors: np.ndarray | None = None
    vectors_name: str = ""
    upload: Upload | None = None
    descriptions: tuple[str, ...] = ()
