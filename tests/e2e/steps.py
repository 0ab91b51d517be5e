"""What a person does on the pages, for the browser tests."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
from playwright.sync_api import Locator, Page, ViewportSize, expect

from tests.e2e import labels

WIDE: ViewportSize = {"width": 1400, "height": 1100}  # the map is on it from top to bottom
PHONE: ViewportSize = {"width": 420, "height": 900}


def go_to(page: Page, name: str) -> None:
    page.get_by_test_id("stSidebarNav").get_by_role("link", name=name, exact=True).click()
    expect(page.get_by_role("heading", level=1, name=name)).to_be_visible()
    settled(page)


def settled(page: Page) -> None:
    """Wait until the page's script has run to its end: what is typed earlier can be lost to a widget drawn anew."""
    page.locator('[data-test-script-state="notRunning"]').wait_for()


COUNT_RUNS = """() => {
  window.ended = 0;
  const app = document.querySelector('[data-test-script-state]');
  const count = () => { window.ended += app.dataset.testScriptState === 'notRunning' };
  new MutationObserver(count).observe(app, {attributeFilter: ['data-test-script-state']});
}"""


@contextmanager
def rerun(page: Page) -> Iterator[None]:
    """Do what makes the page's script run again, and wait until it has: right after the action, `settled` may still
    see the end of the run before."""
    settled(page)
    page.evaluate(COUNT_RUNS)
    yield
    page.wait_for_function("window.ended > 0")
    settled(page)


def jobs_ended(page: Page) -> None:
    """Wait until no job is queued or running: each of them can be cancelled in the sidebar."""
    expect(keyed(page, "cancel-", prefix=True)).to_have_count(0, timeout=240_000)
    settled(page)


def keyed(page: Page, key: str, prefix: bool = False) -> Locator:
    """The first element with a key, or with a key that begins so; while the page is drawn anew there may be two."""
    return page.locator(f'[class*="st-key-{key}"]' if prefix else f".st-key-{key}").first


def button(page: Page, key: str) -> Locator:
    return keyed(page, key).get_by_role("button").first


def choose_part(page: Page, key: str, index: int) -> None:
    """Click an option of a segmented control, by its position, unless it is chosen already."""
    option = keyed(page, key, prefix=True).get_by_role("radio").nth(index)
    if not option.is_checked():
        with rerun(page):
            option.click()


def start_unless_inline(page: Page, shown: Locator) -> None:
    """Press the start button of a result, which a fast machine computes at once instead of offering it."""
    start = keyed(page, "start-", prefix=True).get_by_role("button").first
    expect(start.or_(shown).first).to_be_visible()
    if start.is_visible():
        start.click()
    expect(shown).to_be_visible()


def rows_in(text: str) -> int:
    """The first number in a text such as "1,234 rows"."""
    found = re.search(r"\d[\d,]*", text)
    assert found, text
    return int(found.group().replace(",", ""))


def link_value(page: Page, name: str) -> str:
    """A parameter of the page's address, or ""."""
    return parse_qs(urlsplit(page.url).query).get(name, [""])[0]


def fits(page: Page) -> bool:
    """Whether nothing reaches beyond the sides of a phone's screen."""
    page.set_viewport_size(PHONE)
    settled(page)
    return page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def open_and_fit(page: Page, names: Iterable[str]) -> None:
    """Each page is opened from the wide screen's sidebar, is drawn, and then fits a phone."""
    for name in names:
        page.set_viewport_size(WIDE)
        go_to(page, name)
        no_traceback(page)
        expect(page.get_by_test_id("stAlertContentError")).to_have_count(0)
        assert fits(page), name


def upload(page: Page, path: Path) -> None:
    go_to(page, labels.DATA)
    page.locator("input[type=file]").first.set_input_files(path)


def search(page: Page, text: str) -> None:
    settled(page)
    field = keyed(page, "q").locator("input")
    field.fill(text)
    field.press("Enter")


def no_traceback(page: Page) -> None:
    assert "Traceback" not in page.inner_text("body")
    assert page.get_by_test_id("stException").count() == 0


# canvases stand in shadow roots, where document.querySelector does not look
FIND = """const find = (kind, root = document) => root.querySelector(`canvas.${kind}`) ??
  [...root.querySelectorAll('*')].map((node) => node.shadowRoot && find(kind, node.shadowRoot)).find(Boolean);"""
INKED = """const inked = () => {
  const gl = find('points').getContext('webgl2'), [w, h] = [gl.drawingBufferWidth, gl.drawingBufferHeight];
  const data = new Uint8Array(4 * w * h);
  gl.readPixels(0, 0, w, h, gl.RGBA, gl.UNSIGNED_BYTE, data);
  return data.filter((value, i) => i % 4 === 3 && value > 0).length;
};"""
MARKED = """() => {
  const canvas = find('overlay'), half = canvas.width / 2, context = canvas.getContext('2d');
  return [0, half].map((left) => {
    const { data } = context.getImageData(left, 0, half, canvas.height);
    let count = 0;
    for (let i = 0; i < data.length; i += 4) {
      if (data[i] > 180 && data[i + 1] < 60 && data[i + 2] > 70 && data[i + 3] > 60) count++;
    }
    return count;
  });
}"""
LOSE = """async () => {
  const canvas = find('points'), lose = canvas.getContext('webgl2').getExtension('WEBGL_lose_context');
  const happened = (name) => new Promise((done) => canvas.addEventListener(name, done, { once: true }));
  const lost = happened('webglcontextlost'), restored = happened('webglcontextrestored');
  lose.loseContext();
  await lost;
  await new Promise((done) => setTimeout(done, 0));
  lose.restoreContext();
  await restored;
}"""


