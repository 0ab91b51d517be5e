"""Queries against candidates, some of which answer them: exact search and the scores of every query."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from core.corpus.loaders import load_corpus
from core.corpus.texts import distinct_texts
from core.scoreboard import metrics as ranked
from core.scoreboard.exact_search import TIE_SEED, nearest
from core.scoreboard.types import Scores
from core.secret import Secret
from core.types import CorpusRef, Progress
from core.vectors.contenders import Contender, contender_rows
from core.vectors.text_vectors import embed_task_texts


@dataclass(frozen=True, eq=False)
class Retrieval:
    """Queries and what answers them; the same for every contender.

    candidates: distinct texts, or None for the corpus' own distinct texts in order of appearance, so that copies are
    one answer. Answer p says that candidate answer_of[p] answers query query_of[p] with the grade grades[p] > 0; each
    such pair stands once and every query has one. excluded: (q,) a candidate that a query may not find (itself), or
    -1. units: (q,) codes of queries resampled together.
    """

    queries: list[str]
    candidates: list[str] | None
    query_of: np.ndarray
    answer_of: np.ndarray
    grades: np.ndarray
    excluded: np.ndarray
    units: np.ndarray
    facts: dict[str, Any] = field(default_factory=dict)


def score_retrieval(
    corpus: CorpusRef,
    contender: Contender,
    task: Retrieval,
    secret: Secret | None = None,
    progress: Progress | None = None,
) -> Scores:
    """The metrics of each query, see `ranked_scores`. Search is exact, over all candidates, by cosine.

    Raises ModelError where the contender can't embed new texts.
    """
    where = (corpus, contender)
    asked = embed_task_texts(*where, task.queries, queries=True, secret=secret, progress=progress)
    if task.candidates is None:
        first = first_rows(corpus)
        found, total = nearest(asked, contender_rows(*where), first, task.excluded), len(first)
    else:
        rows = embed_task_texts(*where, task.candidates, secret=secret, progress=progress)
        found, total = nearest(asked, rows, np.arange(len(rows)), task.excluded), len(rows)
    facts = task.facts | {"queries": len(task.queries), "candidates": total, "tie_seed": TIE_SEED}
    return Scores(ranked_scores(found, task, total), task.units, chance=chance(task, total), facts=facts)


def first_rows(corpus: CorpusRef) -> np.ndarray:
    """(m,) the first row of each distinct text of the corpus, in order of appearance."""
    return np.unique(distinct_texts(load_corpus(corpus).texts)[0], return_index=True)[1]


def ranked_scores(found: np.ndarray, task: Retrieval, candidates: int) -> dict[str, np.ndarray]:
    """Metric -> (q,) float32 in [0, 1]: nDCG@10 by grade, reciprocal rank within the first ten, P@1, recall."""
    gains = gains_of(found, task, candidates)
    hits, count = gains > 0, np.bincount(task.query_of, minlength=len(task.queries))
    scores = {
        "ndcg_at_10": ranked.graded_ndcg_at_k(gains, ideal_gains(task, 10), 10),
        "precision_at_1": ranked.precision_at_1(hits),
        "reciprocal_rank": ranked.reciprocal_rank(hits, 10),
        **{f"recall_at_{k}": ranked.recall_at_k(hits, count, k) for k in (1, 10, 100)},
    }
    return {name: values.astype(np.float32) for name, values in scores.items()}


def gains_of(found: np.ndarray, task: Retrieval, candidates: int) -> np.ndarray:
    """(q, depth) float64 the grade of each candidate found, 0 where it does not answer."""
    keys = task.query_of.astype(np.int64) * candidates + task.answer_of
    order = np.argsort(keys)
    asked = np.arange(len(found), dtype=np.int64)[:, None] * candidates + found
    at = np.searchsorted(keys[order], asked).clip(max=len(keys) - 1)
    same = (keys[order][at] == asked) & (found >= 0)
    return np.where(same, task.grades[order][at], 0.0)


def ideal_gains(task: Retrieval, depth: int) -> np.ndarray:
    """(q, depth) float64 the best grades of each query, falling, filled up with 0."""
    order = np.lexsort((-task.grades, task.query_of))
    query = task.query_of[order]
    rank = np.arange(len(query)) - np.searchsorted(query, query)
    ideal = np.zeros((len(task.queries), depth))
    near = rank < depth
    ideal[query[near], rank[near]] = task.grades[order][near]
    return ideal


def chance(task: Retrieval, candidates: int) -> dict[str, float]:
    """What a random order of the candidates reaches on average."""
    count = np.bincount(task.query_of, minlength=len(task.queries)).astype(np.float64)
    total = candidates - (task.excluded >= 0)
    gain = np.bincount(task.query_of, task.grades, len(task.queries)) / total
    discounts = 1 / np.log2(np.arange(2, 12))
    shown = discounts[: min(10, candidates)].sum()
    first, none_before = np.zeros(len(count)), np.ones(len(count))
    for rank in range(min(10, candidates)):
        hit = np.minimum(count / np.maximum(total - rank, 1), 1)
        first, none_before = first + none_before * hit / (rank + 1), none_before * (1 - hit)
    made = {
        "ndcg_at_10": gain * shown / (ideal_gains(task, 10) @ discounts),
        "precision_at_1": count / total,
        "reciprocal_rank": first,
        **{f"recall_at_{k}": np.minimum(k / total, 1) for k in (1, 10, 100)},
    }
    return {name: float(values.mean()) for name, values in made.items()}


def pairs_of(relevant: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """query_of and answer_of from one array of candidates a query."""
    counts = [len(each) for each in relevant]
    return np.repeat(np.arange(len(relevant)), counts).astype(np.int32), np.concatenate(relevant).astype(np.int32)
