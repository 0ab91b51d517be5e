"""Several contenders compared in one metric: who is better, how sure that is, and what could not be seen."""

from collections.abc import Mapping, Sequence
from statistics import NormalDist
from typing import Any

import numpy as np

from core.errors import InputError
from core.scoring.comparison import Comparison, Line, Pair
from core.scoring.correlation_evidence import correlation_evidence
from core.scoring.evidence import Evidence, pairs_of
from core.scoring.query_evidence import query_evidence
from core.scoring.run_evidence import run_evidence, whole_evidence
from core.scoring.types import Scores

ALPHA, POWER = 0.05, 0.8
CORRELATIONS = ("spearman", "pearson")


def compare(scores: Mapping[str, Scores], metric: str, seed: int = 0) -> Comparison:
    """One metric of one task for one contender or more, by name. All share queries, folds and resamples.

    Raises InputError where no contender, or not every one, has the metric, or where they were asked other queries.
    """
    names = list(scores)
    found = evidence_of(list(scores.values()), metric, seed)
    facts = next(iter(scores.values())).facts
    pairs = _pairs(found, names)
    lines = _lines(found, names, pairs, metric)
    place = {line.name: number for number, line in enumerate(lines)}
    ordered = tuple(sorted(pairs, key=lambda pair: (place[pair.first], place[pair.second])))
    chances = [each.chance[metric] for each in scores.values() if metric in each.chance]
    return Comparison(
        metric, lines, ordered, found.count, _total(facts, metric, found), found.units, found.unit,
        float(np.mean(chances)) if chances else None, seed, found.method + _corrected_words(len(pairs)),
    )  # fmt: skip


def evidence_of(scores: Sequence[Scores], metric: str, seed: int = 0) -> Evidence:
    """What the contenders' scores hold of a metric: by query where there are such, else by pair, whole or by run.

    Raises InputError as `compare`.
    """
    if not scores:
        raise InputError("There are no scores to compare.", "Score the contenders first.")
    facts = scores[0].facts
    if all(metric in each.per_query for each in scores):
        values = _stacked([each.per_query[metric] for each in scores])
        asked = np.isfinite(values).all(axis=0)
        return query_evidence(values[:, asked], scores[0].units[asked], facts.get("unit", "queries"), seed)
    if metric in CORRELATIONS and all(each.pairs is not None for each in scores):
        both = _stacked([each.pairs for each in scores if each.pairs is not None])
        return correlation_evidence(both[:, :, 0], both[0, :, 1], scores[0].units, metric, seed)  # type: ignore[arg-type]
    if all(metric in each.whole and metric in each.resampled for each in scores):
        resampled = _stacked([each.resampled[metric] for each in scores])
        drawn = {"count": 0, "unit": "rows", "beside": ""} | facts.get("resampled", {}).get(metric, {})
        whole = np.array([each.whole[metric] for each in scores])
        return whole_evidence(whole, resampled, drawn["count"], drawn["unit"], drawn["beside"], facts.get("seed", 0))
    if all(metric in each.runs for each in scores):
        ratio = float(facts.get("ratio", {}).get(metric, 0.0))
        unit = "folds" if ratio else "runs"
        return run_evidence(_stacked([each.runs[metric] for each in scores]), ratio, unit, seed)
    raise InputError(f'Not every contender has scores of "{metric}".', "Choose another metric, or score them again.")


def holm(p: np.ndarray) -> np.ndarray:
    """(m,) p values corrected for m tests by Holm's step-down procedure (1979)."""
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    made = np.empty(len(p))
    made[order] = np.minimum(stepped, 1.0)
    return made


def tied_groups(names: Sequence[str], together: set[frozenset[str]]) -> dict[str, str]:
    """Letters for names, best first: two share a letter where they are in `together` (compact letter display,
    Piepho 2004): one letter for each largest set all of whose pairs are not told apart."""
    near = {name: {other for other in names if frozenset((name, other)) in together} - {name} for name in names}
    sets: list[set[str]] = []

    def grow(chosen: set[str], open_: set[str], seen: set[str]) -> None:  # Bron and Kerbosch, 1973
        if not open_ and not seen:
            sets.append(chosen)
        for name in [each for each in names if each in open_]:
            grow(chosen | {name}, open_ & near[name], seen & near[name])
            open_, seen = open_ - {name}, seen | {name}

    grow(set(), set(names), set())
    place = {name: number for number, name in enumerate(names)}
    sets.sort(key=lambda each: sorted(place[name] for name in each))
    return {name: "".join(_letter(i) for i, each in enumerate(sets) if name in each) for name in names}


def detectable(error: float) -> float:
    """The least true difference that a two-sided test at 5% shows in 80% of samples, for a standard error; NaN where
    the difference never varied."""
    normal = NormalDist()
    return (normal.inv_cdf(1 - ALPHA / 2) + normal.inv_cdf(POWER)) * error if error > 1e-12 else float("nan")


def _lines(found: Evidence, names: Sequence[str], pairs: Sequence[Pair], metric: str) -> tuple[Line, ...]:
    """Best mean first; the first of equal ones stays first."""
    order = np.argsort(-found.means, kind="stable")
    together = {frozenset((pair.first, pair.second)) for pair in pairs if not pair.told_apart}
    letters, top = tied_groups([names[i] for i in order], together), names[order[0]]
    least = -1.0 if metric in CORRELATIONS else 0.0  # all other metrics are shares
    low, high = found.low.clip(least, 1), found.high.clip(least, 1)  # Student's t knows no bounds
    table = np.stack([found.means, low, high, found.p_best], axis=1).tolist()

    def line(name: str, mean: float, low: float, high: float, p_best: float) -> Line:
        best = name == top or frozenset((name, top)) in together
        return Line(name, mean, low, high, p_best, letters[name], best)

    return tuple(line(names[i], *table[i]) for i in order)


def _pairs(found: Evidence, names: Sequence[str]) -> list[Pair]:
    """All pairs, the one with the higher mean first in each."""
    corrected, pairs = holm(found.p), []
    for at, (a, b) in enumerate(zip(*pairs_of(len(names)), strict=True)):
        one, two, tests = names[a], names[b], (float(found.p[at]), float(corrected[at]))
        gap, low, high = float(found.difference[at]), float(found.d_low[at]), float(found.d_high[at])
        if found.means[b] > found.means[a]:
            one, two, gap, low, high = two, one, -gap, -high, -low
        pairs.append(Pair(one, two, gap, low, high, *tests, detectable(float(found.error[at]))))
    return pairs


def _stacked(arrays: list[np.ndarray]) -> np.ndarray:
    if len({array.shape for array in arrays}) > 1:
        raise InputError("The contenders were scored on different rows.", "Score them again.")
    return np.stack(arrays).astype(np.float64)


def _total(facts: Mapping[str, Any], metric: str, found: Evidence) -> int:
    """How many there are of what was scored; runs and folds are all there are."""
    drawn = facts.get("resampled", {}).get(metric, {}).get("of", 0)
    known = [facts[name] for name in ("of_queries", "queries_usable", "usable") if name in facts]
    of = drawn or next(iter(known), 0)
    return found.count if found.unit in ("folds", "runs") else max(int(of), found.count)


def _corrected_words(pairs: int) -> str:
    return f" p values are corrected over {pairs:,} pairs (Holm)." if pairs > 1 else ""


def _letter(number: int) -> str:
    return chr(ord("a") + number) if number < 26 else f"({number})"
