"""Clusters, Trends and Anomalies in a browser, on food reviews: groups clicked and taken to the map, lists, wide and
narrow."""

from collections.abc import Callable
from contextlib import suppress

import pytest
from playwright.sync_api import Page, TimeoutError, expect

from tests.e2e.steps import PHONE, MapOnPage, drawn_and_fitting, go_to, no_traceback, settled

pytestmark = pytest.mark.browser


@pytest.fixture
def page(server, embedded, visit: Callable[[], Page]) -> Page:
    """On the Map, with the reviews chosen; the other pages are opened from its sidebar."""
    opened = visit()
    opened.goto(f"{server.url}/map?{embedded}")
    MapOnPage(opened)
    return opened


def icicle_click(page: Page, x: float, y: float) -> None:
    """A click into the hierarchy, at shares of its width and height."""
    chart = page.locator(".js-plotly-plot .nsewdrag").first
    box = chart.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=5)
    page.locator(".hoverlayer .hovertext").first.wait_for()  # Plotly takes a click for what it has seen hovered
    page.mouse.down()
    page.mouse.up()
    settled(page)


def choose_broader(page: Page) -> None:
    """Click a group of a level before the chosen one; Plotly loses a click while it still draws, so more than once."""
    told = page.get_by_text("A broader group of")
    for _ in range(5):
        page.locator(".js-plotly-plot .bars path").first.wait_for()
        page.wait_for_timeout(1_000)
        icicle_click(page, 0.45, 0.1)
        with suppress(TimeoutError):
            told.wait_for(timeout=6_000)
            return
        page.reload()
    told.wait_for()


def test_a_group_is_clicked_and_its_rows_are_shown_on_the_map(page: Page):
    go_to(page, "Clusters")
    page.get_by_text("From broad to fine").wait_for()
    choose_broader(page)
    page.get_by_role("button", name="Show them on the map").click()
    drawn = MapOnPage(page)
    page.locator('.map:not([data-selected=""])').first.wait_for()
    chosen = int(drawn.told("selected"))
    assert 0 < chosen < 1000
    go_to(page, "Search")
    expect(page.get_by_text(f"{chosen} rows selected")).to_be_visible()
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(page.get_by_text("rows selected")).to_have_count(0)
    go_to(page, "Map")
    MapOnPage(page)
    page.locator('.map[data-selected=""]').first.wait_for()
    no_traceback(page)


def test_finer_groups_and_how_often_they_are_found_again(page: Page):
    go_to(page, "Clusters")
    page.get_by_role("radio", name="Found again?").or_(page.get_by_role("button", name="Found again?")).first.click()
    settled(page)
    page.get_by_role("button", name="Measure", exact=True).click()
    expect(page.get_by_text("groups are stable")).to_be_visible()
    page.set_viewport_size(PHONE)
    settled(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    no_traceback(page)


def test_the_pages_open_from_the_sidebar_and_fit_a_phone(page: Page):
    drawn_and_fitting(page, ("Clusters", "Trends", "Anomalies"))


def test_odd_rows_and_near_duplicates_are_listed(page: Page):
    go_to(page, "Anomalies")
    for part in ("Near-duplicates", "Label doubts", "Diversity", "Odd rows"):
        page.get_by_role("radio", name=part).or_(page.get_by_role("button", name=part)).first.click()
        settled(page)
        no_traceback(page)
    expect(page.get_by_test_id("stDataFrame").first).to_be_visible()
