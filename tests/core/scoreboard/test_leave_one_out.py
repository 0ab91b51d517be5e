"""Leave-one-out retrieval by labels: against plain loops, with copies, missing labels and lone ones."""

import numpy as np
import pandas as pd
import pytest
from sklearn.neighbors import KNeighborsClassifier

from core.corpus import label_columns
from core.corpus.label_columns import find_split_column, read_label_rows
from core.errors import InputError
from core.scoreboard import leave_one_out
from core.scoreboard.leave_one_out import macro_values, majority, rank_labels, top_columns
from core.stats import ranking_metrics as ranked
from core.types import unit_rows


def made(n=90, d=6, labels=4, seed=1):
    """Rows about their label's center, some of them copies of others, some without a label, one with its own."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, labels, n)
    rows = rng.normal(size=(labels, d))[codes] * 1.5 + rng.normal(size=(n, d)) * 2
    groups = np.arange(n)
    for copy in range(0, 20, 2):  # rows 0 and 1, 2 and 3, ... are copies under one label, so that ties do not matter
        groups[copy + 1], rows[copy + 1], codes[copy + 1] = copy, rows[copy], codes[copy]
    names = np.array([f"label {code}" for code in codes], dtype=object)
    names[[30, 31]] = None, "  "
    names[32] = "alone"
    return unit_rows(rows), pd.DataFrame({"topic": names}), groups


def by_loops(vectors, table, groups):
    """metric -> score of each row that asks, in order, from full sorted lists."""
    names = table["topic"].to_numpy()
    known = [i for i in range(len(names)) if pd.notna(names[i]) and names[i].strip()]
    found = {"map_at_r": [], "r_precision": [], "precision_at_1": [], "ndcg_at_10": []}
    for i in known:
        others = [j for j in known if groups[j] != groups[i]]
        others.sort(key=lambda j: -float(vectors[i].astype(float) @ vectors[j].astype(float)))
        hits = np.array([[names[j] == names[i] for j in others]])
        count = hits.sum(axis=1)
        if count[0]:
            found["map_at_r"].append(np.mean([hits[0, : k + 1].mean() * hits[0, k] for k in range(count[0])]))
            found["r_precision"].append(hits[0, : count[0]].mean())
            found["precision_at_1"].append(float(hits[0, 0]))
            found["ndcg_at_10"].append(ranked.ndcg_at_k(hits, count, 10)[0])
    return found


def test_as_loops_over_sorted_lists():
    vectors, table, groups = made()
    data = read_label_rows(table, "topic", groups)
    assert (data.missing, data.single, len(data), len(data.queries)) == (2, 1, 88, 87)
    found, _ = rank_labels(vectors, data)
    for metric, expected in by_loops(vectors, table, groups).items():
        np.testing.assert_allclose(np.mean(found[metric]), np.mean(expected), atol=1e-6, err_msg=metric)


def test_blocks_and_partial_sorting_change_nothing(monkeypatch):
    vectors, table, groups = made(400, labels=30)
    data = read_label_rows(table, "topic", groups)
    whole, _ = rank_labels(vectors, data)
    monkeypatch.setattr(leave_one_out, "CELLS", 400 * 7)
    again, _ = rank_labels(vectors, data)
    for metric, expected in by_loops(vectors, table, groups).items():
        np.testing.assert_allclose(again[metric], expected, atol=1e-5, err_msg=metric)
        np.testing.assert_array_equal(again[metric], whole[metric])


def test_votes_are_those_of_scikit_learn():
    rng = np.random.default_rng(2)
    vectors, codes = unit_rows(rng.normal(size=(150, 5))), rng.integers(0, 6, 150)
    table = pd.DataFrame({"topic": [f"{code}" for code in codes]})
    found, _ = rank_labels(vectors, read_label_rows(table, "topic", np.arange(150)))
    for row in range(150):
        rest = np.delete(np.arange(150), row)
        model = KNeighborsClassifier(10, metric="cosine", algorithm="brute").fit(vectors[rest], codes[rest])
        assert found["knn_accuracy"][row] == (model.predict(vectors[row : row + 1])[0] == codes[row])


def test_a_tie_of_votes_goes_to_the_smallest_and_nobody_is_no_neighbor():
    np.testing.assert_array_equal(majority(np.array([[3, 1, 3, 1], [2, -1, -1, -1], [5, 0, 0, 5]])), [1, 2, 0])


def test_a_copy_is_not_its_own_answer():
    """Copies under the same label are each other's nearest, and must not count."""
    vectors = unit_rows(np.array([[1, 0], [1, 0], [0.9, 0.4], [0, 1], [0.1, 1]]))
    table = pd.DataFrame({"topic": ["a", "a", "b", "a", "b"]})
    groups = np.array([0, 0, 1, 2, 3])
    found, _ = rank_labels(vectors, read_label_rows(table, "topic", groups))
    assert found["precision_at_1"][0] == 0  # without the rule its copy would be right
    alone = read_label_rows(table, "topic", np.array([0, 0, 1, 0, 3]))  # row 3 a copy too: nothing is left to find
    assert len(alone.queries) == 2


