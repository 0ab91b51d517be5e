"""A comparison in two plain sentences, with its cost, and how a metric was measured."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from core.scoreboard.comparison import Comparison, Pair
from core.scoreboard.cost import NOT_MEASURED, Basis, Cost
from core.scoreboard.types import METRICS
from core.vectors.contenders import Contender

MAX_NAMED = 4
SAME_TIME = 0.8  # times closer to each other than this ratio differ by what else the machine does
SAME_TIME_BUSY = 0.3  # where it was busy
FEW_SHOT = ("few_shot_accuracy", "few_shot_macro_f1")


def verdict(
    comparison: Comparison, labels: Mapping[str, str],
    costs: Mapping[str, Cost] | None = None, failed: Sequence[str] = (),
) -> str:  # fmt: skip
    """Which contenders are best, by how much and at what cost, and which difference can't be detected; then whether
    none beats chance, and who could not be scored. Plain text, any characters. labels: contender key -> label. costs:
    what is known of them, by key. failed: labels of contenders without a score."""
    writer = VerdictWriter(comparison, labels, costs or {})
    sentences = [writer.ranking(), writer.cost(), writer.detectability(), writer.chance()]
    if failed:
        sentences.append(f"{join_names(failed)} could not be scored.")
    return " ".join(sentence for sentence in sentences if sentence)


def join_names(names: Sequence[str]) -> str:
    """ "A", "A and B", "A, B and C"; beyond MAX_NAMED "A, B, C and 4 others"."""
    listed = list(names)
    if len(listed) > MAX_NAMED:
        listed = [*listed[: MAX_NAMED - 1], f"{len(names) - MAX_NAMED + 1} others"]
    return listed[0] if len(listed) == 1 else f"{', '.join(listed[:-1])} and {listed[-1]}"


def describe_training(contenders: Sequence[Contender], held_out: str = "") -> str:
    """A caution on adapters and fine-tuned models, which may be scored on what they were trained on; "" of others.
    held_out: keys of models whose training rows were left out, divided by dots. Plain text."""
    trained = (item for item in contenders if item.model.is_supervised_here)
    names = [item.label for item in trained if item.model.key not in held_out.split(".")]
    if not names:
        return ""
    return (
        f"{join_names(names)}: trained in this workspace. Scores on rows used for that training are too high; the "
        "Customize page shows the held-out result."
    )


def describe_unmeasured(labels: Sequence[str], costs: Sequence[Cost]) -> list[str]:
    """Why times are not measured: a sentence per reason, with the contenders' labels. Plain text."""
    names: dict[Basis, list[str]] = {}
    for label, cost in zip(labels, costs, strict=True):
        names.setdefault(cost.speed.basis, []).append(label)
    return [f"{join_names(names[basis])}: {reason}" for basis, reason in NOT_MEASURED.items() if basis in names]


def format_points(value: float) -> str:
    """A share in points of a hundred, "2.1"; two decimals where one would show 0.0."""
    return f"{100 * value:.2f}" if 0 < abs(100 * value) < 0.05 else f"{100 * value:z.1f}"


def format_minimum(value: float) -> str:
    """A minimum detectable difference with two significant digits, "0.021", "0.00053"; "none" where no difference is
    detectable, "unknown" for NaN."""
    if not np.isfinite(value):
        return "unknown" if np.isnan(value) else "none"
    decimals = min(max(1 - int(np.floor(np.log10(value))), 2), 8) if value > 0 else 2
    return f"{value:.{decimals}f}"


def describe_recipe(metric: str, facts: Mapping[str, Any], split: str | None) -> str:
    """How a metric that follows a recipe of MTEB was measured, and whether published figures compare; "" of others.
    facts: of the scores; split: the task's column. Plain text."""
    if metric in FEW_SHOT and "few_shot" in facts:
        return _describe_few_shot(facts["few_shot"], split)
    return _describe_clusters(facts["groups"]) if metric == "v_measure" and "groups" in facts else ""


