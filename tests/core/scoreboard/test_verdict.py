"""The verdict's sentences: true to the comparison's numbers, whatever its outcome."""

from dataclasses import replace
from itertools import combinations

import pytest

from core.scoreboard.comparison import Comparison, Line, Pair, tied_groups
from core.scoreboard.cost import Cost, Speed
from core.scoreboard.verdict import (
    describe_recipe,
    describe_training,
    format_minimum,
    format_points,
    join_names,
    verdict,
)
from core.types import ModelSpec
from core.vectors.contenders import Contender

NAMES = {"a": "A", "b": "B", "c": "C", "d": "D"}


def costs(prices=(), sizes=(), seconds=()):
    """Costs by name, of what is given; a price is free and a size 512 bytes where it is not, a time unknown."""
    names = dict.fromkeys([*prices, *sizes, *seconds])
    prices, sizes, seconds = dict(prices), dict(sizes), dict(seconds)
    return {
        name: Cost(128, sizes.get(name, 512), prices.get(name, 0.0), "", None, None, None,
                   Speed("measured", seconds.get(name)))
        for name in names
    }  # fmt: skip


def busy(known):
    return {name: replace(cost, speed=replace(cost.speed, others=0.9)) for name, cost in known.items()}


def compared(means, tied=(), mdd=0.014, queries=1_000):
    """means by name, best first; pairs in `tied` are not told apart, all others are. mdd: of all pairs, or by pair."""
    together = {frozenset(pair) for pair in tied}
    letters, top = tied_groups(list(means), together), next(iter(means))
    lines = tuple(
        Line(
            name, mean, mean - 0.01, mean + 0.01, 0.5, letters[name], name == top or frozenset((name, top)) in together
        )
        for name, mean in means.items()
    )
    pairs = []
    for first, second in combinations(means, 2):
        gap = means[first] - means[second]
        p = 0.4 if frozenset((first, second)) in together else 0.001
        least = mdd.get(first + second, 0.014) if isinstance(mdd, dict) else mdd
        pairs.append(Pair(first, second, gap, gap - 0.012, gap + 0.012, p, p, least))
    return Comparison("map_at_r", lines, tuple(pairs), queries, queries, queries, "rows", None, 0, "")


def test_a_winner_at_a_price_and_a_tie_below():
    found = compared({"b": 0.421, "a": 0.4, "c": 0.396}, tied=["ac"])
    assert verdict(found, NAMES, costs({"a": 0.02, "b": 0.12, "c": 0.02})) == (
        "B is best (MAP@R 0.421, 95% CI 0.411 to 0.431); A (-0.021, 95% CI -0.033 to -0.009) and C (-0.025) are "
        "significantly lower. Compared with A, B has 6 times the price. A and C do not differ significantly; the "
        "minimum detectable difference is 0.014."
    )


def test_the_best_two_are_tied():
    found = compared({"b": 0.421, "a": 0.419, "c": 0.396}, tied=["ab"])
    assert verdict(found, NAMES) == (
        "B is best (MAP@R 0.421, 95% CI 0.411 to 0.431), but not significantly better than A; C (-0.025, 95% CI -0.037 "
        "to -0.013) is significantly lower. The minimum detectable difference between B and A is 0.014."
    )


def test_tied_with_the_best_but_not_with_each_other():
    found = compared({"b": 0.43, "a": 0.42, "c": 0.41}, tied=["ab", "bc"])
    assert verdict(found, NAMES).startswith(
        "There is no significant difference between B and each of A and C on 1,000 rows; the largest difference"
    )


def test_all_are_tied():
    found = compared({"b": 0.421, "a": 0.419, "c": 0.415}, tied=["ab", "ac", "bc"])
    assert verdict(found, NAMES, costs({"b": 1.0, "c": 0.0})) == (
        "There is no significant difference among B, A and C on 1,000 rows; the largest difference, B over C, is "
        "0.006, 95% CI -0.006 to 0.018. Only B costs money. The minimum detectable difference between B and A is 0.014."
    )


def test_an_interval_without_0_that_correction_for_many_pairs_does_not_trust():
    found = compared({"b": 0.43, "a": 0.42, "c": 0.415}, tied=["ab", "ac", "bc"])
    assert "95% CI 0.003 to 0.027 (but p = 0.40 after correction for 3 pairs)." in verdict(found, NAMES)


