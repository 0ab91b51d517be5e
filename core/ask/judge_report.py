"""How far a language model's grades can be trusted: agreement with a person, biases, shares corrected for errors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.ask.answer_log import answer_grades, gradable, load_answers
from core.ask.chat_judge import CHAT_JUDGE, JudgeQuery
from core.ask.faithfulness_judge import FAITHFULNESS, FaithfulnessQuery, early_citations
from core.ask.judge_requests import JudgeGrades
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

MIN_GRADED = 30  # passages, or answers, that a person has graded, too
RELEVANT, FAITHFUL = 1, 2  # the grade from which a passage, or an answer, counts in shares


@dataclass(frozen=True, eq=False)
class JudgeReport:
    """Items are passages of questions, or answers. graded: items that the person graded, too; items: that the model
    graded in both orders, unusable: others.

    kappa: quadratically weighted, of model and person; table: (3, 3) counts, the person's grade by the model's.
    same_in_both_orders: share of items with the same grade in both orders. position: mean grade where the passage (or
    the passages that the answer cites) comes early in the list minus that where it comes late, of the same items;
    length: mean of model minus person among the longer half of the items minus that among the shorter half; both 0
    without bias, with bootstrap intervals over items. positioned: items that `position` is of.
    shares: a row per group (pipeline, or model that answers): items, judge (share of them from the grade on that
    counts), and share, low, high: corrected by Rogan and Gladen, NaN where the model is no better than chance.
    """

    graded: int
    items: int
    unusable: int
    kappa: Interval[float]
    table: np.ndarray
    same_in_both_orders: Interval[float]
    position: Interval[float]
    positioned: int
    length: Interval[float]
    shares: pd.DataFrame


@dataclass(frozen=True, eq=False)
class Judged:
    """What a model graded, and what is known of it. person: grade by index of the item. lengths: (p,) characters.
    groups: indices by name; positioned: (p,) bool, items whose passages are early or late. counts_from: the grade."""

    grades: JudgeGrades
    person: Mapping[int, int]
    lengths: np.ndarray
    groups: Mapping[str, Sequence[int]]
    positioned: np.ndarray
    counts_from: int


def graded_in_pool(corpus: CorpusRef, questions: tuple[PooledQuestion, ...], annotator: str) -> int:
    """How many passages of a pool a person has graded."""
    return len(_human_grades(corpus, questions, annotator))


def judge_report(query: JudgeQuery, annotator: str) -> JudgeReport:
    """Of relevance. Raises InputError where the person has graded fewer than MIN_GRADED passages, StorageError without
    the model's grades."""
    human = _human_grades(query.corpus, pooled_questions(query.pool), annotator)
    grades, texts = CHAT_JUDGE.get(query), load_corpus(query.corpus).texts
    pairs = list(zip(grades.question.tolist(), grades.row.tolist(), strict=True))
    index = {pair: i for i, pair in enumerate(pairs)}
    groups = {}
    for pipeline in query.pipelines:
        ranked = np.asarray(RETRIEVAL_RUNS.get(query.pool.run(pipeline)).ranked)[:, : query.k]
        own = [(i, int(row)) for i, line in enumerate(ranked) for row in line]
        groups[pipeline.label] = [index[pair] for pair in own if pair in index]
    return _report(
        Judged(
            grades, {i: human[pair] for pair, i in index.items() if pair in human},
            np.array([len(texts[row]) for _, row in pairs]), groups, np.ones(len(pairs), bool), RELEVANT,
        ),
        f"{annotator} has graded {{:,}} of these passages",
    )  # fmt: skip


def faithfulness_report(query: FaithfulnessQuery, annotator: str) -> JudgeReport:
    """Of faithfulness. Raises InputError where the person has graded fewer than MIN_GRADED answers, StorageError
    without the model's grades."""
    grades, records = FAITHFULNESS.get(query), query.records
    human, numbers = answer_grades(query.corpus, annotator), grades.row.tolist()
    groups: dict[str, list[int]] = {}
    for i, number in enumerate(numbers):
        groups.setdefault(records[number].model, []).append(i)
    return _report(
        Judged(
            grades, {i: human[number] for i, number in enumerate(numbers) if number in human},
            np.array([len(records[number].text) for number in numbers]), groups,
            np.array([early_citations(records[number]) is not None for number in numbers], bool), FAITHFUL,
        ),
        f"{annotator} has graded {{:,}} of these answers",
    )  # fmt: skip


def graded_answers(corpus: CorpusRef, annotator: str) -> tuple[int, int]:
    """How many recorded answers a person has graded, and how many there are to grade."""
    numbers = set(gradable(load_answers(corpus)))
    return len(numbers & answer_grades(corpus, annotator).keys()), len(numbers)


def _report(judged: Judged, state: str) -> JudgeReport:
    """state: a sentence with the number of items that the person graded."""
    grades, usable = judged.grades, judged.grades.usable
    both = np.array([i for i in sorted(judged.person) if usable[i]], np.int64)
    if len(both) < MIN_GRADED:
        message = f"{state.format(len(both))}; a judge is checked on {MIN_GRADED} or more."
        raise InputError(message, f"Grade {MIN_GRADED - len(both):,} more.")
    person, model, size = np.array([judged.person[i] for i in both]), grades.grades[both], len(GRADES)
    same = (grades.forward == grades.backward)[usable]
    sign = np.where(grades.early, 1.0, -1.0)
    shifts = (sign * (grades.forward - grades.backward))[usable & judged.positioned]
    return JudgeReport(
        len(both), int(usable.sum()), int((~usable).sum()), weighted_kappa(person, model, size),
        np.bincount(person * size + model, minlength=size**2).reshape(size, size),
        wilson_share(int(same.sum()), len(same)), bootstrap_mean(shifts), len(shifts),
        _length_bias(judged.lengths[both], (model - person).astype(np.float64)),
        _shares(judged, person >= judged.counts_from, model >= judged.counts_from),
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


def _shares(judged: Judged, person: np.ndarray, model: np.ndarray) -> pd.DataFrame:
    """Of each group. Sensitivity and specificity are taken to be the same for all groups."""
    counts, usable = judged.grades.grades >= judged.counts_from, judged.grades.usable
    rows = []
    for name, members in judged.groups.items():
        own = [bool(counts[i]) for i in members if usable[i]]
        naive = float(np.mean(own)) if own else float("nan")
        corrected = rogan_gladen(np.array([naive]), model[:, None], person[:, None])
        rows.append((name, len(own), naive, *(float(part[0]) for part in corrected)))
    return pd.DataFrame(rows, columns=["group", "items", "judge", "share", "low", "high"])
