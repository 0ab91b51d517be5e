"""Distributions of cosines and what separates them, against brute force and scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from core.errors import InputError
from core.quality.similarity import measure_similarity
from tests.core.quality.conftest import space_of


def all_cosines(space):
    rows = space.vectors[space.first].astype(np.float64)
    return rows @ rows.T


def test_separation_is_that_of_all_pairs(labeled):
    space, codes = labeled
    result = measure_similarity(space, codes)
    cosines = all_cosines(space)
    upper = np.triu_indices(400, 1)
    random, same = cosines[upper], (codes[:, None] == codes)[upper]
    first = np.sort(cosines - 3 * np.eye(400), axis=1)[:, -1]
    # random pairs hold same-label ones too: a same-label pair is held against any pair
    truth = np.concatenate([np.ones(same.sum()), np.zeros(len(random))])
    assert result.auc["label"].value == pytest.approx(
        roc_auc_score(truth, np.concatenate([random[same], random])), abs=0.01
    )
    truth = np.concatenate([np.ones(400), np.zeros(len(random))])
    assert result.auc["first"].value == pytest.approx(roc_auc_score(truth, np.concatenate([first, random])), abs=0.003)
    high = np.percentile(random, 95)
    assert result.threshold == pytest.approx(high, abs=0.01)
    assert result.above.value == pytest.approx(np.mean(random[same] > high), abs=0.02)
    assert result.medians["random"] == pytest.approx(np.median(random), abs=0.01)
    assert result.medians["first"] == pytest.approx(np.median(first), abs=1e-3)


def test_shares_lie_where_the_cosines_are(labeled):
    space, codes = labeled
    result = measure_similarity(space, codes)
    edges = np.linspace(-1, 1, 401)
    middles = (edges[1:] + edges[:-1]) / 2
    for kind, shares in result.cosine.items():
        assert shares.sum() == pytest.approx(1, abs=1e-5)
        at = middles[np.searchsorted(np.cumsum(shares), 0.5)]
        assert at == pytest.approx(result.medians[kind], abs=0.01)
        distance = np.linspace(0, 2, 401)[np.searchsorted(np.cumsum(result.euclidean[kind]), 0.5)]
        assert distance == pytest.approx(np.sqrt(2 - 2 * result.medians[kind]), abs=0.01)


def test_intervals_hold_the_value_and_narrow_with_more_texts():
    generator = np.random.default_rng(6)
    rows = generator.normal(size=(900, 10))
    rows[:, 0] += np.repeat([0, 2, 4], 300)
    codes = np.repeat([0, 1, 2], 300)
    mixed = generator.permutation(900)
    few = measure_similarity(space_of(rows[mixed[:90]]), codes[mixed[:90]]).auc["label"]
    many = measure_similarity(space_of(rows[mixed]), codes[mixed]).auc["label"]
    for item in (few, many):
        assert item.low < item.value < item.high
    assert many.high - many.low < (few.high - few.low) / 1.8


@pytest.mark.slow
def test_intervals_are_as_wide_as_samples_differ():
    generator = np.random.default_rng(11)
    codes, result = np.repeat([0, 1, 2], 25), []
    for _ in range(40):
        rows = generator.normal(size=(75, 6)) + 0.8 * np.eye(3, 6)[codes]
        result.append(measure_similarity(space_of(rows), codes).auc["label"])
    spread = np.std([item.value for item in result])
    assert np.mean([item.high - item.low for item in result]) / (2 * 1.96) == pytest.approx(spread, rel=0.3)


def test_labels_that_mean_nothing_are_at_chance(labeled):
    space, _ = labeled
    result = measure_similarity(space, np.random.default_rng(1).integers(5, size=400))
    assert result.auc["label"].value == pytest.approx(0.5, abs=0.02)
    assert result.above.value == pytest.approx(0.05, abs=0.015)
    assert result.above.low < 0.05 < result.above.high


def test_without_labels_there_is_no_such_kind(labeled):
    result = measure_similarity(labeled[0])
    assert "label" not in result.auc
    assert result.above is None
    assert set(result.cosine) == {"random", "first", "tenth"}


def test_three_texts_are_needed():
    result = measure_similarity(space_of(np.eye(3) + 0.1))
    assert result.pairs["random"] == 3
    assert "tenth" not in result.cosine
    with pytest.raises(InputError):
        measure_similarity(space_of(np.eye(2) + 0.1))
