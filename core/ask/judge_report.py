"""How far a language model's grades can be trusted: agreement with a person, biases, shares corrected for errors."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.ask.chat_judge import CHAT_JUDGE, JudgeGrades, JudgeQuery
from core.ask.pooling import PooledQuestion, pooled_questions
from core.ask.retrieval_results import RETRIEVAL_RUNS
from core.corpus.judgments import GRADES, load_judgments, one_line
from core.corpus.loaders import load_corpus
from core.errors import InputError
from core.stats.agreement import weighted_kappa
from core.stats.interval import Interval
from core.stats.proportions import rogan_gladen, wilson_share
from core.stats.resampling import bootstrap, bootstrap_mean
from core.types import CorpusRef

MIN_GRADED = 30  # passages that a person has graded, too
RELEVANT = 1  # the grade from which a passage counts as relevant in shares


@dataclass(frozen=True, eq=False)
class JudgeReport:
    """graded: passages that the person graded, too; pairs: that the model graded in both orders, unusable: others.

    kappa: quadratically weighted, of model and person; table: (3, 3) counts, the person's grade by the model's.
    same_in_both_orders: share of passages with the same grade in both orders. position: mean grade in the first half of
    the list minus that of the same passages in the second half; length: mean of model minus person among the longer
    half of the passages minus that among the shorter half; both 0 without bias, with bootstrap intervals over passages.
    shares: a row per pipeline: passages (of its pool), judge (share that the model grades as at least partly relevant),
    and share, low, high: corrected by Rogan and Gladen, NaN where the model is no better than chance.
    """

    graded: int
    pairs: int
    unusable: int
    kappa: Interval[float]
    table: np.ndarray
    same_in_both_orders: Interval[float]
    position: Interval[float]
    length: Interval[float]
    shares: pd.DataFrame


def graded_in_pool(corpus: CorpusRef, questions: tuple[PooledQuestion, ...], annotator: str) -> int:
    """How many passages of a pool a person has graded."""
    return len(_human_grades(corpus, questions, annotator))


def judge_report(query: JudgeQuery, annotator: str) -> JudgeReport:
    """Raises InputError where the person has graded fewer than MIN_GRADED passages, StorageError without the model's
    grades."""
    pooled = pooled_questions(query.pool)
    human = _human_grades(query.corpus, pooled, annotator)
    grades = CHAT_JUDGE.get(query)
    pairs = list(zip(grades.question.tolist(), grades.row.tolist(), strict=True))
    both = np.array([i for i, pair in enumerate(pairs) if pair in human and grades.usable[i]], np.int64)
    if len(both) < MIN_GRADED:
        message = f"{annotator} has graded {len(both):,} of these passages; a judge is checked on {MIN_GRADED} or more."
        raise InputError(message, f"Grade {MIN_GRADED - len(both):,} more in the section Judge.")
    person, model = np.array([human[pairs[i]] for i in both]), grades.grades[both]
    size = len(GRADES)
    usable = grades.usable
    same = (grades.forward == grades.backward)[usable]
    first = np.where(grades.early, grades.forward, grades.backward)
    second = np.where(grades.early, grades.backward, grades.forward)
    texts = load_corpus(query.corpus).texts
    lengths = np.array([len(texts[pairs[i][1]]) for i in both])
    return JudgeReport(
        len(both), int(usable.sum()), int((~usable).sum()), weighted_kappa(person, model, size),
        np.bincount(person * size + model, minlength=size**2).reshape(size, size),
        wilson_share(int(same.sum()), len(same)), bootstrap_mean((first - second)[usable].astype(np.float64)),
        _length_bias(lengths, (model - person).astype(np.float64)),
        _shares(query, pairs, grades, person >= RELEVANT, model >= RELEVANT),
    )  # fmt: skip


def _human_grades(
    corpus: CorpusRef, questions: tuple[PooledQuestion, ...], annotator: str
) -> dict[tuple[int, int], int]:
    """By index of the question and row."""
    grades = load_judgments(corpus).grades(annotator)
    return {
        (number, row): grade
        for number, question in enumerate(questions)
        for row, grade in grades.get(one_line(question.text), {}).items()
        if row in question.rows
    }


def _length_bias(lengths: np.ndarray, errors: np.ndarray) -> Interval[float]:
    """Mean error of the longer half minus that of the shorter half."""
    is_long = np.argsort(np.argsort(lengths, kind="stable")) >= len(lengths) / 2

    def value(weights: np.ndarray) -> float:
        parts = [weights[half].sum() for half in (is_long, ~is_long)]
        if min(parts) == 0:
            return float("nan")
        sums = [float(weights[half] @ errors[half]) for half in (is_long, ~is_long)]
        return sums[0] / parts[0] - sums[1] / parts[1]

    return bootstrap(len(lengths), [value])[0]


def _shares(
    query: JudgeQuery, pairs: list[tuple[int, int]], grades: JudgeGrades, person: np.ndarray, model: np.ndarray
) -> pd.DataFrame:
    """Of each pipeline's first k passages. Sensitivity and specificity are taken to be the same for all pipelines."""
    is_relevant = {pair: bool(grades.grades[i] >= RELEVANT) for i, pair in enumerate(pairs) if grades.usable[i]}
    rows = []
    for pipeline in query.pipelines:
        ranked = np.asarray(RETRIEVAL_RUNS.get(query.pool.run(pipeline)).ranked)[:, : query.k]
        own = [(i, int(row)) for i, line in enumerate(ranked) for row in line if (i, int(row)) in is_relevant]
        naive = float(np.mean([is_relevant[pair] for pair in own])) if own else float("nan")
        corrected = rogan_gladen(np.array([naive]), model[:, None], person[:, None])
        ends = (float(part[0]) for part in corrected)
        rows.append((pipeline.label, len(own), naive, *ends))
    return pd.DataFrame(rows, columns=["pipeline", "passages", "judge", "share", "low", "high"])
