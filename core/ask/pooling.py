"""Pooled judging: the passages that any of several pipelines ranks high, in random order.

Pooling as in TREC (Sparck Jones and van Rijsbergen, 1975): only what some pipeline found is judged, so that recall
counts the relevant passages of the pool.
"""

import zlib
from dataclasses import dataclass

import numpy as np

from core.ask.pipeline_comparison import PipelinesQuery
from core.ask.question_sets import load_questions
from core.ask.retrieval_results import RETRIEVAL_RUNS
from core.corpus.judgments import load_judgments, one_line
from core.types import CorpusRef


@dataclass(frozen=True)
class PooledQuestion:
    """A question and the rows to judge for it, in random order (seeded by the question)."""

    text: str
    rows: tuple[int, ...]


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
