"""Spectral measures against their definitions, and reference shapes whose dimension is known."""

import numpy as np
import pytest
from scipy.spatial import cKDTree
from threadpoolctl import threadpool_limits

from core.errors import InputError
from core.quality import dimension_usage
from core.quality.dimension_usage import (
    _left_out,
    _left_out_roughly,
    _pieces,
    _product,
    measure_intrinsic,
    measure_spectrum,
    spectrum_measures,
    two_nn,
)
from core.types import unit_rows
from tests.core.quality.conftest import space_of


@pytest.fixture(scope="module")
def flat():
    """An isotropic Gaussian of 20 dimensions turned into 100."""
    generator = np.random.default_rng(0)
    axes = np.linalg.qr(generator.normal(size=(100, 20)))[0]
    return generator.normal(size=(4000, 20)) @ axes.T


def iso_score(rows):
    """IsoScore step by step as Rudman et al. (2022) give it."""
    n = rows.shape[1]
    variances = np.linalg.eigvalsh(np.cov(rows.T))
    normal = np.sqrt(n) * variances / np.linalg.norm(variances)
    defect = np.linalg.norm(normal - 1) / np.sqrt(2 * (n - np.sqrt(n)))
    share = (n - defect**2 * (n - np.sqrt(n))) ** 2 / n**2
    return (n * share - 1) / (n - 1)


def test_twenty_directions_are_counted_as_twenty(flat):
    result = measure_spectrum(unit_rows(flat), 4000).measures
    for name in ("participation", "effective_rank"):
        assert result[name, True].value == pytest.approx(20, rel=0.02)
        assert result[name, False].value == pytest.approx(20, rel=0.02)
    assert result["first_share", True].value == pytest.approx(1 / 20, rel=0.2)
    assert result["isoscore", True].value == pytest.approx(19 / 99, rel=0.02)
    assert result["mean_cosine", False].value == pytest.approx(0, abs=0.01)


def test_measures_are_their_definitions():
    generator = np.random.default_rng(1)
    rows = unit_rows(generator.normal(size=(500, 12)) * np.linspace(3, 0.3, 12) + 0.7)
    result = measure_spectrum(rows, 500).measures
    for centered in (False, True):
        wide = rows.astype(np.float64) - (rows.mean(axis=0) if centered else 0)
        values = np.linalg.svd(wide, compute_uv=False)
        shares = values / values.sum()
        assert result["effective_rank", centered].value == pytest.approx(
            np.exp(-np.sum(shares * np.log(shares))), rel=1e-5
        )
        garrido = shares + 1e-7
        assert result["rankme", centered].value == pytest.approx(np.exp(-np.sum(garrido * np.log(garrido))), rel=1e-5)
        power = values**2
        assert result["participation", centered].value == pytest.approx(power.sum() ** 2 / np.sum(power**2), rel=1e-5)
        assert result["first_share", centered].value == pytest.approx(power[0] / power.sum(), rel=1e-5)
        directions = wide / np.linalg.norm(wide, axis=1, keepdims=True)
        mean = (directions @ directions.T)[np.triu_indices(500, 1)].mean()
        assert result["mean_cosine", centered].value == pytest.approx(mean, abs=1e-6)
    assert result["isoscore", True].value == pytest.approx(iso_score(rows.astype(np.float64)), rel=1e-4)


def test_centering_takes_a_shared_direction_away():
    generator = np.random.default_rng(2)
    result = measure_spectrum(unit_rows(generator.normal(size=(1000, 30)) + 2), 1000).measures
    assert result["mean_cosine", False].value > 0.7
    assert result["mean_cosine", True].value == pytest.approx(0, abs=0.01)
    assert result["participation", False].value < 2
    assert result["participation", True].value > 25


def test_one_direction_is_one_and_same_rows_are_unknown():
    assert spectrum_measures(np.array([1.0, 0, 0]))["participation"] == pytest.approx(1)
    assert spectrum_measures(np.array([1.0, 0, 0]))["isoscore"] == pytest.approx(0)
    assert spectrum_measures(np.full(5, 0.2))["isoscore"] == pytest.approx(1)
    same = measure_spectrum(np.tile(unit_rows(np.ones((1, 6))), (30, 1)), 30).measures
    assert np.isnan(same["participation", True].value)
    assert same["mean_cosine", False].value == pytest.approx(1, abs=1e-5)
    with pytest.raises(InputError):
        measure_spectrum(np.eye(2, dtype=np.float32), 2)


