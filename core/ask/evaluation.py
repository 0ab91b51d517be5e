"""Evaluation of retrieval for questions with known passages: ranking, and refusal of unanswerable questions."""

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd

from core.ask.ranking import METRICS, gains_of, metric_values
from core.ask.refusal import MIN_KNOWN, RefusalThreshold, best_threshold, measure_threshold
from core.ask.retrieval import MODES, RERANKED, Mode, Retriever, open_retriever
from core.corpus.texts import distinct_texts
from core.errors import InputError
from core.models.base import Embedder, Reranker
from core.stats.interval import Interval
from core.stats.proportions import wilson_share
from core.stats.resampling import SEED, mean_interval
from core.stats.significance import PairedEvidence, compare_means
from core.types import Corpus, Vectors
from core.vectors.search import Hits

LOWEST = -1e9  # the top score where a reranker has no candidates
FOLDS = 5  # in which the threshold of refusal is chosen and judged


class Searchable(Protocol):
    """What finds passages of a corpus, see `Retriever.hits`."""

    @property
    def corpus(self) -> Corpus: ...

    def hits(self, question: str, vector: np.ndarray, k: int, mode: Mode) -> Hits: ...


@dataclass(frozen=True, eq=False)
class Pipeline:
    """A way to retrieve passages. By default the vectors and embedder of the evaluation, and no reranker."""

    name: str
    mode: Mode = "semantic"
    vectors: Vectors | None = None
    embedder: Embedder | None = None
    reranker: Reranker | None = None


@dataclass(frozen=True, eq=False)
class RefusalQuality:
    """How well the top score of a pipeline (the reranker's, BM25 for keywords, else cosine) separates answerable
    questions from others.

    fit: a threshold from all questions, with the area under the ROC curve. precision: share of answerable questions
    among those at or above a threshold; recall: share of the answerable questions that are; both with Wilson's
    intervals, each question judged by a threshold from the other four of five folds.
    """

    fit: RefusalThreshold
    precision: Interval[float]
    recall: Interval[float]


@dataclass(frozen=True, eq=False)
class RetrievalEvaluation:
    """Pipelines on the same questions.

    values: metric -> (c, q) float64 in [0, 1], higher is better: recall@k, reciprocal rank (0 past rank k), nDCG@k,
    and whether a relevant passage is among the first k (answerable_rate). intervals: pipeline -> metric -> mean with a
    bootstrap interval over distinct questions. differences: metric -> paired comparison of the pipelines, None of a
    single one. refusal: pipeline -> quality, where unanswerable questions are given. milliseconds: (c,) median time of
    a search with any reranking, without embedding the question.
    """

    pipelines: tuple[str, ...]
    k: int
    values: dict[str, np.ndarray]
    intervals: dict[str, dict[str, Interval[float]]]
    differences: dict[str, PairedEvidence | None]
    refusal: dict[str, RefusalQuality]
    milliseconds: np.ndarray

    @property
    def table(self) -> pd.DataFrame:
        """A row per pipeline, a column per metric."""
        rows = {name: {metric: of[metric].value for metric in METRICS} for name, of in self.intervals.items()}
        for name, quality in self.refusal.items():
            rows[name] |= {"auroc": quality.fit.auroc.value, "refusal_threshold": quality.fit.value.value}
            rows[name] |= {"refusal_precision": quality.precision.value, "refusal_recall": quality.recall.value}
        return pd.DataFrame.from_dict(rows, orient="index").assign(milliseconds=self.milliseconds)


def evaluate(
    corpus: Corpus, vectors: Vectors, embedder: Embedder, questions: Sequence[str],
    relevant: Sequence[Collection[int]], *, k: int = 10, pipelines: Sequence[Pipeline | Mode] = MODES,
    unanswerable: Sequence[str] = (), seed: int = SEED,
) -> RetrievalEvaluation:  # fmt: skip
    """Score pipelines on questions whose passages are known.

    relevant: the rows that answer each question; copies of a text are one passage. unanswerable: questions that the
    corpus does not answer. Raises InputError for questions without a passage, rows out of range, and names that repeat.
    """
    contenders = [Pipeline(item, item) if isinstance(item, str) else item for item in pipelines]
    names = tuple(pipeline.name for pipeline in contenders)
    if not names or len(set(names)) < len(names):
        raise InputError("Pipelines need different names.", "Give at least one, each with its own name.")
    _check_questions(corpus, questions, relevant, unanswerable)
    scored = [
        _score(open_retriever(corpus, pipeline.vectors or vectors, pipeline.embedder or embedder), pipeline,
               [*questions, *unanswerable], relevant, k)
        for pipeline in contenders
    ]  # fmt: skip
    return summarize(
        names, k, [values for values, _, _ in scored], [top for _, top, _ in scored], questions,
        np.array([median for _, _, median in scored]), seed,
    )  # fmt: skip


