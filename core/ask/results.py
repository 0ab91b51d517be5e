"""Calibrated FAQ assistants, and how they score texts of another corpus, as stored results."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from core.ask.assistant import Faq, FaqData, Questions, calibrate_faq, is_text_of_corpus, question_vectors
from core.ask.assistant import read_questions as read_columns
from core.ask.evidence import MAX_QUESTIONS, check_count, edited_questions, equal_questions
from core.ask.faq_embedder import workspace_embedder
from core.ask.faq_entries import read_entries
from core.ask.faq_files import FaqColumns
from core.corpus.added_columns import column_inputs
from core.corpus.loaders import load_corpus, load_distinct_texts
from core.errors import JobError
from core.models.costs import max_usd
from core.results import Result, Step
from core.secret import Secret
from core.stats.resampling import SEED
from core.store import vector_inputs
from core.types import CorpusRef, ModelSpec, Progress
from core.vectors.loaders import load_vectors
from core.vectors.text_vectors import missing_texts

SECONDS_PER_PAIR = 1.2e-7  # of a question that is left out and a known one; measured on BANKING77
SECONDS_PER_TEXT = 0.003  # to embed, where the speed of the model is not known
MIN_TIMED_TEXTS = 2_000  # of fewer texts, most of the time went into loading the model
MAX_FOREIGN = 2_000  # texts of another corpus


@dataclass(frozen=True)
class AssistantQuery:
    """An assistant for two columns of a corpus. entries: the version of the added entries that it is calibrated with,
    0 for none. limit_usd: nothing is sent where it could cost more; None for no limit."""

    corpus: CorpusRef
    model: ModelSpec
    question: str
    answer: str
    seed: int = SEED
    entries: int = 0
    limit_usd: float | None = None

    @property
    def columns(self) -> FaqColumns:
        return FaqColumns(self.corpus, self.question, self.answer)


@dataclass(frozen=True)
class ForeignQuery:
    """An assistant asked the texts of another corpus that is embedded with the same model. digest: of that corpus."""

    corpus: CorpusRef
    model: ModelSpec
    question: str
    answer: str
    digest: str
    seed: int = SEED
    entries: int = 0
    limit_usd: float | None = None

    @property
    def assistant(self) -> AssistantQuery:
        return AssistantQuery(self.corpus, self.model, self.question, self.answer, self.seed, self.entries)

    @property
    def other(self) -> CorpusRef:
        return CorpusRef(self.corpus.folder, self.digest)


@dataclass(frozen=True, eq=False)
class ForeignScores:
    """Scores (t,) float32 of the best answer, margins (t,) float32 to the next one. total: distinct texts, of which
    `scores` is a sample."""

    scores: np.ndarray
    margins: np.ndarray
    total: int


def faq_questions(query: AssistantQuery) -> Questions:
    """The rows of the corpus and the added entries of the query's version. Raises InputError for columns that can't be
    an FAQ."""
    known = read_columns(load_corpus(query.corpus), query.question, query.answer)
    added = read_entries(query.columns, query.entries).added if query.entries else ()
    return Questions(
        (*known.rows, *(-1 for _ in added)), (*known.questions, *(entry.question for entry in added)),
        (*known.answers, *(entry.answer for entry in added)), known.total,
    )  # fmt: skip


def texts_to_embed(query: AssistantQuery) -> list[str]:
    """The distinct texts that a calibration has to compute. Raises InputError where it is impossible."""
    known = faq_questions(query)
    check_count(len(np.unique(equal_questions(known.questions))))
    is_own = is_text_of_corpus(load_corpus(query.corpus), known)
    others = [question for question, own in zip(known.questions, is_own, strict=True) if not own]
    edited = edited_questions(known.questions, pd.factorize(np.array(known.answers, object))[0], query.seed)
    return [
        *missing_texts(query.corpus, query.model, others),
        *missing_texts(query.corpus, query.model, edited, queries=True),
    ]


def embedding_seconds(corpus: CorpusRef, model: ModelSpec, texts: int) -> float:
    """About how long it takes to embed so many texts."""
    facts = load_vectors(corpus, model).facts
    timed = facts.get("computed", 0) >= MIN_TIMED_TEXTS
    return texts * (float(facts["seconds"] / facts["computed"]) if timed else SECONDS_PER_TEXT)


def _compute(query: AssistantQuery, progress: Progress, secret: Secret | None = None) -> FaqData:
    """Raises InputError for columns that can't be an FAQ, ModelError where texts can't be embedded, JobError where the
    cost could exceed the limit."""
    check_limit(texts_to_embed(query), query.model, query.limit_usd)
    known, embedder = faq_questions(query), workspace_embedder(query.corpus, query.model, secret)
    vectors = question_vectors(load_corpus(query.corpus), load_vectors(query.corpus, query.model), embedder, known)
    return calibrate_faq(known, vectors, embedder, query.seed, progress)


def check_limit(texts: list[str], model: ModelSpec, limit_usd: float | None) -> None:
    """Raises JobError where embedding the texts could cost more."""
    if limit_usd is not None and texts and (max_usd(texts, model) or 0.0) > limit_usd * (1 + 1e-9):
        raise JobError(
            f"{len(texts):,} texts could cost more than the limit of ${limit_usd:,.2f}; nothing was sent.",
            "Start again with a higher limit.",
        )


def _seconds(query: AssistantQuery) -> float:
    known = len(faq_questions(query).questions)
    embedding = embedding_seconds(query.corpus, query.model, len(texts_to_embed(query)))
    return embedding + min(known, MAX_QUESTIONS) * known * SECONDS_PER_PAIR


def assistant_inputs(query: AssistantQuery | ForeignQuery) -> dict[str, Any]:
    """All that determines an assistant."""
    return {
        **vector_inputs(query.model), "question": query.question, "answer": query.answer, "seed": query.seed,
        "entries": query.entries, **column_inputs(query.corpus, query.question, query.answer),
    }  # fmt: skip


def foreign_texts(query: ForeignQuery) -> tuple[list[str], int]:
    """A sample of the other corpus' distinct texts, empty ones left out, and how many there are."""
    texts = [text for text in load_distinct_texts(query.other) if text.strip()]
    sample = np.sort(np.random.default_rng(query.seed).permutation(len(texts))[:MAX_FOREIGN])
    return [texts[i] for i in sample], len(texts)


