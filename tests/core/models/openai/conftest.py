"""Fixtures of the tests of OpenAI's embedder: against scripted replies (wire.py) and real local servers (server.py)."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from core.models import openai_embedder as openai_module
from core.models.openai_client import requests as openai_requests
from core.models.openai_client.tokens import TokenCounter
from core.store import Workspace
from tests.core.models.openai.server import Server


@pytest.fixture(autouse=True)
def estimated_tokens(monkeypatch):
    """No download of tiktoken's table while testing."""
    monkeypatch.setattr(openai_module, "openai_tokens", TokenCounter)


@pytest.fixture
def waits(monkeypatch):
    """The seconds the back-off would have waited."""
    requested = []
    monkeypatch.setattr(openai_requests, "pause", lambda stop, seconds: requested.append(seconds))
    return requested


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def start(*args: Any, **options: Any) -> Server:
        servers.append(Server(*args, **options))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def workspace(tmp_path) -> Workspace:
    return Workspace(tmp_path / "work")