def test_the_same_twice():
    found = compared({"a": 0.4, "b": 0.4}, tied=["ab"], mdd=float("nan"))
    assert verdict(found, NAMES) == "A and B score the same on 1,000 rows."


def test_one_alone_and_one_that_failed():
    found = compared({"a": 0.4}, mdd=float("nan"))
    assert verdict(found, NAMES, failed=["D"]) == (
        "A (MAP@R 0.400, 95% CI 0.390 to 0.410); there is nothing to compare it with. D could not be scored."
    )


def test_one_query_is_one():
    found = compared({"a": 0.5, "b": 0.4}, tied=["ab"], mdd=float("nan"), queries=1)
    assert verdict(replace(found, unit="queries"), NAMES).startswith(
        "There is no significant difference between A and B on 1 query;"
    )


def test_ten_contenders_are_not_all_named():
    names = {letter: letter.upper() for letter in "abcdefghij"}
    means = {letter: 0.5 - 0.001 * i for i, letter in enumerate(names)}
    found = compared(means, tied=["".join(pair) for pair in combinations(means, 2)])
    assert verdict(found, names).startswith("There is no significant difference among A, B, C and 7 others on")
    assert verdict(compared(means), names).startswith("A is best")
    assert "C (-0.002), D (-0.003) and 6 others are significantly lower" in verdict(compared(means), names)


@pytest.mark.parametrize(
    ("known", "words"),
    [
        (costs({"a": 0.5, "b": 0.25}), "A has 2 times the price."),
        (costs({"a": 0.1, "b": 0.25}), "40% of the price."),
        (costs({"a": 0.1, "b": 0.2}), "50% of the price."),
        (costs({"a": 0.1, "b": 0.4}), "25% of the price."),
        (costs({"a": 0.13, "b": 0.02}), "6.5 times the price."),
        (costs({"a": 0.2, "b": 0.2}, seconds={"a": 9.0, "b": 1.0}), "A has the same price. The"),  # price alone
        (costs({"a": 0.0, "b": 0.2}), "Only B costs money."),
        (costs({"a": 0.0, "b": 0.0}, {"a": 3_072, "b": 1_536}), "A has 2 times the memory. The"),
        (costs(seconds={"a": 6.07, "b": 0.2}), "A has 30 times the embedding time. The"),
        (costs(seconds={"a": 0.01, "b": 14.0}), "A has less than 1% of the embedding time. The"),
        (costs((), {"a": 1_536, "b": 512}, {"a": 0.2, "b": 4.0}),
         "A has 5% of the embedding time and 3 times the memory."),
        (costs((), {"a": 16, "b": 512}, {"a": 1.1, "b": 1.0}), "A has 3% of the memory. The"),  # times as near
        (busy(costs(seconds={"a": 2.0, "b": 1.0})), None),
        (busy(costs(seconds={"a": 9.0, "b": 1.0})), "A has 9 times the embedding time."),
        (costs({"a": None, "b": 0.2}, {"a": 1_536, "b": 1_540}), None),
        ({}, None),
    ],
)  # fmt: skip
def test_what_a_winner_costs(known, words):
    found = verdict(compared({"a": 0.5, "b": 0.4}), NAMES, known)
    assert words is None or words in found
    assert words or "lower. The minimum" in found  # nothing is said where nothing is known or differs


def test_what_could_not_be_seen_is_that_of_the_pair_spoken_of():
    """b is a in other numbers, so that their difference hardly varies: its 0.02 points tell nothing of the others."""
    least = {"ab": 0.0002, "ac": 0.021, "bc": 0.02}
    tied = compared({"a": 0.42, "b": 0.4199, "c": 0.41}, tied=["ab", "ac", "bc"], mdd=least)
    assert "The minimum detectable difference between A and C is 0.021" in verdict(tied, NAMES)
    below = compared({"c": 0.5, "a": 0.42, "b": 0.4199}, tied=["ab"], mdd=least)
    assert "A and B do not differ significantly; the minimum detectable difference is 0.0002" in verdict(below, NAMES)
    apart = compared({"a": 0.5, "c": 0.42, "b": 0.3}, mdd=least)
    assert "The minimum detectable difference between A and C is 0.021" in verdict(apart, NAMES)
    same = compared({"a": 0.42, "b": 0.42, "c": 0.41}, tied=["ab", "ac", "bc"], mdd=least | {"ab": float("nan")})
    assert same.minimum_detectable_pair().minimum_detectable_difference == 0.021


