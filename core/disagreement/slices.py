"""Where embeddings disagree more than elsewhere: odds ratios of slices, one by one and with the others held equal."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.disagreement.factors import Factor
from core.disagreement.slice_odds import Slice, slice_odds, surest_first
from core.disagreement.slice_pairs import slice_pairs
from core.stats.multiple_testing import bonferroni_z
from core.stats.odds import fit_firth

LOW_SHARE = 0.25  # of the rows that count as disagreeing, at most, if ties allow
FEWEST = 20  # texts of a slice
MOST_TERMS = 12  # of one factor in the regression


@dataclass(frozen=True)
class Explanation:
    """slices: single values, those that disagree most surely first; pairs: two values at once that say more than each.
    tested, paired: how many of each were looked at, for which the intervals are corrected.

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
    """Which values of the factors go with low overlap. values: (m,) overlap of texts, no NaN, higher is more alike.

    Odds ratios as `log_odds_interval`, their intervals corrected for the number of slices (Bonferroni); the regression
    is Firth's, see `fit_firth`, with Wald intervals, corrected for its terms.
    """
    low, threshold = low_rows(values)
    fewest = fewest_of(len(values))
    member, phrases, owners = _members(factors, fewest, len(values))
    singles = _ratios(member, low, phrases, owners)
    held, explained = _held(member, low, owners, singles)
    joined = [Slice(**{**vars(single), **more}) for single, more in zip(singles, held, strict=True)]
    pairs, tried = slice_pairs(member, low, phrases, owners, singles, fewest)
    terms = sum(np.isfinite(each.held) for each in joined)
    share = float(low.mean()) if len(low) else 0.0
    ranked = tuple(sorted(joined, key=surest_first))
    return Explanation(ranked, pairs, len(singles), tried, threshold, share, len(values), int(terms), explained)


def fewest_of(texts: int) -> int:
    """How few texts a slice may have."""
    return min(FEWEST, max(5, texts // 20))


def _members(factors: Sequence[Factor], fewest: int, n: int) -> tuple[np.ndarray, list[str], list[str]]:
    """(m, v) float32 of 0 and 1: which text has which value; the values' phrases; the names of their factors. A value
    of the very same texts as one of an earlier factor, or of all others, says nothing new and is left out."""
    columns: list[np.ndarray] = []
    phrases, owners, known = [], [], set[bytes]()
    for factor in factors:
        start = len(columns)
        for code, phrase in enumerate(factor.values):
            inside = factor.codes == code
            if fewest <= inside.sum() <= n - fewest and inside.tobytes() not in known:
                columns.append(inside)
                phrases.append(phrase)
                owners.append(factor.name)
        known |= {side.tobytes() for inside in columns[start:] for side in (inside, ~inside)}
    return np.array(columns, np.float32).reshape(len(columns), n).T, phrases, owners


def _ratios(member: np.ndarray, low: np.ndarray, phrases: Sequence[str], owners: Sequence[str]) -> list[Slice]:
    inside = member.sum(axis=0, dtype=np.float64)
    hit = low.astype(np.float32) @ member
    return slice_odds(inside, hit.astype(np.float64), float(low.sum()), len(low), phrases, owners)


def _held(
    member: np.ndarray, low: np.ndarray, owners: Sequence[str], singles: Sequence[Slice]
) -> tuple[list[dict[str, float]], float]:
    """Odds ratios of the values with all others held equal; of a factor with many, the strongest twelve take part."""
    told: list[dict[str, float]] = [{} for _ in singles]
    chosen = [place for owner in dict.fromkeys(owners) for place in _terms(member, owners, singles, owner)]
    if not chosen or not 0 < low.sum() < len(low):
        return told, float("nan")
    made, z = fit_firth(member[:, chosen], low.astype(np.float64)), bonferroni_z(len(chosen))
    for at, place in enumerate(chosen):
        middle, error = made.coefficients[at], made.errors[at]
        if np.isfinite(middle):
            ends = (middle, middle - z * error, middle + z * error)
            names = ("held", "held_low", "held_high")
            told[place] = {name: float(np.exp(np.clip(end, -50, 50))) for name, end in zip(names, ends, strict=True)}
    return told, made.explained


def _terms(member: np.ndarray, owners: Sequence[str], singles: Sequence[Slice], owner: str) -> list[int]:
    """The values of one factor that take part: those that matter most surely. Where every text has one of its values,
    the one nearest to the rest is left out: the others are held against it."""
    own = [place for place, name in enumerate(owners) if name == owner]
    if len(own) > 1 and member[:, own].sum() >= len(member):
        own.remove(min(own, key=lambda place: abs(np.log(singles[place].odds))))
    return sorted(own, key=lambda place: -max(np.log(singles[place].low), -np.log(singles[place].high)))[:MOST_TERMS]
