"""Uploaded tables of tasks (pairs, queries, judgments), kept beside their corpus under a digest of the file's bytes."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

from core.errors import InputError, StorageError
from core.scoreboard.types import Task
from core.store import Workspace
from core.types import CorpusRef

KIND = "score_tables"
MOST_ROWS = 2_000_000


@dataclass(frozen=True)
class TaskTable:
    """A kept table. key: 32 hex digits of the file's sha256; name: as the person's file is called; qrels: judgments."""

    key: str
    name: str
    rows: int
    columns: tuple[str, ...]
    qrels: bool = False


def keep_table(
    corpus: CorpusRef, key: str, name: str, read: Callable[[], pd.DataFrame], qrels: bool = False
) -> TaskTable:
    """Keep a file's table as Parquet in the corpus' folder; what is kept already is not read again.

    read: gives the table; columns without a name or named twice are given one. Raises InputError for one without rows.
    """
    workspace, inputs = Workspace(corpus.folder), _inputs(key, qrels)
    if workspace.load(KIND, corpus.digest, inputs) is None:
        table = _tidy(read())
        if not 0 < len(table) <= MOST_ROWS:
            raise InputError(
                f'"{name}" holds {len(table):,} rows.', f"Bring a file of at most {MOST_ROWS:,} rows, at least one."
            )
        made = io.BytesIO()
        table.to_parquet(made, index=False, compression="zstd")
        facts = {"name": name, "rows": len(table), "columns": list(table.columns)}
        workspace.save(KIND, corpus.digest, inputs, {"table": np.frombuffer(made.getvalue(), np.uint8)}, facts)
    found = find_table(corpus, key, qrels)
    assert found is not None  # noqa: S101 - it was kept above
    return found


def find_table(corpus: CorpusRef, key: str, qrels: bool = False) -> TaskTable | None:
    """What is known of a kept table, None where it is gone."""
    stored = Workspace(corpus.folder).load(KIND, corpus.digest, _inputs(key, qrels))
    if stored is None:
        return None
    return TaskTable(key, stored.facts["name"], stored.facts["rows"], tuple(stored.facts["columns"]), qrels)


def file_names(corpus: CorpusRef, task: Task) -> dict[str, str]:
    """What the person's files are called, by the parameters of a task that hold their keys."""
    keys = {name: task.get(name) for name in ("file", "queries", "qrels")}
    found = {name: find_table(corpus, str(key), name == "qrels") for name, key in keys.items() if key}
    return {name: table.name for name, table in found.items() if table is not None}


@lru_cache(maxsize=4)
def open_table(corpus: CorpusRef, key: str, qrels: bool = False) -> pd.DataFrame:
    """(rows) the kept table, RangeIndex. Raises StorageError where it is gone."""
    stored = Workspace(corpus.folder).load(KIND, corpus.digest, _inputs(key, qrels))
    if stored is None:
        raise StorageError("The uploaded file of this task is no longer kept.", "Upload it again.")
    return pd.read_parquet(io.BytesIO(stored.arrays["table"].tobytes()))


def column_of(table: pd.DataFrame, name: str, where: str) -> pd.Series:
    """A column by name. Raises InputError that names what there is."""
    if name not in table.columns:
        there = ", ".join(f'"{column}"' for column in list(table.columns)[:8])
        raise InputError(f'There is no column "{name}" in {where}.', f"It has {there}.")
    return table[name]


def _inputs(key: str, qrels: bool) -> dict[str, object]:
    return {"file": key, "qrels": qrels, "version": 2}


def _tidy(table: pd.DataFrame) -> pd.DataFrame:
    """Columns with names of their own, cells of one type a column, as Parquet needs them."""
    names: list[str] = []
    for place, column in enumerate(table.columns):
        name = str(column).strip() or f"column {place + 1}"
        while name in names:
            name += " (again)"
        names.append(name)
    tidy = table.reset_index(drop=True).set_axis(names, axis=1)
    for name in tidy.select_dtypes(include="object").columns:
        tidy[name] = tidy[name].astype("str").where(tidy[name].notna())
    return tidy
