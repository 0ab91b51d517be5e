"""Text -> vector, one SQLite file per model, so that no text is computed or paid for twice.

Finished batches survive a kill: an SQLite transaction is in the file or it isn't.
"""

import json
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import StorageError
from core.files import storage_errors
from core.types import ModelSpec

_CHUNK = 500  # variables a statement may carry on old SQLite builds: 999
_REMEDY = "Free some disk space, or set PLANISPHERE_HOME to a folder you may write."


class VectorCache:
    """The cache of one model. Keys are sha256 digests of texts (core.digest.digest_text), values float32 rows.

    Safe for many processes at once. A file that can't be read as a database is renamed and counts as empty.
    earlier: a cache of the same model under the key it had before, only ever read.
    """

    def __init__(self, folder: Path, model_key: str, earlier: "VectorCache | None" = None) -> None:
        self.path = folder / "cache" / f"{model_key}.sqlite"
        self.earlier = earlier

    @classmethod
    def of(cls, folder: Path, spec: ModelSpec) -> "VectorCache":
        """The cache of a model. Vectors of a server's model were once cached before its dimensions were known."""
        earlier = cls(folder, replace(spec, dimensions=None, probed=False).key) if spec.probed else None
        return cls(folder, spec.key, earlier)

    def contains(self, digests: Sequence[bytes], dimensions: int | None = None) -> np.ndarray:
        """(n,) bool: which texts have a vector, of any length where dimensions is None."""
        stored: set[bytes] = set()
        if self.path.exists():
            with self._open() as database:
                sizes = _select(database, "key, length(row)", digests)
                stored = {key for key, size in sizes if dimensions is None or size == 4 * dimensions}
        mask = np.fromiter((digest in stored for digest in digests), dtype=bool, count=len(digests))
        return mask | self.earlier.contains(digests, dimensions) if self.earlier else mask

    def width(self) -> int | None:
        """How many numbers the first stored vector has; None where there is none."""
        if not self.path.exists():
            return None
        with self._open() as database:
            row = database.execute("SELECT length(row) FROM vectors LIMIT 1").fetchone()
        return row[0] // 4 if row else None

    def get(self, digests: Sequence[bytes], dimensions: int) -> tuple[np.ndarray, np.ndarray]:
        """(n, dimensions) float32 rows, and (n,) bool which of them are cached; the others are zero."""
        rows, mask = self._get(digests, dimensions)
        if self.earlier:
            missing = np.flatnonzero(~mask)
            rows[missing], mask[missing] = self.earlier.get([digests[int(i)] for i in missing], dimensions)
        return rows, mask

    def _get(self, digests: Sequence[bytes], dimensions: int) -> tuple[np.ndarray, np.ndarray]:
        rows, mask = np.zeros((len(digests), dimensions), dtype=np.float32), np.zeros(len(digests), dtype=bool)
        if not self.path.exists():
            return rows, mask
        positions: dict[bytes, list[int]] = {}
        for position, digest in enumerate(digests):
            positions.setdefault(digest, []).append(position)
        with self._open() as database:
            for key, value in _select(database, "key, row", list(positions)):
                if len(value) == 4 * dimensions:
                    rows[positions[key]] = np.frombuffer(value, dtype="<f4")
                    mask[positions[key]] = True
        return rows, mask

    def facts(self) -> dict[str, Any]:
        """What is stored about the model by `set_facts`; empty where there is nothing."""
        if not self.path.exists():
            return {}
        with self._open() as database:
            return {name: json.loads(value) for name, value in database.execute("SELECT name, value FROM facts")}

    def set_facts(self, **facts: Any) -> None:
        """Store JSON-able facts by name."""
        self._make_folder()
        with self._open() as database, database:
            items = [(name, json.dumps(value)) for name, value in facts.items()]
            database.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?)", items)

    def last_row(self) -> int:
        """A number that grows with every vector stored; 0 without any."""
        if not self.path.exists():
            return 0
        with self._open() as database:
            return int(database.execute("SELECT coalesce(max(rowid), 0) FROM vectors").fetchone()[0])

    def discard_after(self, row: int) -> int:
        """Remove the vectors stored after `last_row` gave that number; gives how many."""
        with self._open() as database, database:
            return database.execute("DELETE FROM vectors WHERE rowid > ?", (row,)).rowcount

    def put(self, digests: Sequence[bytes], rows: np.ndarray) -> None:
        """Store rows under their texts' digests, all or none."""
        values = [(digest, row.tobytes()) for digest, row in zip(digests, rows.astype("<f4"), strict=True)]
        self._make_folder()
        with self._open() as database, database:
            database.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", values)

    def _make_folder(self) -> None:
        with storage_errors(self.path.parent):
            self.path.parent.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(self._prepared()) as database:
                yield database
        except sqlite3.Error as error:
            raise StorageError(f"The vector cache could not be used ({error}).", _REMEDY) from error

    def _prepared(self) -> sqlite3.Connection:
        try:
            return _connect(self.path)
        except sqlite3.OperationalError:
            raise  # locked, read-only, full: the file itself is sound
        except sqlite3.DatabaseError:
            self.path.replace(self.path.with_name(f"{self.path.name}.broken"))
            return _connect(self.path)


def _connect(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=60)
    try:
        _wait_for(database, "PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=NORMAL")  # safe against a kill of the process in WAL mode
        database.execute("PRAGMA wal_autocheckpoint=10000")  # pages: each checkpoint waits for the disk
        database.execute("CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, row BLOB NOT NULL)")
        database.execute("CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL)")
    except sqlite3.Error:
        database.close()
        raise
    return database


def _wait_for(database: sqlite3.Connection, statement: str) -> None:
    """Changing the journal mode does not wait for other processes by itself: try for five seconds."""
    for _ in range(100):
        try:
            database.execute(statement)
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):
                raise
            time.sleep(0.05)
    database.execute(statement)


def _select(database: sqlite3.Connection, columns: str, digests: Sequence[bytes]) -> Iterator[tuple]:
    for start in range(0, len(digests), _CHUNK):
        chunk = digests[start : start + _CHUNK]
        marks = ",".join("?" * len(chunk))
        yield from database.execute(f"SELECT {columns} FROM vectors WHERE key IN ({marks})", chunk)
