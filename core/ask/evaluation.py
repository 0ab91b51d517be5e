"""Evaluation of retrieval for questions with known passages: ranking, and refusal of unanswerable questions."""

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.ask.refusal import MIN_KNOWN, RefusalThreshold, best_threshold, measure_threshold
from core.ask.retrieval import MODES, Mode, Retriever, open_retriever
from core.corpus.texts import distinct_texts
from core.errors import InputError
from core.models.base import Embedder
from core.stats.interval import Interval
from core.stats.proportions import wilson_share
from core.stats.ranking_metrics import ndcg_at_k, recall_at_k, reciprocal_rank
from core.stats.resampling import SEED, mean_interval
from core.stats.significance import PairedEvidence, compare_means
from core.types import Corpus, Vectors

METRICS = ("recall", "mrr", "ndcg", "answerable_rate")
FOLDS = 5  # in which the threshold of refusal is chosen and judged


@dataclass(frozen=True, eq=False)
class Pipeline:
    """A way to retrieve passages. By default the vectors and embedder of the evaluation."""

    name: str
    mode: Mode = "semantic"
    vectors: Vectors | None = None
    embedder: Embedder | None = None


@dataclass(frozen=True, eq=False)
class RefusalQuality:
    """How well the top score of a pipeline (BM25 for keywords, else cosine) tells answerable questions from others.

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
    a search, without embedding the question.
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
        _score(open_retriever(corpus, pipeline.vectors or vectors, pipeline.embedder or embedder), pipeline.mode,
               [*questions, *unanswerable], relevant, k)
        for pipeline in contenders
    ]  # fmt: skip
    values = {metric: np.stack([metrics[metric] for metrics, _, _ in scored]) for metric in METRICS}
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
    is_answerable = np.arange(len(questions) + len(unanswerable)) < len(questions)
    tops = dict(zip(names, (top for _, top, _ in scored), strict=True)) if len(unanswerable) else {}
    refusal = {name: _refusal(top, is_answerable, seed) for name, top in tops.items()}
    milliseconds = np.array([median for _, _, median in scored])
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
    retriever: Retriever, mode: Mode, questions: Sequence[str], relevant: Sequence[Collection[int]], k: int
) -> tuple[dict[str, np.ndarray], np.ndarray, float]:
    """Metrics of the questions with relevant rows, top scores of all questions, and milliseconds per search."""
    hits = np.zeros((len(relevant), k), bool)
    counts, top, seconds = np.zeros(len(relevant)), np.zeros(len(questions)), []
    for i, (question, vector) in enumerate(zip(questions, retriever.embed_questions(questions), strict=True)):
        started = time.perf_counter()
        rows, top[i] = _search(retriever, question, vector, k, mode)
        seconds.append(time.perf_counter() - started)
        if i < len(relevant):
            relevant_codes = np.unique(retriever.codes[list(relevant[i])])
            counts[i] = len(relevant_codes)
            hits[i, : len(rows)] = np.isin(retriever.codes[rows], relevant_codes)
    ranked = recall_at_k(hits, counts, k), reciprocal_rank(hits, k), ndcg_at_k(hits, counts, k)
    values = [np.asarray(part, np.float64) for part in (*ranked, hits.any(axis=1))]
    return dict(zip(METRICS, values, strict=True)), top, float(np.median(seconds) * 1000)


def _search(
    retriever: Retriever, question: str, vector: np.ndarray, k: int, mode: Mode
) -> tuple[np.ndarray, float]:  # fmt: skip
    """Rows, best first, and the top score: of BM25 (0 without a hit) for keywords, else the highest cosine."""
    hits = retriever.hits(question, vector, k, mode)
    if mode == "keyword":
        return hits.rows, float(hits.scores.max(initial=0.0))
    return hits.rows, float(hits.cosines.max(initial=-1.0))


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
