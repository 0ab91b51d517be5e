"""The map's component in a software-rendered browser: it keeps its view, and selects just the right rows."""

import itertools
import re
from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from core.map.scene import MapScene, selected_rows
from core.map.selection import MapSelection
from pages.shared.map.settings import layout_id
from tests.e2e import labels
from tests.e2e.conftest import Sample
from tests.e2e.steps import (
    FIND,
    LOSE,
    MARKED,
    MapOnPage,
    button,
    go_to,
    keyed,
    link_value,
    no_traceback,
    rerun,
    settled,
)

pytestmark = pytest.mark.browser
SHAPE = np.array([(-0.12, -0.15), (0.14, -0.1), (0.1, 0.18), (0.0, 0.02), (-0.15, 0.15)])


def shape_at(center: tuple[float, float]) -> list[tuple[float, float]]:
    """A polygon that is not convex around a point, within the map."""
    return [(float(x), float(y)) for x, y in np.clip(SHAPE + center, 0.02, 0.98)]


def color_by(opened: MapOnPage, column: str) -> None:
    keyed(opened.page, "color").get_by_role("combobox").fill(column)  # the list holds no more options than fit
    opened.page.get_by_role("option", name=column, exact=True).click()
    opened.wait_color(column)


def choice_in_link(page: Page) -> MapSelection:
    return MapSelection.from_text(link_value(page, "chosen"))


def expect_selected(opened: MapOnPage, rows: int) -> None:
    """On the map and below it."""
    opened.wait_data("selected", rows)
    expect(keyed(opened.page, "map_selected")).to_contain_text(f"{rows:,}")


def test_view_and_selection_survive_all_that_reruns_the_page(opened: MapOnPage, sample: Sample):
    page = opened.page
    opened.wheel(*opened.crowd(sample.layout), -300)
    opened.lasso(shape_at(opened.crowd(sample.layout)))
    keyed(page, "map_terms").wait_for()
    settled(page)
    view, count = opened.view(), opened.selected()
    assert count > 10

    def same() -> None:
        expect_selected(opened, count)
        assert opened.view() == pytest.approx(view, rel=2e-3)

    color_by(opened, "rating")
    same()
    keyed(page, "map_find").get_by_role("textbox").fill("the")
    with rerun(page):
        page.keyboard.press("Enter")
    same()
    go_to(page, labels.SEARCH)
    go_to(page, labels.MAP)
    opened.settle()
    same()
    page.reload()
    opened.settle()
    same()
    no_traceback(page)


def test_a_lasso_selects_the_rows_inside_its_polygon(opened: MapOnPage, sample: Sample):
    shape = shape_at(opened.crowd(sample.layout))
    # the rows by the pixels of the mouse; the map gets narrower once the selection is listed beside it
    corners = np.array([opened.pixels(*corner) for corner in shape])
    expected = np.flatnonzero(inside(opened.points(sample.layout), corners))
    opened.lasso(shape)
    keyed(opened.page, "map_terms").wait_for()
    settled(opened.page)
    place = sample.maps[0]
    rows = selected_rows(MapScene((place,)), choice_in_link(opened.page))
    assert opened.selected() == len(rows)
    assert len(np.setxor1d(rows, expected)) <= 0.01 * len(rows) + 2  # up to rows at the very edge


def inside(points: np.ndarray, polygon: np.ndarray) -> np.ndarray:
    """Even-odd rule, one ray at a time: a reference independent of the code under test."""
    crossed = np.zeros(len(points), dtype=bool)
    for (x1, y1), (x2, y2) in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        between = (points[:, 1] < y1) != (points[:, 1] < y2)
        with np.errstate(divide="ignore", invalid="ignore"):
            left = points[:, 0] < x1 + (points[:, 1] - y1) / (y2 - y1) * (x2 - x1)
        crossed ^= between & left
    return crossed


def test_a_selection_is_seen_beside_the_whole_map_without_scrolling(opened: MapOnPage):
    page = opened.page
    page.set_viewport_size({"width": 1400, "height": 900})
    settled(page)
    opened.box((0.01, 0.01), (0.99, 0.99))
    table = keyed(page, "map_rows").get_by_test_id("stDataFrame")
    table.wait_for()
    for part in (opened.canvas, keyed(page, "map_selected"), table):
        box = part.bounding_box()
        assert box is not None
        assert box["y"] > 0
        assert box["y"] + box["height"] <= 900


