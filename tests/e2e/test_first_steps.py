"""From a file to vectors, a map and a search in a browser, with text that means harm; and links that open again."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core.jobs.sample import COMPARED_WITH
from core.store import Workspace
from tests.e2e import labels, texts
from tests.e2e.conftest import Sample
from tests.e2e.steps import (
    MapOnPage,
    button,
    choose_part,
    go_to,
    jobs_ended,
    keyed,
    link_value,
    no_traceback,
    rerun,
    search,
    settled,
    upload,
)

pytestmark = pytest.mark.browser
ROWS = 40
TEMPLATE = "Title: {title}; Content: {body}"
COMBINE_COLUMNS = 1  # of the text modes


def test_a_new_workspace_has_the_sample_with_its_models_and_their_maps(sample: Sample):
    assert len(sample.workspace.models(sample.digest)) == len(sample.maps) == 1 + len(COMPARED_WITH)
    assert len(sample.workspace.corpora()) == 1
    assert "Traceback (most recent call last)" not in sample.server.log.read_text(errors="replace")


def test_a_file_with_harmful_text_is_embedded_by_a_template_and_shown_as_it_stands(
    sample: Sample, visit: Callable[[], Page], tmp_path: Path
):
    path = tmp_path / "harm.csv"
    texts.harmful(ROWS).to_csv(path, index=False)
    page = visit()
    page.goto(sample.server.url)
    upload(page, path)
    choose_part(page, "text_mode-", COMBINE_COLUMNS)
    field = keyed(page, "template-", prefix=True).get_by_role("textbox")
    field.fill(TEMPLATE)
    field.press("Enter")
    page.get_by_text("Title: My parcel; Content: The parcel").first.wait_for()
    settled(page)
    button(page, "create").click()
    page.get_by_test_id("stAlertContentSuccess").first.wait_for()
    unharmed(page)
    go_to(page, labels.EMBED)
    button(page, "embed_start").click()
    go_to(page, labels.MAP)
    MapOnPage(page)
    unharmed(page)
    go_to(page, labels.SEARCH)
    search(page, "script")
    page.get_by_text("<script>", exact=False).first.wait_for()
    settled(page)
    unharmed(page)
    jobs_ended(page)
    workspace, digest = Workspace(sample.server.home), link_value(page, "corpus")
    corpus = workspace.load_corpus(digest)
    assert corpus.texts[1].startswith("Title: My lamp; Content: The lamp ")
    assert corpus.texts[-4] == f"Title: harm; Content: {texts.HARM[0]}"
    assert len(workspace.load_vectors(digest, workspace.models(digest)[0])) == ROWS + len(texts.HARM)


def unharmed(page: Page) -> None:
    """Nothing of the texts has become markup or has run."""
    no_traceback(page)
    assert "owned" not in page.title()
    assert page.locator('img[src="x"], img[src*="x.png"], .katex').count() == 0


def test_a_search_survives_a_reload_and_its_link_opens_elsewhere(sample: Sample, visit: Callable[[], Page]):
    page = visit()
    page.goto(sample.url("search"))
    search(page, "the parcel came late")
    best = first_hit(page)
    assert "parcel" in sample.corpus.texts[best]
    page.reload()
    assert first_hit(page) == best
    assert link_value(page, "corpus") == sample.digest
    other = visit()
    other.goto(page.url)
    assert first_hit(other) == best
    no_traceback(other)


def first_hit(page: Page) -> int:
    """The row of the first hit, by the button that searches for more like it."""
    name = keyed(page, "near-", prefix=True).get_attribute("class") or ""
    return int(name.partition("st-key-near-")[2].split()[0])


def test_a_selection_gives_rows_and_distinctive_terms_and_zoom_stays(opened: MapOnPage):
    opened.wheel(0.5, 0.5, -400)
    zoomed = opened.view()
    assert zoomed[2] > 1.5
    opened.lasso([(0.01, 0.01), (0.99, 0.01), (0.99, 0.99), (0.01, 0.99)])
    keyed(opened.page, "map_terms").wait_for()
    expect(keyed(opened.page, "map_rows").get_by_test_id("stDataFrame")).to_be_visible()
    assert opened.view() == zoomed
    no_traceback(opened.page)


def test_back_leaves_a_page_and_restores_the_searches(sample: Sample, visit: Callable[[], Page]):
    page = visit()
    page.goto(sample.url("search"))
    field = keyed(page, "q").locator("input")
    for query in ("late parcel", "broken lamp"):
        search(page, query)
        page.wait_for_function("query => new URLSearchParams(location.search).get('q') === query", arg=query)
    go_to(page, labels.TRENDS)
    page.wait_for_function("() => new URLSearchParams(location.search).has('t_view')")
    with rerun(page):  # of two steps, each a run: one that interrupts another may count as no step back
        page.go_back()  # Streamlit enters the page, then its settings
    page.wait_for_function("() => !new URLSearchParams(location.search).has('corpus')")
    for step, query in ((page.go_back, "broken lamp"), (page.go_back, "late parcel"), (page.go_forward, "broken lamp")):
        with rerun(page):
            step()
        expect(field).to_have_value(query)
    page.reload()
    expect(field).to_have_value("broken lamp")
    expect(page.get_by_text("hits among").first).to_be_visible()
    no_traceback(page)
