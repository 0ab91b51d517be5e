"""A small workspace with vectors, a neighbor graph and scores of two contenders, and calls of the server's tools."""

import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import anyio
import numpy as np
import pandas as pd
import pytest
from mcp import Client
from mcp.server.mcpserver import MCPServer
from mcp.types import CallToolResult

from core.corpus.build import build_corpus
from core.corpus.reading.values import RawTable
from core.mcp.access import Access
from core.mcp.server import build_server
from core.models.registry import load_embedder
from core.scoreboard.results import SCORES, ScoresQuery
from core.scoreboard.types import Scores, Task
from core.secret import Keys
from core.store import Workspace
from core.types import CorpusRef, ModelSpec, Roles
from core.vectors.contenders import Contender
from core.vectors.embedding import embed
from core.vectors.loaders import NEIGHBORS, ModelQuery
from tests.shared_folder import shared_folder

SUBJECTS = ("parcel", "lamp", "garden chair", "teapot", "notebook", "gift card")
COMMENTS = ("arrived late", "looks lovely", "broke at once", "was well worth it", "came in the wrong color")
NO_KEYS = Keys({})
Call = Callable[..., CallToolResult]


@pytest.fixture(scope="session")
def shop(tmp_path_factory) -> Path:
    """Sixty texts on six subjects, embedded with the lexical model. Tests that write copy it."""
    with shared_folder(tmp_path_factory, "agents-shop") as folder:
        if not folder.exists():
            texts = [f"My {subject} {comment}{mark}" for mark in ".!" for subject in SUBJECTS for comment in COMMENTS]
            table = pd.DataFrame({"text": texts, "subject": [name for name in SUBJECTS for _ in COMMENTS] * 2})
            table["stars"] = [1 + i % 5 for i in range(60)]
            raw = RawTable(table=table, sources=(), notes=(), vectors=None, vectors_name="")
            corpus = build_corpus(raw, Roles("{text}", ("subject",)), name="Little shop").corpus
            Workspace(folder).save_corpus(corpus)
            reference = CorpusRef(str(folder), corpus.digest)
            spec = embed(corpus, load_embedder("lexical"), Workspace(folder)).model
            NEIGHBORS.get_or_compute(ModelQuery(reference, spec))
            save_scores(reference, spec)
    return folder


def save_scores(corpus: CorpusRef, spec: ModelSpec) -> None:
    """Scores of the model and of its float16 variant, which is a little lower in each of 60 queries."""
    values = np.linspace(0.4, 0.9, 60, dtype=np.float32)
    units, task = np.arange(60, dtype=np.int32), Task.of("labels", column="subject")
    facts = {"rows": 60, "labels": 6, "missing": 0, "single": 0, "of_queries": 60, "seed": 0}
    for contender, lower in ((Contender(spec), 0.0), (Contender(spec, bits="float16"), 0.1)):
        scores = Scores({"map_at_r": values - np.float32(lower)}, units, chance={"map_at_r": 0.15}, facts=facts)
        SCORES.save(ScoresQuery(corpus, contender, task), scores)


@pytest.fixture
def folder(shop, tmp_path) -> Path:
    """A copy to write into."""
    return shutil.copytree(shop, tmp_path / "workspace")


@cache
def server(access: Access) -> MCPServer:
    """Building one takes as long as several calls."""
    return build_server(access)


@pytest.fixture
def call(shop, request) -> Call:
    """Calls a tool by the SDK's client: of the copy in tests that have one. `allowed`: fields of the access."""
    folder = request.getfixturevalue("folder") if "folder" in request.fixturenames else shop
    workspace = Workspace(folder)

    def run(tool: str, allowed: dict[str, Any] | None = None, **arguments: Any) -> CallToolResult:
        async def connect() -> CallToolResult:
            async with Client(server(Access(workspace, **(allowed or {}), keys=NO_KEYS))) as client:
                return await client.call_tool(tool, arguments)

        return anyio.run(connect)

    return run


@pytest.fixture
def read(call) -> Callable[..., dict[str, Any]]:
    """The structured result of a call on the shop that must succeed."""

    def run(tool: str, allowed: dict[str, Any] | None = None, **arguments: Any) -> dict[str, Any]:
        result = call(tool, allowed, corpus="Little shop", **arguments)
        assert not result.is_error, result.content
        assert result.structured_content is not None
        return result.structured_content

    return run


@pytest.fixture
def refused(call) -> Callable[..., str]:
    """What the error says of a call on the shop that must fail."""

    def run(tool: str, allowed: dict[str, Any] | None = None, **arguments: Any) -> str:
        result = call(tool, allowed, **{"corpus": "Little shop", **arguments})
        assert result.is_error
        assert result.structured_content is None
        return str(result.content[0].text)

    return run
