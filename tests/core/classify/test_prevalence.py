"""Corrected shares cover the truth where naive ones do not."""

import numpy as np
import pandas as pd
import pytest

from core import classify
from core.classify.shares import estimate_shares
from core.errors import InputError
from core.stats.proportions import paired_difference
from core.types import Vectors
from tests.core.classify.conftest import make_vectors

SIMULATIONS = 300


def biased(rng, shares, rows):
    """True classes of a corpus, and predictions that take a third of the first class for the second."""
    truth = rng.choice(len(shares), rows, p=shares)
    wrong = (truth == 0) & (rng.random(rows) < 0.35) | (rng.random(rows) < 0.08)
    return truth, np.where(wrong, (truth + 1) % len(shares), truth)


@pytest.mark.parametrize("audited", [100, 400])
def test_the_interval_covers_the_share_of_the_corpus_and_the_naive_share_does_not(audited):
    rng, classes, rows = np.random.default_rng(audited), np.eye(3, dtype=bool), 3_000
    covered, widths, shares = [], [], (0.5, 0.3, 0.2)
    for _ in range(SIMULATIONS):
        truth, guess = biased(rng, shares, rows)
        ids = rng.choice(rows, audited, replace=False)
        whole, naive = np.bincount(truth, minlength=3) / rows, np.bincount(guess, minlength=3) / rows
        more = (classes[truth[ids]] & ~classes[guess[ids]]).sum(axis=0)
        fewer = (~classes[truth[ids]] & classes[guess[ids]]).sum(axis=0)
        _, low, high = paired_difference(more, fewer, np.full(3, audited), rows)
        covered.append((naive + low <= whole) & (whole <= naive + high))
        widths.append(high - low)
        assert abs(naive[0] - whole[0]) > 0.1
    assert 0.93 <= np.mean(covered) <= 0.97
    # narrower than the audited labels alone would be
    assert np.mean(widths, axis=0)[0] < 2 * 1.96 * np.sqrt(0.25 / audited)


def test_shares_of_a_class_and_their_parts():
    rng, classes = np.random.default_rng(0), np.eye(3, dtype=bool)
    truth, guess = biased(rng, (0.5, 0.3, 0.2), 3_000)
    ids = rng.choice(3_000, 300, replace=False)
    naive = np.bincount(guess, minlength=3) / 3_000
    result = estimate_shares(("a", "b", "c"), naive, classes[guess[ids]], classes[truth[ids]], 3_000)
    # prediction-powered: the mean prediction and the mean of label minus prediction
    expected = naive + (classes[truth[ids]].astype(float) - classes[guess[ids]]).mean(axis=0)
    np.testing.assert_allclose(result.share, expected)
    assert result.share.sum() == pytest.approx(1)
    sensitivity = (guess[ids] == 0)[truth[ids] == 0].mean()
    specificity = (guess[ids] != 0)[truth[ids] != 0].mean()
    gladen = (naive[0] + specificity - 1) / (sensitivity + specificity - 1)
    assert result.rogan_gladen["a"] == pytest.approx(gladen)
    whole = np.bincount(truth, minlength=3) / 3_000
    for low, high in ((result.low, result.high), (result.rogan_gladen_low, result.rogan_gladen_high)):
        assert ((low <= whole) & (whole <= high)).all()
    assert (result.high - result.low)["a"] < (result.audit_high - result.audit_low)["a"]


def test_a_whole_audit_has_no_error_and_a_perfect_classifier_some():
    labels = np.eye(2, dtype=bool)[np.arange(40) % 2]
    whole = estimate_shares(("a", "b"), np.array([0.9, 0.1]), np.eye(2, dtype=bool)[np.zeros(40, int)], labels, 40)
    assert whole.low["a"] == whole.high["a"] == whole.share["a"] == 0.5
    perfect = estimate_shares(("a", "b"), np.array([0.5, 0.5]), labels, labels, 4_000)
    assert perfect.low["a"] < 0.45
    assert perfect.high["a"] > 0.55


@pytest.fixture(scope="module")
def noisy():
    vectors, labels = make_vectors(2_000, noise=1.4, seed=2)
    return vectors, labels, classify.train(vectors, labels, np.arange(200), value=3.0)


def test_a_filter_and_new_classes_are_estimated(noisy):
    vectors, labels, model = noisy
    labels = labels.copy()
    labels[1_000::20] = "new"
    ids = np.random.default_rng(1).choice(np.arange(200, 2_000), 500, replace=False)
    shares = classify.prevalence(model, vectors, audited=ids, truth=labels[ids])
    assert list(shares.share.index) == [*model.classes, "new"]
    assert shares.low["new"] <= (labels == "new").mean() <= shares.high["new"]
    assert shares.naive["new"] == 0
    assert shares.rows == 2_000
    assert shares.audited == 500
    assert shares.naive.sum() == pytest.approx(1)
    assert shares.share.sum() == pytest.approx(1)
    late = np.arange(1_000, 2_000)
    part = classify.prevalence(model, vectors, ids, labels[ids], rows=late)
    assert part.audited == np.isin(ids, late).sum()
    assert part.low["new"] <= (labels[late] == "new").mean() <= part.high["new"]


def test_audits_that_are_too_small_or_do_not_fit_are_refused(noisy):
    vectors, labels, model = noisy
    for ids, truth, message in (
        (np.arange(300, 301), labels[300:301], "1 of these rows are audited"),
        (np.zeros(50, int), ["billing"] * 50, "1 of these rows"),
        (np.arange(300, 350), labels[:40], "50 audited rows and 40 labels"),
        (np.arange(300, 350), [None] * 50, "0 of these rows"),
    ):
        with pytest.raises(InputError, match=message):
            classify.prevalence(model, vectors, ids, truth)
    numbers = classify.train(vectors, pd.Series(np.arange(2_000.0)), kind="ridge", value=1.0)
    with pytest.raises(InputError, match="Shares are of classes"):
        classify.prevalence(numbers, Vectors(vectors.rows, vectors.model, ""), [0], ["a"])
