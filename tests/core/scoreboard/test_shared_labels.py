"""Retrieval by shared labels: against plain loops, pytrec_eval and scikit-learn, with copies, ties and lone labels."""

import json

import numpy as np
import pandas as pd
import pytest
import pytrec_eval
from sklearn.metrics import ndcg_score

from core.corpus import label_columns
from core.corpus.label_columns import read_label_rows
from core.errors import InputError
from core.scoreboard import leave_one_out
from core.scoreboard.leave_one_out import rank_labels
from core.scoreboard.shared_labels import jaccard_gains, rank_shared_labels
from core.types import unit_rows


def make(n=80, d=5, seed=3):
    """Rows with one to three of six labels, some copies of others, two without a label, one with its own."""
    rng = np.random.default_rng(seed)
    sets = [list(rng.choice([f"tag {i}" for i in range(6)], rng.integers(1, 4), replace=False)) for _ in range(n)]
    vectors, groups = rng.normal(size=(n, d)), np.arange(n)
    for copy in range(0, 16, 2):
        groups[copy + 1], vectors[copy + 1] = copy, vectors[copy]
        sets[copy + 1] = sets[copy] if copy % 4 else sets[copy + 1]
    cells = [json.dumps([str(name) for name in names]) for names in sets]
    cells[20], cells[21], cells[22] = "[]", None, '["alone"]'
    sets[20], sets[21], sets[22] = [], [], ["alone"]
    return unit_rows(vectors), pd.DataFrame({"tags": pd.Series(cells, dtype="str")}), groups, [set(s) for s in sets]


def gains_of(sets, groups, query):
    """{row: Jaccard index} of the rows that share a label with a query."""
    others = [row for row in range(len(sets)) if groups[row] != groups[query] and sets[row] & sets[query]]
    return {row: len(sets[row] & sets[query]) / len(sets[row] | sets[query]) for row in others}


def test_counts_and_gains_are_those_of_loops():
    _, table, groups, sets = make()
    data = read_label_rows(table, "tags", groups)
    assert (data.missing, data.single, data.labels, len(data)) == (2, 1, 7, 78)
    gains = jaccard_gains(data, data.queries)
    for number, query in enumerate(data.queries):
        expected = gains_of(sets, groups, int(data.rows[query]))
        assert data.relevant[number] == len(expected)
        other = groups[data.rows] != groups[data.rows[query]]
        row_gains = dict(zip(data.rows[other].tolist(), gains[number, other].tolist(), strict=True))
        assert {row: gain for row, gain in row_gains.items() if gain} == pytest.approx(expected)
        assert data.is_relevant(int(query), np.arange(len(data))).tolist() == [
            bool(sets[row] & sets[data.rows[query]]) for row in data.rows
        ]


def test_scores_are_those_of_pytrec_eval_and_scikit_learn():
    vectors, table, groups, sets = make()
    keep = np.flatnonzero(np.arange(80) == groups)  # without copies nothing is tied
    vectors, table, sets = vectors[keep], table.iloc[keep].reset_index(drop=True), [sets[i] for i in keep]
    groups = np.arange(len(keep))
    data = read_label_rows(table, "tags", groups)
    scores, _ = rank_shared_labels(vectors, data)
    labeled = [i for i in range(len(sets)) if sets[i]]
    qrels, run = {}, {}
    for query in data.rows[data.queries].tolist():
        # trec_eval takes whole grades: the least common multiple of all label counts is 60
        qrels[str(query)] = {str(row): round(60 * gain) for row, gain in gains_of(sets, groups, query).items()}
        run[str(query)] = {str(row): float(vectors[query] @ vectors[row]) for row in labeled if row != query}
    found = pytrec_eval.RelevanceEvaluator(qrels, {"ndcg_cut.10", "Rprec", "P.1"}).evaluate(run)
    for number, query in enumerate(data.rows[data.queries].tolist()):
        of_query = found[str(query)]
        assert scores["ndcg_at_10"][number] == pytest.approx(of_query["ndcg_cut_10"], abs=1e-6)
        assert scores["r_precision"][number] == pytest.approx(of_query["Rprec"], abs=1e-6)
        assert scores["precision_at_1"][number] == of_query["P_1"]
        others = [row for row in labeled if row != query]
        gains = gains_of(sets, groups, query)
        expected = ndcg_score(
            [[gains.get(row, 0) for row in others]], [[run[str(query)][str(row)] for row in others]], k=10
        )
        assert scores["ndcg_at_10"][number] == pytest.approx(expected, abs=1e-6)


