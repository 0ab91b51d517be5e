"""Fewer dimensions: values against the libraries, and the directions they must have."""

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.random_projection import GaussianRandomProjection

from core.compression.dimensions import SEEDS, measure_dimensions, scaled, sizes_of
from core.types import unit_rows


@pytest.fixture(scope="module")
def run(made):
    return measure_dimensions(made[0], made[1])


def kept(run, method, size):
    return run.recall[(run.methods == method) & (run.sizes == size)].mean()


def brute(sample, rows):
    """Shares of the ten nearest kept by rows in place of the sample's."""
    cosines, full = unit_rows(rows), sample.rows
    shares = []
    for query in sample.queries:
        one, other = cosines @ cosines[query], full @ full[query]
        one[query] = other[query] = -2
        shares.append(len(set(np.argsort(-one)[:10]) & set(np.argsort(-other)[:10])) / 10)
    return np.array(shares)


def test_sizes_double_up_to_the_full_one():
    assert sizes_of(384) == [8, 16, 32, 64, 128, 256, 384]
    assert sizes_of(48) == [8, 16, 32, 48]
    assert sizes_of(5) == [5]


def test_all_dimensions_keep_all_neighbors(run):
    assert kept(run, 0, 48) == 1
    assert kept(run, 1, 48) == pytest.approx(1, abs=0.002)
    assert kept(run, 2, 48) < 0.95


def test_values_are_those_of_brute_force(run, made):
    sample = made[0]
    np.testing.assert_allclose(kept(run, 0, 16), brute(sample, sample.rows[:, :16]).mean(), atol=1e-6)
    axes = PCA(16).fit(sample.rows).components_
    np.testing.assert_allclose(kept(run, 1, 16), brute(sample, sample.rows @ axes.T).mean(), atol=2e-3)
    projected = GaussianRandomProjection(16, random_state=2).fit_transform(sample.rows)
    at = np.flatnonzero((run.methods == 2) & (run.sizes == 16) & (run.seeds == 2))[0]
    np.testing.assert_allclose(run.recall[at], brute(sample, projected), atol=1e-6)


def test_more_dimensions_keep_more_and_what_matters_first_beats_chance_directions(run):
    for method in range(3):
        values = [kept(run, method, size) for size in (8, 16, 32, 48)]
        assert values == sorted(values)
    assert kept(run, 0, 8) > kept(run, 2, 8) + 0.05
    assert ((run.methods == 2) & (run.sizes == 8)).sum() == SEEDS


def test_rows_of_which_nothing_is_left_do_no_harm():
    rows = scaled(np.array([[0, 0], [3, 4]], np.float32))
    assert rows.tolist() == [[0, 0], pytest.approx([0.6, 0.8])]
    assert rows.dtype == np.float32


def test_fewer_rows_than_dimensions():
    from core.compression.sample import draw_sample, exact_truth
    from tests.core.compression.conftest import grouped_rows

    sample = draw_sample(grouped_rows(30)[0], np.arange(30))
    run = measure_dimensions(sample, exact_truth(sample))
    assert run.sizes[run.methods == 1].max() == 16
    assert run.sizes[run.methods == 0].max() == 48
