"""CKA and RSA against their definitions with whole matrices, and what must come out of them."""

import numpy as np
import pytest
from scipy.stats import ortho_group, spearmanr

from core.disagreement.geometry import (
    alike_order,
    centered,
    cka,
    hsic,
    pair_cosines,
    rsa,
    sampled_pairs,
    sampled_rows,
)
from core.types import unit_rows


def plain_hsic(first, second):
    """Equation 5 of Song et al. (2012) with n x n kernels."""
    n = len(first)
    k, m = (each @ each.T for each in (first.astype(np.float64), second.astype(np.float64)))
    np.fill_diagonal(k, 0)
    np.fill_diagonal(m, 0)
    one = np.ones(n)
    whole = (
        np.trace(k @ m) + (one @ k @ one) * (one @ m @ one) / ((n - 1) * (n - 2)) - 2 / (n - 2) * (one @ k @ m @ one)
    )
    return whole / (n * (n - 3))


def test_hsic_is_that_of_whole_kernels(random_rows):
    first, second = random_rows
    second = second + first[:, :17]
    features = [centered(rows, np.arange(300)) for rows in (first, second)]
    assert hsic(*features) == pytest.approx(plain_hsic(first, second), rel=1e-4)
    expected = plain_hsic(first, second) / np.sqrt(plain_hsic(first, first) * plain_hsic(second, second))
    assert cka(*features) == pytest.approx(expected, rel=1e-4)


def test_the_same_space_turned_has_a_cka_of_one(random_rows):
    rows = centered(random_rows[0], np.arange(300))
    turned = (rows @ ortho_group.rvs(24, random_state=1) * 3).astype(np.float32)
    assert cka(rows, rows) == pytest.approx(1, abs=1e-6)
    assert cka(rows, turned) == pytest.approx(1, abs=1e-5)


def test_random_vectors_have_none_in_common_even_in_many_dimensions():
    """With more dimensions than rows the biased CKA would come near 1."""
    generator = np.random.default_rng(0)
    rows = [centered(unit_rows(generator.normal(size=(60, 400))), np.arange(60)) for _ in range(2)]
    assert abs(cka(*rows)) < 0.1
    grams = [each @ each.T for each in rows]
    biased = np.vdot(*grams) / (np.linalg.norm(grams[0]) * np.linalg.norm(grams[1]))
    assert biased > 0.5


def test_too_few_or_equal_rows_have_no_cka():
    assert np.isnan(cka(np.ones((3, 2), np.float32), np.ones((3, 2), np.float32)))
    assert np.isnan(cka(np.zeros((9, 2), np.float32), np.zeros((9, 2), np.float32)))


def test_rsa_is_spearmans_over_the_pairs(random_rows):
    left, right = sampled_pairs(np.arange(300), most=2_000)
    assert (left != right).all()
    first, second = (pair_cosines(rows, left, right) for rows in random_rows)
    assert first[7] == pytest.approx(float(random_rows[0][left[7]] @ random_rows[0][right[7]]), abs=1e-6)
    assert rsa(first, second) == pytest.approx(spearmanr(first, second).statistic)
    assert rsa(first, first) == pytest.approx(1)
    assert np.isnan(rsa(first, np.ones_like(first)))
    whole = sampled_pairs(np.arange(5))
    assert len(whole[0]) == 10


def test_a_text_is_sampled_once_by_its_first_row():
    texts = np.array([0, 1, 0, 2, 1])
    assert sampled_rows(texts).tolist() == [0, 1, 3]
    assert len(sampled_rows(np.arange(100), most=10)) == 10


def test_what_is_alike_stands_together():
    values = np.eye(5)
    for i, j, value in ((0, 3, 0.9), (1, 4, 0.8), (0, 1, 0.1), (2, 3, 0.5)):
        values[i, j] = values[j, i] = value
    order = alike_order(values)
    assert sorted(order) == list(range(5))
    assert abs(order.index(0) - order.index(3)) == 1
    assert abs(order.index(1) - order.index(4)) == 1
    assert alike_order(np.eye(2)) == [0, 1]
