"""The whole way in a browser: a file, a template, vectors, a map, a lasso, a search, a reload; and harmful text."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core.store import Workspace
from tests.e2e.conftest import ROOT, Serve, Server, parameter

pytestmark = pytest.mark.browser
REVIEWS = ROOT.parent / "shared" / "data" / "fine_food_reviews_1k.csv"
TEMPLATE = "Title: {Summary}; Content: {Text}"
HARM = """text,<img src=x onerror=document.title='owned'>
<script>document.title='owned'</script> plain,a
"<img src=x onerror=""document.title='owned'""> and ![x](http://127.0.0.1:9/x.png)",b
$x^2$ **bold** [link](javascript:alert(1)) :red[red],a
=1+1,b
"""


def go_to(page: Page, name: str) -> None:
    page.get_by_test_id("stSidebarNav").get_by_role("link", name=name, exact=True).click()
    expect(page.get_by_role("heading", level=1, name=name)).to_be_visible()
    settled(page)


def settled(page: Page) -> None:
    """Wait until the page's script has run to its end: what is typed earlier can be lost to a widget made anew."""
    page.locator('[data-test-script-state="notRunning"]').wait_for()


def choose_model(page: Page, name: str) -> None:
    """Add a model to those chosen on the Embed page."""
    field = page.get_by_test_id("stMultiSelect").get_by_role("combobox").first
    field.click()
    page.get_by_role("option", name=name, exact=True).click()
    page.keyboard.press("Escape")


def bring_in(page: Page, server: Server, files: list) -> None:
    page.goto(server.url)
    page.locator("input[type=file]").first.set_input_files(files)


def create(page: Page) -> None:
    page.get_by_role("button", name="Create corpus").click()
    page.get_by_test_id("stAlertContentSuccess").first.wait_for()


def search(page: Page, text: str) -> None:
    settled(page)
    field = page.get_by_role("textbox", name="Search").or_(page.get_by_role("searchbox", name="Search")).first
    field.fill(text)
    field.press("Enter")


def no_traceback(page: Page) -> None:
    assert "Traceback" not in page.inner_text("body")
    assert page.get_by_test_id("stException").count() == 0


@pytest.fixture(scope="module")
def embedded(server: Server, browser) -> str:
    """The reviews, uploaded and embedded with the default model by clicking through; gives the link's query."""
    if not REVIEWS.exists():
        pytest.skip(f"needs {REVIEWS.name} in ../shared/data")
    context = browser.new_context(viewport={"width": 1400, "height": 1000})
    context.set_default_timeout(120_000)
    page = context.new_page()
    bring_in(page, server, [REVIEWS])
    page.get_by_text("Several columns").first.click()
    field = page.get_by_label("Template", exact=True)
    field.fill(TEMPLATE)
    field.press("Enter")
    page.get_by_text("Title: where does one start").first.wait_for()
    create(page)
    go_to(page, "Embed")
    page.get_by_role("button", name="Start").click()
    page.get_by_text("Embedding with", exact=False).first.wait_for()
    go_to(page, "Map")
    page.locator(".js-plotly-plot").first.wait_for(timeout=180_000)
    no_traceback(page)
    query = page.url.partition("?")[2]
    context.close()
    return query


def ranges(page: Page) -> list[float]:
    return page.evaluate("(() => { const a = document.querySelector('.js-plotly-plot')._fullLayout;"
                         " return [...a.xaxis.range, ...a.yaxis.range].map(Number) })()")  # fmt: skip


def drag(page: Page, steps: list[tuple[float, float]]) -> None:
    """Drag over the map, along places given as shares of its width and height."""
    box = page.locator(".js-plotly-plot .nsewdrag").first.bounding_box()
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in steps]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=8)
    page.mouse.up()


def test_vectors_are_those_of_the_template(server, embedded):
    workspace = Workspace(server.home)
    info = workspace.info(dict(pair.split("=") for pair in embedded.split("&"))["corpus"])
    corpus = workspace.load_corpus(info.digest)
    assert corpus.texts[1].startswith("Title: Arrived in pieces; Content: Not pleased at all.")
    assert len(workspace.load_vectors(info.digest, workspace.models(info.digest)[0])) == 1000


def test_a_lasso_gives_rows_and_what_is_special_and_zoom_stays(server, embedded, visit: Callable[[], Page]):
    page = visit()
    page.goto(f"{server.url}/map?{embedded}")
    page.locator(".js-plotly-plot .nsewdrag").first.wait_for(state="attached")
    page.locator('.modebar [data-val="zoom"]').first.click()
    before = ranges(page)
    drag(page, [(0.2, 0.2), (0.85, 0.85)])
    page.wait_for_function(
        "before => Math.abs(document.querySelector('.js-plotly-plot')._fullLayout.xaxis.range[0] - before) > 1e-6",
        arg=before[0],
    )
    zoomed = ranges(page)
    page.locator('.modebar [data-val="lasso"]').first.click()
    drag(page, [(0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.1, 0.9), (0.1, 0.12)])
    page.get_by_text("special", exact=False).first.wait_for()
    expect(page.get_by_test_id("stDataFrame").first).to_be_visible()
    assert ranges(page) == pytest.approx(zoomed)
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
    assert "owned" not in page.title()
    assert page.locator('img[src="x"], img[src*="x.png"], .katex').count() == 0
    assert "<script>" in page.inner_text("body")


def test_the_first_visit_finds_the_sample_getting_ready(start_server: Serve, visit: Callable[[], Page], tmp_path: Path):
    with start_server(tmp_path / "fresh") as server:
        page = visit()
        page.goto(server.url)
        page.get_by_text("Shop feedback (sample)", exact=False).first.wait_for()
        go_to(page, "Map")
        page.locator(".js-plotly-plot").first.wait_for(timeout=180_000)
        assert "Traceback" not in server.log.read_text(errors="replace")