def summarize(
    names: tuple[str, ...], k: int, scored: Sequence[dict[str, np.ndarray]], tops: Sequence[np.ndarray],
    questions: Sequence[str], milliseconds: np.ndarray, seed: int = SEED,
) -> RetrievalEvaluation:  # fmt: skip
    """Pipelines compared. scored: metric -> (q,) values of each; tops: (q + u,) top scores of each, of the questions
    and then of the unanswerable ones."""
    values = {metric: np.stack([metrics[metric] for metrics in scored]) for metric in METRICS}
    units = distinct_texts(list(questions))[0]
    means = {metric: mean_interval(rows, units, seed, proportion=True) for metric, rows in values.items()}
    intervals = {
        name: {metric: Interval(*(float(part[i]) for part in interval)) for metric, interval in means.items()}
        for i, name in enumerate(names)
    }
    differences = {
        metric: compare_means(rows, units, "questions", seed) if len(names) > 1 else None
        for metric, rows in values.items()
    }
    refusal = {}
    if len(tops[0]) > len(questions):
        is_answerable = np.arange(len(tops[0])) < len(questions)
        refusal = {name: _refusal(top, is_answerable, seed) for name, top in zip(names, tops, strict=True)}
    return RetrievalEvaluation(names, k, values, intervals, differences, refusal, milliseconds)


def _check_questions(
    corpus: Corpus, questions: Sequence[str], relevant: Sequence[Collection[int]], unanswerable: Sequence[str]
) -> None:
    if not len(questions) or len(questions) != len(relevant) or not all(len(rows) for rows in relevant):
        message = f"There are {len(questions)} questions and {len(relevant)} lists of relevant rows."
        raise InputError(message, "Give each question the rows of at least one passage that answers it.")
    if outside := [row for rows in relevant for row in rows if not 0 <= row < len(corpus)]:
        raise InputError(f"There is no row {outside[0]:,} among the {len(corpus):,} rows (counted from 0).")
    if len(unanswerable) and min(len(unanswerable), len(questions)) < MIN_KNOWN:
        message = f"There are {len(questions)} answerable and {len(unanswerable)} unanswerable questions."
        raise InputError(message, f"Refusal needs at least {MIN_KNOWN} of each; give more, or none.")


def _score(
    retriever: Retriever, pipeline: Pipeline, questions: Sequence[str], relevant: Sequence[Collection[int]], k: int
) -> tuple[dict[str, np.ndarray], np.ndarray, float]:
    """Metrics of the questions with relevant rows, top scores of all questions, and milliseconds per search."""
    ranked = np.full((len(questions), k), -1)
    top, seconds = np.zeros(len(questions)), []
    for i, (question, vector) in enumerate(zip(questions, retriever.embed_questions(questions), strict=True)):
        started = time.perf_counter()
        rows, top[i] = search_passages(retriever, question, vector, k, pipeline.mode, pipeline.reranker)
        seconds.append(time.perf_counter() - started)
        ranked[i, : len(rows)] = rows
    grades = [dict.fromkeys(rows, 1.0) for rows in relevant]
    gains, ideal = gains_of(ranked[: len(relevant)], retriever.codes, grades)
    return metric_values(gains, ideal, k), top, float(np.median(seconds) * 1000)


def search_passages(
    retriever: Searchable, question: str, vector: np.ndarray, k: int, mode: Mode, reranker: Reranker | None = None
) -> tuple[np.ndarray, float]:
    """Rows, best first, and the top score: the reranker's, of BM25 (0 without a hit) for keywords, else the highest
    cosine. The reranker sorts the first RERANKED candidates."""
    hits = retriever.hits(question, vector, max(k, RERANKED) if reranker else k, mode)
    if reranker:
        texts = [retriever.corpus.texts[row] for row in hits.rows[:RERANKED]]
        scores = reranker.scores(question, texts) if texts else np.zeros(0)
        order = np.argsort(-scores, kind="stable")[:k]
        return hits.rows[order], float(scores.max(initial=LOWEST))
    if mode == "keyword":
        return hits.rows[:k], float(hits.scores.max(initial=0.0))
    return hits.rows[:k], float(hits.cosines.max(initial=-1.0))


def _refusal(top: np.ndarray, is_answerable: np.ndarray, seed: int) -> RefusalQuality:
    answered = np.zeros(len(top), bool)
    fold = np.zeros(len(top), int)
    for part in (is_answerable, ~is_answerable):  # stratified
        fold[part] = np.random.default_rng(seed).permutation(int(part.sum())) % FOLDS
    for number in range(FOLDS):
        train = fold != number
        threshold = best_threshold(top[train & is_answerable], top[train & ~is_answerable])
        answered[~train] = top[~train] >= threshold
    right = int((answered & is_answerable).sum())
    return RefusalQuality(
        measure_threshold(top[is_answerable], top[~is_answerable], "known", seed),
        wilson_share(right, int(answered.sum())),
        wilson_share(right, int(is_answerable.sum())),
    )
