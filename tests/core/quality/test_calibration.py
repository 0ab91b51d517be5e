"""What a cosine means: shares of pairs, P(same label), and the same place in another space, against all pairs."""

import numpy as np
import pytest
from sklearn.isotonic import IsotonicRegression

from core.errors import InputError
from core.quality import calibration
from core.quality.calibration import measure_cosines, measure_same_label, pairs_above
from core.quality.migration import compare_lists, map_threshold, overlap_counts
from tests.core.quality.conftest import space_of


def upper_cosines(space):
    rows = space.vectors[space.first].astype(np.float64)
    return (rows @ rows.T)[np.triu_indices(len(rows), 1)]


@pytest.fixture
def sampled(monkeypatch):
    """So few pairs are drawn that weights matter."""
    monkeypatch.setattr(calibration, "PAIRS", 6_000)
    monkeypatch.setattr(calibration, "NEAR_PAIRS", 1_500)
    monkeypatch.setattr(calibration, "MAX_LIST_ENTRIES", 4_000)  # ten a text


def test_shares_of_pairs_are_those_of_all_pairs(labeled, sampled):
    space, _ = labeled
    scale, cosines = measure_cosines(space), upper_cosines(space)
    assert scale.total == len(cosines)
    for cosine in np.quantile(cosines, [0.05, 0.5, 0.9, 0.99, 0.999]):
        truth = np.mean(cosines >= cosine)
        assert scale.above(cosine) == pytest.approx(truth, rel=0.25, abs=0.01)
        assert scale.above(scale.cosine(truth)) == pytest.approx(truth, rel=1e-6)
    assert scale.above(1.01) == 0
    assert scale.above(-1) == 1
    assert scale.cosine(1e-12) == pytest.approx(cosines.max(), abs=0.02)


def test_weights_stand_for_all_pairs_over_a_threshold(labeled, sampled):
    space, _ = labeled
    cosines = upper_cosines(space)
    for cosine in (-1, 0.3, 0.6):
        (left, right), weights = pairs_above(space, cosine)
        assert weights.sum() == pytest.approx((cosines >= cosine).sum(), rel=0.04)
        rows = space.take(left), space.take(right)
        assert np.einsum("ij,ij->i", *rows).min() >= cosine - 1e-6
        assert (left != right).all()


def test_longer_lists_tell_more_of_high_cosines(labeled, monkeypatch):
    """Clouds of 100 texts: most high cosines are beyond a top-10 list, none beyond one of 100."""
    space, cosines = labeled[0], upper_cosines(labeled[0])
    monkeypatch.setattr(calibration, "PAIRS", 300)
    assert measure_cosines(space).depth == 100
    assert measure_cosines(space).above(0.8) == pytest.approx(np.mean(cosines >= 0.8), rel=1e-3)
    assert map_threshold(0.8, space, space, (measure_cosines(space),) * 2).pairs == (cosines >= 0.8).sum()


def test_the_few_nearest_pairs_are_not_missed(sampled):
    """One pair in 80,000 is close: a plain sample would hardly see it, the lists do."""
    generator = np.random.default_rng(8)
    rows = generator.normal(size=(400, 30))
    rows[1] = rows[0] + 0.05 * generator.normal(size=30)
    scale = measure_cosines(space_of(rows))
    assert scale.cosines[-1] == pytest.approx(upper_cosines(space_of(rows)).max(), abs=1e-6)
    assert scale.above(0.9) < 1e-3


def test_probability_of_the_same_label_is_that_of_all_pairs(labeled):
    space, codes = labeled
    result, cosines = measure_same_label(space, codes), upper_cosines(space)
    same = (codes[:, None] == codes)[np.triu_indices(400, 1)]
    assert result.base == pytest.approx(same.mean())
    assert (np.diff(result.curve) >= 0).all()
    for low, high in ((-0.2, 0.0), (0.2, 0.4), (0.5, 0.6), (0.7, 0.8)):
        inside = (cosines >= low) & (cosines < high)
        middle = float(np.median(cosines[inside]))
        assert result.at(middle).value == pytest.approx(same[inside].mean(), abs=0.08)
        assert result.at(middle).low - 0.02 <= same[inside].mean() <= result.at(middle).high + 0.05
    assert result.brier < 0.8 * result.brier_base
    assert result.brier_base == pytest.approx(result.base * (1 - result.base), rel=0.2)
    assert result.gap < 0.06


