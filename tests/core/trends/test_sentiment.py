"""Sentiment: directions, thresholds, cross-validated accuracy."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, f1_score

from core.errors import InputError
from core.trends.sentiment import (
    UNKNOWN,
    anchor_scores,
    classify_by_band,
    classify_by_fitted_thresholds,
    classify_by_training,
    evaluate,
    folds,
    from_ratings,
    from_values,
    guess_mapping,
    macro_f1,
    rating_thresholds,
)
from core.types import unit_rows


def test_low_ratings_are_negative():
    codes = from_ratings(pd.Series([1, 2, 3, 4, 5, None]), 2, 4)
    assert codes.tolist() == [-1, -1, 0, 1, 1, UNKNOWN]
    with pytest.raises(InputError, match="threshold"):
        from_ratings(pd.Series([1]), 4, 2)


@pytest.mark.parametrize(
    ("values", "cuts"),
    [
        ([1, 2, 3, 4, 5], (2, 4)),
        ([0, 100, 50], (25, 75)),
        ([-1, 0, 1], (-1, 1)),
        ([0, 1], (0.25, 0.75)),
        ([3, 3], (2, 4)),
    ],
)
def test_thresholds_fit_the_scale(values, cuts):
    assert rating_thresholds(pd.Series(values)) == pytest.approx(cuts)


def test_named_sentiments_are_known_and_can_be_mapped():
    assert guess_mapping(["Positive", "neg", "so-so", "中性"]) == {"Positive": 1, "neg": -1, "中性": 0}
    column = pd.Series(["Positive", "neg", "so-so", None, " neg "])
    assert from_values(column, {"Positive": 1, "neg": -1}).tolist() == [1, -1, UNKNOWN, UNKNOWN, -1]


def test_nearer_to_the_positive_anchors_is_higher():
    rows, positive, negative = np.eye(3, dtype=np.float32), np.eye(3)[[0]], np.eye(3)[[1]]
    scores = anchor_scores(rows, positive, negative)
    assert scores.tolist() == [1, -1, 0]
    assert classify_by_band(scores).tolist() == [1, -1, 0]


def labeled_rows(n=240, seed=0, signal=1.2):
    generator = np.random.default_rng(seed)
    labels = generator.integers(-1, 2, n).astype(np.int8)
    rows = generator.normal(size=(n, 12)) + signal * labels[:, None] * np.eye(12)[0] * 2
    return unit_rows(rows), labels


def test_training_reads_what_can_be_learned_and_fills_the_rest():
    rows, labels = labeled_rows()
    hidden = labels.copy()
    hidden[:60] = UNKNOWN
    predicted = classify_by_training(rows, hidden, np.arange(240))
    assert (predicted[:60] == labels[:60]).mean() > 0.6
    assert evaluate(hidden, predicted).accuracy > 0.6


def test_training_on_noise_does_no_better_than_chance():
    rows, labels = labeled_rows(signal=0.0)
    accuracy = evaluate(labels, classify_by_training(rows, labels, np.arange(240)))
    assert accuracy.low < max(accuracy.chance, 1 / 3) + 0.03
    # equal texts with equal labels would be known by heart, were they not kept together
    twice = np.vstack([rows[:120], rows[:120]])
    again = evaluate(
        np.tile(labels[:120], 2), classify_by_training(twice, np.tile(labels[:120], 2), np.tile(np.arange(120), 2))
    )
    assert again.accuracy < 0.5


def test_fitted_thresholds_are_evaluated_on_rows_they_did_not_see():
    generator = np.random.default_rng(4)
    labels = generator.integers(-1, 2, 300).astype(np.int8)
    scores = labels + 0.4 * generator.normal(size=300) + 5  # around 5, so that a band around 0 would say all positive
    predicted, cuts = classify_by_fitted_thresholds(scores, labels, np.arange(300))
    assert 4 < cuts[0] < 5 < cuts[1] < 6
    assert evaluate(labels, predicted).macro_f1 > 0.7


def test_folds_never_part_a_group():
    groups = np.arange(60) // 3
    for train, test in folds(np.tile([-1, 0, 1], 20), groups):
        assert not set(groups[train]) & set(groups[test])


def test_too_few_labels_are_refused():
    labels = np.array([1] * 50 + [-1] * 3, dtype=np.int8)
    with pytest.raises(InputError, match="too few labeled rows"):
        classify_by_training(np.eye(53, dtype=np.float32), labels, np.arange(53))


def test_accuracy_and_macro_f1_are_scikit_learns():
    generator = np.random.default_rng(1)
    labels = generator.choice([-1, 0, 1], 200, p=[0.2, 0.1, 0.7])
    predicted = np.where(generator.random(200) < 0.6, labels, generator.integers(-1, 2, 200))
    result = evaluate(labels, predicted)
    assert result.accuracy == pytest.approx(accuracy_score(labels, predicted))
    assert result.macro_f1 == pytest.approx(f1_score(labels, predicted, average="macro"))
    assert result.f1_low < result.macro_f1 < result.f1_high
    assert result.low < result.accuracy < result.high
    assert result.chance == pytest.approx((labels == 1).mean())
    assert sum(map(sum, result.table)) == result.n == 200


def test_macro_f1_is_over_the_classes_that_occur():
    labels, predicted = np.array([-1, -1, 1, 1]), np.array([-1, 1, 1, 1])
    table = np.zeros((3, 3))
    np.add.at(table, (labels + 1, predicted + 1), 1)
    assert macro_f1(table) == pytest.approx(f1_score(labels, predicted, average="macro"))


def test_nothing_in_common_can_not_be_measured():
    assert evaluate(np.array([UNKNOWN, 1]), np.array([1, UNKNOWN])) is None
