"""Hubs are found and mended; lists are re-ranked as the papers say; length is held against the right numbers."""

import numpy as np
import pytest
from scipy.stats import norm, spearmanr

from core.quality import hub_repair
from core.quality.hub_repair import repair_hubs, repaired_lists
from core.quality.length_bias import measure_length_bias, text_values
from tests.core.quality.conftest import space_of


@pytest.fixture(scope="module")
def hubby():
    """Texts in many dimensions with few of them near to everything, as hubs are."""
    generator = np.random.default_rng(0)
    rows = generator.normal(size=(300, 60)) + 0.8
    rows[:12] = 0.8 + 0.5 * generator.normal(size=(12, 60))
    return space_of(rows)


def full(space):
    cosines = (space.vectors @ space.vectors.T).astype(np.float64)
    np.fill_diagonal(cosines, -np.inf)
    return cosines


def test_csls_ranks_as_its_formula(labeled):
    space, _ = labeled
    cosines = full(space)
    mean = np.sort(cosines, axis=1)[:, -10:].mean(axis=1)
    scores = 2 * cosines - mean[:, None] - mean
    listed = repaired_lists(space, "csls")
    for row in range(0, 400, 17):
        among = np.argsort(-cosines[row])[:100]  # the kept candidates
        expected = among[np.argsort(-scores[row, among], kind="stable")][:10]
        assert listed[row].tolist() == expected.tolist()


def test_mutual_proximity_ranks_as_its_formula(hubby):
    cosines = full(hubby)
    others = np.where(np.isinf(cosines), np.nan, cosines)
    mean, spread = np.nanmean(others, axis=1), np.nanstd(others, axis=1)
    listed = repaired_lists(hubby, "mutual")
    for row in range(0, 300, 13):
        among = np.argsort(-cosines[row])[:100]
        c = cosines[row, among]
        chance = norm.logcdf(c, mean[row], spread[row]) + norm.logcdf(c, mean[among], spread[among])
        assert listed[row].tolist() == among[np.argsort(-chance, kind="stable")][:10].tolist()


def test_the_spread_of_very_many_texts_is_estimated_on_a_sample(hubby, monkeypatch):
    monkeypatch.setattr(hub_repair, "SPREAD_TEXTS", 150)
    result, drawn = hub_repair._Mutual(hubby, 0), hubby.sample(150, 0)
    cosines = full(hubby)[:, drawn]
    cosines[np.isinf(cosines)] = np.nan
    np.testing.assert_allclose(result.mean, np.nanmean(cosines, axis=1), atol=1e-5)
    np.testing.assert_allclose(result.spread, np.nanstd(cosines, axis=1), atol=1e-4)


def test_of_very_many_texts_fewer_candidates_take_part(hubby, monkeypatch):
    monkeypatch.setattr(hub_repair, "CELLS", 9_000)
    assert hub_repair.candidates(hubby) == 30
    listed = repaired_lists(hubby, "csls")
    assert all(set(row) <= set(near[:30]) for row, near in zip(listed.tolist(), hubby.ids.tolist(), strict=True))


def test_repairs_reduce_hubness(hubby):
    result = repair_hubs(hubby)
    assert result["none"].hubs.skewness > 2
    assert set(np.argsort(-result["none"].hubs.counts)[:10]) <= set(range(12))
    for repair in ("csls", "mutual"):
        assert result[repair].hubs.skewness < result["none"].hubs.skewness / 2
        assert result[repair].hubs.robin_hood < result["none"].hubs.robin_hood
        assert result[repair].hubs.antihub_share <= result["none"].hubs.antihub_share
    assert result["none"].precision is None


def test_the_gain_in_labels_is_paired(labeled):
    space, codes = labeled
    some = np.where(np.arange(400) % 5 == 0, -1, codes)
    result = repair_hubs(space, some)
    none = result["none"]
    assert none.gain.value == none.gain.low == none.gain.high == 0
    judged = np.ones(400, bool)
    for item in result.values():
        judged &= (some >= 0) & (some[item.first] >= 0)
    assert none.labeled_texts == judged.sum()
    for item in result.values():
        right = (some[item.first] == some)[judged]
        before = (some[none.first] == some)[judged]
        assert item.precision.value == pytest.approx(right.mean())
        assert item.gain.value == pytest.approx(right.mean() - before.mean())
        assert item.gain.low <= item.gain.value <= item.gain.high


def test_length_is_held_against_cosines(labeled):
    space, _ = labeled
    cosines = full(space)
    values = text_values(space)
    np.testing.assert_allclose(values["neighbors"], np.sort(cosines, axis=1)[:, -10:].mean(axis=1), atol=1e-5)
    np.fill_diagonal(cosines, 0)
    np.testing.assert_allclose(values["all_texts"], cosines.sum(axis=1) / 399, atol=1e-5)
    np.testing.assert_array_equal(values["occurrences"], np.bincount(space.ids[:, :10].ravel(), minlength=400))


def test_spearman_is_scipys_and_bins_hold_their_means(labeled):
    space, _ = labeled
    generator = np.random.default_rng(2)
    values = text_values(space)
    lengths = (50 + 400 * values["all_texts"] + generator.normal(size=400) * 15).round().astype(int).clip(1)
    result = measure_length_bias(space, lengths)
    for name, value in values.items():
        assert result.rho[name].value == pytest.approx(spearmanr(lengths, value).statistic, abs=1e-9)
        assert result.rho[name].low < result.rho[name].value < result.rho[name].high
    assert result.rho["all_texts"].low > 0.3
    assert result.counts.sum() == 400
    inside = (lengths >= result.edges[3]) & (lengths < result.edges[4])
    assert result.counts[3] == inside.sum()
    assert result.means["all_texts"][3] == pytest.approx(values["all_texts"][inside].mean())
    error = values["all_texts"][inside].std(ddof=1) / np.sqrt(inside.sum())
    assert result.errors["all_texts"][3] == pytest.approx(error)


def test_texts_of_one_length_have_no_correlation(labeled):
    result = measure_length_bias(labeled[0], np.full(400, 30))
    assert np.isnan(result.rho["all_texts"].value)
    assert result.counts.sum() == 400
