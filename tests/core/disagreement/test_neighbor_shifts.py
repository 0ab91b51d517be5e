"""Texts that moved together: a planted group, copies, bounded memory, nothing where nothing moved."""

import numpy as np
from scipy.sparse import csr_matrix

from core.disagreement import neighbor_shifts as moves
from core.disagreement.neighbor_shifts import drop_below, find_shifted_groups, min_significant_cosine, permuted_changes
from core.types import unit_rows
from tests.core.disagreement.conftest import exact_graph

GROUPS, SIZE = 12, 20


def islands(seed=0):
    """Twelve tight groups of twenty rows."""
    generator = np.random.default_rng(seed)
    centers = np.repeat(generator.normal(size=(GROUPS, 30)), SIZE, axis=0)
    return unit_rows(centers * 4 + generator.normal(size=centers.shape) * 0.5)


def moved_world():
    """Seven rows of group 2 go over to group 5."""
    first = islands()
    second, gone = first.copy(), np.arange(2 * SIZE, 2 * SIZE + 7)
    noise = np.random.default_rng(9).normal(size=(7, 30)) * 0.1
    second[gone] = unit_rows(first[5 * SIZE : 6 * SIZE].mean(axis=0) + noise * 0.2)
    return exact_graph(first, 15), exact_graph(second, 15), gone


def test_a_planted_move_is_found_with_where_it_went():
    first, second, gone = moved_world()
    made = find_shifted_groups(first, second, np.arange(240), k=10)
    labels = made.labels[gone]
    assert len(set(labels)) == 1
    assert labels[0] >= 0
    inside = made.labels == labels[0]
    assert inside.sum() <= 12
    lost, gained = (np.asarray(each[np.flatnonzero(inside)].sum(axis=0)).ravel() for each in (made.lost, made.gained))
    assert set(np.argsort(-gained)[:3] // SIZE) == {5}
    assert set(np.argsort(-lost)[:3] // SIZE) == {2}


def test_changes_are_those_of_sets():
    first, second, _ = moved_world()
    made = find_shifted_groups(first, second, np.arange(240), k=10)
    for row in (3, 41, 110):
        one, other = set(first[row, :10].tolist()), set(second[row, :10].tolist())
        assert set(made.lost[row].indices) == one - other
        assert set(made.gained[row].indices) == other - one


def test_nothing_moved_under_the_same_embedding():
    first = exact_graph(islands(), 15)
    made = find_shifted_groups(first, first, np.arange(240), k=10)
    assert made.changed == 0
    assert (made.labels == -1).all()


def test_small_blocks_give_the_same(monkeypatch):
    first, second, _ = moved_world()
    whole = find_shifted_groups(first, second, np.arange(240), k=10)
    monkeypatch.setattr(moves, "BLOCK", 7)
    assert (find_shifted_groups(first, second, np.arange(240), k=10).labels == whole.labels).all()


def test_copies_count_once():
    first, second, _ = moved_world()
    texts = np.arange(240)
    texts[41] = 40
    texts = np.unique(texts, return_inverse=True)[1]
    made = find_shifted_groups(first, second, texts, k=10)
    assert len(made.rows) == len(made.labels) == 239
    assert 41 not in made.rows


def test_hubs_join_no_one(monkeypatch):
    """Every row gains the same two neighbors: with a crowd that small none are joined by it."""
    first = exact_graph(islands(), 12)
    second = first.copy()
    second[:, :2] = np.array([7, 11])
    monkeypatch.setattr(moves, "MAX_SHARING", 30)
    made = find_shifted_groups(first, second, np.arange(240), k=10)
    sizes = np.bincount(made.labels[made.labels >= 0]) if (made.labels >= 0).any() else np.zeros(1)
    assert sizes.max() <= 2 * SIZE


def test_changes_dealt_out_at_random_make_no_groups():
    """Each text keeps how many neighbors it changes, each neighbor how often it is changed."""
    generator = np.random.default_rng(3)
    lists = [np.stack([generator.permutation(400)[:12] for _ in range(400)]) for _ in range(2)]
    made = find_shifted_groups(lists[0], lists[1], np.arange(400), k=10)
    assert made.changed == 400
    assert (made.labels >= 0).mean() < 0.1
    before = made.lost.copy()
    shuffled = permuted_changes(made.lost, generator)
    assert (before != made.lost).nnz == 0
    assert (np.diff(shuffled.indptr) <= np.diff(before.indptr)).all()
    ones = shuffled.sum(axis=0) - made.lost.sum(axis=0)
    assert ones.max() <= 0
    assert ones.sum() > -0.05 * made.lost.nnz
    assert (shuffled != made.lost).nnz > made.lost.nnz


def test_a_planted_move_is_beyond_what_chance_gives():
    """Half of all rows get random neighbors; seven go over together."""
    first, second, gone = moved_world()
    generator = np.random.default_rng(4)
    for row in np.setdiff1d(np.arange(0, 240, 2), gone):
        second[row, :15] = generator.permutation(240)[:15]
    made = find_shifted_groups(first, second, np.arange(240), k=10)
    inside = made.labels == made.labels[gone[0]]
    assert made.labels[gone[0]] >= 0
    assert inside[gone].mean() > 0.8
    assert made.chance.largest < inside.sum()
    assert 0 < made.chance.min_cosine < 1


def test_the_least_cosine_is_that_which_chance_rarely_reaches():
    found = csr_matrix(np.diag(np.linspace(0.1, 1, 100)))
    chance = [csr_matrix(np.diag(np.linspace(0.05, 0.4, 60))) for _ in range(2)]
    least = min_significant_cosine(found, chance)
    real, wrong = (found.data >= least).sum(), (chance[0].data >= least).sum()
    assert wrong <= 0.05 * real
    below = found.data[found.data < least].max()
    assert (chance[0].data >= below).sum() > 0.05 * (found.data >= below).sum()
    assert np.isinf(min_significant_cosine(chance[0], [found]))
    assert drop_below(found, least).nnz == real
