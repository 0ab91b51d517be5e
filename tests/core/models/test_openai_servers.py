"""Compatible servers, over real sockets: each fake refuses what the server it is named after refuses."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from core.errors import ServiceError
from core.models import openai_embedder as openai_module
from core.models.openai_client.models import checked_url
from core.models.openai_client.tokens import TokenCounter
from core.models.openai_embedder import PROBE_TEXT, OpenAIEmbedder, resolve_openai
from core.types import ModelSpec
from tests.waiting import WAIT


@pytest.fixture(autouse=True)
def estimated_tokens(monkeypatch):
    monkeypatch.setattr(openai_module, "openai_tokens", TokenCounter)


def vector(text, dimensions):
    """Letter counts and the length: readable, different for different texts, not of unit length."""
    return [1.0 + text.count(chr(97 + i)) + (len(text) if i == 25 else 0) for i in range(dimensions)]


def unit(text, dimensions=26):
    row = np.array(vector(text, dimensions))
    return row / np.linalg.norm(row)


class Server:
    """A compatible server. rules(body) gives (status, answer) to refuse, or None; native: its own dimensions."""

    def __init__(self, rules=lambda body: None, native=26, takes_dimensions=True):
        self.bodies, self.headers = [], []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                server.bodies.append(body)
                server.headers.append(dict(self.headers))
                size = body.get("dimensions", native) if takes_dimensions else native
                rows = [{"index": i, "embedding": vector(text, size)} for i, text in enumerate(body["input"])]
                status, reply = rules(body) or (200, {"data": rows[::-1]})
                data = json.dumps(reply).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                if status in (301, 302, 307):
                    self.send_header("Location", reply)
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.handle_error = lambda *_: None  # a client that gave up is no news
        self.url = f"http://127.0.0.1:{self.http.server_port}/v1"
        threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True).start()

    def close(self):
        self.http.shutdown()
        self.http.server_close()


@pytest.fixture
def serve():
    servers = []

    def start(*args, **options):
        servers.append(Server(*args, **options))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def spec_of(server, **changes):
    return ModelSpec("openai", "some-model", **{"base_url": server.url, **changes})


def test_compatible_server_gets_plain_floats_strings_and_small_batches(serve, monkeypatch):
    monkeypatch.setenv("OPENAI_ORG_ID", "org-private")
    server = serve()
    texts = [f"text {chr(97 + i % 26)} {i}" for i in range(100)]
    rows = OpenAIEmbedder(spec_of(server), api_key=None).embed(texts)
    np.testing.assert_allclose(rows, [unit(text) for text in texts], atol=1e-6)
    requested = server.bodies[1:]  # the first finds the dimensions
    assert sorted(len(body["input"]) for body in requested) == [4, 32, 32, 32]
    assert all(body.keys() == {"model", "input", "encoding_format"} for body in server.bodies)
    assert {body["encoding_format"] for body in server.bodies} == {"float"}
    assert "org-private" not in str(server.headers)


def test_dimensions_are_found_by_one_probe(serve):
    server = serve(native=12)
    spec = resolve_openai(spec_of(server, base_url=server.url + "/embeddings/"), None)
    assert (spec.dimensions, spec.base_url, len(server.bodies)) == (12, server.url, 1)
    assert spec.max_tokens is None


def test_own_dimensions_are_not_asked_for(serve):
    """As vLLM, which refuses the parameter for most models, whatever its value."""
    message = "Model does not support matryoshka representation, changing output dimensions will lead to poor results."
    server = serve(lambda body: (400, {"message": message}) if "dimensions" in body else None)
    assert OpenAIEmbedder(spec_of(server, dimensions=26), api_key=None).embed(["a"]).shape == (1, 26)
    with pytest.raises(ServiceError, match="does not support matryoshka"):
        OpenAIEmbedder(spec_of(server, dimensions=8), api_key=None).embed(["a"])


def test_other_dimensions_are_asked_for_and_checked(serve):
    rows = OpenAIEmbedder(spec_of(serve(), dimensions=8), api_key=None).embed(["abc"])
    np.testing.assert_allclose(rows, [unit("abc", 8)], atol=1e-6)
    deaf = serve(takes_dimensions=False)
    with pytest.raises(ServiceError, match="26 numbers where 8 were expected"):
        OpenAIEmbedder(spec_of(deaf, dimensions=8), api_key=None).embed(["abc"])


def tei(limit):
    """Text Embeddings Inference's refusal of too many inputs."""

    def rules(body):
        size = len(body["input"])
        message = f"batch size {size} > maximum allowed batch size {limit}"
        return (413, {"message": message, "code": 413, "type": "Validation"}) if size > limit else None

    return rules


def test_batches_are_halved_and_the_size_is_remembered(serve):
    server = serve(tei(8))
    texts = [chr(97 + i % 26) * (i + 1) for i in range(128)]
    embedder = OpenAIEmbedder(spec_of(server), api_key=None, concurrency=1)
    np.testing.assert_allclose(embedder.embed(texts), [unit(text) for text in texts], atol=1e-6)
    sizes = [len(body["input"]) for body in server.bodies[1:]]
    assert [size for size in sizes if size > 8] == [32, 16]
    assert sum(size for size in sizes if size <= 8) == 128
    assert embedder.server.inputs == 8


