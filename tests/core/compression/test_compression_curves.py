"""Intervals, the smallest size that is enough, the elbow, and quality by labels."""

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier

from core.compression.dimensions import Curve, elbow_size, seed_curve, size_curve, smallest_sufficient
from core.compression.sample import label_scores

SIZES = (8, 16, 32, 64, 128)


def curve(values, loss=None):
    values = tuple(values)
    return Curve("truncation", SIZES, values, values, values, tuple(loss or [value - values[-1] for value in values]))


def test_a_curve_of_queries_has_its_loss_paired():
    rng = np.random.default_rng(1)
    full = rng.uniform(size=300)
    made = size_curve("truncation", (8, 16), np.stack([full - 0.1, full]), full)
    assert made.loss_low == pytest.approx((-0.1, 0), abs=1e-6)
    assert made.low[1] < made.values[1] - 0.02  # the mean itself is far less sure than the loss


def test_the_band_of_seeds_runs_from_the_lowest_to_the_highest():
    values = np.array([[[0.2, 0.4], [0.6, 0.8]]])
    made = seed_curve("random", (8,), values, np.array([0.5, 0.6]))
    assert (made.low[0], made.values[0], made.high[0]) == pytest.approx((0.3, 0.5, 0.7))


def test_the_smallest_size_that_is_surely_enough():
    one = curve((0.5, 0.85, 0.89, 0.9, 0.91), loss=(-0.42, -0.07, -0.025, -0.015, 0.0))
    assert [smallest_sufficient(one, lost) for lost in (0.01, 0.02, 0.05, 0.1, 0.5)] == [128, 64, 32, 16, 8]


def test_a_lucky_small_size_is_not_enough_where_a_larger_one_is_not():
    one = curve((0.9, 0.7, 0.89, 0.9, 0.91), loss=(-0.01, -0.22, -0.015, -0.01, 0.0))
    assert smallest_sufficient(one, 0.02) == 32


def test_the_elbow_is_where_more_begins_to_pay_less():
    assert elbow_size(curve((0.1, 0.5, 0.85, 0.9, 0.92))) == 32
    assert elbow_size(curve((0.1, 0.3, 0.5, 0.7, 0.9))) is None
    assert elbow_size(curve((0.9, 0.9, 0.9, 0.9, 0.9))) is None


def test_votes_are_those_of_scikit_learn():
    rng = np.random.default_rng(4)
    points = rng.normal(size=(200, 3)) + np.repeat(np.arange(4), 50)[:, None] * 0.8
    codes = np.repeat(np.arange(4), 50)
    distance = np.linalg.norm(points[:, None] - points, axis=2)
    np.fill_diagonal(distance, np.inf)
    found = np.argsort(distance, axis=1)[:, :9]
    expected = [
        KNeighborsClassifier(9).fit(np.delete(points, row, 0), np.delete(codes, row)).predict(points[[row]])[0]
        for row in range(200)
    ]
    votes = np.sort([np.bincount(codes[near], minlength=4) for near in found], axis=1)
    clear = votes[:, -1] > votes[:, -2]  # where labels tie, theirs takes the first label
    scores = label_scores(codes, np.arange(200), found, "vote")
    np.testing.assert_array_equal(scores[clear], (np.array(expected) == codes)[clear])
    assert 0.3 < scores.mean() < 0.99


def test_measures_of_labels():
    codes = np.array([0, 1, 0, 1, -1, 0])
    queries, found = np.array([0]), np.array([[3, 2, 5, 4]])
    assert label_scores(codes, queries, found, "vote")[0] == 1
    assert label_scores(codes, queries, found, "share")[0] == 0.5
    assert label_scores(codes, queries, found, "first")[0] == 0
    tie = np.array([[3, 2, 4, -1]])
    assert label_scores(codes, queries, tie, "vote")[0] == 0  # one vote each: the nearest decides
    assert label_scores(codes, queries, np.array([[4, 4, -1, -1]]), "vote")[0] == 0
