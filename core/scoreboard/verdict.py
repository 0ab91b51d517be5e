"""A comparison in two plain sentences: what the rows tell, and what they can't."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from core.scoreboard.comparison import Comparison, Pair
from core.scoreboard.cost import Cost

_TIMES = {2: "twice", 3: "three times", 4: "four times", 5: "five times", 6: "six times", 7: "seven times"}
_TIMES |= {8: "eight times", 9: "nine times", 10: "ten times"}
_COUNTS = {2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 7: "seven", 8: "eight", 9: "nine"}
MAX_NAMED = 4
SMALLEST_DIFFERENCE = 0.0001  # the smallest difference that is told, a hundredth of a point
SAME_TIME = 0.8  # times nearer to each other than this ratio differ by what else the machine does
SAME_BUSY = 0.3  # where it was busy


def verdict(
    comparison: Comparison,
    labels: Mapping[str, str],
    costs: Mapping[str, Cost] | None = None,
    failed: Sequence[str] = (),
) -> str:
    """Two sentences, one more where none beats chance, one where a contender failed; plain text, any characters.

    labels: name -> what a person reads. costs: what is known of them, by name. failed: labels of contenders that could
    not be scored.
    """
    words = _Words(comparison, labels, costs or {})
    sentences = [words.won(), words.unseen(), words.chance()]
    if failed:
        sentences.append(f"{join_names(failed)} could not be scored.")
    return " ".join(sentence for sentence in sentences if sentence)


def join_names(names: Sequence[str]) -> str:
    """ "A", "A and B", "A, B and C"; beyond MOST_NAMED "A, B, C and 4 others"."""
    shown = list(names)
    if len(shown) > MAX_NAMED:
        shown = [*shown[: MAX_NAMED - 1], f"{len(names) - MAX_NAMED + 1} others"]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def format_points(value: float) -> str:
    """A share in points of a hundred, "2.1"; two decimals where one would show 0.0."""
    return f"{100 * value:.2f}" if 0 < abs(100 * value) < 0.05 else f"{100 * value + 0.0:.1f}".replace("-0.0", "0.0")


class _Words:
    def __init__(self, comparison: Comparison, labels: Mapping[str, str], costs: Mapping[str, Cost]) -> None:
        self.comparison, self.labels, self.costs = comparison, labels, costs
        self.tied = comparison.tied()
        self.beaten = [line.name for line in comparison.lines if not line.best]
        one = "query" if comparison.unit == "queries" else comparison.unit.removesuffix("s")
        self.asked = f"1 {one}" if comparison.queries == 1 else f"{comparison.queries:,} {comparison.unit}"

    def won(self) -> str:
        """Who beats whom, by how much, and at what cost."""
        lines = self.comparison.lines
        if len(lines) == 1:
            only = lines[0]
            reached = f"{format_points(only.mean)} points{_interval(only.low, only.high)}"
            return f"{self._name(only.name)} reaches {reached}; there is nothing to compare it with."
        if not self.beaten:
            return self._all_tied()
        pair = self.comparison.pair(self.tied[0], self.beaten[0])
        beats = f"beats {self._name(pair.second)} by {_gap(pair)}{self._cost(pair)}"
        if len(self.tied) > 1:
            return f"{self._tie()} with {self.asked}; {self._name(pair.first)} {beats}."
        rest = len(self.beaten) - 1
        others = f", and {'the other' if rest == 1 else f'the other {_COUNTS.get(rest, rest)}'} by more" if rest else ""
        return f"{self._name(pair.first)} {beats}{others}."

    def unseen(self) -> str:
        """What can't be told apart, and how small a difference would go unseen."""
        parts = []
        tie, pair = self.comparison.next_tied_group(), self.comparison.minimum_detectable_pair()
        if tie:
            parts.append(f"{self._names(tie)} can't be told apart with {self.asked}")
        if pair is not None:
            unseen, both = (
                format_points(max(pair.minimum_detectable_difference, SMALLEST_DIFFERENCE)),
                f"{self._name(pair.first)} and {self._name(pair.second)}",
            )
            between = "them" if set(tie) == {pair.first, pair.second} else both
            parts.append(f"a difference between {between} under {unseen} points would probably not be seen")
        text = "; ".join(parts)
        return f"{text[0].upper()}{text[1:]}." if text and not tie else f"{text}." if text else ""

    def chance(self) -> str:
        """That no contender is shown to be better than a random ranking, where that is so."""
        level, lines = self.comparison.chance, self.comparison.lines
        if level is None or any(line.low > level for line in lines):
            return ""
        who = "It is not" if len(lines) == 1 else "Neither is" if len(lines) == 2 else "None is"
        return f"{who} shown to be better than chance, {format_points(level)} points."

    def _all_tied(self) -> str:
        widest = max(self.comparison.pairs, key=lambda pair: pair.difference)
        if widest.difference == 0:
            return f"{self._names(self.tied)} score the same with {self.asked}."
        first, second = self._name(widest.first), self._name(widest.second)
        unsure = _unsure(widest, len(self.comparison.pairs)) if widest.low > 0 else ""
        return (
            f"{self._tie()} with {self.asked}: the greatest difference, {first} over {second}, "
            f"is {_gap(widest)}{unsure}{self._cost(widest)}."
        )

    def _tie(self) -> str:
        """The contenders that are not told apart from the best, which may be told apart from each other."""
        shared = set.intersection(*(set(self.comparison.line(name).group) for name in self.tied))
        if shared:
            return f"{self._names(self.tied)} can't be told apart"
        return f"{self._names(self.tied[1:])} can't be told apart from {self._name(self.tied[0])}"

    def _cost(self, pair: Pair) -> str:
        """ ", at six times the price"; where both are free, or a price is not known, time and memory if they differ."""
        one, other = self.costs.get(pair.first), self.costs.get(pair.second)
        if one is None or other is None:
            return ""
        dear, cheap = one.usd_per_million, other.usd_per_million
        if dear is not None and cheap is not None and (dear or cheap):
            if not dear or not cheap:
                return f", but only {self._name(pair.first if dear else pair.second)} costs money"
            return f", {_ratio(dear / cheap, 'price')}"
        told = [_ratio(one.bytes_per_vector / other.bytes_per_vector, "memory")]
        slow, quick = one.speed.seconds_per_1000, other.speed.seconds_per_1000
        same = SAME_BUSY if one.speed.busy or other.speed.busy else SAME_TIME
        if slow and quick and not same < slow / quick < 1 / same:
            ratio = _ratio(float(f"{slow / quick:.2g}"), "embedding time")
            told.insert(0, ratio if ratio.startswith("at less") else ratio.replace("at ", "at about ", 1))
        told = [each for each in told if not each.startswith("at the same")]
        return f", {' and '.join(told)}" if told else ""

    def _name(self, name: str) -> str:
        return self.labels.get(name, name)

    def _names(self, names: Sequence[str]) -> str:
        return join_names([self._name(name) for name in names])


