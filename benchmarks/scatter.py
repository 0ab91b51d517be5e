"""The map's component against `st.plotly_chart` (Scattergl): the same page, points, browser and run."""

import re
import statistics
import time
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.app import server
from benchmarks.data import ROOT
from benchmarks.report import keep
from tests.browser import find_browser

FLAGS = ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader"]
FLAGS += ["--enable-precise-memory-info", "--js-flags=--expose-gc"]
WAIT = 180_000
LASSO = [(0.3, 0.3), (0.7, 0.25), (0.75, 0.7), (0.4, 0.75), (0.3, 0.3)]
# whether points are in the WebGL canvas; reading them back waits until they are really drawn
INKED = """() => {
  const find = (root) => [...root.querySelectorAll('*')].flatMap((each) =>
    each.tagName === 'CANVAS' ? [each] : each.shadowRoot ? find(each.shadowRoot) : []);
  for (const canvas of find(document)) {
    if (canvas.classList.contains('overlay') || canvas.classList.contains('gl-canvas-pick')) continue;
    const gl = canvas.getContext('webgl2') ?? canvas.getContext('webgl');
    if (!gl) continue;
    const [w, h] = [gl.drawingBufferWidth, gl.drawingBufferHeight];
    const data = new Uint8Array(4 * w * 40);
    gl.readPixels(0, (h >> 1) - 20, w, 40, gl.RGBA, gl.UNSIGNED_BYTE, data);
    let inked = 0;
    for (let i = 3; i < data.length; i += 4) if (data[i] > 0) inked++;
    if (inked > 200) return true;
  }
  return false;
}"""

# in the page itself, when the mouse was released and when the answer stood there: polling from outside waits for frames
WATCH = """(before) => {
  const times = (window.times = {});
  document.addEventListener('pointerup', () => (times.released ??= performance.now()), { capture: true, once: true });
  const answered = () => [...document.querySelectorAll('p')].some(
    (each) => /^[1-9][0-9]* rows selected/.test(each.textContent) && each.textContent !== before);
  const observer = new MutationObserver(() => {
    if (times.released && answered()) (times.answered ??= performance.now()), observer.disconnect();
  });
  observer.observe(document.body, { subtree: true, childList: true, characterData: true });
}"""


def main() -> None:
    with server(ROOT, "benchmarks/scatter_page.py") as (url, _), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=FLAGS)
        measure(browser, url, "component", 1_000)  # the server's own imports are not counted for either
        found = {
            count: {kind: medians(browser, url, kind, count) for kind in ("plotly", "component")}
            for count in (100_000, 1_000_000)
        }
        browser.close()
    ratios = {
        f"{name}_{count}": round(kinds["plotly"][name] / max(kinds["component"][name], 1e-9), 1)
        for count, kinds in found.items()
        for name in ("drawn_s", "lasso_to_table_s", "bytes_later")
        if name in kinds["plotly"]
    }
    keep("scatter", {"times_better": ratios, **{str(count): kinds for count, kinds in found.items()}})


def medians(browser: Browser, url: str, kind: str, count: int) -> dict[str, Any]:
    """Of three visits, each in a page of its own; of one where a visit takes most of a minute."""
    visits = 1 if kind == "plotly" and count > 100_000 else 3
    runs = [measure(browser, url, kind, count) for _ in range(visits)]
    return {"visits": visits, **{name: statistics.median(run[name] for run in runs) for name in runs[0]}}


def measure(browser: Browser, url: str, kind: str, count: int) -> dict[str, Any]:
    page = browser.new_page(viewport={"width": 1200, "height": 1000})
    page.set_default_timeout(WAIT)
    sent: list[int] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda data: sent.append(len(data))))
    started = time.perf_counter()
    page.goto(f"{url}/?kind={kind}&n={count}")
    page.wait_for_function(INKED, timeout=WAIT, polling=50)
    result: dict[str, Any] = {"drawn_s": round(time.perf_counter() - started, 2)}
    page.wait_for_timeout(1_500)
    result["heap_mb"] = round(page.evaluate("() => { gc(); return performance.memory.usedJSHeapSize; }") / 1e6)
    if kind == "plotly" and count > 100_000:
        page.close()  # its selection, 53 MB at a million points, exceeds Streamlit's limit and ends the connection
        return result
    result["lasso_to_table_s"] = round(lasso(page, kind), 3)
    page.wait_for_timeout(2_000)
    sent.clear()
    result["later_click_s"] = round(press(page), 2)
    result["bytes_later"] = sum(sent)
    if kind == "component":
        result |= recolor(page)
    page.close()
    return result


def lasso(page: Page, kind: str) -> float:
    """From the end of the lasso to the table of its rows, whose code a page with a table has loaded before."""
    if kind == "component":
        page.get_by_role("button", name="Select with a lasso").click()
    box = page.locator(".nsewdrag" if kind == "plotly" else "canvas.overlay").first.bounding_box()
    assert box is not None
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in LASSO]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=6)
    before = page.get_by_text(re.compile("^[0-9]+ rows selected")).inner_text()
    page.evaluate(WATCH, before)
    page.mouse.up()
    page.wait_for_function("window.times.answered", timeout=WAIT)
    return float(page.evaluate("(window.times.answered - window.times.released) / 1000"))


def press(page: Page) -> float:
    """A click on something else, to its answer: what every later interaction costs."""
    started = time.perf_counter()
    page.get_by_role("button", name="Something else").click()
    page.get_by_text("pressed 1 times").wait_for(timeout=WAIT)
    return time.perf_counter() - started


def recolor(page: Page) -> dict[str, float]:
    """From the click to the first picture in the new colors (of a part of the points), and to all points."""
    started, seconds = time.perf_counter(), {}
    page.get_by_text("Other colors").click()
    for name, mark in (("recolored_s", "drawn"), ("recolored_complete_s", "complete")):
        page.locator(f'.map[data-{mark}$="group:Truelight"]').wait_for(timeout=WAIT)
        page.evaluate(INKED)
        seconds[name] = round(time.perf_counter() - started, 2)
    return seconds


if __name__ == "__main__":
    main()
