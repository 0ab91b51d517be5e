"""The app itself: first paint, the first and later queries, and memory with 100,000 rows open, in headless Chromium."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import psutil
from playwright.sync_api import sync_playwright

from benchmarks.data import ROOT, banking_texts, many_rows
from benchmarks.report import keep, percentile_ms
from core.corpus.build import build_corpus
from core.corpus.reading.values import RawTable
from core.files import write_json
from core.jobs.manager import JobManager
from core.map.results import LAYOUTS, LayoutQuery
from core.models.registry import PRESETS, load_embedder
from core.search import service as search
from core.search.service import Query
from core.store import Workspace
from core.types import CorpusRef, LayoutParams, Roles, Vectors
from core.vectors.loaders import NEIGHBORS, ModelQuery, load_index
from tests.browser import find_browser

ROWS = 100_000
QUERIES = ("where is my card", "top up failed", "exchange rate is wrong", "I lost my phone", "cash withdrawal fee") * 4


def main() -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write_json(folder / "started.json", {})
        corpus = fill(folder)
        keep("app", {"rows": ROWS, "server": in_the_browser(folder, corpus), "queries": queries(folder, corpus)})


def fill(folder: Path) -> str:
    """A corpus of 100,000 rows with vectors, graph, map and index, as jobs leave them; gives its digest."""
    texts = banking_texts()
    table = pd.DataFrame(
        {"text": [f"{texts[i % len(texts)]} ({i})" for i in range(ROWS)], "group": [f"g{i % 9}" for i in range(ROWS)]}
    )
    raw = RawTable(table=table, sources=(), notes=(), vectors=None, vectors_name="")
    corpus = build_corpus(raw, Roles("{text}", ("group",)), name="Many rows").corpus
    workspace, spec = Workspace(folder), PRESETS[0]
    workspace.save_corpus(corpus)
    seeds = load_embedder(spec, models_folder=folder / "models").embed(texts)
    workspace.save_vectors(Vectors(many_rows(seeds, ROWS), spec, corpus.digest))
    NEIGHBORS.get_or_compute(ModelQuery(CorpusRef(str(folder), corpus.digest), spec))
    LAYOUTS.get_or_compute(LayoutQuery(CorpusRef(str(folder), corpus.digest), spec, LayoutParams()))
    load_index(CorpusRef(str(folder), corpus.digest), spec)
    return corpus.digest


def in_the_browser(folder: Path, corpus: str) -> dict[str, float]:
    """Seconds to the first paint of a cold and a warm server, and its resident memory after each page was opened."""
    with server(folder) as (url, process), sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_browser(), args=["--no-sandbox", "--use-angle=swiftshader"]
        )
        page = browser.new_page()
        seconds = {}
        for visit in ("cold", "warm"):
            started = time.perf_counter()
            page.goto(url)
            page.wait_for_selector("h1")
            seconds[f"first_paint_{visit}_s"] = round(time.perf_counter() - started, 2)
        for address in ("", "embed", "map", "search?q=lost+card"):
            page.goto(f"{url}/{address}{'&' if '?' in address else '?'}corpus={corpus}")
            page.wait_for_selector("h1")
            page.wait_for_timeout(15_000)
        memory = psutil.Process(process.pid).memory_info().rss / 1e6
        browser.close()
    return seconds | {"streamlit_rss_mb": round(memory)}


@contextmanager
def server(folder: Path, script: str = "app.py"):
    """A Streamlit server of a script on a free port, with this workspace; gives its address and process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        script,
        "--server.headless",
        "true",
        "--server.port",
        str(port),
    ]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=os.environ | {"PLANISPHERE_HOME": str(folder), "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
    )
    try:
        url = f"http://localhost:{port}"
        while subprocess.run(["curl", "-sf", f"{url}/_stcore/health"], capture_output=True).returncode:
            time.sleep(0.1)
        yield url, process
    finally:
        process.terminate()
        process.wait(20)


def queries(folder: Path, corpus: str) -> dict[str, float]:
    """Milliseconds from asking to the answer, histogram included: the first after a start, and later ones."""
    manager = JobManager(workers=1)
    manager.ask(os.getpid)
    times = []
    for text in QUERIES:
        started = time.perf_counter()
        manager.ask(search.find, CorpusRef(str(folder), corpus), PRESETS[0], Query(text))
        times.append(time.perf_counter() - started)
    manager.close()
    return {
        "first_ms": percentile_ms(times[:1], 50),
        "p50_ms": percentile_ms(times[1:], 50),
        "p99_ms": percentile_ms(times[1:], 99),
    }


if __name__ == "__main__":
    main()
