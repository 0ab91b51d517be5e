"""Files of an FAQ assistant beside its corpus: append-only JSON lines, and the settings that were last used.

<folder>/corpora/<digest>/faq/settings.json                 columns, model and threshold
                              <columns>/log.jsonl            questions and what became of them
                                        entries.jsonl        questions and answers that were added
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from core import codec
from core.digest import digest_json
from core.files import empty_file, make_folder, read_json, storage_errors, write_json
from core.json_lines import append_json_lines, log_length, read_json_lines
from core.store import Workspace
from core.types import CorpusRef

FOLDER = "faq"


@dataclass(frozen=True)
class FaqColumns:
    """Which two columns of a corpus are the FAQ. Log and added entries belong to them, whatever the model."""

    corpus: CorpusRef
    question: str
    answer: str

    def path(self, name: str) -> Path:
        """A file of these columns."""
        return _folder(self.corpus) / digest_json([self.question, self.answer]) / name


@dataclass(frozen=True)
class Settings:
    """model: the key of the embedding model. threshold: on the confidence; None for the one of min_precision."""

    question: str
    answer: str
    model: str
    min_precision: float
    threshold: float | None = None


def load_settings(corpus: CorpusRef) -> Settings | None:
    """The settings that were used last, None where there are none or they can't be read."""
    try:
        settings: Settings = codec.decode(Settings, read_json(_folder(corpus) / "settings.json"))
    except (TypeError, ValueError, KeyError):
        return None
    return settings


def save_settings(corpus: CorpusRef, settings: Settings) -> None:
    """Raises StorageError."""
    if settings != load_settings(corpus):
        Workspace(corpus.folder).require_info(corpus.digest)
        write_json(_folder(corpus) / "settings.json", asdict(settings))


def append_lines(columns: FaqColumns, name: str, values: Iterable[Mapping[str, Any]]) -> None:
    """Add JSON objects to a file in a single write; they are on disk when it returns. Raises StorageError."""
    Workspace(columns.corpus.folder).require_info(columns.corpus.digest)
    path = columns.path(name)
    with storage_errors(path.parent):
        make_folder(path.parent)
    append_json_lines(path, values)


def read_lines(columns: FaqColumns, name: str, length: int | None = None) -> tuple[dict[str, Any], ...]:
    """The JSON objects in the first `length` bytes of a file, by default in all of it; damaged lines are left out."""
    path = columns.path(name)
    try:
        facts = path.stat()
    except OSError:
        return ()
    return _read(str(path), facts.st_size if length is None else length, facts.st_mtime_ns)


def file_length(columns: FaqColumns, name: str) -> int:
    """Bytes of a file, 0 where there is none; the version of what only grows."""
    return log_length(columns.path(name))


def file_stamp(columns: FaqColumns, name: str) -> tuple[int, int]:
    """Length in bytes and time of the last change of a file, zeros where there is none."""
    path = columns.path(name)
    facts = path.stat() if path.is_file() else None
    return (facts.st_size, facts.st_mtime_ns) if facts else (0, 0)


def clear_file(columns: FaqColumns, name: str) -> None:
    """Remove all lines of a file. Raises StorageError."""
    if columns.path(name).is_file():
        empty_file(columns.path(name))


@lru_cache(maxsize=8)
def _read(path: str, length: int, modified: int) -> tuple[dict[str, Any], ...]:
    return tuple(line.value for line in read_json_lines(Path(path), length) if line.value is not None)


def _folder(corpus: CorpusRef) -> Path:
    return Workspace(corpus.folder).folder / "corpora" / corpus.digest / FOLDER
