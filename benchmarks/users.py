"""Scripted visitors over Streamlit's websocket: how long reruns take, what one costs, and what the server keeps.

`python -m benchmarks.users --users 20 --minutes 3 [--job]` visits all pages at random; `--unchanged 20` reruns each
page so many times in one session and prints the processor time of the server and of the answer worker per rerun.
"""

import argparse
import asyncio
import random
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

from benchmarks.app import server
from benchmarks.data import RESULTS, banking_texts
from benchmarks.report import keep
from core.corpus.build import build_corpus
from core.corpus.reading.values import RawTable
from core.files import read_json
from core.jobs.records import write_record
from core.jobs.types import JobSpec, JobState
from core.models.registry import PRESETS
from core.store import Workspace
from core.types import Roles

THINK_SECONDS = 3.0
KEPT_RUNS = 2  # a browser keeps large messages for so many runs
JOB_ROWS = 20_000
TIMEOUT = 60.0


class Visitor:
    """One session: navigates, reruns, and answers as a browser would. errors: what pages showed in red."""

    def __init__(self, socket: ClientConnection, query: str) -> None:
        self._socket, self._query, self._runs = socket, query, 0
        self._cached: dict[str, int] = {}  # hash of a large message -> run it came in
        self._timers: dict[str, asyncio.Task[None]] = {}
        self._finished = asyncio.Event()
        self._reader = asyncio.create_task(self._read())
        self.pages: dict[str, str] = {}  # address -> hash
        self.page, self.bytes, self.errors = "", 0, list[str]()

    async def visit(self, page: str = "") -> float:
        """Seconds until a page, by its address, or the present one has run."""
        if page:
            self.page = page
        self._finished.clear()
        started = time.perf_counter()
        await self._send()
        try:
            await asyncio.wait_for(self._finished.wait(), TIMEOUT)
        except TimeoutError:
            self.errors.append(f"{self.page}: no end of the run")
        return time.perf_counter() - started

    async def close(self) -> None:
        self._stop_timers()
        self._reader.cancel()
        await self._socket.close()

    @property
    def polls(self) -> bool:
        return bool(self._timers)

    async def _send(self, fragment: str = "") -> None:
        message = BackMsg()
        state = message.rerun_script
        state.query_string, state.page_script_hash = self._query, self.pages.get(self.page, "")
        state.fragment_id, state.is_auto_rerun = fragment, bool(fragment)
        state.cached_message_hashes.extend(self._cached)
        state.context_info.timezone, state.context_info.color_scheme = "Europe/Berlin", "light"
        await self._socket.send(message.SerializeToString())

    async def _read(self) -> None:
        async for data in self._socket:
            self.bytes += len(data)
            message = ForwardMsg()
            message.ParseFromString(data)
            self._take(message)
        self.errors.append(f"{self.page}: the connection was closed")
        self._finished.set()

    def _take(self, message: ForwardMsg) -> None:
        kind = message.WhichOneof("type")
        if message.metadata.cacheable or kind == "ref_hash":
            self._cached[message.hash or message.ref_hash] = self._runs
        if kind == "navigation":
            self.pages = {page.url_pathname: page.page_script_hash for page in message.navigation.app_pages}
        elif kind == "new_session" and not message.metadata.run.fragment_ids:
            self._stop_timers()
        elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
            self._note_error(message.delta.new_element)
        elif kind == "auto_rerun":
            task = self._timers.get(message.auto_rerun.fragment_id)
            if task is None:
                timer = self._tick(message.auto_rerun.fragment_id, message.auto_rerun.interval)
                self._timers[message.auto_rerun.fragment_id] = asyncio.create_task(timer)
        elif kind == "script_finished" and message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
            self._runs += 1
            self._cached = {key: run for key, run in self._cached.items() if self._runs - run <= KEPT_RUNS}
            self._finished.set()

    def _note_error(self, element: Any) -> None:
        kind = element.WhichOneof("type")
        if kind == "exception":
            self.errors.append(f"{self.page}: {element.exception.type}: {element.exception.message}")
        elif kind == "alert" and element.alert.format == element.alert.ERROR:
            self.errors.append(f"{self.page}: {element.alert.body}")

    def _stop_timers(self) -> None:
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    async def _tick(self, fragment: str, interval: float) -> None:
        while True:
            await asyncio.sleep(interval)
            await self._send(fragment)


@asynccontextmanager
async def visitor(url: str, corpus: str = "") -> AsyncIterator[Visitor]:
    address = url.replace("http", "ws") + "/_stcore/stream"
    async with connect(
        address, subprotocols=["streamlit"], max_size=None, compression=None, ping_interval=None
    ) as socket:
        guest = Visitor(socket, f"corpus={corpus}" if corpus else "")
        try:
            await guest.visit()
            yield guest
        finally:
            await guest.close()


class Costs:
    """Processor seconds of the server, of the answer worker (with its reader process) and of the job workers."""

    def __init__(self, pid: int) -> None:
        self._server = psutil.Process(pid)
        self._start = self._read()

    def since(self) -> dict[str, float]:
        return {name: seconds - self._start[name] for name, seconds in self._read().items()}

    def _read(self) -> dict[str, float]:
        used = {"server": _seconds(self._server), "answers": 0.0, "jobs": 0.0}
        for process in self._server.children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                used["answers" if process.nice() == self._server.nice() else "jobs"] += _seconds(process)
        return used


def _seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def megabytes(pid: int) -> float:
    return round(psutil.Process(pid).memory_info().rss / 1e6)


