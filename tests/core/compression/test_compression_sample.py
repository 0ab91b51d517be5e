"""What is searched and asked: copies are one, a query is never its own answer, equal neighbors count as equals."""

import numpy as np
import pytest

from core.compression.sample import draw_sample, exact_truth, nearest_others, recall
from core.errors import InputError
from tests.core.compression.conftest import grouped_rows


def test_copies_are_one_and_no_query_finds_itself(made):
    sample, truth, _ = made
    assert 650 not in sample.ids
    assert len(sample.ids) == sample.texts == 699
    assert not (truth.rows == sample.queries[:, None]).any()


def test_the_truth_is_that_of_brute_force(made):
    sample, truth, _ = made
    cosines = sample.query_vectors @ sample.rows.T
    cosines[np.arange(len(cosines)), sample.queries] = -2
    expected = np.sort(cosines, axis=1)[:, ::-1][:, :100]
    np.testing.assert_allclose(truth.scores, expected, atol=2e-6)
    assert truth.rows.shape == (120, 100)


def test_a_large_corpus_is_sampled_and_says_so():
    rows, _ = grouped_rows(400)
    one, again = (draw_sample(rows, np.arange(400), seed=5, max_rows=150) for _ in range(2))
    assert (len(one.rows), one.texts) == (150, 400)
    assert np.array_equal(one.ids, again.ids)
    assert np.array_equal(one.rows, rows[one.ids])
    assert not np.array_equal(one.ids, draw_sample(rows, np.arange(400), seed=6, max_rows=150).ids)


def test_equal_neighbors_count_as_equals_and_missing_ones_as_lost():
    rows = np.eye(4, dtype=np.float32)[[0, 0, 0, 1, 2]]
    exact = np.array([[1.0]], np.float32)
    query = rows[:1]
    shares = [recall(rows, query, exact, np.array([[place]]))[0] for place in (1, 2, 3, -1)]
    assert shares == [1, 1, 0, 0]


def test_nearest_others_falls_back_where_the_row_itself_is_not_first():
    rows = np.eye(3, dtype=np.float32)[[0, 0, 0, 1]]
    places, _ = nearest_others(rows, np.array([2]), 2)
    assert 2 not in places


def test_too_few_texts_are_refused():
    rows, _ = grouped_rows(30)
    with pytest.raises(InputError, match="19 distinct texts"):
        draw_sample(rows, np.arange(30) % 19)


def test_twenty_texts_are_enough():
    rows, _ = grouped_rows(20)
    sample = draw_sample(rows, np.arange(20))
    assert exact_truth(sample).rows.shape == (20, 19)
