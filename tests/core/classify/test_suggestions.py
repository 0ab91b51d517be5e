"""What is labeled next, when to stop, and whether annotators agree."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score

from core import classify
from core.classify.suggestions import margins
from core.errors import InputError
from core.types import ModelSpec, Vectors, unit_rows
from tests.core.classify.conftest import make_vectors


def test_margins_and_classes_rank_rows():
    vectors, _ = make_vectors(40)
    probabilities = np.full((40, 3), 0.1)
    probabilities[:, 0] = np.linspace(0.4, 0.8, 40)
    probabilities[:, 1] = 0.9 - probabilities[:, 0]
    np.testing.assert_allclose(margins(probabilities)[0], 0.1)
    order = classify.suggest("margin", vectors, [0, 1], 40, probabilities=probabilities)
    assert len(order) == 38
    assert not {0, 1} & set(order)
    assert (np.diff(margins(probabilities)[order]) >= 0).all()
    assert classify.suggest("class", vectors, [39], 2, probabilities=probabilities, like=0).tolist() == [38, 37]


def test_copies_of_texts_are_suggested_once():
    rows = np.repeat(make_vectors(10)[0].rows, 3, axis=0)
    vectors = Vectors(rows, ModelSpec("imported", "m"), "")
    suggested = classify.suggest("random", vectors, [0], 30, seed=1)
    assert sorted(row // 3 for row in suggested) == list(range(1, 10))
    assert classify.suggest("random", vectors, [0], 4, seed=1).tolist() == suggested[:4].tolist()
    assert set(classify.suggest("random", vectors, [0], 30, candidates=np.arange(9))) <= set(range(3, 9))


def test_diversity_is_the_greedy_k_center():
    vectors, _ = make_vectors(60, noise=0.3)
    suggested = classify.suggest("diversity", vectors, [5], 6)
    cosines, centers = vectors.rows @ vectors.rows.T, [5]
    for row in suggested:
        nearest = cosines[:, centers].max(axis=1)
        nearest[centers] = 2
        assert nearest[row] == pytest.approx(nearest.min(), abs=1e-5)
        centers.append(row)
    # the three other classes come first
    assert {int(row) % 4 for row in suggested[:3]} == {0, 2, 3}
    assert len(classify.suggest("diversity", vectors, [], 3)) == 3


def test_clusters_are_labeled_in_proportion():
    vectors, _ = make_vectors(60, noise=0.3)
    clusters = np.arange(60) % 4
    clusters[:4] = -1
    suggested = classify.suggest("clusters", vectors, [4], 7, clusters=clusters)
    assert np.bincount(clusters[[4, *suggested]]).tolist() == [2, 2, 2, 2]
    everything = classify.suggest("clusters", vectors, [], 60, clusters=clusters)
    assert sorted(everything) == list(range(60))
    assert sorted(everything[-4:]) == [0, 1, 2, 3]


def test_what_a_strategy_lacks_is_named():
    vectors, _ = make_vectors(20)
    for strategy, message in (
        ("margin", "needs a classifier"),
        ("clusters", "needs clusters"),
        ("luck", "no strategy"),
    ):
        with pytest.raises(InputError, match=message):
            classify.suggest(strategy, vectors, [0])
    with pytest.raises(InputError, match="No class was selected"):
        classify.suggest("class", vectors, [0], probabilities=np.ones((20, 2)) / 2)


def test_margin_sampling_learns_sooner_and_the_criteria_stop_it():
    """Six classes of very different sizes: random rows seldom are of the rare ones."""
    rng = np.random.default_rng(0)
    codes = rng.choice(6, 900, p=[0.5, 0.3, 0.08, 0.05, 0.04, 0.03])
    centers = rng.normal(size=(6, 24))
    vectors = Vectors(unit_rows(centers[codes] + 0.9 * rng.normal(size=(900, 24))), ModelSpec("imported", "m"), "")
    labels, pool, test = pd.Series(codes.astype(str)), np.arange(600), np.arange(600, 900)
    needed: dict[str, list[int]] = {"margin": [], "random": []}
    for seed in range(2):
        for strategy, sizes in needed.items():
            labeled, history, stopped = np.random.default_rng(seed).choice(pool, 20, replace=False), [], None
            for _ in range(20):
                model = classify.train(vectors, labels, labeled, value=10.0)
                guess, probabilities = model.predict(vectors.rows)
                history.append((len(labeled), guess, f1_score(labels[test], guess[test], average="macro")))
                unlabeled = np.setdiff1d(pool, labeled)
                advice = classify.stopping_advice([each[1] for each in history], probabilities[unlabeled])
                if strategy == "margin" and stopped is None and advice[0].stop:
                    stopped = len(history) - 1
                more = classify.suggest(
                    strategy,
                    vectors,
                    labeled,
                    10,
                    probabilities=probabilities,
                    candidates=pool,
                    seed=seed + len(labeled),
                )
                labeled = np.append(labeled, more)
            scores = np.array([each[2] for each in history])
            reached = scores >= 0.9
            sizes.append(history[int(np.argmax(reached))][0] if reached.any() else 250)
            if strategy == "margin":
                assert stopped is not None
                assert history[stopped][0] < 0.6 * len(pool)
                assert scores[stopped] > scores[-1] - 0.03
    assert np.mean(needed["margin"]) < 0.7 * np.mean(needed["random"])


def test_stopping_criteria_say_why():
    same = [np.array(["a", "b"] * 50)] * 4
    sure = np.tile([0.999, 0.001], (20, 1))
    change, uncertainty = classify.stopping_advice(same, sure)
    assert change.stop
    assert change.value == 1.0
    assert "hardly change" in change.reason
    assert uncertainty.stop
    assert "20 unlabeled rows is 1.1%" in uncertainty.reason
    other = [*same[:3], np.array(["a", "a", "b", "b"] * 25)]
    change, uncertainty = classify.stopping_advice(other, np.full((20, 2), 0.5))
    assert not change.stop
    assert "still change" in change.reason
    assert not uncertainty.stop
    assert uncertainty.value == pytest.approx(1)
    assert not classify.stopping_advice(same[:2], sure)[0].stop


def test_annotators_are_compared_on_the_rows_they_share():
    rows = [(row, "Ana", "yes" if row % 2 else "no") for row in range(20)]
    rows += [(row, "Ben", "yes" if row % 2 or row == 4 else "no") for row in range(10)]
    rows += [(0, "Ana", "no"), (30, "Ben", "no")]
    result = classify.annotator_agreement(pd.DataFrame(rows, columns=["row", "annotator", "label"]))
    ((one, other, shared, kappa),) = result.kappa
    assert (one, other, shared, result.rows) == ("Ana", "Ben", 10, 10)
    assert kappa.value == pytest.approx(0.8)
    assert result.disagreements.to_dict("records") == [{"row": 4, "Ana": "no", "Ben": "yes"}]
    with pytest.raises(InputError, match="two annotators"):
        classify.annotator_agreement(pd.DataFrame([(0, "Ana", "no")], columns=["row", "annotator", "label"]))
