"""Files and pasted text -> one RawTable."""

import csv
import io
import logging
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pandas as pd

from core.corpus.reading.archives import unpack
from core.corpus.reading.batches import join_batches
from core.corpus.reading.budget import Budget, check_bytes, check_table, current_budget, out_of_memory, use_budget
from core.corpus.reading.cells import normalize_table, rename_table
from core.corpus.reading.chats import chat_rows
from core.corpus.reading.columnar import read_parquet
from core.corpus.reading.delimited import is_tab_table, read_delimited
from core.corpus.reading.documents.docx import read_docx
from core.corpus.reading.documents.epub import read_epub
from core.corpus.reading.documents.html_pages import read_page
from core.corpus.reading.documents.mail import read_eml, read_mbox
from core.corpus.reading.documents.markdown import read_markdown
from core.corpus.reading.documents.notebook import read_notebook
from core.corpus.reading.documents.pdf import read_pdf
from core.corpus.reading.documents.pptx import read_pptx
from core.corpus.reading.documents.subtitles import read_srt, read_vtt
from core.corpus.reading.encodings import to_utf8
from core.corpus.reading.json_files import read_json
from core.corpus.reading.json_tables import explode_lists, flatten_objects
from core.corpus.reading.progress import begin_file
from core.corpus.reading.size_checks import TEXTS, check_cells, check_size
from core.corpus.reading.skipped import complete, none_readable, skipped_file
from core.corpus.reading.sniff import FORMATS, extension, file_format, paste_format
from core.corpus.reading.values import ParsedFile, RawTable, ReadOptions, SkippedFile, Source, TextUnit, Upload
from core.corpus.reading.vector_columns import split_vectors
from core.corpus.reading.vectors import read_npy, read_npz, read_safetensors, read_vector_lines
from core.corpus.reading.xlsx import read_xlsx
from core.errors import InputError, PlanisphereError

_LOG = logging.getLogger(__name__)
_PARAGRAPH = re.compile(r"\n[ \t]*\n\s*")
_MAX_LISTED = 5
_VECTOR_READERS = {"npy": read_npy, "npz": read_npz, "safetensors": read_safetensors}
_TABLE_READERS = {"parquet": read_parquet, "xlsx": read_xlsx}
# a page may be a table, and Markdown without headings is read as plain text
_DOCUMENT_READERS: dict[str, Callable[[Upload, ReadOptions], ParsedFile | None]] = {
    "pdf": read_pdf, "docx": read_docx, "pptx": read_pptx, "html": read_page, "epub": read_epub, "md": read_markdown,
    "eml": read_eml, "mbox": read_mbox, "srt": read_srt, "vtt": read_vtt, "ipynb": read_notebook,
}  # fmt: skip


class _VectorLinesError(InputError):
    """A text file of vectors that can't be read; the rows of another file belong to it."""


def read_files(
    uploads: Sequence[Upload], options: ReadOptions = ReadOptions(), budget: Budget | None = None
) -> RawTable:
    """Read files, also archives, into one table (with a column `file` if there are several) and the vectors in them or
    in a separate file. A file that can't be read whole is skipped where others can. Raises InputError, naming file,
    line or row, where none can be read, and for what is over the limits of the budget (None: the current one)."""
    if not uploads:
        raise InputError("No file was selected.", "Upload at least one file.")
    name = uploads[0].name if len(uploads) == 1 else f"{uploads[0].name} and {len(uploads) - 1:,} more"
    with use_budget(budget or current_budget()), explained(name):
        check_bytes(name, sum(len(upload.data) for upload in uploads))
        unpacked = unpack(uploads)
        parts, skipped = _parse_all(unpacked.files, options)
        skipped = (*unpacked.skipped, *skipped)
        if not parts:
            raise none_readable(skipped)
        raw = replace(_combine(parts, unpacked.notes), skipped=skipped)
        if _has_vector_file(parts, skipped):
            complete(raw)
    renamed = options.columns or options.values
    return replace(raw, table=rename_table(raw.table, options.columns, options.values)) if renamed else raw


def _parse_all(files: Sequence[Upload], options: ReadOptions) -> tuple[list[ParsedFile], tuple[SkippedFile, ...]]:
    parts, skipped = list[ParsedFile](), list[SkippedFile]()
    for number, upload in enumerate(files, start=1):
        begin_file(upload.name, number, len(files))
        try:
            parts.append(_parse(upload, options))
        except InputError as error:
            if isinstance(error, _VectorLinesError) or isinstance(error.__cause__, MemoryError):
                raise
            skipped.append(skipped_file(upload.name, error, upload.data))
    return parts, tuple(skipped)


def _has_vector_file(parts: Sequence[ParsedFile], skipped: Sequence[SkippedFile]) -> bool:
    """Whether there are vectors that belong to the rows of another file, by their order."""
    is_vectors = (FORMATS.get(extension(file.name)) in _VECTOR_READERS for file in skipped)
    return any(part.table is None for part in parts) or any(is_vectors)


