"""Groups of near-duplicates: links, counts, groups, which row stays, and leaks."""

import networkx as nx
import numpy as np
import pandas as pd
import pytest

from core.duplicates.near_duplicates import (
    copy_pairs,
    find_leaks,
    graph_links,
    groups_at,
    make_links,
    min_cosine,
    redundant_rows,
    saturated_rows,
    split_columns,
)
from core.errors import InputError
from core.vectors.neighbors import build_neighbors
from tests.core.vectors.test_neighbors import make_vectors, wrap

THRESHOLDS = (0.7, 0.8, 0.85, 0.9, 0.95, 0.999)


@pytest.fixture(scope="module")
def vectors():
    return make_vectors(300, d=16, clusters=40)


@pytest.fixture(scope="module")
def links(vectors):
    return graph_links(build_neighbors(vectors, k=299))


def components(rows, threshold):
    """Connected components of all pairs, by networkx."""
    cosines = rows.astype(np.float64) @ rows.T
    first, second = np.nonzero(np.triu(cosines >= threshold - 1e-6, 1))
    graph = nx.Graph(zip(first.tolist(), second.tolist(), strict=True))
    return len(first), {frozenset(group) for group in nx.connected_components(graph)}


@pytest.mark.parametrize("threshold", THRESHOLDS)
def test_groups_and_counts_are_those_of_all_pairs(vectors, links, threshold):
    pairs, expected = components(vectors.rows, threshold)
    codes = groups_at(links, threshold)
    result = {frozenset(np.flatnonzero(codes == code).tolist()) for code in range(codes.max() + 1)}
    assert result == expected
    assert links.counts(threshold) == (pairs, len(expected), sum(map(len, expected)))


def test_groups_are_numbered_by_size_then_first_row(links):
    codes = groups_at(links, 0.85)
    sizes = np.bincount(codes[codes >= 0])
    assert (np.diff(sizes) <= 0).all()
    assert sizes.min() >= 2
    starts = np.array([np.flatnonzero(codes == code)[0] for code in range(len(sizes))])
    assert all(starts[i] < starts[i + 1] for i in range(len(sizes) - 1) if sizes[i] == sizes[i + 1])


def test_no_links_is_no_groups():
    links = graph_links(build_neighbors(wrap(np.eye(3))))
    assert groups_at(links, 0.7).tolist() == [-1, -1, -1]
    assert links.counts(0.7) == (0, 0, 0)


def test_a_pair_that_comes_twice_counts_once_with_its_stronger_score():
    links = make_links(np.array([0, 1, 2]), np.array([1, 0, 3]), np.array([0.8, 0.9, 0.75]), 4, 0.7)
    assert links.first.tolist() == [0, 2]
    np.testing.assert_allclose(links.scores, [0.9, 0.75])
    assert links.counts(0.85) == (1, 1, 2)


def test_more_copies_than_k_are_one_group_all_the_same():
    texts = ["same"] * 30 + ["other"]
    rows = np.vstack([np.ones((30, 4)), [[1, -1, 1, -1]]])
    graph = build_neighbors(wrap(rows), k=3)
    codes = groups_at(graph_links(graph, texts), 0.95)
    assert codes.tolist() == [0] * 30 + [-1]
    assert saturated_rows(graph, 0.95) == 30
    assert saturated_rows(build_neighbors(wrap(rows), k=30), 0.95) == 0


def test_a_chain_shows_in_its_min_cosine():
    angles = np.deg2rad([0, 15, 30, 45])
    rows = wrap(np.stack([np.cos(angles), np.sin(angles)], axis=1)).rows
    codes = groups_at(graph_links(build_neighbors(wrap(rows))), 0.95)
    assert codes.tolist() == [0, 0, 0, 0]
    assert min_cosine(rows) == pytest.approx(np.cos(np.deg2rad(45)), abs=1e-6)


def test_copies_are_found_by_text():
    one, other = copy_pairs(["a", "b", "a", "c", "b", "a"])
    assert list(zip(one.tolist(), other.tolist(), strict=True)) == [(0, 2), (1, 4), (0, 5)]


@pytest.mark.parametrize(("keep", "expected"), [("first", [2, 4, 5]), ("longest", [0, 1, 2]), ("central", [1, 2, 5])])
def test_one_row_of_each_group_stays(keep, expected):
    groups = np.array([0, 1, 0, -1, 1, 0])
    texts = ["aaa", "b", "a", "zzzzzz", "bb", "aaaa"]
    angles = np.deg2rad([10, 0, 0, 90, 0, 30])
    rows = wrap(np.stack([np.cos(angles), np.sin(angles)], axis=1)).rows
    # most central of 0, 10 and 30 degrees: 10; of two equal rows the first
    central = [2, 4, 5]
    result = redundant_rows(groups, texts, rows, keep)
    assert result.tolist() == (central if keep == "central" else expected)


def test_nothing_is_dropped_without_groups_and_odd_choices_are_refused():
    assert redundant_rows(np.full(3, -1), ["a"] * 3, np.eye(3), "central").tolist() == []
    with pytest.raises(InputError):
        redundant_rows(np.zeros(2), ["a", "b"], None, "central")
    with pytest.raises(InputError):
        redundant_rows(np.zeros(2), ["a", "b"], None, "last")  # type: ignore[arg-type]


def test_leaks_are_groups_that_hold_several_values():
    groups = np.array([0, 0, 0, 1, 1, 2, 2, -1, 3, 3])
    values = pd.Series(["train", "test", "train", "train", "train", "dev", "test", "test", "train", None])
    result = find_leaks(groups, values)
    pairs = [tuple(row) for row in result.pairs.itertuples(index=False)]
    assert pairs == [("test", "train", 1, 3), ("dev", "test", 1, 2)]
    assert result.rows.tolist() == [0, 1, 2, 5, 6]
    assert (result.groups, result.missing) == (2, 1)
    assert find_leaks(np.full(10, -1), values).pairs.empty


def test_a_group_of_three_values_counts_for_each_pair():
    result = find_leaks(np.zeros(4, int), pd.Series([1, 2, 3, 3]))
    assert {(row.first, row.second, row.rows) for row in result.pairs.itertuples()} == {
        ("1", "2", 2),
        ("1", "3", 3),
        ("2", "3", 3),
    }


def test_columns_that_may_be_a_split():
    table = pd.DataFrame({"one": ["x"] * 60, "id": range(60), "year": [2020, 2021] * 30, "Split": list("abc") * 20})
    table["lists"] = [[1]] * 60
    assert split_columns(table) == ["Split", "year"]
