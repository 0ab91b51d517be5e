"""Strengths of several contenders from votes between two at a time (Bradley and Terry, 1952). Own
code: all resamples are fitted at once."""

from dataclasses import dataclass

import numpy as np

from core.stats.interval import Interval
from core.stats.resampling import SEED, percentile_interval, resampled_table, share_best

STEPS = 300
TOLERANCE = 1e-7
PRIOR = 0.5  # wins added to each side of every pair that met: strengths stay finite


@dataclass(frozen=True, eq=False)
class Strengths:
    """win_share: (s,) float64 in [0, 1], the chance to win against the average other contender, with its bootstrap
    interval over votes. share_best: (s,) share of the resamples in which it was the strongest."""

    win_share: Interval[np.ndarray]
    share_best: np.ndarray


def fit_strengths(winners: np.ndarray, losers: np.ndarray, count: int, seed: int = SEED) -> Strengths:
    """Fit the model to votes. winners, losers: (v,) indices of contenders, of `count`; at least one vote."""
    votes = np.asarray(winners, np.int64) * count + losers
    wins = np.bincount(votes, minlength=count * count).reshape(count, count)
    share = _win_shares(fit_log_strengths(_with_prior(wins)))
    samples = _win_shares(fit_log_strengths(_with_prior(resampled_table(wins, seed))))
    return Strengths(percentile_interval(share, samples, len(votes)), share_best(samples, len(votes)))


def _with_prior(wins: np.ndarray) -> np.ndarray:
    """(..., s, s) float64 wins of the row over the column, with the prior."""
    return wins + PRIOR * ((wins + np.swapaxes(wins, -1, -2)) > 0)


def fit_log_strengths(wins: np.ndarray) -> np.ndarray:
    """(..., s) log strengths, mean 0, by the minorize-maximize steps of Hunter (2004). wins: (..., s, s)."""
    games, won = wins + np.swapaxes(wins, -1, -2), wins.sum(axis=-1)
    logs = np.zeros(won.shape)
    for _ in range(STEPS):
        strength = np.exp(logs)
        between = (games / (strength[..., :, None] + strength[..., None, :])).sum(axis=-1)
        new = np.where(between > 0, np.log(np.maximum(won, 1e-12)) - np.log(np.maximum(between, 1e-12)), logs)
        new -= new.mean(axis=-1, keepdims=True)
        change, logs = np.abs(new - logs).max(), new
        if change < TOLERANCE:
            break
    return logs


def _win_shares(logs: np.ndarray) -> np.ndarray:
    """(..., s) each one's mean chance to win against the others."""
    count = logs.shape[-1]
    chance = 1 / (1 + np.exp(logs[..., None, :] - logs[..., :, None]))
    return (chance.sum(axis=-1) - 0.5) / max(count - 1, 1)  # against itself it is a half
