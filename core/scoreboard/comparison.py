"""Several contenders compared in one metric: scores with intervals, significance, and groups of ties.

The metric's declaration (`core.scoreboard.types.METRICS`) decides which interval and test apply.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from typing import Any

import numpy as np

from core.errors import InputError
from core.scoreboard.types import METRICS, MetricData, Scores
from core.stats import significance
from core.stats.interval import ALPHA
from core.stats.multiple_testing import holm
from core.stats.rank_correlation import CorrelationKind
from core.stats.significance import PairedEvidence

CLASSIFICATION_METRICS = ("knn_accuracy", "probe_accuracy", "probe_macro_f1")  # not of rankings


@dataclass(frozen=True)
class Line:
    """One contender. name: its key. mean, low, high: the score and its 95% interval. share_best: share of resamples in
    which it is best, ties split. group: letters; two contenders that share one do not differ significantly. best:
    whether it is the best, or not significantly different from it."""

    name: str
    mean: float
    low: float
    high: float
    share_best: float
    group: str
    best: bool


@dataclass(frozen=True)
class Pair:
    """Two contenders; `first` has the higher mean. difference: first minus second, low and high its 95% interval.
    p_value: two-sided; p_value_holm: the same, corrected over all pairs (Holm, 1979). minimum_detectable_difference:
    the smallest true difference that is significant, after this correction, in 80% of samples of as many queries; NaN
    where it is unknown, infinite where so few queries show no difference."""

    first: str
    second: str
    difference: float
    low: float
    high: float
    p_value: float
    p_value_holm: float
    minimum_detectable_difference: float

    @property
    def is_significant(self) -> bool:
        return self.p_value_holm < ALPHA


@dataclass(frozen=True)
class Comparison:
    """lines: best mean first. pairs: all of them, in the order of the lines. queries: scored ones (or pairs, folds,
    rows: `unit` says which), of `total` there are; units: groups of copies that are resampled together. chance: what
    a random ranking reaches, None where unknown. method: one sentence on intervals and tests, with seed, resamples
    and permutations in it."""

    metric: str
    lines: tuple[Line, ...]
    pairs: tuple[Pair, ...]
    queries: int
    total: int
    units: int
    unit: str
    chance: float | None
    seed: int
    method: str

    def line(self, name: str) -> Line:
        """Raises KeyError for a contender that is not compared."""
        return {line.name: line for line in self.lines}[name]

    def pair(self, one: str, other: str) -> Pair:
        """The pair of two contenders, whichever comes first. Raises KeyError."""
        return {frozenset((pair.first, pair.second)): pair for pair in self.pairs}[frozenset((one, other))]

    def tied(self) -> list[str]:
        """The best, and those that are not significantly different from it."""
        return [line.name for line in self.lines if line.best]

    def next_tied_group(self) -> list[str]:
        """The best contenders that share a letter, other than those that are tied with the best of all."""
        tied = set(self.tied())
        for letter in dict.fromkeys(letter for line in self.lines for letter in line.group):
            members = [line.name for line in self.lines if letter in line.group]
            if len(members) > 1 and not set(members) <= tied:
                return members
        return []

    def minimum_detectable_pair(self) -> Pair | None:
        """The pair whose minimum detectable difference is reported: of those tied with the best, else of the next tied
        group, the one where it is largest; where all differ significantly, the first two. None where it is unknown.

        Not over all pairs: that of two nearly identical contenders, such as a model and its float16, says nothing of
        the others.
        """
        tied = self.tied()
        among = tied if len(tied) > 1 else self.next_tied_group() or [line.name for line in self.lines[:2]]
        pairs = [pair for pair in self.pairs if pair.first in among and pair.second in among]
        known = [pair for pair in pairs if not isnan(pair.minimum_detectable_difference)]
        return max(known, key=lambda pair: pair.minimum_detectable_difference, default=None)

    def chance_description(self) -> str:
        """The score of a random ranking, or of random guesses where nothing is ranked; "" where unknown."""
        if self.chance is None:
            return ""
        ranked = self.unit in ("queries", "pairs") and self.metric not in CLASSIFICATION_METRICS
        subject = f"A random order of the {'pairs' if self.unit == 'pairs' else 'rows'}" if ranked else "Guessing"
        return f"{subject} reaches {self.chance:.3f} (chance)."


def compare(scores: Mapping[str, Scores], metric: str, seed: int = 0) -> Comparison:
    """One metric of one task for one contender or more, by name. All share queries, folds and resamples. Raises
    InputError where no contender, or not every one, has the metric, or where they were scored on other rows."""
    names, evidence = list(scores), _evidence(list(scores.values()), metric, seed)
    facts, pairs = next(iter(scores.values())).facts, _pairs(evidence, names)
    lines = _lines(evidence, names, pairs, metric)
    rank = {line.name: number for number, line in enumerate(lines)}
    ordered = tuple(sorted(pairs, key=lambda pair: (rank[pair.first], rank[pair.second])))
    chances = [contender.chance[metric] for contender in scores.values() if metric in contender.chance]
    corrected = f" p values are corrected over {len(pairs):,} pairs (Holm)." if len(pairs) > 1 else ""
    return Comparison(
        metric, lines, ordered, evidence.observations, _total(facts, metric, evidence), evidence.units, evidence.unit,
        float(np.mean(chances)) if chances else None, seed, evidence.method + corrected,
    )  # fmt: skip


def tied_groups(names: Sequence[str], tied: set[frozenset[str]]) -> dict[str, str]:
    """Letters for names, best first: two share a letter where they are in `tied` (compact letter display, Piepho,
    2004): one letter for each largest set none of whose pairs differ significantly."""
    near = {name: {other for other in names if frozenset((name, other)) in tied} - {name} for name in names}
    groups: list[set[str]] = []

    def grow(group: set[str], candidates: set[str], seen: set[str]) -> None:  # Bron and Kerbosch, 1973
        if not candidates and not seen:
            groups.append(group)
        for name in [name for name in names if name in candidates]:
            grow(group | {name}, candidates & near[name], seen & near[name])
            candidates, seen = candidates - {name}, seen | {name}

    grow(set(), set(names), set())
    rank = {name: number for number, name in enumerate(names)}
    groups.sort(key=lambda group: sorted(rank[name] for name in group))
    letters = [chr(ord("a") + i) if i < 26 else f"({i})" for i in range(len(groups))]
    return {name: "".join(letters[i] for i, group in enumerate(groups) if name in group) for name in names}


def _evidence(scores: Sequence[Scores], metric: str, seed: int) -> PairedEvidence:
    """Intervals and tests by the metric's declaration."""
    if not scores:
        raise InputError("There are no scores to compare.", "Score the contenders first.")
    declared = METRICS.get(metric)
    values = [getattr(contender, declared.data) if declared else None for contender in scores]
    if declared is None or not all(
        part is not None and (declared.data == "pairs" or metric in part) for part in values
    ):
        raise InputError(f'Not every contender has scores of "{metric}".', "Select another metric, or score again.")
    return _EVIDENCE[declared.data](scores, metric, seed)