@contextmanager
def explained(name: str) -> Iterator[None]:
    """Turn whatever a reader raises and nobody foresaw into an InputError that names the file; details are logged."""
    try:
        yield
    except PlanisphereError:
        raise
    except MemoryError as error:
        raise out_of_memory(name) from error
    except Exception as error:
        _LOG.error("unexpected error while reading a file", exc_info=error)
        message = f'"{name}" can\'t be read ({type(error).__name__}).'
        raise InputError(
            message, "It may be damaged: save it again, best as CSV or Parquet. The log has details."
        ) from error


def read_pasted(text: str) -> RawTable:
    """Read pasted text: as JSON, or a table with a header, where it looks like one; else one row a line."""
    if not text.strip():
        raise InputError("No text was pasted.", "Paste at least one line of text.")
    upload, options = Upload("pasted text", text.encode("utf-8", "replace")), ReadOptions(encoding="UTF-8")
    kind = paste_format(text)
    if kind in {"json", "jsonl"}:
        try:
            return _combine([_parse(upload, options, kind)])
        except InputError:  # a text that only begins like JSON
            kind = "txt"
    return _combine([_parse(upload, options, kind)])


def _parse(upload: Upload, options: ReadOptions, kind: str = "") -> ParsedFile:
    """One file, within the limits. kind: "" for that of its content. Raises InputError."""
    with explained(upload.name):
        kind = kind or file_format(upload.name, upload.data)
        check_size(upload, kind, options.text_unit)
        part = _parse_format(upload, options, kind)
        if part.table is not None:
            check_table(upload.name, *part.table.shape)
            if (kind in TEXTS or part.source.is_document) and "text" in part.table:
                check_cells(upload.name, part.table["text"])
        return part


def _parse_format(upload: Upload, options: ReadOptions, kind: str) -> ParsedFile:
    if kind in _VECTOR_READERS:
        return _VECTOR_READERS[kind](upload)
    try:
        if part := read_vector_lines(upload, options, kind):
            return part
    except InputError as error:
        raise _VectorLinesError(error.message, error.remedy) from error
    part = _read_table(upload, options, kind)
    if part.source.is_document:
        return part
    part = split_vectors(flatten_objects(part), options.vector_rows)
    return explode_lists(chat_rows(part, options.chat_unit))


def _read_table(upload: Upload, options: ReadOptions, kind: str) -> ParsedFile:
    if kind in _DOCUMENT_READERS and (document := _DOCUMENT_READERS[kind](upload, options)):
        return document
    if kind in _TABLE_READERS:
        return _TABLE_READERS[kind](upload, options)
    if kind in {"json", "jsonl"}:
        return read_json(upload, options, kind)
    if kind == "txt" and options.text_unit in (None, "line") and is_tab_table(upload.data):
        kind = "tsv"
    return (read_delimited if kind in {"csv", "tsv"} else read_text)(upload, options, kind)


def read_text(upload: Upload, options: ReadOptions, kind: str) -> ParsedFile:
    """One text file as a table with the column `text`. Blank lines separate; they make no rows."""
    decoded = to_utf8(upload.name, upload.data, options.encoding)
    text = decoded.data.decode("utf-8")
    nuls = text.count("\0")
    rows = split_text(text.replace("\0", ""), options.text_unit or "line")
    if not rows:
        raise InputError(f'"{upload.name}" holds no text.', "Upload a file with at least one line of text.")
    notes = (*decoded.notes, *((f"{nuls:,} NUL characters were removed.",) if nuls else ()))
    kind = "Markdown" if kind == "md" else "Text"
    source = Source(upload.name, kind, decoded.encoding, "", len(rows), notes, decoded.alternatives)
    return ParsedFile(source, pd.DataFrame({"text": pd.Series(rows, dtype="str")}), upload=upload)


def split_text(text: str, unit: TextUnit) -> list[str]:
    """Rows of a text, without blank ones and without blanks around them."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if unit == "file":
        return [text.strip()] if text.strip() else []
    # str.splitlines would also split at form feeds and U+2028, which stand within lines
    pieces = text.split("\n") if unit == "line" else _PARAGRAPH.split(text)
    return [stripped for piece in pieces if (stripped := piece.strip())]


def _combine(parts: Sequence[ParsedFile], notes: Sequence[str] = ()) -> RawTable:
    """Raises InputError when vectors and rows don't match, or when there are two sets of vectors."""
    parts = join_batches(parts)
    vector_files = [part for part in parts if part.table is None]
    tables = [part for part in parts if part.table is not None]
    if len(vector_files) > 1:
        names = " and ".join(f'"{part.source.name}"' for part in vector_files[:2])
        raise InputError(f"{names} both hold vectors without a table.", "Upload one file of vectors at a time.")
    if vector_files and any(part.vectors is not None for part in tables):
        name = vector_files[0].source.name
        raise InputError(f'There are two sets of vectors: in the table and in "{name}".', "Upload one of them.")
    if vector_files:
        return _pair(tables, vector_files[0], notes)
    table, sources, more, descriptions = _concatenate(tables)
    return RawTable(table, sources, (*notes, *more), *_concatenate_vectors(tables), descriptions)


