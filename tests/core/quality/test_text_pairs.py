"""Pairs are drawn as they say: uniformly, with one label or two, and from lists."""

import numpy as np

from core.quality.pairs import is_in, label_pairs, neighbor_codes, pair_codes, random_pairs, same_label_pairs


def shares(left, right, m):
    return np.bincount(pair_codes(left, right, m), minlength=m * m) / len(left)


def test_random_pairs_are_uniform_and_never_of_one_text():
    left, right = random_pairs(20, 150_000, seed=1)
    assert len(left) == 190  # all there are
    left, right = random_pairs(20, 189, seed=1)
    assert (left != right).all()
    left, right = random_pairs(800, 200_000, seed=1)
    assert (left != right).all()
    assert abs(np.mean(left < right) - 0.5) < 0.01


def test_label_pairs_are_uniform_over_all_such_pairs():
    codes = np.array([0, 1, 2, 1, -1, 0, 2, 2, 1, 1, -1, 3])
    m = len(codes)
    for same in (True, False):
        left, right = label_pairs(codes, 200_000, same, seed=2)
        assert (codes[left] >= 0).all()
        assert (codes[right] >= 0).all()
        assert ((codes[left] == codes[right]) == same).all()
        assert (left != right).all()
        there = [
            (i, j)
            for i in range(m)
            for j in range(i + 1, m)
            if min(codes[i], codes[j]) >= 0 and (codes[i] == codes[j]) == same
        ]
        result = shares(left, right, m)
        expected = np.zeros(m * m)
        expected[[i * m + j for i, j in there]] = 1 / len(there)
        np.testing.assert_allclose(result, expected, atol=0.004)
    same, total = same_label_pairs(codes)
    assert (same, total) == (10, 45)


def test_no_such_pairs_give_none():
    assert len(label_pairs(np.array([0, 1, 2]), 10, same=True)[0]) == 0
    assert len(label_pairs(np.array([1, 1, 1]), 10, same=False)[0]) == 0
    assert len(label_pairs(np.array([-1, -1]), 10, same=True)[0]) == 0


def test_pairs_of_lists_count_once_whichever_lists_the_other():
    ids = np.array([[1, 2], [0, 3], [3, -1], [2, 1]])
    codes = neighbor_codes(ids, 2)
    assert codes.tolist() == [1, 2, 7, 11]  # 0-1, 0-2, 1-3, 2-3
    assert neighbor_codes(ids, 1).tolist() == [1, 11]
    assert neighbor_codes(ids, 2, np.array([True, True, True, False])).tolist() == [1, 2]
    assert is_in(np.array([2, 3, 11]), codes).tolist() == [True, False, True]
    assert not is_in(np.array([2]), np.zeros(0, np.int64)).any()
