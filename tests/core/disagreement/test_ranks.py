"""One query: ranks with copies as one text, and how alike two lists are."""

import numpy as np
import pytest

from core.disagreement.query import list_likeness, rank_of, rank_texts
from tests.core.disagreement.test_overlap import plain_rbo


def test_copies_have_one_rank_and_the_query_has_none():
    texts = np.array([0, 1, 0, 2, 3])
    made = rank_texts(np.array([0.4, 0.9, 0.8, 0.1, 0.95], np.float32), texts, own=3)
    assert made.rows.tolist() == [1, 2, 3]
    assert made.cosines.tolist() == pytest.approx([0.9, 0.8, 0.1])
    assert rank_of(made, texts).tolist() == [2, 1, 3, 0]


def test_likeness_of_lists():
    one, other = np.array([4, 7, 1, 9]), np.array([7, 4, 9, 3])
    assert list_likeness(one, other) == pytest.approx(plain_rbo(one.tolist(), other.tolist()))
    assert list_likeness(one, one) == pytest.approx(1)
    assert np.isnan(list_likeness(one, np.zeros(0, np.int64)))
