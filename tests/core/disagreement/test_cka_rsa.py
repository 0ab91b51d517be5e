"""CKA and RSA against their definitions with whole matrices, and what must come out of them."""

import numpy as np
import pytest
from scipy.stats import ortho_group, spearmanr

from core.disagreement.cka_rsa import (
    centered,
    cka,
    hsic,
    linkage_order,
    pair_cosines,
    pairs_without_parts,
    rsa,
    sampled_pairs,
    sampled_rows,
)
from core.stats.resampling import jackknife, random_parts
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


def whole_cka(first, second):
    return float(cka(hsic(first, second), hsic(first, first), hsic(second, second))[0])


def test_hsic_is_that_of_whole_kernels(random_rows):
    first, second = random_rows
    second = second + first[:, :17]
    features = [centered(rows, np.arange(300)) for rows in (first, second)]
    assert hsic(*features) == pytest.approx(plain_hsic(first, second), rel=1e-4)
    expected = plain_hsic(first, second) / np.sqrt(plain_hsic(first, first) * plain_hsic(second, second))
    assert whole_cka(*features) == pytest.approx(expected, rel=1e-4)


def test_parts_are_left_out_as_if_they_had_never_been(random_rows):
    first, second = (centered(rows, np.arange(100)) + 0.1 for rows in random_rows)
    part = np.arange(100) % 7
    found = hsic(first, second, part)
    assert found[0] == pytest.approx(plain_hsic(first, second), rel=1e-4)
    for each in range(7):
        assert found[1 + each] == pytest.approx(plain_hsic(first[part != each], second[part != each]), rel=1e-4)
    left, right = sampled_pairs(np.arange(100), max_pairs=2_000)
    cosines = [np.round(pair_cosines(rows, left, right), 2) for rows in random_rows]  # with ties
    found = rsa(*cosines, pairs_without_parts(np.column_stack([part[left], part[right]])))
    for each in range(7):
        keep = (part[left] != each) & (part[right] != each)
        assert found[1 + each] == pytest.approx(spearmanr(*(values[keep] for values in cosines)).statistic)


def test_intervals_of_cka_and_rsa_cover():
    """200 samples of 60 texts; the truth by a large sample."""
    generator = np.random.default_rng(5)
    mix = generator.normal(size=(12, 9))

    def drawn(texts):
        rows = generator.normal(size=(texts, 12)) * np.linspace(2, 0.3, 12)
        return unit_rows(rows), unit_rows(rows @ mix + generator.normal(size=(texts, 9)) * 2)

    def told(rows, parts):
        part = random_parts(len(rows[0])) if parts else None
        one, other = (centered(row, np.arange(len(row))) for row in rows)
        found = cka(*(hsic(*pair, part) for pair in ((one, other), (one, one), (other, other))))
        pairs = sampled_pairs(np.arange(len(one)))
        cosines = [pair_cosines(row, *pairs) for row in rows]
        return found, rsa(*cosines, None if part is None else pairs_without_parts(part[np.column_stack(pairs)]))

    truth = [float(each[0]) for each in told(drawn(4_000), False)]
    inside = np.zeros(2)
    for _ in range(200):
        for at, values in enumerate(told(drawn(60), True)):
            found = jackknife(float(values[0]), values[1:21], values[21:] if at else None)
            inside[at] += found.low <= truth[at] <= found.high
    assert (np.abs(inside / 200 - 0.95) <= 0.045).all(), inside / 200


def test_the_chance_of_drawn_pairs_counts_once():
    """Of many texts few pairs are drawn: their chance is nearly all there is, and known from theory."""
    generator, spread = np.random.default_rng(6), []
    for _ in range(40):
        left, right = sampled_pairs(np.arange(2_000), 400)
        first = generator.normal(size=400)
        second = 0.5 * first + generator.normal(size=400)
        values = rsa(first, second, pairs_without_parts(random_parts(2_000)[np.column_stack([left, right])]))
        found = jackknife(float(values[0]), values[1:21], values[21:])
        spread.append((found.high - found.low) / 2 / 2.093)  # t of 19 degrees of freedom
    rho = 6 / np.pi * np.arcsin(0.5 / np.sqrt(1.25) / 2)
    assert np.mean(spread) == pytest.approx(np.sqrt((1 + rho**2 / 2) / 400) * (1 - rho**2), rel=0.15)


def test_the_same_space_turned_has_a_cka_of_one(random_rows):
    rows = centered(random_rows[0], np.arange(300))
    turned = (rows @ ortho_group.rvs(24, random_state=1) * 3).astype(np.float32)
    assert whole_cka(rows, rows) == pytest.approx(1, abs=1e-6)
    assert whole_cka(rows, turned) == pytest.approx(1, abs=1e-5)


def test_random_vectors_have_none_in_common_even_in_many_dimensions():
    """With more dimensions than rows the biased CKA would come near 1."""
    generator = np.random.default_rng(0)
    rows = [centered(unit_rows(generator.normal(size=(60, 400))), np.arange(60)) for _ in range(2)]
    assert abs(whole_cka(*rows)) < 0.1
    grams = [row @ row.T for row in rows]
    biased = np.vdot(*grams) / (np.linalg.norm(grams[0]) * np.linalg.norm(grams[1]))
    assert biased > 0.5


def test_equal_rows_have_no_cka():
    assert np.isnan(whole_cka(np.zeros((9, 2), np.float32), np.zeros((9, 2), np.float32)))


def test_rsa_is_spearmans_over_the_pairs(random_rows):
    left, right = sampled_pairs(np.arange(300), max_pairs=2_000)
    assert (left != right).all()
    first, second = (pair_cosines(rows, left, right) for rows in random_rows)
    assert first[7] == pytest.approx(float(random_rows[0][left[7]] @ random_rows[0][right[7]]), abs=1e-6)
    assert rsa(first, second) == pytest.approx(spearmanr(first, second).statistic)
    assert rsa(first, first) == pytest.approx(1)
    assert np.isnan(rsa(first, np.ones_like(first))).all()
    assert np.isnan(rsa(first[:0], first[:0])).all()
    whole = sampled_pairs(np.arange(5))
    assert len(whole[0]) == 10


def test_a_text_is_sampled_once_by_its_first_row():
    texts = np.array([0, 1, 0, 2, 1])
    assert sampled_rows(texts).tolist() == [0, 1, 3]
    assert len(sampled_rows(np.arange(100), max_rows=10)) == 10


def test_what_is_alike_stands_together():
    values = np.eye(5)
    for i, j, value in ((0, 3, 0.9), (1, 4, 0.8), (0, 1, 0.1), (2, 3, 0.5)):
        values[i, j] = values[j, i] = value
    order = linkage_order(values)
    assert sorted(order) == list(range(5))
    assert abs(order.index(0) - order.index(3)) == 1
    assert abs(order.index(1) - order.index(4)) == 1
    assert linkage_order(np.eye(2)) == [0, 1]
