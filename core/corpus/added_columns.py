"""Columns that the product adds to a stored corpus: labels, predictions, zero-shot labels and entities.

<folder>/corpora/<digest>/columns/<key>/column.json          name, kind, version, created and facts
                                        <version>.parquet    the cells of that version

The digest of the corpus and its vectors stay the same. A `CorpusRef` names the version of each added column, so that
whatever is cached under it follows. Labels set row by row have no such folder: core.corpus.annotations stores them.
"""

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from core import codec
from core.corpus.annotations import label_columns, read_column
from core.corpus.codebook import column_folder, delete_column, read_codebook
from core.digest import digest_json, digest_table
from core.errors import InputError, StorageError
from core.files import discard, read_json, replacing, write_json
from core.store import TEXT_COLUMN, CorpusInfo, Workspace
from core.types import CorpusRef

AddedKind = Literal["labels", "predictions", "zero_shot", "entities"]
FOLDER = "columns"
MAX_NAME_LENGTH = 100
OLD_VERSION_SECONDS = 3600  # a replaced version stays for pages that still show it
_CELLS = "cells"


@dataclass(frozen=True)
class AddedColumn:
    """version: changes with the cells. created: unix seconds. facts: JSON-able, how the cells were computed."""

    name: str
    kind: AddedKind
    version: str
    created: float
    facts: dict[str, Any]


def added_columns(folder: str, digest: str) -> tuple[AddedColumn, ...]:
    """The added columns of a corpus, label columns among them, oldest first; what can't be read is left out."""
    paths = (Workspace(folder).folder / "corpora" / digest / FOLDER).glob("*/column.json")
    stored = filter(None, (_read_column(path) for path in paths))
    labeled = (_label_column(folder, digest, name, version) for name, version in label_columns(folder, digest))
    return tuple(sorted((*stored, *labeled), key=lambda column: (column.created, column.name)))


def _label_column(folder: str, digest: str, name: str, version: str) -> AddedColumn:
    codebook = read_codebook(column_folder(folder, digest, name))
    return AddedColumn(name, "labels", version, codebook.created if codebook else 0.0, {})


def current_ref(folder: str, digest: str) -> CorpusRef:
    """Names a corpus with the current versions of its added columns."""
    return CorpusRef(folder, digest, tuple((column.name, column.version) for column in added_columns(folder, digest)))


def column_inputs(corpus: CorpusRef, *columns: str) -> dict[str, Any]:
    """What names added columns among the inputs of a stored result, beside their names; empty for source columns."""
    versions = {name: version for name, version in corpus.columns if name in columns}
    return {"column_versions": versions} if versions else {}


def add_column(
    corpus: CorpusRef, name: str, values: pd.Series, kind: AddedKind, facts: Mapping[str, Any] | None = None
) -> AddedColumn:
    """Store a column; one of the same name and kind is replaced.

    values: (n,) strings, numbers, booleans or times, missing values allowed; several labels per row as JSON lists of
    strings. Raises InputError for a name in use or another number of rows, StorageError where it can't be written.
    """
    name, info = name.strip(), Workspace(corpus.folder).require_info(corpus.digest)
    _check_name(corpus, info, name, kind)
    if len(values) != info.rows:
        raise InputError(f"The column has {len(values):,} values and the corpus {info.rows:,} rows.", "Pass one each.")
    cells = pd.DataFrame({_CELLS: values.reset_index(drop=True)})
    column = AddedColumn(name, kind, digest_table(cells), time.time(), dict(facts or {}))
    folder = _column_folder(corpus, name)
    with replacing(folder / f"{column.version}.parquet") as temporary:
        cells.to_parquet(temporary, compression="zstd", index=False)
    write_json(folder / "column.json", asdict(column))
    _discard_old_versions(folder, column.version)
    return column


def remove_column(corpus: CorpusRef, name: str) -> None:
    """Delete an added column, with its labels if it is a label column; nothing happens where there is none."""
    discard(_column_folder(corpus, name))
    delete_column(corpus, name)


def read_added_column(corpus: CorpusRef, name: str, version: str) -> pd.Series:
    """(n,) the cells of a version. Raises StorageError where it was removed or is damaged."""
    from pyarrow import ArrowException

    if name in dict(label_columns(corpus.folder, corpus.digest)):
        return read_column(
            corpus.folder, corpus.digest, name, version, Workspace(corpus.folder).require_info(corpus.digest).rows
        )
    try:
        cells = pd.read_parquet(_column_folder(corpus, name) / f"{version}.parquet")[_CELLS]
    except (OSError, ArrowException, ValueError, KeyError) as error:
        message = f'The column "{name}" was replaced, removed or damaged.'
        raise StorageError(message, "Reload the page, or add the column again.") from error
    return cells.rename(name)


def _check_name(corpus: CorpusRef, info: CorpusInfo, name: str, kind: AddedKind) -> None:
    if not name or len(name) > MAX_NAME_LENGTH:
        raise InputError("The name of a column has 1 to 100 characters.", "Enter another name.")
    if name in (*info.columns, TEXT_COLUMN):
        raise InputError(f'"{name}" is a column of the imported data.', "Enter another name.")
    existing = {column.name: column.kind for column in added_columns(corpus.folder, corpus.digest)}
    if existing.get(name, kind) != kind:
        raise InputError(f'There is a column "{name}" of another kind.', "Enter another name, or remove it first.")


def _column_folder(corpus: CorpusRef, name: str) -> Path:
    return Workspace(corpus.folder).folder / "corpora" / corpus.digest / FOLDER / digest_json(name)


def _read_column(path: Path) -> AddedColumn | None:
    try:
        column: AddedColumn = codec.decode(AddedColumn, read_json(path))
    except (TypeError, ValueError, KeyError):
        return None
    return column if (path.parent / f"{column.version}.parquet").is_file() else None


def _discard_old_versions(folder: Path, current: str) -> None:
    for path in folder.glob("*.parquet"):
        with suppress(OSError):
            if path.stem != current and time.time() - path.stat().st_mtime > OLD_VERSION_SECONDS:
                path.unlink()