def test_points_and_lists():
    assert [format_points(value) for value in (0.0214, 0.0, -0.006, 0.0002, 1.0)] == [
        "2.1",
        "0.0",
        "-0.6",
        "0.02",
        "100.0",
    ]
    assert join_names(["A"]) == "A"
    assert join_names(list("ABCDE")) == "A, B, C and 2 others"


def test_no_contender_is_better_than_chance():
    lines = {"b": 0.252, "a": 0.25}
    found = compared(lines, tied=["ab"])
    assert verdict(replace(found, chance=0.25), NAMES).endswith("Neither is significantly better than chance (0.250).")
    assert "chance" not in verdict(replace(found, chance=0.2), NAMES)
    assert "chance" not in verdict(found, NAMES)


def test_one_pair_is_not_said_to_be_corrected_for_many():
    found = compared({"b": 0.43, "a": 0.41}, tied=["ab"])
    assert "(but p = 0.40 by the randomization test)" in verdict(found, NAMES)


def test_a_difference_too_small_to_write_is_not_written_as_nothing():
    """Nor rounded up to twice its value."""
    for value, text in ((0.00001, "0.000010."), (0.00053, "0.00053."), (0.0152, "0.015."), (0.12, "0.12.")):
        found = verdict(compared({"b": 0.43, "a": 0.41}, mdd=value), NAMES)
        assert f"difference between B and A is {text}" in found
    assert [format_minimum(value) for value in (float("inf"), float("nan"), 0.0)] == ["none", "unknown", "0.00"]


def test_too_few_queries_for_any_difference_are_named():
    found = compared({"b": 0.43, "a": 0.41}, tied=["ab"], mdd=float("inf"), queries=5)
    assert "No difference can be significant on 5 rows." in verdict(found, NAMES)
    many = compared({"b": 0.43, "a": 0.41, "c": 0.4}, tied=["ab", "ac", "bc"], mdd=float("inf"), queries=7)
    assert "on 7 rows after correction for 3 pairs." in verdict(many, NAMES)


def test_few_shots_say_whether_a_published_figure_compares():
    facts = {"few_shot": {"runs": 10, "shots": 8, "train": 300, "test": 1}}
    description = describe_recipe("few_shot_accuracy", facts, "split")
    assert description.startswith(
        "10 draws of 8 texts per label from 300 training rows, tested on 1 row, split by the column split"
    )
    assert "not comparable with published figures" in describe_recipe("few_shot_macro_f1", facts, None)
    groups = {"seeds": 10, "labels": 12, "rows": 600, "of_rows": 600, "sets": 1}
    assert "600 rows clustered 10 times into 12 clusters: MTEB" in describe_recipe(
        "v_measure", {"groups": groups}, None
    )
    assert "mean over 4 sets" in describe_recipe("v_measure", {"groups": groups | {"sets": 4}}, None)
    assert "not comparable" in describe_recipe("v_measure", {"groups": groups | {"of_rows": 900}}, None)
    assert describe_recipe("map_at_r", facts, "split") == describe_recipe("few_shot_accuracy", {}, None) == ""


@pytest.mark.parametrize(("metric", "unit", "who"), [
    ("map_at_r", "queries", "A random order of the rows"),
    ("average_precision", "pairs", "A random order of the pairs"),
    ("probe_accuracy", "queries", "Guessing"), ("few_shot_accuracy", "test rows", "Guessing"),
])  # fmt: skip
def test_chance_is_told_as_what_it_is(metric, unit, who):
    found = Comparison(metric, (), (), 10, 10, 10, unit, 0.25, 0, "")
    assert found.chance_description() == f"{who} reaches 0.250 (chance)."
    assert replace(found, chance=None).chance_description() == ""


def test_models_that_were_trained_here_carry_a_caution():
    base = ModelSpec("lexical", "base")
    adapted, tuned = replace(base, adapter="a" * 16, adapter_name="topics"), ModelSpec("fine-tuned", "tuned")
    caution = describe_training([Contender(base), Contender(adapted), Contender(tuned)])
    assert adapted.label in caution
    assert "tuned" in caution
    assert describe_training([Contender(base)]) == ""
