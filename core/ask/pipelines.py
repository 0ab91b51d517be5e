"""Retrieval pipelines of stored corpora: a model, BM25 or both, perhaps a reranker; run on a set of questions."""

import time
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from core.ask.evaluation import Searchable, search_passages
from core.ask.question_sets import QuestionSet, load_questions
from core.ask.retrieval import RERANKED, Mode, Retriever, keyword_query, open_retriever
from core.corpus.keyword import search_keywords
from core.corpus.keyword_index import KeywordIndex, load_keyword_index
from core.corpus.loaders import load_corpus, load_text_codes
from core.corpus.texts import first_rows
from core.models.base import Embedder
from core.models.costs import max_usd
from core.models.registry import capabilities
from core.models.reranker import RerankerSpec, open_reranker
from core.secret import Keys, Secret
from core.store import vector_inputs
from core.types import Corpus, CorpusRef, Progress, Vectors
from core.vectors.contenders import Contender, contender_rows
from core.vectors.loaders import cached_embedder, load_vectors
from core.vectors.search import Hits, make_hits
from core.vectors.text_vectors import embed_task_texts, missing_texts

DEPTH = RERANKED  # ranks that are stored
TIMED = 10  # questions that are embedded one by one to measure the time
SECONDS_PER_TEXT, SECONDS_PER_ROW, SECONDS_PER_PAIR = 0.003, 1e-7, 0.02  # to embed, to search by BM25, to rerank
MODE_LABELS: dict[Mode, str] = {"semantic": "semantic", "keyword": "keyword (BM25)", "hybrid": "hybrid"}


@dataclass(frozen=True)
class PipelineSpec:
    """What retrieves. contender: None for keyword search alone."""

    mode: Mode
    contender: Contender | None = None
    reranker: RerankerSpec | None = None

    @property
    def label(self) -> str:
        parts = [self.contender.label] if self.contender else []
        parts += [MODE_LABELS[self.mode]] if self.mode != "semantic" else []
        return " · ".join([*parts, *([f"reranked by {self.reranker.label}"] if self.reranker else [])])


@dataclass(frozen=True)
class RunQuery:
    """A pipeline on a stored set of questions. questions: its key."""

    corpus: CorpusRef
    pipeline: PipelineSpec
    questions: str


@dataclass(frozen=True, eq=False)
class PipelineRun:
    """What a pipeline retrieved. ranked: (q, DEPTH) int64 rows, best first, -1 past the end, of the answerable
    questions and then the others. top: (q,) float64 top scores, see `search_passages`. seconds: (q,) of search and
    reranking; embedding: (t,) seconds to embed a question alone, none where that is not measured."""

    ranked: np.ndarray
    top: np.ndarray
    seconds: np.ndarray
    embedding: np.ndarray


@dataclass(frozen=True)
class KeywordSearch:
    """BM25 without vectors, as `Retriever.hits` searches. first: bool (n,), the first row of each text."""

    corpus: Corpus
    first: np.ndarray
    index: KeywordIndex

    def hits(self, question: str, vector: np.ndarray, k: int, mode: Mode) -> Hits:
        query = keyword_query(question)
        if not query:
            return make_hits(np.empty(0, np.int64), np.empty(0, np.float32), "keyword")
        matches = search_keywords(
            self.corpus.texts, query, k, self.first, terms_first=False, index=self.index
        )  # fmt: skip
        return make_hits(matches.rows, matches.scores, "keyword")


