"""Labels that people give to rows: an append-only log for each label column of a corpus.

One JSON line per event, added in a single write, so that two tabs or processes that label the same rows lose nothing.
The log's length in bytes, behind the column's token, is the version of the column: what a version holds never changes.
"""

import time
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from core.corpus.codebook import column_folder, load_codebook, read_codebook
from core.errors import InputError
from core.json_lines import append_json_lines, log_length, read_json_lines
from core.store import Workspace
from core.types import CorpusRef

LOG_FILE = "events.jsonl"
MAX_COMMENT_LENGTH = 2_000
_OPTIONAL: dict[str, Any] = {"comment": "", "audit": False, "skipped": False, "suggestion": "", "undoes": ""}
_TYPES: dict[str, Any] = {"row": int, "annotator": str, "time": (int, float), "answer": str, "label": (str, type(None))}


@dataclass(frozen=True)
class Annotation:
    """An event: what an annotator said of a row.

    label: None where the row was skipped, or a label was taken back. answer: the same for rows that were labeled
    together. audit: the row was drawn at random for the audit sample. suggestion: the label that a model predicted
    before, "" for none. undoes: the answer that was taken back. time: seconds since 1970.
    """

    row: int
    label: str | None
    annotator: str
    answer: str = field(default_factory=lambda: uuid.uuid4().hex[:12])
    time: float = field(default_factory=time.time)
    comment: str = ""
    audit: bool = False
    skipped: bool = False
    suggestion: str = ""
    undoes: str = ""


@dataclass(frozen=True, eq=False)
class AnnotationLog:
    """events: in the order they were written. ends: (events,) int64, the log's length in bytes after each. damaged:
    lines that can't be read, which are ignored. token: of the column."""

    events: tuple[Annotation, ...]
    ends: np.ndarray
    damaged: int
    token: str

    def version_at(self, events: int) -> str:
        """The version of the column after so many events."""
        return f"{self.token}-{int(self.ends[events - 1]) if events else 0}"

    def current(self) -> dict[tuple[int, str], Annotation]:
        """The last event of each row and annotator that is a label or a skip, in the order they were written."""
        last: dict[tuple[int, str], Annotation] = {}
        for event in self.events:
            last.pop((event.row, event.annotator), None)
            if event.label is not None or event.skipped:
                last[event.row, event.annotator] = event
        return last

    def labels(self, audit_only: bool = False) -> dict[int, str]:
        """The label of each labeled row, see `majority_labels`. audit_only: from events of the audit sample."""
        return majority_labels(event for event in self.current().values() if event.audit or not audit_only)


def majority_labels(events: Iterable[Annotation]) -> dict[int, str]:
    """By row, the label of most annotators; of equally frequent ones the latest. events: one for a row and annotator,
    in the order they were written."""
    by_row: dict[int, list[str]] = {}
    for event in events:
        if event.label is not None:
            by_row.setdefault(event.row, []).append(event.label)
    result = {}
    for row, labels in by_row.items():
        most = max(map(labels.count, labels))
        result[row] = next(label for label in reversed(labels) if labels.count(label) == most)
    return result


def label_columns(folder: str, digest: str) -> tuple[tuple[str, str], ...]:
    """(name, version) of each label column of a corpus, the oldest first."""
    folders = column_folder(folder, digest, "").parent.glob("*")
    stored = [(path, codebook) for path in folders if (codebook := read_codebook(path))]
    stored.sort(key=lambda item: (item[1].created, item[1].column))
    return tuple((codebook.column, f"{codebook.token}-{log_length(path / LOG_FILE)}") for path, codebook in stored)


def column_version(corpus: CorpusRef, name: str) -> str:
    """The present version of a label column. Raises StorageError where there is no such column."""
    codebook = load_codebook(corpus, name)
    return f"{codebook.token}-{log_length(column_folder(corpus.folder, corpus.digest, name) / LOG_FILE)}"


def read_column(folder: str, digest: str, name: str, version: str, total: int) -> pd.Series:
    """(total,) str, the label of each row at a version, missing where there is none: that of most annotators, of
    equally frequent ones the latest."""
    cells = np.full(total, None, object)
    for row, label in read_log(folder, digest, name, version).labels().items():
        if row < total:
            cells[row] = label
    return pd.Series(cells, name=name, dtype="str")


@lru_cache(maxsize=4)
def read_log(folder: str, digest: str, name: str, version: str) -> AnnotationLog:
    """The log of a label column up to a version; without events where the column was deleted since."""
    path, (token, _, length) = column_folder(folder, digest, name), version.rpartition("-")
    codebook = read_codebook(path)
    is_current = codebook and codebook.token == token and length.isdecimal() and (path / LOG_FILE).is_file()
    lines = list(read_json_lines(path / LOG_FILE, int(length))) if is_current else []
    decoded = [(event, line.end) for line in lines if (event := _decode(line.value)) is not None]
    events, ends = [event for event, _ in decoded], [end for _, end in decoded]
    return AnnotationLog(tuple(events), np.array(ends, np.int64), len(lines) - len(events), token)


def append(corpus: CorpusRef, name: str, events: Sequence[Annotation]) -> None:
    """Write events to the log of a label column; they are on disk when it returns. Raises InputError for rows that do
    not exist, annotators without a name and comments that are too long; StorageError where the column is gone."""
    info = Workspace(corpus.folder).require_info(corpus.digest)
    load_codebook(corpus, name)
    _check(events, info.rows)
    append_json_lines(column_folder(corpus.folder, corpus.digest, name) / LOG_FILE, map(_to_dict, events))


def _check(events: Sequence[Annotation], total: int) -> None:
    wrong = next((event.row for event in events if not 0 <= event.row < total), None)
    if wrong is not None:
        raise InputError(f"There is no row {wrong + 1:,} among the {total:,} rows.", "Label rows of this corpus.")
    if any(not event.annotator.strip() for event in events):
        raise InputError("An annotator needs a name.", "Enter your name.")
    if any(len(event.comment) > MAX_COMMENT_LENGTH for event in events):
        raise InputError(f"A comment has more than {MAX_COMMENT_LENGTH:,} characters.", "Shorten it.")


def _to_dict(event: Annotation) -> dict[str, Any]:
    values = {name: getattr(event, name) for name in _TYPES}
    return values | {name: value for name in _OPTIONAL if (value := getattr(event, name))}


def _decode(values: dict[str, Any] | None) -> Annotation | None:
    """None for what is no event."""
    if values is None or any(not isinstance(values.get(name), kind) for name, kind in _TYPES.items()):
        return None
    optional = {name: values.get(name, default) for name, default in _OPTIONAL.items()}
    is_valid = all(isinstance(value, type(_OPTIONAL[name])) for name, value in optional.items())
    if not is_valid or values["row"] < 0 or isinstance(values["row"], bool):
        return None
    return Annotation(**{name: values[name] for name in _TYPES}, **optional)
