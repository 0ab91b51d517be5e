from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics

from core.clusters.agreement import agreement, confusion, contingency, match_labels


def two(n=120, seed=0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    first = random.integers(-1, 4, n)
    second = np.where(random.random(n) < 0.5, (first * 2) % 5, random.integers(-1, 5, n))
    return first, second


def test_figures_are_scikit_learns_over_rows_that_have_both():
    first, second = two()
    made, both = agreement(first, second), (first >= 0) & (second >= 0)
    clusters, labels = first[both], second[both]
    assert (made.rows, made.total) == (both.sum(), 120)
    assert made.v_measure == pytest.approx(metrics.v_measure_score(labels, clusters))
    assert made.homogeneity == pytest.approx(metrics.homogeneity_score(labels, clusters))
    assert made.completeness == pytest.approx(metrics.completeness_score(labels, clusters))
    assert made.ari == pytest.approx(metrics.adjusted_rand_score(labels, clusters))
    assert made.ami == pytest.approx(metrics.adjusted_mutual_info_score(labels, clusters))
    assert made.homogeneity != pytest.approx(made.completeness, abs=1e-3)  # the two are not mixed up


def test_same_and_finer_groups():
    first = np.repeat(np.arange(6), 10)
    assert agreement(first, first[::-1]).ari == 1
    finer = agreement(first, first // 2)
    assert finer.homogeneity == pytest.approx(1)
    assert finer.completeness < 1


def test_too_few_rows_have_no_figure():
    made = agreement(np.array([0, -1, 1]), np.array([0, 0, -1]))
    assert (made.rows, made.total) == (1, 3)
    assert np.isnan([made.v_measure, made.ari, made.ami]).all()


@pytest.mark.parametrize("seed", range(4))
def test_pairs_share_the_most_rows(seed):
    first, second = two(60, seed)
    partner, changed = match_labels(first, second)
    counts = contingency(first, second)
    best = max(sum(counts[row, column] for row, column in enumerate(order)) for order in permutations(range(5), 4))
    paired = partner >= 0
    assert counts[paired, partner[paired]].sum() == best
    assert len(set(partner[paired].tolist())) == paired.sum()
    kept = [
        (one == -1 and other == -1) or (one >= 0 and other >= 0 and partner[one] == other)
        for one, other in zip(first, second, strict=True)
    ]
    np.testing.assert_array_equal(changed, ~np.array(kept))


def test_renumbered_groups_have_not_changed():
    first, _ = two()
    partner, changed = match_labels(first, np.where(first < 0, -1, 3 - first))
    assert partner.tolist() == [3, 2, 1, 0]
    assert not changed.any()


def test_all_noise_pairs_with_nothing():
    none, some = np.full(3, -1), np.array([0, 1, -1])
    assert match_labels(none, some)[1].tolist() == [True, True, False]
    partner, changed = match_labels(some, none)
    assert partner.tolist() == [-1, -1]
    assert changed.tolist() == [True, True, False]
    assert contingency(none, none).shape == (0, 0)


def test_the_confusion_counts_and_lies_on_the_diagonal():
    first, second = two()
    names, values = [f"cluster {each}" for each in range(4)], [f"value {each}" for each in range(5)]
    made = confusion(first, second, names, values, 10)
    expected = pd.crosstab(first[(first >= 0) & (second >= 0)], second[(first >= 0) & (second >= 0)])
    for row in range(4):
        for column in range(5):
            assert made.loc[names[row], values[column]] == expected.loc[row, column]
    assert list(made.sum(axis=1)) == sorted(made.sum(axis=1), reverse=True)
    assert (np.diff(made.to_numpy().argmax(axis=0)) >= 0).all()
    assert confusion(first, second, names, values, 2).shape == (2, 2)
    assert confusion(np.full(3, -1), np.array([0, 1, 0]), [], ["a", "b"], 5).shape == (0, 2)


def test_a_group_whose_value_is_rare_is_not_drawn_empty():
    groups = np.repeat([0, 1, 2, 3, 3, 3], [40, 30, 20, 5, 5, 5])
    values = np.repeat([9, 8, 7, 0, 1, 2], [40, 30, 20, 5, 5, 5])
    values = np.concatenate([values, np.repeat([3, 4, 5], 50)])  # frequent, but in no group that is shown
    groups = np.concatenate([groups, np.arange(4, 154)])
    made = confusion(groups, values, [str(each) for each in range(154)], [str(each) for each in range(10)], 4)
    assert (made.sum(axis=1) > 0).all()
    assert {"9", "8", "7"} < set(made.columns)


def test_rows_are_counted_where_most_of_their_group_and_of_their_value_are():
    first, second = np.array([0, 0, 0, 1, 1, 2, -1]), np.array([0, 0, 1, 1, 1, 1, 0])
    made = agreement(first, second)
    assert (made.purity, made.inverse_purity) == (pytest.approx(5 / 6), pytest.approx(4 / 6))
