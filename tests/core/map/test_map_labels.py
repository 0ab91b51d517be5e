from itertools import pairwise
from math import log
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from core.corpus.ctfidf import ClusterNamer, class_tf_idf, group_counts, short_name
from core.corpus.terms import document_terms, is_name, is_redundant
from core.map.contours import MOST_VERTICES, SHARES, density_contours
from core.map.region_labels import densest_place, map_regions, regions_by_label
from core.map.shapes import rows_in_polygon

CENTERS = np.array([[0, 0], [20, 0], [0, 20.0]])
SUBJECTS = (("parcel", "courier"), ("kettle", "steam"), ("invoice", "refund"))


@pytest.fixture(scope="module")
def blobs():
    """900 rows in three heaps, the texts of each with two words of its own and the same others."""
    random = np.random.default_rng(0)
    group = np.repeat([0, 1, 2], [400, 300, 200])
    points = (CENTERS[group] + random.normal(size=(900, 2))).astype(np.float32)
    common = [f"common{random.integers(30)} the and" for _ in range(900)]
    texts = [f"{SUBJECTS[g][i % 2]} {words}" for i, (g, words) in enumerate(zip(group, common, strict=True))]
    return points, group, texts


def test_class_tf_idf_by_hand():
    # classes: rows 0, 1 and rows 2, 3; terms: tea in 0, 1, 2; pen in 2, 3; cup in 0
    matrix = csr_matrix(np.array([[1, 0, 1], [1, 0, 0], [1, 1, 0], [0, 1, 0]]))
    held = group_counts(matrix, np.array([0, 0, 1, 1]), 2)
    assert held.tolist() == [[2, 0, 1], [1, 2, 0]]
    a = 6 / 2  # six terms in two classes
    expected = [
        [2 * log(1 + a / 3), 0, 1 * log(1 + a / 1)],
        [1 * log(1 + a / 3), 2 * log(1 + a / 2), 0],
    ]
    np.testing.assert_allclose(class_tf_idf(held), expected)


def test_heaps_are_named_by_their_own_words_at_places_within(blobs):
    points, _, texts = blobs
    regions = map_regions(points, *document_terms(texts), counts=(3,))
    assert [region.rows for region in regions] == [400, 300, 200]
    for region, center, words in zip(regions, CENTERS, SUBJECTS, strict=True):
        assert set(region.text.split(", ")) == set(words)
        assert np.hypot(*(np.array([region.x, region.y]) - center)) < 1
        assert (points == np.array([region.x, region.y], dtype=np.float32)).all(axis=1).any()
    assert {region.level for region in regions} == {0}


def test_the_same_every_time_and_rows_without_a_place_are_left_out(blobs):
    points, _, texts = blobs
    terms = document_terms(texts)
    found = map_regions(points, *terms)
    assert found == map_regions(points.copy(), *terms)
    holed = np.vstack([points, np.full((50, 2), np.nan, dtype=np.float32)])
    more = document_terms([*texts, *["zebra"] * 50])
    assert not any("zebra" in region.text for region in map_regions(holed, *more))
    assert sum(region.rows for region in map_regions(holed, *more, counts=(3,))) == 900


def test_levels_get_finer_and_no_name_repeats_at_a_level(blobs):
    points, _, texts = blobs
    regions = map_regions(points, *document_terms(texts))
    by_level = [[region for region in regions if region.level == level] for level in range(3)]
    assert 3 <= len(by_level[0]) <= 8 < len(by_level[1]) <= 32
    assert len(by_level[2]) <= 900 // 15
    for level in by_level:
        names = [region.text for region in level]
        assert len(set(names)) == len(names)


def test_a_child_has_another_name_than_its_parent():
    texts = ["sofa armchair"] * 10 + ["lamp shade"] * 10
    matrix, vocabulary = document_terms(texts)
    labels = np.repeat([0, 1], 10)
    free = ClusterNamer(matrix, vocabulary).names(labels, ["", ""])
    bound = ClusterNamer(matrix, vocabulary).names(labels, [free[0], ""])
    assert free == ["sofa armchair", "lamp shade"]
    assert bound[1] == free[1]
    assert bound[0] != free[0]


@pytest.mark.parametrize(
    ("term", "fits"),
    [
        ("parcel", True), ("gift card", True), ("not working", True), ("快递", True), ("bill", True), ("café", True),
        ("the", False), ("the store", False), ("2024", False), ("call 2024", False), ("don't", False), ("it's", False),
        ("br br", False), ("x", False), ("not", False), ("我的", False), ("可以", False), ("二十", False),
    ],
)  # fmt: skip
def test_what_can_be_a_name(term, fits):
    assert is_name(term) == fits


def test_terms_that_say_the_same():
    assert is_redundant("card", "gift card")
    assert is_redundant("verify", "verified")
    assert is_redundant("升降", "降桌")
    assert not is_redundant("transfer", "transaction")
    assert not is_redundant("kettle", "steam")


def test_a_name_is_no_fluke():
    # three rows of a hundred say "zebra", the rest say nothing: no name for so few
    texts = ["zebra"] * 3 + ["quiet word"] * 97 + ["lion pride"] * 100
    names = ClusterNamer(*document_terms(texts)).names(np.repeat([0, 1, 2], [90, 10, 100]), [""] * 3)
    assert "zebra" not in names[0]
    few = ClusterNamer(*document_terms(["zebra"] * 3 + [""] * 97)).names(np.zeros(100, dtype=int), [""])
    assert few == [""]


