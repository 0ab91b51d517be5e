"""Uploaded tables of tasks (pairs, queries, judgments), stored with their corpus by a digest of the file."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

from core.corpus.qrels import is_qrels, named_qrels, read_qrels
from core.corpus.reader_process import read_staged
from core.corpus.reading.skipped import complete
from core.corpus.service import InvalidInput
from core.corpus.staging import ImportSource, StagedFile, staged_bytes
from core.errors import InputError, StorageError
from core.scoreboard.types import Task
from core.store import Workspace
from core.types import CorpusRef

KIND = "score_tables"
MAX_ROWS, MAX_FILES = 2_000_000, 2


@dataclass(frozen=True)
class TaskTable:
    """A stored table. key: 32 hex digits of the file's sha256; name: of the uploaded file; qrels: judgments."""

    key: str
    name: str
    rows: int
    columns: tuple[str, ...]
    qrels: bool = False


def import_tables(
    corpus: CorpusRef, files: tuple[StagedFile, ...], judged: bool
) -> tuple[TaskTable, ...] | InvalidInput:
    """Store uploaded files as tables of tasks: one, or where `judged` also BEIR's two, the queries first. InvalidInput
    for files that can't be read, or are too many or of the wrong kinds. Raises StorageError."""
    try:
        if judged and len(files) == MAX_FILES:
            return _import_queries_and_qrels(corpus, files)
        if len(files) != 1:
            two = ", or two: queries and judgments. The documents are added on the Data page."
            raise InputError(f"{len(files)} files were uploaded.", "Upload one file" + (two if judged else "."))
        return (_import_single(corpus, files[0], judged),)
    except InputError as error:
        return InvalidInput(error.message, error.remedy)


def uploaded_tables(corpus: CorpusRef) -> tuple[TaskTable, ...]:
    """The tables uploaded for a corpus' tasks, the latest first."""
    records = list(Workspace(corpus.folder).results(KIND, corpus.digest))[::-1]
    tables = (table_info(corpus, record["inputs"]["file"], record["inputs"]["qrels"]) for record in records)
    return tuple(table for table in tables if table is not None)


def table_info(corpus: CorpusRef, key: str, qrels: bool = False) -> TaskTable | None:
    """A stored table without its cells, None where it is gone."""
    stored = Workspace(corpus.folder).load(KIND, corpus.digest, _inputs(key, qrels))
    if stored is None:
        return None
    return TaskTable(key, stored.facts["name"], stored.facts["rows"], tuple(stored.facts["columns"]), qrels)


def file_names(corpus: CorpusRef, task: Task) -> dict[str, str]:
    """Names of the uploaded files, by the parameters of a task that hold their keys."""
    keys = {name: task.get(name) for name in ("file", "queries", "qrels")}
    tables = {name: table_info(corpus, str(key), name == "qrels") for name, key in keys.items() if key}
    return {name: table.name for name, table in tables.items() if table is not None}


@lru_cache(maxsize=4)
def open_table(corpus: CorpusRef, key: str, qrels: bool = False) -> pd.DataFrame:
    """The stored table, RangeIndex. Raises StorageError where it is gone."""
    stored = Workspace(corpus.folder).load(KIND, corpus.digest, _inputs(key, qrels))
    if stored is None:
        raise StorageError("The uploaded file of this task is no longer stored.", "Upload it again.")
    return pd.read_parquet(io.BytesIO(stored.arrays["table"].tobytes()))


def column_of(table: pd.DataFrame, name: str, where: str) -> pd.Series:
    """A column by name. Raises InputError that lists the columns."""
    if name not in table.columns:
        there = ", ".join(f'"{column}"' for column in list(table.columns)[:8])
        raise InputError(f'There is no column "{name}" in {where}.', f"Its columns: {there}.")
    return table[name]


def has_text(column: pd.Series) -> np.ndarray:
    """(rows,) bool: cells that are not blank."""
    return (column.notna() & (column.astype("str").str.strip() != "")).to_numpy(bool)


