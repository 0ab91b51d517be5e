"""Odds ratios and logistic regression against their definitions, and coverage."""

import numpy as np
import pytest
from scipy.optimize import brentq, minimize, minimize_scalar

from core.stats.odds import fit_firth, log_odds_interval, log_odds_ratio


def test_log_odds_by_hand():
    # 8 of 10 inside, 5 of 100 outside
    ratio, error = log_odds_ratio(*(np.array([cell]) for cell in (8, 2, 5, 95)))
    assert ratio[0] == pytest.approx(np.log((8.5 * 95.5) / (2.5 * 5.5)))
    assert error[0] == pytest.approx(np.sqrt(1 / 8.5 + 1 / 2.5 + 1 / 5.5 + 1 / 95.5))


def plain_ends(a, b, c, d, z):
    """The interval by scipy's minimizers."""
    a, b, c, d = (cell + 0.5 for cell in (a, b, c, d))

    def likelihood(ratio, base):
        ends = ((a, base + ratio), (b, -base - ratio), (c, base), (d, -base))
        return -sum(cell * np.logaddexp(0, -logit) for cell, logit in ends)

    def profile(ratio):
        return -minimize_scalar(
            lambda base: -likelihood(ratio, base), bounds=(-20, 20), method="bounded", options={"xatol": 1e-10}
        ).fun

    best = np.log(a * d / (b * c))
    least = profile(best) - z * z / 2
    return best, brentq(lambda x: profile(x) - least, -25, best), brentq(lambda x: profile(x) - least, best, 25)


@pytest.mark.parametrize("cells", [(20, 30, 100, 500), (0, 103, 153, 393), (3, 4, 5, 6)])
def test_odds_ratios_and_their_ends(cells):
    made = [float(end[0]) for end in log_odds_interval(*(np.array([cell]) for cell in cells), z=2.5)]
    assert made == pytest.approx(plain_ends(*cells, 2.5), abs=1e-4)


def test_intervals_hold_the_true_ratio():
    generator = np.random.default_rng(1)
    one, other = 0.3, 0.12
    a, c = generator.binomial(40, one, 1_000), generator.binomial(200, other, 1_000)
    _, low, high = log_odds_interval(a, 40 - a, c, 200 - c, 1.96)
    truth = np.log(one / (1 - one) / (other / (1 - other)))
    assert 0.93 <= ((low <= truth) & (truth <= high)).mean() <= 0.975


def test_firth_is_the_best_of_its_penalized_likelihood():
    generator = np.random.default_rng(0)
    columns = np.column_stack([generator.random(80) > 0.5, generator.normal(2, 3, 80)]).astype(float)
    y = (generator.random(80) < 1 / (1 + np.exp(-(columns @ [1.2, -0.4])))).astype(float)
    x = np.column_stack([np.ones(80), columns])

    def loss(beta):
        chance = 1 / (1 + np.exp(-x @ beta))
        information = x.T @ (x * (chance * (1 - chance))[:, None])
        return -(y * np.log(chance) + (1 - y) * np.log(1 - chance)).sum() - np.linalg.slogdet(information)[1] / 2

    expected = minimize(loss, np.zeros(3), method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-10}).x
    made = fit_firth(columns, y)
    assert made.converged
    assert made.coefficients == pytest.approx(expected[1:], abs=1e-3)
    assert 0 < made.explained < 1


def test_firth_of_one_binary_column_adds_a_half_to_each_cell():
    x, y = np.repeat([1.0, 0.0], [10, 25]), np.r_[np.ones(10), np.ones(5), np.zeros(20)]
    made = fit_firth(x[:, None], y)
    best, *_ = log_odds_interval(*(np.array([cell]) for cell in (10, 0, 5, 20)), z=1.96)
    assert made.coefficients[0] == pytest.approx(best[0], abs=1e-5)


def test_a_column_made_up_of_others_is_left_out():
    x = np.array([[1, 0, 1], [0, 1, 1], [0, 0, 0], [1, 0, 1], [0, 1, 1], [0, 0, 0]] * 5, float)
    made = fit_firth(x, np.array([1, 0, 0, 0, 1, 1] * 5, float))
    assert np.isfinite(made.coefficients).tolist() == [True, True, False]
