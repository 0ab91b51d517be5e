"""Answers of a language model to a stored set of questions, written as records whose faithfulness can be graded."""

import threading
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from core.ask.answer_log import load_answers, make_record, record_answers, request_digest
from core.ask.answers import BUDGET, AnswerStream
from core.ask.chat_batches import expected_seconds, send_all
from core.ask.pipeline_comparison import PipelinesQuery
from core.ask.pipelines import PipelineSpec, pipeline_inputs
from core.ask.prompts import Prompt, request_tokens
from core.ask.question_sets import load_questions
from core.ask.retrieval import Passage, Retrieval
from core.ask.retrieval_results import RETRIEVAL_RUNS
from core.corpus.loaders import load_corpus
from core.digest import digest_json
from core.errors import InputError
from core.models.chat import Chat, ChatModel, InvalidAnswer, without_thoughts
from core.models.openai_client.errors import without_cause
from core.results import Result
from core.secret import Secret
from core.types import CorpusRef, Progress

ANSWER_TOKENS = 120  # of an answer, about
NO_THRESHOLD = -1.0  # the model alone decides whether it refuses


@dataclass(frozen=True)
class AnswersQuery:
    """Answers from the first k passages of each pipeline, which has run on the questions (the key of a stored set).
    budget: tokens of the passages that are sent."""

    corpus: CorpusRef
    chat: ChatModel
    pipelines: tuple[PipelineSpec, ...]
    questions: str
    k: int
    prompt: Prompt
    budget: int = BUDGET


@dataclass(frozen=True)
class AnswersPlan:
    """What writing takes. answers: in all; requests: left to send; left_out: questions without passages, or whose first
    passage exceeds the budget. tokens_in, tokens_out: estimates. example: the first user message, as it is sent."""

    answers: int
    requests: int
    left_out: int
    tokens_in: int
    tokens_out: int
    example: str


@dataclass(frozen=True)
class WrittenAnswers:
    """answers: recorded; refused: of them, those in which the model says that the passages have no answer. unusable:
    requests without a usable answer."""

    answers: int
    refused: int
    unusable: int


def answers_plan(query: AnswersQuery) -> AnswersPlan:
    """What is left to write, and what that takes. Sends nothing."""
    requests, left_out = _requests(query)
    missing = _missing(query, requests)
    tokens = sum(request_tokens(request.messages) for request in missing)
    example = missing[0].messages[-1]["content"] if missing else ""
    return AnswersPlan(len(requests), len(missing), left_out, tokens, ANSWER_TOKENS * len(missing), example)


@without_cause
def _run(query: AnswersQuery, progress: Progress, secret: Secret | None = None) -> WrittenAnswers:
    """Write what is not recorded yet. Raises ServiceError as `send_all`."""
    requests, chat = _requests(query)[0], Chat(query.chat, secret)
    missing = _missing(query, requests)

    def request(answering: AnswerStream, stop: threading.Event) -> str:
        text = "".join(without_thoughts(chat.stream(answering.messages, stop)))
        if not text.strip():
            raise InvalidAnswer("an empty answer")
        return text

    for done, (answering, text) in enumerate(send_all(missing, request, "Answers so far are stored."), 1):
        if text is not None:
            answering.restore(text, is_complete=True)
            record_answers(query.corpus, [make_record(answering, query.chat, query.prompt, "generated")])
        progress(done, len(missing))
    digests = {request_digest(answering, query.chat, query.prompt) for answering in requests}
    own = {record.request: record for record in load_answers(query.corpus) if record.request in digests}
    refused = sum(not record.sentences for record in own.values())
    return WrittenAnswers(len(own), refused, len(digests) - len(own))


def _requests(query: AnswersQuery) -> tuple[list[AnswerStream], int]:
    """One for each question and pipeline, and how many can't be sent. Raises StorageError where a pipeline has not
    run."""
    texts, questions = load_corpus(query.corpus).texts, load_questions(query.corpus, query.questions).texts
    pool = PipelinesQuery(query.corpus, query.pipelines, query.questions, query.k)
    requests, left_out = [], 0
    for pipeline in query.pipelines:
        ranked = np.asarray(RETRIEVAL_RUNS.get(pool.run(pipeline)).ranked)[:, : query.k]
        for question, rows in zip(questions, ranked, strict=True):
            retrieval = _retrieval(question, texts, rows[rows >= 0])
            try:
                answering = AnswerStream(
                    question, retrieval, "", NO_THRESHOLD, None,
                    {"chat": query.chat, "prompt": query.prompt, "budget": query.budget},
                )  # fmt: skip
            except InputError:
                left_out += 1
                continue
            requests += [answering] if answering.sent else []
            left_out += not answering.sent
    return requests, left_out


def _retrieval(question: str, texts: list[str], rows: np.ndarray) -> Retrieval:
    """The passages alone: their sentences are not compared."""
    nan = float("nan")
    passages = tuple(
        Passage(number, int(row), texts[row], nan, nan, nan, (0, len(texts[row])), nan)
        for number, row in enumerate(rows, 1)
    )
    return Retrieval(question, passages, nan, (), np.empty(0, np.int64), np.empty((0, 0), np.float32), np.empty(0))


def _missing(query: AnswersQuery, requests: list[AnswerStream]) -> list[AnswerStream]:
    """One for each different request that has no answer yet."""
    recorded = {record.request for record in load_answers(query.corpus)}
    by_digest = {request_digest(answering, query.chat, query.prompt): answering for answering in requests}
    return [answering for digest, answering in by_digest.items() if digest not in recorded]


def _inputs(query: AnswersQuery) -> dict[str, Any]:
    pool = PipelinesQuery(query.corpus, query.pipelines, query.questions, query.k)
    pipelines = [pipeline_inputs(pool.run(pipeline)) for pipeline in query.pipelines]
    settings = {"chat": asdict(query.chat), "prompt": digest_json(asdict(query.prompt)), "budget": query.budget}
    return {**settings, "pipelines": pipelines, "questions": query.questions, "k": query.k}


WRITTEN_ANSWERS = Result(
    "written_answers", 1, AnswersQuery, WrittenAnswers, inputs=_inputs, compute=_run,
    seconds=lambda query: expected_seconds(answers_plan(query).requests),
    stage=lambda query: f"Answering with {query.chat.name}", unit="answers", needs_secret=True,
    absence="These answers have not been written yet.", remedy="Start it on the Ask page, Judgments.",
)  # fmt: skip
