"""The recommendation: the best contender, a cheaper one that is not significantly lower, or none."""

from dataclasses import replace
from math import inf

import pytest

from core.scoreboard.cost import Cost, Speed
from core.scoreboard.recommendation import choose, describe_cost, rival
from tests.core.scoreboard.test_verdict import busy, compared, costs


@pytest.mark.parametrize(
    ("tied", "prices", "key"),
    [
        ([], {"b": 0.12, "a": 0.02, "c": 0.0}, "b"),  # a cheaper one is significantly lower
        (["ab"], {"b": 0.12, "a": 0.02, "c": 0.0}, "a"),
        (["ab", "ac", "bc"], {"b": 0.12, "a": 0.02, "c": 0.0}, "c"),
        (["ab"], {"b": 0.02, "a": 0.12, "c": 0.0}, "b"),
    ],
)
def test_the_cheapest_of_those_tied_with_the_best(tied, prices, key):
    choice = choose(compared({"b": 0.421, "a": 0.419, "c": 0.396}, tied=tied), costs(prices))
    assert choice.key == key
    assert ("cheaper" in choice.reason) == bool(tied)


def test_the_difference_to_the_best_is_given():
    choice = choose(compared({"b": 0.421, "a": 0.417}, tied=["ab"]), costs(seconds={"b": 9.0, "a": 1.0}))
    assert choice.key == "a"
    assert "(-0.004, 95% CI -0.016 to 0.008)" in choice.reason


def test_times_that_only_differ_by_load_and_unknown_prices_are_no_reason():
    pair = compared({"b": 0.421, "a": 0.419}, tied=["ab"])
    near = costs(seconds={"b": 1.1, "a": 1.0})
    assert choose(pair, near).key == "b"
    assert choose(pair, busy(costs(seconds={"b": 2.0, "a": 1.0}))).key == "b"
    assert choose(pair, costs(sizes={"b": 1536, "a": 512})).key == "a"
    unknown = costs(seconds={"b": 9.0, "a": 1.0})
    unknown["a"] = replace(unknown["a"], usd_per_million=None)
    assert choose(pair, unknown).key == "b"
    assert choose(pair, {}).key == "b"


def test_none_is_recommended_where_nothing_can_be_shown():
    pair = compared({"b": 0.421, "a": 0.419}, tied=["ab"])
    by_chance = choose(replace(pair, chance=0.5), costs({"a": 0.0}))
    assert by_chance.key == ""
    assert "chance" in by_chance.reason
    few = choose(compared({"b": 1.0, "a": 0.5}, tied=["ab"], mdd=inf, queries=1), costs({"a": 0.0}))
    assert few.key == ""
    assert few.reason.startswith("1 row ")


def test_a_single_contender_has_no_rival():
    only = compared({"b": 0.421})
    assert choose(only, {}).key == "b"
    assert rival(only, "b") == ""
    three = compared({"b": 0.421, "a": 0.419, "c": 0.396})
    assert [rival(three, key) for key in "bac"] == ["a", "b", "b"]


def test_costs_are_described_with_their_units():
    speed = Speed("measured", 0.034, 100, 0.0316, 0.05, 30)
    free = Cost(64, 256, 0.0, "", 10.0, 0.0, 0, speed, 0.0)
    assert describe_cost(free) == (
        "Free (runs locally); 0.034 s per 1,000 texts; 0.032 ms per query (median); 256 bytes per vector."
    )
    paid = Cost(64, 256, 0.3, "2026-04", 15.0, 0.0, 0, Speed("unknown"), 0.02)
    assert describe_cost(paid) == ("$0.02 per 1M tokens; $0.30 per 1M texts of this length; 256 bytes per vector.")
    assert describe_cost(replace(paid, usd_per_million=None, usd_per_million_tokens=None)).startswith("Price unknown")