def run_pipeline(query: RunQuery, progress: Progress, secret: Secret | None = None) -> PipelineRun:
    """Retrieve passages for each question. Raises ModelError or ServiceError where that fails."""
    pipeline, questions = query.pipeline, load_questions(query.corpus, query.questions).texts
    vectors, embedding = np.zeros((len(questions), 0), np.float32), np.zeros(0)
    if pipeline.contender:
        key = _own_key(secret, capabilities(pipeline.contender.model).key_name)
        vectors = embed_task_texts(query.corpus, pipeline.contender, questions, queries=True, secret=key)
        embedding = _time_embedding(query.corpus, pipeline.contender, questions)
    source = _search_source(query.corpus, pipeline)
    spec = pipeline.reranker
    reranker = open_reranker(spec, _own_key(secret, spec.capabilities.key_name)) if spec else None
    ranked, top = np.full((len(questions), DEPTH), -1, np.int64), np.zeros(len(questions))
    seconds = np.zeros(len(questions))
    for i, question in enumerate(questions):
        started = time.perf_counter()
        rows, top[i] = search_passages(source, question, vectors[i], DEPTH, pipeline.mode, reranker)
        seconds[i] = time.perf_counter() - started
        ranked[i, : len(rows)] = rows
        progress(i + 1, len(questions))
    return PipelineRun(ranked, top, seconds, embedding)


def pipeline_inputs(query: RunQuery) -> dict[str, Any]:
    """All that determines a run beside the corpus."""
    pipeline, contender = query.pipeline, query.pipeline.contender
    model = (
        {**vector_inputs(contender.model), "size": contender.dimensions, "bits": contender.bits} if contender else {}
    )
    reranker = asdict(pipeline.reranker) if pipeline.reranker else None
    return {**model, "mode": pipeline.mode, "reranker": reranker, "questions": query.questions}


def pipeline_seconds(query: RunQuery) -> float:
    """About how long a run takes, embedding included."""
    pipeline, rows = query.pipeline, len(load_corpus(query.corpus))
    questions = load_questions(query.corpus, query.questions).texts
    seconds = 0.3
    if pipeline.contender:
        if capabilities(pipeline.contender.model).can_embed:
            missing = missing_texts(query.corpus, pipeline.contender.model, questions, queries=True)
            seconds += len(missing) * SECONDS_PER_TEXT
        seconds += len(questions) * rows * load_vectors(query.corpus, pipeline.contender.model).rows.shape[1] * 1e-10
    if pipeline.mode != "semantic":
        seconds += len(questions) * rows * SECONDS_PER_ROW
    return seconds + (len(questions) * DEPTH * SECONDS_PER_PAIR if pipeline.reranker else 0.0)


def usd_per_1000(corpus: CorpusRef, pipeline: PipelineSpec, questions: QuestionSet) -> float | None:
    """US dollars for 1,000 questions at most: embedding them, and reranking. None where a price is not known."""
    if pipeline.reranker and pipeline.reranker.capabilities.paid:
        return None
    if pipeline.contender is None:
        return 0.0
    usd = max_usd(questions.texts, pipeline.contender.model)
    return None if usd is None else 1000 * usd / len(questions.texts)


def _own_key(secret: Secret | None, name: str) -> Secret | None:
    """The key of one service among those of a job."""
    return secret.of(name) if isinstance(secret, Keys) else secret


def _search_source(corpus: CorpusRef, pipeline: PipelineSpec) -> Searchable:
    if pipeline.contender is None:
        first = first_rows(load_text_codes(corpus, None))
        return KeywordSearch(load_corpus(corpus), first, load_keyword_index(corpus))
    return contender_retriever(corpus.source, pipeline.contender)


@lru_cache(maxsize=4)
def contender_retriever(corpus: CorpusRef, contender: Contender) -> Retriever:
    """The retriever of a contender of a stored corpus. Its embedder embeds nothing: questions come as vectors."""
    stored = load_vectors(corpus, contender.model)
    vectors = stored if contender.is_model else Vectors(contender_rows(corpus, contender), stored.model, corpus.digest)
    return open_retriever(load_corpus(corpus), vectors, Embedder(stored.model), None, (corpus,))


def _time_embedding(corpus: CorpusRef, contender: Contender, questions: list[str]) -> np.ndarray:
    """(t,) seconds; none for a model whose requests are paid."""
    declared = capabilities(contender.model)
    if declared.paid or not declared.can_embed:
        return np.zeros(0)
    embedder, seconds = cached_embedder(corpus.folder, contender.model, None, 1), []
    for question in questions[:TIMED]:
        started = time.perf_counter()
        embedder.embed_query([question])
        seconds.append(time.perf_counter() - started)
    return np.array(seconds)
