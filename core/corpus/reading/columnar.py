"""Parquet, with the label names of Hugging Face datasets and the index of pandas."""

import io
import json
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from core.corpus.reading.cells import is_missing
from core.corpus.reading.values import ParsedFile, ReadOptions, Source, Upload
from core.corpus.reading.vector_columns import parquet_vectors
from core.corpus.reading.vectors import damaged_file
from core.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa

_UNNAMED_INDEX = re.compile(r"__index_level_\d+__")
_TUPLE_NAME = re.compile(r"\((?:'[^']*'(?:, |,?(?=\))))+\)")


def read_parquet(upload: Upload, options: ReadOptions = ReadOptions()) -> ParsedFile:
    """One Parquet file; a list column of numbers becomes vectors. Raises InputError when cut short or too large."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(io.BytesIO(upload.data))
        arrow = file.read()
    except (pa.ArrowException, OSError, ValueError) as error:
        raise damaged_file(upload.name, "Parquet") from error
    try:
        arrow.validate(full=True)  # Parquet does not check that text is UTF-8
    except pa.ArrowInvalid as error:
        message = f'"{upload.name}" holds text that is not valid UTF-8, or other damaged values.'
        raise InputError(message, "Write the file again from its source, or save it as CSV.") from error
    if not arrow.num_rows:
        raise InputError(f'"{upload.name}" has columns but no rows.', "Add rows or use another file.")
    metadata = arrow.schema.metadata or {}
    part = ParsedFile(Source(upload.name, "Parquet", rows=arrow.num_rows), upload=upload)
    part, arrow = parquet_vectors(part, arrow, options.vector_rows)
    arrow, dropped = _without_binary(arrow)
    table, named = _named_labels(_to_pandas(arrow), _json_metadata(metadata, b"huggingface"))
    table = table.set_axis(_pandas_names(table, _json_metadata(metadata, b"pandas")), axis=1)
    source = Source(upload.name, "Parquet", rows=len(table), notes=(*part.source.notes, *dropped, *named))
    return ParsedFile(source, table, part.vectors, part.vectors_name, upload)


def _json_metadata(metadata: dict[bytes, bytes], key: bytes) -> dict[str, Any]:
    try:
        value = json.loads(metadata.get(key, b"{}"))
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _named_labels(table: pd.DataFrame, huggingface: dict[str, Any]) -> tuple[pd.DataFrame, list[str]]:
    """Codes as the names that the metadata of the dataset gives them, also within lists; -1 is a missing label."""
    info = huggingface.get("info")
    features = info.get("features") if isinstance(info, dict) else None
    columns, names = [table.iloc[:, i] for i in range(table.shape[1])], []
    for i, column in enumerate(table.columns):
        labels = _label_names(features.get(column)) if isinstance(features, dict) else None
        if labels:
            cells = [_label_of(cell, labels) for cell in columns[i].tolist()]
            columns[i] = pd.Series(cells, dtype=object, name=column)
            names.append(f'"{column}"')
    table = pd.concat(columns, axis=1).set_axis(table.columns, axis=1) if names else table
    return table, [f"Labels are shown by the names in the file's metadata: {', '.join(names)}."] if names else []


def _label_names(feature: Any) -> list[str] | None:
    """The names of a ClassLabel, or of the ClassLabel that a list holds."""
    while isinstance(feature, list | dict):
        if isinstance(feature, list):
            feature = feature[0] if len(feature) == 1 else None
        elif feature.get("_type") == "ClassLabel":
            names = feature.get("names")
            return [str(name) for name in names] if isinstance(names, list) else None
        else:
            feature = feature.get("feature")
    return None


def _label_of(cell: Any, names: list[str]) -> Any:
    if isinstance(cell, list | np.ndarray):
        return [_label_of(code, names) for code in cell]
    if is_missing(cell) or isinstance(cell, str):
        return cell
    return names[int(cell)] if 0 <= int(cell) < len(names) else None if int(cell) == -1 else cell


def _pandas_names(table: pd.DataFrame, pandas: dict[str, Any]) -> pd.Index:
    """Names as pandas had them: an unnamed index of texts is "index", and levels of a name are joined by spaces."""
    levels = len(pandas.get("column_indexes") or ())
    names = []
    for i, name in enumerate(map(str, table.columns)):
        if _UNNAMED_INDEX.fullmatch(name) and table.iloc[:, i].map(lambda cell: isinstance(cell, str)).any():
            name = "index"
        elif levels > 1 and _TUPLE_NAME.fullmatch(name):
            name = " ".join(part for part in re.findall(r"'([^']*)'", name) if part)
        names.append(name)
    return pd.Index(names, dtype=object)


def _without_binary(arrow: "pa.Table") -> tuple["pa.Table", list[str]]:
    """Drops columns of bytes that are not text, such as images."""
    import pyarrow as pa

    dropped = []
    for name, kind in [(field.name, field.type) for field in arrow.schema]:
        if not (pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind)):
            continue
        position = arrow.schema.names.index(name)
        try:
            arrow = arrow.set_column(position, name, arrow.column(position).cast(pa.binary()).cast(pa.large_string()))
        except pa.ArrowInvalid:
            arrow = arrow.remove_column(position)
            dropped.append(f'Column "{name}" holds binary data and was left out.')
    return arrow, dropped


def _to_pandas(arrow: "pa.Table") -> pd.DataFrame:
    """pandas columns, one by one, so that names may repeat and integers with gaps keep their digits; else row IDs."""
    import pyarrow as pa

    columns = []
    for column in arrow.columns:
        column = column.cast(pa.float64()) if pa.types.is_decimal(column.type) else column
        exact = pa.types.is_integer(column.type) and column.null_count
        columns.append(pd.Series(column.to_pylist(), dtype=object) if exact else column.to_pandas())
    if not columns:
        return pd.DataFrame({"id": range(1, arrow.num_rows + 1)})
    return pd.concat(columns, axis=1).set_axis(pd.Index(arrow.schema.names, dtype=object), axis=1)
