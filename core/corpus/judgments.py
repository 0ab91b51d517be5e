"""Grades that people give: relevance of rows to a query, faithfulness of answers; append-only logs for each corpus.

<workspace>/corpora/<digest>/judgments/events.jsonl      one JSON line per event, as in core.corpus.annotations
                                       answers.jsonl     the same for answers: their numbers in core.ask.answer_log

A version is the first event's id and the log's length in bytes: what a version holds never changes.
"""

import time
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from core.corpus.loaders import load_corpus
from core.errors import InputError, StorageError
from core.files import make_folder, storage_errors
from core.json_lines import append_json_lines, log_length, read_json_lines
from core.store import Workspace
from core.types import CorpusRef

GRADES = {0: "Not relevant", 1: "Partly relevant", 2: "Relevant"}
FAITHFULNESS = {0: "Not faithful", 1: "Partly faithful", 2: "Faithful"}
Source = Literal["search", "ask", "pool", "import", "answers"]
Subject = Literal["rows", "answers"]
MAX_QUERY_LENGTH = 2_000  # characters
MAX_NAME_LENGTH = 80
_TYPES: dict[str, Any] = {
    "query": str, "row": int, "grade": (int, type(None)), "annotator": str, "source": str, "time": (int, float),
    "answer": str, "undoes": str,
}  # fmt: skip


@dataclass(frozen=True)
class Judgment:
    """An event: the grade of a row for a query, in GRADES, higher is more relevant; None where it was taken back. Or
    the grade of an answer, whose number is the row and whose question is the query, in FAITHFULNESS.

    query: its text on one line. answer: the same for grades that were given, or imported, together. time: seconds since
    1970. undoes: the answer that was taken back.
    """

    query: str
    row: int
    grade: int | None
    annotator: str
    source: str = "search"
    answer: str = field(default_factory=lambda: uuid.uuid4().hex[:12])
    time: float = field(default_factory=time.time)
    undoes: str = ""


@dataclass(frozen=True, eq=False)
class JudgmentLog:
    """events: in the order they were written. damaged: lines that can't be read, which are ignored. version: "" of an
    empty log."""

    events: tuple[Judgment, ...]
    damaged: int
    version: str

    def current(self) -> dict[tuple[str, int, str], Judgment]:
        """The last grade of each query, row and annotator, in the order they were written."""
        last: dict[tuple[str, int, str], Judgment] = {}
        for event in self.events:
            key = (event.query, event.row, event.annotator)
            last.pop(key, None)
            if event.grade is not None:
                last[key] = event
        return last

    def grades(self, annotator: str | None = None) -> dict[str, dict[int, int]]:
        """Query -> row -> grade of one annotator, or of most annotators; of equally frequent grades the latest."""
        by_row: dict[str, dict[int, list[int]]] = {}
        for (query, row, name), event in self.current().items():
            if event.grade is not None and annotator in (None, name):
                by_row.setdefault(query, {}).setdefault(row, []).append(event.grade)
        return {query: {row: _majority(votes) for row, votes in rows.items()} for query, rows in by_row.items()}

    def annotators(self) -> dict[str, int]:
        """How many grades each annotator has given, the most first."""
        counts: dict[str, int] = {}
        for _, _, name in self.current():
            counts[name] = counts.get(name, 0) + 1
        return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


@dataclass(frozen=True)
class JudgmentSummary:
    """queries: that have grades. annotators: grades of each, the most first. damaged: lines that can't be read."""

    queries: tuple[str, ...]
    annotators: dict[str, int]
    damaged: int


@dataclass(frozen=True)
class GradingState:
    """What a person who grades sees: the rows' texts, and the own grades by row. can_undo: whether an own grade of this
    query can be taken back."""

    texts: tuple[str, ...]
    grades: dict[int, int]
    can_undo: bool


def grade_names(subject: Subject) -> dict[int, str]:
    """The names of the grades of rows, or of answers."""
    return GRADES if subject == "rows" else FAITHFULNESS


def one_line(query: str) -> str:
    """A query as judgments name it: surrounding and repeated white space removed. Raises InputError for an empty or
    too long one."""
    line = " ".join(query.replace("\x00", "").split())
    if not line:
        raise InputError("The query is empty.", "Enter a query.")
    if len(line) > MAX_QUERY_LENGTH:
        raise InputError(f"The query has more than {MAX_QUERY_LENGTH:,} characters.", "Shorten it.")
    return line


def load_judgments(corpus: CorpusRef, version: str | None = None, subject: Subject = "rows") -> JudgmentLog:
    """The judgments of a corpus at a version, by default the present one. Raises StorageError for a version that the
    log does not have."""
    path = _path(corpus, subject)
    if version is not None and not version:
        return JudgmentLog((), 0, "")
    size = log_length(path)
    length = size if version is None else int(version.rpartition("-")[2])
    log = _read(str(path), min(length, size))
    if version is not None and log.version != version:
        raise StorageError("These judgments are no longer stored.", "Select the judgments again.")
    return log


