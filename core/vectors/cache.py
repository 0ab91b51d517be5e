"""Text -> vector, one SQLite file per model, so that no text is computed or paid for twice.

Finished batches survive a kill: an SQLite transaction is in the file or it isn't. Each row has a checksum, since SQLite
does not notice a changed byte in it.
"""

import json
import logging
import sqlite3
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from core.errors import StorageError
from core.files import discard, make_folder, storage_errors
from core.types import UNIT_TOLERANCE, ModelSpec

_CHUNK = 500  # variables a statement may carry on old SQLite builds: 999
_FILES = ("", "-wal", "-shm")  # what a database consists of
_FACTS, _SET_FACT = "SELECT name, value FROM facts", "INSERT OR REPLACE INTO facts VALUES (?, ?)"
_INSERT = "INSERT OR REPLACE INTO vectors (key, row, checksum) VALUES (?, ?, ?)"
_LOG = logging.getLogger(__name__)
_REMEDY = "Free some disk space, or set PLANISPHERE_HOME to a folder you may write."
T = TypeVar("T")


class VectorCache:
    """The cache of one model. Keys are sha256 digests of texts (core.digest.digest_text), values float32 rows.

    Safe for many processes at once. A damaged file is renamed, and what can be read of it is stored in a new one; a
    damaged row counts as missing and is removed.
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
            sizes = self._run(lambda database: list(_select(database, "key, length(row)", digests)))
            stored = {key for key, size in sizes if dimensions is None or size == 4 * dimensions}
        mask = np.fromiter((digest in stored for digest in digests), dtype=bool, count=len(digests))
        return mask | self.earlier.contains(digests, dimensions) if self.earlier else mask

    def width(self) -> int | None:
        """How many numbers the first stored vector has; None where there is none."""
        if not self.path.exists():
            return None
        row = self._run(lambda database: database.execute("SELECT length(row) FROM vectors LIMIT 1").fetchone())
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
        damaged: list[tuple[bytes]] = []

        def read(database: sqlite3.Connection) -> None:
            for key, value, checksum in _select(database, "key, row, checksum", list(positions)):
                if checksum not in (None, _checksum(key, value)):
                    damaged.append((key,))
                elif len(value) == 4 * dimensions:
                    rows[positions[key]] = np.frombuffer(value, dtype="<f4")
                    mask[positions[key]] = True

        self._run(read)
        if damaged:  # else `contains` would find them, and they would never be computed again
            _LOG.warning("%d damaged vectors are removed from %s", len(damaged), self.path)
            self._run(lambda database: _change(database, "DELETE FROM vectors WHERE key = ?", damaged))
        return rows, mask

    def facts(self) -> dict[str, Any]:
        """What is stored about the model by `set_facts`; empty where there is nothing."""
        if not self.path.exists():
            return {}
        return self._run(lambda database: {name: json.loads(value) for name, value in database.execute(_FACTS)})

    def set_facts(self, **facts: Any) -> None:
        """Store JSON-able facts by name."""
        self._make_folder()
        items = [(name, json.dumps(value)) for name, value in facts.items()]
        self._run(lambda database: _change(database, _SET_FACT, items))

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
        pairs = [(digest, row.tobytes()) for digest, row in zip(digests, rows.astype("<f4"), strict=True)]
        values = [(key, row, _checksum(key, row)) for key, row in pairs]
        self._make_folder()
        self._run(lambda database: _change(database, _INSERT, values))

    def _run(self, operation: Callable[[sqlite3.Connection], T]) -> T:
        """The result of an operation, which is done again where it found the file damaged."""
        with suppress(_RepairedError), self._open() as database:
            return operation(database)
        with self._open() as database:
            return operation(database)

    def _make_folder(self) -> None:
        with storage_errors(self.path.parent):
            make_folder(self.path.parent)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            with storage_errors(self.path.parent), closing(_connect(self.path)) as database:
                yield database
        except sqlite3.OperationalError as error:  # of the disk or of another process: the file itself is sound
            raise StorageError(f"The vector cache could not be used ({error}).", _REMEDY) from error
        except sqlite3.DatabaseError as error:
            with storage_errors(self.path.parent):
                self._repair()
            message = "The vector cache was damaged; what could be read of it is stored again."
            raise _RepairedError(message, "Try again.") from error

    def _repair(self) -> None:
        """Replace a damaged file by one with the rows that can still be read."""
        import fcntl

        with self.path.with_name(f"{self.path.name}.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if _is_sound(self.path):  # another process was first
                return
            broken = self.path.with_name(f"{self.path.name}.broken")
            for suffix in _FILES:
                discard(Path(f"{broken}{suffix}"))
                with suppress(FileNotFoundError):
                    Path(f"{self.path}{suffix}").rename(f"{broken}{suffix}")
            rescued, facts = list(_rescue(broken)), _rescue_facts(broken)
            _LOG.warning("%s is damaged: %d of its vectors could be read", self.path, len(rescued))
            with closing(_connect(self.path)) as database:
                _change(database, _INSERT, rescued)
                _change(database, _SET_FACT, facts)


class _RepairedError(StorageError):
    """The file was damaged and has been repaired: what was done with it can be done again."""


def _checksum(key: bytes, row: bytes) -> int:
    return zlib.crc32(row, zlib.crc32(key))


def _change(database: sqlite3.Connection, statement: str, values: Sequence[tuple]) -> None:
    with database:
        database.executemany(statement, values)


def _is_sound(path: Path) -> bool:
    try:
        with closing(sqlite3.connect(path, timeout=60)) as database:
            return bool(database.execute("PRAGMA integrity_check(1)").fetchone()[0] == "ok")
    except sqlite3.DatabaseError:
        return False


def _rescue(path: Path) -> Iterator[tuple[bytes, bytes, int]]:
    """The intact rows before and after the damaged pages of a file."""
    for order in ("ASC", "DESC"):
        with suppress(sqlite3.DatabaseError), closing(sqlite3.connect(path)) as database:
            database.text_factory = bytes
            for key, row, *checksum in database.execute(f"SELECT * FROM vectors NOT INDEXED ORDER BY rowid {order}"):
                if _is_intact(key, row, checksum[0] if checksum else None):
                    yield key, row, _checksum(key, row)
            return


def _rescue_facts(path: Path) -> list[tuple[str, str]]:
    with suppress(sqlite3.DatabaseError), closing(sqlite3.connect(path)) as database:
        return list(database.execute(_FACTS))
    return []


def _is_intact(key: object, row: object, checksum: int | None) -> bool:
    """Without a checksum, of earlier versions, a row must be a unit vector."""
    if not isinstance(key, bytes) or not isinstance(row, bytes) or len(key) != 32 or len(row) % 4:
        return False
    if checksum is not None:
        return checksum == _checksum(key, row)
    with np.errstate(all="ignore"):
        return bool(abs(np.linalg.norm(np.frombuffer(row, dtype="<f4")) - 1) < UNIT_TOLERANCE)


def _connect(path: Path) -> sqlite3.Connection:
    if not path.exists():
        path.touch(mode=0o600)  # SQLite gives its other files the same permissions
    database = sqlite3.connect(path, timeout=60)
    try:
        _wait_for(database, "PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=NORMAL")  # safe against a kill of the process in WAL mode
        database.execute("PRAGMA wal_autocheckpoint=10000")  # pages: each checkpoint waits for the disk
        columns = "key BLOB PRIMARY KEY, row BLOB NOT NULL, checksum INTEGER"
        database.execute(f"CREATE TABLE IF NOT EXISTS vectors ({columns})")
        if "checksum" not in {column[1] for column in database.execute("PRAGMA table_info(vectors)")}:
            with suppress(sqlite3.OperationalError):  # another process was first
                database.execute("ALTER TABLE vectors ADD COLUMN checksum INTEGER")
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
