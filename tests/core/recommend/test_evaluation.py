from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import pytrec_eval

from core import recommend
from core.errors import InputError
from core.recommend import metrics
from core.recommend.baselines import CollaborativeFiltering, Hybrid, ItemItem, Popularity
from core.recommend.histories import Histories
from core.recommend.profiles import TextRecommender
from core.recommend.splits import split_histories
from core.types import Vectors

LISTS = np.array([[0, 1, 2], [3, 0, 4], [5, 6, 0], [1, 5, 2]])
LIKED_BY = np.array([3, 1, 0, 3, 1, 0, 0, 1, 0])
RELEVANT = [[1], [4, 7], [8], [1, 2, 5, 6]]


def with_times(histories: dict[str, list[int]], times: list[float]) -> Histories:
    read = recommend.as_histories(histories, 10_000)
    return Histories(read.users, read.starts, read.rows, read.weights, read.is_liked, np.array(times))


def test_text_beats_popularity_where_taste_follows_text(vectors, histories_by_text):
    evaluation = recommend.compare({"text": vectors}, histories_by_text, k=10)
    pair = evaluation.differences["ndcg"].differences  # text - popularity comes first
    assert pair.low[0] > 0
    assert evaluation.differences["ndcg"].p_value[0] < 0.01
    table = evaluation.table
    assert list(table.index) == ["text", "popularity", "random"]
    assert (table["ndcg_low"] <= table["ndcg"]).all()
    assert (table["ndcg"] <= table["ndcg_high"]).all()


def test_text_loses_where_taste_follows_popularity(vectors, histories_by_popularity):
    evaluation = recommend.compare({"text": vectors}, histories_by_popularity, k=10)
    assert evaluation.differences["hit_rate"].differences.high[0] < 0
    table = recommend.evaluate(vectors, histories_by_popularity, k=10)
    assert table.equals(evaluation.table)
    assert table.loc["popularity", "head_recall"] > table.loc["popularity", "tail_recall"]
    assert table.loc["popularity", "coverage"] < table.loc["random", "coverage"]
    assert table.loc["popularity", "novelty"] < table.loc["random", "novelty"]


def test_collaborative_filtering_learns_what_users_share(vectors, topics):
    """Tastes cross the topics of the texts: text can't know them, histories do."""
    rng = np.random.default_rng(6)
    groups = rng.integers(5, size=len(vectors))
    histories = {f"u{i}": rng.permutation(np.flatnonzero(groups == i % 5))[:15].tolist() for i in range(100)}
    filtering = CollaborativeFiltering(len(vectors))
    text = TextRecommender(vectors)
    extra = [filtering, ItemItem(len(vectors)), Hybrid(text, filtering)]
    table = recommend.evaluate(vectors, histories, k=10, extra=extra)
    for name in ("collaborative (ALS)", "item-item", "text + collaborative (ALS)"):
        assert table.loc[name, "hit_rate_low"] > table.loc["text", "hit_rate_high"]
    assert filtering.user_vectors.shape[0] == 100
    assert filtering.item_vectors.shape[0] == len(vectors)
    assert recommend.evaluate(vectors, histories, k=10, extra=extra).equals(table)  # seeded


def test_accuracy_equals_trec_eval(vectors, histories_by_text):
    evaluation = recommend.compare({"text": vectors}, histories_by_text, k=10, split="last_n", n=4)
    held_out = split_histories(recommend.as_histories(histories_by_text, len(vectors)), "last_n", 4).held_out
    qrels = {str(u): {str(row): 1 for row in held_out.rows[held_out.events(int(u))]} for u in evaluation.users}
    run = {
        str(u): {str(row): 10.0 - rank for rank, row in enumerate(items)}
        for u, items in zip(evaluation.users, evaluation.lists[0], strict=True)
    }
    measures = {"success.10", "recall.10", "ndcg_cut.10", "recip_rank", "map_cut.10"}
    scores = pytrec_eval.RelevanceEvaluator(qrels, measures).evaluate(run)
    names = ("success_10", "recall_10", "ndcg_cut_10", "recip_rank", "map_cut_10")
    for ours, theirs in zip(metrics.ACCURACY, names, strict=True):
        expected = [scores[str(u)][theirs] for u in evaluation.users]
        assert np.allclose(evaluation.values[ours][0], expected)


