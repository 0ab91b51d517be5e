import numpy as np
import pytest

from core.errors import InputError
from core.types import unit_rows
from core.vectors.index import similarities
from core.vectors.search import (
    calibrate,
    estimate_position,
    find_nearest,
    fuse,
    fuse_hits,
    make_hits,
    query_vector,
    similarity_histogram,
)


@pytest.fixture(scope="module")
def rows():
    return unit_rows(np.random.default_rng(3).normal(size=(300, 12)) + 0.5)


class Exact:
    """A searcher that sorts all cosines."""

    def __init__(self, rows):
        self.rows = rows

    def search(self, queries, k, rows=None):
        cosines = queries @ self.rows.T
        if rows is not None:
            cosines[:, ~rows] = -np.inf
        ids = np.argsort(-cosines, axis=1)[:, :k]
        scores = np.take_along_axis(cosines, ids, axis=1)
        return np.where(np.isfinite(scores), ids, -1), scores


def test_calibration_over_all_pairs_equals_the_upper_triangle(rows):
    few = rows[:40]
    calibration = calibrate(few)
    every = np.sort((few @ few.T)[np.triu_indices(40, 1)])
    assert calibration.exhaustive
    assert len(calibration) == 780
    np.testing.assert_allclose(calibration.cosines, every, atol=1e-6)
    assert calibration.mean == pytest.approx(every.mean(), abs=1e-6)
    np.testing.assert_allclose(calibration.quantiles([0, 0.5, 1]), np.quantile(every, [0, 0.5, 1]), atol=1e-6)


def test_percentile_counts_the_pairs_strictly_below():
    # cosines of the pairs: 1 and 2: 0, 1 and 3: 1, 2 and 3: 0
    calibration = calibrate(np.array([[1, 0], [0, 1], [1, 0]], dtype=np.float32))
    np.testing.assert_allclose(calibration.percentile(np.array([-0.5, 0.0, 0.5, 1.0])), [0, 0, 200 / 3, 200 / 3])
    assert np.isnan(calibration.percentile(np.array([np.nan]))).all()


def test_a_sample_of_pairs_is_seeded_holds_no_row_with_itself_and_is_unbiased(rows):
    sample = calibrate(rows, pairs=5_000, seed=1)
    assert not sample.exhaustive
    assert len(sample) == 5_000
    np.testing.assert_array_equal(sample.cosines, calibrate(rows, pairs=5_000, seed=1).cosines)
    assert not np.array_equal(sample.cosines, calibrate(rows, pairs=5_000, seed=2).cosines)
    assert sample.cosines[-1] < 0.9999  # a row with itself would have 1
    assert sample.mean == pytest.approx(calibrate(rows, pairs=50_000).mean, abs=0.02)


@pytest.mark.parametrize("count", [0, 1])
def test_without_pairs_nothing_is_known(rows, count):
    calibration = calibrate(rows[:count])
    assert np.isnan(calibration.percentile(np.array([0.3]))).all()
    assert np.isnan(calibration.mean)
    assert np.isnan(calibration.quantiles([0.5])).all()


def test_query_vector_is_rocchio(rows):
    text = unit_rows(np.ones((1, 12)))
    found = query_vector(rows, near=[2, 5], far=[7], text_vectors=text, alpha=1.0, beta=0.4)
    by_hand = (text[0] + rows[2] + rows[5]) / 3 - 0.4 * rows[7]
    np.testing.assert_allclose(found, by_hand / np.linalg.norm(by_hand), atol=1e-6)
    assert found.dtype == np.float32
    np.testing.assert_allclose(query_vector(rows, near=[4]), rows[4], atol=1e-6)
    np.testing.assert_allclose(query_vector(rows, far=[4]), -rows[4], atol=1e-6)


