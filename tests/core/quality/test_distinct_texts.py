"""A space knows every text once: copies are never neighbors, and exact search agrees with brute force."""

import numpy as np

from core.quality.distinct_texts import nearest
from tests.core.quality.conftest import space_of


def brute(rows, excluded, k):
    """(places, cosines) of the k nearest others, ties by place."""
    cosines = (rows @ rows[excluded].T).T.astype(np.float64)
    cosines[np.arange(len(excluded)), excluded] = -2
    order = np.argsort(-np.round(cosines, 6), axis=1, kind="stable")[:, :k]
    return order, np.take_along_axis(cosines, order, axis=1)


def test_without_copies_the_graph_is_taken_as_it_is():
    space = space_of(np.random.default_rng(0).normal(size=(150, 8)))

    assert len(space) == 150
    excluded = np.arange(150)
    order, cosines = brute(space.vectors, excluded, 100)
    np.testing.assert_array_equal(space.ids, order)
    np.testing.assert_allclose(space.cosines, cosines, atol=1e-5)


def test_copies_are_one_text():
    generator = np.random.default_rng(1)
    texts = generator.normal(size=(60, 8))
    groups = np.concatenate([np.arange(60), generator.integers(60, size=90)])
    space = space_of(texts[groups], groups)
    assert len(space) == 60
    np.testing.assert_array_equal(space.first, np.arange(60))
    order, cosines = brute(space.vectors[:60], np.arange(60), 10)
    np.testing.assert_array_equal(space.ids[:, :10], order)
    np.testing.assert_allclose(space.cosines[:, :10], cosines, atol=1e-5)


def test_lists_that_copies_fill_are_searched_anew():
    """One text stands in 300 of 330 rows: the lists of the others hold nothing but its copies."""
    generator = np.random.default_rng(2)
    texts = generator.normal(size=(31, 6)) + 3
    groups = np.concatenate([np.arange(31), np.zeros(299, np.int64)])
    space = space_of(texts[groups], groups)
    assert (np.sum(space.ids >= 0, axis=1) >= 10).all()
    order, _ = brute(space.vectors[:31], np.arange(31), 10)
    np.testing.assert_array_equal(space.ids[:, :10], order)
    assert not (space.ids == np.arange(31)[:, None]).any()


def test_nearest_agrees_with_brute_force_and_leaves_its_own_out(monkeypatch):
    monkeypatch.setattr("core.quality.distinct_texts.BLOCK", 40)
    monkeypatch.setattr("core.quality.distinct_texts.QUERIES", 7)
    space = space_of(np.random.default_rng(3).normal(size=(150, 8)))
    excluded = np.array([0, 39, 40, 41, 79, 80, 119, 149, 3, 77])
    ids, cosines = nearest(space, space.take(excluded), 10, excluded)
    order, expected = brute(space.vectors, excluded, 10)
    np.testing.assert_array_equal(ids, order)
    np.testing.assert_allclose(cosines, expected, atol=2e-6)
    with_own = nearest(space, space.take(excluded), 3)[0]
    np.testing.assert_array_equal(with_own[:, 0], excluded)


def test_equal_cosines_come_in_text_order():
    signs = np.where(np.random.default_rng(4).random((80, 12)) > 0.5, 1.0, -1.0)
    space = space_of(signs)
    excluded = np.arange(80)
    ids, _ = nearest(space, space.take(excluded), 10, excluded)
    order, _ = brute(space.vectors, excluded, 10)
    np.testing.assert_array_equal(ids, order)
