"""Comparisons in one metric, as the scoreboard shows them."""

import numpy as np
import pytest

from core.errors import InputError
from core.scoreboard.comparison import compare, tied_groups
from core.scoreboard.types import METRICS, Scores


def scored(values, metric="map_at_r", units=None, **facts):
    """Scores of one contender; each value its own unit unless said otherwise."""
    values = np.asarray(values, np.float32)
    return Scores({metric: values}, np.arange(len(values)) if units is None else units, facts=facts)


@pytest.fixture
def three():
    rng = np.random.default_rng(3)
    better = np.array([[0.0], [0.05], [-0.02]])
    return np.clip(rng.random(60) + better + rng.normal(0, 0.1, (3, 60)), 0, 1)


def test_letters_are_shared_by_those_not_significantly_different():
    def pairs(*names):
        return {frozenset(name) for name in names}

    assert tied_groups("xyz", pairs("xy", "yz")) == {"x": "a", "y": "ab", "z": "b"}
    assert tied_groups("xyz", pairs("xy", "yz", "xz")) == {"x": "a", "y": "a", "z": "a"}
    assert tied_groups("xyz", set()) == {"x": "a", "y": "b", "z": "c"}
    assert tied_groups("wxyz", pairs("wx", "wz", "yz")) == {"w": "ab", "x": "a", "y": "c", "z": "bc"}


def test_equal_contenders_tie_and_their_share_is_split(three):
    found = compare({"a": scored(three[0]), "b": scored(three[0]), "c": scored(three[2] / 2)}, "map_at_r")
    pair = found.pair("b", "a")
    assert (pair.difference, pair.low, pair.high, pair.p_value, pair.p_value_holm) == (0, 0, 0, 1, 1)
    assert np.isnan(pair.minimum_detectable_difference)
    assert [(line.share_best, line.group, line.best) for line in found.lines] == [
        (0.5, "a", True), (0.5, "a", True), (0, "b", False),
    ]  # fmt: skip


def test_lines_fall_and_pairs_name_the_better_one_first(three):
    found = compare({name: scored(row) for name, row in zip("abc", three, strict=True)}, "map_at_r")
    assert [line.name for line in found.lines] == ["b", "a", "c"]
    assert [(pair.first, pair.second) for pair in found.pairs] == [("b", "a"), ("b", "c"), ("a", "c")]
    for pair in found.pairs:
        assert pair.difference == pytest.approx(found.line(pair.first).mean - found.line(pair.second).mean)
        assert pair.low <= pair.difference <= pair.high
        assert pair.p_value <= pair.p_value_holm
    assert "seed 0" in found.method
    assert "Holm" in found.method


def test_the_same_seed_gives_the_same_and_another_does_not(three):
    both = {name: scored(row) for name, row in zip("ab", three[:2], strict=True)}
    assert compare(both, "map_at_r", seed=4) == compare(both, "map_at_r", seed=4)
    assert compare(both, "map_at_r", seed=4) != compare(both, "map_at_r", seed=5)


def test_order_of_contenders_does_not_matter(three):
    one = compare({name: scored(row) for name, row in zip("abc", three, strict=True)}, "map_at_r")
    other = compare({name: scored(row) for name, row in zip("cba", three[::-1], strict=True)}, "map_at_r")
    assert [line.name for line in one.lines] == [line.name for line in other.lines]
    for a, b in zip(one.pairs, other.pairs, strict=True):
        assert (a.difference, a.low, a.high) == pytest.approx((b.difference, b.low, b.high))
        assert a.p_value == pytest.approx(b.p_value, abs=0.01)


def test_noise_loses_and_more_noise_loses_more():
    rng = np.random.default_rng(0)
    right = rng.random(400)
    rows = {str(loss): scored(np.clip(right - loss * rng.random(400), 0, 1)) for loss in (0, 0.1, 0.4)}
    found = compare(rows, "map_at_r")
    assert [(line.name, line.group) for line in found.lines] == [("0", "a"), ("0.1", "b"), ("0.4", "c")]
    assert found.pair("0", "0.1").difference < found.pair("0", "0.4").difference


def test_all_right_still_has_an_interval():
    found = compare({"a": scored(np.ones(30)), "b": scored(np.r_[np.zeros(3), np.ones(27)])}, "map_at_r")
    assert found.line("a").high == pytest.approx(1)
    assert found.line("a").low == pytest.approx(0.886, abs=0.01)  # Wilson's for 30 of 30


def test_queries_a_metric_does_not_judge_are_left_out():
    values = np.array([1, np.nan, 0, 1], np.float32)
    found = compare({"a": scored(values, of_queries=9), "b": scored(values)}, "map_at_r")
    assert (found.lines[0].mean, found.queries, found.total) == (pytest.approx(2 / 3), 3, 9)


