"""Tables with texts and vectors as Parquet and CSV, written in batches; tables shortened for display."""

import csv
import json
import os
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from io import BytesIO
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit, urlunsplit

import numpy as np
import pandas as pd

from core.corpus.filters import column_kind
from core.corpus.label_sets import display_cell
from core.errors import InputError, StorageError
from core.types import Corpus, ModelSpec

if TYPE_CHECKING:
    import pyarrow as pa

LIBRARIES = ("numpy", "pandas", "pyarrow", "faiss-cpu", "sentence-transformers", "onnxruntime", "openai")
BATCH = 5_000  # rows at once: 5,000 vectors of 3,072 dimensions are 60 MB
# what spreadsheets read as a formula, also after spaces and quotes that they skip, and in full width (OWASP)
FORMULA = re.compile(r"[\t\r\n]|[\s\ufeff\u200b-\u200f\u2060\"“”„＂]*[=+\-@＝＋－＠﹢﹣﹫−]")
_SURROGATES = re.compile("[\ud800-\udfff]")
MAX_CELL_LENGTH = 2_000  # characters of one cell sent to a page
PREVIEW_LENGTH = 300  # characters of a cell in a list of rows


def to_parquet(
    path: Path, table: pd.DataFrame, texts: list[str] | None = None, rows: np.ndarray | None = None,
    model: ModelSpec | None = None, corpus: str = "",
) -> None:  # fmt: skip
    """The table with the columns `text` (strings) and `vector` (list<float32>), and the manifest in the metadata.

    texts, rows: n each, or None to leave them out. An existing column name gets an underscore. Raises InputError where
    the counts differ, StorageError where the file can't be written.
    """
    check_counts(table, texts, rows)
    manifest = None if model is None or rows is None else build_manifest(model, rows, corpus)
    with writing(path) as handle:
        _write_parquet(handle, table, texts, rows, manifest)


def to_csv(path: Path, table: pd.DataFrame, texts: list[str] | None = None, rows: np.ndarray | None = None) -> None:
    """As to_parquet, as UTF-8 CSV with a byte order mark (so that Excel reads it), the vectors as JSON lists.

    A text cell or name that a spreadsheet could interpret as a formula (starting with = + - @, also in full width or
    after spaces and quotes, or with a tab or line break) gets an apostrophe before it (OWASP, CSV injection).
    """
    check_counts(table, texts, rows)
    with writing(path) as handle:
        write_csv(handle, table, texts, rows)


def table_bytes(table: pd.DataFrame, kind: Literal["csv", "parquet"]) -> bytes:
    """A small table, such as a selection, as the bytes of a file."""
    handle = BytesIO()
    if kind == "csv":
        write_csv(handle, table, None, None)
    else:
        _write_parquet(handle, table, None, None, None)
    return handle.getvalue()


def rows_csv(corpus: Corpus, rows: np.ndarray, columns: Mapping[str, Any]) -> bytes:
    """Rows of a corpus as CSV: `columns` (one value a row), then the text, then the columns of the corpus."""
    table, texts = corpus.table.iloc[rows].copy(), [corpus.texts[row] for row in rows]
    for position, (name, values) in enumerate({**columns, "text of the row": texts}.items()):
        table.insert(position, free_name(table, name), values)
    return table_bytes(table, "csv")


def _batches(count: int) -> Iterator[slice]:
    """Slices of rows; one empty slice for no rows, so that a header is written."""
    yield from (slice(start, min(start + BATCH, count)) for start in range(0, max(count, 1), BATCH))


def free_name(table: pd.DataFrame, name: str) -> str:
    """The name, with underscores appended while the table has such a column."""
    while name in table.columns:
        name += "_"
    return name


def _write_parquet(
    handle: IO[bytes], table: pd.DataFrame, texts: list[str] | None, rows: np.ndarray | None,
    manifest: dict[str, Any] | None,
) -> None:  # fmt: skip
    import pyarrow as pa
    from pyarrow import parquet

    arrow = _arrow_table(table)
    if texts is not None:
        column = pa.array([replace_surrogates(text) for text in texts], pa.large_string())
        arrow = arrow.append_column(free_name(table, "text"), column)
    vector = free_name(table, "vector")
    schema = arrow.schema if rows is None else arrow.schema.append(pa.field(vector, pa.list_(pa.float32())))
    if manifest:
        schema = schema.with_metadata((schema.metadata or {}) | {b"planisphere": json.dumps(manifest).encode()})
    with parquet.ParquetWriter(handle, schema, compression="zstd") as writer:
        for part in _batches(len(table)):
            batch = arrow.slice(part.start, part.stop - part.start)
            batch = batch if rows is None else batch.append_column(vector, _arrow_vectors(rows[part]))
            writer.write_table(batch.cast(schema).replace_schema_metadata(schema.metadata))


def _arrow_table(table: pd.DataFrame) -> "pa.Table":
    """Each column as Arrow sees it; one of mixed types as text."""
    import pyarrow as pa

    arrays = []
    for _, column in table.items():
        try:
            arrays.append(pa.Array.from_pandas(column))
        except (pa.ArrowException, UnicodeEncodeError):
            cells = [replace_surrogates(str(cell)) for cell in column]
            arrays.append(pa.array(cells, pa.large_string(), mask=column.isna().to_numpy()))
    return pa.table(arrays, names=[replace_surrogates(str(name)) for name in table.columns])


def _arrow_vectors(rows: np.ndarray) -> "pa.Array":
    import pyarrow as pa

    offsets = np.arange(len(rows) + 1, dtype=np.int32) * rows.shape[1]
    return pa.ListArray.from_arrays(offsets, np.ascontiguousarray(rows, dtype=np.float32).ravel())


