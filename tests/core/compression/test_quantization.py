"""Fewer bits: bytes, what is found, the order kept, against numpy and scipy."""

import numpy as np
import pytest
from scipy.stats import kendalltau

from core.compression import quantization
from core.compression.index_sweep import time_queries
from core.compression.quantization import (
    measure_quantization,
    pack_signs,
    part_counts,
    quantizer_count,
    quantizers,
    rank_correlations,
)
from core.compression.sample import draw_sample
from core.vectors.contenders import quantize
from tests.core.compression.conftest import grouped_rows


@pytest.fixture(scope="module")
def run(made):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(quantization, "MIN_PQ_TEXTS", 600)
        patch.setattr(quantization, "PARTS", (4, 16))
        run = measure_quantization(made[0], made[1])
        assert len(run.names) == quantizer_count(*made[0].rows.shape)
    return run


def of(run, name, column="recall"):
    return getattr(run, column)[run.names.index(name)]


def test_bytes_of_a_vector(run):
    bytes_ = dict(zip(run.names, run.bytes.tolist(), strict=True))
    assert [bytes_[name] for name in ("float32", "float16", "int8", "binary")] == [192, 96, 48, 6]
    assert bytes_["PQ, 12 bytes"] == 12
    assert bytes_["binary, rescored 4x"] == 6
    assert of(run, "binary, rescored 4x", "rescoring_bytes") == 192


def test_float32_is_exact(run):
    assert of(run, "float32").min() == 1
    assert of(run, "float32", "rank_correlation").min() == pytest.approx(1, abs=1e-3)


def test_fewer_bits_lose_more(run):
    kept = [of(run, name).mean() for name in ("float32", "float16", "int8", "binary")]
    order = [of(run, name, "rank_correlation").mean() for name in ("float32", "float16", "int8", "binary")]
    assert kept == sorted(kept, reverse=True)
    assert order == sorted(order, reverse=True)
    assert kept[-1] < 0.7
    parts = [of(run, f"PQ, {parts} bytes", "rank_correlation").mean() for parts in (12, 3)]
    assert parts == sorted(parts, reverse=True)


def test_rescoring_gains_more_the_more_is_taken(run):
    names = ("binary", "binary, rescored 2x", "binary, rescored 4x", "binary, rescored 10x")
    for column in ("recall", "rank_correlation"):
        values = [of(run, name, column).mean() for name in names]
        assert (np.diff(values) > 0.01).all()
    assert of(run, names[-1]).mean() > of(run, "binary").mean() + 0.2


def in_steps(rows):
    """What 8 bits give back, of a length not quite one, as FAISS compares them."""
    low, step = rows.min(axis=0), np.ptp(rows, axis=0) / 255
    return low + (np.floor((rows - low) / step).clip(0, 255) + 0.5) * step


@pytest.mark.parametrize("bits", ["float16", "int8", "binary"])
def test_what_is_found_is_as_in_the_vectors_such_a_store_gives_back(run, made, bits):
    sample, truth, _ = made
    rows = in_steps(sample.rows) if bits == "int8" else quantize(sample.rows, None, bits)
    shares, taus = [], []
    for at, query in enumerate(sample.queries):
        cosines = rows @ (rows if bits == "binary" else sample.rows)[query]
        taus.append(kendalltau(cosines[truth.rows[at]], truth.scores[at]).statistic)
        cosines[query] = -2
        found = np.argsort(-cosines, kind="stable")[:10]
        shares.append(np.isin(found, truth.rows[at, :10]).mean())
    # where signs tie, one of equals is as good as another
    assert of(run, bits).mean() == pytest.approx(np.mean(shares), abs=0.03 if bits == "binary" else 0.006)
    assert of(run, bits, "rank_correlation").mean() == pytest.approx(np.mean(taus), abs=0.01)


def test_scores_of_signs_are_their_cosine(made):
    rows = made[0].rows
    store = next(quantizer for quantizer in quantizers(made[0]) if quantizer.name == "binary")
    expected = quantize(rows, None, "binary") @ quantize(rows, None, "binary")[:5].T
    np.testing.assert_allclose(store.scores(rows[:5], np.tile(np.arange(9), (5, 1))), expected[:9].T, atol=1e-6)


def test_signs_of_odd_widths_are_padded():
    assert pack_signs(np.array([[1, -1, 0, 2, 3, -2, 1, 1, 1]], np.float32)).tolist() == [[0b10011011, 0b10000000]]


def test_a_product_quantizer_takes_any_width():
    assert part_counts(384) == [96, 48, 24]
    assert part_counts(31) == [8, 4, 2]
    assert part_counts(3) == []
    rows = grouped_rows(width=31)[0]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(quantization, "MIN_PQ_TEXTS", 600)
        store = next(
            quantizer for quantizer in quantizers(draw_sample(rows, np.arange(700))) if quantizer.name == "PQ, 8 bytes"
        )
    assert store.bytes == 8
    places, scores = store.search(rows[:50], 5)
    assert scores == pytest.approx(store.scores(rows[:50], places), abs=1e-5)
    near = np.sort(rows[:50] @ rows.T, axis=1)[:, ::-1]
    assert np.mean(scores[:, 0] / near[:, 0]) > 0.8  # near to the cosines of what it stands for


def test_the_order_kept_is_one_for_the_same_and_minus_one_for_the_opposite():
    scores = np.array([[5.0, 3, 2, 1], [5, 3, 2, 1], [1, 1, 1, 1]])
    other = np.array([[9.0, 8, 7, 1], [1, 2, 3, 4], [1, 2, 3, 4]])
    assert rank_correlations(scores, other).tolist() == pytest.approx([1, -1, 0])


def test_queries_are_timed_one_at_a_time():
    seen = []
    found = time_queries(lambda query: seen.append(query.shape), np.zeros((3, 4), np.float32))
    assert set(seen) == {(1, 4)}
    assert len(seen) == found.timed + 5
    assert 0 < found.p50 <= found.p95
