"""Retrieval pipelines compared on a stored set of questions: metrics, paired tests, cost, and single questions."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.ask.evaluation import RetrievalEvaluation, summarize
from core.ask.pipelines import PipelineRun, PipelineSpec, RunQuery, usd_per_1000
from core.ask.question_sets import QuestionSet, load_questions
from core.ask.ranking import gains_of, metric_values
from core.ask.refusal import MIN_KNOWN
from core.ask.retrieval_results import RETRIEVAL_RUNS
from core.corpus.loaders import load_text_codes
from core.models.costs import max_usd
from core.models.registry import capabilities
from core.stats.interval import ALPHA
from core.stats.multiple_testing import holm
from core.stats.significance import pair_indices
from core.types import CorpusRef
from core.vectors.contenders import Contender
from core.vectors.text_vectors import missing_texts


@dataclass(frozen=True)
class PipelinesQuery:
    """Pipelines on a stored set of questions (its key); k: passages that count, at most DEPTH."""

    corpus: CorpusRef
    pipelines: tuple[PipelineSpec, ...]
    questions: str
    k: int = 10

    def run(self, pipeline: PipelineSpec) -> RunQuery:
        return RunQuery(self.corpus, pipeline, self.questions)


@dataclass(frozen=True, eq=False)
class PipelineComparison:
    """evaluation: metrics of all pipelines. ranks: (c, q) int64 rank of the first relevant passage, 0 where none is
    among the first DEPTH. embedding_ms: (c,) median milliseconds to embed a question, NaN where not measured, 0 where
    nothing is embedded. usd: per 1,000 questions, None where unknown."""

    evaluation: RetrievalEvaluation
    questions: tuple[str, ...]
    ranks: np.ndarray
    embedding_ms: np.ndarray
    usd: tuple[float | None, ...]


@dataclass(frozen=True)
class QuestionsToEmbed:
    """What a model still has to embed. usd: at most, 0 where it is free, None where unknown."""

    label: str
    texts: int
    paid: bool
    usd: float | None


def compare_pipelines(query: PipelinesQuery) -> PipelineComparison:
    """Pipelines that have run. Raises StorageError where one has not."""
    questions = load_questions(query.corpus, query.questions)
    runs = [RETRIEVAL_RUNS.get(query.run(pipeline)) for pipeline in query.pipelines]
    codes, answerable = load_text_codes(query.corpus, None), len(questions.questions)
    grades = [{row: float(grade) for row, grade in question.grades} for question in questions.questions]
    judged = [gains_of(np.asarray(run.ranked[:answerable]), codes, grades) for run in runs]
    values = [metric_values(gains, ideal, query.k) for gains, ideal in judged]
    tops = _tops(runs, questions)
    names = tuple(pipeline.label for pipeline in query.pipelines)
    texts = tuple(question.text for question in questions.questions)
    milliseconds = np.array([float(np.median(run.seconds)) * 1000 for run in runs])
    evaluation = summarize(names, query.k, values, tops, texts, milliseconds)
    ranks = np.stack([np.where((gains > 0).any(axis=1), (gains > 0).argmax(axis=1) + 1, 0) for gains, _ in judged])
    embedding = np.array([_embedding_ms(pipeline, run) for pipeline, run in zip(query.pipelines, runs, strict=True)])
    usd = tuple(usd_per_1000(query.corpus, pipeline, questions) for pipeline in query.pipelines)
    return PipelineComparison(evaluation, texts, ranks, embedding, usd)


def differences_to(evaluation: RetrievalEvaluation, metric: str, baseline: int) -> pd.DataFrame:
    """A row per other pipeline: difference (pipeline minus baseline) with its interval, p (two-sided, corrected for all
    other pipelines by Holm) and whether it is significant. Empty for a single pipeline."""
    columns = ["pipeline", "difference", "low", "high", "p_value", "significant"]
    evidence = evaluation.differences[metric]
    if evidence is None:
        return pd.DataFrame(columns=columns)
    first, second = pair_indices(len(evaluation.pipelines))
    pairs = np.flatnonzero((first == baseline) | (second == baseline))
    corrected = holm(evidence.p_value[pairs])
    rows = []
    for pair, p_value in zip(pairs, corrected, strict=True):
        value, low, high = (float(part[pair]) for part in evidence.differences)
        other, turned = (second[pair], True) if first[pair] == baseline else (first[pair], False)
        ends = (-value, -high, -low) if turned else (value, low, high)
        rows.append([evaluation.pipelines[other], *ends, float(p_value), bool(p_value < ALPHA)])
    return pd.DataFrame(rows, columns=columns)


def disagreements(comparison: PipelineComparison, metric: str) -> pd.DataFrame:
    """Questions on which pipelines differ in a metric, the most different first: question, spread (highest minus lowest
    value) and the rank of the first relevant passage by each pipeline, missing where none is among the first DEPTH."""
    values = comparison.evaluation.values[metric]
    spread = values.max(axis=0) - values.min(axis=0)
    order = np.argsort(-spread, kind="stable")[: int((spread > 0).sum())]
    table = pd.DataFrame({"question": [comparison.questions[i] for i in order], "spread": spread[order]})
    for name, ranks in zip(comparison.evaluation.pipelines, comparison.ranks, strict=True):
        table[name] = pd.array(np.where(ranks[order] > 0, ranks[order], 0), dtype="Int64")
        table.loc[table[name] == 0, name] = pd.NA
    return table


def results_table(comparison: PipelineComparison) -> pd.DataFrame:
    """A row per pipeline: metrics with the ends of their intervals, refusal quality, time and price."""
    evaluation = comparison.evaluation
    rows = []
    for i, name in enumerate(evaluation.pipelines):
        row: dict[str, object] = {"pipeline": name}
        for metric, interval in evaluation.intervals[name].items():
            row |= {metric: interval.value, f"{metric}_low": interval.low, f"{metric}_high": interval.high}
        if quality := evaluation.refusal.get(name):
            for part, interval in (("auroc", quality.fit.auroc), ("refusal_precision", quality.precision),
                                   ("refusal_recall", quality.recall)):  # fmt: skip
                row |= {part: interval.value, f"{part}_low": interval.low, f"{part}_high": interval.high}
            row["refusal_threshold"] = quality.fit.value.value
        row["milliseconds"] = evaluation.milliseconds[i] + comparison.embedding_ms[i]
        row["search_milliseconds"] = evaluation.milliseconds[i]
        usd = comparison.usd[i]
        row["usd_per_1000"] = np.nan if usd is None else usd
        rows.append(row)
    return pd.DataFrame(rows)


def questions_to_embed(
    corpus: CorpusRef, contenders: Sequence[Contender], questions: str
) -> tuple[QuestionsToEmbed, ...]:
    """What each model still has to embed of a stored set, only those that have to; sends nothing."""
    texts, result = load_questions(corpus, questions).texts, []
    for model in dict.fromkeys(contender.model for contender in contenders):
        declared = capabilities(model)
        missing = missing_texts(corpus, model, texts, queries=True) if declared.can_embed else []
        if missing:
            usd = max_usd(missing, model) if declared.paid else 0.0
            result.append(QuestionsToEmbed(model.label, len(missing), declared.paid, usd))
    return tuple(result)


def _tops(runs: Sequence[PipelineRun], questions: QuestionSet) -> list[np.ndarray]:
    """Top scores for the quality of refusal; of answerable questions alone where there are too few of either kind."""
    answerable = len(questions.questions)
    enough = min(answerable, len(questions.unanswerable)) >= MIN_KNOWN
    return [np.asarray(run.top if enough else run.top[:answerable]) for run in runs]


def _embedding_ms(pipeline: PipelineSpec, run: PipelineRun) -> float:
    if pipeline.contender is None:
        return 0.0
    return float(np.median(run.embedding)) * 1000 if len(run.embedding) else float("nan")
