"""Where embeddings disagree more than elsewhere: odds ratios of slices, one by one, adjusted for each other, and in
pairs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from core.disagreement.factors import Factor
from core.stats.multiple_testing import bonferroni_z
from core.stats.odds import fit_firth, log_odds_interval

MAX_PAIRED_VALUES = 60  # values that are tried two by two
SAME_SHARE = 0.9  # share of a value's texts, or of two slices' texts together, from which they are one
LOW_SHARE = 0.25  # of the rows that count as disagreeing, at most, if ties allow
MIN_TEXTS = 20  # texts of a slice
MAX_TERMS = 12  # of one factor in the regression


@dataclass(frozen=True)
class Slice:
    """Texts that share a value, or two. n: how many; share, rest: of them, and of all others, that overlap little.
    odds_ratio, low, high: with its interval. adjusted, adjusted_low, adjusted_high: the same adjusted for the other
    factors, NaN where it is not part of the regression."""

    phrase: str
    factor: str
    n: int
    share: float
    rest: float
    odds_ratio: float
    low: float
    high: float
    adjusted: float = float("nan")
    adjusted_low: float = float("nan")
    adjusted_high: float = float("nan")


@dataclass(frozen=True)
class Explanation:
    """slices: single values, in order of significance; pairs: two values at once that say more than each.
    tested, paired: how many of each were tested, for which the intervals are corrected.

    threshold: rows at or below this overlap count as low, `share` of n. explained: Tjur's R squared of the regression
    on `terms` values, NaN without.
    """

    slices: tuple[Slice, ...]
    pairs: tuple[Slice, ...]
    tested: int
    paired: int
    threshold: float
    share: float
    n: int
    terms: int
    explained: float


def low_rows(values: np.ndarray) -> tuple[np.ndarray, float]:
    """(m,) bool, and the value at or below which a row counts as low: at most a quarter of the rows where ties allow,
    else those with the lowest value. None are low where all values are the same."""
    levels, counts = np.unique(values, return_counts=True)
    if len(levels) < 2:
        return np.zeros(len(values), bool), float("nan")
    upto = np.cumsum(counts) / len(values)
    at = max(int(np.searchsorted(upto, LOW_SHARE, side="right")) - 1, 0)
    return values <= levels[at], float(levels[at])


def explain(values: np.ndarray, factors: Sequence[Factor]) -> Explanation:
    """Which values of the factors go with low overlap. values: (m,) overlap of texts, no NaN, higher is more similar.

    Odds ratios as `log_odds_interval`, their intervals corrected for the number of slices (Bonferroni); the regression
    is Firth's, see `fit_firth`, with Wald intervals, corrected for its terms.
    """
    low, threshold = low_rows(values)
    min_texts = min_slice_texts(len(values))
    member, phrases, owners = _members(factors, min_texts, len(values))
    inside, hits = member.sum(axis=0, dtype=np.float64), (low.astype(np.float32) @ member).astype(np.float64)
    singles = slice_odds(inside, hits, float(low.sum()), len(low), phrases, owners)
    adjusted, explained = _adjusted_odds(member, low, owners, singles)
    joined = [replace(single, **regression) for single, regression in zip(singles, adjusted, strict=True)]
    pairs, tried = slice_pairs(member, low, phrases, owners, singles, min_texts)
    terms = sum(np.isfinite(slice_.adjusted) for slice_ in joined)
    share = float(low.mean()) if len(low) else 0.0
    ranked = tuple(sorted(joined, key=significance_order))
    return Explanation(ranked, pairs, len(singles), tried, threshold, share, len(values), int(terms), explained)


def min_slice_texts(texts: int) -> int:
    """How many texts a slice must have."""
    return min(MIN_TEXTS, max(5, texts // 20))


def _members(factors: Sequence[Factor], min_texts: int, n: int) -> tuple[np.ndarray, list[str], list[str]]:
    """(m, v) float32 of 0 and 1: which text has which value; the values' phrases; the names of their factors. A value
    of the very same texts as one of an earlier factor, or of all others, says nothing new and is left out."""
    columns: list[np.ndarray] = []
    phrases, owners, seen = [], [], set[bytes]()
    for factor in factors:
        start = len(columns)
        for code, phrase in enumerate(factor.values):
            inside = factor.codes == code
            if min_texts <= inside.sum() <= n - min_texts and inside.tobytes() not in seen:
                columns.append(inside)
                phrases.append(phrase)
                owners.append(factor.name)
        seen |= {side.tobytes() for inside in columns[start:] for side in (inside, ~inside)}
    return np.array(columns, np.float32).reshape(len(columns), n).T, phrases, owners


def _adjusted_odds(
    member: np.ndarray, low: np.ndarray, owners: Sequence[str], singles: Sequence[Slice]
) -> tuple[list[dict[str, Any]], float]:
    """Odds ratios of the values adjusted for all others; of a factor with many, the strongest twelve take part."""
    results: list[dict[str, Any]] = [{} for _ in singles]
    columns = [column for owner in dict.fromkeys(owners) for column in _terms(member, owners, singles, owner)]
    if not columns or not 0 < low.sum() < len(low):
        return results, float("nan")
    fit, z = fit_firth(member[:, columns], low.astype(np.float64)), bonferroni_z(len(columns))
    for at, column in enumerate(columns):
        middle, error = fit.coefficients[at], fit.errors[at]
        if np.isfinite(middle):
            ends = (middle, middle - z * error, middle + z * error)
            odds = np.exp(np.clip(ends, -50, 50)).tolist()
            results[column] = dict(zip(("adjusted", "adjusted_low", "adjusted_high"), odds, strict=True))
    return results, fit.explained


def _terms(member: np.ndarray, owners: Sequence[str], singles: Sequence[Slice], owner: str) -> list[int]:
    """The values of one factor that take part: those with the strongest evidence. Where every text has one of its
    values, the one nearest to the rest is left out: it is the reference."""
    columns = [column for column, name in enumerate(owners) if name == owner]
    if len(columns) > 1 and member[:, columns].sum() >= len(member):
        columns.remove(min(columns, key=lambda column: abs(np.log(singles[column].odds_ratio))))
    evidence = [max(np.log(single.low), -np.log(single.high)) for single in singles]
    return sorted(columns, key=lambda column: -evidence[column])[:MAX_TERMS]


def slice_odds(
    inside: np.ndarray, hit: np.ndarray, lows: float, n: int, phrases: Sequence[str], owners: Sequence[str]
) -> list[Slice]:
    """Slices of inside (s,) texts, hit (s,) of which overlap little, among n texts with `lows` such ones."""
    z, rest = bonferroni_z(len(inside)), (lows - hit) / np.maximum(n - inside, 1)
    odds = np.exp(np.stack(log_odds_interval(hit, inside - hit, lows - hit, n - inside - lows + hit, z)))
    return [
        Slice(phrases[i], owners[i], int(inside[i]), hit[i] / inside[i], float(rest[i]), *odds[:, i].tolist())
        for i in range(len(inside))
    ]


def significance_order(item: Slice) -> tuple[float, float]:
    """Those that disagree significantly more come first, by how much at least; then the others by their odds ratio."""
    return (-max(item.low, 1.0), -item.odds_ratio)


def slice_pairs(
    member: np.ndarray,
    low: np.ndarray,
    phrases: Sequence[str],
    owners: Sequence[str],
    singles: Sequence[Slice],
    min_texts: int,
) -> tuple[tuple[Slice, ...], int]:
    """Two values of different factors at once that disagree significantly more than the rest of each of the two, and
    how many were tried. Those of the same texts as a value, or as a stronger pair, are left out."""
    best = np.argsort([-single.odds_ratio for single in singles], kind="stable")[:MAX_PAIRED_VALUES]
    part = member[:, best]
    inside, hits = (np.asarray(part.T @ columns, np.float64) for columns in (part, part * low[:, None]))
    one, other = np.triu_indices(len(best), k=1)
    sizes = inside[one, other]
    different_factors = np.array([owners[best[i]] != owners[best[j]] for i, j in zip(one, other, strict=True)], bool)
    # a pair that is nearly all of one of its values says nothing new
    new = sizes <= SAME_SHARE * np.minimum(inside[one, one], inside[other, other])
    tried = np.flatnonzero(different_factors & new & (sizes >= min_texts))
    if not len(tried):
        return (), 0
    one, other = one[tried], other[tried]
    names = [joined_phrase(phrases[best[i]], phrases[best[j]]) for i, j in zip(one, other, strict=True)]
    factors = [f"{owners[best[i]]} and {owners[best[j]]}" for i, j in zip(one, other, strict=True)]
    candidates = slice_odds(inside[one, other], hits[one, other], float(low.sum()), len(low), names, factors)
    is_higher = np.min([_low_against_rest(inside, hits, one, other, value) for value in (one, other)], axis=0) > 0
    selected = [at for at, pair in enumerate(candidates) if is_higher[at] and pair.low > 1]
    selected.sort(key=lambda at: significance_order(candidates[at]))
    columns = part[:, one[selected]] * part[:, other[selected]]
    return tuple(candidates[selected[at]] for at in _distinct_columns(columns, member)), len(tried)


def _distinct_columns(columns: np.ndarray, existing: np.ndarray) -> list[int]:
    """Which columns (m, p) of 0 and 1 are neither nearly one existing (m, v) nor, in their order, one before."""
    every = np.column_stack([existing, columns])
    both, sizes = columns.T @ every, every.sum(axis=0)
    same = both > SAME_SHARE * (columns.sum(axis=0)[:, None] + sizes - both)
    before, repeated = np.split(same, [existing.shape[1]], axis=1)
    distinct: list[int] = []
    for at in np.flatnonzero(~before.any(axis=1)):
        if not repeated[at, distinct].any():
            distinct.append(int(at))
    return distinct


def _low_against_rest(
    inside: np.ndarray, hits: np.ndarray, one: np.ndarray, other: np.ndarray, value: np.ndarray
) -> np.ndarray:
    """The lower end of the log odds ratio of pairs against the rest of one of their values."""
    sizes, hit = inside[one, other], hits[one, other]
    of, of_hit = inside[value, value], hits[value, value]
    return log_odds_interval(hit, sizes - hit, of_hit - hit, of - sizes - of_hit + hit, bonferroni_z(len(one))).low


def joined_phrase(one: str, other: str) -> str:
    """Two phrases as one: "that are questions" comes first."""
    first, second = sorted((one, other), key=lambda phrase: not phrase.startswith("that are"))
    return f"{first}, {second}"
