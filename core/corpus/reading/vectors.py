"""Files of vectors: .npy, .npz, safetensors, the Embedding Projector's vectors.tsv, word2vec and GloVe text."""

import io
import math
import re
import sys
import zipfile
import zlib
from collections.abc import Mapping
from contextlib import nullcontext, suppress
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd

from core.corpus.reading.archives import check_zip_sizes, open_zip, read_limited
from core.corpus.reading.budget import out_of_memory
from core.corpus.reading.encodings import to_utf8
from core.corpus.reading.values import ParsedFile, ReadOptions, Source, Upload
from core.errors import InputError
from core.types import unit_rows

VECTOR_NAMES = re.compile(r"vec|emb|feature|tensor", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?|[+-]?(nan|inf|infinity)", re.IGNORECASE)
_LINES = 50
_MIN_WORD_DIMENSIONS = 5  # below it, "word number number" lines are more likely a text


def read_npy(upload: Upload) -> ParsedFile:
    """One .npy file. Object arrays (pickles) are refused; a header that promises more than the file holds, too."""
    return vectors_part(upload, Source(upload.name, "NumPy"), npy_array(upload.name, upload.data))


def read_npz(upload: Upload) -> ParsedFile:
    """One .npz file: its only matrix, or the one named "vectors" or "embeddings"."""
    arrays = {}
    try:
        check_zip_sizes(upload.data, upload.name)
        with open_zip(upload) as archive:
            for member in archive.infolist():
                key, open_stream = member.filename.removesuffix(".npy"), partial(archive.open, member)
                arrays[key] = read_limited(open_stream, member.compress_size, upload.name)
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError, ValueError, RuntimeError) as error:
        raise damaged_file(upload.name, "NPZ") from error
    return vectors_part(upload, Source(upload.name, "NumPy"), _choose_array(upload.name, arrays))


def read_safetensors(upload: Upload) -> ParsedFile:
    """One safetensors file: its largest 2-D tensor."""
    from safetensors.numpy import load

    try:
        tensors = load(upload.data)
    except Exception as error:  # also what NumPy raises for types and shapes that a damaged header names
        if "bf16" in str(error).lower() or "bfloat16" in str(error).lower():
            raise InputError(f'"{upload.name}" holds bfloat16 numbers.', "Save the vectors as float32.") from error
        raise damaged_file(upload.name, "safetensors") from error
    matrices = {key: tensor for key, tensor in tensors.items() if tensor.ndim == 2 and tensor.dtype.kind in "fiu"}
    if not matrices:
        raise InputError(f'"{upload.name}" holds no 2-D tensor of numbers.', "Save the vectors as one 2-D tensor.")
    key = max(matrices, key=lambda name: matrices[name].size)
    notes = (f'Tensor "{key}" was read, the largest of {len(tensors)}.',) if len(tensors) > 1 else ()
    return vectors_part(upload, Source(upload.name, "safetensors", notes=notes), matrices[key])


def unit_matrix(matrix: np.ndarray, where: str) -> np.ndarray:
    """(n, d) float32 unit rows; InputError naming `where` for other shapes, types, NaN, inf and zero rows."""
    if matrix.dtype.kind not in "fiu":
        raise InputError(f"{where} holds {matrix.dtype} values, not real numbers.", "Save the vectors as float32.")
    if matrix.ndim != 2 or not matrix.shape[0] or not matrix.shape[1]:
        raise InputError(f"{where} has shape {matrix.shape}; vectors need rows x dimensions.", "Save a 2-D array.")
    try:
        with np.errstate(over="ignore"):
            return unit_rows(matrix)
    except InputError as error:
        raise InputError(f"{where}: {error.message}", error.remedy) from error


def npy_array(name: str, data: bytes) -> np.ndarray:
    """The array of .npy bytes, not copied. Raises InputError for pickled and damaged ones."""
    stream = io.BytesIO(data)
    try:
        version = np.lib.format.read_magic(stream)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, fortran, dtype = read(stream)
    except Exception as error:  # the header is parsed as Python and as a dtype, which raise many kinds
        raise damaged_file(name, "NumPy") from error
    if dtype.hasobject or dtype.names:
        remedy = "Save a float32 matrix: np.save(path, vectors.astype(np.float32))."
        raise InputError(f'"{name}" holds Python objects (a pickle), which can run code and is never opened.', remedy)
    count = math.prod(shape)
    if min(shape, default=0) < 0 or max(shape, default=0) > len(data) or not dtype.itemsize:
        raise damaged_file(name, "NumPy")
    if count * dtype.itemsize > len(data) - stream.tell():
        raise damaged_file(name, "NumPy")
    return np.frombuffer(data, dtype, count, stream.tell()).reshape(shape, order="F" if fortran else "C")


def _choose_array(name: str, arrays: Mapping[str, bytes]) -> np.ndarray:
    for name_in_archive in ("vectors", "embeddings"):
        if name_in_archive in arrays:
            return npy_array(f"{name}: {name_in_archive}", arrays[name_in_archive])
    read = {}
    for key, data in arrays.items():
        with suppress(InputError) if len(arrays) > 1 else nullcontext():  # an object array beside the matrix is ignored
            array = npy_array(f"{name}: {key}", data)
            if array.ndim == 2 and array.dtype.kind in "fiu":
                read[key] = array
    if len(read) != 1:
        held = ", ".join(list(read or arrays)[:5]) or "nothing"
        fault = "several matrices" if read else "no matrix of numbers"
        raise InputError(f'"{name}" holds {fault} ({held}).', 'Name the one to read "vectors".')
    return next(iter(read.values()))


