"""Clusters, Trends and Anomalies in a browser: clusters clicked and taken to the map, lists, wide and narrow."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e import labels
from tests.e2e.conftest import Sample
from tests.e2e.steps import (
    MapOnPage,
    button,
    choose_part,
    fits,
    go_to,
    keyed,
    no_traceback,
    open_and_fit,
    rows_in,
    start_unless_inline,
)

pytestmark = pytest.mark.browser
STABILITY = 1  # of the parts of Clusters
PARTS_OF_ANOMALIES = 4


@pytest.fixture
def page(sample: Sample, visit: Callable[[], Page]) -> Page:
    opened = visit()
    opened.goto(sample.url("clusters"))
    return opened


def broader(page: Page) -> Locator:
    """The bars of the last level but one of the hierarchy."""
    return page.locator(".icicle .level").nth(-2).locator(".bar")


def pressed(page: Page) -> Locator:
    return page.locator('.icicle .bar[aria-pressed="true"]')


def test_a_click_on_the_hierarchy_counts_as_soon_as_it_is_drawn(page: Page):
    for turn in range(5):
        expect(broader(page).first).to_be_visible()
        bar = broader(page).nth(turn % broader(page).count())
        bar.click()
        expect(pressed(page)).to_have_count(1)
        expect(keyed(page, "selected_rows")).to_contain_text(f"{rows_in(bar_title(pressed(page))):,}")
        pressed(page).click()
        expect(pressed(page)).to_have_count(0)
        expect(keyed(page, "selected_rows")).to_have_count(0)
        page.reload()


def bar_title(bar: Locator) -> str:
    """What follows the name: "12 rows (3.4%)"."""
    return (bar.get_attribute("title") or "").rpartition(": ")[2]


def test_a_selected_cluster_is_shown_on_the_map_and_cleared_on_all_pages(sample: Sample, page: Page):
    page.goto(sample.url("clusters", fine="fine"))
    bar = broader(page).first
    rows = rows_in(bar_title(bar))
    bar.click()
    expect(pressed(page)).to_have_count(1)
    button(page, "group_show").click()
    drawn = MapOnPage(page)
    drawn.wait_data("selected", rows)
    go_to(page, labels.SEARCH)
    expect(keyed(page, "selected_rows")).to_contain_text(f"{rows:,}")
    button(page, "selected_clear").click()
    expect(keyed(page, "selected_rows")).to_have_count(0)
    go_to(page, labels.MAP)
    MapOnPage(page).wait_data("selected", "")
    no_traceback(page)


def test_the_stability_of_clusters_is_measured(page: Page):
    choose_part(page, "look", STABILITY)
    start_unless_inline(page, keyed(page, "stability").locator(".js-plotly-plot"))
    assert fits(page)
    no_traceback(page)


def test_the_pages_open_from_the_sidebar_and_fit_a_phone_and_anomalies_are_listed(page: Page):
    open_and_fit(page, (labels.CLUSTERS, labels.TRENDS, labels.ANOMALIES))
    for part in (*range(1, PARTS_OF_ANOMALIES), 0):
        choose_part(page, "part", part)
        no_traceback(page)
    expect(page.get_by_test_id("stDataFrame").first).to_be_visible()