class VerdictWriter:
    """The sentences of a verdict, one at a time; "" where there is nothing to say. Arguments as of `verdict`."""

    def __init__(self, comparison: Comparison, labels: Mapping[str, str], costs: Mapping[str, Cost]) -> None:
        self.comparison, self.labels, self.costs = comparison, labels, costs
        self.metric = METRICS[comparison.metric].label
        self.tied = comparison.tied()
        self.largest = max(comparison.pairs, key=lambda pair: pair.difference, default=None)
        self.lower = [line.name for line in comparison.lines if not line.best]
        unit = "query" if comparison.unit == "queries" else comparison.unit.removesuffix("s")
        self.sample = f"1 {unit}" if comparison.queries == 1 else f"{comparison.queries:,} {comparison.unit}"

    def ranking(self) -> str:
        """Which contenders are best, and by how much."""
        line = self.comparison.lines[0]
        best = f"{self._name(line.name)} is best ({self.metric} {line.mean:z.3f}{_interval(line.low, line.high)})"
        if len(self.comparison.lines) == 1:
            return f"{best.replace(' is best', '')}; there is nothing to compare it with."
        if not self.lower:
            return self._all_tied()
        verb = "is" if len(self.lower) == 1 else "are"
        lower = f"{join_names(self._differences())} {verb} significantly lower"
        if len(self.tied) == 1:
            return f"{best}; {lower}."
        return f"{best}, but not significantly better than {self._names(self.tied[1:])}; {lower}."

    def cost(self) -> str:
        """What the best costs compared with the next, or with the lowest where all are tied."""
        pair = self.largest if not self.lower else self.comparison.pair(self.tied[0], self.lower[0])
        return self.relative_cost(pair.first, pair.second) if pair else ""

    def relative_cost(self, first_key: str, second_key: str) -> str:
        """What a contender costs compared with another; "" where they cost the same."""
        one, two = self.costs.get(first_key), self.costs.get(second_key)
        if one is None or two is None:
            return ""
        first, second = self._name(first_key), self._name(second_key)
        expensive, cheap = one.usd_per_million, two.usd_per_million
        if expensive is not None and cheap is not None and (expensive or cheap):
            if expensive and cheap:
                return f"Compared with {second}, {first} has {_ratio(expensive / cheap, 'price')}."
            return f"Only {first if expensive else second} costs money."
        ratios = {"embedding time": time_ratio(one, two), "memory": one.bytes_per_vector / two.bytes_per_vector}
        parts = [_ratio(ratio, name) for name, ratio in ratios.items() if not 0.95 <= ratio <= 1.05]
        return f"Compared with {second}, {first} has {' and '.join(parts)}." if parts else ""

    def detectability(self) -> str:
        """The next contenders without a significant difference, and the smallest difference the test can detect."""
        tied, pair = self.comparison.next_tied_group(), self.comparison.minimum_detectable_pair()
        parts = [f"{self._names(tied)} do not differ significantly"] if tied else []
        if pair is not None:
            both = [pair.first, pair.second]
            names = "" if set(tied) == set(both) else f" between {self._names(both)}"
            detectable = pair.minimum_detectable_difference
            parts.append(
                f"the minimum detectable difference{names} is {format_minimum(detectable)}"
                if np.isfinite(detectable)
                else f"no difference can be significant on {self.sample}{_corrected(len(self.comparison.pairs))}"
            )
        text = "; ".join(parts)
        return f"{text[0].upper() if not tied else text[0]}{text[1:]}." if text else ""

    def chance(self) -> str:
        """That no contender is shown to be better than a random ranking, where that is so."""
        level, lines = self.comparison.chance, self.comparison.lines
        if level is None or any(line.low > level for line in lines):
            return ""
        subject = "It is not" if len(lines) == 1 else "Neither is" if len(lines) == 2 else "None is"
        return f"{subject} significantly better than chance ({level:.3f})."

    def _all_tied(self) -> str:
        largest = self.largest
        if largest is None or largest.difference == 0:
            return f"{self._names(self.tied)} score the same on {self.sample}."
        shared = set.intersection(*(set(self.comparison.line(name).group) for name in self.tied))
        first_tied, others = self._name(self.tied[0]), self._names(self.tied[1:])
        names = self._names(self.tied) if shared else f"{first_tied} and each of {others}"
        between = "between" if len(self.tied) == 2 or not shared else "among"
        largest_of = f"{self._name(largest.first)} over {self._name(largest.second)}"
        correction = _correction(largest, len(self.comparison.pairs)) if largest.low > 0 else ""
        difference = f"{_format_difference(largest.difference)}{_interval(largest.low, largest.high)}{correction}"
        return (
            f"There is no significant difference {between} {names} on {self.sample}; the largest difference, "
            f"{largest_of}, is {difference}."
        )

    def _differences(self) -> list[str]:
        """The contenders that are lower, each with its difference from the best; the first with its interval."""
        pairs = [self.comparison.pair(self.tied[0], name) for name in self.lower]
        values = [self.difference(pairs[0]), *(_format_difference(-pair.difference) for pair in pairs[1:])]
        return [f"{self._name(pair.second)} ({value})" for pair, value in zip(pairs, values, strict=True)]

    def difference(self, pair: Pair) -> str:
        """The lower score of a pair minus the higher one, with its interval."""
        return f"{_format_difference(-pair.difference)}{_interval(-pair.high, -pair.low)}"

    def _name(self, name: str) -> str:
        return self.labels.get(name, name)

    def _names(self, names: Sequence[str]) -> str:
        return join_names([self._name(name) for name in names])


