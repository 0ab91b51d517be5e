from itertools import pairwise

import numpy as np

from core.corpus.texts import batches, length_batches


def test_batches_hold_every_row_once_within_the_budget():
    lengths = np.random.default_rng(0).integers(1, 300, 1_000)
    batches = list(length_batches(lengths, 1_024))
    assert sorted(np.concatenate(batches).tolist()) == list(range(1_000))
    assert all(len(batch) * lengths[batch].max() <= 1_024 for batch in batches)
    assert [lengths[batch].max() for batch in batches] == sorted(lengths[batch].max() for batch in batches)
    # a batch is full: the next row would not have fitted
    assert all((len(one) + 1) * lengths[following[0]] > 1_024 for one, following in pairwise(batches))


def test_a_row_beyond_the_budget_goes_alone():
    assert [batch.tolist() for batch in length_batches(np.array([5_000, 3, 6_000, 3]), 1_000)] == [[1, 3], [0], [2]]
    assert list(length_batches(np.array([], np.int64), 10)) == []


def test_slabs_cover_the_texts_in_order():
    pieces = list(batches(list("abcde"), 2))
    assert [rows for rows, _ in pieces] == [slice(0, 2), slice(2, 4), slice(4, 5)]
    assert [part for _, part in pieces] == [["a", "b"], ["c", "d"], ["e"]]