@pytest.mark.parametrize("sizes", [(200, 200), (300, 90, 10), (30, 5, 2), (6, 6)])
@pytest.mark.parametrize("max_rank", [10_000, 15])
def test_constant_vectors_score_at_chance(monkeypatch, sizes, max_rank):
    """All rows the same direction: each metric is the expectation over a random order, whatever the sizes of labels,
    and though the lists are cut before the end of the tie; some rows are copies of others."""
    monkeypatch.setattr(leave_one_out, "MAX_RANK", max_rank)
    names = np.random.default_rng(0).permutation(np.repeat(np.arange(len(sizes)), sizes))
    groups = np.arange(len(names))
    groups[1] = 0
    vectors = np.tile(unit_rows(np.random.default_rng(1).normal(size=(1, 384))), (len(names), 1))
    data = read_label_rows(pd.DataFrame({"topic": [f"label {name}" for name in names]}), "topic", groups)
    found, level = rank_labels(vectors, data)
    for metric, values in found.items():
        assert values.mean() == pytest.approx(level[metric], abs=1e-5), metric


@pytest.mark.parametrize("voters", [1, 4, 9, 30])
def test_votes_of_tied_rows_are_counted_as_drawing_them_would(voters):
    rng = np.random.default_rng(voters)
    for certain, tied in (([2, 0, 1, 0], [3, 5, 0, 6]), ([0, 0, 0, 0], [9, 1, 1, 1]), ([0, 3, 0, 1], [1, 0, 1, 2])):
        pool = np.repeat(np.arange(4), tied)
        draws = [np.bincount(rng.permutation(pool)[:voters], minlength=4) for _ in range(4_000)]
        winners = (np.array(draws) + certain).argmax(axis=1)
        found = [leave_one_out.vote_chance(label, np.array(certain), np.array(tied), voters) for label in range(4)]
        np.testing.assert_allclose(found, np.bincount(winners, minlength=4) / 4_000, atol=0.035)
        assert sum(found) == pytest.approx(1)


def test_tied_rows_score_as_the_mean_over_their_orders():
    """Cosines of few values, so that ties begin and end anywhere: jittered by less than the next value, many times."""
    rng = np.random.default_rng(3)
    angles = rng.choice(np.linspace(0, 3, 7), 60)
    vectors, table = (
        np.column_stack([np.cos(angles), np.sin(angles)]),
        pd.DataFrame({"topic": rng.choice(list("abc"), 60)}),
    )
    data = read_label_rows(table, "topic", np.arange(60))
    found, _ = rank_labels(vectors.astype(np.float32), data)
    means = {metric: np.zeros(60) for metric in found}
    for _ in range(200):
        turned = angles + rng.normal(0, 1e-3, 60)
        once, _ = rank_labels(np.column_stack([np.cos(turned), np.sin(turned)]).astype(np.float32), data)
        means = {metric: means[metric] + once[metric] / 200 for metric in means}
    for metric, values in found.items():
        assert values.mean() == pytest.approx(means[metric].mean(), abs=0.01), metric


@pytest.mark.parametrize("sizes", [(3, 3), (10, 2), (6, 6), (10, 10), (14, 4, 2), (5, 5, 5, 5), (20, 20), (40, 6, 4)])
def test_the_chance_level_of_few_rows_is_what_random_vectors_reach(sizes):
    """Neighbors are drawn without replacement, and never the row itself: with all but one row, nearly all of 12."""
    codes, rng = np.repeat(np.arange(len(sizes)), sizes), np.random.default_rng(sum(sizes))
    data = read_label_rows(pd.DataFrame({"topic": [f"l{code}" for code in codes]}), "topic", np.arange(len(codes)))
    reached: dict[str, list[float]] = {}
    for _ in range(200):
        found, level = rank_labels(unit_rows(rng.normal(size=(len(codes), 50))), data)
        for metric, values in found.items():
            reached.setdefault(metric, []).append(values.mean())
    for metric, values in reached.items():
        error = np.std(values) / np.sqrt(len(values))
        assert np.mean(values) == pytest.approx(level[metric], abs=4 * error + 0.003), metric


