"""What the map's component is sent: bytes equal to the arrays they stand for, and rows for what is chosen."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from core.corpus.build import build_corpus
from core.corpus.loaders import load_corpus
from core.corpus.reading.values import RawTable
from core.corpus.selections import saved_selections
from core.errors import InputError, StorageError
from core.map import scene as module
from core.map.color_codes import color_codes, column_bins
from core.map.layout import density_sample
from core.map.results import LAYOUTS, LayoutQuery
from core.map.rows import TableView, save_selected_rows, selection_table
from core.map.scene import (
    MapScene,
    aligned_layouts,
    color_key,
    map_colors,
    map_column,
    map_geometry,
    plotly_selection,
    row_details,
    selected_rows,
    selection_bitmask,
    stored_layouts,
)
from core.map.selection import GRID_STEPS, Bounds, MapSelection, SelectionStep
from core.map.service import ColorBy, LayoutKey, color_of, map_trust, stored_layout
from core.models.registry import load_embedder
from core.store import Workspace
from core.types import CorpusRef, LayoutParams, Roles
from core.vectors.embedding import embed
from core.vectors.loaders import NEIGHBORS, ModelQuery, load_vectors

FIRST, TURNED, CUBE = LayoutParams(method="pca"), LayoutParams(seed=1), LayoutParams(method="pca", dims=3)
TAGS = [["good"] * (i % 2) + ["late"] * (i % 3 == 0) for i in range(60)]
SUBJECTS = ("parcel", "lamp", "<b>teapot</b>", "notebook", "gift card", "garden chair")


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> LayoutKey:
    """60 short texts with a map, and the same map turned, mirrored, blown up and shifted, as if of other settings."""
    home = tmp_path_factory.mktemp("scene")
    moods = ("arrived late", "looks lovely", "broke at once", "was\nworth it", "came in the wrong color " + "x" * 300)
    texts = [f"My {subject}{mark} {mood}" for mark in (".", "!") for subject in SUBJECTS for mood in moods]
    table = pd.DataFrame({"id": [f"n{i}" for i in range(60)], "subject": [s for s in SUBJECTS for _ in moods] * 2})
    table["text"], table["stars"] = texts, [1 + i % 5 for i in range(60)]
    table["price"] = np.where(np.arange(60) % 7 == 0, np.nan, np.arange(60) ** 1.5)
    table["tags"] = pd.Series([json.dumps(names) for names in TAGS], dtype="str")
    raw = RawTable(table=table, sources=(), notes=(), vectors=None, vectors_name="")
    built = build_corpus(raw, Roles("{text}", ("subject",), None, "id"), name="Shop").corpus
    workspace = Workspace(home)
    workspace.save_corpus(built)
    spec = embed(built, load_embedder("lexical"), workspace).model
    NEIGHBORS.get_or_compute(ModelQuery(CorpusRef(str(home), built.digest), spec))
    for params in (CUBE, FIRST):
        LAYOUTS.get_or_compute(LayoutQuery(CorpusRef(str(home), built.digest), spec, params))
    first = LayoutKey(CorpusRef(str(home), built.digest), spec, FIRST)
    layout = stored_layout(first)
    turned = (layout.points @ np.array([[0.6, 0.8], [0.8, -0.6]]) * 30 + [500, -70]).astype(np.float32)
    LAYOUTS.save(replace(first, params=TURNED).query, replace(layout, points=turned, params=TURNED))
    return first


@pytest.fixture
def fresh():
    """Caches that know nothing of a changed limit."""
    kept = (module._drawn_rows, module._cached_selected_rows, module._cached_bins, module.aligned_layouts)
    for cache in kept:
        cache.cache_clear()
    module._CODES.clear()
    yield
    for cache in kept:
        cache.cache_clear()


def other(place: LayoutKey, params: LayoutParams) -> LayoutKey:
    return LayoutKey(place.corpus, place.model, params)


def points_of(place: LayoutKey) -> np.ndarray:
    return np.asarray(stored_layout(place).points, dtype=np.float32)


def floats(packet) -> np.ndarray:
    return np.frombuffer(packet.data, np.float32).reshape(-1, 2)


def box_around(points: np.ndarray, bounds: Bounds, operation: str = "set") -> SelectionStep:
    (x0, y0), (x1, y1) = (bounds.steps(*corner) for corner in (points.min(axis=0), points.max(axis=0)))
    return SelectionStep("box", operation, (x0 - 1, y0 - 1, x1 - x0 + 2, y1 - y0 + 2))


# geometry


def test_geometry_is_the_layout_itself(place):
    made = map_geometry((place,))
    assert floats(made.points[0]).tolist() == points_of(place).tolist()
    assert made.ids is None
    assert (made.drawn, made.total) == (60, 60)
    assert made.bounds == Bounds.of([points_of(place)])
    assert made.trust == (map_trust(stored_layout(place)),)
    assert len(made.points[0].key) == 16
    assert map_geometry((place,)).points[0].key == made.points[0].key


def test_a_second_map_is_turned_onto_the_first(place):
    turned = other(place, TURNED)
    made = map_geometry((place, turned))
    side = np.ptp(points_of(place), axis=0).max()
    assert np.abs(points_of(turned) - points_of(place)).max() > 10 * side
    assert floats(made.points[0]).tolist() == points_of(place).tolist()
    assert np.abs(floats(made.points[1]) - points_of(place)).max() < 1e-4 * side
    assert made.bounds == Bounds.of(aligned_layouts((place, turned)))
    alone = map_geometry((turned,))
    assert floats(alone.points[0]).tolist() == points_of(turned).tolist()  # the first stays as it is


def test_a_large_map_is_sampled_with_ids_and_codes_of_these_rows(place, monkeypatch, fresh):
    monkeypatch.setattr(module, "MAX_DRAWN", 25)
    made = map_geometry((place, other(place, TURNED)))
    ids = np.frombuffer(made.ids.data, np.uint32)
    assert ids.tolist() == density_sample(points_of(place), 25).tolist()
    assert (made.drawn, made.total) == (25, 60)
    assert floats(made.points[0]).tolist() == points_of(place)[ids].tolist()
    assert len(floats(made.points[1])) == 25
    by_subject = ColorBy("column", "subject")
    codes = np.frombuffer(map_colors(place, by_subject, "light").codes.data, np.uint8)
    assert codes.tolist() == color_codes(color_of(place, by_subject))[ids].tolist()
    bins = np.frombuffer(map_column(place, "stars").codes.data, np.uint8)
    assert bins.tolist() == [i % 5 for i in ids]
    assert made.bounds == Bounds.of(aligned_layouts((place, other(place, TURNED))))  # of all rows
    # what is chosen counts all rows, drawn or not
    hidden = MapSelection(color=color_key(by_subject), hidden=(0,))
    assert len(selected_rows(MapScene((place,), by_subject), hidden)) == 50


# colors and columns


@pytest.mark.parametrize(
    "color",
    [ColorBy("column", "subject"), ColorBy("column", "price"), ColorBy("trust"), ColorBy("similarity", "my lamp")],
)
def test_colors_are_the_codes_of_all_rows(place, color):
    made = map_colors(place, color, "dark")
    expected = color_codes(color_of(place, color))
    assert np.frombuffer(made.codes.data, np.uint8).tolist() == expected.tolist()
    assert len(set(expected.tolist())) > 1
    assert made.legend["kind"] == ("category" if color.value == "subject" else "scale")


def test_the_legend_selects_rows_by_each_of_their_labels(place, monkeypatch, fresh):
    by_tags = ColorBy("column", "tags")
    made = map_colors(place, by_tags, "light")
    legend = [(category["label"], category["count"]) for category in made.legend["categories"]]
    assert legend == [("good", 30), ("late", 20), ("missing", 20)]
    members = np.frombuffer(made.members.data, np.uint32)
    assert members.tolist() == [1 * ("good" in names) + 2 * ("late" in names) or 4 for names in TAGS]
    late = MapSelection(color=color_key(by_tags), hidden=(0, 2))
    expected = [row for row, names in enumerate(TAGS) if "late" in names]
    assert selected_rows(MapScene((place,), by_tags), late).tolist() == expected
    codes, bins = column_bins(load_corpus(place.corpus).table["tags"], "tags")
    assert [bins[code] for code in codes[:7]] == [
        "late",
        "good",
        "missing",
        "several labels",
        "missing",
        "good",
        "late",
    ]
    monkeypatch.setattr(module, "MAX_DRAWN", 25)
    for cache in (module._drawn_rows, module._cached_selected_rows):
        cache.cache_clear()
    drawn = map_colors(place, by_tags, "light")
    assert len(drawn.members.data) == 4 * 25
    assert selected_rows(MapScene((place,), by_tags), late).tolist() == expected  # drawn or not


def test_one_color_needs_no_codes(place):
    made = map_colors(place, ColorBy(), "light")
    assert made.codes is None
    assert made.legend["kind"] == "none"


def test_the_theme_changes_the_look_and_not_the_codes(place):
    light, dark = (map_colors(place, ColorBy("column", "price"), theme) for theme in ("light", "dark"))
    assert light.codes.key == dark.codes.key
    assert light.legend["gradient"] != dark.legend["gradient"]


def test_a_column_is_its_bins(place):
    made = map_column(place, "price")
    codes, labels = column_bins(load_corpus(place.corpus).table["price"], "price")
    assert np.frombuffer(made.codes.data, np.uint8).tolist() == codes.tolist()
    assert (made.name, made.bins) == ("price", labels)
    with pytest.raises(InputError, match='no column "nothing"'):
        map_column(place, "nothing")
    with pytest.raises(InputError, match="no column"):
        map_colors(place, ColorBy("column", "nothing"), "light")


# details


def test_details_are_beginnings_cells_and_true_neighbors(place):
    told = row_details(place, None)
    corpus = load_corpus(place.corpus)
    rows = load_vectors(place.corpus, place.model).rows
    assert [each[0] for each in told] == list(range(60))
    for row, text, cells, near in told:
        assert text == " ".join(corpus.texts[row].split())[:199].rstrip() + "…" * (len(corpus.texts[row]) > 200)
        assert cells == [["subject", corpus.table["subject"][row]], ["id", f"n{row}"]]  # text, not HTML
        cosines = rows @ rows[row]
        assert len(near) == 8
        assert row not in near
        others = np.sort(np.delete(cosines, row))[::-1]
        assert np.allclose(cosines[near], others[:8], atol=1e-5)
        assert all(type(number) is int for number in (row, *near))


def test_details_of_a_large_map_are_those_in_view(place, monkeypatch, fresh):
    monkeypatch.setattr(module, "MAX_DETAILS", 20)
    points = points_of(place).astype(np.float64)
    x, y = points.T
    x0, x1, y0, y1 = *np.quantile(x, [0.1, 0.7]), *np.quantile(y, [0.5, 0.8])
    inside = np.flatnonzero((x >= x0) & (x <= x1) & (y >= y0) & (y <= y1)).tolist()
    assert 0 < len(inside) <= 20
    assert [detail[0] for detail in row_details(place, (x0, y0, x1, y1))] == inside
    asked = next(row for row in range(60) if row not in inside)
    told = row_details(place, (x0, y0, x1, y1), (asked, inside[0], -1, 60, 10**9))
    assert [each[0] for each in told] == sorted([asked, *inside])
    everywhere = [detail[0] for detail in row_details(place, (-1e9, -1e9, 1e9, 1e9))]
    assert len(everywhere) == len(set(everywhere)) == 20
    assert everywhere == sorted(everywhere)
    assert everywhere == [detail[0] for detail in row_details(place, None)]
    assert row_details(place, (1e6, 1e6, 2e6, 2e6)) == []


def test_details_of_a_sampled_map_are_those_drawn(place, monkeypatch, fresh):
    monkeypatch.setattr(module, "MAX_DETAILS", 30)
    monkeypatch.setattr(module, "MAX_DRAWN", 25)
    told = [detail[0] for detail in row_details(place, None)]
    assert told == np.frombuffer(map_geometry((place,)).ids.data, np.uint32).tolist()


# what is chosen


def test_selected_rows_are_those_of_shapes_colors_and_columns(place):
    by_subject = ColorBy("column", "subject")
    scene = MapScene((place,), by_subject, ("stars",))
    table, bounds = load_corpus(place.corpus).table, Bounds.of([points_of(place)])
    names = [category["label"] for category in map_colors(place, by_subject, "light").legend["categories"]]
    lamps = (table["subject"] == "lamp").to_numpy()
    points = points_of(place)
    step = box_around(points[lamps], bounds)
    (x0, y0), (x1, y1) = points[lamps].min(axis=0), points[lamps].max(axis=0)
    boxed = ((points >= [x0, y0]) & (points <= [x1, y1])).all(axis=1)
    assert boxed[lamps].all()
    choice = MapSelection(
        (step,), color_key(by_subject), (names.index("lamp"),), brushes=(("stars", 1, 3), ("gone", 0, 0))
    )
    expected = boxed & ~lamps & table["stars"].between(2, 4).to_numpy()
    assert selected_rows(scene, choice).tolist() == np.flatnonzero(expected).tolist()
    # hidden codes of another color mean nothing here
    elsewhere = MapSelection(color="column:stars", hidden=(0, 1, 2, 3, 4, 5))
    assert len(selected_rows(scene, elsewhere)) == 60


def test_a_brush_on_a_color_bar_keeps_that_part_of_the_scale(place, fresh):
    by_price = ColorBy("column", "price")
    choice = MapSelection(color=color_key(by_price), span=(127, 254))
    price = load_corpus(place.corpus).table["price"]
    expected = np.flatnonzero(price > (price.max() + price.min()) / 2)
    assert selected_rows(MapScene((place,), by_price), choice).tolist() == expected.tolist()


def test_a_shape_counts_on_the_map_it_was_drawn_on(place):
    # the map turned onto itself differs from it only by rounding; a third one, of chance, is elsewhere
    chance = LayoutParams(seed=2)
    query = replace(place, params=chance).query
    points = np.random.default_rng(0).normal(size=(60, 2)).astype(np.float32)
    LAYOUTS.save(query, replace(stored_layout(place), points=points, params=chance))
    scene = MapScene((place, other(place, chance)))
    both = aligned_layouts(scene.layout_keys)
    bounds = Bounds.of(both)
    left = SelectionStep("box", "set", (0, 0, GRID_STEPS // 2, GRID_STEPS), panel=1)
    middle = bounds.x + bounds.side / 2
    assert selected_rows(scene, MapSelection((left,))).tolist() == np.flatnonzero(both[1][:, 0] <= middle).tolist()
    assert np.flatnonzero(both[1][:, 0] <= middle).tolist() != np.flatnonzero(both[0][:, 0] <= middle).tolist()
    folder = Workspace(place.corpus.folder).result_folder("layouts", place.corpus.digest, LAYOUTS.stored_inputs(query))
    for file in folder.iterdir():
        file.unlink()


def test_a_plotly_box_selects_the_rows_in_it(place):
    points = points_of(place)
    (x0, y0), (x1, y1) = np.quantile(points, [0.23, 0.77], axis=0)
    choice = plotly_selection(MapScene((place,)), {"box": [{"x": [x1, x0], "y": [y0, y1]}]})
    expected = np.flatnonzero(((points > [x0, y0]) & (points < [x1, y1])).all(axis=1))
    assert 0 < len(expected) < 60
    assert selected_rows(MapScene((place,)), choice).tolist() == expected.tolist()


# kept maps and selections


def test_stored_layouts_are_the_flat_maps_oldest_first(place):
    found = stored_layouts(place.corpus)
    assert [each.params for each in found] == [FIRST, TURNED]  # not the one of three dimensions
    assert all(
        (each.corpus.folder, each.corpus.digest, each.model) == (place.corpus.folder, place.corpus.digest, place.model)
        for each in found
    )
    assert 0 < found[0].created <= found[1].created
    assert stored_layouts(CorpusRef(place.corpus.folder, "0" * 16)) == ()
    with pytest.raises(StorageError, match="not been computed"):
        aligned_layouts((place, other(place, LayoutParams(seed=99))))


def test_a_kept_selection_comes_back_as_bits_and_rows(place):
    scene = MapScene((place,))
    stars = MapSelection(brushes=(("stars", 0, 1),))
    saved = save_selected_rows(scene, stars, "Few stars")
    expected = [i for i in range(60) if i % 5 < 2]
    assert saved in saved_selections(Workspace(place.corpus.folder), place.corpus.digest)
    assert saved.rows == len(expected)
    packet = selection_bitmask(place, saved.key)
    assert packet.key == saved.key
    assert np.flatnonzero(np.unpackbits(np.frombuffer(packet.data, np.uint8), count=60)).tolist() == expected
    again = MapSelection((SelectionStep("rows", "set", key=saved.key),))
    assert selected_rows(scene, again).tolist() == expected
    assert selection_table(scene, again, TableView()).selected == len(expected)
    without = MapSelection(
        (SelectionStep("box", "set", (0, 0, GRID_STEPS, GRID_STEPS)), SelectionStep("rows", "sub", key=saved.key))
    )
    assert selected_rows(scene, without).tolist() == sorted(set(range(60)) - set(expected))
    with pytest.raises(InputError, match="already saved"):
        save_selected_rows(scene, stars, "The same again")
    with pytest.raises(StorageError):
        selection_bitmask(place, "0" * 16)
    with pytest.raises(StorageError):
        selected_rows(scene, MapSelection((SelectionStep("rows", "set", key="0" * 16),)))
