"""The whole way in a browser: a file, a template, vectors, a map, a lasso, a search, a reload; and harmful text."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core.store import Workspace
from tests.e2e.conftest import Serve, parameter
from tests.e2e.steps import MapOnPage, bring_in, create, go_to, no_traceback, search, settled

pytestmark = pytest.mark.browser
HARM = """text,<img src=x onerror=document.title='owned'>
<script>document.title='owned'</script> plain,a
"<img src=x onerror=""document.title='owned'""> and ![x](http://127.0.0.1:9/x.png)",b
$x^2$ **bold** [link](javascript:alert(1)) :red[red],a
=1+1,b
"""


def test_vectors_are_those_of_the_template(server, embedded):
    workspace = Workspace(server.home)
    info = workspace.info(dict(pair.split("=") for pair in embedded.split("&"))["corpus"])
    corpus = workspace.load_corpus(info.digest)
    assert corpus.texts[1].startswith("Title: Arrived in pieces; Content: Not pleased at all.")
    assert len(workspace.load_vectors(info.digest, workspace.models(info.digest)[0])) == 1000


def test_a_lasso_gives_rows_and_what_is_special_and_zoom_stays(server, embedded, visit: Callable[[], Page]):
    page = visit()
    page.goto(f"{server.url}/map?{embedded}")
    drawn = MapOnPage(page)
    drawn.wheel(0.5, 0.5, -400)
    zoomed = drawn.view()
    assert zoomed[2] > 1.5
    drawn.lasso([(0.01, 0.01), (0.99, 0.01), (0.99, 0.99), (0.01, 0.99)])
    page.get_by_text("What is special here").first.wait_for()
    expect(page.get_by_test_id("stDataFrame").first).to_be_visible()
    assert drawn.view() == zoomed
    no_traceback(page)


def test_a_search_survives_a_reload_and_its_link_opens_elsewhere(server, embedded, visit: Callable[[], Page]):
    page = visit()
    page.goto(f"{server.url}/search?{embedded}")
    search(page, "too salty")
    page.get_by_text("cosine 0.", exact=False).first.wait_for()
    first = page.get_by_text("cosine 0.", exact=False).first.inner_text()
    page.reload()
    page.get_by_text(first).first.wait_for()
    assert parameter(page, "corpus") in embedded
    other = visit()
    other.goto(page.url)
    other.get_by_text(first).first.wait_for()
    no_traceback(other)


def test_text_that_means_harm_is_shown_as_it_stands(server, visit: Callable[[], Page], tmp_path: Path):
    page = visit()
    path = tmp_path / "harm.csv"
    path.write_text(HARM, encoding="utf-8")
    bring_in(page, server, [path])
    create_button = page.get_by_role("button", name="Create corpus")
    create_button.wait_for()
    assert page.locator('img[src="x"], img[src*="x.png"]').count() == 0
    create(page)
    go_to(page, "Search")
    search(page, "plain")
    page.get_by_text("1 hit among", exact=False).first.wait_for()
    page.get_by_text("<script>", exact=False).first.wait_for()
    settled(page)
    assert "owned" not in page.title()
    assert page.locator('img[src="x"], img[src*="x.png"], .katex').count() == 0


def test_the_first_visit_finds_the_sample_getting_ready(start_server: Serve, visit: Callable[[], Page], tmp_path: Path):
    with start_server(tmp_path / "fresh") as server:
        page = visit()
        page.goto(server.url)
        page.get_by_text("Shop feedback (sample)", exact=False).first.wait_for()
        go_to(page, "Map")
        MapOnPage(page)
        assert "Traceback" not in server.log.read_text(errors="replace")
