"""What a person does on the pages, for the browser tests."""

from typing import Any

import numpy as np
from playwright.sync_api import Page, ViewportSize, expect

from tests.e2e.conftest import Server

WIDE: ViewportSize = {"width": 1400, "height": 1000}
PHONE: ViewportSize = {"width": 420, "height": 900}


def go_to(page: Page, name: str) -> None:
    page.get_by_test_id("stSidebarNav").get_by_role("link", name=name, exact=True).click()
    expect(page.get_by_role("heading", level=1, name=name)).to_be_visible()
    settled(page)


def settled(page: Page) -> None:
    """Wait until the page's script has run to its end: what is typed earlier can be lost to a widget made anew."""
    page.locator('[data-test-script-state="notRunning"]').wait_for()


def drawn_and_fitting(page: Page, names: tuple[str, ...]) -> None:
    """Each page is opened from the wide screen's sidebar, is drawn, and then fits a phone."""
    for name in names:
        page.set_viewport_size(WIDE)
        go_to(page, name)
        no_traceback(page)
        assert page.get_by_text("This page could not be drawn").count() == 0
        page.set_viewport_size(PHONE)
        settled(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], name


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


# canvases stand in shadow roots, where document.querySelector does not look
FIND = """const find = (kind, root = document) => root.querySelector(`canvas.${kind}`) ??
  [...root.querySelectorAll('*')].map((each) => each.shadowRoot && find(kind, each.shadowRoot)).find(Boolean);"""
INKED = """const inked = () => {
  const gl = find('points').getContext('webgl2'), [w, h] = [gl.drawingBufferWidth, gl.drawingBufferHeight];
  const data = new Uint8Array(4 * w * h);
  gl.readPixels(0, 0, w, h, gl.RGBA, gl.UNSIGNED_BYTE, data);
  return data.filter((each, i) => i % 4 === 3 && each > 0).length;
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
  await new Promise((done) => setTimeout(done, 100));
  lose.restoreContext();
  await restored;
}"""


class MapOnPage:
    """The map's component on a page, once its points are drawn. Places are shares of its width and height."""

    def __init__(self, page: Page) -> None:
        self.page, self.root = page, page.locator(".map").first
        self.settle()
        self.canvas = page.locator("canvas.overlay").first

    def settle(self) -> None:
        """Wait until all points are drawn and the page's script has run to its end."""
        self.page.locator(".map[data-drawn]").first.wait_for(timeout=180_000)
        settled(self.page)

    def told(self, name: str) -> str:
        return self.root.get_attribute(f"data-{name}") or ""

    def wait_told(self, name: str, value: str) -> None:
        self.page.locator(f'.map[data-{name}="{value}"]').first.wait_for()

    def view(self) -> list[float]:
        return [float(part) for part in self.told("view").split()]

    def place(self, x: float, y: float) -> tuple[float, float]:
        box = self.canvas.bounding_box()
        assert box is not None
        return box["x"] + x * box["width"], box["y"] + y * box["height"]

    def wheel(self, x: float, y: float, delta: float) -> None:
        """Zoom, and wait until the link holds the new view."""
        before = self.page.url
        self.page.mouse.move(*self.place(x, y))
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
        self.root.get_by_role("button", name=name).click()

    def draw(self, tool: str, places: list[tuple[float, float]], key: str = "") -> None:
        """Drag along the places with a tool, holding a key, and wait until another number of rows is selected."""
        before = self.told("selected")
        self.tool(tool)
        steps = [self.place(*place) for place in places]
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

    def lasso(self, places: list[tuple[float, float]], key: str = "") -> None:
        self.draw("Select with a lasso", [*places, places[0]], key)

    def box(self, first: tuple[float, float], last: tuple[float, float], key: str = "") -> None:
        self.draw("Select a box", [first, last], key)

    def points(self, layout: np.ndarray) -> np.ndarray:
        """(n, 2) pixels of the page where the only panel has the points of a layout (n, 2), at the present view."""
        box, (x, y, zoom) = self.canvas.bounding_box(), self.view()
        assert box is not None
        span = np.ptp(layout.astype(float), axis=0)
        scale = 0.93 * zoom * min(box["width"] / span[0], box["height"] / span[1])
        across = box["x"] + box["width"] / 2 + (layout[:, 0] - x) * scale
        return np.column_stack([across, box["y"] + box["height"] / 2 - (layout[:, 1] - y) * scale])

    def crowd(self, layout: np.ndarray) -> tuple[float, float]:
        """Where most points are: a fast map is another at every run, and may be empty in its middle."""
        pixels = self.points(layout)
        near = np.linalg.norm(pixels[:, None] - pixels, axis=2) < 50
        return self.share(pixels[near.sum(axis=1).argmax()])

    def share(self, pixels: np.ndarray) -> tuple[float, float]:
        """Pixels (x, y) of the page as shares of the map's width and height."""
        box = self.canvas.bounding_box()
        assert box is not None
        return (pixels[0] - box["x"]) / box["width"], (pixels[1] - box["y"]) / box["height"]