def test_metrics_equal_rectools():
    """Values of RecTools 0.19.0 (MeanInvUserFreq, AvgRecPopularity, MAP, MRR, IntraListDiversity) on the same lists.
    Its NDCG divides by the ideal of k relevant items, ours by that of the relevant ones there are, as trec_eval's."""
    assert np.allclose(metrics.list_novelty(LISTS, LIKED_BY, 4), [1.471679, 0.943358, 1.471679, 2.0])
    assert np.allclose(metrics.list_popularity(LISTS, LIKED_BY, 1), [1.333333, 2.333333, 1.0, 0.333333])
    hits = np.array([np.isin(items, wanted) for items, wanted in zip(LISTS, RELEVANT, strict=True)])
    values = metrics.accuracy(hits, np.array([len(wanted) for wanted in RELEVANT]), 3)
    assert np.allclose(values["map"], [0.5, 0.166667, 0, 0.75], atol=1e-6)
    assert np.allclose(values["mrr"], [0.5, 0.333333, 0, 1], atol=1e-6)
    assert np.isclose(values["recall"].mean(), 0.5625)
    assert np.isclose(values["hit_rate"].mean(), 0.75)
    rows = np.random.default_rng(0).normal(size=(9, 4))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    assert np.allclose(metrics.list_diversity(LISTS, rows), [0.969789, 1.066199, 1.31525, 1.263854], atol=1e-6)
    assert np.isclose(metrics.catalog_coverage(LISTS, 9), 0.777778)


def test_short_lists_and_head():
    lists = np.array([[2, -1], [-1, -1]])
    assert np.isnan(metrics.list_diversity(lists, np.eye(3))).all()
    assert np.isnan(metrics.list_novelty(lists, np.ones(3), 2)).tolist() == [False, True]
    assert metrics.head_items(np.array([5, 1, 1, 3, 0])).tolist() == [True, False, False, False, False]
    assert not metrics.head_items(np.zeros(3)).any()


def test_copies_of_what_was_read_never_count(vectors, histories_by_text):
    """The held-out item is a copy of an item that the user has read: nothing is left to judge."""
    rows = np.vstack([vectors.rows, vectors.rows[:40]])
    copied = Vectors(rows, vectors.model, vectors.corpus)
    readers = {f"copy {i}": [i, i + 1, len(vectors) + i] for i in range(10)}
    evaluation = recommend.compare({"text": copied}, histories_by_text | readers, k=5)
    assert evaluation.excluded["with copies of seen items held out"] == 10
    assert len(evaluation.users) == len(histories_by_text)
    assert not (evaluation.lists >= len(vectors)).any()


def test_users_that_can_not_be_evaluated_are_counted(vectors, histories_by_text):
    some = {"one": [0], "none": [], "all": list(range(len(vectors)))}
    evaluation = recommend.compare({"text": vectors}, histories_by_text | some, k=5)
    assert evaluation.excluded["without a held-out item"] == 1
    assert evaluation.excluded["without a liked item to learn from"] == 1
    with pytest.raises(InputError, match="can be evaluated"):
        recommend.evaluate(vectors, {"one user": [1, 2, 3]})


def test_splits():
    histories = with_times({"a": [1, 2, 3], "b": [4], "c": [5, 6]}, [10, 20, 30, 40, 5, 50])
    one = split_histories(histories)
    assert one.held_out.rows.tolist() == [3, 6]
    assert one.train.rows.tolist() == [1, 2, 4, 5]
    two = split_histories(histories, "last_n", 2)
    assert two.held_out.rows.tolist() == [2, 3]
    assert two.train.rows.tolist() == [1, 4, 5, 6]
    by_date = split_histories(histories, "date", date="1970-01-01T00:00:30Z")
    assert by_date.held_out.rows.tolist() == [3, 4, 6]
    some = replace(histories, is_liked=np.array([True, True, False, True, True, False]))
    assert split_histories(some).held_out.rows.tolist() == [2, 3]  # what came after the last liked one goes with it
    for method, n, date in (("date", 1, "2030-01-01"), ("date", 1, "soon"), ("date", 1, None), ("last_n", 0, None)):
        with pytest.raises(InputError):
            split_histories(histories, method, n, date)


def test_recent_popularity_needs_times():
    histories = with_times({"a": [1, 1, 1, 2], "b": [1, 1, 1, 2]}, [1, 2, 3, 9, 1, 2, 3, 9])
    users = np.arange(2)
    assert Popularity(4).scores(histories, users)[0].tolist() == [0, 2, 2, 0]
    assert Popularity(4, recent=True).scores(histories, users)[0].tolist() == [0, 0, 2, 0]
    with pytest.raises(InputError):
        Popularity(4, recent=True).scores(recommend.as_histories({"a": [1]}, 4), users[:1])


def test_different_corpora_and_equal_names_are_refused(vectors):
    shorter = Vectors(np.array(vectors.rows[:50]), vectors.model, vectors.corpus)
    histories = {f"u{i}": [i, i + 1, i + 2] for i in range(20)}
    for contenders in ({}, {"a": vectors, "b": shorter}, {"random": vectors}):
        with pytest.raises(InputError):
            recommend.compare(contenders, histories)
    assert isinstance(recommend.evaluate(vectors, histories), pd.DataFrame)
