"""The pages of Compare in a browser: the sample's models, and smaller variants of the first."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from core.vectors.contenders import Contender
from tests.e2e import labels
from tests.e2e.conftest import Sample
from tests.e2e.steps import button, choose_part, go_to, keyed, link_value, no_traceback, open_and_fit, settled

pytestmark = pytest.mark.browser
PAGES = (labels.SCOREBOARD, labels.DISAGREEMENT, labels.COMPRESSION, labels.QUALITY)
ROWS = 1  # of the parts of Disagreement


def contenders(sample: Sample) -> list[Contender]:
    """The first model and two smaller variants of it."""
    model = sample.maps[0].model
    return [Contender(model), Contender(model, 128), Contender(model, None, "binary")]


def test_the_pages_open_from_the_sidebar_and_fit_a_phone(sample: Sample, visit: Callable[[], Page]):
    page = visit()
    page.goto(sample.url("scoreboard"))
    open_and_fit(page, PAGES)


def test_the_scoreboard_gives_a_verdict_and_a_report(sample: Sample, visit: Callable[[], Page]):
    page, compared = visit(), contenders(sample)
    page.goto(sample.url("scoreboard", contenders=".".join(contender.key for contender in compared)))
    expect(keyed(page, "score_verdict")).to_contain_text(compared[0].label)
    keyed(page, "score_pareto_", prefix=True).locator(".js-plotly-plot").wait_for()
    settled(page)
    with page.expect_download() as waiting:
        button(page, "report_html").click()
    report = waiting.value.path().read_text(encoding="utf-8")
    assert all(contender.label in report for contender in compared)
    assert "<script" not in report
    no_traceback(page)


def test_contenders_are_kept_from_page_to_page_and_rows_are_ranked(sample: Sample, visit: Callable[[], Page]):
    page, keys = visit(), [contender.key for contender in contenders(sample)]
    page.goto(sample.url("disagreement", contenders=".".join(keys)))
    keyed(page, "disagree_heat").locator(".js-plotly-plot").wait_for()
    choose_part(page, "differ", ROWS)
    keyed(page, "disagree_list").get_by_test_id("stDataFrame").wait_for()
    settled(page)
    remaining = ".".join(keys[:-1])
    keyed(page, "contenders").locator("[data-tag] button").last.click()
    page.wait_for_url(lambda _: link_value(page, "contenders") == remaining)
    settled(page)
    go_to(page, labels.QUALITY)
    page.wait_for_url(lambda _: link_value(page, "contenders") == remaining)
    no_traceback(page)