def joined_vectors(rows: np.ndarray, separator: str) -> list[str]:
    """Each row's numbers as text, the shortest that gives the same float32 back, joined."""
    import pyarrow as pa
    from pyarrow import compute

    vectors = _arrow_vectors(rows)
    written = pa.ListArray.from_arrays(vectors.offsets, vectors.values.cast(pa.string()))
    return compute.binary_join(written, separator).to_pylist()


def write_csv(handle: IO[bytes], table: pd.DataFrame, texts: list[str] | None, rows: np.ndarray | None) -> None:
    """The CSV of to_csv into an open binary handle."""
    handle.write(b"\xef\xbb\xbf")
    for part in _batches(len(table)):
        batch = table.iloc[part].copy()
        batch.columns = [_escape_formula(str(name)) for name in table.columns]
        for position, dtype in enumerate(batch.dtypes):
            if not (pd.api.types.is_numeric_dtype(dtype) or pd.api.types.is_datetime64_any_dtype(dtype)):
                cells = [_escape_formula(cell) for cell in batch.iloc[:, position]]
                batch.isetitem(position, pd.array(cells, dtype=object))  # inferred, 5 could become 5.0
        if texts is not None:
            batch[free_name(table, "text")] = [_escape_formula(text) for text in texts[part]]
        if rows is not None:
            batch[free_name(table, "vector")] = [f"[{numbers}]" for numbers in joined_vectors(rows[part], ", ")]
        options: dict[str, Any] = {"index": False, "header": part.start == 0, "lineterminator": "\n"}
        text = batch.to_csv(**options)
        if "\r" in text:  # unquoted it would begin a row, which could begin with a formula
            text = batch.to_csv(quoting=csv.QUOTE_NONNUMERIC, **options)
        handle.write(text.encode("utf-8", "replace"))


def _escape_formula(cell: Any) -> Any:
    """Text that starts like a formula gets an apostrophe and is made well-formed; numbers and all else stay."""
    if not isinstance(cell, str):
        return cell
    return replace_surrogates(f"'{cell}" if FORMULA.match(cell) else cell)


def replace_surrogates(text: str) -> str:
    """The text with lone surrogates, which UTF-8 can't hold, as question marks."""
    return text if text.isascii() else _SURROGATES.sub("?", text)


@contextmanager
def writing(path: Path) -> Iterator[IO[bytes]]:
    """A binary handle; the file gets its name only once it is complete. Raises StorageError, e.g. when full."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with part.open("wb") as handle:
            yield handle
        os.replace(part, path)
    except OSError as error:
        message = f'The file "{path.name}" could not be written: {error.strerror or type(error).__name__}.'
        raise StorageError(message, "Free some space, or check that the folder may be written to.") from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def check_counts(table: pd.DataFrame, texts: list[str] | None, rows: np.ndarray | None) -> None:
    """Raise InputError unless table, texts and vectors have equally many rows."""
    parts = {"table": table, "texts": texts, "vectors": rows}
    counts = {name: len(part) for name, part in parts.items() if part is not None}
    if len(set(counts.values())) > 1:
        listed = ", ".join(f"{name} {count:,}" for name, count in counts.items())
        raise InputError(f"The rows of an export must agree: {listed}.", "Embed the corpus again.")


def build_manifest(model: ModelSpec, rows: np.ndarray, corpus: str = "", **more: Any) -> dict[str, Any]:
    """JSON-able facts on exported vectors, without key or password. rows: (n, d) unit vectors. more: further facts,
    e.g. the kind of an index."""
    return {
        "made_by": "Planisphere", "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "model": model_facts(model), "model_key": model.key, "revision": model.revision,
        "query_prompt": model.query_prompt, "document_prompt": model.document_prompt,
        "rows": len(rows), "dimensions": int(rows.shape[1]), "metric": "cosine",
        "computed_as": "inner product of unit-length rows; higher is nearer",
        "ids": "row numbers from 0, in the order of the corpus", "corpus_digest": corpus,
        "libraries": {name: installed for name in LIBRARIES if (installed := _version(name))}, **more,
    }  # fmt: skip


def model_facts(model: ModelSpec) -> dict[str, Any]:
    """The spec without user, password and query in the server address."""
    parts = urlsplit(model.base_url)
    address = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
    return model.to_dict() | {"base_url": address}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def short_cells(table: pd.DataFrame, max_length: int = MAX_CELL_LENGTH) -> tuple[pd.DataFrame, int]:
    """A copy for display and how many cells were cut: lists of strings divided by "; ", text cells cut at `max_length`
    characters; missing cells stay missing."""
    short, number = table.copy(), 0
    for position in range(table.shape[1]):
        column = table.iloc[:, position]
        if column_kind(column) == "text":
            texts = column.astype(str).map(display_cell).astype(str)  # map gives floats where all are missing
            long = (texts.str.len() > max_length) & column.notna()
            number += int(long.sum())
            short[short.columns[position]] = texts.str.slice(0, max_length).where(column.notna())
    return short, number


def texts_and_roles(corpus: Corpus, rows: np.ndarray) -> pd.DataFrame:
    """Beginnings of texts, and the columns that are labels, time and id; index: row ids."""
    roles = corpus.roles
    named = [name for name in (*roles.labels, roles.time, roles.id) if name and name in corpus.table.columns]
    table = short_cells(corpus.table.loc[rows, named], PREVIEW_LENGTH)[0]
    table.insert(0, free_name(table, "Text"), [corpus.texts[row][:PREVIEW_LENGTH] for row in rows])
    return table