def test_shift_adds_alt_takes_away_and_undo_brings_back(opened: MapOnPage, sample: Sample):
    opened.box((0.01, 0.01), (0.99, 0.99))
    keyed(opened.page, "map_rows").get_by_test_id("stDataFrame").wait_for()  # the map is smaller now
    middle, _ = opened.share(np.median(opened.points(sample.layout), axis=0))
    opened.box((0.01, 0.01), (middle, 0.99))
    first = opened.selected()
    opened.box((middle, 0.01), (0.99, 0.99), "Shift")
    both = opened.selected()
    assert 0 < first < both
    opened.box((0.01, 0.01), (middle, 0.99), "Alt")
    rest = both - first
    opened.wait_data("selected", rest)
    opened.tool("undo")
    opened.wait_data("selected", both)
    opened.tool("redo")
    opened.wait_data("selected", rest)
    opened.canvas.focus()
    opened.page.keyboard.press("Escape")
    opened.wait_data("selected", "")


def test_hovering_shows_the_text_and_lights_up_on_both_maps(sample: Sample, visit: Callable[[], Page]):
    page = visit()
    page.goto(sample.url("map", **{"with": layout_id(sample.maps[1])}))
    both = MapOnPage(page)
    for x, y in itertools.product(np.linspace(0.02, 0.48, 24), np.linspace(0.05, 0.95, 24)):
        page.mouse.move(*both.pixels(x, y))
        if both.data("hovered"):
            break
    row = int(both.data("hovered"))
    tip = page.locator(".map .tip")
    assert tip.locator(".text").inner_text()[:40] == " ".join(sample.corpus.texts[row].split())[:40]
    # the ring and the lines are drawn on both halves of the upper canvas
    marked = both.run(MARKED)
    assert min(marked) > 20


def test_a_click_reads_a_row_and_its_neighbors(opened: MapOnPage, sample: Sample):
    page = opened.page
    page.mouse.click(*opened.points(sample.layout)[17])
    keyed(page, "map_near_clicked").wait_for()
    page.wait_for_url(re.compile("[?&]chosen="))
    clicked = choice_in_link(page).clicked
    assert clicked is not None
    expect(keyed(page, "map_row_clicked")).to_contain_text(f"{clicked + 1:,}")


def test_the_legend_isolates_and_hides(opened: MapOnPage, sample: Sample):
    page, ratings = opened.page, sample.corpus.table["rating"].astype(int)
    ones = int((ratings == 1).sum())
    color_by(opened, "rating")
    entry = page.locator(".map .legend .entry").filter(has=page.locator(".name", has_text=re.compile("^1$")))
    entry.click()
    opened.wait_data("passing", ones)
    expect(keyed(page, "map_selected")).to_contain_text(f"{ones:,}")
    entry.click()
    opened.wait_data("passing", len(ratings))
    entry.click(modifiers=["Control"])
    opened.wait_data("passing", len(ratings) - ones)


def test_the_keyboard_moves_zooms_and_selects(opened: MapOnPage, sample: Sample):
    page = opened.page
    before = opened.view()
    opened.canvas.focus()
    for key in ("ArrowLeft", "ArrowUp", "+", "+"):
        page.keyboard.press(key)
    opened.wait_zoom(before[2] * 1.69)
    x, y, _ = opened.view()
    assert x < before[0]
    assert y > before[1]
    page.keyboard.press("0")  # the middle of a zoomed map may hold no point
    opened.wait_zoom(1)
    page.keyboard.press("v")
    keyed(page, "map_selected").wait_for()
    assert 0 < opened.selected() <= len(sample.corpus.texts)


def test_a_lost_context_and_a_resize_keep_the_picture(opened: MapOnPage):
    page = opened.page
    opened.wait_inked(1_000)
    before = opened.inked()
    opened.run(LOSE)
    opened.wait_inked(int(0.98 * before))
    assert opened.inked() == pytest.approx(before, rel=0.02)
    page.set_viewport_size({"width": 700, "height": 900})
    page.wait_for_function(f"() => {{ {FIND} return find('overlay').clientWidth < 700; }}")
    opened.wait_inked(1_000)
    assert opened.canvas.bounding_box()["width"] < 700


def test_a_selection_is_saved_and_shown_again(opened: MapOnPage, sample: Sample):
    page = opened.page
    opened.lasso(shape_at(opened.crowd(sample.layout)))
    keyed(page, "map_terms").wait_for()
    settled(page)
    count = opened.selected()
    button(page, "selections").click()
    field = keyed(page, "selection_name").get_by_role("textbox")
    field.fill("My corner")
    field.press("Tab")  # within a form: nothing runs yet
    button(page, "selection_save").click()
    expect(keyed(page, "selection_chosen").get_by_role("combobox")).to_have_value(re.compile("My corner"))
    settled(page)
    page.keyboard.press("Escape")
    opened.tool("clear")
    opened.wait_data("selected", "")
    settled(page)
    if not keyed(page, "selection_show").is_visible():
        button(page, "selections").click()
    button(page, "selection_show").click()
    expect_selected(opened, count)
    no_traceback(page)
