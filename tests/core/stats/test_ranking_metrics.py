"""Metrics of ranked lists: by hand, against trec_eval's own code, and in the right direction."""

import numpy as np
import pytest
import pytrec_eval

from core.stats import ranking_metrics as ranked

RELEVANCE = np.array([[0, 1, 0, 1, 0], [1, 1, 0, 0, 0], [0, 0, 0, 0, 0]], bool)
RELEVANT = np.array([3, 2, 1])


@pytest.fixture
def lists():
    """40 queries over 30 documents in random order, 1 to 12 relevant with grades 1 to 3."""
    rng = np.random.default_rng(5)
    gains = np.zeros((40, 30), int)
    for row in range(40):
        gains[row, rng.choice(30, rng.integers(1, 13), replace=False)] = rng.integers(1, 4)
        gains[row] *= rng.integers(1, 4, 30)
    return gains


def judged(gains, measures):
    names = [[f"d{j}" for j in range(gains.shape[1])] for _ in gains]
    qrels = {f"q{i}": {n: int(g) for n, g in zip(names[i], row, strict=True) if g} for i, row in enumerate(gains)}
    run = {f"q{i}": {n: float(-j) for j, n in enumerate(names[i])} for i in range(len(gains))}
    found = pytrec_eval.RelevanceEvaluator(qrels, measures).evaluate(run)
    return [found[f"q{i}"] for i in range(len(gains))]


@pytest.mark.parametrize(
    ("measure", "key", "score"),
    [
        ("P.1", "P_1", lambda rel, count: ranked.precision_at_1(rel)),
        ("recall.1", "recall_1", lambda rel, count: ranked.recall_at_k(rel, count, 1)),
        ("recall.10", "recall_10", lambda rel, count: ranked.recall_at_k(rel, count, 10)),
        ("recall.100", "recall_100", lambda rel, count: ranked.recall_at_k(rel, count, 100)),
        ("Rprec", "Rprec", ranked.r_precision),
        ("recip_rank", "recip_rank", lambda rel, count: ranked.reciprocal_rank(rel)),
        ("ndcg_cut.10", "ndcg_cut_10", lambda rel, count: ranked.ndcg_at_k(rel, count, 10)),
    ],
)
def test_as_trec_eval(lists, measure, key, score):
    relevance = lists > 0
    expected = [each[key] for each in judged(relevance.astype(int), {measure})]
    np.testing.assert_allclose(score(relevance, relevance.sum(axis=1)), expected, atol=1e-9)


def test_graded_ndcg_as_trec_eval(lists):
    ideal = -np.sort(-lists, axis=1)
    expected = [each["ndcg_cut_10"] for each in judged(lists, {"ndcg_cut.10"})]
    np.testing.assert_allclose(ranked.graded_ndcg_at_k(lists, ideal, 10), expected, atol=1e-9)


def test_by_hand():
    np.testing.assert_allclose(ranked.precision_at_1(RELEVANCE), [0, 1, 0])
    np.testing.assert_allclose(ranked.recall_at_k(RELEVANCE, RELEVANT, 2), [1 / 3, 1, 0])
    np.testing.assert_allclose(ranked.r_precision(RELEVANCE, RELEVANT), [1 / 3, 1, 0])
    np.testing.assert_allclose(ranked.map_at_r(RELEVANCE, RELEVANT), [(1 / 2) / 3, 1, 0])
    np.testing.assert_allclose(ranked.reciprocal_rank(RELEVANCE), [1 / 2, 1, 0])
    np.testing.assert_allclose(ranked.reciprocal_rank(RELEVANCE, k=1), [0, 1, 0])
    ideal = 1 + 1 / np.log2(3) + 1 / np.log2(4)
    np.testing.assert_allclose(
        ranked.ndcg_at_k(RELEVANCE, RELEVANT, 10), [(1 / np.log2(3) + 1 / np.log2(5)) / ideal, 1, 0]
    )


def test_map_at_r_as_its_formula(lists):
    relevance = lists > 0
    for row, found in zip(relevance, ranked.map_at_r(relevance, relevance.sum(axis=1)), strict=True):
        r = row.sum()
        assert found == pytest.approx(sum(row[: i + 1].mean() for i in range(r) if row[i]) / r, abs=1e-6)


def test_a_list_cut_before_r_is_scored_by_its_length():
    found = np.ones((1, 4), bool)
    assert ranked.map_at_r(found, np.array([9]))[0] == 1
    assert ranked.r_precision(found, np.array([9]))[0] == 1


@pytest.mark.parametrize("score", [ranked.map_at_r, lambda rel, n: ranked.ndcg_at_k(rel, n, 10)])
def test_a_relevant_row_that_moves_up_raises_the_score(score):
    lists = np.eye(8, dtype=bool)[::-1] | np.eye(8, dtype=bool)[:1]  # rank 1, and 8 down to 2
    assert (np.diff(score(lists, np.full(8, 8))[:-1]) > 0).all()
