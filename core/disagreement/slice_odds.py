"""A slice of the texts, and how much more often than elsewhere embeddings disagree in it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.stats.multiple_testing import bonferroni_z
from core.stats.odds import log_odds_interval


@dataclass(frozen=True)
class Slice:
    """Texts that share a value, or two. n: how many; share, rest: of them, and of all others, that overlap little.
    odds, low, high: odds ratio and interval. held, held_low, held_high: the same with the other factors held equal, NaN
    where it is not part of the regression."""

    phrase: str
    factor: str
    n: int
    share: float
    rest: float
    odds: float
    low: float
    high: float
    held: float = float("nan")
    held_low: float = float("nan")
    held_high: float = float("nan")

    @property
    def sure(self) -> bool:
        """Whether the interval leaves out 1, no difference."""
        return self.low > 1 or self.high < 1


def slice_odds(
    inside: np.ndarray, hit: np.ndarray, lows: float, n: int, phrases: Sequence[str], owners: Sequence[str]
) -> list[Slice]:
    """Slices of inside (s,) texts, hit (s,) of which overlap little, among n texts with `lows` such ones."""
    ratio, low, high = log_odds_interval(
        hit, inside - hit, lows - hit, n - inside - lows + hit, bonferroni_z(len(inside))
    )
    rest = (lows - hit) / np.maximum(n - inside, 1)
    ends = np.exp(np.stack([ratio, low, high]))
    return [
        Slice(
            phrases[i], owners[i], int(inside[i]), hit[i] / inside[i], float(rest[i]), *(float(x) for x in ends[:, i])
        )
        for i in range(len(inside))
    ]


def surest_first(each: Slice) -> tuple[float, float]:
    """Those that surely disagree more come first, by how much at least; then the others by their odds ratio."""
    return (-max(each.low, 1.0), -each.odds)
