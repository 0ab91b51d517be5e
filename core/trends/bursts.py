"""Bursts: intervals in which a group's share of the rows is raised (Kleinberg, 2002, section 4).

An automaton with states 0, 1, ... emits, in each period, a binomial number of the group's rows among all rows of the
period, with probability p0 (its share over all time) times s to the power of the state. Going up costs gamma times the
logarithm of the number of periods a state, going down nothing. The cheapest sequence of states (Viterbi) gives the
bursts; a burst's weight is what being in the raised state saves, in nats.
"""

from dataclasses import dataclass

import numpy as np

MAX_SHARE = 0.9999
MIN_ROWS = 3  # of a burst


@dataclass(frozen=True)
class Burst:
    """first, last: periods, both included. level: the highest state reached. weight: above 0, higher is stronger.
    rows: of the group in it; expected: at the group's share over all time."""

    first: int
    last: int
    level: int
    weight: float
    rows: int
    expected: float


def burst_states(
    counts: np.ndarray, totals: np.ndarray, s: float = 2.0, gamma: float = 1.0, states: int = 2
) -> np.ndarray:
    """(t,) int8: the cheapest sequence of states for counts (t,) of totals (t,); the lower state where two cost the
    same. s > 1: how much higher each state's share is. gamma > 0: the price of going up."""
    costs = emission_costs(counts, totals, s, states)
    up = gamma * np.log(max(len(counts), 2))
    step = np.maximum(np.arange(states)[None, :] - np.arange(states)[:, None], 0) * up  # (from, to)
    best = costs[:, 0] + step[0]  # the automaton starts in state 0
    back = np.zeros((len(counts), states), dtype=np.int8)
    for t in range(1, len(counts)):
        costs_by_path = best[:, None] + step
        back[t] = costs_by_path.argmin(axis=0)
        best = costs_by_path.min(axis=0) + costs[:, t]
    path = np.zeros(len(counts), dtype=np.int8)
    path[-1] = best.argmin()
    for t in range(len(counts) - 1, 0, -1):
        path[t - 1] = back[t, path[t]]
    return path


def find_bursts(
    counts: np.ndarray, totals: np.ndarray, s: float = 2.0, gamma: float = 1.0, states: int = 2
) -> list[Burst]:
    """The bursts of one group, heaviest first; those of fewer than 3 rows are left out.

    counts, totals: (t,) rows of the group and all rows by period. A group that fills every period has none.
    """
    counts, totals = np.asarray(counts), np.asarray(totals)
    if len(counts) < 2 or not 0 < counts.sum() < totals.sum():
        return []
    path = burst_states(counts, totals, s, gamma, states)
    costs, base = emission_costs(counts, totals, s, states), counts.sum() / totals.sum()
    saved = costs[0] - costs[path, np.arange(len(path))]
    bursts = []
    for at in np.ma.clump_masked(np.ma.masked_where(path > 0, path)):
        sizes = (int(counts[at].sum()), float(base * totals[at].sum()))
        bursts.append(Burst(int(at.start), int(at.stop - 1), int(path[at].max()), float(saved[at].sum()), *sizes))
    return sorted((burst for burst in bursts if burst.rows >= MIN_ROWS), key=lambda item: (-item.weight, item.first))


def emission_costs(counts: np.ndarray, totals: np.ndarray, s: float, states: int) -> np.ndarray:
    """(states, t) float64: minus the log of each state's binomial likelihood, without the binomial coefficient, which
    is the same for all states."""
    base = counts.sum() / max(totals.sum(), 1)
    shares = np.minimum(base * float(s) ** np.arange(states), MAX_SHARE)[:, None]
    with np.errstate(divide="ignore"):
        return -(counts * np.log(shares) + (totals - counts) * np.log1p(-shares))