def _format_difference(value: float) -> str:
    """ "0.021"; four decimals where three would show 0."""
    return f"{value:.4f}" if 0 < abs(value) < 0.0005 else f"{value:z.3f}"


def _interval(low: float, high: float) -> str:
    if not (np.isfinite(low) and np.isfinite(high)):
        return ""
    return f", 95% CI {_format_difference(low)} to {_format_difference(high)}"


def _correction(pair: Pair, pairs: int) -> str:
    """Why a difference whose interval leaves out 0 is not significant all the same."""
    corrected = _corrected(pairs) or " by the randomization test"
    return f" (but p = {pair.p_value_holm:.{3 if pair.p_value_holm < 0.1 else 2}f}{corrected})"


def _corrected(pairs: int) -> str:
    return f" after correction for {pairs} pairs" if pairs > 1 else ""


def time_ratio(one: Cost, two: Cost) -> float:
    """Embedding time of one over the other, rounded; 1 where unknown, or where they differ by the machine's load."""
    slow, quick = one.speed.seconds_per_1000, two.speed.seconds_per_1000
    same = SAME_TIME_BUSY if one.speed.busy or two.speed.busy else SAME_TIME
    if not slow or not quick or same < slow / quick < 1 / same:
        return 1.0
    return float(f"{slow / quick:.2g}")


def _ratio(ratio: float, quantity: str) -> str:
    """ "6 times the price", "the same price", "25% of the price"."""
    if ratio < 0.01:
        return f"less than 1% of the {quantity}"
    if ratio < 0.95:
        return f"{ratio:.0%} of the {quantity}"
    return f"the same {quantity}" if ratio <= 1.05 else f"{ratio:,.3g} times the {quantity}"


def _describe_few_shot(sizes: Mapping[str, Any], split: str | None) -> str:
    rows = f"{sizes['test']:,} {'row' if sizes['test'] == 1 else 'rows'}"
    draws = f"{sizes['runs']} draws of {sizes['shots']} texts per label from {sizes['train']:,} training rows"
    if split is None:
        return f"{draws}, tested on {rows}; split at random, so not comparable with published figures."
    return f"{draws}, tested on {rows}, split by the column {split}: MTEB's recipe, comparable for the same data set."


def _describe_clusters(sizes: Mapping[str, Any]) -> str:
    if (sets := sizes.get("sets", 1)) > 1:
        description = f"The mean over {sets} sets of rows, each clustered {sizes['seeds']} times"
    else:
        description = f"{sizes['rows']:,} rows clustered {sizes['seeds']} times into {sizes['labels']:,} clusters"
    if sizes["rows"] < sizes["of_rows"]:
        return f"{description}; a sample, so not comparable with published figures."
    return f"{description}: MTEB's recipe, comparable for the same data set."
