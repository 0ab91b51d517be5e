"""One server, one browser and one prepared workspace for all tests, and a picture of the page where a test fails."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from core.jobs.sample import prepare_sample
from core.map.scene import stored_layouts
from core.map.service import LayoutKey, stored_layout
from core.store import Workspace
from core.types import Corpus, CorpusRef
from tests.browser import find_browser
from tests.e2e import labels
from tests.e2e.steps import WIDE, MapOnPage, go_to, keyed, link_value, no_traceback, settled

ROOT = Path(__file__).parents[2]
# WebGL needs the GPU process, which without a GPU is slow: pages are drawn and composed without it
FLAGS = ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--disable-gpu-compositing"]
FLAGS += ["--disable-background-networking"]
TIMEOUT = 90_000  # ms; generous, since other programs may keep the machine busy
FIRST_TIMEOUT = 240_000  # ms; the first visit waits for the workers to start


@dataclass(frozen=True)
class Server:
    """url: without a slash at its end. home: its workspace. log: what it printed. pid: of its process."""

    url: str
    home: Path
    log: Path
    pid: int


@dataclass(frozen=True)
class Sample:
    """The sample corpus in the server's workspace, embedded with its models. link: the query that opens it."""

    server: Server
    link: str
    digest: str

    def url(self, page: str, **values: str) -> str:
        """The address of a page ("map") with this corpus."""
        return f"{self.server.url}/{page}?" + "&".join([self.link, *(f"{k}={v}" for k, v in values.items())])

    @cached_property
    def workspace(self) -> Workspace:
        return Workspace(self.server.home)

    @cached_property
    def corpus(self) -> Corpus:
        return self.workspace.load_corpus(self.digest)

    @cached_property
    def maps(self) -> tuple[LayoutKey, ...]:
        """Its default maps, the first model's first."""
        return stored_layouts(CorpusRef(str(self.server.home), self.digest))

    @cached_property
    def layout(self) -> np.ndarray:
        """(n, 2) float32: the points of the first model's map."""
        return np.asarray(stored_layout(self.maps[0]).points, dtype=np.float32)


def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo) -> None:
    if call.when == "call" and call.excinfo is not None:
        for number, page in enumerate(item.funcargs.get("pages", [])):
            path = item.funcargs["tmp_path"] / f"failed-{number}.png"
            page.screenshot(path=path)
            print(f"\nThe page when the test failed: {path}")  # noqa: T201


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serve(home: Path, *options: str) -> Iterator[Server]:
    """The app as a process of its own, ready to answer; it and its workers are gone afterwards."""
    port, log = free_port(), home.with_suffix(".log")
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless=true"]
    command += [f"--server.port={port}", "--server.address=127.0.0.1", *options]
    environment = {name: value for name, value in os.environ.items() if name != "OPENAI_API_KEY"}
    with log.open("ab") as out:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment | {"PLANISPHERE_HOME": str(home)},
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        base = "/".join(filter(None, [f"http://127.0.0.1:{port}", os.environ.get("STREAMLIT_SERVER_BASE_URL_PATH")]))
        wait_for_health(f"{base}/_stcore/health", process, log)
        yield Server(f"http://127.0.0.1:{port}", home, log, process.pid)
    finally:
        stop(process)


def wait_for_health(url: str, process: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + TIMEOUT / 1000
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
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with a new workspace, which begins with the sample as it was prepared at install."""
    prepare_sample()
    with serve(tmp_path_factory.mktemp("workspace") / "home") as running:
        yield running


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=TIMEOUT)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=find_browser(), args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def context(browser: Browser) -> Iterator[BrowserContext]:
    """Shared, so that the scripts of the app are loaded once; every page in it has a Streamlit session of its own."""
    with browser.new_context(viewport=WIDE) as shared:
        shared.set_default_timeout(TIMEOUT)
        yield shared


@pytest.fixture
def pages() -> list[Page]:
    """The pages a test has opened; pictures are taken of them where it fails."""
    return []


@pytest.fixture
def visit(context: BrowserContext, pages: list[Page], tmp_path: Path) -> Iterator[Callable[[], Page]]:
    """Opens a page with a session of its own."""

    def opened() -> Page:
        pages.append(context.new_page())
        return pages[-1]

    yield opened
    for page in pages:
        page.close()


@pytest.fixture(scope="session")
def sample(server: Server, context: BrowserContext) -> Sample:
    """The first visit: the visitor opens the map of the sample, and no job runs."""
    page = context.new_page()
    page.set_default_timeout(FIRST_TIMEOUT)
    page.goto(server.url)
    settled(page)
    go_to(page, labels.MAP)
    MapOnPage(page)
    no_traceback(page)
    expect(keyed(page, "cancel-", prefix=True)).to_have_count(0)
    link, digest = page.url.partition("?")[2], link_value(page, "corpus")
    page.close()
    return Sample(server, link, digest)


@pytest.fixture
def opened(sample: Sample, visit: Callable[[], Page]) -> MapOnPage:
    """The sample's map."""
    page = visit()
    page.goto(sample.url("map"))
    return MapOnPage(page)
