"""Figures equal scikit-learn's, intervals cover, copies do not narrow them, and chance is called chance."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    cohen_kappa_score,
    confusion_matrix,
    f1_score,
    log_loss,
    mean_absolute_error,
    multilabel_confusion_matrix,
    precision_recall_fscore_support,
    r2_score,
    roc_auc_score,
    roc_curve,
)

from core import classify
from core.classify import calibration
from core.classify.experiments import LearningCurve
from core.errors import InputError
from core.stats.interval import Interval
from core.types import Vectors
from tests.core.classify.conftest import make_vectors


@pytest.fixture(scope="module")
def noisy():
    """(vectors, labels, model, report) of 300 test rows; two of them have a class that was not in training."""
    vectors, labels = make_vectors(700, noise=1.5, seed=3)
    labels = labels.copy()
    labels[[650, 660]], labels[670] = "new", None
    model = classify.train(vectors, labels, np.arange(400), value=3.0)
    return vectors, labels, model, classify.evaluate(model, vectors, labels, np.arange(400, 700))


def test_figures_are_scikit_learn_s(noisy):
    vectors, labels, model, report = noisy
    rows = np.setdiff1d(np.arange(400, 700), [670])
    assert report.missing == 1
    assert report.rows.tolist() == rows.tolist()
    truth, guess = labels[rows].to_numpy(), model.predict(vectors.rows[rows])[0]
    assert report.classes == ("billing", "delivery", "praise", "returns", "new")
    names = list(report.classes)
    np.testing.assert_array_equal(report.confusion, confusion_matrix(truth, guess, labels=names))
    assert report.accuracy == pytest.approx((truth == guess).mean())
    for name in ("macro", "micro", "weighted"):
        expected = f1_score(truth, guess, average=name, zero_division=0)
        assert getattr(report, f"{name}_f1") == pytest.approx(expected)
    expected = precision_recall_fscore_support(truth, guess, labels=names, zero_division=0)
    for name, values in zip(("precision", "recall", "f1", "support"), expected, strict=True):
        np.testing.assert_allclose(report.per_class[name].fillna(0), values)
    assert report.intervals["kappa"].value == pytest.approx(cohen_kappa_score(truth, guess))
    for value, low, high in report.intervals.values():
        assert low < value < high
    table = report.per_class.dropna()
    for name in ("precision", "recall", "f1"):
        assert (table[f"{name}_low"] <= table[name]).all()
        assert (table[name] <= table[f"{name}_high"]).all()


def test_cells_list_their_rows_and_errors_come_most_confident_first(noisy):
    _, labels, _, report = noisy
    cell = report.cell_rows("praise", "billing")
    assert len(cell) == report.confusion[2, 0] > 0
    assert set(labels[cell]) == {"praise"}
    errors = report.confident_errors(10)
    assert (errors["label"] != errors["predicted"]).all()
    assert errors["confidence"].is_monotonic_decreasing
    assert errors["label"].tolist() == labels[errors["row"]].tolist()


def test_intervals_cover_the_accuracy_of_more_rows():
    vectors, labels = make_vectors(6_000, noise=1.5, seed=5)
    model = classify.train(vectors, labels, np.arange(300), value=3.0)
    guess = model.predict(vectors.rows)[0]
    goal = {
        "accuracy": (guess[300:] == labels[300:]).mean(),
        "macro_f1": f1_score(labels[300:], guess[300:], average="macro"),
    }
    inside = {name: 0 for name in goal}
    for start in range(300, 6_000, 114):
        report = classify.evaluate(model, vectors, labels, np.arange(start, start + 114))
        for name, value in goal.items():
            inside[name] += report.intervals[name].low <= value <= report.intervals[name].high
    assert all(0.88 <= count / 50 <= 1 for count in inside.values())


def test_copies_of_texts_widen_intervals(noisy):
    vectors, labels, model, report = noisy
    rows = np.tile(np.arange(400, 700), 4)
    copied = Vectors(vectors.rows[rows], vectors.model, "")
    more = classify.evaluate(model, copied, labels[rows])
    assert more.accuracy == pytest.approx(report.accuracy)
    assert more.intervals["macro_f1"].high == pytest.approx(report.intervals["macro_f1"].high, abs=0.01)
    assert more.per_class["recall_low"]["praise"] == pytest.approx(report.per_class["recall_low"]["praise"], abs=1e-6)


def test_shuffled_labels_are_said_to_be_no_better_than_chance(data, halves):
    vectors, labels = data
    shuffled = pd.Series(np.random.default_rng(0).permutation(labels))
    report = classify.evaluate(classify.train(vectors, shuffled, halves[0]), vectors, shuffled, halves[1])
    assert not report.is_above_chance
    assert "no better than chance" in report.summary()
    assert report.chance == pytest.approx(0.25, abs=0.03)
    right = classify.evaluate(classify.train(vectors, labels, halves[0]), vectors, labels, halves[1])
    assert right.is_above_chance
    assert "no better" not in right.summary()


def test_sets_of_labels_are_evaluated_as_scikit_learn_does():
    vectors, labels = make_vectors(600, noise=1.2)
    rng = np.random.default_rng(1)
    lists = pd.Series([[name, *(["urgent"] if rng.random() < 0.3 else [])] for name in labels], dtype=object)
    model = classify.train(vectors, lists, np.arange(400))
    report = classify.evaluate(model, vectors, lists, np.arange(400, 600))
    truth = np.array([[name in cell for name in model.classes] for cell in lists[400:]])
    guess = model.predict(vectors.rows[400:])[1] >= 0.5
    for name in ("macro", "micro", "weighted"):
        expected = f1_score(truth, guess, average=name, zero_division=0)
        assert getattr(report, f"{name}_f1") == pytest.approx(expected, abs=1e-6)
    np.testing.assert_array_equal(report.confusion, multilabel_confusion_matrix(truth, guess))
    assert report.accuracy == pytest.approx((truth == guess).all(axis=1).mean())
    assert report.is_above_chance
    assert report.summary().startswith("Micro F1")


def test_numbers_are_compared_with_the_median(data):
    vectors, _ = data
    rng = np.random.default_rng(0)
    numbers = vectors.rows @ rng.normal(size=12) + rng.normal(0, 0.3, 400) + 1_000
    model = classify.train(vectors, numbers, np.arange(300), "ridge")
    report = classify.evaluate(model, vectors, numbers, np.arange(300, 400))
    truth, guess = numbers[300:], model.predict(vectors.rows[300:])[0]
    assert report.mae == pytest.approx(mean_absolute_error(truth, guess), abs=1e-4)
    assert report.r2 == pytest.approx(r2_score(truth, guess), abs=1e-3)
    assert report.median_mae == pytest.approx(np.abs(truth - np.median(truth)).mean())
    assert all(low < value < high for value, low, high in report.intervals.values())
    assert report.mae < report.median_mae


def test_curves_and_areas_are_scikit_learn_s(noisy):
    report = noisy[3]
    scores, positive = report.probabilities[:, 1].round(2), report.truth == 1  # rounded: with ties
    roc, curve = classify.roc(scores, positive), classify.precision_recall(scores, positive)
    assert roc.area.value == pytest.approx(roc_auc_score(positive, scores))
    assert curve.area.value == pytest.approx(average_precision_score(positive, scores))
    assert curve.chance == pytest.approx(positive.mean())
    false, true, _ = roc_curve(positive, scores, drop_intermediate=False)
    np.testing.assert_allclose(roc.x, false)
    np.testing.assert_allclose(roc.y, true)
    for area in (roc.area, curve.area):
        assert area.low < area.value < area.high
    assert np.isnan(classify.roc(scores, np.zeros(len(scores), bool)).area.value)


def test_calibration_is_scikit_learn_s_and_temperature_scaling_helps(noisy):
    vectors, labels, model, _ = noisy
    rows = np.flatnonzero(labels.isin(model.classes))[395:]
    report = classify.evaluate(model, vectors, labels, rows)
    result = classify.reliability(report.probabilities, report.truth, report.units)
    assert result.brier.value == pytest.approx(
        brier_score_loss(labels[rows], report.probabilities, labels=model.classes)
    )
    gaps = np.abs(result.accuracy.value - result.confidence) * result.counts
    assert result.error.value == pytest.approx(gaps.sum() / len(rows), abs=1e-6)
    scores = model.scores(vectors.rows[rows])
    assert calibration.log_loss(scores, report.truth) == pytest.approx(
        log_loss(report.truth, calibration.softmax(scores)), abs=1e-6
    )
    sharp = 5 * scores  # overconfident
    assert calibration.improves(sharp, report.truth)
    assert calibration.fit_temperature(sharp, report.truth) == pytest.approx(
        5 * calibration.fit_temperature(scores, report.truth), rel=1e-2
    )
    perfect = np.random.default_rng(0)
    p = perfect.dirichlet(np.ones(3), 4_000)
    truth = (perfect.random(4_000)[:, None] > p.cumsum(axis=1)).sum(axis=1)
    assert not calibration.improves(np.log(p), truth)
    assert classify.reliability(p, truth).error.value < 0.03


def test_contenders_are_compared_by_the_statistics_of_the_scoreboard(data, halves):
    vectors, labels = data
    rng = np.random.default_rng(0)
    worse = Vectors(make_vectors(noise=3.0, seed=9)[0].rows.copy(), vectors.model, "")
    models = {"good": vectors, "worse": worse, "same": vectors}
    reports = {
        name: classify.evaluate(classify.train(rows, labels, halves[0], value=3.0), rows, labels, halves[1])
        for name, rows in models.items()
    }
    for figure in ("macro_f1", "accuracy"):
        contest = classify.compare(reports, figure)
        assert contest.is_significant("good", "worse")
        assert not contest.is_significant("same", "good")
        assert contest.tied_best() == ["good", "same"]
        assert contest.evidence.scores.value[0] == pytest.approx(getattr(reports["good"], figure))
    other = classify.evaluate(
        classify.train(vectors, labels, halves[0]), vectors, labels, rng.permutation(halves[1])[:50]
    )
    with pytest.raises(InputError, match="same rows"):
        classify.compare({"one": reports["good"], "other": other})


def test_baselines_know_words_and_frequencies():
    texts = [f"the {word} {row} is late" for row in range(40) for word in ("parcel", "lamp", "parcel")]
    labels = ["post", "light", "post"] * 40
    train, test = np.arange(90), np.arange(90, 120)
    reports = classify.baselines(texts, labels, train, test)
    assert reports["lexical"].accuracy == 1.0
    assert reports["most frequent class"].accuracy == pytest.approx(2 / 3)


def test_the_learning_curve_rises_and_says_what_labels_are_worth(data, halves):
    vectors, labels = data
    curve = classify.learning_curve(vectors, labels, *halves, sizes=(8, 20, 60, 300), value=3.0)
    assert curve.sizes.tolist() == [8, 20, 60, 300]
    assert curve.score.value[0] < curve.score.value[-1]
    assert (curve.score.low <= curve.score.value).all()
    assert (curve.score.value <= curve.score.high).all()
    whole = classify.evaluate(classify.train(vectors, labels, halves[0], value=3.0), vectors, labels, halves[1])
    assert curve.score.value[-1] == pytest.approx(whole.macro_f1)
    assert 0 <= curve.next_gain.low <= curve.next_gain.value <= curve.next_gain.high < 0.05
    needed = curve.labels_needed(curve.score.value[1:3].mean())
    assert 20 < needed.value < 60
    assert needed.low <= needed.value <= needed.high
    assert curve.labels_needed(1.1).value == np.inf


def test_the_gain_of_a_known_power_law_is_recovered():
    from core.classify.experiments import _next_gain

    sizes = np.array([50, 100, 200, 400, 800])
    scores = 0.9 - 2.0 * sizes**-0.5
    gain = _next_gain(sizes, scores, np.tile(scores, (3, 1)), 800)
    assert gain.value == pytest.approx(2 * (800**-0.5 - 900**-0.5), rel=1e-3)
    curve = LearningCurve(sizes, Interval(scores, scores, scores), np.tile(scores, (3, 1)), gain, 3)
    assert curve.labels_needed(0.8).value == pytest.approx(400)
