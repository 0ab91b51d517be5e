"""Classify in a browser: train, list and select a cell of the confusion matrix, apply a text, save predictions."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from core.corpus.added_columns import current_ref, remove_column
from core.corpus.loaders import load_corpus
from tests.e2e.conftest import Sample
from tests.e2e.steps import (
    MapOnPage,
    button,
    choose_part,
    keyed,
    no_traceback,
    rows_in,
    settled,
    start_unless_inline,
)

pytestmark = pytest.mark.browser
COLUMN, SAVED = "area", "area (predicted)"
CONFUSION = 1  # of the details of a contender
APPLY = 3  # of the views


def test_a_classifier_is_trained_applied_and_its_predictions_color_the_map(sample: Sample, visit: Callable[[], Page]):
    page = visit()
    page.goto(sample.url("classify", classify_column=COLUMN, contenders=sample.maps[0].model.key))
    start_unless_inline(page, keyed(page, "classify_intervals").locator(".js-plotly-plot"))
    select_a_cell(page)
    choose_part(page, "classify_view", APPLY)
    keyed(page, "apply_text").locator("textarea").fill("The parcel arrived two weeks late")
    submit(page, "apply_form").click()
    keyed(page, "apply_probabilities").locator(".js-plotly-plot").wait_for()
    settled(page)
    submit(page, "save_predictions_form").click()
    expect(page.get_by_test_id("stAlertContentSuccess").first).to_contain_text(SAVED)
    settled(page)
    corpus = current_ref(str(sample.server.home), sample.digest)
    try:
        assert load_corpus(corpus).table[SAVED].notna().all()
        keyed(page, "links_predictions").get_by_role("link").first.click()
        MapOnPage(page).wait_color(SAVED)
        no_traceback(page)
    finally:
        remove_column(corpus, SAVED)  # the other tests share the sample


def select_a_cell(page: Page) -> None:
    """Click a cell of the confusion matrix, which lists its rows, and select these on every page."""
    choose_part(page, "classify_part", CONFUSION)
    chosen, cell = keyed(page, "classify_cell").locator("input").first, keyed(page, "classify_confusion")
    before = chosen.input_value()
    box = cell.locator(".scatterlayer text").first.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(chosen).not_to_have_value(before)
    settled(page)
    rows = rows_in(button(page, "classify_cell_select").inner_text())
    page.get_by_role("region", name="Rows of the cell").wait_for()
    button(page, "classify_cell_select").click()
    expect(page.get_by_text(f"{rows:,} rows selected").first).to_be_visible()
    settled(page)


def submit(page: Page, form: str) -> Locator:
    """The button of a form."""
    return keyed(page, f"FormSubmitter-{form}", prefix=True).get_by_role("button").first
