"""The bootstrap and the jackknife: against scipy, their coverage, and the same for every feature."""

from statistics import NormalDist

import numpy as np
import pytest
from scipy import stats

from core.compression.dimensions import size_curve
from core.quality.robustness import EditEffects
from core.scoreboard.comparison import compare
from core.scoreboard.types import Scores
from core.stats import interval, resampling
from core.stats.bradley_terry import fit_strengths
from core.stats.interval import CONFIDENCE
from core.stats.proportions import wilson
from core.stats.resampling import (
    MAX_BLOCKS,
    bootstrap,
    bootstrap_mean,
    bootstrap_median,
    bootstrap_runs,
    jackknife,
    mean_interval,
    percentile_interval,
    share_best,
)
from core.stats.significance import compare_means, compare_resampled, compare_runs


def test_intervals_are_those_of_scipy():
    values = np.random.default_rng(0).beta(2, 1, size=(2, 400)).astype(np.float32)
    _, low, high = mean_interval(values)
    for at in range(2):
        theirs = stats.bootstrap(
            (values[at],), np.mean, method="percentile", n_resamples=4000, rng=1
        ).confidence_interval
        np.testing.assert_allclose((low[at], high[at]), theirs, atol=2e-3)


def test_bootstrap_intervals_are_those_of_resampling():
    generator = np.random.default_rng(2)
    values = generator.integers(0, 11, size=150) / 10
    drawn = values[generator.integers(150, size=(4000, 150))]
    found = bootstrap_mean(values)
    assert found.value == pytest.approx(values.mean())
    assert (found.low, found.high) == pytest.approx(tuple(np.percentile(drawn.mean(axis=1), [2.5, 97.5])), abs=0.012)
    median = bootstrap_median(values)
    assert median.value == np.median(values)
    assert median.low <= median.value <= median.high
    assert np.isnan(bootstrap_mean(np.zeros(0)).value)


def test_intervals_of_clustered_rows_cover_the_truth():
    """Rows in groups of three that are alike: as rows of their own they would look surer than they are."""
    generator = np.random.default_rng(0)
    texts, hits, naive = np.repeat(np.arange(60), 3), 0, 0
    for _ in range(200):
        values = np.repeat(generator.random(60), 3)[None]
        _, low, high = mean_interval(values, texts)
        hits += low[0] <= 0.5 <= high[0]
        _, low, high = mean_interval(values, np.arange(180))
        naive += low[0] <= 0.5 <= high[0]
    assert 180 <= hits <= 199
    assert naive < hits - 10


def test_blocks_of_many_texts_keep_the_spread():
    values = np.random.default_rng(2).normal(3, 2, size=(1, 4 * MAX_BLOCKS))
    mean, low, high = mean_interval(values, np.arange(values.shape[1]))
    assert mean[0] == pytest.approx(values.mean())
    assert (high[0] - low[0]) / 2 == pytest.approx(1.96 * 2 / np.sqrt(values.shape[1]), rel=0.12)


def test_resamples_have_as_many_units_and_come_in_blocks(monkeypatch):
    whole = np.concatenate(list(resampling.draw_counts(7, 50, 3)))
    assert (whole.sum(axis=1) == 7).all()
    monkeypatch.setattr(resampling, "CELLS", 70)
    blocks = list(resampling.draw_counts(7, 50, 3))
    assert [len(block) for block in blocks] == [10] * 5
    np.testing.assert_array_equal(np.concatenate(blocks), whole)


def test_shares_of_being_best_and_wider_intervals_for_few_units():
    np.testing.assert_allclose(share_best(np.array([[1, 1, 0], [0, 2, 1.0]])), [0.25, 0.75, 0])
    draws = np.random.default_rng(0).normal(size=(20_000, 1))
    _, low, high = percentile_interval(0.0, draws, 8)
    expected = stats.t.ppf(0.975, 7) * np.sqrt(8 / 7)  # Hesterberg's t times sqrt(n / (n - 1))
    assert (low[0], high[0]) == pytest.approx((-expected, expected), abs=0.1)
    found = compare_resampled(np.array([0.5, 0.5]), np.stack([draws[:, 0]] * 2), 20_000)
    assert found.p_value[0] == 1


def test_copies_are_resampled_together_and_all_contenders_alike():
    texts = np.array([0, 0, 1, 2, 2, 2])
    drawn = []
    bootstrap_runs(texts, 3, lambda run, weights: [drawn.append(weights) or 0.0], 0)
    assert all(w[0] == w[1] and w[3] == w[4] == w[5] for w in drawn)
    first = bootstrap_runs(texts, 3, lambda run, weights: [run + weights[2]], 0)
    np.testing.assert_array_equal(first, bootstrap_runs(texts, 3, lambda run, weights: [run + weights[2]], 0))


def test_all_statistics_use_one_confidence_level(monkeypatch):
    """A lower level narrows every interval."""
    values = np.random.default_rng(0).random(80)
    votes = np.array([[0, 1], [1, 2], [0, 2], [1, 0]] * 10).T

    def widths():
        intervals = [
            bootstrap_mean(values), bootstrap_median(values),
            bootstrap(80, [lambda weights: float(weights @ values)])[0], jackknife(0.5, values),
            [part[0] for part in compare_means(values[None], np.arange(80)).scores],
            [part[0] for part in compare_runs(values[None, :5], 0.25).scores],
            [part[0] for part in fit_strengths(*votes, 3).win_share],
        ]  # fmt: skip
        return np.array([high - low for _, low, high in intervals])

    before = widths()
    monkeypatch.setattr(interval, "CONFIDENCE", 0.5)
    assert (widths() < 0.6 * before).all()


def test_wilson_has_the_same_level():
    _, low, high = wilson(np.array([30]), np.array([60]))
    assert (high - low)[0] == pytest.approx(2 * NormalDist().inv_cdf((1 + CONFIDENCE) / 2) / np.sqrt(4 * 60), rel=0.05)


def test_one_data_set_has_one_interval_on_every_page():
    """Means over texts with copies, through the scoreboard, quality, disagreement and compression."""
    rng = np.random.default_rng(5)
    texts = np.arange(30)
    full, values = rng.random((2, 30))
    values[:12] = full[:12]
    scores = Scores({"map_at_r": values.astype(np.float64)}, texts)
    line = compare({"a": scores}, "map_at_r").lines[0]
    expected = (line.mean, line.low, line.high)
    curve = size_curve("truncation", (8,), values[None], full)
    intervals = {
        "disagreement": [part[0] for part in mean_interval(values[None], texts)],
        "quality": bootstrap_mean(values),
        "quality, churn": EditEffects(values, values).estimates()[2],
        "compression": (curve.values[0], curve.low[0], curve.high[0]),
    }
    for feature, numbers in intervals.items():
        assert tuple(numbers) == pytest.approx(expected, abs=1e-12), feature


def test_copies_are_one_unit_on_every_page():
    values, texts = np.repeat(np.random.default_rng(6).random(40), 3), np.repeat(np.arange(40), 3)
    line = compare({"a": Scores({"map_at_r": values}, texts)}, "map_at_r").lines[0]
    _, low, high = mean_interval(values[None], texts)
    assert (line.low, line.high) == pytest.approx((low[0], high[0]), abs=1e-12)


def test_missing_values_are_left_out():
    values = np.random.default_rng(7).random((2, 50))
    values[1, ::5] = np.nan
    means, low, high = mean_interval(values, np.arange(50))
    assert means[1] == pytest.approx(np.nanmean(values[1]))
    assert low[1] < means[1] < high[1]
    assert low[0] == pytest.approx(mean_interval(values[:1]).low[0])
