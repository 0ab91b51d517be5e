"""Drift: found where planted, fair where nothing changed, in both statistics, in the right direction."""

import numpy as np
import pytest
from scipy.stats import kstest

from core.trends.drift import _group_drift, centroid_changes, measure_drifts, same_side_shares
from core.types import ModelSpec, Vectors, unit_rows
from core.vectors.neighbors import build_neighbors


def cloud(generator, n, dims=16, center=0, spread=0.3):
    return unit_rows(np.eye(dims)[center] + spread * generator.normal(size=(n, dims)))


def graph(rows, k=15):
    spec = ModelSpec("imported", "made")
    return build_neighbors(Vectors(rows.copy(), spec, "0" * 16), k=k).ids


def test_a_planted_drift_is_found_and_the_others_are_not():
    generator = np.random.default_rng(0)
    later = np.tile([0, 1], 90).astype(np.int8)
    codes = np.repeat([0, 1, 2], 60)
    rows = cloud(generator, 180)
    drifting = (codes == 1) & (later == 1)
    rows[drifting] = unit_rows(rows[drifting] + 0.6 * np.eye(16)[5])
    result = measure_drifts(
        rows, graph(rows), [np.flatnonzero(codes == code) for code in range(3)], later, permutations=199
    )
    assert result[0].code == 1
    by_code = {item.code: item for item in result}
    assert by_code[1].q_change <= 0.02
    assert by_code[1].q_same <= 0.02
    assert by_code[1].same_side > by_code[1].chance_same
    assert by_code[1].change > 3 * by_code[1].chance_change
    assert min(by_code[0].q_change, by_code[2].q_change) > 0.05


def test_p_values_are_uniform_where_nothing_changed():
    generator = np.random.default_rng(1)
    p_change, p_same = [], []
    for _ in range(150):
        rows = cloud(generator, 40)
        ids = np.argsort(-(rows @ rows.T), axis=1)[:, 1:6]
        later = generator.permutation(np.repeat([0, 1], 20)).astype(np.int8)
        result = _group_drift(0, rows, ids, np.arange(40), later, 99, generator)
        p_change.append(result.p_change)
        p_same.append(result.p_same)
    assert kstest(p_change, "uniform").pvalue > 0.01
    assert np.mean(np.array(p_change) <= 0.05) <= 0.11
    assert np.mean(np.array(p_same) <= 0.05) <= 0.11


def test_the_change_is_one_minus_the_cosine_of_the_means():
    generator = np.random.default_rng(2)
    rows = cloud(generator, 9)
    side = np.array([0, 1, 1, 0, 1, 0, 0, 1, 1])
    a, b = rows[side == 0].mean(axis=0), rows[side == 1].mean(axis=0)
    expected = 1 - a @ b / np.linalg.norm(a) / np.linalg.norm(b)
    assert centroid_changes(rows, side[None, :].astype(np.float32)) == pytest.approx(expected, abs=1e-6)


def test_shares_of_edges_are_counted_among_the_members():
    ids = np.array([[1, 4], [0, 3], [3, 5], [2, 0], [0, 1], [2, 3]])
    members = np.array([0, 1, 3, 5])  # edges among them: 0-1, 1-0, 1-3, 3-0, 5-3
    side = np.array([[0, 0, 1, 1], [0, 1, 0, 1]], dtype=np.float32)
    assert same_side_shares(ids, members, side).tolist() == pytest.approx([3 / 5, 1 / 5])


def test_without_edges_the_neighbor_mix_is_not_known():
    ids = np.array([[2], [2], [0]])
    assert np.isnan(same_side_shares(ids, np.array([0, 1]), np.array([[0, 1]], dtype=np.float32))).all()


def test_small_sides_and_rows_without_a_time_are_left_out():
    generator = np.random.default_rng(3)
    rows = cloud(generator, 60)
    later = np.repeat([0, 1, -1], [40, 9, 11]).astype(np.int8)
    assert measure_drifts(rows, graph(rows), [np.arange(60)], later) == []
    later = np.repeat([0, 1, -1], [30, 19, 11]).astype(np.int8)
    (result,) = measure_drifts(rows, graph(rows), [np.arange(60)], later, permutations=19)
    assert (result.before, result.after, result.tested) == (30, 19, 49)


def test_the_same_question_has_the_same_answer():
    generator = np.random.default_rng(4)
    rows = cloud(generator, 60)
    question = (rows, graph(rows), [np.arange(60)], np.tile([0, 1], 30).astype(np.int8), 99)
    assert measure_drifts(*question) == measure_drifts(*question)