def test_query_vector_refuses_what_makes_no_query(rows):
    with pytest.raises(InputError, match="cancel out"):
        query_vector(rows, near=[1], far=[1], beta=1.0)
    with pytest.raises(InputError, match="no query"):
        query_vector(rows)
    with pytest.raises(InputError, match="no row 300"):
        query_vector(rows, near=[300])
    with pytest.raises(InputError, match="no row -1"):
        query_vector(rows, near=[-1])
    with pytest.raises(InputError, match="5 dimensions"):
        query_vector(rows, text_vectors=np.ones((1, 5)))


def test_nearest_rows_equal_brute_force_under_a_filter_and_without_the_query_rows(rows):
    mask = np.arange(300) % 2 == 0
    calibration = calibrate(rows)
    hits = find_nearest(Exact(rows), rows[10], 5, calibration, mask, leave_out=[10])
    cosines = rows @ rows[10]
    allowed = [i for i in np.argsort(-cosines) if i % 2 == 0 and i != 10][:5]
    assert hits.rows.tolist() == allowed
    assert hits.ranks.tolist() == [1, 2, 3, 4, 5]
    np.testing.assert_allclose(hits.scores, cosines[allowed], atol=1e-6)
    np.testing.assert_allclose(hits.percentiles, calibration.percentile(hits.scores))
    assert hits.mode == "semantic"
    assert (hits.percentiles > 90).all()


def test_fewer_rows_than_asked_for_give_fewer_hits(rows):
    hits = find_nearest(Exact(rows), rows[0], 10, mask=np.arange(300) < 3, leave_out=[0])
    assert sorted(hits.rows.tolist()) == [1, 2]
    assert np.isnan(hits.percentiles).all()


def test_similarities_and_their_histogram(rows):
    cosines = similarities(rows, rows[0])
    np.testing.assert_allclose(cosines, np.clip(rows @ rows[0], -1, 1), atol=1e-6)
    counts, edges = similarity_histogram(cosines, bins=10)
    assert counts.sum() == 300
    assert counts[-1] == ((cosines >= edges[-2]) & (cosines <= edges[-1])).sum()
    assert similarity_histogram(np.array([]), 5)[0].tolist() == [0] * 5


def test_reciprocal_rank_fusion_by_hand():
    ids, scores = fuse([np.array([7, 3, 9]), np.array([3, 8])], k=3)
    assert ids.tolist() == [3, 7, 8]
    np.testing.assert_allclose(scores, [1 / 62 + 1 / 61, 1 / 61, 1 / 62], rtol=1e-6)
    ids, scores = fuse([np.array([1]), np.array([0])], k=5, constant=0)
    assert ids.tolist() == [0, 1]  # a tie goes to the smaller row
    assert scores.tolist() == [1, 1]
    assert fuse([np.array([]), np.array([])], k=5)[0].size == 0
    assert fuse([], k=5)[0].size == 0


def test_fused_hits_carry_cosines_of_rows_that_only_the_words_found(rows):
    hits = fuse_hits([np.array([4]), np.array([20, 4])], 2, rows, rows[4])
    assert hits.rows.tolist() == [4, 20]
    np.testing.assert_allclose(hits.cosines, [1, rows[4] @ rows[20]], atol=1e-6)
    assert hits.mode == "hybrid"
    assert np.isnan(fuse_hits([np.array([4])], 1).cosines).all()


def test_a_query_lies_among_its_nearest_hits():
    points = np.array([[0, 0], [4, 0], [100, 100]], dtype=np.float32)
    hits = make_hits(np.array([0, 1, 2]), np.array([0.9, 0.3, -0.5], dtype=np.float32), "semantic")
    np.testing.assert_allclose(estimate_position(points, hits), [1, 0], atol=1e-3)
    words = make_hits(np.array([0, 1]), np.array([3.0, 2.0]), "keyword")
    np.testing.assert_allclose(estimate_position(points, words), [2, 0], atol=1e-6)
    assert estimate_position(points, make_hits(np.array([]), np.array([]), "semantic")) is None
