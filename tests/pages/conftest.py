"""A fresh workspace a test, workers shared by all, and a small embedded corpus."""

import json
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from core.corpus.build import build_corpus
from core.corpus.reading.values import RawTable
from core.files import write_json
from core.jobs import cluster, sample
from core.map.results import LAYOUTS, LayoutQuery
from core.models.registry import load_embedder
from core.store import CorpusInfo, Workspace
from core.types import CorpusRef, LayoutParams, ModelSpec, Roles
from core.vectors.embedding import embed
from core.vectors.loaders import NEIGHBORS, ModelQuery
from pages.shared import scatter
from tests.shared_folder import shared_folder
from tests.waiting import WAIT

SUBJECTS = ("parcel", "lamp", "garden chair", "teapot", "notebook", "gift card")
MOODS = ("arrived late", "looks lovely", "broke at once", "was well worth it", "came in the wrong color")


@pytest.fixture(scope="session", autouse=True)
def component_manifests() -> Iterator[None]:
    """Streamlit reads the metadata of all installed packages for every AppTest, in a quarter of a second: once here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", cache(manifest_scanner.scan_component_manifests))
        yield


@pytest.fixture(scope="session", autouse=True)
def cold_workers() -> Iterator[None]:
    """Workers load and compile what a test needs, not all that a visitor might: each process of the run has its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cluster, "_warm_tasks", lambda offers: [])
        yield


@pytest.fixture(autouse=True)
def nothing_prepared(tmp_path, monkeypatch) -> None:
    """As if the installation had not prepared the sample: what is there depends on when it was installed."""
    monkeypatch.setattr(sample, "prepared_folder", lambda: tmp_path / "nothing")


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    """An empty workspace that won't start the sample's job."""
    folder = tmp_path / "home"
    write_json(folder / "started.json", {})
    monkeypatch.setenv("PLANISPHERE_HOME", str(folder))
    monkeypatch.setenv("PLANISPHERE_WORKERS", "1")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    return folder


@pytest.fixture
def corpus(home, shop) -> tuple[CorpusInfo, ModelSpec]:
    """Sixty short texts, embedded with the lexical model, with graph, index and the default maps."""
    folder, digest, spec = shop
    shutil.copytree(folder, home, dirs_exist_ok=True)
    return Workspace(home).info(digest), spec


@pytest.fixture(scope="session")
def shop(tmp_path_factory) -> tuple[Path, str, ModelSpec]:
    """The workspace that each test's corpus is copied from: its folder, the corpus' digest, the model."""
    with shared_folder(tmp_path_factory, "shop") as folder:
        facts = folder.with_suffix(".json")
        if not facts.exists():
            _, digest, spec = build_shop(folder)
            for layout in (LayoutParams(), LayoutParams(method="pca")):
                LAYOUTS.get_or_compute(LayoutQuery(CorpusRef(str(folder), digest), spec, layout))
            write_json(facts, {"digest": digest, "model": spec.to_dict()})
        stored = json.loads(facts.read_text(encoding="utf-8"))
    return folder, stored["digest"], ModelSpec.from_dict(stored["model"])


def build_shop(folder: Path) -> tuple[Path, str, ModelSpec]:
    """The same without maps, which take long to compile."""
    texts = [f"My {subject} {mood}{mark}" for mark in (".", "!") for subject in SUBJECTS for mood in MOODS]
    table = pd.DataFrame({"id": range(60), "text": texts, "subject": [s for s in SUBJECTS for _ in MOODS] * 2})
    table["stars"] = [1 + i % 5 for i in range(60)]
    table["day"] = pd.date_range("2026-01-01", periods=60).astype(str)
    raw = RawTable(table=table, sources=(), notes=(), vectors=None, vectors_name="")
    built = build_corpus(raw, Roles("{text}", ("subject",), "day", "id"), name="Little shop").corpus
    workspace = Workspace(folder)
    workspace.save_corpus(built)
    spec = embed(built, load_embedder("lexical"), workspace).model
    NEIGHBORS.get_or_compute(ModelQuery(CorpusRef(str(folder), built.digest), spec))
    return folder, built.digest, spec


@pytest.fixture
def app(home) -> AppTest:
    """The app, not yet run."""
    return AppTest.from_file(str(Path(__file__).parents[2] / "app.py"), default_timeout=WAIT)


class Browser:
    """Stands for the map in a browser: keeps what it is given, and tells what a test lets a person choose there.

    data: given last, None while no map is on the page. arrays: bytes by key. rows: (key, rows) of details.
    """

    def __init__(self) -> None:
        self.data: dict[str, Any] | None = None
        self.arrays: dict[str, bytes] = {}
        self.rows: tuple[str, list[Any]] = ("", [])
        self.told: dict[str, Any] = {}
        self.stamp = ""

    def choose(self, view: tuple[float, ...] = (0.5, 0.5, 1.0), box: Any = None, **choice: Any) -> None:
        """What a person does next; it is told in the next run of the page."""
        assert self.data, "no map is on the page"
        color = self.data["color"]["key"]
        self.told["state"] = {
            "reset": self.data["reset"],
            "view": list(view),
            "choice": {"color": color, **choice},
            "box": box,
        }

    def draw(self, data: dict[str, Any], key: str) -> dict[str, Any]:
        """As the component does: a command with a new stamp is taken up, and told from the next run on."""
        self.data, told = data, dict(self.told)
        command = data["command"]
        if command["stamp"] != self.stamp:
            self.stamp = command["stamp"]
            self.choose(tuple(command["view"] or (0.5, 0.5, 1.0)), **command["choice"])
        return told

    def send(self, packets: Any) -> None:
        self.arrays |= {packet.key: packet.data for packet in packets}

    def send_rows(self, key: str, rows: list[Any]) -> None:
        self.rows = (key, rows)


@pytest.fixture
def browser(monkeypatch) -> Browser:
    """In place of the map's component, which draws nothing in an AppTest and has nothing to tell."""
    fake = Browser()
    for name in ("draw", "send", "send_rows"):
        monkeypatch.setattr(scatter, name, getattr(fake, name))
    return fake
