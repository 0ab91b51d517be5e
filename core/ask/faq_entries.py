"""Questions and answers that people add to an FAQ, and unanswered questions that they dismiss: append-only, undoable.

The length of the file in bytes is its version: what a version holds never changes.
"""

import time
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from core import codec
from core.ask.faq_files import FaqColumns, append_lines, file_length, read_lines
from core.errors import InputError

ENTRIES_FILE = "entries.jsonl"
MAX_QUESTION, MAX_ANSWER = 2_000, 20_000  # characters
Kind = Literal["add", "dismiss", "undo"]


@dataclass(frozen=True)
class EntryEvent:
    """A line of the file. batch: the same for what was added or dismissed together; of an undo, what it takes back."""

    kind: Kind
    batch: str
    time: float
    question: str = ""
    answer: str = ""


@dataclass(frozen=True)
class Entries:
    """What holds at a version (bytes). added, dismissed: events that were not undone, the oldest first."""

    version: int
    added: tuple[EntryEvent, ...]
    dismissed: tuple[EntryEvent, ...]

    @property
    def handled(self) -> frozenset[str]:
        """The added and dismissed questions, case and white space aside."""
        return frozenset(normal_question(event.question) for event in (*self.added, *self.dismissed))


def normal_question(question: str) -> str:
    """Equal for questions that differ in case and white space alone."""
    return " ".join(question.split()).casefold()


def entries_version(columns: FaqColumns) -> int:
    """The present version."""
    return file_length(columns, ENTRIES_FILE)


def read_entries(columns: FaqColumns, version: int | None = None) -> Entries:
    """The entries at a version, by default the present one."""
    at = entries_version(columns) if version is None else version
    events = [event for value in read_lines(columns, ENTRIES_FILE, at) if (event := _decode(value))] if at else []
    undone = {event.batch for event in events if event.kind == "undo"}
    current = [event for event in events if event.batch not in undone]
    added = tuple(event for event in current if event.kind == "add")
    return Entries(at, added, tuple(event for event in current if event.kind == "dismiss"))


def add_entries(columns: FaqColumns, questions: Sequence[str], answer: str) -> str:
    """Add questions with one answer; gives the id of the batch. Raises InputError for empty or long texts."""
    questions = [question.strip() for question in questions if question.strip()]
    if not questions:
        raise InputError("No question is selected.", "Select at least one.")
    if not answer.strip():
        raise InputError("The answer is empty.", "Choose an answer, or type a new one.")
    if len(answer) > MAX_ANSWER or any(len(question) > MAX_QUESTION for question in questions):
        message = f"Questions have up to {MAX_QUESTION:,} and answers up to {MAX_ANSWER:,} characters."
        raise InputError(message, "Shorten the text.")
    return _append(columns, "add", questions, answer.strip())


def dismiss_questions(columns: FaqColumns, questions: Sequence[str]) -> str:
    """Leave questions out of the unanswered ones; gives the id of the batch."""
    return _append(columns, "dismiss", questions)


def undo_batch(columns: FaqColumns, batch: str) -> None:
    """Take back what was added or dismissed together."""
    append_lines(columns, ENTRIES_FILE, [asdict(EntryEvent("undo", batch, time.time()))])


def _append(columns: FaqColumns, kind: Kind, questions: Sequence[str], answer: str = "") -> str:
    batch, now = uuid.uuid4().hex[:12], time.time()
    events = [EntryEvent(kind, batch, now, question, answer) for question in dict.fromkeys(questions)]
    append_lines(columns, ENTRIES_FILE, [asdict(event) for event in events])
    return batch


def _decode(value: dict[str, Any]) -> EntryEvent | None:
    try:
        event: EntryEvent = codec.decode(EntryEvent, value)
    except (TypeError, ValueError, KeyError):
        return None
    return event
