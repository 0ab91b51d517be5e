"""Drift: do a group's texts differ before and after a date?

Two statistics, each against its own permutation null (the rows' sides are shuffled within the group): the change of
the centroid, 1 minus the cosine of the two mean vectors, and the neighbor mix, the share of the group's graph edges
that stay on one side. Where time does not matter, edges cross sides as often as chance has it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.stats.multiple_testing import benjamini_hochberg

PERMUTATIONS = 999
MAX_ROWS = 1_000  # of one group; more are sampled
MIN_ROWS = 10  # rows on each side
NEIGHBORS = 15
SEED = 0


@dataclass(frozen=True)
class Drift:
    """One group before and after a date. before, after: rows on each side; tested: rows in the test, a seeded sample
    where there are more than 1,000.

    change: 1 - cosine of the two mean vectors; chance_change: its mean under shuffling. same_side: share of edges
    that stay on one side; chance_same: under shuffling; NaN without edges. p_*: share of shuffles (999 and the
    observed one) as high or higher; q_*: the same corrected over all groups (Benjamini and Hochberg).
    """

    code: int
    before: int
    after: int
    tested: int
    change: float
    chance_change: float
    p_change: float
    same_side: float
    chance_same: float
    p_same: float
    q_change: float = float("nan")
    q_same: float = float("nan")


def measure_drifts(
    rows: np.ndarray, graph_ids: np.ndarray, groups: Sequence[np.ndarray], later: np.ndarray,
    permutations: int = PERMUTATIONS, seed: int = SEED,
) -> list[Drift]:  # fmt: skip
    """The drift of each group with at least 10 rows on both sides, by rising q, then by change.

    rows: (n, d) float32 unit rows. graph_ids: (n, k) int neighbors. groups: ascending row ids of each. later: (n,)
    int8, 0 before the date, 1 after it, -1 for rows without a time.
    """
    drifts = []
    for code, group in enumerate(groups):
        members = group[later[group] >= 0]
        after = int(later[members].sum())
        if min(after, len(members) - after) >= MIN_ROWS:
            generator = np.random.default_rng([seed, code])
            drifts.append(_group_drift(code, rows, graph_ids, members, later, permutations, generator))
    return _with_q_values(drifts)


def _group_drift(
    code: int, rows: np.ndarray, graph_ids: np.ndarray, members: np.ndarray, later: np.ndarray, permutations: int,
    generator: np.random.Generator,
) -> Drift:  # fmt: skip
    after = int(later[members].sum())
    tested = members if len(members) <= MAX_ROWS else np.sort(generator.choice(members, MAX_ROWS, replace=False))
    sides = later[tested].astype(np.float32)
    shuffled = np.vstack([sides, *(generator.permutation(sides) for _ in range(permutations))])  # the observed first
    change = centroid_changes(rows[tested], shuffled)
    same = same_side_shares(graph_ids, tested, shuffled)
    changes = (float(change[0]), float(change[1:].mean()), _p(change))
    same_sides = (float(same[0]), float(same[1:].mean()), _p(same))
    return Drift(code, len(members) - after, after, len(tested), *changes, *same_sides)


def centroid_changes(rows: np.ndarray, sides: np.ndarray) -> np.ndarray:
    """(p,) float64: 1 - cosine between the mean vectors of the two sides, for p divisions of m rows.

    rows: (m, d) float32. sides: (p, m) float32 of 0 and 1.
    """
    after = (sides @ rows).astype(np.float64)
    before = rows.sum(axis=0, dtype=np.float64) - after
    norms = np.linalg.norm(after, axis=1) * np.linalg.norm(before, axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.nan_to_num(1 - np.einsum("ij,ij->i", after, before) / norms, nan=0.0)


def same_side_shares(graph_ids: np.ndarray, members: np.ndarray, sides: np.ndarray) -> np.ndarray:
    """(p,) float64: the share of the members' edges among themselves that join rows of one side; NaN without edges."""
    from scipy.sparse import csr_matrix

    near = np.asarray(graph_ids[members, :NEIGHBORS])
    position = np.searchsorted(members, near).clip(max=len(members) - 1)
    start, slot = np.nonzero(members[position] == near)
    if not len(start):
        return np.full(len(sides), np.nan)
    end = position[start, slot]
    edges = csr_matrix((np.ones(len(start), dtype=np.float32), (start, end)), shape=(len(members), len(members)))
    same = [(side * (edges @ side.T).T).sum(axis=1, dtype=np.float64) for side in (sides, 1 - sides)]
    return (same[0] + same[1]) / len(start)


def _p(values: np.ndarray) -> float:
    """The share of shuffles, with the observed one (first), that are as high (Phipson and Smyth, 2010)."""
    return float((values >= values[0] - 1e-9).mean()) if np.isfinite(values[0]) else float("nan")


def _with_q_values(drifts: list[Drift]) -> list[Drift]:
    """By the smaller q of the two tests, then by the larger change."""
    q_change = benjamini_hochberg(np.array([drift.p_change for drift in drifts]))
    q_same = benjamini_hochberg(np.array([drift.p_same for drift in drifts]))
    pairs = zip(drifts, q_change, q_same, strict=True)
    corrected = [replace(drift, q_change=float(one), q_same=float(two)) for drift, one, two in pairs]
    corrected.sort(key=lambda drift: (drift.chance_change - drift.change, drift.code))
    return sorted(corrected, key=lambda drift: float(np.fmin(drift.q_change, drift.q_same)))
