"""The map's component in a software-rendered browser: it never loses its place, and selects just the right rows."""

import itertools
import re
from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from core.answers.map.layouts import Place
from core.answers.map.scene import Scene, kept_places, selected
from core.embedders.registry import load_embedder
from core.embedding import embed
from core.maps.choice import Choice
from core.maps.results import LAYOUTS, LayoutQuery
from core.opened import NEIGHBORS, ModelQuery
from core.store import Workspace
from core.types import CorpusRef, LayoutParams
from pages.shared.map.settings import place_key
from tests.e2e.conftest import Server
from tests.e2e.steps import FIND, LOSE, MARKED, MapOnPage, go_to, no_traceback, settled

pytestmark = pytest.mark.browser
SHAPE = np.array([(-0.12, -0.15), (0.14, -0.1), (0.1, 0.18), (0.0, 0.02), (-0.15, 0.15)])


@pytest.fixture
def opened(server: Server, embedded: str, visit: Callable[[], Page]) -> MapOnPage:
    page = visit()
    page.goto(f"{server.url}/map?{embedded}")
    return MapOnPage(page)


@pytest.fixture(scope="module")
def places(server: Server, embedded: str) -> tuple[Place, ...]:
    """The map of the reviews, and one of their words beside it."""
    corpus = dict(pair.split("=") for pair in embedded.split("&"))["corpus"]
    home = str(server.home)
    spec = embed(Workspace(home).load_corpus(corpus), load_embedder("lexical"), Workspace(home)).model
    NEIGHBORS.get_or_compute(ModelQuery(CorpusRef(home, corpus), spec))
    LAYOUTS.get_or_compute(LayoutQuery(CorpusRef(home, corpus), spec, LayoutParams()))
    return kept_places(home, corpus)


def layout(place: Place) -> np.ndarray:
    from core.answers.map.layouts import stored_layout

    return np.asarray(stored_layout(place).points, dtype=np.float32)


def shape_at(place: tuple[float, float]) -> list[tuple[float, float]]:
    """A polygon that is not convex around a place, within the map."""
    return [(float(x), float(y)) for x, y in np.clip(SHAPE + place, 0.02, 0.98)]


def color_by(page: Page, name: str) -> None:
    page.get_by_test_id("stSelectbox").filter(has_text="Color by").get_by_role("combobox").click()
    page.get_by_role("option", name=name, exact=True).click()


def choice_in_link(page: Page) -> Choice:
    from urllib.parse import parse_qs, urlsplit

    return Choice.from_text(parse_qs(urlsplit(page.url).query).get("chosen", [""])[0])


def test_view_and_selection_survive_all_that_reruns_the_page(opened: MapOnPage, places):
    page = opened.page
    opened.wheel(*opened.crowd(layout(places[0])), -300)
    opened.lasso(shape_at(opened.crowd(layout(places[0]))))
    page.get_by_text("What is special here").first.wait_for()
    settled(page)
    view, count = opened.view(), opened.told("selected")
    assert int(count) > 10

    def same() -> None:
        opened.wait_told("selected", count)
        assert opened.view() == pytest.approx(view, rel=2e-3)
        expect(page.get_by_text(f"{int(count):,} rows selected")).to_be_visible()

    color_by(page, "Score")
    page.locator('.map[data-drawn$="column:Scorelight"]').wait_for()
    same()
    page.get_by_role("textbox", name="Find in these rows").fill("the")
    page.keyboard.press("Enter")
    settled(page)
    same()
    go_to(page, "Search")
    go_to(page, "Map")
    opened.settle()
    same()
    page.reload()
    opened.settle()
    same()
    no_traceback(page)


def test_a_lasso_selects_the_rows_that_numpy_finds(opened: MapOnPage, places):
    shape = shape_at(opened.crowd(layout(places[0])))
    opened.lasso(shape)
    opened.page.get_by_text("What is special here").first.wait_for()
    settled(opened.page)
    drawn, place = choice_in_link(opened.page), places[0]
    found = selected(Scene((place,)), drawn)
    assert opened.told("selected") == str(len(found))
    # the same from the pixels of the mouse, up to rows at the very edge
    corners = np.array([opened.place(*corner) for corner in shape])
    expected = np.flatnonzero(inside(opened.points(layout(place)), corners))
    assert len(np.setxor1d(found, expected)) <= 0.01 * len(found) + 2


def inside(points: np.ndarray, polygon: np.ndarray) -> np.ndarray:
    """Even-odd rule, one ray at a time: a reference apart from the code under test."""
    odd = np.zeros(len(points), dtype=bool)
    for (x1, y1), (x2, y2) in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        between = (points[:, 1] < y1) != (points[:, 1] < y2)
        with np.errstate(divide="ignore", invalid="ignore"):
            left = points[:, 0] < x1 + (points[:, 1] - y1) / (y2 - y1) * (x2 - x1)
        odd ^= between & left
    return odd


