"""Chunk sizes compared on a stored corpus and set of questions, with a model's tokens and vectors."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from core.ask.chunk_sizes import ChunkComparison, compare_chunk_sizes
from core.ask.documents import Documents, Evidence, join_rows, locate_evidence
from core.ask.question_sets import QuestionSet, load_questions
from core.corpus.loaders import load_corpus
from core.errors import InputError
from core.models.costs import max_usd
from core.models.registry import capabilities
from core.secret import Keys, Secret
from core.store import vector_inputs
from core.types import CorpusRef, Progress
from core.vectors.contenders import Contender
from core.vectors.loaders import cached_embedder
from core.vectors.text_vectors import embed_task_texts

MAX_CHARACTERS = 1_500_000  # of the documents searched: those with evidence first, then random others (seed 0)
MAX_CHUNK_QUESTIONS = 300
SECONDS_PER_CHARACTER = 2.5e-5  # to embed, with a small local model
SEED = 0


@dataclass(frozen=True)
class ChunkQuery:
    """What is compared. contender: the model's own vectors. questions: key of the set. sizes: tokens. k: chunks that
    count; budget: tokens that count. overlap: share of a chunk repeated in the next."""

    corpus: CorpusRef
    contender: Contender
    questions: str
    sizes: tuple[int, ...]
    k: int = 5
    budget: int = 1_000
    overlap: float = 0.0


@dataclass(frozen=True)
class ChunkPlan:
    """What a comparison embeds. characters, documents: of `total` documents; questions: with evidence; seconds: about.
    usd: at most, 0 for local models, None where unknown."""

    questions: int
    documents: int
    total: int
    characters: int
    usd: float | None
    seconds: float


def chunk_plan(query: ChunkQuery) -> ChunkPlan:
    """What comparing takes; sends nothing. Raises InputError for questions without known passages."""
    texts, questions, _ = _prepare(query)
    characters, spec = sum(map(len, texts)), query.contender.model
    usd: float | None = 0.0
    if capabilities(spec).paid:
        once = max_usd([*texts, *questions], spec)
        usd = None if once is None else once * len(query.sizes) * (1 + 2 * query.overlap)
    total = len(join_rows(load_corpus(query.corpus)).texts)
    seconds = 1 + characters * len(query.sizes) * SECONDS_PER_CHARACTER
    return ChunkPlan(len(questions), len(texts), total, characters, usd, seconds)


def run_chunk_sizes(query: ChunkQuery, progress: Progress, secret: Secret | None = None) -> ChunkComparison:
    """Raises ModelError, ServiceError where the texts can't be embedded."""
    texts, questions, evidence = _prepare(query)
    spec = query.contender.model
    key = secret.of(capabilities(spec).key_name) if isinstance(secret, Keys) else secret
    embedder = cached_embedder(query.corpus.folder, spec, key, 1)
    contender = Contender(spec)

    def embed(parts: list[str], are_questions: bool) -> np.ndarray:
        return embed_task_texts(query.corpus, contender, parts, queries=are_questions, secret=key)

    def count(text: str) -> int:
        return int(embedder.count_tokens([text])[0])

    return compare_chunk_sizes(
        texts, questions, evidence, query.sizes, embed=embed, count=count, k=query.k, budget=query.budget,
        overlap=query.overlap, progress=progress,
    )  # fmt: skip


def chunk_inputs(query: ChunkQuery) -> dict[str, Any]:
    """All that determines the comparison beside the corpus."""
    settings = {"sizes": list(query.sizes), "k": query.k, "budget": query.budget, "overlap": query.overlap}
    return {**vector_inputs(query.contender.model), "questions": query.questions, **settings}


def chunk_seconds(query: ChunkQuery) -> float:
    return chunk_plan(query).seconds


def _prepare(query: ChunkQuery) -> tuple[list[str], list[str], list[tuple[Evidence, ...]]]:
    """The documents that are searched, the questions, and their evidence in those documents."""
    documents = join_rows(load_corpus(query.corpus))
    questions = _sampled(load_questions(query.corpus, query.questions))
    rows = [[row for row, _ in question.grades] for question in questions.questions]
    evidence = locate_evidence(documents, rows, [question.evidence for question in questions.questions])
    if not evidence:
        raise InputError("These questions have no known passages.", "Select questions with passages or evidence.")
    searched = _select_documents(documents, evidence)
    numbers = {document: number for number, document in enumerate(searched)}
    moved = [tuple((numbers[document], start, end) for document, start, end in spans) for spans in evidence]
    texts = [documents.texts[document] for document in searched]
    return texts, [question.text for question in questions.questions], moved


def _sampled(questions: QuestionSet) -> QuestionSet:
    """At most MAX_CHUNK_QUESTIONS of them, at random."""
    if len(questions.questions) <= MAX_CHUNK_QUESTIONS:
        return questions
    order = np.sort(np.random.default_rng(SEED).permutation(len(questions.questions))[:MAX_CHUNK_QUESTIONS])
    return QuestionSet(questions.name, questions.source, tuple(questions.questions[i] for i in order))


def _select_documents(documents: Documents, evidence: list[tuple[Evidence, ...]]) -> list[int]:
    """All documents with evidence, then random others up to MAX_CHARACTERS; in the order of the corpus."""
    needed = {document for spans in evidence for document, _, _ in spans}
    size, selected = sum(len(documents.texts[document]) for document in needed), set(needed)
    for document in np.random.default_rng(SEED).permutation(len(documents.texts)).tolist():
        if document not in needed and size + len(documents.texts[document]) <= MAX_CHARACTERS:
            selected.add(document)
            size += len(documents.texts[document])
    return sorted(selected)
