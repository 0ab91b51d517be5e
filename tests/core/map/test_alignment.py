import numpy as np
import pytest

from core.map.trust import align


@pytest.fixture
def fixed():
    return np.random.default_rng(0).normal(size=(200, 2)) * [3.0, 1.0]


def residual(moved, fixed):
    return float(np.nansum(np.square(np.asarray(moved, dtype=np.float64) - fixed)))


def similarity(points, seed, mirrored):
    random = np.random.default_rng(seed)
    angle, scale, shift = random.uniform(0, 2 * np.pi), random.uniform(0.1, 10), random.normal(size=2) * 50
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return points @ (turn * [1, -1] if mirrored else turn) * scale + shift


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_a_turned_scaled_shifted_layout_comes_back(fixed, seed, mirrored):
    found = align(similarity(fixed, seed, mirrored), fixed)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, fixed, atol=1e-4)


def test_a_quarter_turn_by_hand():
    square = np.array([[0, 0], [1, 0], [1, 1], [0, 1.0]])
    np.testing.assert_allclose(align(square[:, ::-1] * [-2, 2] + 7, square), square, atol=1e-6)


@pytest.mark.parametrize("seed", range(20))
def test_size_and_place_are_taken_over_and_no_turn_lies_closer(fixed, seed):
    random = np.random.default_rng(seed)
    moving = random.normal(size=fixed.shape) * random.uniform(0.01, 100) + random.normal(size=2)
    found = align(moving, fixed).astype(np.float64)
    center = found.mean(axis=0)
    np.testing.assert_allclose(center, fixed.mean(axis=0), atol=1e-4)
    np.testing.assert_allclose(np.linalg.norm(found - center), np.linalg.norm(fixed - fixed.mean(axis=0)), rtol=1e-5)
    for angle in (0.02, -0.02, 1, 2, 3):
        for mirror in ((1, 1), (1, -1)):
            turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) * mirror
            assert residual((found - center) @ turn + center, fixed) >= residual(found, fixed) - 1e-3


def test_rows_with_nan_are_left_out_of_the_fit_and_moved_with_the_rest(fixed):
    moving = similarity(fixed, 5, True)
    holed = fixed.copy()
    holed[:20] = np.nan
    moving[30, 1] = np.nan
    found = align(moving, holed)
    assert np.isnan(found[30]).any()
    known = np.arange(len(fixed)) != 30
    np.testing.assert_allclose(found[known], fixed[known], atol=1e-4)


def test_layouts_at_one_place_are_translated_only(fixed):
    heap = np.full(fixed.shape, 9.0)
    np.testing.assert_allclose(align(heap, fixed), np.tile(fixed.mean(axis=0), (len(fixed), 1)), atol=1e-5)
    np.testing.assert_allclose(align(fixed, heap), fixed - fixed.mean(axis=0) + 9, atol=1e-5)


def test_nothing_shared_changes_nothing(fixed):
    np.testing.assert_array_equal(align(fixed, np.full(fixed.shape, np.nan)), fixed.astype(np.float32))
    assert align(np.empty((0, 2)), np.empty((0, 2))).shape == (0, 2)
