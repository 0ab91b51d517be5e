"""Retrieval evaluation against scikit-learn and counting by hand."""

import numpy as np
import pytest
from sklearn.metrics import ndcg_score

from core import ask
from core.ask.evaluation import Pipeline
from core.errors import InputError
from tests.core.ask.conftest import TEXTS

QUESTIONS = [
    "Why is my card declined?",
    "What does express delivery cost?",
    "What do transfers abroad cost?",
    "How do I close the account?",
    "What to do with a lost card?",
    "When is interest paid?",
]
RELEVANT = [[0, len(TEXTS)], [1], [2, 6], [3], [4], [7]]
UNANSWERABLE = [f"Who invented thing {word}?" for word in ("telescope", "radio", "bicycle", "paper", "glass", "steam")]


@pytest.fixture(scope="module")
def evaluation(bank):
    return ask.evaluate(*bank, QUESTIONS, RELEVANT, k=3, unanswerable=UNANSWERABLE)


def test_metrics_by_hand(bank, evaluation):
    retriever = ask.open_retriever(*bank)
    for i, mode in enumerate(evaluation.pipelines):
        for j, (question, rows) in enumerate(zip(QUESTIONS, RELEVANT, strict=True)):
            expected = {row % len(TEXTS) for row in rows}  # the copy is its original
            hits = [passage.row in expected for passage in retriever.retrieve(question, 3, mode).passages]
            hits += [False] * (3 - len(hits))
            first = hits.index(True) + 1 if any(hits) else np.inf
            assert evaluation.values["recall"][i, j] == pytest.approx(sum(hits) / len(expected))
            assert evaluation.values["mrr"][i, j] == pytest.approx(1 / first)
            assert evaluation.values["answerable_rate"][i, j] == any(hits)
            if len(expected) == 1:
                assert evaluation.values["ndcg"][i, j] == pytest.approx(ndcg_score([hits], [[3, 2, 1]], k=3))


def test_the_table_has_a_row_per_pipeline_with_intervals(evaluation):
    assert evaluation.table.index.tolist() == ["semantic", "keyword", "hybrid"]
    for name in evaluation.pipelines:
        for metric, (value, low, high) in evaluation.intervals[name].items():
            assert low <= value <= high
            assert evaluation.table.loc[name, metric] == value
    assert evaluation.differences["recall"].p_value.shape == (3,)
    assert (evaluation.table["milliseconds"] > 0).all()


def test_refusal_is_judged_on_other_questions_than_it_is_chosen_on(evaluation):
    quality = evaluation.refusal["semantic"]
    assert quality.fit.auroc.value > 0.9
    assert 0 <= quality.precision.low <= quality.precision.value <= 1
    assert quality.recall.value <= 1
    assert quality.fit.answerable == len(QUESTIONS)


def test_chance_scores_have_no_refusal_quality(bank):
    """Answerable and unanswerable questions of the same kind can't be told apart."""
    texts = [f"thing number {i} here" for i in range(20)]
    result = ask.evaluate(*bank, texts[:10], [[0]] * 10, pipelines=["semantic"], unanswerable=texts[10:])
    assert result.differences["recall"] is None
    assert result.refusal["semantic"].fit.auroc.low < 0.5 < result.refusal["semantic"].fit.auroc.high


def test_pipelines_of_other_models_are_compared(bank):
    _, vectors, embedder = bank
    pipelines = [Pipeline("a", "semantic"), Pipeline("b", "semantic", vectors, embedder)]
    result = ask.evaluate(*bank, QUESTIONS, RELEVANT, pipelines=pipelines)
    assert result.differences["ndcg"].differences.value.tolist() == [0]
    assert result.refusal == {}


def test_bad_questions_are_explained(bank):
    with pytest.raises(InputError):
        ask.evaluate(*bank, QUESTIONS, RELEVANT[:2])
    with pytest.raises(InputError):
        ask.evaluate(*bank, QUESTIONS[:1], [[]])
    with pytest.raises(InputError):
        ask.evaluate(*bank, QUESTIONS[:1], [[99]])
    with pytest.raises(InputError):
        ask.evaluate(*bank, QUESTIONS, RELEVANT, unanswerable=["one"])
    with pytest.raises(InputError):
        ask.evaluate(*bank, QUESTIONS, RELEVANT, pipelines=["semantic", "semantic"])
