"""The pages of Compare in a browser, on food reviews embedded once and two smaller variants of those vectors."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.steps import MapOnPage, go_to, no_traceback, settled

pytestmark = pytest.mark.browser
PHONE = {"width": 420, "height": 900}
PAGES = ("Scoreboard", "Disagreement", "Compression", "Quality")


@pytest.fixture
def page(server, embedded, visit: Callable[[], Page]) -> Page:
    """On the Map, with the reviews chosen; the other pages are opened from its sidebar."""
    opened = visit()
    opened.goto(f"{server.url}/map?{embedded}")
    MapOnPage(opened)
    return opened


@pytest.mark.parametrize("name", PAGES)
def test_a_page_opens_from_the_sidebar_and_fits_a_phone(page: Page, name: str):
    go_to(page, name)
    settled(page)
    no_traceback(page)
    assert page.get_by_text("This page could not be drawn").count() == 0
    page.set_viewport_size(PHONE)
    settled(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
