"""Label errors: against cleanlab's results, by hand, and on the sample's planted wrong labels."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cleanlab.count import compute_confident_joint, get_confident_thresholds, num_label_issues
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores
from sklearn.metrics import roc_auc_score

from core.corpus.build import read_corpus
from core.corpus.label_columns import LabelColumn, candidate_label_columns, label_codes, read_labels
from core.corpus.texts import distinct_texts
from core.errors import InputError
from core.label_errors.label_errors import (
    class_thresholds,
    confident_class,
    estimate_wrong,
    find_label_errors,
    neighbor_votes,
    wrong_labels,
)
from core.models.registry import PRESETS, load_embedder
from core.types import ModelSpec, Vectors, unit_rows
from core.vectors.linear_probe import fit_probe, text_folds
from core.vectors.neighbors import build_neighbors

SAMPLES = Path(__file__).parents[3] / "samples"


def clusters(rows=240, kinds=3, dims=12, seed=0):
    """Unit vectors around a few directions, and which one each is of."""
    random = np.random.default_rng(seed)
    kind = np.arange(rows) % kinds
    return unit_rows(random.normal(0, 1, (kinds, dims))[kind] + random.normal(0, 0.45, (rows, dims))), kind


def graph_of(rows, k=30):
    return build_neighbors(Vectors(rows, ModelSpec("imported", "t"), "c"), k)


def labels_of(codes, names=("a", "b", "c")):
    return LabelColumn("kind", np.asarray(codes, np.int32), tuple(names), int((np.asarray(codes) < 0).sum()), ())


@pytest.fixture(scope="module")
def noisy():
    """Probabilities, current labels (a tenth wrong) and groups of a small noisy problem with five classes."""
    random = np.random.default_rng(1)
    true = random.integers(0, 5, 400)
    current = np.where(random.random(400) < 0.1, random.integers(0, 5, 400), true)
    # some classes are easier than others, so that a sure class need not be the likeliest one
    logits = random.normal(0, 1, (400, 5)) + (np.eye(5) * [4.5, 1.2, 2.2, 2.2, 2.2])[true]
    shares = np.exp(logits)
    return shares / shares.sum(axis=1, keepdims=True), current


def test_confident_learning_agrees_with_cleanlab(noisy):
    shares, current = noisy
    self_confidence = shares[np.arange(400), current]
    limits = class_thresholds(self_confidence, current, 5)
    np.testing.assert_allclose(limits, get_confident_thresholds(current, shares), rtol=1e-9)
    np.testing.assert_allclose(
        self_confidence, get_label_quality_scores(current, shares, method="self_confidence"), rtol=1e-6
    )

    confident = confident_class(shares, limits)
    joint, off = compute_confident_joint(current, shares, calibrate=False, return_indices_of_off_diagonals=True)
    mine = np.zeros((5, 5), int)
    np.add.at(mine, (current[confident >= 0], confident[confident >= 0]), 1)
    np.testing.assert_array_equal(mine, joint)
    np.testing.assert_array_equal(np.flatnonzero((confident >= 0) & (confident != current)), off)

    wrong = wrong_labels(confident, current, self_confidence, shares.max(axis=1))
    issues = find_label_issues(current, shares, filter_by="confident_learning", n_jobs=1)
    np.testing.assert_array_equal(wrong, issues)
    assert 20 < wrong.sum() < len(off)


def test_the_number_of_wrong_labels_agrees_with_cleanlab_and_lies_within_those_of_the_folds(noisy):
    shares, current = noisy
    self_confidence = shares[np.arange(400), current]
    confident = confident_class(shares, class_thresholds(self_confidence, current, 5))
    wrong = wrong_labels(confident, current, self_confidence, shares.max(axis=1))
    fold = np.arange(400) % 5
    result = estimate_wrong(current, confident, wrong, fold, 5)
    assert result.wrong == num_label_issues(current, shares, estimation_method="off_diagonal")
    calibrated = num_label_issues(current, shares, estimation_method="off_diagonal_calibrated")
    assert abs(result.calibrated - calibrated) <= 3  # theirs is rounded label by label
    assert result.low < result.wrong < result.high
    counts = [5 * wrong[fold == number].sum() for number in range(5)]
    assert (result.low, result.high, result.folds) == (pytest.approx(min(counts)), pytest.approx(max(counts)), 5)


def test_an_estimate_of_no_rows_is_nothing():
    none = np.empty(0, np.int64)
    result = estimate_wrong(none, none, none.astype(bool), none, 2)
    assert (result.wrong, result.low, result.high) == (0, 0.0, 0.0)


def test_votes_are_weighted_by_cosine_and_copies_vote_once():
    #          self_confidence  copy  a     b     b copy  c (no label)  a
    ids = np.array([[1, 2, 3, 4, 5, 6]])
    scores = np.array([[1.0, 0.8, 0.6, 0.6, 0.5, 0.4]], np.float32)
    codes, groups = np.array([0, 0, 0, 1, 1, -1, 0]), np.array([0, 0, 1, 2, 2, 3, 4])
    shares = neighbor_votes(ids, scores, np.array([0]), codes, groups, 2, 2)
    np.testing.assert_allclose(shares, [[0.8 / 1.4, 0.6 / 1.4]], rtol=1e-6)
    wider = neighbor_votes(ids, scores, np.array([0]), codes, groups, 3, 2)
    np.testing.assert_allclose(wider, [[1.2 / 1.8, 0.6 / 1.8]], rtol=1e-6)


def test_a_row_with_copies_alone_has_no_votes():
    shares = neighbor_votes(
        np.array([[1, 2]]), np.ones((1, 2), np.float32), np.array([0]), np.array([0, 0, 1]), np.zeros(3, int), 5, 2
    )
    assert np.isnan(shares).all()


def test_copies_with_two_labels_split_their_vote():
    shares = neighbor_votes(
        np.array([[1, 2]]), np.full((1, 2), 0.5), np.array([0]), np.array([0, 0, 1]), np.array([0, 1, 1]), 5, 2
    )
    np.testing.assert_allclose(shares, [[0.5, 0.5]])


def test_votes_agree_with_counting_row_by_row():
    rows, kind = clusters()
    graph, groups = graph_of(rows), np.arange(240) // 2  # pairs count as copies
    result = neighbor_votes(graph.ids, graph.scores, np.arange(240), kind, groups, 7, 3)
    for row in (0, 17, 239):
        met, votes = {}, np.zeros(3)
        for other, score in zip(graph.ids[row], graph.scores[row], strict=True):
            if groups[other] != groups[row]:
                met.setdefault(groups[other], []).append((kind[other], max(score, 0)))
        for copies in list(met.values())[:7]:
            for label, score in copies:
                votes[label] += score / len(copies)
        np.testing.assert_allclose(result[row], votes / votes.sum(), rtol=1e-5)


def test_identical_texts_share_a_fold_and_unlabeled_rows_have_none():
    random = np.random.default_rng(0)
    groups, codes = random.integers(0, 60, 200), random.integers(-1, 3, 200)
    fold = text_folds(codes, groups, 0)
    assert set(fold[codes < 0]) == {-1}
    labeled = codes >= 0
    assert (pd.Series(fold[labeled]).groupby(groups[labeled]).nunique() == 1).all()
    assert set(fold[labeled]) == set(range(5))


def test_the_probe_is_never_trained_on_the_rows_it_checks():
    """A label that only a row's self_confidence copies carry can't be known out of fold."""
    rows, kind = clusters(200, 2, 40)
    random = np.random.default_rng(3)
    noise = random.integers(0, 2, 200)  # nothing to learn
    shares = fit_probe(rows, noise, np.arange(200)).probabilities(np.arange(200))
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-5)
    assert (shares.argmax(axis=1) == noise).mean() < 0.65
    learned = fit_probe(rows, kind, np.arange(200)).probabilities(np.arange(200))
    assert (learned.argmax(axis=1) == kind).mean() > 0.95


def test_wrong_labels_come_first_and_right_ones_last():
    rows, kind = clusters()
    current = kind.copy()
    wrong = [3, 50, 101, 200]
    current[wrong] = (current[wrong] + 1) % 3
    result = find_label_errors(rows, graph_of(rows), labels_of(current), np.arange(240))
    order = result.rows[np.argsort(-result.score)]
    assert set(order[:4]) == set(wrong)
    at = np.searchsorted(result.rows, wrong)
    np.testing.assert_array_equal(result.suggested[at], kind[wrong])
    assert result.neighbor_flag[at].all()
    assert result.probe_flag[at].all()
    assert result.disagreement[at].min() > 0.8
    assert result.estimate.low <= 4 <= result.estimate.high
    current, suggested = (
        result.probe_current + 1 - result.disagreement,
        result.probe_suggested + result.neighbor_suggested,
    )
    np.testing.assert_allclose(result.score, suggested / (current + suggested), atol=1e-5)


def test_rows_without_a_label_are_left_out():
    rows, kind = clusters()
    current = kind.copy()
    current[:10] = -1
    result = find_label_errors(rows, graph_of(rows), labels_of(current), np.arange(240))
    assert result.rows.tolist() == list(range(10, 240))


def test_identical_rows_do_not_break_it():
    rows = unit_rows(np.ones((40, 8)))
    result = find_label_errors(rows, graph_of(rows, 20), labels_of(np.arange(40) % 2, ("a", "b")), np.arange(40))
    assert np.isfinite(result.score).all()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (["a"] * 30, "one label only"),
        ([None] * 30, "no labels"),
        ([f"id {i}" for i in range(30)], "different texts"),
        (["a", "b", "a"], "different texts"),
        (["a"] * 29 + ["b"], "1 is on"),
        ([f"label {i // 5}" for i in range(10_000)], "2,000 labels"),
    ],
)
def test_columns_that_cannot_be_checked_are_refused(values, words):
    with pytest.raises(InputError) as caught:
        read_labels(pd.Series(values, dtype=object), np.arange(len(values)), "kind")
    assert words in caught.value.message
    assert '"kind"' in caught.value.message
    assert caught.value.remedy


def test_missing_blank_and_rare_labels_are_counted():
    values = ["a"] * 10 + ["b"] * 8 + ["c"] * 2 + [None, "  "]
    result = read_labels(pd.Series(values, dtype=object), np.arange(22), "kind")
    assert result.names == ("a", "b")
    assert result.missing == 2
    assert result.rare == (("c", 2),)
    assert result.codes.tolist() == [0] * 10 + [1] * 8 + [-1] * 4


def test_a_label_on_copies_of_few_texts_is_rare():
    values, groups = ["a"] * 10 + ["b"] * 8 + ["c"] * 9, np.r_[np.arange(18), np.full(9, 18)]
    assert read_labels(pd.Series(values), groups, "kind").rare == (("c", 9),)


def test_numbers_are_labels_without_decimals():
    codes, names = label_codes(pd.Series([1.0, 2.5, np.nan, 1.0]))
    assert names == ["1", "2.5"]
    assert codes.tolist() == [0, 1, -1, 0]


def test_columns_offered_begin_with_the_chosen_labels():
    table = pd.DataFrame({"id": range(20), "kind": ["a", "b"] * 10, "one": "x", "area": list("pqrst") * 4})
    assert candidate_label_columns(table, ["area"]) == ("area", "kind")


@pytest.mark.slow
def test_planted_wrong_labels_of_the_sample_come_first(tmp_path_factory):
    corpus = read_corpus(SAMPLES / "shop_feedback.csv", text="text", label="area", id="id")
    rows = load_embedder(PRESETS[0], models_folder=tmp_path_factory.mktemp("models")).embed(corpus.texts)
    groups = distinct_texts(corpus.texts)[0]
    result = find_label_errors(
        rows, graph_of(rows, 100), read_labels(corpus.table["area"], groups, "area"), groups
    )  # fmt: skip
    planted = {row["id"]: row["true"] for row in json.loads((SAMPLES / "planted.json").read_text())["wrong_labels"]}
    ids = corpus.table["id"].to_numpy()[result.rows]
    wrong = np.isin(ids, list(planted))
    assert wrong.sum() == 25
    assert roc_auc_score(wrong, result.score) >= 0.9
    names = read_labels(corpus.table["area"], groups, "area").names
    right = [names[result.suggested[i]] == planted[ids[i]] for i in np.flatnonzero(wrong)]
    assert np.mean(right) > 0.6