def _compute_foreign(query: ForeignQuery, progress: Progress, secret: Secret | None = None) -> ForeignScores:
    texts, total = foreign_texts(query)
    check_limit(missing_texts(query.other, query.model, texts, queries=True), query.model, query.limit_usd)
    assistant = Faq(FAQ_ASSISTANT.get(query.assistant), workspace_embedder(query.other, query.model, secret))
    ranked = assistant.rank(texts)
    progress(len(texts), len(texts))
    return ForeignScores(ranked.scores[:, 0], ranked.margins, total)


def _foreign_seconds(query: ForeignQuery) -> float:
    texts = foreign_texts(query)[0]
    missing = missing_texts(query.other, query.model, texts, queries=True)
    known = len(faq_questions(query.assistant).questions)
    return embedding_seconds(query.other, query.model, len(missing)) + len(texts) * known * SECONDS_PER_PAIR


FAQ_ASSISTANT = Result(
    "faq_assistant", 1, AssistantQuery, FaqData, inputs=assistant_inputs, compute=_compute, seconds=_seconds,
    stage="Calibrating the assistant", unit="questions", needs_secret=True,
    absence="This FAQ assistant has not been calibrated yet.",
    remedy="Calibrate it on the Ask page, under FAQ assistant.",
)  # fmt: skip
FAQ_OUT_OF_SCOPE = Result(
    "faq_out_of_scope", 1, ForeignQuery, ForeignScores,
    inputs=lambda query: {**assistant_inputs(query), "other": query.digest, "sample": MAX_FOREIGN},
    compute=_compute_foreign, seconds=_foreign_seconds,
    requires=lambda query: (Step(FAQ_ASSISTANT, query.assistant),), stage="Scoring out-of-scope texts", unit="texts",
    needs_secret=True, absence="Out-of-scope texts have not been scored yet.",
    remedy="Select them on the Ask page, under FAQ assistant.",
)  # fmt: skip