def test_noise_loses_and_more_noise_loses_more():
    vectors, table, groups = made(300, 24)
    data = read_label_rows(table, "topic", groups)
    noise = np.random.default_rng(0).normal(size=vectors.shape) / np.sqrt(24)
    scores = [rank_labels(unit_rows(vectors + sd * noise), data)[0] for sd in (0, 0.5, 2)]
    for metric in ("map_at_r", "ndcg_at_10", "r_precision", "map_at_r_macro"):
        one, two, three = (score[metric].mean() for score in scores)
        assert one > two > three


def test_the_greatest_of_each_row():
    similar = np.random.default_rng(0).normal(size=(5, 200)).astype(np.float32)
    expected = np.argsort(-similar, axis=1)
    np.testing.assert_array_equal(top_columns(similar, 9), expected[:, :9])
    np.testing.assert_array_equal(top_columns(similar, 199), expected[:, :199])


@pytest.mark.parametrize(("relevant", "candidates"), [(1, 12), (5, 20), (14, 15)])
def test_chance_is_what_random_orders_reach(relevant, candidates):
    rng = np.random.default_rng(4)
    lists = rng.permuted(np.tile(np.arange(candidates) < relevant, (20_000, 1)), axis=1)
    r, n = np.array([relevant]), np.array([candidates])
    counts = np.full(len(lists), relevant)
    for expected, found in [
        (ranked.random_precision(r, n), ranked.r_precision(lists, counts)),
        (ranked.random_map_at_r(r, n, 100), ranked.map_at_r(lists, counts)),
        (ranked.random_ndcg(r, n, 10), ranked.ndcg_at_k(lists, counts, 10)),
        (ranked.random_recall(n, 10), ranked.recall_at_k(lists, counts, 10)),
        (ranked.random_reciprocal_rank(r, n), ranked.reciprocal_rank(lists)),
    ]:
        assert found.mean() == pytest.approx(expected[0], abs=4 * found.std() / np.sqrt(len(lists)) + 1e-6)


def test_chance_of_lists_that_are_cut():
    rng = np.random.default_rng(4)
    lists = rng.permuted(np.tile(np.arange(40) < 25, (20_000, 1)), axis=1)[:, :8]
    found = ranked.map_at_r(lists, np.full(len(lists), 25))
    assert found.mean() == pytest.approx(ranked.random_map_at_r(np.array([25]), np.array([40]), 8)[0], abs=0.005)


def test_macro_averages_labels_and_their_spread_is_the_standard_error():
    rng = np.random.default_rng(0)
    label = np.repeat([0, 1, 2], [200, 20, 5])
    values = rng.random(225)
    found = macro_values(values, label)
    parts = [values[label == i] for i in range(3)]
    assert found.mean() == pytest.approx(np.mean([part.mean() for part in parts]), abs=1e-6)
    error = np.sqrt(sum(part.var(ddof=1) / len(part) for part in parts)) / 3
    assert found.std() / np.sqrt(225) == pytest.approx(error, rel=1e-4)
    np.testing.assert_allclose(macro_values(np.ones(225), label), 1)


def test_many_queries_are_sampled_and_counted(monkeypatch):
    monkeypatch.setattr(label_columns, "MAX_QUERIES", 40)
    vectors, table, groups = made(300)
    data = read_label_rows(table, "topic", groups)
    assert (len(data.queries), data.eligible) == (40, 297)
    np.testing.assert_array_equal(data.queries, read_label_rows(table, "topic", groups).queries)
    assert all(len(values) == 40 for values in rank_labels(vectors, data)[0].values())


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["a"] * 4, "one label only"),
        ([None, None, "", " "], "no labels"),
        (["a", "b", "c", "d"], "on two different texts"),
        (["a", "b"], "on two different texts"),
    ],
)
def test_labels_that_can_not_be_scored(values, message):
    with pytest.raises(InputError, match=message) as caught:
        read_label_rows(pd.DataFrame({"topic": values}), "topic", np.arange(len(values)))
    assert caught.value.remedy


def test_labels_that_are_only_on_copies_and_a_column_that_is_not_there():
    table = pd.DataFrame({"topic": ["a", "a", "b", "b"]})
    with pytest.raises(InputError, match="on two different texts"):
        read_label_rows(table, "topic", np.array([0, 0, 1, 1]))
    with pytest.raises(InputError, match="no column"):
        read_label_rows(table, "absent", np.arange(4))


def test_the_column_of_training_and_test_rows_is_found():
    table = pd.DataFrame({"n": [1, 2, 3], "text": list("abc"), "part": ["train", "test", None]})
    assert find_split_column(table) == "part"
    assert find_split_column(table[["n", "text"]]) is None