def _of_queries(scores: Sequence[Scores], metric: str, seed: int) -> PairedEvidence:
    values = _stacked([contender.per_query[metric] for contender in scores])
    scored = np.isfinite(values).all(axis=0)
    return significance.compare_means(
        values[:, scored], scores[0].units[scored], scores[0].facts.get("unit", "queries"), seed
    )


def _of_pairs(scores: Sequence[Scores], metric: str, seed: int) -> PairedEvidence:
    pairs = _stacked([contender.pairs for contender in scores if contender.pairs is not None])
    kind: CorrelationKind = "pearson" if metric == "pearson" else "spearman"
    return significance.compare_correlations(pairs[:, :, 0], pairs[0, :, 1], scores[0].units, kind, seed)


def _of_resamples(scores: Sequence[Scores], metric: str, seed: int) -> PairedEvidence:
    resampled = _stacked([contender.resampled[metric] for contender in scores])
    facts = scores[0].facts
    drawn = {"count": 0, "unit": "rows", "extra": ""} | facts.get("resampled", {}).get(metric, {})
    values = np.array([contender.total[metric] for contender in scores])
    return significance.compare_resampled(
        values, resampled, drawn["count"], drawn["unit"], drawn["extra"], facts.get("seed", 0)
    )


def _of_runs(scores: Sequence[Scores], metric: str, seed: int) -> PairedEvidence:
    ratio = float(scores[0].facts.get("ratio", {}).get(metric, 0.0))
    values = _stacked([contender.runs[metric] for contender in scores])
    return significance.compare_runs(values, ratio, "folds" if ratio else "runs", seed)


_EVIDENCE: dict[MetricData, Callable[[Sequence[Scores], str, int], PairedEvidence]] = {
    "per_query": _of_queries, "pairs": _of_pairs, "resampled": _of_resamples, "runs": _of_runs,
}  # fmt: skip


def _lines(evidence: PairedEvidence, names: Sequence[str], pairs: Sequence[Pair], metric: str) -> tuple[Line, ...]:
    """Best mean first; the first of equal ones stays first."""
    means, low, high = evidence.scores
    order = np.argsort(-means, kind="stable")
    tied = {frozenset((pair.first, pair.second)) for pair in pairs if not pair.is_significant}
    letters, top = tied_groups([names[i] for i in order], tied), names[order[0]]
    lowest = METRICS[metric].lowest
    ends = low.clip(lowest, 1), high.clip(lowest, 1)  # Student's t is unbounded
    table = np.stack([means, *ends, evidence.share_best], axis=1).tolist()
    best = {name for name in names if name == top or frozenset((name, top)) in tied}
    rows = ([names[i], *table[i], letters[names[i]], names[i] in best] for i in order)
    return tuple(Line(*row) for row in rows)


def _pairs(evidence: PairedEvidence, names: Sequence[str]) -> list[Pair]:
    """All pairs, the one with the higher mean first in each."""
    corrected, pairs, means = holm(evidence.p_value), [], evidence.scores.value
    detectable = significance.minimum_detectable_differences(evidence)
    for at, (a, b) in enumerate(zip(*significance.pair_indices(len(names)), strict=True)):
        one, two, tests = names[a], names[b], (float(evidence.p_value[at]), float(corrected[at]))
        gap, low, high = (float(part[at]) for part in evidence.differences)
        if means[b] > means[a]:
            one, two, gap, low, high = two, one, -gap, -high, -low
        pairs.append(Pair(one, two, gap, low, high, *tests, float(detectable[at])))
    return pairs


def _stacked(arrays: list[np.ndarray]) -> np.ndarray:
    if len({array.shape for array in arrays}) > 1:
        raise InputError("The contenders were scored on different rows.", "Score them again.")
    return np.stack(arrays).astype(np.float64)


def _total(facts: Mapping[str, Any], metric: str, evidence: PairedEvidence) -> int:
    """How many there are of what was scored; of runs and folds, all are scored."""
    counts = [facts.get(name, 0) for name in ("of_queries", "queries_usable", "usable")]
    total = next(filter(None, [facts.get("resampled", {}).get(metric, {}).get("of", 0), *counts]), 0)
    return evidence.observations if evidence.unit in ("folds", "runs") else max(int(total), evidence.observations)