def test_words_as_frequent_everywhere_name_nothing():
    texts = [f"ticket {'north' if i % 2 else 'south'}" for i in range(200)]
    names = ClusterNamer(*document_terms(texts)).names(np.arange(200) % 2, ["", ""])
    assert names == ["ticket south", "ticket north"] or names == ["south", "north"]
    same = ClusterNamer(*document_terms(["ticket"] * 200)).names(np.arange(200) % 2, ["", ""])
    assert same == ["", ""]


@pytest.mark.parametrize("count", [0, 1, 29])
def test_small_maps_have_no_regions(count):
    assert map_regions(np.zeros((count, 2)), *document_terms(["tea"] * count)) == ()


def test_all_rows_at_one_place():
    regions = map_regions(np.ones((60, 2)), *document_terms(["green tea"] * 60))
    assert [(region.text, region.x, region.y, region.rows) for region in regions] == [("green tea", 1, 1, 60)]
    assert density_contours(np.ones((60, 2))) == ()


def test_texts_without_words_have_no_labels():
    assert map_regions(np.random.default_rng(0).normal(size=(100, 2)), *document_terms([""] * 100)) == ()


def test_categories_are_placed_where_they_are_densest(blobs):
    points, group, _ = blobs
    strays = group.copy()
    strays[:30] = 2  # a few of the third category lie in the first heap
    strays[899] = -1
    regions = regions_by_label(points, strays, ["a", "b\n<b>", "c" * 50, "never"])
    assert [(region.text, region.rows) for region in regions] == [("a", 370), ("b <b>", 300), ("c" * 39 + "…", 229)]
    for region, center in zip(regions, CENTERS, strict=True):
        assert np.hypot(*(np.array([region.x, region.y]) - center)) < 1


def test_rare_categories_and_those_beyond_sixty_have_no_label():
    random = np.random.default_rng(0)
    codes = np.concatenate([np.repeat(np.arange(100), 20), [100, 100], np.full(3, 101)])
    regions = regions_by_label(random.normal(size=(len(codes), 2)), codes, [f"name {i}" for i in range(102)])
    assert len(regions) == 60
    assert {region.rows for region in regions} == {20}
    large = np.concatenate([np.zeros(5_000, dtype=int), np.full(9, 1), np.full(11, 2)])
    found = regions_by_label(random.normal(size=(len(large), 2)), large, ["all", "nine", "eleven"])
    assert [region.text for region in found] == ["all", "eleven"]  # 0.2% of 5,020 is 10.04
    assert regions_by_label(np.empty((0, 2)), np.empty(0, dtype=int), []) == ()


def test_the_densest_place_is_a_member_between_no_heaps():
    random = np.random.default_rng(1)
    members = np.vstack([random.normal(size=(60, 2)), random.normal(size=(40, 2)) + 30])
    x, y = densest_place(members)
    assert np.hypot(x, y) < 1.5  # the median of all would be fine for x, the mean (12, 12) would lie between
    assert [x, y] in members.tolist()
    assert densest_place(members[:1]) == tuple(members[0])


def inside(points, contour):
    """Even-odd over all lines of one contour."""
    odd = np.zeros(len(points), dtype=bool)
    for line in contour.lines:
        odd ^= rows_in_polygon(points, line)
    return odd


@pytest.mark.parametrize("count", [1_000, 20_000])
def test_contours_hold_their_share_of_a_normal_sample(count):
    points = np.random.default_rng(0).normal(size=(count, 2)) * [3, 1] + 100
    contours = density_contours(points)
    assert [contour.share for contour in contours] == list(SHARES)
    for contour in contours:
        assert inside(points, contour).mean() == pytest.approx(contour.share, abs=0.02)
    areas = [inside(np.random.default_rng(1).uniform(-12, 12, (20_000, 2)) + 100, c).mean() for c in contours]
    assert all(inner < outer for inner, outer in pairwise(areas))


def test_contours_of_heaps_far_apart_and_a_stray(blobs):
    points, _, _ = blobs
    stray = np.vstack([points, [[1e6, 1e6]], [[np.nan, 0]]])
    contours = density_contours(stray)
    assert len(contours[-1].lines) >= 3
    for contour in contours:
        assert inside(points, contour).mean() == pytest.approx(contour.share, abs=0.05)
        for line in contour.lines:
            assert line.dtype == np.float32
            np.testing.assert_allclose(line[0], line[-1], atol=1e-5)


def test_contours_have_a_bounded_number_of_vertices():
    random = np.random.default_rng(0)
    centers = random.uniform(size=(400, 2)) * 100
    points = centers[random.integers(400, size=100_000)] + random.normal(size=(100_000, 2)) * 0.4
    contours = density_contours(points, cells=512)
    lines = [line for contour in contours for line in contour.lines]
    assert 1_000 < sum(map(len, lines)) <= MOST_VERTICES * 1.5
    assert density_contours(points[:29]) == ()


def test_short_names_have_no_control_characters():
    assert short_name(" a\tb\x00\u202ec ") == "a bc"
    assert len(short_name("x" * 100)) == 40


def test_the_sample_has_sensible_words():
    """Regions cut from its planted areas, so that no model is needed."""
    table = pd.read_csv(Path(__file__).parents[3] / "samples/shop_feedback.csv").dropna(subset=["text", "area"])
    codes, areas = pd.factorize(table["area"])
    names = ClusterNamer(*document_terms(table["text"].astype(str).tolist())).names(codes, [""] * len(areas))
    named = dict(zip(areas, names, strict=True))
    assert "app" in named["app and website"].split(", ")
    assert all(name.count(",") <= 2 and len(name) <= 40 for name in names)