def vectors_part(upload: Upload, source: Source, matrix: np.ndarray, table: pd.DataFrame | None = None) -> ParsedFile:
    """A part whose vectors are the matrix, made unit rows; InputError as unit_matrix."""
    vectors = unit_matrix(matrix, f'"{upload.name}"')
    return ParsedFile(replace(source, rows=len(vectors)), table, vectors, upload.name, upload)


def damaged_file(name: str, kind: str) -> InputError:
    """The error for a file that a library could not read; while memory runs out, that is the reason."""
    if isinstance(sys.exception(), MemoryError):
        return out_of_memory(name)
    return InputError(f'"{name}" can\'t be read as {kind}: it is cut short or damaged.', "Save or download it again.")


def check_lengths(where: str, lengths: np.ndarray, rows: np.ndarray) -> None:
    """Raise InputError where the vectors of the rows (numbers from 1) differ in length."""
    other = np.flatnonzero(lengths != lengths[0])
    if len(other):
        sizes = f"row {rows[0]:,} has {int(lengths[0])} dimensions, row {rows[other[0]]:,} has {int(lengths[other[0]])}"
        remedy = "All vectors must come from one model; or import the texts without vectors, under import options."
        raise InputError(f"{where}: vectors differ in length; {sizes}.", remedy)


def read_vector_lines(upload: Upload, options: ReadOptions, kind: str) -> ParsedFile | None:
    """The Embedding Projector's vectors.tsv, or word2vec or GloVe text; None for other files."""
    if kind == "tsv" and _is_number_table(upload.data):
        return _read_number_table(upload, options)
    return _read_word_vectors(upload, options) if kind == "txt" and _is_word_vectors(upload.data) else None


def _is_number_table(data: bytes) -> bool:
    """Whether each of the first lines is numbers and nothing else, two or more: the Projector's vectors.tsv."""
    rows = [line.rstrip(b"\r").split(b"\t") for line in _first_lines(data) if line.strip()]
    return bool(rows) and all(len(row) > 1 and all(_is_number(cell) for cell in row) for row in rows)


def _read_number_table(upload: Upload, options: ReadOptions) -> ParsedFile:
    """vectors.tsv: a vector a line, no header."""
    decoded = to_utf8(upload.name, upload.data, options.encoding)
    lines = [line for line in decoded.data.split(b"\n") if line.strip()]
    matrix = _parse_lines(upload.name, lines, lines[0].count(b"\t") + 1, b"\t")
    return vectors_part(upload, Source(upload.name, "Vectors TSV", decoded.encoding, "\t", notes=decoded.notes), matrix)


def _is_word_vectors(data: bytes) -> bool:
    """Whether text looks like word2vec or GloVe: a word and then the same number of numbers, line after line."""
    lines = [line.rstrip() for line in _first_lines(data) if line.strip()]
    dimensions = _declared(lines)
    body = lines[1:] if dimensions else lines
    if not body or (not dimensions and len(body) < 2):
        return False
    dimensions = dimensions or body[0].count(b" ")
    if dimensions < _MIN_WORD_DIMENSIONS and body is lines:
        return False
    cells = [line.rsplit(b" ", dimensions) for line in body]
    return all(len(row) > dimensions and all(map(_is_number, row[1:])) for row in cells)


def _read_word_vectors(upload: Upload, options: ReadOptions) -> ParsedFile:
    """word2vec or GloVe text; the words become the column `text`."""
    decoded = to_utf8(upload.name, upload.data, options.encoding)
    lines = [line.rstrip() for line in decoded.data.split(b"\n") if line.strip()]
    declared = _declared(lines[:2])
    lines = lines[1:] if declared else lines
    dimensions = declared or lines[0].count(b" ")
    terms = [line.rsplit(b" ", dimensions)[0] for line in lines]
    numbers = [line[len(term) + 1 :] for line, term in zip(lines, terms, strict=True)]
    matrix = _parse_lines(upload.name, numbers, dimensions, b" ")
    table = pd.DataFrame({"text": pd.Series([term.decode("utf-8") for term in terms], dtype="str")})
    return vectors_part(
        upload, Source(upload.name, "Word vectors", decoded.encoding, " ", notes=decoded.notes), matrix, table
    )


def _parse_lines(name: str, lines: list[bytes], dimensions: int, delimiter: bytes) -> np.ndarray:
    """(n, d) float32 from lines of numbers. Raises InputError naming the first line of another length or no number."""
    for number, line in enumerate(lines, start=1):
        if line.count(delimiter) + 1 != dimensions:
            sizes = f"vector 1 has {dimensions} dimensions, vector {number:,} has {line.count(delimiter) + 1}"
            remedy = "All vectors must come from one model."
            raise InputError(f'"{name}": vectors differ in length; {sizes}.', remedy)
    try:
        frame = pd.read_csv(io.BytesIO(b"\n".join(lines)), sep=delimiter.decode(), header=None, dtype=np.float32)
    except (ValueError, pd.errors.ParserError) as error:
        raise InputError(f'"{name}" holds something other than numbers.', "Save the vectors again.") from error
    return frame.to_numpy()


def _declared(lines: list[bytes]) -> int:
    """The dimensions word2vec's first line "rows dimensions" declares, or 0."""
    cells = lines[0].split() if lines else []
    if len(cells) != 2 or not all(cell.isdigit() for cell in cells) or len(lines) < 2:
        return 0
    return int(cells[1]) if lines[1].count(b" ") >= int(cells[1]) > 0 else 0


def _first_lines(data: bytes) -> list[bytes]:
    head = data[:1_000_000].split(b"\n", _LINES)
    complete = head[:-1] if len(head) > _LINES or len(data) > 1_000_000 else head
    return complete[:_LINES]


def _is_number(cell: bytes) -> bool:
    return bool(_NUMBER.fullmatch(cell.strip().decode("ascii", "replace")))
