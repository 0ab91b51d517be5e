"""What several contenders' scores in one metric say: frozen results, as tables and sentences show them."""

from dataclasses import dataclass


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
    """lines: best mean first. pairs: all of them, in the order of the lines. mdd: the median over pairs that are not
    told apart, the least of all where every pair is; NaN where unknown. queries: scored ones (or pairs, folds, rows:
    `unit` says which), of `total` there are; units: groups of copies that are resampled together. chance: what a
    random ranking reaches, None where unknown. method: one sentence on intervals and tests, with seed, resamples and
    permutations in it."""

    metric: str
    lines: tuple[Line, ...]
    pairs: tuple[Pair, ...]
    mdd: float
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
