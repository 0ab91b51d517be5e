"""Files and pasted text -> one RawTable."""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from core.corpus.reading.archives import unpack
from core.corpus.reading.cells import normalize_table
from core.corpus.reading.columnar import read_parquet, read_xlsx
from core.corpus.reading.delimited import is_tab_table, read_delimited
from core.corpus.reading.encodings import to_utf8
from core.corpus.reading.json_files import explode_lists, json_vectors, read_json
from core.corpus.reading.sniff import file_format, paste_format, refuse_binary
from core.corpus.reading.values import ParsedFile, RawTable, ReadOptions, Source, TextUnit, Upload
from core.corpus.reading.vectors import (
    is_number_table,
    is_word_vectors,
    read_npy,
    read_npz,
    read_number_table,
    read_safetensors,
    read_word_vectors,
)
from core.errors import InputError

_PARAGRAPH = re.compile(r"\n[ \t]*\n\s*")


def read_text(upload: Upload, options: ReadOptions, kind: str) -> ParsedFile:
    """One text file as a table with the column `text`. Blank lines separate; they make no rows."""
    data, encoding = to_utf8(upload.name, upload.data, options.encoding)
    text = data.decode("utf-8")
    nuls = text.count("\0")
    rows = split_text(text.replace("\0", "") if nuls else text, options.text_unit)
    if not rows:
        raise InputError(f'"{upload.name}" holds no text.', "Upload a file with at least one line of text.")
    notes = (f"{nuls:,} NUL characters were removed.",) if nuls else ()
    source = Source(upload.name, "Markdown" if kind == "md" else "Text", encoding, "", len(rows), notes)
    return ParsedFile(source, pd.DataFrame({"text": pd.Series(rows, dtype="str")}), upload=upload)


def split_text(text: str, unit: TextUnit) -> list[str]:
    """Rows of a text, without blank ones and without blanks around them."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if unit == "file":
        return [text.strip()] if text.strip() else []
    # str.splitlines would also split at form feeds and U+2028, which stand within lines
    pieces = text.split("\n") if unit == "line" else _PARAGRAPH.split(text)
    return [piece.strip() for piece in pieces if piece.strip()]


_MAX_LISTED = 5


def combine_parts(parts: Sequence[ParsedFile], notes: Sequence[str] = ()) -> RawTable:
    """One RawTable of all parts. Raises InputError when vectors and rows don't match or vectors come twice."""
    vector_files = [part for part in parts if part.table is None]
    tables = [part for part in parts if part.table is not None]
    if len(vector_files) > 1:
        names = " and ".join(f'"{part.source.name}"' for part in vector_files[:2])
        raise InputError(f"{names} both hold vectors without a table.", "Upload one file of vectors at a time.")
    if vector_files and any(part.vectors is not None for part in tables):
        raise InputError(
            f'Vectors come twice: in the table and in "{vector_files[0].source.name}".', "Upload one of them."
        )
    if vector_files:
        return _paired(tables, vector_files[0], notes)
    table, sources, more = _stacked(tables)
    vectors, name = _stacked_vectors(tables)
    return RawTable(table, sources, (*notes, *more), vectors, name)


def _paired(tables: Sequence[ParsedFile], lone: ParsedFile, notes: Sequence[str]) -> RawTable:
    vectors = lone.vectors
    assert vectors is not None  # noqa: S101 - a part without a table has vectors
    if not tables:
        table = pd.DataFrame({"id": np.arange(1, len(vectors) + 1)})
        note = "The file holds vectors only; rows are numbered."
        return RawTable(table, (lone.source,), (*notes, note), vectors, lone.vectors_name)
    if len(tables) == 1:
        tables = [_projector_metadata(tables[0], len(vectors))]
    table, sources, more = _stacked(tables)
    if len(table) != len(vectors):
        held = f'"{tables[0].source.name}" has' if len(tables) == 1 else "The tables have"
        raise InputError(
            f'{held} {len(table):,} rows, but "{lone.source.name}" has {len(vectors):,} vectors.',
            "Upload one vector for each row, in the same order.",
        )
    return RawTable(table, (*sources, lone.source), (*notes, *more), vectors, lone.vectors_name)


def _projector_metadata(part: ParsedFile, count: int) -> ParsedFile:
    """The Embedding Projector's metadata.tsv has no header when it has one column, and no quoting.

    A TSV that doesn't match the vectors is read once more that way, and kept if it then matches.
    """
    if part.upload is None or part.source.format != "TSV" or part.table is None or len(part.table) == count:
        return part
    data, _ = to_utf8(part.upload.name, part.upload.data, part.source.encoding)
    text = data.decode("utf-8").replace("\r\n", "\n").removesuffix("\n")
    reader = csv.reader(io.StringIO(text, newline="\n"), delimiter="\t", quoting=csv.QUOTE_NONE)
    rows = [row or [""] for row in reader]
    if len({len(row) for row in rows}) != 1:
        return part
    header, rows = (["text"], rows) if len(rows[0]) == 1 and len(rows) == count else (rows[0], rows[1:])
    if len(rows) != count:
        return part
    table = pd.DataFrame(rows, columns=pd.Index(header, dtype=object), dtype="str").replace("", None)
    return replace(part, table=table, source=replace(part.source, rows=count))


