"""Answers that drip, never end or are packed, and servers that may not be contacted."""

import gzip
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from core.errors import ModelError, ServiceError
from core.jobs.manager import JobManager
from core.models.openai_client import connections
from core.models.openai_client.connections import AllowedServers
from core.models.openai_embedder import OpenAIEmbedder, resolve_openai
from core.models.registry import load_embedder
from core.secret import Secret
from core.types import ModelSpec
from core.vectors.service import resolve_model
from tests.core.jobs.steps import finish, job_on
from tests.core.models.openai.server import Reply
from tests.core.models.test_server_models import corpus_of
from tests.embedding_server import DIMENSIONS


def test_addresses_of_azure(serve):
    def rules(path: str, body: dict[str, Any], headers: Any) -> Reply:
        if path == "/openai/deployments/mine/embeddings?api-version=2024-02-01":
            known = headers.get("api-key") == "secret" and not headers.get("authorization")
            return None if known else (401, {"error": {"message": "no key"}}, {})
        if path == "/openai/v1/embeddings":
            return None if headers.get("authorization") == "Bearer secret" else (401, {"error": "no key"}, {})
        code = "DeploymentNotFound" if "deployments" in path else "404"
        return 404, {"error": {"code": code, "message": "The API deployment does not exist."}}, {}

    server, key = serve(rules), Secret("secret")
    host = f"http://127.0.0.1:{server.port}"
    pasted = f"{host}/openai/deployments/mine/embeddings?api-version=2024-02-01"
    spec = resolve_openai(ModelSpec("openai", "", base_url=pasted), key)
    assert (spec.name, spec.dimensions) == ("mine", DIMENSIONS)
    assert spec.base_url == f"{host}/openai/deployments/mine?api-version=2024-02-01"
    assert load_embedder(spec, api_key=key).embed(["a", "b"]).shape == (2, DIMENSIONS)
    assert resolve_openai(ModelSpec("openai", "e", base_url=f"{host}/openai/v1/"), key).dimensions == DIMENSIONS
    with pytest.raises(ServiceError, match="no deployment 'wrong'"):
        resolve_openai(ModelSpec("openai", "", base_url=pasted.replace("mine", "wrong")), key)
    with pytest.raises(ServiceError) as caught:
        resolve_openai(ModelSpec("openai", "e", base_url=f"{host}/openai"), key)
    assert "/openai/deployments/" in caught.value.remedy
    with pytest.raises(ModelError):
        resolve_openai(ModelSpec("openai", "", base_url=f"{host}/v1"), key)


def drip(part: str) -> Callable[[BaseHTTPRequestHandler, bytes], bool]:
    """Sends an answer one byte at a time: in its "head", its "body", or a body that never ends."""

    def send(handler: BaseHTTPRequestHandler, data: bytes) -> bool:
        head = f"HTTP/1.1 200 OK\r\ncontent-length: {len(data)}\r\n\r\n".encode()
        handler.wfile.write(b"" if part == "head" else head)
        for byte in (head if part == "head" else data) * 100:
            handler.wfile.write(bytes([byte]))
            handler.wfile.flush()
            time.sleep(0.05)
        return True

    return send


@pytest.mark.parametrize("part", ["head", "body"])
@pytest.mark.parametrize("status", [200, 500])
def test_an_answer_that_drips_is_given_up(serve, part, status):
    server = serve(lambda *_: None if status == 200 else (500, {"error": "x" * 200}, {}))
    server.send = drip(part)
    started = time.monotonic()
    with pytest.raises(ServiceError, match=r"did not answer within 0\.5 seconds"):
        OpenAIEmbedder(server.spec, api_key=None, timeout=0.5, max_retries=0).embed(["a"])
    assert time.monotonic() - started < 10