def test_the_curve_is_scikit_learns():
    generator = np.random.default_rng(12)
    cosines = generator.normal(size=500).round(1)  # many equal ones
    truth = (generator.random(500) < 1 / (1 + np.exp(-3 * cosines))).astype(float)
    weights = generator.random(500) * (generator.random(500) > 0.2)
    at = np.linspace(-3, 3, 50)
    fitted = weights > 0
    reference = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip")
    reference.fit(cosines[fitted], truth[fitted], sample_weight=weights[fitted])
    np.testing.assert_allclose(calibration._Curve(cosines, truth).fit(weights, at), reference.predict(at), atol=1e-9)


def test_labels_that_mean_nothing_stay_at_the_base_rate(labeled):
    space, _ = labeled
    codes = np.random.default_rng(9).integers(4, size=400)
    result = measure_same_label(space, codes)
    assert result.at(0.3).value == pytest.approx(result.base, abs=0.05)
    assert result.brier > 0.95 * result.brier_base


def test_errors_are_those_of_texts_not_seen():
    """Labels that mean nothing, on so few texts that a curve fits its own pairs well."""
    generator = np.random.default_rng(10)
    result = measure_same_label(space_of(generator.normal(size=(60, 8))), np.repeat([0, 1], 30))
    assert result.brier >= result.brier_base


@pytest.mark.parametrize("codes", [np.zeros(400, np.int64), np.arange(400), np.full(400, -1)])
def test_one_label_or_all_unlike_ones_are_refused(labeled, codes):
    with pytest.raises(InputError):
        measure_same_label(labeled[0], codes)


def test_texts_without_labels_do_not_count(labeled):
    space, codes = labeled
    some = np.where(np.arange(400) % 3 == 0, -1, codes)
    result = measure_same_label(space, some)
    assert result.labeled == int((some >= 0).sum())
    assert result.base == pytest.approx(0.25, abs=0.01)


def test_a_stretched_scale_is_mapped_exactly(labeled):
    """A direction shared by all lifts every cosine: c becomes (c + a^2) / (1 + a^2)."""
    space, _ = labeled
    lifted = space_of(np.hstack([space.vectors, np.full((400, 1), 1.5)]))
    scales = (measure_cosines(space), measure_cosines(lifted))
    for cosine in (0.2, 0.5, 0.8):
        mapping = map_threshold(cosine, space, lifted, scales)
        assert mapping.after == pytest.approx((cosine + 2.25) / 3.25, abs=0.005)
        assert mapping.same_pairs > 0.97
        back = map_threshold(mapping.after, lifted, space, scales[::-1])
        assert back.after == pytest.approx(cosine, abs=0.01)
        assert back.same_pairs > 0.97


def test_the_same_contender_changes_nothing_and_another_does(labeled):
    space, _ = labeled
    same = compare_lists(space, space)
    assert same.overlap.value == 1
    assert same.changed.value == same.first.value == same.half.value == 0
    assert map_threshold(0.6, space, space, (measure_cosines(space),) * 2).same_pairs == 1
    other = compare_lists(space, space_of(np.random.default_rng(3).normal(size=(400, 16))))
    assert other.overlap.value == pytest.approx(other.chance, abs=0.02)
    assert other.chance == pytest.approx(10 / 399)
    assert other.counts.sum() == 400
    assert np.isnan(map_threshold(0.9999, space, space, (measure_cosines(space),) * 2).same_pairs)


def test_overlap_counts_are_those_of_sets():
    generator = np.random.default_rng(4)
    one, other = (np.array([generator.permutation(30)[:10] for _ in range(50)]) for _ in range(2))
    expected = [len(set(a) & set(b)) for a, b in zip(one.tolist(), other.tolist(), strict=True)]
    assert overlap_counts(one, other).tolist() == expected
    assert overlap_counts(np.array([[1, -1]]), np.array([[-1, 1]])).tolist() == [1]
