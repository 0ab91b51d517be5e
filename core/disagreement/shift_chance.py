"""What would seem to have moved together by chance: the same changes, dealt out to random texts."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

RUNS = 3
WRONG = 0.05  # of the pairs joined, at most so many would be by chance


@dataclass(frozen=True)
class ByChance:
    """least: the cosine of two texts' changes from which they are joined. groups, texts: in groups by chance, the mean
    of `runs`; largest: texts of the largest one of all runs. dropped: groups that were found, but no larger than it."""

    least: float
    groups: float
    texts: float
    largest: int
    dropped: int
    runs: int = RUNS


def dealt(changes: "csr_matrix", generator: np.random.Generator) -> "csr_matrix":
    """(m, t) sparse: every text changes about as many neighbors, every neighbor is changed about as often as in
    `changes`, but by random texts (permuted memberships; the few that fall on one text twice count once)."""
    from scipy.sparse import csr_matrix

    shuffled = generator.permutation(changes.indices)
    made = csr_matrix((np.ones(len(shuffled), np.float32), shuffled, changes.indptr.copy()), shape=changes.shape)
    made.sum_duplicates()
    made.data[:] = 1
    return made


def least_cosine(graph: "csr_matrix", by_chance: list["csr_matrix"]) -> float:
    """The cosine from which at most 5% as many pairs are joined by chance, on average, as truly are; infinite where
    there is none: nothing is more alike than by chance."""
    found, chance = np.sort(graph.data), np.sort(np.concatenate([each.data for each in by_chance]))
    levels = np.unique(found)
    many = len(found) - np.searchsorted(found, levels)
    wrong = (len(chance) - np.searchsorted(chance, levels)) / len(by_chance)
    good = np.flatnonzero(wrong <= WRONG * many)
    return float(levels[good[0]]) if len(good) else float("inf")


def pruned(graph: "csr_matrix", least: float) -> "csr_matrix":
    """The graph without what is below a cosine."""
    made = graph.copy()
    made.data[made.data < least] = 0
    made.eliminate_zeros()
    return made
