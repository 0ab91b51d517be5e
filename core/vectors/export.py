"""Exports of a corpus with its vectors: Parquet, CSV, and .zip files for NumPy, the Embedding Projector and FAISS."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import IO, Any, Literal, get_args
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import numpy as np
import pandas as pd

from core.corpus import export as table_export
from core.corpus.export import BATCH, build_manifest, check_counts, to_csv, to_parquet, write_csv, writing
from core.corpus.loaders import load_corpus
from core.errors import InputError
from core.files import storage_errors
from core.types import CorpusRef, ModelSpec
from core.vectors.loaders import load_index, load_vectors

EMPTY_LINE = "(empty)"
LEVEL = 1  # numbers as text shrink little more at higher levels, which take many times longer
Format = Literal["parquet", "csv", "npy", "projector", "faiss"]
ENDINGS: dict[Format, str] = {"parquet": "parquet", "csv": "csv", "npy": "zip", "projector": "zip", "faiss": "zip"}


def write_export(corpus: CorpusRef, spec: ModelSpec, file_format: Format) -> str:
    """Write the export unless it exists; returns its path in the workspace. Raises InputError, StorageError."""
    if file_format not in get_args(Format):
        raise InputError(f"There is no export format {file_format!r}.")
    name = f"{spec.key}-{file_format}.{ENDINGS[file_format]}"
    path = Path(corpus.folder, "corpora", corpus.digest, "exports", name)
    if path.exists():
        return str(path)
    with storage_errors(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
    loaded, rows = load_corpus(corpus), load_vectors(corpus, spec).rows
    if file_format == "faiss":
        to_faiss_zip(path, rows, spec, corpus.digest, load_index(corpus, spec).faiss_index)
    elif file_format == "csv":
        to_csv(path, loaded.table, loaded.texts, rows)
    else:
        write = {"parquet": to_parquet, "npy": to_npy_zip, "projector": to_projector_zip}[file_format]
        write(path, loaded.table, loaded.texts, rows, spec, corpus.digest)
    return str(path)


def to_npy_zip(
    path: Path, table: pd.DataFrame, texts: list[str], rows: np.ndarray, model: ModelSpec, corpus: str = ""
) -> None:
    """vectors.npy (n, d) float32, table.csv with the texts, and manifest.json. Errors as for to_parquet."""
    check_counts(table, texts, rows)
    with _open_zip(path) as archive:
        with _member(archive, "vectors.npy", stored=True) as file:
            np.lib.format.write_array_header_1_0(file, {"descr": "<f4", "fortran_order": False, "shape": rows.shape})
            for start in range(0, len(rows), BATCH):
                file.write(np.ascontiguousarray(rows[start : start + BATCH], dtype="<f4").tobytes())
        with _member(archive, "table.csv") as file:
            write_csv(file, table, texts, None)
        _write_json(archive, "manifest.json", build_manifest(model, rows, corpus))


@contextmanager
def _open_zip(path: Path) -> Iterator[ZipFile]:
    with writing(path) as handle, ZipFile(handle, "w", ZIP_DEFLATED, compresslevel=LEVEL) as archive:
        yield archive


@contextmanager
def _member(archive: ZipFile, name: str, stored: bool = False) -> Iterator[IO[bytes]]:
    """One file of the archive; binary vectors are stored uncompressed, since they hardly shrink."""
    with archive.open(ZipInfo(name) if stored else name, "w", force_zip64=True) as file:
        yield file


def _write_json(archive: ZipFile, name: str, value: dict[str, Any]) -> None:
    with _member(archive, name) as file:
        file.write(json.dumps(value, indent=2, ensure_ascii=False).encode("utf-8", "replace"))


def to_projector_zip(
    path: Path, table: pd.DataFrame, texts: list[str], rows: np.ndarray, model: ModelSpec, corpus: str = ""
) -> None:
    """The Embedding Projector's vectors.tsv and metadata.tsv, projector_config.json, and the manifest.

    metadata.tsv has a header only when it has more than one column, as the Projector requires; tabs and line breaks
    in cells become spaces.
    """
    check_counts(table, texts, rows)
    tensor = {"tensorName": model.label, "tensorShape": list(rows.shape)}
    paths = {"tensorPath": "vectors.tsv", "metadataPath": "metadata.tsv"}
    with _open_zip(path) as archive:
        with _member(archive, "vectors.tsv") as file:
            for start in range(0, len(rows), BATCH):
                lines = table_export.joined_vectors(rows[start : start + BATCH], "\t")
                file.write("".join(f"{line}\n" for line in lines).encode())
        with _member(archive, "metadata.tsv") as file, TextIOWrapper(file, "utf-8", "replace", newline="") as text:
            text.writelines(f"{line}\n" for line in _metadata(table, texts))
        _write_json(archive, "projector_config.json", {"embeddings": [tensor | paths]})
        _write_json(archive, "manifest.json", build_manifest(model, rows, corpus))


def _metadata(table: pd.DataFrame, texts: list[str]) -> Iterator[str]:
    """The lines of metadata.tsv: the text first, then the table's columns."""
    if table.shape[1]:
        yield "\t".join([table_export.free_name(table, "text"), *(_cell(name) for name in table.columns)])
    for text, *cells in zip(texts, *(table.iloc[:, position] for position in range(table.shape[1])), strict=True):
        line = "\t".join([_cell(text), *(_cell(cell) for cell in cells)])
        # the Projector skips blank lines, which would shift all rows below
        yield line if line.strip() else EMPTY_LINE + line


def _cell(value: Any) -> str:
    if not isinstance(value, str) and pd.api.types.is_scalar(value) and pd.isna(value):
        return ""
    return " ".join(table_export.replace_surrogates(str(value)).replace("\t", " ").splitlines())


def to_faiss_zip(path: Path, rows: np.ndarray, model: ModelSpec, corpus: str = "", index: Any = None) -> None:
    """index.faiss and manifest.json. index: the FAISS index that serves searches; without one, an exact IndexFlatIP.

    faiss.read_index reads it; queries must be unit float32 rows made with the query prompt of the manifest.
    """
    import faiss

    if index is None:
        index = faiss.IndexFlatIP(rows.shape[1])
        for start in range(0, len(rows), BATCH):
            index.add(np.ascontiguousarray(rows[start : start + BATCH], dtype=np.float32))
    metric = "inner product" if index.metric_type == faiss.METRIC_INNER_PRODUCT else "squared Euclidean distance"
    facts = {"index": type(index).__name__, "index_rows": int(index.ntotal), "index_metric": metric}
    with _open_zip(path) as archive:
        with _member(archive, "index.faiss", stored=True) as file:
            faiss.write_index(index, faiss.PyCallbackIOWriter(file.write))  # type: ignore[attr-defined]
        _write_json(archive, "manifest.json", build_manifest(model, rows, corpus, **facts))
