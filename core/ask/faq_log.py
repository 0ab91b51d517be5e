"""The log of an FAQ assistant: what was asked, what it replied, which suggestion was chosen, and feedback."""

import time
import uuid
from dataclasses import asdict, dataclass, fields, replace
from functools import lru_cache
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from core.ask.assistant import FaqReply
from core.ask.faq_files import FaqColumns, append_lines, clear_file, file_stamp, read_lines
from core.corpus.export import table_bytes
from core.errors import InputError

LOG_FILE = "log.jsonl"
MAX_TEXT = 2_000  # characters of a text in the log
Kind = Literal["reply", "suggestion", "feedback"]
Outcome = Literal["answered", "refused", "documents"]
Source = Literal["page", "http"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
_TEXTS = ("kind", "reply", "question", "answer", "outcome", "nearest", "model", "source")
_NUMBERS = ("time", "confidence", "score", "margin", "threshold")
_TYPES: dict[str, Any] = {name: str for name in _TEXTS} | {name: (int, float) for name in _NUMBERS} | {"is_right": bool}


@dataclass(frozen=True)
class LogEvent:
    """A line of the log. reply: the id of the reply that it is about. time: seconds since 1970.

    question, outcome, answer, nearest (known question), confidence, score, margin, threshold (None where nothing is
    replied), model and source are of a reply; question and answer also of a chosen suggestion; is_right of feedback.
    outcome "documents": refused, and passages of another corpus were shown.
    """

    kind: Kind
    reply: str
    time: float
    question: str = ""
    answer: str = ""
    outcome: Outcome = "refused"
    nearest: str = ""
    confidence: float = 0.0
    score: float = 0.0
    margin: float = 0.0
    threshold: float | None = None
    model: str = ""
    source: Source = "page"
    is_right: bool = False


@dataclass(frozen=True)
class LoggedQuestion:
    """A question with what came after it. suggestion, suggested_answer: chosen, "" for none. feedback: the last one,
    None without any."""

    reply: LogEvent
    suggestion: str = ""
    suggested_answer: str = ""
    feedback: bool | None = None

    @property
    def is_open(self) -> bool:
        """Whether nobody got the right answer from the assistant itself."""
        if self.feedback is not None and self.reply.outcome == "answered":
            return not self.feedback
        return self.reply.outcome != "answered"


def log_reply(
    columns: FaqColumns, reply: FaqReply, threshold: float, model: str, source: Source, documents: bool = False
) -> str:
    """Write a reply; gives its id. Raises StorageError."""
    outcome: Outcome = "documents" if documents else "refused" if reply.refused else "answered"
    event = LogEvent(
        "reply", uuid.uuid4().hex[:12], time.time(), reply.text[:MAX_TEXT], (reply.answer or "")[:MAX_TEXT], outcome,
        reply.nearest[0].question[:MAX_TEXT] if reply.nearest else "", reply.confidence, reply.score, reply.margin,
        threshold if np.isfinite(threshold) else None, model, source,
    )  # fmt: skip
    _append(columns, event)
    return event.reply


def log_suggestion(columns: FaqColumns, reply: str, question: str, answer: str) -> None:
    """Write which known question was chosen after a refusal. Raises StorageError."""
    _append(columns, LogEvent("suggestion", reply, time.time(), question[:MAX_TEXT], answer[:MAX_TEXT]))


def log_feedback(columns: FaqColumns, reply: str, is_right: bool) -> None:
    """Write whether a reply was right; the last feedback counts. Raises StorageError."""
    _append(columns, LogEvent("feedback", reply, time.time(), is_right=is_right))


def clear_log(columns: FaqColumns) -> None:
    """Delete all questions of the log; added entries stay. Raises StorageError."""
    clear_file(columns, LOG_FILE)


def read_log(columns: FaqColumns) -> tuple[LoggedQuestion, ...]:
    """All questions, the oldest first; lines that can't be read are left out."""
    return _read_questions(columns, file_stamp(columns, LOG_FILE))


@lru_cache(maxsize=2)
def _read_questions(columns: FaqColumns, stamp: tuple[int, int]) -> tuple[LoggedQuestion, ...]:
    questions: dict[str, LoggedQuestion] = {}
    for value in read_lines(columns, LOG_FILE, stamp[0]):
        event = _decode(value)
        if event is None:
            continue
        if event.kind == "reply":
            questions[event.reply] = LoggedQuestion(event)
        elif event.reply in questions:
            questions[event.reply] = _with_event(questions[event.reply], event)
    return tuple(questions.values())


def log_table(columns: FaqColumns, outcome: str = "", text: str = "") -> pd.DataFrame:
    """The log as a table, the newest first. outcome: only these, see LoggedQuestion ("suggestion", "wrong" too); text:
    only questions with it, case ignored."""
    rows = [question for question in read_log(columns) if text.casefold() in question.reply.question.casefold()]
    rows = [question for question in rows if not outcome or _has_outcome(question, outcome)]
    columns_ = ("time", "question", "outcome", "answer", "suggestion", "feedback", "confidence", "score", "margin",
                "threshold", "nearest", "model", "source", "id")  # fmt: skip
    return pd.DataFrame([_row(question) for question in reversed(rows)], columns=columns_)


def log_csv(columns: FaqColumns, outcome: str = "", text: str = "") -> bytes:
    """The same as CSV."""
    return table_bytes(log_table(columns, outcome, text), "csv")


def _has_outcome(question: LoggedQuestion, outcome: str) -> bool:
    if outcome not in (*OUTCOMES, "suggestion", "wrong"):
        raise InputError(f"There is no outcome {outcome[:40]!r}.", "Choose another.")
    if outcome == "wrong":
        return question.feedback is False
    return bool(question.suggestion) if outcome == "suggestion" else question.reply.outcome == outcome


def _row(question: LoggedQuestion) -> dict[str, Any]:
    reply = question.reply
    feedback = {True: "right", False: "wrong", None: ""}[question.feedback]
    names = ("question", "outcome", "answer", "confidence", "score", "margin", "threshold", "nearest", "model")
    values = {name: getattr(reply, name) for name in names}
    times = {"time": pd.Timestamp(reply.time, unit="s").floor("s"), "source": reply.source, "id": reply.reply}
    return values | times | {"suggestion": question.suggestion, "feedback": feedback}


def _with_event(question: LoggedQuestion, event: LogEvent) -> LoggedQuestion:
    if event.kind == "feedback":
        return replace(question, feedback=event.is_right)
    return replace(question, suggestion=event.question, suggested_answer=event.answer)


def _append(columns: FaqColumns, event: LogEvent) -> None:
    defaults = {field.name: field.default for field in fields(LogEvent)}
    values = {name: value for name, value in asdict(event).items() if value != defaults[name] or name == "kind"}
    append_lines(columns, LOG_FILE, [values])


def _decode(value: dict[str, Any]) -> LogEvent | None:
    """None for what is no event."""
    has_types = all(isinstance(item, _TYPES.get(name, ())) for name, item in value.items())
    if not has_types or not {"kind", "reply", "time"} <= value.keys():
        return None
    event = LogEvent(**value)
    is_known = event.kind in get_args(Kind) and event.outcome in OUTCOMES and event.source in get_args(Source)
    return event if is_known else None
