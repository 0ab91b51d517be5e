"""Tables with texts and vectors as Parquet and CSV, written in batches."""

import json
import re
from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from core.corpus.export.files import check_counts, writing
from core.corpus.export.manifest import build_manifest
from core.types import Corpus, ModelSpec

if TYPE_CHECKING:
    import pyarrow as pa

BATCH = 5_000  # rows at once: 5,000 vectors of 3,072 dimensions are 60 MB
FORMULA = ("=", "+", "-", "@", "\t", "\r")
_SURROGATES = re.compile("[\ud800-\udfff]")


def to_parquet(
    path: Path,
    table: pd.DataFrame,
    texts: list[str] | None = None,
    rows: np.ndarray | None = None,
    model: ModelSpec | None = None,
    corpus: str = "",
) -> None:
    """The table with the columns `text` (strings) and `vector` (list<float32>), and the manifest in the metadata.

    texts, rows: n each, or None to leave them out. A taken column name gets an underscore. Raises InputError where
    the counts differ, StorageError where the file can't be written.
    """
    check_counts(table, texts, rows)
    with writing(path) as handle:
        _write_parquet(handle, table, texts, rows, _manifest(model, rows, corpus))


def to_csv(
    path: Path,
    table: pd.DataFrame,
    texts: list[str] | None = None,
    rows: np.ndarray | None = None,
) -> None:
    """As to_parquet, as UTF-8 CSV with a byte order mark (so that Excel reads it), the vectors as JSON lists.

    A text cell or name that a spreadsheet would take for a formula (starting with = + - @, tab or return) gets an
    apostrophe before it (OWASP, CSV injection).
    """
    check_counts(table, texts, rows)
    with writing(path) as handle:
        write_csv(handle, table, texts, rows)


def table_bytes(table: pd.DataFrame, kind: Literal["csv", "parquet"]) -> bytes:
    """A small table, such as a selection, as the bytes of a file; without texts and vectors of its own."""
    handle = BytesIO()
    if kind == "csv":
        write_csv(handle, table, None, None)
    else:
        _write_parquet(handle, table, None, None, None)
    return handle.getvalue()


def rows_csv(corpus: Corpus, rows: np.ndarray, columns: Mapping[str, Any]) -> bytes:
    """Rows of a corpus as CSV: `columns` (one value a row), then the text, then the columns of the corpus."""
    table = corpus.table.iloc[rows].copy()
    first = {**columns, "text of the row": [corpus.texts[row] for row in rows]}
    for position, (name, values) in enumerate(first.items()):
        table.insert(position, free_name(table, name), values)
    return table_bytes(table, "csv")


def _manifest(model: ModelSpec | None, rows: np.ndarray | None, corpus: str) -> dict[str, Any] | None:
    return None if model is None or rows is None else build_manifest(model, rows, corpus)


def _batches(count: int) -> Iterator[slice]:
    """Slices of rows; one empty one where there are none, so that a header is written all the same."""
    yield from (slice(start, min(start + BATCH, count)) for start in range(0, max(count, 1), BATCH))


def free_name(table: pd.DataFrame, name: str) -> str:
    """The name, with underscores behind it while the table has such a column."""
    while name in table.columns:
        name += "_"
    return name


def _write_parquet(
    handle: IO[bytes],
    table: pd.DataFrame,
    texts: list[str] | None,
    rows: np.ndarray | None,
    manifest: dict[str, Any] | None,
) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    whole = _arrow_table(table)
    if texts is not None:
        column = pa.array([well_formed(text) for text in texts], pa.large_string())
        whole = whole.append_column(free_name(table, "text"), column)
    vector, kind = free_name(table, "vector"), pa.list_(pa.float32())
    schema = whole.schema if rows is None else whole.schema.append(pa.field(vector, kind))
    if manifest:
        told = {b"planisphere": json.dumps(manifest).encode()}
        schema = schema.with_metadata((schema.metadata or {}) | told)
    with parquet.ParquetWriter(handle, schema, compression="zstd") as writer:
        for part in _batches(len(table)):
            batch = whole.slice(part.start, part.stop - part.start)
            batch = batch if rows is None else batch.append_column(vector, _arrow_vectors(rows[part]))
            writer.write_table(batch.cast(schema).replace_schema_metadata(schema.metadata))


def _arrow_table(table: pd.DataFrame) -> "pa.Table":
    """Each column as Arrow sees it; one of mixed types as text."""
    import pyarrow as pa

    arrays = []
    for place in range(table.shape[1]):
        column = table.iloc[:, place]
        try:
            arrays.append(pa.Array.from_pandas(column))
        except (pa.ArrowException, UnicodeEncodeError):
            gone = column.isna()
            cells = [None if lost else well_formed(str(cell)) for cell, lost in zip(column, gone, strict=True)]
            arrays.append(pa.array(cells, pa.large_string()))
    return pa.table(arrays, names=[well_formed(str(name)) for name in table.columns])


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
        batch.columns = [_harmless(str(name)) for name in table.columns]
        for place in range(batch.shape[1]):
            batch.isetitem(place, batch.iloc[:, place].map(_harmless, na_action="ignore").array)
        if texts is not None:
            batch[free_name(table, "text")] = [_harmless(text) for text in texts[part]]
        if rows is not None:
            batch[free_name(table, "vector")] = [f"[{numbers}]" for numbers in joined_vectors(rows[part], ", ")]
        handle.write(batch.to_csv(index=False, header=part.start == 0, lineterminator="\n").encode("utf-8", "replace"))


def _harmless(cell: Any) -> Any:
    """Text that starts like a formula gets an apostrophe and is made well-formed; numbers and all else stay."""
    if not isinstance(cell, str):
        return cell
    return well_formed(f"'{cell}" if cell.startswith(FORMULA) else cell)


def well_formed(text: str) -> str:
    """The text with lone surrogates, which UTF-8 can't hold, as question marks."""
    return text if text.isascii() else _SURROGATES.sub("?", text)
