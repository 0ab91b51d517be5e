"""Answers of language models, recorded so that their faithfulness can be graded: an append-only log for each corpus.

<workspace>/corpora/<digest>/answers/records.jsonl      one JSON line per answer; its number is its position

Quoted sentences are not recorded: they are parts of the passages, so there is nothing to grade.
"""

import time
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from core import codec
from core.ask.answers import AnswerStream
from core.ask.prompts import Prompt
from core.corpus.judgments import Judgment, add_judgments, load_judgments, one_line, standing_judgments, undo_judgment
from core.digest import digest_json
from core.errors import InputError
from core.files import make_folder, storage_errors
from core.json_lines import append_json_lines, log_length, read_json_lines
from core.models.chat import ChatModel
from core.store import Workspace
from core.types import CorpusRef

Source = Literal["ask", "generated"]


@dataclass(frozen=True)
class RecordedSentence:
    """A sentence of an answer, and the numbers of the passages that it cites."""

    text: str
    citations: tuple[int, ...]


@dataclass(frozen=True)
class AnswerRecord:
    """An answer. passages: the texts that the model was sent, numbered from 1. sentences: none where the model refused.
    request: digest of question, passages, model, server and prompt. prompt: digest of the prompt. time: seconds since
    1970. There is no API key in it."""

    question: str
    passages: tuple[str, ...]
    sentences: tuple[RecordedSentence, ...]
    model: str
    prompt: str
    request: str
    source: str
    id: str = field(default_factory=lambda: uuid.uuid4().hex[:12])
    time: float = field(default_factory=time.time)

    @property
    def text(self) -> str:
        """The answer with its citations."""
        return " ".join(
            sentence.text + "".join(f" [{number}]" for number in sentence.citations) for sentence in self.sentences
        )

    @property
    def cited(self) -> tuple[int, ...]:
        return tuple(sorted({number for sentence in self.sentences for number in sentence.citations}))


@dataclass(frozen=True)
class AnswerGrading:
    """What a person who grades sees. graded of total answers; number, record: of the answer to grade next, None where
    all are graded or skipped. can_undo: whether a grade can be taken back."""

    total: int
    graded: int
    number: int | None
    record: AnswerRecord | None
    can_undo: bool


def request_digest(answering: AnswerStream, chat: ChatModel, prompt: Prompt) -> str:
    """Equal for requests that send the same to the same model."""
    return digest_json([answering.retrieval.question, _sent(answering), asdict(chat), asdict(prompt)])


def make_record(answering: AnswerStream, chat: ChatModel, prompt: Prompt, source: Source) -> AnswerRecord:
    """The record of a complete answer."""
    sentences = tuple(RecordedSentence(part.text, part.citations) for part in answering.reply.sentences)
    return AnswerRecord(
        one_line(answering.retrieval.question), tuple(_sent(answering)), sentences, chat.name,
        digest_json(asdict(prompt)), request_digest(answering, chat, prompt), source,
    )  # fmt: skip


def _sent(answering: AnswerStream) -> list[str]:
    return [passage.text for passage in answering.retrieval.passages[: answering.sent]]


def record_answers(corpus: CorpusRef, records: Sequence[AnswerRecord]) -> None:
    """Write answers to the log; they are on disk when it returns. Raises StorageError."""
    Workspace(corpus.folder).require_info(corpus.digest)
    path = _path(corpus)
    with storage_errors(path.parent):
        make_folder(path.parent)
    append_json_lines(path, map(asdict, records))


def load_answers(corpus: CorpusRef, length: int | None = None) -> tuple[AnswerRecord, ...]:
    """The answers in the first `length` bytes of the log, by default all; lines that can't be read are left out."""
    size = answers_length(corpus)
    return _read(str(_path(corpus)), size if length is None else min(length, size)) if size else ()


def answers_length(corpus: CorpusRef) -> int:
    """Bytes of the log, 0 where there is none: a version, since it only grows."""
    return log_length(_path(corpus))


def gradable(records: Sequence[AnswerRecord]) -> tuple[int, ...]:
    """Numbers of the answers that say something."""
    return tuple(number for number, record in enumerate(records) if record.sentences)


def grade_answer(corpus: CorpusRef, number: int, grade: int, annotator: str) -> None:
    """Store the faithfulness of an answer. Raises InputError for an unknown number or grade, StorageError."""
    records = load_answers(corpus)
    if number not in gradable(records):
        raise InputError(f"There is no answer {number + 1:,}.", "Reload the page.")
    event = Judgment(records[number].question, number, grade, annotator.strip(), "answers")
    add_judgments(corpus, [event], "answers")


def undo_answer_grade(corpus: CorpusRef, annotator: str) -> tuple[int, ...]:
    """Take back the annotator's last grade; gives the number of its answer, none where there is no grade."""
    return undo_judgment(corpus, annotator, subject="answers")


def answer_grades(corpus: CorpusRef, annotator: str) -> dict[int, int]:
    """An annotator's grades, by number of the answer."""
    grades = load_judgments(corpus, subject="answers").grades(annotator)
    return {number: grade for of_question in grades.values() for number, grade in of_question.items()}


def answer_grading(corpus: CorpusRef, annotator: str, skipped: Sequence[int] = ()) -> AnswerGrading:
    """What an annotator sees next: answers come in random order, whichever model wrote them."""
    records, grades = load_answers(corpus), answer_grades(corpus, annotator)
    order = sorted(gradable(records), key=lambda number: records[number].id)  # ids are random
    left = [number for number in order if number not in grades and number not in skipped]
    number = left[0] if left else None
    can_undo = bool(standing_judgments(load_judgments(corpus, subject="answers"), annotator))
    record = None if number is None else records[number]
    return AnswerGrading(len(order), len(grades.keys() & set(order)), number, record, can_undo)


def _path(corpus: CorpusRef) -> Path:
    return Workspace(corpus.folder).folder / "corpora" / corpus.digest / "answers" / "records.jsonl"


@lru_cache(maxsize=4)
def _read(path: str, length: int) -> tuple[AnswerRecord, ...]:
    """The log's first `length` bytes: a file of this length may only have been extended since."""
    records = (_decode(line.value) for line in read_json_lines(Path(path), length))
    return tuple(record for record in records if record is not None)


def _decode(values: dict[str, Any] | None) -> AnswerRecord | None:
    """None for what is no answer."""
    try:
        record: AnswerRecord = codec.decode(AnswerRecord, values)
    except (TypeError, ValueError, KeyError):
        return None
    return record