def test_ties_and_copies_are_expectations_over_orders():
    vectors, table, groups, sets = make(seed=5)
    vectors[40:60] = vectors[40]  # different texts with one vector
    data = read_label_rows(table, "tags", groups)
    scores, _ = rank_shared_labels(vectors, data)
    rng, draws = np.random.default_rng(0), []
    for _ in range(400):
        values = []
        for query in data.rows[data.queries]:
            others = data.rows[groups[data.rows] != groups[query]]
            cosines = (vectors[others].astype(float) @ vectors[query]).round(6)
            order = others[np.lexsort((rng.random(len(others)), -cosines))]
            gains = gains_of(sets, groups, int(query))
            ranked = np.array([gains.get(int(row), 0.0) for row in order])
            hits, total = ranked > 0, len(gains)
            precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
            discounts = 1 / np.log2(np.arange(2, 12))
            ideal = np.sort(ranked)[::-1][:10] @ discounts
            values.append([(precision * hits)[:total].sum() / total, ranked[:10] @ discounts / ideal, hits[0]])
        draws.append(np.mean(values, axis=0))
    means = [scores[name].mean() for name in ("map_at_r", "ndcg_at_10", "precision_at_1")]
    np.testing.assert_allclose(means, np.mean(draws, axis=0), atol=4 * np.std(draws, axis=0).max() / np.sqrt(400))


def test_chance_is_the_mean_of_random_vectors():
    _, table, groups, _ = make(60)
    data = read_label_rows(table, "tags", groups)
    rng = np.random.default_rng(1)
    runs = [rank_shared_labels(unit_rows(rng.normal(size=(60, 40))), data) for _ in range(60)]
    for name, chance in runs[0][1].items():
        means = [scores[name].mean() for scores, _ in runs]
        assert chance == pytest.approx(np.mean(means), abs=4 * np.std(means) / np.sqrt(len(means)) + 1e-3)


def test_blocks_change_nothing(monkeypatch):
    vectors, table, groups, _ = make()
    whole = rank_shared_labels(vectors, read_label_rows(table, "tags", groups))[0]
    monkeypatch.setattr(leave_one_out, "CELLS", 80 * 7)
    monkeypatch.setattr(label_columns, "_CELLS", 80)
    again = rank_shared_labels(vectors, read_label_rows(table, "tags", groups))[0]
    for name, values in whole.items():
        np.testing.assert_allclose(again[name], values, atol=1e-6)


def test_one_label_each_gives_the_scores_of_single_labels():
    vectors, _, groups, _ = make()
    names = [f"label {i % 5}" for i in range(80)]
    lists = pd.DataFrame({"tags": pd.Series([json.dumps([name]) for name in names], dtype="str")})
    shared, chance = rank_shared_labels(vectors, read_label_rows(lists, "tags", groups))
    single, levels = rank_labels(vectors, read_label_rows(pd.DataFrame({"tags": names}), "tags", groups))
    for name, values in shared.items():
        np.testing.assert_allclose(values, single[name], atol=1e-6)
        assert chance[name] == pytest.approx(levels[name])


def test_labels_that_nothing_shares_are_refused():
    table = pd.DataFrame({"tags": pd.Series(['["a", "b"]', '["a", "b"]', '["c"]'], dtype="str")})
    with pytest.raises(InputError):
        read_label_rows(table, "tags", np.array([0, 0, 1]))  # the same text
    with pytest.raises(InputError):
        read_label_rows(pd.DataFrame({"tags": pd.Series(['["a"]', '["a"]'], dtype="str")}), "tags", np.arange(2))