def sample_sorted(positions: np.ndarray, limit: int, seed: int) -> np.ndarray:
    """All positions, or `limit` of them at random; sorted."""
    if len(positions) <= limit:
        return positions
    return np.sort(np.random.default_rng(seed).choice(positions, limit, replace=False))


def save_table(
    corpus: CorpusRef, key: str, name: str, read: Callable[[], pd.DataFrame], qrels: bool = False
) -> TaskTable:
    """Store a file's table as Parquet in the corpus' folder, unless it is stored. read: returns the table; blank and
    duplicate column names are replaced. Raises InputError for one without rows."""
    workspace, inputs = Workspace(corpus.folder), _inputs(key, qrels)
    if workspace.load(KIND, corpus.digest, inputs) is None:
        table = _clean_columns(read())
        if not 0 < len(table) <= MAX_ROWS:
            raise InputError(f'"{name}" holds {len(table):,} rows.', f"Upload a file of 1 to {MAX_ROWS:,} rows.")
        buffer = io.BytesIO()
        table.to_parquet(buffer, index=False, compression="zstd")
        facts = {"name": name, "rows": len(table), "columns": list(table.columns)}
        workspace.save(KIND, corpus.digest, inputs, {"table": np.frombuffer(buffer.getvalue(), np.uint8)}, facts)
    saved = table_info(corpus, key, qrels)
    assert saved is not None  # noqa: S101 - it was saved above
    return saved


def _inputs(key: str, qrels: bool) -> dict[str, object]:
    return {"file": key, "qrels": qrels, "version": 2}


def _clean_columns(table: pd.DataFrame) -> pd.DataFrame:
    """Unique column names and one type per column, as Parquet needs them."""
    names: list[str] = []
    for number, column in enumerate(table.columns):
        name = str(column).strip() or f"column {number + 1}"
        while name in names:
            name += " (again)"
        names.append(name)
    clean = table.reset_index(drop=True).set_axis(names, axis=1)
    for name in clean.select_dtypes(include="object").columns:
        clean[name] = clean[name].astype("str").where(clean[name].notna())
    return clean


def _import_single(corpus: CorpusRef, file: StagedFile, judged: bool) -> TaskTable:
    if judged and _judgments(corpus.folder, file) is not None:
        remedy = "Upload the queries with it: queries.jsonl and qrels.tsv together."
        raise InputError(f'"{file.name}" holds only judgments.', remedy)
    return save_table(corpus, file.key, file.name, lambda: _read(corpus.folder, file))


def _import_queries_and_qrels(corpus: CorpusRef, files: tuple[StagedFile, ...]) -> tuple[TaskTable, ...]:
    """BEIR's layout: whichever file looks like judgments is them."""
    tables = {file: table for file in files if (table := _judgments(corpus.folder, file)) is not None}
    queries = [file for file in files if file not in tables]
    if len(tables) != 1 or len(queries) != 1:
        remedy = (
            "Upload the queries (queries.jsonl, or a table) and the judgments: lines of query id, row id and grade, or "
            "a table with the columns query-id, corpus-id and score."
        )
        raise InputError(f"Of the two files, {len(tables)} look like judgments; one must be.", remedy)
    qrels = next(iter(tables))
    judgments = save_table(corpus, qrels.key, qrels.name, lambda: tables[qrels], qrels=True)
    return _import_single(corpus, queries[0], True), judgments


def _read(folder: str, file: StagedFile) -> pd.DataFrame:
    return complete(read_staged(folder, ImportSource((file,)))).table


def _judgments(folder: str, file: StagedFile) -> pd.DataFrame | None:
    """The judgments a file holds, None where it holds something else."""
    if is_qrels(data := staged_bytes(folder, file)):
        return read_qrels(file.name, data)
    return named_qrels(_read(folder, file))
