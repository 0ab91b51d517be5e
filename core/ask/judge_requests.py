"""Requests to a language model as judge, for relevance and for faithfulness: grades of items, each given twice.

Grades are stored as they come, so that none is paid twice.
"""

import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from core.ask.chat_batches import expected_seconds, send_all
from core.corpus.judgments import GRADES
from core.digest import digest_json
from core.models.chat import Chat, ChatModel, Messages, read_numbered
from core.models.openai_client.errors import without_cause
from core.models.openai_client.tokens import estimate_tokens
from core.secret import Secret
from core.store import Workspace
from core.text import clean_line, truncate
from core.types import CorpusRef, Progress

KIND = "chat_judge_answers"
TEXT_LENGTH = 2_000  # characters of a passage that are sent
ANSWER_TOKENS = 8  # of the model's answer, about, for each grade
StoredGrades = dict[str, int]  # key of an item in one order -> grade


@dataclass(frozen=True, eq=False)
class JudgeGrades:
    """Grades of p items: passages of questions, or answers. question: (p,) int64 index of the question, or of the
    answer; row: (p,) row of the corpus, or number of the answer in its log. forward, backward: (p,) int64 grades with
    the passages in one order and in the reverse one, -1 where an answer of the model could not be used. early: (p,)
    bool, whether the passage (or the passages that the answer cites) was in the first half in the forward order, so in
    the second in the other.
    """

    question: np.ndarray
    row: np.ndarray
    forward: np.ndarray
    backward: np.ndarray
    early: np.ndarray

    @property
    def usable(self) -> np.ndarray:
        """(p,) bool: graded in both orders."""
        return np.asarray((self.forward >= 0) & (self.backward >= 0))

    @property
    def grades(self) -> np.ndarray:
        """(p,) int64: the mean of both orders, rounded down."""
        return np.asarray((self.forward + self.backward) // 2)


@dataclass(frozen=True)
class JudgePlan:
    """What judging takes. items: passages or answers; requests: left to send. tokens_in, tokens_out: estimates.
    example: the first user message, as it is sent."""

    items: int
    requests: int
    tokens_in: int
    tokens_out: int
    example: str


@dataclass(frozen=True)
class Batch:
    """A request. keys: under which the grades of its items, numbered from 1, are stored."""

    messages: Messages
    keys: tuple[str, ...]


@dataclass(frozen=True)
class Judge:
    """A chat model that grades by instructions. Its grades are stored with the corpus."""

    corpus: CorpusRef
    chat: ChatModel
    instructions: str

    @property
    def inputs(self) -> dict[str, Any]:
        return {"chat": asdict(self.chat), "instructions": digest_json(self.instructions), "version": 1}

    def load(self) -> StoredGrades:
        """Its grades so far."""
        stored = Workspace(self.corpus.folder).load(KIND, self.corpus.digest, self.inputs)
        return dict(stored.facts["answers"]) if stored else {}

    def save(self, grades: StoredGrades) -> None:
        Workspace(self.corpus.folder).save(KIND, self.corpus.digest, self.inputs, {}, {"answers": grades})

    def plan(self, batches: Sequence[Batch]) -> JudgePlan:
        """What is left to send of requests in both orders. Sends nothing."""
        missing = _missing(batches, self.load())
        tokens = sum(estimate_tokens(part["content"]) for batch in missing for part in batch.messages)
        items, left = (sum(len(batch.keys) for batch in some) for some in (batches, missing))
        example = missing[0].messages[-1]["content"] if missing else ""
        return JudgePlan(items // 2, len(missing), tokens, ANSWER_TOKENS * left, example)

    @without_cause
    def run(self, batches: Sequence[Batch], progress: Progress, secret: Secret | None) -> StoredGrades:
        """All grades so far, those of the batches included where the model's answers can be used. Raises ServiceError
        as `send_all`."""
        grades, chat = self.load(), Chat(self.chat, secret)
        missing = _missing(batches, grades)

        def request(batch: Batch, stop: threading.Event) -> dict[int, int]:
            return parse_grades(chat.ask(batch.messages, stop), len(batch.keys))

        for done, (batch, new) in enumerate(send_all(missing, request, "Grades so far are stored."), 1):
            grades |= {batch.keys[i]: grade for i, grade in (new or {}).items()}
            self.save(grades)
            progress(done, len(missing))
        return grades


def judge_seconds(plan: JudgePlan) -> float:
    """About how long the requests take."""
    return expected_seconds(plan.requests)


def passage_text(text: str, length: int = TEXT_LENGTH) -> str:
    """A passage as the model sees it: one line, cut at so many characters."""
    return truncate(clean_line(text[: 2 * length]), length)


def parse_grades(answer: str, count: int) -> dict[int, int]:
    """Grades by position from 0, fewer than `count` where some are missing. Raises InvalidAnswer for none at all."""
    return {i: int(grade) for i, grade in read_numbered(answer, "grades", count, _grade_text).items()}


def _grade_text(raw: object) -> str:
    text = str(raw).strip().removesuffix(".0")
    return text if not isinstance(raw, bool) and text in map(str, GRADES) else ""


def _missing(batches: Sequence[Batch], grades: StoredGrades) -> list[Batch]:
    return [batch for batch in batches if not all(key in grades for key in batch.keys)]
