"""The command line: a real process over stdio, and requests by HTTP that pages of a browser can't make."""

import sys
from pathlib import Path

import anyio
import pytest
from mcp import Client, StdioServerParameters
from starlette.testclient import TestClient

from core.mcp.__main__ import main, open_access, parse_arguments, transport_security
from core.mcp.server import build_server

ROOT = Path(__file__).parents[3]
HEADERS = {"accept": "application/json, text/event-stream", "content-type": "application/json"}
PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}


def test_a_process_serves_its_workspace_over_stdio(shop):
    command = StdioServerParameters(command=sys.executable, args=["-m", "core.mcp", "--workspace", str(shop)], cwd=ROOT)

    async def connect():
        async with Client(command) as client:
            found = await client.call_tool("search", {"corpus": "Little shop", "query": "late", "mode": "keyword"})
            return found, await client.call_tool("export", {"corpus": "Little shop", "name": "late"})

    found, refused = anyio.run(connect)
    assert found.structured_content["matching"] == 12
    assert refused.is_error


@pytest.mark.parametrize(
    ("header", "value", "status"),
    [("host", "localhost:8000", 200), ("host", "evil.example:8000", 421), ("origin", "http://evil.example", 403)],
)
def test_http_answers_this_machine_alone(shop, header, value, status):
    server = build_server(open_access(parse_arguments(["--workspace", str(shop)])))
    app = server.streamable_http_app(
        stateless_http=True, json_response=True, transport_security=transport_security(8000)
    )
    with TestClient(app, base_url="http://127.0.0.1:8000") as client:
        assert client.post("/mcp", json=PING, headers={**HEADERS, header: value}).status_code == status


def test_a_folder_without_corpora_is_refused(tmp_path, capsys):
    assert main(["--workspace", str(tmp_path)]) == 2
    assert "--workspace" in capsys.readouterr().err


def test_nothing_is_allowed_by_default(shop):
    access = open_access(parse_arguments(["--workspace", str(shop)]))
    assert not access.allow_write
    assert not access.allow_paid
