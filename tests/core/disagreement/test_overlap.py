"""Overlap of neighbors against sets in plain Python, its truths, chance, and intervals."""

import numpy as np
import pytest

from core.disagreement.overlap import chance_level, compare_neighbors, neighbor_mask, positions_in, rank_biased
from core.stats.resampling import mean_interval
from core.types import unit_rows
from tests.core.disagreement.conftest import exact_graph


def plain_lists(ids, texts, row, k):
    """A row's nearest other texts in order, each once, in plain Python."""
    found = []
    for other in ids[row]:
        if other >= 0 and texts[other] != texts[row] and texts[other] not in found:
            found.append(texts[other])
    return found[:k]


def plain_rbo(one, other, p=0.9):
    """Equation 32 of Webber, Moffat and Zobel (2010) for two lists of the same length."""
    k = len(one)
    common = [len(set(one[:d]) & set(other[:d])) for d in range(1, k + 1)]
    return common[-1] / k * p**k + (1 - p) / p * sum(common[d - 1] / d * p**d for d in range(1, k + 1))


def test_shares_jaccard_and_rbo_are_those_of_sets(random_rows):
    first, second = (exact_graph(rows, 60) for rows in random_rows)
    second[:150, :20] = first[:150, :20][:, ::-1]
    second[:150, 20:] = -1
    texts = np.arange(300)
    texts[200:230] = texts[100:130]
    made = compare_neighbors(first, second, texts)
    assert made.depths == (1, 2, 5, 10, 20, 50)
    for row in (0, 17, 149, 205, 299):
        one, other = (plain_lists(ids, texts, row, 60) for ids in (first, second))
        deep = min(len(one), len(other))
        assert made.lengths[row] == deep
        for k in made.depths:
            at = min(k, deep)
            both = len(set(one[:at]) & set(other[:at]))
            assert made.share_at(k)[row] == pytest.approx(both / at)
            assert made.jaccard_at(k)[row] == pytest.approx(both / (2 * at - both))
            assert made.rank_biased_at(k)[row] == pytest.approx(plain_rbo(one[:at], other[:at]), abs=1e-6)


def test_rbo_of_a_worked_example():
    """Lists a b c d and b a e c, p 0.9: agreements 0, 1, 2/3, 3/4."""
    assert rank_biased(np.array([[0, 2, 2, 3]]), 0.9)[0, -1] == pytest.approx(
        0.75 * 0.9**4 + 0.1 / 0.9 * (0.9**2 + 2 / 3 * 0.9**3 + 0.75 * 0.9**4)
    )


def test_a_model_beside_itself_agrees_wholly(random_rows):
    ids = exact_graph(random_rows[0], 100)
    made = compare_neighbors(ids, ids, np.arange(300))
    for measure in ("overlap", "jaccard", "rbo"):
        for k in made.depths:
            assert np.allclose(made.values(measure, k), 1, atol=1e-6)


def test_random_vectors_agree_by_chance(random_rows):
    made = compare_neighbors(*(exact_graph(rows, 100) for rows in random_rows), np.arange(300))
    for measure in ("overlap", "jaccard", "rbo"):
        for k in (5, 20, 100):
            values = made.values(measure, k)
            expected = chance_level(measure, k, 300)
            error = values.std() / np.sqrt(len(values))
            assert abs(values.mean() - expected) < 5 * error + 0.01
    assert chance_level("overlap", 30, 301) == pytest.approx(0.1)


def test_more_noise_agrees_less(random_rows):
    rows = random_rows[0]
    ids = exact_graph(rows, 50)
    noise = np.random.default_rng(1).normal(size=rows.shape)
    noisy = [exact_graph(unit_rows(rows + size * noise), 50) for size in (0.02, 0.1, 0.5)]
    means = [compare_neighbors(ids, other, np.arange(300)).share_at(10).mean() for other in noisy]
    assert means[0] > means[1] > means[2]


def test_copies_are_no_disagreement():
    """Under one embedding the copies lie before, under the other behind a row's true neighbors."""
    texts = np.array([0, 0, 0, 1, 2, 3])
    first = np.array([[1, 2, 3, 4, 5]] + [[0, 1, 2, 3, 4]] * 5, np.int32)
    second = np.array([[3, 4, 5, 2, 1]] + [[0, 1, 2, 3, 4]] * 5, np.int32)
    made = compare_neighbors(first, second, texts)
    assert made.lengths[0] == 3
    assert made.share_at(2)[0] == 1
    counting = neighbor_mask(first, texts, np.arange(6))
    assert counting[0].tolist() == [False, False, True, True, True]
    assert counting[3].tolist() == [True, False, False, False, True]


def test_rows_that_have_copies_alone_are_left_out():
    made = compare_neighbors(np.array([[1], [0]], np.int32), np.array([[1], [0]], np.int32), np.array([0, 0]))
    assert np.isnan(made.share_at(1)).all()
    assert np.isnan(mean_interval(made.share_at(1)[None], np.array([0, 0]))).all()


def test_two_rows_can_be_compared():
    ids = np.array([[1], [0]], np.int32)
    made = compare_neighbors(ids, ids, np.arange(2))
    assert made.depths == (1,)
    assert made.share_at(1).tolist() == [1, 1]


def test_places_of_entries():
    first, second = np.array([[4, 9, -1], [7, 0, 2]]), np.array([[9, 4, -1], [1, 2, 3]])
    assert positions_in(first, second).tolist() == [[1, 0, 3], [3, 3, 1]]
