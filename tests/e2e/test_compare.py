"""The pages of Compare in a browser, on food reviews embedded once and two smaller variants of those vectors."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.e2e.conftest import parameter
from tests.e2e.steps import MapOnPage, drawn_and_fitting, go_to, no_traceback, settled

pytestmark = pytest.mark.browser
PAGES = ("Scoreboard", "Disagreement", "Compression", "Quality")


@pytest.fixture
def page(server, embedded, visit: Callable[[], Page]) -> Page:
    """On the Map, with the reviews chosen; the other pages are opened from its sidebar."""
    opened = visit()
    opened.goto(f"{server.url}/map?{embedded}")
    MapOnPage(opened)
    return opened


def test_the_pages_open_from_the_sidebar_and_fit_a_phone(page: Page):
    drawn_and_fitting(page, PAGES)


def test_the_scoreboard_gives_a_verdict_and_a_report_to_take_along(page: Page):
    go_to(page, "Scoreboard")
    page.get_by_text(re.compile("beats|told apart|score the same")).first.wait_for()
    page.get_by_text("Quality against cost").wait_for()
    settled(page)
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Report (HTML)").click()
    report = waiting.value.path().read_text(encoding="utf-8")
    assert "first 128d" in report
    assert "<script" not in report
    no_traceback(page)


def test_contenders_are_kept_from_page_to_page_and_rows_are_ranked(page: Page):
    go_to(page, "Disagreement")
    page.locator(".js-plotly-plot").first.wait_for()
    page.get_by_test_id("stMain").get_by_text("Rows", exact=True).first.click()
    page.get_by_test_id("stDataFrame").first.wait_for()
    settled(page)
    chosen = parameter(page, "contenders").split(".")
    assert len(chosen) == 3
    page.get_by_label("Remove").or_(page.get_by_role("button", name=re.compile("Remove"))).last.click()
    page.wait_for_url(lambda url: chosen[-1] not in url)
    settled(page)
    go_to(page, "Quality")
    page.wait_for_url(lambda url: ".".join(chosen[:-1]) in url and chosen[-1] not in url)
    no_traceback(page)