def _pair(tables: Sequence[ParsedFile], vector_file: ParsedFile, notes: Sequence[str]) -> RawTable:
    vectors = vector_file.vectors
    assert vectors is not None  # noqa: S101 - a part without a table has vectors
    if not tables:
        table = pd.DataFrame({"id": np.arange(1, len(vectors) + 1)})
        note = "The file holds vectors only; rows are numbered."
        return RawTable(table, (vector_file.source,), (*notes, note), vectors, vector_file.vectors_name)
    if len(tables) == 1:
        tables = [_projector_metadata(tables[0], len(vectors))]
    table, sources, more, descriptions = _concatenate(tables)
    if len(table) != len(vectors):
        owner = f'"{tables[0].source.name}" has' if len(tables) == 1 else "The tables have"
        message = f'{owner} {len(table):,} rows, but "{vector_file.source.name}" has {len(vectors):,} vectors.'
        raise InputError(message, "Upload one vector for each row, in the same order.")
    name = vector_file.vectors_name
    return RawTable(table, (*sources, vector_file.source), (*notes, *more), vectors, name, descriptions)


def _projector_metadata(part: ParsedFile, count: int) -> ParsedFile:
    """The Embedding Projector's metadata.tsv has no header when it has one column, and no quoting.
    A TSV that doesn't match the vectors is parsed again that way, and used if it then matches."""
    if part.upload is None or part.source.format != "TSV" or part.table is None or len(part.table) == count:
        return part
    data = to_utf8(part.upload.name, part.upload.data, part.source.encoding).data
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


def _concatenate(parts: Sequence[ParsedFile]) -> tuple[pd.DataFrame, tuple[Source, ...], list[str], dict[str, str]]:
    """One table, its sources, notes, and descriptions of its columns."""
    normalized, sources, descriptions = [], [], dict[str, str]()
    for part in parts:
        assert part.table is not None  # noqa: S101 - callers pass parts with tables
        table, notes = normalize_table(part.table)
        normalized.append(table)
        sources.append(replace(part.source, notes=(*part.source.notes, *notes)))
        named = zip(map(str, table.columns), part.descriptions, strict=False)
        descriptions = {name: text for name, text in named if text} | descriptions
    if len(normalized) == 1 and not sources[0].is_document:
        return normalized[0], tuple(sources), [], descriptions
    notes = _column_notes(normalized, sources) if len(normalized) > 1 else []
    names = np.repeat([source.name for source in sources], [len(table) for table in normalized])
    combined = pd.concat(normalized, ignore_index=True)
    combined.insert(0, "file", pd.Series(names, dtype="str"), allow_duplicates=True)
    combined, more = normalize_table(combined)
    return combined, tuple(sources), [*notes, *more], descriptions


def _column_notes(tables: Sequence[pd.DataFrame], sources: Sequence[Source]) -> list[str]:
    common = set(tables[0].columns).intersection(*(table.columns for table in tables))
    partial = dict.fromkeys(name for table in tables for name in table.columns if name not in common)
    if not partial:
        return []
    more = ", …" if len(partial) > _MAX_LISTED else ""
    listed = ", ".join(f'"{name}"' for name in list(partial)[:_MAX_LISTED]) + more
    lacking = "is empty where a file lacks it" if len(partial) == 1 else "are empty where a file lacks them"
    return [f"Not all {len(sources)} files have the same columns; {listed} {lacking}."]


def _concatenate_vectors(parts: Sequence[ParsedFile]) -> tuple[np.ndarray | None, str]:
    with_vectors = [part for part in parts if part.vectors is not None]
    if not with_vectors:
        return None, ""
    name = with_vectors[0].source.name
    if len(with_vectors) < len(parts):
        lacking = next(part.source.name for part in parts if part.vectors is None)
        raise InputError(f'"{name}" holds vectors, "{lacking}" does not.', "Upload one at a time.")
    arrays = [part.vectors for part in with_vectors if part.vectors is not None]
    first = arrays[0].shape[1]
    for part, array in zip(with_vectors, arrays, strict=True):
        if array.shape[1] != first:
            message = f'"{name}" holds vectors of {first} dimensions, "{part.source.name}" of {array.shape[1]}.'
            raise InputError(message, "All vectors must come from one model.")
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays), with_vectors[0].vectors_name
