"""Label errors of rows with several labels: against cleanlab, plain loops, and planted errors."""

import numpy as np
import pytest
from cleanlab.multilabel_classification import get_label_quality_scores
from cleanlab.multilabel_classification.filter import find_multilabel_issues_per_class
from sklearn.linear_model import LogisticRegression

from core.label_errors.label_set_errors import (
    confident_flags,
    find_label_set_errors,
    neighbor_shares,
    self_confidence,
)
from core.types import ModelSpec, Neighbors, Vectors, unit_rows
from core.vectors.linear_probe import REGULARIZATION_C, label_probabilities
from core.vectors.neighbors import build_neighbors


def make(n=240, seed=0, wrong=0):
    """Unit rows that are sums of the directions of their one or two of four labels; some labels removed or added."""
    random = np.random.default_rng(seed)
    labels = np.zeros((n, 4), bool)
    labels[np.arange(n), np.arange(n) % 4] = True
    labels[np.arange(n), random.integers(0, 4, n)] = True
    rows = unit_rows(labels @ random.normal(0, 1, (4, 12)) + random.normal(0, 0.15, (n, 12)))
    given = labels.copy()
    flipped = random.choice(n, wrong, replace=False)
    for row in flipped:
        given[row, np.flatnonzero(~labels[row])[0]] = True
    return rows, given, labels


@pytest.fixture(scope="module")
def noisy():
    random = np.random.default_rng(2)
    present = random.random((300, 5)) < [0.5, 0.3, 0.2, 0.1, 0.4]
    present[~present.any(axis=1), 0] = True
    logits = random.normal(0, 1.2, (300, 5)) + np.where(present ^ (random.random((300, 5)) < 0.05), 1.5, -1.5)
    return present, 1 / (1 + np.exp(-logits))


def test_flags_are_those_of_cleanlab(noisy):
    present, probabilities = noisy
    lists = [np.flatnonzero(row).tolist() for row in present]
    expected = find_multilabel_issues_per_class(lists, probabilities, filter_by="confident_learning")
    assert expected.sum() > 20
    np.testing.assert_array_equal(confident_flags(present, probabilities), expected)


def test_scores_are_those_of_cleanlab(noisy):
    present, probabilities = noisy
    lists = [np.flatnonzero(row).tolist() for row in present]
    expected = get_label_quality_scores(lists, probabilities, aggregator_kwargs={"method": np.min})
    np.testing.assert_allclose(self_confidence(present, probabilities).min(axis=1), expected)


def test_probabilities_come_from_models_that_have_not_seen_the_text():
    rows, labels, _ = make(120)
    groups = np.arange(120) // 2 * 2  # pairs of copies
    rows[1::2] = rows[::2]
    labels[5] = False  # without a label
    probabilities, fold, trained = label_probabilities(rows, labels, groups)
    assert np.isnan(probabilities[5]).all()
    assert fold[5] == -1
    assert trained < 119
    inside = fold[::2][fold[1::2] >= 0]
    assert (inside == fold[1::2][fold[1::2] >= 0])[np.arange(len(inside)) != 2].all()
    test, train = np.flatnonzero(fold == 1), np.flatnonzero((fold >= 0) & (fold != 1))
    model = LogisticRegression(C=REGULARIZATION_C, max_iter=1_000).fit(rows[train], labels[train, 2])
    np.testing.assert_allclose(probabilities[test, 2], model.predict_proba(rows[test])[:, 1], atol=2e-2)


def test_shares_of_neighbors_are_those_of_a_loop():
    rows, labels, _ = make(60, seed=4)
    labels[7] = False
    groups = np.arange(60)
    groups[11] = 10
    graph = build_neighbors(Vectors(rows, ModelSpec("imported", "t"), "c"), 30)
    checked = np.array([0, 10, 11, 30])
    shares = neighbor_shares(graph, labels, checked, groups)
    for at, row in enumerate(checked):
        votes, total, texts = np.zeros(4), 0.0, []
        near = list(zip(graph.ids[row].tolist(), graph.scores[row].tolist(), strict=True))
        for other, _ in near:
            if labels[other].any() and groups[other] != groups[row] and groups[other] not in texts:
                texts.append(groups[other])
        for other, cosine in near:
            if labels[other].any() and groups[other] in texts[:15]:
                copies = sum(groups[one] == groups[other] and labels[one].any() for one, _ in near)
                votes += labels[other] * max(cosine, 0) / copies
                total += max(cosine, 0) / copies
        np.testing.assert_allclose(shares[at], votes / total, atol=1e-5)


def test_planted_labels_are_listed_first_with_what_to_remove():
    rows, given, labels = make(wrong=12)
    graph = build_neighbors(Vectors(rows, ModelSpec("imported", "t"), "c"), 30)
    errors = find_label_set_errors(rows, graph, given, np.arange(len(rows)))
    wrong = np.flatnonzero((given != labels).any(axis=1))
    first = errors.rows[np.argsort(-errors.score, kind="stable")[:12]]
    assert len(set(first) & set(wrong)) >= 11
    assert set(errors.pair) == set(range(len(errors.rows)))  # at least the least certain label of each
    pairs = list(zip(errors.rows[errors.pair].tolist(), errors.label.tolist(), strict=True))
    planted = {(int(row), int(label)) for row, label in np.argwhere(given != labels)}
    by_neighbors = {pair for pair, flag in zip(pairs, errors.neighbor_flag, strict=True) if flag}
    by_both = {pair for pair, flag in zip(pairs, errors.neighbor_flag & errors.probe_flag, strict=True) if flag}
    assert len(by_neighbors & planted) >= 11
    assert len(by_neighbors - planted) <= 1
    assert by_both
    assert by_both <= planted  # confident learning is cautious with labels that few rows have
    assert errors.present[errors.probe_flag & errors.neighbor_flag].all()


def test_rows_without_neighbors_are_judged_by_the_probe():
    rows, labels, _ = make(40)
    graph = Neighbors(np.full((40, 3), 5, np.int32), np.zeros((40, 3), np.float32), 1.0, 0, "exact")
    errors = find_label_set_errors(rows, graph, labels, np.arange(40))
    assert np.isnan(errors.neighbors).all()
    assert not errors.neighbor_flag.any()
    assert np.isfinite(errors.score).all()