def summarize_judgments(corpus: CorpusRef, subject: Subject = "rows") -> JudgmentSummary:
    """What is judged."""
    log = load_judgments(corpus, subject=subject)
    return JudgmentSummary(tuple(log.grades()), log.annotators(), log.damaged)


def judgments_version(corpus: CorpusRef) -> str:
    """The present version, "" without judgments."""
    return load_judgments(corpus).version


def add_judgments(corpus: CorpusRef, judgments: Sequence[Judgment], subject: Subject = "rows") -> None:
    """Write events to the log; they are on disk when it returns. Raises InputError for unknown rows or grades and for
    annotators without a name, StorageError where the corpus is gone or can't be written."""
    rows = Workspace(corpus.folder).require_info(corpus.digest).rows
    _check(judgments, rows if subject == "rows" else None)
    path = _path(corpus, subject)
    with storage_errors(path.parent):
        make_folder(path.parent)
    append_json_lines(path, map(asdict, judgments))


def grade_row(corpus: CorpusRef, query: str, row: int, grade: int, annotator: str, source: Source) -> None:
    """Store one grade. Raises as `add_judgments` and `one_line`."""
    add_judgments(corpus, [Judgment(one_line(query), row, grade, annotator.strip(), source)])


def undo_judgment(
    corpus: CorpusRef, annotator: str, query: str = "", source: str = "", subject: Subject = "rows"
) -> tuple[int, ...]:
    """Take back the last answer of an annotator, of any or one query and source: grades are as they were before. Gives
    the rows; none where there is nothing to take back."""
    valid = standing_judgments(load_judgments(corpus, subject=subject), annotator)
    matching = [event for event in valid if query in ("", event.query) and source in ("", event.source)]
    if not matching:
        return ()
    target = matching[-1].answer
    before = {(event.query, event.row): event for event in valid if event.answer != target}
    stamp = Judgment("", 0, None, annotator)
    events = [
        replace(event, grade=earlier.grade if (earlier := before.get((event.query, event.row))) else None,
                answer=stamp.answer, time=stamp.time, undoes=target)
        for event in valid if event.answer == target
    ]  # fmt: skip
    add_judgments(corpus, events, subject)
    return tuple(event.row for event in events)


def standing_judgments(log: JudgmentLog, annotator: str) -> list[Judgment]:
    """An annotator's events that were not taken back."""
    own = [event for event in log.events if event.annotator == annotator]
    undone = {event.undoes for event in own if event.undoes}
    return [event for event in own if not event.undoes and event.answer not in undone]


def grading_state(corpus: CorpusRef, query: str, rows: Sequence[int], annotator: str) -> GradingState:
    """What is graded of these rows for a query by an annotator."""
    log, texts, line = load_judgments(corpus), load_corpus(corpus).texts, one_line(query)
    can_undo = any(event.query == line for event in standing_judgments(log, annotator))
    return GradingState(tuple(texts[row] for row in rows), log.grades(annotator).get(line, {}), can_undo)


def _majority(votes: list[int]) -> int:
    most = max(map(votes.count, votes))
    return next(vote for vote in reversed(votes) if votes.count(vote) == most)


def _path(corpus: CorpusRef, subject: Subject = "rows") -> Path:
    name = "events.jsonl" if subject == "rows" else "answers.jsonl"
    return Workspace(corpus.folder).folder / "corpora" / corpus.digest / "judgments" / name


@lru_cache(maxsize=4)
def _read(path: str, length: int) -> JudgmentLog:
    """The log's first `length` bytes: a file of this length may only have been extended since."""
    if not length:
        return JudgmentLog((), 0, "")
    parsed = [_decode(line.value) for line in read_json_lines(Path(path), length)]
    events = tuple(event for event in parsed if event is not None)
    return JudgmentLog(events, parsed.count(None), f"{events[0].answer}-{length}" if events else "")


def _check(events: Iterable[Judgment], total: int | None) -> None:
    for event in events:
        if total is not None and not 0 <= event.row < total:
            message = f"There is no row {event.row + 1:,} among the {total:,} rows."
            raise InputError(message, "Judge rows of this corpus.")
        if event.grade is not None and event.grade not in GRADES:
            raise InputError(f"There is no grade {event.grade}.", f"Use {', '.join(map(str, GRADES))}.")
        if not 0 < len(event.annotator.strip()) <= MAX_NAME_LENGTH:
            raise InputError("An annotator needs a name.", f"Enter your name, at most {MAX_NAME_LENGTH} characters.")


def _decode(values: dict[str, Any] | None) -> Judgment | None:
    """None for what is no event."""
    if values is None or any(not isinstance(values.get(name), kind) for name, kind in _TYPES.items()):
        return None
    is_valid = values["row"] >= 0 and values["grade"] in (None, *GRADES) and values["query"].strip()
    return Judgment(**{name: values[name] for name in _TYPES}) if is_valid else None
