"""The first minutes of a new user, in headless Chromium: a cold server, the sample's map, and the way of an own file.

`python -m benchmarks.start --base PATH` measures a checkout of an earlier version beside this one, in alternating
rounds, so that both meet the same load of the machine. Seconds; the medians of the rounds, and their ratios.
"""

import argparse
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.data import ROOT, SHARED
from benchmarks.report import keep
from tests.browser import find_browser
from tests.e2e import labels
from tests.e2e.steps import button, go_to, settled

REVIEWS = SHARED / "fine_food_reviews_1k.csv"
FLAGS = ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--disable-gpu-compositing"]
TIMEOUT = 600_000  # ms; a base embeds the sample meanwhile
Seconds = dict[str, float]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--base", type=Path, help="a checkout of the version to compare with")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    roots = {"base": options.base.resolve(), "now": ROOT} if options.base else {"now": ROOT}
    prepared = {name: timed(lambda root=root: prepare(root)) for name, root in roots.items()}
    rounds: dict[str, list[Seconds]] = {name: [] for name in roots}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=FLAGS)
        for _ in range(options.rounds):
            for name, root in roots.items():
                rounds[name].append(one_round(browser, root))
                print(name, rounds[name][-1], flush=True)
        browser.close()
    medians = {name: median(parts) for name, parts in rounds.items()}
    result: dict[str, Any] = {"processor": processor(), "cores": os.cpu_count(), "rounds": options.rounds}
    result |= {"warm_s": prepared, "median_s": medians, "all": rounds}
    if "base" in medians:
        result["ratio"] = {part: round(medians["now"][part] / medians["base"][part], 3) for part in medians["now"]}
    keep("start", result)


def prepare(root: Path) -> None:
    """What the installation does last."""
    subprocess.run([sys.executable, "-m", "core.warm"], cwd=root, check=True)


def one_round(browser: Browser, root: Path) -> Seconds:
    """Three servers, each started anew: one of a new workspace whose visitor uploads a file, one of another new
    workspace whose visitor opens the map, and the first one again."""
    with tempfile.TemporaryDirectory() as place:
        first, second = Path(place) / "first", Path(place) / "second"
        with visit(browser, root, first) as (page, seconds, memory):
            seconds |= own_file(page, time.perf_counter())
            seconds["path_s"] = seconds["first_element_s"] + sum(seconds[f"{part}_s"] for part in PARTS)
            seconds["server_mb"] = memory()
        with visit(browser, root, second, "/map") as (page, other, _):
            page.locator(".map[data-drawn]").first.wait_for()
            seconds["sample_map_s"] = time.perf_counter() - other["opened"]
            page.wait_for_function("!document.querySelector('[class*=st-key-cancel-]')")  # jobs of a base
        with visit(browser, root, second) as (page, other, _):
            page.locator(".st-key-lengths").wait_for()
            page.get_by_test_id("stDataFrame").first.wait_for()
            settled(page)
            seconds["saved_corpus_s"] = time.perf_counter() - other["opened"]
    del seconds["opened"]
    return {name: round(value, 2) for name, value in seconds.items()}


PARTS = ("columns", "create", "map")


def own_file(page: Page, started: float) -> Seconds:
    """From the upload to the map of its texts; each part ends with what is shown then."""
    settled(page)
    marks = [time.perf_counter()]
    page.locator("input[type=file]").first.set_input_files(REVIEWS)
    page.get_by_role("heading", name="Columns").wait_for()
    button(page, "create").wait_for()
    marks.append(time.perf_counter())
    settled(page)
    button(page, "create").click()
    page.get_by_test_id("stAlertContentSuccess").first.wait_for()
    marks.append(time.perf_counter())
    go_to(page, labels.EMBED)
    button(page, "embed_start").click()
    go_to(page, labels.MAP)
    page.locator(".map[data-drawn]").first.wait_for()
    marks.append(time.perf_counter())
    parts = {f"{part}_s": after - before for part, before, after in zip(PARTS, marks, marks[1:], strict=False)}
    return {"settled_s": marks[0] - started} | parts


@contextmanager
def visit(
    browser: Browser, root: Path, home: Path, path: str = ""
) -> Iterator[tuple[Page, Seconds, Callable[[], float]]]:
    """A server started for one visitor: the page at its first element, the seconds until then, and a function for the
    resident memory of the server's process, in MB."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless=true", f"--server.port={port}"]
    environment = os.environ | {"PLANISPHERE_HOME": str(home)}
    launched = time.perf_counter()
    process = subprocess.Popen(command, cwd=root, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for_server(f"http://127.0.0.1:{port}")
        opened = time.perf_counter()
        with browser.new_context(viewport={"width": 1400, "height": 1100}) as context:
            page = context.new_page()
            page.set_default_timeout(TIMEOUT)
            page.goto(f"http://127.0.0.1:{port}{path}")
            page.locator("h1").first.wait_for()
            seen = time.perf_counter()
            seconds = {"opened": opened, "server_s": opened - launched, "first_element_s": seen - opened}
            seconds["launch_to_first_element_s"] = seen - launched
            yield page, seconds, lambda: psutil.Process(process.pid).memory_info().rss / 1e6
    finally:
        process.terminate()
        process.wait(30)


def wait_for_server(url: str) -> None:
    while True:
        with suppress(OSError), urllib.request.urlopen(f"{url}/_stcore/health", timeout=60) as answer:
            if answer.status == 200:
                return
        time.sleep(0.02)


def timed(function: Callable[[], None]) -> float:
    started = time.perf_counter()
    function()
    return round(time.perf_counter() - started, 2)


def median(rounds: list[Seconds]) -> Seconds:
    return {part: round(statistics.median(each[part] for each in rounds), 2) for part in rounds[0]}


def processor() -> str:
    """The processor's name as Linux gives it, "" elsewhere."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")


if __name__ == "__main__":
    main()
