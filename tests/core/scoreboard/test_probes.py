"""Probes and k-means: against scikit-learn, with copies on one side, and in the right direction."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score, v_measure_score

from core.scoreboard import probes
from core.scoreboard.probes import (
    FOLDS,
    RUNS,
    SEEDS,
    cross_validated,
    few_shot,
    fitted,
    held_out,
    v_measure,
    v_measures,
    v_measures_of_sets,
)
from core.types import unit_rows


def made(n=240, noise=1.0, seed=0):
    rng = np.random.default_rng(seed)
    codes = np.arange(n, dtype=np.int32) % 4
    rows = unit_rows(rng.normal(size=(4, 8))[codes] + noise * rng.normal(size=(n, 8)))
    texts = np.arange(n)
    texts[1::12], rows[1::12], codes[1::12] = texts[::12], rows[::12], codes[::12]
    return rows, codes, texts


def test_the_probe_is_scikit_learn_s_and_never_saw_the_text():
    rows, codes, texts = made()
    found = cross_validated(rows, codes, texts)
    fold = probes.text_folds(codes, texts, 0)
    assert (fold[::12] == fold[1::12]).all()
    for number in range(FOLDS):
        train, test = fold != number, fold == number
        guess = LogisticRegression(max_iter=100).fit(rows[train], codes[train]).predict(rows[test])
        np.testing.assert_array_equal(found.right[test], guess == codes[test])
        assert found.accuracy[number] == pytest.approx(accuracy_score(codes[test], guess))
        assert found.macro_f1[number] == pytest.approx(f1_score(codes[test], guess, average="macro"))
    assert found.ratio == 0.25


def test_few_shots_are_eight_of_each_label_and_all_test_rows(monkeypatch):
    rows, codes, texts = made()
    seen = []

    def watched(points, labels):
        seen.append((points, labels))
        return fitted(points, labels)

    monkeypatch.setattr(probes, "fitted", watched)
    train, test = held_out(codes, texts, 0)
    found = few_shot(rows, codes, texts, train, test)
    assert len(seen) == RUNS == len(found.accuracy)
    assert all((np.bincount(labels) == 8).all() for _, labels in seen)
    assert len({points.tobytes() for points, _ in seen}) == RUNS
    points, labels = seen[3]
    guess = LogisticRegression(max_iter=100).fit(points, labels).predict(rows[test])
    assert found.accuracy[3] == pytest.approx(accuracy_score(codes[test], guess))
    assert found.macro_f1[3] == pytest.approx(f1_score(codes[test], guess, average="macro"))
    assert not set(texts[train]) & set(texts[test])
    assert found.resampled.mean(axis=0) == pytest.approx([found.accuracy.mean(), found.macro_f1.mean()], abs=0.02)


def test_a_label_with_few_texts_gives_what_it_has():
    codes = np.array([0] * 20 + [1] * 3)
    chosen = probes._first_per_label(np.random.default_rng(0).permutation(23), codes, 8)
    np.testing.assert_array_equal(np.bincount(codes[chosen]), [8, 3])


def test_more_shots_are_drawn_where_asked_for(monkeypatch):
    rows, codes, texts = made()
    seen = []
    monkeypatch.setattr(probes, "fitted", lambda points, labels: seen.append(labels) or fitted(points, labels))
    few_shot(rows, codes, texts, *held_out(codes, texts, 0), shots=16)
    assert all((np.bincount(labels) == 16).all() for labels in seen)


def test_noise_loses_in_every_probe():
    def scores(noise):
        rows, codes, texts = made(noise=noise)
        train, test = held_out(codes, texts, 0)
        shots = few_shot(rows, codes, texts, train, test).accuracy.mean()
        return cross_validated(rows, codes, texts).macro_f1.mean(), shots, v_measures(rows, codes, texts).v_measure

    for quiet, some, loud in zip(scores(0.2), scores(1.0), scores(4.0), strict=True):
        assert quiet > some > loud


def test_weighted_scores_are_those_of_repeated_rows():
    rng = np.random.default_rng(1)
    truth, guess, times = rng.integers(0, 5, 80), rng.integers(0, 5, 80), rng.integers(0, 4, 80)
    again = np.repeat(np.arange(80), times)
    expected = [accuracy_score(truth[again], guess[again]), f1_score(truth[again], guess[again], average="macro")]
    assert probes._weighted_scores(truth, guess, times.astype(float)) == pytest.approx(expected)
    assert v_measure(truth, guess) == pytest.approx(v_measure_score(truth, guess))
    assert v_measure(truth, guess, times) == pytest.approx(v_measure_score(truth[again], guess[again]))
    assert v_measure(np.zeros(5, int), np.zeros(5, int)) == 1


def test_v_measure_is_the_mean_of_seeds_with_chance_near_nothing():
    rows, codes, texts = made()
    found = v_measures(rows, codes, np.unique(texts, return_inverse=True)[1])
    assert len(found.seeds) == SEEDS
    assert found.v_measure == pytest.approx(found.seeds.mean())
    assert found.chance < 0.05 < found.v_measure
    assert 0 < found.resampled.std() < 0.2


def test_training_rows_are_those_that_mteb_draws(monkeypatch):
    rows, codes, texts = made()
    seen = []
    monkeypatch.setattr(probes, "fitted", lambda points, labels: seen.append(points) or fitted(points, labels))
    train, test = held_out(codes, texts, 0)
    few_shot(rows, codes, texts, train, test)
    places = np.arange(len(train))
    for points in seen:  # as MTEB: seeded anew for each run, on the order that the last one left
        np.random.RandomState(42).shuffle(places)
        drawn = [train[places[codes[train[places]] == label][:8]] for label in range(4)]
        np.testing.assert_array_equal(points, rows[np.concatenate(drawn)])


def test_sets_of_rows_are_clustered_by_themselves():
    rows, codes, texts = made()
    sets = np.arange(len(codes)) % 3  # the second lacks a label
    parts = [
        (rows[sets == i], *(np.unique(each[sets == i], return_inverse=True)[1] for each in (codes, texts)))
        for i in range(3)
    ]
    each = [v_measures(*part) for part in parts]
    found = v_measures_of_sets(rows, codes, texts, sets)
    assert found.v_measure == pytest.approx(np.mean([one.v_measure for one in each]))
    assert found.resampled.shape == each[0].resampled.shape
    whole = v_measures_of_sets(rows, codes, texts, np.zeros(len(codes), int))
    assert whole.v_measure == v_measures(rows, codes, np.unique(texts, return_inverse=True)[1]).v_measure
    flat = np.where(sets == 2, 0, codes)  # the third set is of one label
    alone = v_measures_of_sets(rows, flat, texts, sets)
    assert alone.v_measure == pytest.approx(np.mean([one.v_measure for one in each[:2]]))


@pytest.mark.parametrize("first", [300, 20])
def test_equal_vectors_are_no_better_than_chance_in_any_probe(first):
    """With labels of unequal size, of which the first may be the most or the least frequent."""
    codes = np.repeat(np.arange(2, dtype=np.int32), (first, 320 - first))
    rows, texts = np.tile(unit_rows(np.random.default_rng(0).normal(size=(1, 16))), (320, 1)), np.arange(320)
    shots = few_shot(rows, codes, texts, *held_out(codes, texts, 0))
    assert shots.accuracy.mean() == pytest.approx(0.5, abs=0.08)  # 640 guesses
    clusters = v_measures(rows, codes, texts)
    assert clusters.v_measure == pytest.approx(clusters.chance, abs=1e-6)
    assert cross_validated(rows, codes, texts).accuracy.mean() == pytest.approx(max(first, 320 - first) / 320, abs=0.01)
