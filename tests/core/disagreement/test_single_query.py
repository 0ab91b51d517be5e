"""One query: ranks with copies as one text, and how alike two lists are."""

import numpy as np
import pytest

from core.disagreement.single_query import list_similarity, rank_texts, ranks_by_text
from tests.core.disagreement.test_overlap import plain_rbo


def test_copies_have_one_rank_and_the_query_has_none():
    texts = np.array([0, 1, 0, 2, 3])
    made = rank_texts(np.array([0.4, 0.9, 0.8, 0.1, 0.95], np.float32), texts, excluded=3)
    assert made.rows.tolist() == [1, 2, 3]
    assert made.cosines.tolist() == pytest.approx([0.9, 0.8, 0.1])
    assert ranks_by_text(made, texts).tolist() == [2, 1, 3, 0]


def test_likeness_of_lists():
    one, other = np.array([4, 7, 1, 9]), np.array([7, 4, 9, 3])
    assert list_similarity(one, other) == pytest.approx(plain_rbo(one.tolist(), other.tolist()))
    assert list_similarity(one, one) == pytest.approx(1)
    assert np.isnan(list_similarity(one, np.zeros(0, np.int64)))