def test_one_contender_and_one_query():
    alone = compare({"a": scored([0.2, 0.4, 0.3])}, "map_at_r")
    assert (alone.pairs, alone.lines[0].share_best, alone.lines[0].group) == ((), 1, "a")
    assert alone.minimum_detectable_pair() is None
    single = compare({"a": scored([0.2]), "b": scored([0.4])}, "map_at_r")
    assert np.isnan(single.lines[0].low)
    assert [line.share_best for line in single.lines] == [0.5, 0.5]  # one query tells nothing of others
    assert single.pairs[0].p_value == 1


def test_whole_scores_and_runs_by_way_of_compare():
    rng = np.random.default_rng(0)
    shared = rng.normal(0, 0.02, 500)

    def whole(at, drift):
        facts = {"resampled": {"v_measure": {"count": 90, "of": 120, "unit": "rows", "extra": "5 clusterings"}}}
        draws = at + drift + shared + rng.normal(0, 0.001, 500)
        return Scores({}, np.arange(0), total={"v_measure": at}, resampled={"v_measure": draws}, facts=facts)

    found = compare({"a": whole(0.7, 0.02), "b": whole(0.68, 0.02)}, "v_measure")
    line, pair = found.line("a"), found.pairs[0]
    assert line.low < 0.7 < line.high  # the resamples' own level is 0.72
    assert (line.low + line.high) / 2 == pytest.approx(0.7, abs=0.005)
    assert pair.high - pair.low < 0.01 < line.high - line.low
    assert pair.is_significant
    assert (found.queries, found.total, found.unit) == (90, 120, "rows")
    assert "5 clusterings" in found.method
    facts = {"ratio": {"probe_macro_f1": 0.25}}
    runs = {
        name: Scores({}, np.arange(0), runs={"probe_macro_f1": np.array(row)}, facts=facts)
        for name, row in {"a": [0.5, 0.6, 0.7], "b": [0.5, 0.55, 0.6]}.items()
    }
    found = compare(runs, "probe_macro_f1")
    assert (found.unit, found.queries) == ("folds", 3)
    assert "Nadeau" in found.method
    assert 0.5 < found.line("a").share_best < 1


def test_pairs_of_scores_that_do_not_vary_correlate_with_nothing():
    flat = Scores({}, np.arange(5), pairs=np.stack([np.ones(5), np.arange(5.0)], axis=1))
    found = compare({"a": flat, "b": flat}, "spearman")
    assert [line.mean for line in found.lines] == [0, 0]
    assert found.pairs[0].p_value == 1


def test_what_can_not_be_compared():
    with pytest.raises(InputError, match="no scores"):
        compare({}, "map_at_r")
    with pytest.raises(InputError, match="Not every contender"):
        compare({"a": scored([1, 0]), "b": scored([1, 0], "other")}, "map_at_r")
    with pytest.raises(InputError, match="different rows"):
        compare({"a": scored([1, 0]), "b": scored([1, 0, 1])}, "map_at_r")


def test_intervals_stay_where_scores_can_be():
    runs = {"a": [0.95, 1.0, 0.9, 1.0, 1.0], "b": [0.0, 0.1, 0.0, 0.0, 0.0]}
    facts = {"ratio": {"probe_macro_f1": 0.25}}
    made = {
        name: Scores({}, np.arange(5), runs={"probe_macro_f1": np.array(each)}, facts=facts)
        for name, each in runs.items()
    }
    found = compare(made, "probe_macro_f1")
    assert found.line("a").high == 1.0
    assert found.line("b").low == 0.0
    assert found.line("a").low < 0.95  # the other end is left alone


def test_the_method_counts_queries_and_different_texts():
    values = np.random.default_rng(0).random((2, 20))
    copies, facts = np.arange(20) // 2, {"unit": "queries"}
    made = {name: Scores({"map_at_r": row}, copies, facts=facts) for name, row in zip("ab", values, strict=True)}
    assert "over 20 queries on 10 different texts" in compare(made, "map_at_r").method


@pytest.mark.parametrize(
    ("metric", "test"),
    [
        ("probe_accuracy", "paired randomization test (10,000"),
        ("probe_macro_f1", "Nadeau and Bengio"),
        ("few_shot_accuracy", "normal test"),
        ("spearman", "Spearman recomputed in each"),
        ("pearson", "Pearson recomputed in each"),
    ],
)
def test_the_metric_declares_interval_and_test(metric, test):
    """Whatever else the scores hold of it."""
    rng = np.random.default_rng(0)
    facts = {"ratio": {metric: 0.25}, "resampled": {metric: {"count": 40, "of": 40, "unit": "rows", "extra": ""}}}
    scores = Scores(
        {metric: rng.random(40)}, np.arange(40), rng.random((40, 2)), {metric: rng.random(5)}, {metric: 0.5},
        {metric: rng.random(500)}, facts=facts,
    )  # fmt: skip
    assert test in compare({"a": scores}, metric).method


def test_correlations_alone_may_be_negative():
    assert {name for name, metric in METRICS.items() if metric.lowest < 0} == {"spearman", "pearson"}
    assert all(metric.higher_is_better for metric in METRICS.values())