def _stacked(parts: Sequence[ParsedFile]) -> tuple[pd.DataFrame, tuple[Source, ...], list[str]]:
    normalized, sources = [], []
    for part in parts:
        assert part.table is not None  # noqa: S101 - callers pass parts with tables
        table, notes = normalize_table(part.table)
        normalized.append(table)
        sources.append(replace(part.source, notes=(*part.source.notes, *notes)))
    if len(normalized) == 1:
        return normalized[0], tuple(sources), []
    notes = _column_notes(normalized, sources)
    names = np.repeat([source.name for source in sources], [len(table) for table in normalized])
    combined = pd.concat(normalized, ignore_index=True)
    combined.insert(0, "file", pd.Series(names, dtype="str"), allow_duplicates=True)
    combined, more = normalize_table(combined)
    return combined, tuple(sources), notes + more


def _column_notes(tables: Sequence[pd.DataFrame], sources: Sequence[Source]) -> list[str]:
    common = set(tables[0].columns).intersection(*(table.columns for table in tables))
    partial = dict.fromkeys(name for table in tables for name in table.columns if name not in common)
    if not partial:
        return []
    listed = ", ".join(f'"{name}"' for name in list(partial)[:_MAX_LISTED]) + (
        ", …" if len(partial) > _MAX_LISTED else ""
    )
    return [f"Not all {len(sources)} files have the same columns; {listed} are empty where a file lacks them."]


def _stacked_vectors(parts: Sequence[ParsedFile]) -> tuple[np.ndarray | None, str]:
    held = [part for part in parts if part.vectors is not None]
    if not held:
        return None, ""
    if len(held) < len(parts):
        lacking = next(part.source.name for part in parts if part.vectors is None)
        raise InputError(f'"{held[0].source.name}" holds vectors, "{lacking}" does not.', "Upload them one at a time.")
    arrays = [part.vectors for part in held if part.vectors is not None]
    for part, array in zip(held, arrays, strict=True):
        if array.shape[1] != arrays[0].shape[1]:
            raise InputError(
                f'"{held[0].source.name}" holds vectors of {arrays[0].shape[1]} dimensions, "{part.source.name}" of '
                f"{array.shape[1]}.",
                "All vectors must come from one model.",
            )
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays), held[0].vectors_name


PASTED = "pasted text"


def read_files(uploads: Sequence[Upload], options: ReadOptions = ReadOptions()) -> RawTable:
    """Read one or several files, archives among them, into one table, with vectors where they come along.

    Tables are put below each other (a column `file` says which row is whose); vectors in a file of their own are
    paired with the table. Raises InputError, naming file, line or row, for everything that can't be read whole.
    """
    if not uploads:
        raise InputError("No file was given.", "Upload at least one file.")
    files, notes = unpack(uploads)
    return combine_parts([_read(upload, options) for upload in files], notes)


def read_pasted(text: str) -> RawTable:
    """Read pasted text: as JSON, or a table with a header, where it looks like one; else one row a line."""
    if not text.strip():
        raise InputError("Nothing was pasted.", "Paste at least one line of text.")
    data = text.encode("utf-8", "replace")
    kind = paste_format(text)
    upload = Upload(PASTED, data)
    options = ReadOptions(encoding="UTF-8")
    if kind in {"json", "jsonl"}:
        try:
            return combine_parts([_read_kind(upload, options, kind)], [])
        except InputError:  # a text that only begins like JSON
            kind = "txt"
    return combine_parts([_read_kind(upload, options, kind)], [])


def _read(upload: Upload, options: ReadOptions) -> ParsedFile:
    kind = file_format(upload.name, upload.data)
    if kind in {"csv", "tsv", "txt", "md", "json", "jsonl"}:
        refuse_binary(upload.name, upload.data)
    return _read_kind(upload, options, kind)


def _read_kind(upload: Upload, options: ReadOptions, kind: str) -> ParsedFile:
    binary = {"parquet": read_parquet, "xlsx": read_xlsx, "npy": read_npy, "npz": read_npz}
    if kind in binary:
        return explode_lists(binary[kind](upload))
    if kind == "safetensors":
        return read_safetensors(upload)
    if kind in {"json", "jsonl"}:
        return explode_lists(_with_list_vectors(read_json(upload, options, kind)))
    return _read_text_kind(upload, options, kind)


def _read_text_kind(upload: Upload, options: ReadOptions, kind: str) -> ParsedFile:
    if kind == "tsv" and is_number_table(upload.data):
        return read_number_table(upload, options)
    if kind == "txt" and is_word_vectors(upload.data):
        return read_word_vectors(upload, options)
    if kind == "txt" and options.text_unit == "line" and is_tab_table(upload.data):
        kind = "tsv"
    return (read_delimited if kind in {"csv", "tsv"} else read_text)(upload, options, kind)


def _with_list_vectors(part: ParsedFile) -> ParsedFile:
    assert part.table is not None  # noqa: S101 - read_json always gives a table
    table, vectors, name = json_vectors(part.source.name, part.table)
    return ParsedFile(part.source, table, vectors, name, part.upload)