async def prepare(url: str) -> list[str]:
    """Wait until the sample is embedded by all its models, visit all pages once, and give their addresses."""
    async with visitor(url) as guest:
        pages = list(guest.pages)
        for page in (pages[0], *pages):
            await guest.visit(page)
            while guest.polls:  # jobs in the sidebar, which draw the page anew at their end
                await asyncio.sleep(0.5)
        if guest.errors:
            print("errors while warming up:", guest.errors)
    return pages


async def unchanged(url: str, pid: int, corpus: str, pages: list[str], times: int) -> dict[str, dict[str, float]]:
    """By page: milliseconds of processor time and bytes of a rerun that changes nothing."""
    result = {}
    async with visitor(url, corpus) as guest:
        for page in pages:
            for _ in range(3):
                await guest.visit(page)
            costs, before = Costs(pid), guest.bytes
            seconds = [await guest.visit(page) for _ in range(times)]
            used = costs.since()
            result[page or "data"] = {
                "server_ms": round(1000 * used["server"] / times, 1),
                "answers_ms": round(1000 * used["answers"] / times, 1),
                "p50_ms": round(1000 * float(np.median(seconds))),
                "bytes": round((guest.bytes - before) / times),
            }
            print(f"{page or 'data':14}", result[page or "data"], flush=True)
        if guest.errors:
            raise SystemExit(f"errors: {guest.errors}")
    return result


async def crowd(url: str, pid: int, corpus: str, pages: list[str], users: int, seconds: float) -> dict[str, Any]:
    """Visitors who open pages at random, with a pause after each."""
    times: dict[str, list[float]] = defaultdict(list)
    errors: list[str] = []
    end = time.monotonic() + seconds

    async def stay(seed: int) -> None:
        choice = random.Random(seed)
        await asyncio.sleep(choice.uniform(0, THINK_SECONDS))
        async with visitor(url, corpus) as guest:
            while time.monotonic() < end:
                page = choice.choice(pages)
                times[page].append(await guest.visit(page))
                await asyncio.sleep(choice.uniform(0.5, 1.5) * THINK_SECONDS)
            errors.extend(guest.errors)

    memory, costs = megabytes(pid), Costs(pid)
    await asyncio.gather(*(stay(seed) for seed in range(users)))
    used, everything = costs.since(), [second for page in times.values() for second in page]
    return {
        "users": users, "reruns": len(everything), "errors": len(errors), "first_errors": errors[:5],
        **_percentiles(everything),
        "server_ms_per_rerun": round(1000 * used["server"] / len(everything)),
        "answers_ms_per_rerun": round(1000 * used["answers"] / len(everything)),
        "memory_before_mb": memory, "memory_after_mb": megabytes(pid),
        "pages": {page or "data": _percentiles(seconds) for page, seconds in sorted(times.items())},
    }  # fmt: skip


def _percentiles(seconds: list[float]) -> dict[str, float]:
    return {f"p{share}_s": round(float(np.percentile(seconds, share)), 2) for share in (50, 95)}


def start_job(folder: Path) -> JobSpec:
    """Have the server embed a corpus of many rows: it resumes a recorded job that no server has."""
    import pandas as pd

    texts = banking_texts()
    table = pd.DataFrame({"text": [f"{texts[i % len(texts)]} {i} {time.time()}" for i in range(JOB_ROWS)]})
    corpus = build_corpus(RawTable(table, (), (), None, ""), Roles("{text}"), name="Many rows").corpus
    Workspace(folder).save_corpus(corpus)
    spec = JobSpec("embed", str(folder), corpus.digest, {"model": PRESETS[0].to_dict()}, title="Many rows")
    write_record(JobState(spec))
    return spec


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, help="a workspace that is kept")
    parser.add_argument("--users", type=int, default=20)
    parser.add_argument("--minutes", type=float, default=3)
    parser.add_argument("--unchanged", type=int, default=20, help="reruns of each page in one session; 0: none")
    parser.add_argument("--pages", nargs="*", help="only these, by their address")
    parser.add_argument("--job", action="store_true", help="once more while a job runs")
    parser.add_argument("--label", default="now", help="the entry of the results")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        with server(folder) as (url, process):
            async for part, result in measure(url, process.pid, folder, options):
                store(f"{options.label}: {part}", result)


def store(name: str, result: dict[str, Any]) -> None:
    """Beside what is stored. load: of all programs on this machine, 1 is one core."""
    facts = {"processor": processor(), "load": round(psutil.getloadavg()[0], 1)}
    keep("users", {**(read_json(RESULTS / "users.json") or {}), name: facts | result})


async def measure(
    url: str, pid: int, folder: Path, options: argparse.Namespace
) -> AsyncIterator[tuple[str, dict[str, Any]]]:
    pages = await prepare(url)
    corpus, chosen = Workspace(folder).corpora()[-1].digest, options.pages or pages  # the sample
    print(f"prepared, server {pid}, {megabytes(pid):.0f} MB", flush=True)
    if options.unchanged:
        yield "unchanged", await unchanged(url, pid, corpus, chosen, options.unchanged)
    if options.users:
        yield "users", await crowd(url, pid, corpus, chosen, options.users, 60 * options.minutes)
    if options.users and options.job:
        start_job(folder)
        await asyncio.sleep(5)
        yield "users while a job runs", await crowd(url, pid, corpus, chosen, options.users, 60 * options.minutes)


def processor() -> str:
    facts = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    name = next((line.partition(":")[2].strip() for line in facts if line.startswith("model name")), "unknown")
    return f"{name}, {psutil.cpu_count()} cores"


if __name__ == "__main__":
    asyncio.run(main())