class MapOnPage:
    """The map's component on a page, once its points are drawn. Positions are shares of its width and height."""

    def __init__(self, page: Page) -> None:
        self.page, self.root = page, page.locator(".map").first
        self.settle()
        self.canvas = page.locator("canvas.overlay").first

    def settle(self) -> None:
        """Wait until all points are drawn and the page's script has run to its end."""
        self.page.locator(".map[data-drawn]").first.wait_for(timeout=240_000)
        settled(self.page)

    def data(self, name: str) -> str:
        """What the map says of itself: selected, passing, hovered, view, drawn."""
        return self.root.get_attribute(f"data-{name}") or ""

    def selected(self) -> int:
        return int(self.data("selected"))

    def wait_data(self, name: str, value: object) -> None:
        self.page.locator(f'.map[data-{name}="{value}"]').first.wait_for()

    def wait_color(self, column: str) -> None:
        self.page.locator(f'.map[data-drawn$="column:{column}light"]').wait_for()

    def view(self) -> list[float]:
        return [float(part) for part in self.data("view").split()]

    def pixels(self, x: float, y: float) -> tuple[float, float]:
        box = self.canvas.bounding_box()
        assert box is not None
        return box["x"] + x * box["width"], box["y"] + y * box["height"]

    def wheel(self, x: float, y: float, delta: float) -> None:
        """Zoom, and wait until the link holds the new view."""
        before = self.page.url
        self.page.mouse.move(*self.pixels(x, y))
        self.page.mouse.wheel(0, delta)
        self.page.wait_for_function("before => location.href !== before", arg=before)
        settled(self.page)

    def run(self, script: str) -> Any:
        """What a function in the page gives, one of the scripts above."""
        return self.page.evaluate(f"() => {{ {FIND} {INKED} return ({script})(); }}")

    def inked(self) -> int:
        """Pixels with points in them."""
        return int(self.run("() => inked()"))

    def wait_inked(self, pixels: int) -> None:
        """Wait until at least so many pixels have points in them."""
        self.page.wait_for_function(f"() => {{ {FIND} {INKED} return inked() >= {pixels}; }}", polling=200)

    def wait_zoom(self, zoom: float) -> None:
        self.page.locator(f'.map[data-view$=" {zoom:.4f}"]').first.wait_for()

    def tool(self, name: str) -> None:
        """pan, box, lasso, plus, minus, fit, undo, redo, clear or save."""
        self.root.locator(f'[data-tool="{name}"]').click()

    def draw(self, tool: str, corners: list[tuple[float, float]], key: str = "") -> None:
        """Drag along the corners with a tool, holding a key, and wait until another number of rows is selected."""
        before = self.data("selected")
        self.tool(tool)
        steps = [self.pixels(*corner) for corner in corners]
        if key:
            self.page.keyboard.down(key)
        self.page.mouse.move(*steps[0])
        self.page.mouse.down()
        for step in steps[1:]:
            self.page.mouse.move(*step, steps=5)
        self.page.mouse.up()
        if key:
            self.page.keyboard.up(key)
        self.page.locator(f'.map:not([data-selected="{before}"])').first.wait_for()
        self._wait_for_last_frame()

    def _wait_for_last_frame(self) -> None:
        """The selection follows the pointer some frames later on a busy machine, and the map makes room for its rows:
        what is drawn next must be drawn at the last size."""
        seen: Any = None
        while seen != (seen := (self.data("selected"), self.data("view"), self.canvas.bounding_box())):
            self.page.wait_for_timeout(300)
            settled(self.page)

    def lasso(self, corners: list[tuple[float, float]], key: str = "") -> None:
        self.draw("lasso", [*corners, corners[0]], key)

    def box(self, first: tuple[float, float], last: tuple[float, float], key: str = "") -> None:
        self.draw("box", [first, last], key)

    def points(self, layout: np.ndarray) -> np.ndarray:
        """(n, 2) pixels of the page where the only panel has the points of a layout (n, 2), at the present view."""
        box, (x, y, zoom) = self.canvas.bounding_box(), self.view()
        assert box is not None
        span = np.ptp(layout.astype(float), axis=0)
        scale = 0.93 * zoom * min(box["width"] / span[0], box["height"] / span[1])
        across = box["x"] + box["width"] / 2 + (layout[:, 0] - x) * scale
        return np.column_stack([across, box["y"] + box["height"] / 2 - (layout[:, 1] - y) * scale])

    def crowd(self, layout: np.ndarray) -> tuple[float, float]:
        """Where most of the visible points are: a fast map differs from run to run, and may be empty in its middle."""
        shares = np.column_stack(self.share(self.points(layout).T))
        visible = self.points(layout)[((shares > 0.1) & (shares < 0.9)).all(axis=1)]
        near = np.linalg.norm(visible[:, None] - visible, axis=2) < 50
        return self.share(visible[near.sum(axis=1).argmax()])

    def share(self, pixels: np.ndarray) -> tuple[float, float]:
        """Pixels (x, y) of the page as shares of the map's width and height."""
        box = self.canvas.bounding_box()
        assert box is not None
        return (pixels[0] - box["x"]) / box["width"], (pixels[1] - box["y"]) / box["height"]