@pytest.mark.parametrize("reply", ["", "Request Entity Too Large", {"error": {"message": "payload too large"}}])
def test_a_413_without_a_reason_is_met_once(serve, reply):
    server = serve(lambda body: (413, reply) if len(body["input"]) > 5 else None)
    texts = [chr(97 + i % 26) * (i + 1) for i in range(100)]
    embedder = OpenAIEmbedder(spec_of(server), api_key=None, concurrency=1)
    np.testing.assert_allclose(embedder.embed(texts), [unit(text) for text in texts], atol=1e-6)
    sizes = [len(body["input"]) for body in server.bodies[1:]]
    assert [size for size in sizes if size > 5] == [32, 16, 8]
    other = OpenAIEmbedder(spec_of(server), api_key=None)  # of another worker
    other.server = embedder.server
    refused = len(server.bodies)
    other.embed(texts)
    assert max(len(body["input"]) for body in server.bodies[refused:]) <= 5


def test_one_text_that_is_too_large_does_not_make_all_requests_small(serve):
    server = serve(lambda body: (413, "") if any(len(text) > 3_000 for text in body["input"]) else None)
    texts = ["long " * 800, *(f"text {i}" for i in range(99))]
    embedder = OpenAIEmbedder(spec_of(server), api_key=None, concurrency=1)
    assert embedder.embed(texts).shape == (100, 26)
    assert embedder.facts["split"] == 1
    assert [len(body["input"]) for body in server.bodies][-2:] == [32, 4]


def test_tei_with_its_default_limit_is_never_refused(serve):
    server = serve(tei(32))
    OpenAIEmbedder(spec_of(server), api_key=None).embed(["a"] * 200)
    assert max(len(body["input"]) for body in server.bodies) == 32


def too_long(limit):
    """Ollama's refusal since 0.13.5, whatever `truncate` says."""

    def rules(body):
        long = any(len(text) > limit for text in body["input"])
        return (400, {"error": {"message": "the input length exceeds the context length"}}) if long else None

    return rules


def test_a_text_the_server_finds_too_long_is_split_and_averaged(serve):
    server = serve(too_long(300))
    long = "a" * 200 + " " + "b" * 200
    embedder = OpenAIEmbedder(spec_of(server), api_key=None)
    rows = embedder.embed(["short", long, "other"])
    mean = 50 * unit("a" * 200) + 51 * unit(" " + "b" * 200)  # a token is four letters
    np.testing.assert_allclose(rows[1], mean / np.linalg.norm(mean), atol=1e-6)
    np.testing.assert_allclose(rows[[0, 2]], [unit("short"), unit("other")], atol=1e-6)
    assert embedder.facts["split"] == 1


def test_a_server_that_refuses_everything_ends_soon(serve):
    server = serve(
        lambda body: (400, {"error": "maximum batch size exceeded"}) if body["input"] != [PROBE_TEXT] else None
    )
    with pytest.raises(ServiceError, match="maximum batch size exceeded"):
        OpenAIEmbedder(spec_of(server), api_key=None, concurrency=1).embed(["x " * 500] * 200)
    assert len(server.bodies) < 15


def test_window_of_a_server_splits_beforehand(serve):
    server = serve()
    embedder = OpenAIEmbedder(spec_of(server, max_tokens=64), api_key=None)
    embedder.embed(["word " * 100])
    assert [len(body["input"]) for body in server.bodies[1:]] == [3]
    assert embedder.counter.count(server.bodies[1]["input"]).max() <= 64


def test_plain_error_texts_and_details_are_quoted(serve):
    server = serve(lambda body: (422, {"detail": [{"msg": "field required"}]}))
    with pytest.raises(ServiceError, match="field required"):
        resolve_openai(spec_of(server), "local-key")


def test_redirects_are_not_followed_with_the_key(serve):
    other = serve()
    server = serve(lambda body: (307, other.url + "/embeddings"))
    with pytest.raises(ServiceError, match="redirects to"):
        resolve_openai(spec_of(server), "local-key")
    assert other.bodies == []


def test_a_server_that_hangs(serve):
    released = threading.Event()
    server = serve(lambda body: released.wait(WAIT) and None)
    with pytest.raises(ServiceError, match=r"did not answer within 0.2 seconds"):
        OpenAIEmbedder(spec_of(server), api_key=None, timeout=0.2, max_retries=0).embed(["a"])
    assert not released.is_set()  # the error came while the server was silent
    released.set()


def test_nobody_listens(serve):
    server = serve()
    server.close()
    with pytest.raises(ServiceError, match=r"The server at 127.0.0.1:\d+ could not be reached"):
        OpenAIEmbedder(spec_of(server), api_key=None, max_retries=0).embed(["a"])


@pytest.mark.parametrize(
    ("entered", "normalized"),
    [
        ("", ""),
        ("https://api.openai.com/v1/", ""),
        (" http://Localhost:8000/v1/ ", "http://localhost:8000/v1"),
        ("http://[::1]:80/v1/embeddings", "http://[::1]:80/v1"),
        ("http://Host/openai/deployments/E/embeddings?api-version=1", "http://host/openai/deployments/E?api-version=1"),
        ("http://host/openai/v1/", "http://host/openai/v1"),
    ],
)
def test_addresses_have_one_form(entered, normalized):
    assert checked_url(entered) == normalized


@pytest.mark.parametrize(
    "url",
    [
        "localhost:8000",
        "ftp://host/v1",
        "file:///etc/passwd",
        "http://",
        "http://user:hunter2@host/v1",
        "http://host/v1?key=hunter2",
        "http://host/openai/deployments/e?api-version=1&api-key=hunter2",
        "http://host/openai/deployments/e/embeddings",
        "http://host:99999/v1",
        "http://ho st/v1",
        "http://[::1/v1",
        "javascript:alert(1)",
    ],
)
def test_addresses_that_are_none_are_refused_without_showing_them(url):
    with pytest.raises(ServiceError) as caught:
        checked_url(url)
    assert "hunter2" not in str(caught.value)