def _unsure(pair: Pair, pairs: int) -> str:
    """Why a difference whose interval leaves out 0 is not significant all the same."""
    corrected = f" once corrected for {pairs} pairs" if pairs > 1 else " by the randomization test"
    return f" (yet p = {pair.p_value_holm:.{3 if pair.p_value_holm < 0.1 else 2}f}{corrected})"


def _gap(pair: Pair) -> str:
    return f"{format_points(pair.difference)} points{_interval(pair.low, pair.high)}"


def _interval(low: float, high: float) -> str:
    return f", 95% CI {format_points(low)} to {format_points(high)}" if np.isfinite(low) and np.isfinite(high) else ""


def _ratio(ratio: float, what: str) -> str:
    """ "at six times the price", "at the same price", "at a quarter of the price"."""
    if ratio < 0.01:
        return f"at less than 1% of the {what}"
    if ratio < 0.95:
        part = {2: "half", 3: "a third", 4: "a quarter"}.get(round(1 / ratio)) if _whole(1 / ratio) else None
        return f"at {part or f'{ratio:.0%}'} of the {what}" if part != "half" else f"at half the {what}"
    if ratio <= 1.05:
        return f"at the same {what}"
    times = (_whole(ratio) and _TIMES.get(round(ratio))) or f"{ratio:,.3g} times"
    return f"at {times} the {what}"


def _whole(ratio: float) -> bool:
    return abs(ratio - round(ratio)) < 0.05 * ratio


FEW_SHOT = ("few_shot_accuracy", "few_shot_macro_f1")


def describe_recipe(metric: str, facts: Mapping[str, Any], split: str | None) -> str:
    """Of the figures that follow MTEB's recipes by labels, "" of others. facts: of the scores; split: the task's
    column. Plain text."""
    if metric in FEW_SHOT and "few_shot" in facts:
        return _few_shot(facts["few_shot"], split)
    return _groups(facts["groups"]) if metric == "v_measure" and "groups" in facts else ""


def _few_shot(sizes: Mapping[str, Any], split: str | None) -> str:
    rows = f"{sizes['test']:,} {'row' if sizes['test'] == 1 else 'rows'}"
    said = f"{sizes['runs']} draws of {sizes['shots']} texts a label from {sizes['train']:,} training rows, tested on "
    if split is None:
        return f"{said}{rows}; parted at random, as no column says train and test: no published figure compares."
    return f"{said}{rows}, by the column {split}: as MTEB does it, so that its figures for the same set compare."


def _groups(sizes: Mapping[str, Any]) -> str:
    several = sizes.get("sets", 1)
    if several > 1:
        said = f"The mean over {several} sets of rows, each clustered {sizes['seeds']} times"
    else:
        said = f"{sizes['rows']:,} rows clustered {sizes['seeds']} times into {sizes['labels']:,} groups"
    if sizes["rows"] < sizes["of_rows"]:
        return f"{said}; they are a sample, so no published figure compares."
    return f"{said}, by MTEB's recipe: its figures for the same set compare."
