"""What several contenders' scores in one metric say: frozen results, as tables and sentences show them."""

from collections.abc import Collection
from dataclasses import dataclass
from math import isfinite

GUESSED = ("knn_accuracy", "probe_accuracy", "probe_macro_f1")  # metrics of answers, not of orders


@dataclass(frozen=True)
class Line:
    """One contender. name: its key. mean, low, high: the score and its 95% interval. p_best: share of resamples in
    which it is best, ties shared. group: letters; two contenders that share one are not told apart. best: whether
    it is the best, or not told apart from it."""

    name: str
    mean: float
    low: float
    high: float
    p_best: float
    group: str
    best: bool


@dataclass(frozen=True)
class Pair:
    """Two contenders; `first` has the higher mean. difference: first minus second, low and high its 95% interval.

    p: two-sided; p_holm: the same, corrected over all pairs (Holm, 1979). mdd: the least true difference that
    this many queries would show in 80% of samples at 5%, NaN where it can't be told.
    """

    first: str
    second: str
    difference: float
    low: float
    high: float
    p: float
    p_holm: float
    mdd: float

    @property
    def told_apart(self) -> bool:
        return self.p_holm < 0.05


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
        """The best, and those that are not told apart from it."""
        return [line.name for line in self.lines if line.best]

    def tie_below(self) -> list[str]:
        """The best placed contenders that share a letter, other than those that are tied with the best."""
        tied = set(self.tied())
        for letter in dict.fromkeys(letter for line in self.lines for letter in line.group):
            together = [line.name for line in self.lines if letter in line.group]
            if len(together) > 1 and not set(together) <= tied:
                return together
        return []

    def least_seen(self) -> Pair | None:
        """The pair by which to tell what could not be seen: of those tied with the best, else of those tied below, the
        one that needs the greatest difference; where all are told apart, the first two. None where it is not known.

        Not a figure over all pairs: two contenders that are nearly one, such as a model and its float16, would show a
        difference that says nothing of the others.
        """
        tied = self.tied()
        among = tied if len(tied) > 1 else self.tie_below() or [line.name for line in self.lines[:2]]
        known = [pair for pair in self._pairs_among(among) if isfinite(pair.mdd)]
        return max(known, key=lambda pair: pair.mdd, default=None)

    def chance_words(self) -> str:
        """What is reached without looking: by a random order of what is ranked, else by guesses; "" if not known."""
        if self.chance is None:
            return ""
        ranked = self.unit in ("queries", "pairs") and self.metric not in GUESSED
        who = f"A random order of the {'pairs' if self.unit == 'pairs' else 'rows'}" if ranked else "Guessing"
        return f"{who} reaches {self.chance:.3f} (chance)."

    def _pairs_among(self, names: Collection[str]) -> list[Pair]:
        return [pair for pair in self.pairs if pair.first in names and pair.second in names]
