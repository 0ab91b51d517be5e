"""Pooled judging: the passages that any of several pipelines ranks high, in random order, and agreement on grades.

Pooling as in TREC (Sparck Jones and van Rijsbergen, 1975): only what some pipeline found is judged, so that recall
counts the relevant passages of the pool.
"""

import zlib
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.ask.pipeline_comparison import PipelinesQuery
from core.ask.question_sets import load_questions
from core.ask.retrieval_results import RETRIEVAL_RUNS
from core.corpus.judgments import GRADES, load_judgments, one_line
from core.corpus.loaders import load_corpus
from core.stats.agreement import weighted_kappa
from core.stats.interval import Interval
from core.types import CorpusRef


@dataclass(frozen=True)
class PooledQuestion:
    """A question and the rows to judge for it, in random order (seeded by the question)."""

    text: str
    rows: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Agreement:
    """How far two annotators agree on the (query, row) pairs that both judged. kappa: quadratically weighted. table:
    (3, 3) counts, the first annotator's grade by the second's. disagreements: question, row, text, both grades; the
    largest differences first."""

    pairs: int
    kappa: Interval[float]
    table: np.ndarray
    disagreements: pd.DataFrame


def pooled_questions(query: PipelinesQuery) -> tuple[PooledQuestion, ...]:
    """The first `query.k` rows of each pipeline, together, for each question. Raises StorageError where a pipeline has
    not run."""
    texts = load_questions(query.corpus, query.questions).texts
    runs = [np.asarray(RETRIEVAL_RUNS.get(query.run(pipeline)).ranked) for pipeline in query.pipelines]
    pooled = []
    for i, text in enumerate(texts):
        rows = np.unique(np.concatenate([ranked[i, : query.k] for ranked in runs]))
        order = np.random.default_rng(zlib.crc32(text.encode("utf-8", "replace"))).permutation(rows[rows >= 0])
        pooled.append(PooledQuestion(text, tuple(int(row) for row in order)))
    return tuple(pooled)


def judged_counts(corpus: CorpusRef, questions: tuple[PooledQuestion, ...], annotator: str) -> tuple[int, ...]:
    """How many of the rows of each question an annotator has judged."""
    grades = load_judgments(corpus).grades(annotator)
    return tuple(len(set(grades.get(one_line(question.text), ())) & set(question.rows)) for question in questions)


def agreement(corpus: CorpusRef, first: str, second: str) -> Agreement:
    """Of two annotators, on all that both have judged."""
    log = load_judgments(corpus)
    one, other = log.grades(first), log.grades(second)
    pairs = [(query, row) for query, rows in one.items() for row in rows if row in other.get(query, {})]
    codes = np.array([[one[query][row], other[query][row]] for query, row in pairs], np.int64).reshape(-1, 2)
    size = len(GRADES)
    table = np.bincount(codes[:, 0] * size + codes[:, 1], minlength=size**2).reshape(size, size)
    gap = np.abs(codes[:, 0] - codes[:, 1])
    order = [i for i in np.argsort(-gap, kind="stable") if gap[i]]
    texts = load_corpus(corpus).texts
    rows = [
        (pairs[i][0], pairs[i][1] + 1, texts[pairs[i][1]], *(GRADES[int(code)] for code in codes[i])) for i in order
    ]
    disagreements = pd.DataFrame(rows, columns=["question", "row", "text", "first", "second"])
    return Agreement(len(pairs), weighted_kappa(codes[:, 0], codes[:, 1], size), table, disagreements)
