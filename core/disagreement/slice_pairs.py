"""Slices of two values at once."""

from collections.abc import Sequence

import numpy as np

from core.disagreement.slice_odds import Slice, slice_odds, surest_first
from core.stats.multiple_testing import bonferroni_z
from core.stats.odds import log_odds_interval

MOST_PAIRS = 60  # values that are tried two by two
OVERLAPPING = 0.9  # share of a value's texts, or of two slices' texts together, from which they are one


def slice_pairs(
    member: np.ndarray,
    low: np.ndarray,
    phrases: Sequence[str],
    owners: Sequence[str],
    singles: Sequence[Slice],
    fewest: int,
) -> tuple[tuple[Slice, ...], int]:
    """Two values of different factors at once that surely disagree more than the rest of each of the two, and how many
    were tried. Those of the same texts as a value, or as a surer pair, are left out: they have a shorter name."""
    best = np.argsort([-single.odds for single in singles], kind="stable")[:MOST_PAIRS]
    part = member[:, best]
    inside, hits = (np.asarray(part.T @ each, np.float64) for each in (part, part * low[:, None]))
    one, other = np.triu_indices(len(best), k=1)
    many = inside[one, other]
    apart = np.array([owners[best[i]] != owners[best[j]] for i, j in zip(one, other, strict=True)], bool)
    # a pair that is nearly all of one of its values says nothing new
    new = many <= OVERLAPPING * np.minimum(inside[one, one], inside[other, other])
    tried = np.flatnonzero(apart & new & (many >= fewest))
    if not len(tried):
        return (), 0
    one, other = one[tried], other[tried]
    names = [joined_phrase(phrases[best[i]], phrases[best[j]]) for i, j in zip(one, other, strict=True)]
    own = [f"{owners[best[i]]} and {owners[best[j]]}" for i, j in zip(one, other, strict=True)]
    made = slice_odds(inside[one, other], hits[one, other], float(low.sum()), len(low), names, own)
    more = np.minimum(_beyond(inside, hits, one, other, one), _beyond(inside, hits, one, other, other)) > 0
    kept = [at for at, each in enumerate(made) if more[at] and each.low > 1]
    kept.sort(key=lambda at: surest_first(made[at]))
    columns = part[:, one[kept]] * part[:, other[kept]]
    return tuple(made[kept[at]] for at in _unlike(columns, member)), len(tried)


def _unlike(columns: np.ndarray, known: np.ndarray) -> list[int]:
    """Which columns (m, p) of 0 and 1 are neither nearly those known (m, v) nor, in their order, one kept before."""
    every = np.column_stack([known, columns])
    both, sizes = columns.T @ every, every.sum(axis=0)
    same = both > OVERLAPPING * (columns.sum(axis=0)[:, None] + sizes - both)
    before, again = np.split(same, [known.shape[1]], axis=1)
    kept: list[int] = []
    for at in np.flatnonzero(~before.any(axis=1)):
        if not again[at, kept].any():
            kept.append(int(at))
    return kept


def _beyond(inside: np.ndarray, hits: np.ndarray, one: np.ndarray, other: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """The lower end of the log odds ratio of pairs against the rest of one of their values."""
    many, hit = inside[one, other], hits[one, other]
    of, of_hit = inside[whole, whole], hits[whole, whole]
    return log_odds_interval(hit, many - hit, of_hit - hit, of - many - of_hit + hit, bonferroni_z(len(one))).low


def joined_phrase(one: str, other: str) -> str:
    """Two phrases as one: "that are questions" stands first."""
    first, second = sorted((one, other), key=lambda phrase: not phrase.startswith("that are"))
    return f"{first}, {second}"