def test_a_part_left_out_has_the_eigenvalues_of_the_rest():
    generator = np.random.default_rng(3)
    rows = unit_rows(generator.normal(size=(2000, 8)) * np.linspace(2, 0.5, 8) + 0.4)
    pieces = _pieces(rows, 0)
    mean = rows.mean(axis=0, dtype=np.float64)
    axes = np.linalg.eigh(_product(pieces) / 2000 - np.outer(mean, mean))[1][:, ::-1]
    rest = np.concatenate(pieces[1:]).astype(np.float64)
    exact = np.linalg.eigvalsh(np.cov(rest.T, bias=True))[::-1]
    np.testing.assert_allclose(_left_out(pieces, True)[0], exact, rtol=1e-6)
    np.testing.assert_allclose(_left_out_roughly(pieces, axes, True)[0], exact, rtol=5e-3)


def shapes(kind, random):
    """A function (n, random) -> rows of 32 dimensions of one of two shapes: falling variances, or clusters."""
    scale, centers, shares = np.arange(1, 33) ** -0.6, random.normal(size=(12, 32)), random.dirichlet(np.full(12, 2.0))

    def clusters(n, random):
        return centers[random.choice(12, n, p=shares)] + random.normal(size=(n, 32)) * np.linspace(1.5, 0.1, 32)

    def falling(n, random):
        return random.normal(size=(n, 32)) * scale + 0.7 * (np.arange(32) == 0)

    return falling if kind == "falling" else clusters


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "texts"), [("falling", 400), ("clusters", 300)])
def test_intervals_cover_the_mean_over_samples_of_as_many_texts(kind, texts):
    """Of every measure with an interval, whether it grows with the number of texts or not."""
    draw = shapes(kind, np.random.default_rng(1))
    with threadpool_limits(1):  # matrices of 32 dimensions: more threads only wait for one another
        results = [
            measure_spectrum(unit_rows(draw(texts, np.random.default_rng(5_000 + seed))), texts, seed).measures
            for seed in range(400)
        ]
    covered = []
    for measure in results[0]:
        truth = np.mean([result[measure].value for result in results])
        inside = [result[measure].low <= truth <= result[measure].high for result in results]
        if measure != ("mean_cosine", True):
            assert 0.91 <= np.mean(inside) <= 0.985, measure  # 3 standard errors of 400 samples are 0.033
            covered.append(np.mean(inside))
    assert 0.93 <= np.mean(covered) <= 0.97


def test_measures_without_an_interval_that_covers_have_none(monkeypatch):
    rows = unit_rows(np.random.default_rng(0).normal(size=(200, 8)) + 0.5)
    known = measure_spectrum(rows, 200).measures
    assert np.isnan(known["mean_cosine", True].low)
    assert np.isfinite(known["effective_rank", False].low)
    monkeypatch.setattr(dimension_usage, "EXACT_DIMENSIONS", 7)
    wide = measure_spectrum(rows, 200).measures
    assert [np.isnan(wide[name, False].low) for name in ("effective_rank", "rankme", "participation")] == [1, 1, 0]
    assert wide["effective_rank", False].value == known["effective_rank", False].value


def test_two_nn_finds_known_dimensions(flat):
    generator = np.random.default_rng(5)
    for dimension in (1, 2, 5):
        points = generator.random((2000, dimension)) @ np.eye(dimension, 10)
        gaps = cKDTree(points).query(points, 3)[0]
        assert two_nn(np.sort(np.log(gaps[:, 2] / gaps[:, 1]))) == pytest.approx(dimension, rel=0.1)
    # in many dimensions it reads low, as the paper says
    result, texts = measure_intrinsic(space_of(flat))
    assert texts == 4000
    assert 14 < result.value < 21
    assert result.low < result.value < result.high
    assert result.high - result.low < 2


def test_two_nn_fits_the_line_of_the_paper():
    """Pareto ratios of exponent 7, drawn by inverting their distribution."""
    ratios = (1 - np.random.default_rng(6).random(20_000)) ** (-1 / 7)
    assert two_nn(np.sort(np.log(ratios))) == pytest.approx(7, rel=0.03)
    assert np.isnan(two_nn(np.zeros(5)))
    ratios = np.array([1.1, 1.2, 1.25, 1.4, 1.5, 1.7, 2.0, 2.2, 3.0, 90.0])
    x, y = np.log(ratios[:9]), -np.log(1 - np.arange(1, 10) / 10)  # the largest tenth is left out
    assert two_nn(np.log(ratios)) == pytest.approx(np.sum(x * y) / np.sum(x * x))


def test_texts_with_the_same_vector_are_excluded_from_the_dimension():
    generator = np.random.default_rng(7)
    rows = generator.normal(size=(1000, 3))
    result, texts = measure_intrinsic(space_of(np.concatenate([rows, rows[:30]])))
    assert texts == 970
    assert result.value == pytest.approx(2, rel=0.15)  # directions in space: a sphere