def test_shift_adds_alt_takes_away_and_undo_brings_back(opened: MapOnPage, places):
    middle, _ = opened.share(np.median(opened.points(layout(places[0])), axis=0))
    opened.box((0.01, 0.01), (middle, 0.99))
    first = int(opened.told("selected"))
    opened.box((middle, 0.01), (0.99, 0.99), "Shift")
    both = int(opened.told("selected"))
    opened.box((0.01, 0.01), (middle, 0.99), "Alt")
    less = int(opened.told("selected"))
    assert 0 < first < both
    assert less == both - first
    opened.tool("Undo the last choice")
    opened.wait_told("selected", str(both))
    opened.tool("Redo")
    opened.wait_told("selected", str(less))
    opened.canvas.focus()
    opened.page.keyboard.press("Escape")
    opened.wait_told("selected", "")


def test_hovering_shows_the_text_and_lights_up_on_both_maps(opened: MapOnPage, places, embedded, server):
    page = opened.page
    page.goto(f"{server.url}/map?{embedded}&with={place_key(places[1])}")
    both = MapOnPage(page)
    page.get_by_text("lexical baseline, UMAP:").first.wait_for()
    both.settle()
    corpus = Workspace(server.home).load_corpus(places[0].corpus)
    for x, y in itertools.product(np.linspace(0.02, 0.48, 24), np.linspace(0.05, 0.95, 24)):
        page.mouse.move(*both.place(x, y))
        if both.told("hovered"):
            break
    row = int(both.told("hovered"))
    tip = page.locator(".map .tip")
    assert tip.locator(".text").inner_text()[:40] == " ".join(corpus.texts[row].split())[:40]
    # the ring and the lines are drawn on both halves of the upper canvas
    marked = both.run(MARKED)
    assert min(marked) > 20


def test_a_click_reads_a_row_and_its_neighbors(opened: MapOnPage, places):
    page, place = opened.page, places[0]
    row = 17
    page.mouse.click(*opened.points(layout(place))[row])
    page.get_by_text("Nearest texts").first.wait_for()
    page.wait_for_url(re.compile("[?&]chosen="))
    clicked = choice_in_link(page).clicked
    assert clicked is not None
    page.get_by_text(f"Row {clicked + 1:,}").first.wait_for()


def test_the_legend_isolates_and_hides(opened: MapOnPage, places):
    page = opened.page
    color_by(page, "Score")
    page.locator('.map[data-drawn$="column:Scorelight"]').wait_for()
    scores = Workspace(places[0].folder).load_corpus(places[0].corpus).table["Score"]
    entry = page.locator(".map .legend .entry").filter(has_text="1").last
    entry.locator(".name", has_text="1").wait_for()
    entry.click()
    opened.wait_told("passing", str(int((scores.astype(int) == 1).sum())))
    page.get_by_text(f"{int((scores.astype(int) == 1).sum()):,} rows selected").wait_for()
    entry.click()
    opened.wait_told("passing", "1000")
    entry.click(modifiers=["Control"])
    opened.wait_told("passing", str(int((scores.astype(int) != 1).sum())))


def test_the_keyboard_moves_zooms_and_selects(opened: MapOnPage):
    page = opened.page
    before = opened.view()
    opened.canvas.focus()
    for key in ("ArrowLeft", "ArrowUp", "+", "+"):
        page.keyboard.press(key)
    opened.wait_zoom(before[2] * 1.69)
    x, y, _ = opened.view()
    assert x < before[0]
    assert y > before[1]
    page.keyboard.press("v")
    page.get_by_text("What is special here").first.wait_for()
    assert 0 < int(opened.told("selected")) < 1000
    page.keyboard.press("0")
    opened.wait_zoom(1)


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


def test_a_selection_is_kept_and_shown_again(opened: MapOnPage, places):
    page = opened.page
    opened.lasso(shape_at(opened.crowd(layout(places[0]))))
    page.get_by_text("What is special here").first.wait_for()
    settled(page)
    count = opened.told("selected")
    page.get_by_role("button", name="Selections").click()
    field = page.get_by_role("textbox", name="Name of the selection")
    field.fill("My corner")
    field.press("Tab")
    settled(page)
    page.get_by_role("button", name="Keep this selection").click()
    page.get_by_text("My corner", exact=False).first.wait_for()
    settled(page)
    page.keyboard.press("Escape")
    opened.tool("Clear selection and filters")
    opened.wait_told("selected", "")
    settled(page)
    if not page.get_by_role("button", name="Show on the map").is_visible():
        page.get_by_role("button", name="Selections").click()
    page.get_by_role("button", name="Show on the map").click()
    opened.wait_told("selected", count)
    page.get_by_text(f"{int(count):,} rows selected").first.wait_for()
    no_traceback(page)
