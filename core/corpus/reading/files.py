"""Files and pasted text -> one RawTable."""

from collections.abc import Sequence

from core.corpus.reading.archives import unpack
from core.corpus.reading.columnar import read_parquet, read_xlsx
from core.corpus.reading.combine import combine_parts
from core.corpus.reading.delimited import read_delimited
from core.corpus.reading.json_files import read_json
from core.corpus.reading.layout import is_tab_table
from core.corpus.reading.list_vectors import json_vectors
from core.corpus.reading.matrices import read_npy, read_npz, read_safetensors
from core.corpus.reading.nested import explode_lists
from core.corpus.reading.paste import paste_format
from core.corpus.reading.plaintext import read_text
from core.corpus.reading.sniff import file_format, refuse_binary
from core.corpus.reading.text_vectors import is_number_table, is_word_vectors, read_number_table, read_word_vectors
from core.corpus.reading.values import ParsedFile, RawTable, ReadOptions, Upload
from core.errors import InputError

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
