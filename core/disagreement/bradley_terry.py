"""Strengths of several contenders from votes between two at a time."""

from dataclasses import dataclass

import numpy as np

RESAMPLES = 1_000
LEVEL = 0.95
STEPS = 300
ENOUGH = 1e-7
PRIOR = 0.5  # wins added to each side of every pair that met: strengths stay finite


@dataclass(frozen=True, eq=False)
class Strengths:
    """share: (s,) float64 in [0, 1], the chance to win against the average other contender; low, high: ends of the
    percentile bootstrap interval (95%) over votes. best: (s,) share of the resamples in which it was the strongest."""

    share: np.ndarray
    low: np.ndarray
    high: np.ndarray
    best: np.ndarray


def strengths(winners: np.ndarray, losers: np.ndarray, count: int, seed: int = 0) -> Strengths:
    """Fit the model of Bradley and Terry (1952) to votes. winners, losers: (v,) places of contenders, of `count`."""
    votes = np.asarray(winners, np.int64) * count + losers
    share = _shares(fit(_wins(votes, count)))
    drawn = np.random.default_rng(seed).integers(len(votes), size=(RESAMPLES, len(votes)))
    made = _shares(fit(np.stack([_wins(votes[at], count) for at in drawn])))
    low, high = np.quantile(made, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    top = made >= made.max(axis=1, keepdims=True) - 1e-9
    return Strengths(share, low, high, (top / top.sum(axis=1, keepdims=True)).mean(axis=0))


def _wins(votes: np.ndarray, count: int) -> np.ndarray:
    """(s, s) wins of the row over the column, with the prior."""
    wins = np.bincount(votes, minlength=count * count).reshape(count, count).astype(np.float64)
    return wins + PRIOR * ((wins + wins.T) > 0)


def fit(wins: np.ndarray) -> np.ndarray:
    """(..., s) log strengths, mean 0, by the minorize-maximize steps of Hunter (2004). wins: (..., s, s)."""
    games, won = wins + np.swapaxes(wins, -1, -2), wins.sum(axis=-1)
    logs = np.zeros(won.shape)
    for _ in range(STEPS):
        strength = np.exp(logs)
        between = (games / (strength[..., :, None] + strength[..., None, :])).sum(axis=-1)
        new = np.where(between > 0, np.log(np.maximum(won, 1e-12)) - np.log(np.maximum(between, 1e-12)), logs)
        new -= new.mean(axis=-1, keepdims=True)
        done = np.abs(new - logs).max() < ENOUGH
        logs = new
        if done:
            break
    return logs


def _shares(logs: np.ndarray) -> np.ndarray:
    """(..., s) each one's mean chance to win against the others."""
    count = logs.shape[-1]
    chance = 1 / (1 + np.exp(logs[..., None, :] - logs[..., :, None]))
    return (chance.sum(axis=-1) - 0.5) / max(count - 1, 1)  # against itself it is a half
