"""A real server with a workspace of its own, a real browser, and a picture of the page where a test fails."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from core.files import write_json
from tests.browser import find_browser

ROOT = Path(__file__).parents[2]
FLAGS = ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--disable-background-networking"]
REVIEWS = ROOT.parent / "shared" / "data" / "fine_food_reviews_1k.csv"
TEMPLATE = "Title: {Summary}; Content: {Text}"
WAIT = 90_000  # ms; generous, since other programs may keep the machine busy


@dataclass(frozen=True)
class Server:
    """url: without a slash at its end. home: its workspace. log: what it printed."""

    url: str
    home: Path
    log: Path


Serve = Callable[[Path], AbstractContextManager[Server]]


def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo) -> None:
    if call.when == "call" and call.excinfo is not None:
        for number, page in enumerate(page for context in item.funcargs.get("contexts", []) for page in context.pages):
            path = item.funcargs["tmp_path"] / f"failed-{number}.png"
            page.screenshot(path=path)
            print(f"\nThe page when the test failed: {path}")  # noqa: T201


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serve(home: Path) -> Iterator[Server]:
    """The app as a process of its own, ready to answer; it and its workers are gone afterwards."""
    port, log = free_port(), home.with_suffix(".log")
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless=true"]
    command += [f"--server.port={port}", "--server.address=127.0.0.1"]
    kept = {name: value for name, value in os.environ.items() if name != "OPENAI_API_KEY"}
    with log.open("ab") as out:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=kept | {"PLANISPHERE_HOME": str(home)},
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        wait_for_health(f"http://127.0.0.1:{port}/_stcore/health", process, log)
        yield Server(f"http://127.0.0.1:{port}", home, log)
    finally:
        stop(process)


def wait_for_health(url: str, process: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + WAIT / 1000
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"The server did not start:\n{log.read_text(errors='replace')}")


def stop(process: subprocess.Popen) -> None:
    """End the server and, if any are left, its workers: they share its process group."""
    process.terminate()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@pytest.fixture(scope="session")
def start_server() -> Serve:
    return serve


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose workspace is empty and stays so: the sample's job counts as started already."""
    home = tmp_path_factory.mktemp("shared") / "home"
    write_json(home / "started.json", {})
    with serve(home) as running:
        yield running


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=WAIT)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=find_browser(), args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture
def contexts() -> list[BrowserContext]:
    """The browser contexts a test has opened; pictures are taken of them where it fails."""
    return []


@pytest.fixture
def visit(browser: Browser, contexts: list[BrowserContext], tmp_path: Path) -> Iterator[Callable[[], Page]]:
    """Opens a page in a context of its own: another visitor, who shares no cookie and no session."""

    def opened() -> Page:
        context = browser.new_context(viewport={"width": 1400, "height": 1000})
        context.set_default_timeout(WAIT)
        contexts.append(context)
        return context.new_page()

    yield opened
    for context in contexts:
        context.close()


def parameter(page: Page, name: str) -> str:
    """A parameter of the page's address, or ""."""
    found = re.search(rf"[?&]{name}=([^&]*)", page.url)
    return found.group(1) if found else ""


@pytest.fixture(scope="session")
def embedded(server: Server, browser: Browser) -> str:
    """The reviews, uploaded and embedded with the default model by clicking through; gives the link's query."""
    from tests.e2e.steps import MapOnPage, bring_in, create, go_to, no_traceback

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
    MapOnPage(page)
    no_traceback(page)
    query = page.url.partition("?")[2]
    context.close()
    return query
