"""Strengths from votes."""

import numpy as np
import pytest

from core.stats.bradley_terry import fit_log_strengths, fit_strengths


def test_bradley_terry_finds_the_strengths_that_made_the_votes():
    generator = np.random.default_rng(0)
    truth = np.array([0.9, 0.2, -1.1])
    one, other = generator.integers(0, 3, (2, 4_000))
    met = one != other
    one, other = one[met], other[met]
    wins = generator.random(len(one)) < 1 / (1 + np.exp(truth[other] - truth[one]))
    winners, losers = np.where(wins, one, other), np.where(wins, other, one)
    table = np.bincount(winners * 3 + losers, minlength=9).reshape(3, 3).astype(float)
    assert fit_log_strengths(table) == pytest.approx(truth, abs=0.12)
    strengths = fit_strengths(winners, losers, 3)
    chances = 1 / (1 + np.exp(truth[None, :] - truth[:, None]))
    expected = (chances.sum(axis=1) - 0.5) / 2
    assert strengths.win_share.value == pytest.approx(expected, abs=0.03)
    assert (strengths.win_share.low <= strengths.win_share.value).all()
    assert (strengths.win_share.value <= strengths.win_share.high).all()
    assert strengths.share_best[0] > 0.99


def test_few_votes_say_little():
    strengths = fit_strengths(np.array([0, 0, 1]), np.array([1, 2, 2]), 3)
    assert strengths.win_share.low[0] < 0.6 < strengths.win_share.high[0]
    assert strengths.share_best.sum() == pytest.approx(1)
    single = fit_strengths(np.array([0]), np.array([1]), 3)
    assert single.win_share.value[0] < 1
    assert np.isfinite(single.win_share.value).all()
    assert np.isnan(single.win_share.low).all()  # one vote is no sample