@pytest.mark.parametrize("status", [200, 500])
def test_a_gzip_bomb_and_an_endless_answer_are_refused(serve, status):
    bomb = gzip.compress(bytes(200_000_000), 9)

    def send_bomb(handler: BaseHTTPRequestHandler, data: bytes) -> bool:
        head = f"HTTP/1.1 {status} X\r\ncontent-encoding: gzip\r\ncontent-length: {len(bomb)}\r\n\r\n"
        handler.wfile.write(head.encode() + bomb)
        return True

    def send_flood(handler: BaseHTTPRequestHandler, data: bytes) -> bool:
        handler.wfile.write(f"HTTP/1.1 {status} X\r\n\r\n".encode())
        while True:
            handler.wfile.write(b"[" * 65_536)

    for send in (send_bomb, send_flood):
        server = serve()
        server.send = send
        with pytest.raises(ServiceError, match="larger than"):
            OpenAIEmbedder(server.spec, api_key=None, max_retries=0).embed(["a"])
        assert len(server.requests) == 1


def test_a_gzip_answer_is_read_and_other_packing_refused(serve):
    def send(handler: BaseHTTPRequestHandler, data: bytes) -> bool:
        packed = gzip.compress(data)
        head = f"HTTP/1.1 200 OK\r\ncontent-encoding: {encoding}\r\ncontent-length: {len(packed)}\r\n\r\n"
        handler.wfile.write(head.encode() + packed)
        return True

    server, encoding = serve(), "gzip"
    server.send = send
    assert OpenAIEmbedder(server.spec, api_key=None).embed(["a", "b"]).shape == (2, DIMENSIONS)
    for encoding in ("br", "zstd"):
        with pytest.raises(ServiceError, match=encoding):
            OpenAIEmbedder(server.spec, api_key=None).embed(["a"])


@pytest.mark.parametrize(
    ("entries", "url", "allowed"),
    [
        (("*",), "http://127.0.0.1:8000/v1", True),
        (("public",), "https://llm.example.com/v1", True),
        (("public",), "http://127.0.0.1:8000/v1", False),
        (("public",), "http://localhost./v1", False),
        (("public",), "http://[::1]/v1", False),
        (("public",), "http://[::ffff:10.0.0.1]/v1", False),
        (("public",), "http://169.254.169.254/latest", False),
        (("public",), "http://192.168.1.5/v1", False),
        (("public", "192.168.1.5:8000"), "http://192.168.1.5:8000/v1", True),
        (("public", "192.168.1.5:8000"), "http://192.168.1.5/v1", False),
        (("llm.example.com",), "https://llm.example.com:444/v1", True),
        (("llm.example.com",), "https://llm.example.com.evil.net/v1", False),
        (("https://llm.example.com/v1",), "https://LLM.example.com/v1/team", True),
        (("https://llm.example.com/v1",), "https://llm.example.com/v10", False),
        (("https://llm.example.com/v1",), "https://llm.example.com/v1/%2e%2e/admin", False),
        (("https://llm.example.com/v1",), "http://llm.example.com/v1", False),
        ((), "https://llm.example.com/v1", False),
    ],
)
def test_servers_that_visitors_may_name(entries, url, allowed):
    if allowed:
        AllowedServers(entries).check(url)
    else:
        with pytest.raises(ServiceError, match="may not be used") as caught:
            AllowedServers(entries).check(url)
        assert "PLANISPHERE_SERVERS" in caught.value.remedy


@pytest.fixture
def only_public() -> Iterator[None]:
    connections.allow_servers(("public",))
    yield
    connections.allow_servers(("*",))


def test_a_name_that_stands_for_a_private_address_gets_no_request(serve, only_public, monkeypatch):
    import socket

    server, lookup = serve(), socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *args, **options: lookup("127.0.0.1", *args, **options))
    spec = ModelSpec("openai", "letters", base_url=f"http://llm.example.com:{server.port}/v1")
    with pytest.raises(ServiceError, match="may not be used"):
        resolve_openai(spec, None)
    assert server.requests == []


@pytest.mark.slow
def test_jobs_and_answers_contact_allowed_servers_only(serve, workspace):
    server, corpus = serve(), corpus_of(10)
    workspace.save_corpus(corpus)
    strict = JobManager(workers=1, servers=("llm.example.com",))
    try:
        with pytest.raises(ServiceError, match="may not be used"):
            strict.ask(resolve_model, str(workspace.folder), ModelSpec("openai", "m", base_url=server.url), None)
        state = finish(strict, strict.submit(job_on(workspace, corpus.digest, server.spec)))
        assert (state.status, "may not be used" in state.error) == ("failed", True)
    finally:
        strict.close()
    assert server.requests == []
