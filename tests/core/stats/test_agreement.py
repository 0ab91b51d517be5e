"""Kappa equals scikit-learn's, alpha the published example's, and both are 0 at chance."""

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from core.stats.agreement import cohen_kappa, krippendorff_alpha, weighted_kappa


def test_weighted_kappa_is_scikit_learn_s():
    rng = np.random.default_rng(1)
    one = rng.integers(0, 3, 60)
    other = np.where(rng.random(60) < 0.6, one, rng.integers(0, 3, 60))
    value, low, high = weighted_kappa(one, other, 3)
    assert value == pytest.approx(cohen_kappa_score(one, other, weights="quadratic"))
    assert low < value < high
    assert weighted_kappa(one, one, 3).value == 1
    assert np.isnan(weighted_kappa(one * 0, one * 0, 3).value)
    assert np.isnan(weighted_kappa(one[:0], one[:0], 3).value)


def test_kappa_is_scikit_learn_s():
    rng = np.random.default_rng(0)
    one = rng.integers(0, 4, 200)
    other = np.where(rng.random(200) < 0.7, one, rng.integers(0, 4, 200))
    value, low, high = cohen_kappa(one, other)
    assert value == pytest.approx(cohen_kappa_score(one, other))
    assert low < value < high
    assert cohen_kappa(one, one).value == 1.0
    assert np.isnan(cohen_kappa(np.zeros(5, int), np.zeros(5, int)).value)


def test_alpha_is_that_of_krippendorff_s_example():
    # nominal data: 0.743 (Krippendorff, 2011, "Computing Krippendorff's alpha-reliability")
    ratings = np.array(
        [
            [1, 2, 3, 3, 2, 1, 4, 1, 2, 0, 0, 0],
            [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, 0, 3],
            [0, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, 0],
            [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, 0],
        ]
    )
    value, low, high = krippendorff_alpha(ratings - 1)
    assert value == pytest.approx(0.743, abs=5e-4)
    assert low < value < high


def test_alpha_of_random_ratings_is_about_zero_and_of_equal_ones_one():
    rng = np.random.default_rng(1)
    assert krippendorff_alpha(rng.integers(0, 3, (3, 500))).value == pytest.approx(0, abs=0.05)
    assert krippendorff_alpha(np.tile(rng.integers(0, 3, 50), (3, 1))).value == 1.0
    assert np.isnan(krippendorff_alpha(np.array([[0, -1], [-1, 1]])).value)
