"""The OpenAI embedder against a wire of our own."""

import base64
import json
import pickle
import random
import threading
from datetime import UTC
from types import SimpleNamespace

import httpx2
import numpy as np
import pytest

from core.errors import ModelError, RateLimitError, ServiceError
from core.models import openai_embedder as openai_module
from core.models.base import ServerState
from core.models.openai_client import requests as openai_requests
from core.models.openai_client.errors import retry_after
from core.models.openai_client.packing import OPENAI_LIMITS, Assembly, Limits, Piece, pack, split_texts
from core.models.openai_client.requests import waiting_at_most
from core.models.openai_client.tokens import TokenCounter
from core.models.openai_embedder import PROBE_TEXT, OpenAIEmbedder, resolve_openai
from core.secret import Secret
from core.types import ModelSpec
from tests.waiting import WAIT

KEY = "sk-test-0123456789abcdef"
SMALL = ModelSpec("openai", "text-embedding-3-small")


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


def vector(text, dimensions):
    """What the fake model says of a text: a fixed random direction, not of unit length."""
    return 3 * np.random.default_rng(abs(hash(text)) % 2**32).standard_normal(dimensions)


def unit(text, dimensions=1536):
    row = vector(text, dimensions).astype(np.float32)
    return row / np.linalg.norm(row)


def answer(request, native=1536, shuffle=True):
    """A well-formed answer, as base64 or floats as asked, out of order."""
    body = json.loads(request.content)
    dimensions = body.get("dimensions", native)
    data = []
    for index, text in enumerate(body["input"]):
        row = vector(text, dimensions)
        if body["encoding_format"] == "base64":
            row = base64.b64encode(row.astype("<f4").tobytes()).decode()
        data.append({"object": "embedding", "index": index, "embedding": row if isinstance(row, str) else row.tolist()})
    if shuffle:
        random.Random(0).shuffle(data)
    return httpx2.Response(200, json={"object": "list", "data": data, "model": body["model"], "usage": {}})


def refusal(status, message, code=None, headers=None):
    body = {"error": {"message": message, "type": code or "some_error", "code": code}}
    return httpx2.Response(status, json=body, headers=headers)


def embedder(handler, spec=SMALL, key=KEY, **options):
    client = httpx2.Client(transport=httpx2.MockTransport(handler))
    return OpenAIEmbedder(spec, api_key=key, http_client=client, **options)


class Wire:
    """Answers requests from a list of replies (a response or a function), then as a sound server."""

    def __init__(self, *replies):
        self.replies, self.requests, self.lock = list(replies), [], threading.Lock()

    def __call__(self, request):
        with self.lock:
            self.requests.append(request)
            reply = self.replies.pop(0) if self.replies else answer
        if isinstance(reply, Exception):
            raise reply
        return reply(request) if callable(reply) else reply

    @property
    def bodies(self):
        return [json.loads(request.content) for request in self.requests]


def test_rows_come_in_the_order_asked_and_of_unit_length():
    texts = [f"text {i}" for i in range(50)]
    rows = embedder(Wire()).embed(texts)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(rows, [unit(text) for text in texts], atol=1e-6)


def test_request_names_model_and_key_and_asks_openai_for_base64():
    wire = Wire()
    embedder(wire).embed(["a"])
    assert wire.bodies == [{"model": "text-embedding-3-small", "input": ["a"], "encoding_format": "base64"}]
    assert wire.requests[0].headers["authorization"] == f"Bearer {KEY}"
    assert str(wire.requests[0].url) == "https://api.openai.com/v1/embeddings"


def test_address_from_the_environment_is_not_used(monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", "https://elsewhere.example/v1")
    wire = Wire()
    embedder(wire).embed(["a"])
    assert wire.requests[0].url.host == "api.openai.com"


def test_packing_keeps_every_limit():
    counter = TokenCounter()
    texts = ["x" * 4] * 5000 + ["y" * 4 * 8191] * 40 + ["z" * 4 * 20_000]
    pieces = split_texts(texts, OPENAI_LIMITS, counter)
    batches = list(pack(pieces, OPENAI_LIMITS))
    assert [piece for batch in batches for piece in batch] == pieces
    assert max(len(batch) for batch in batches) == 2048
    assert max(piece.tokens for piece in pieces) == 8191
    totals = [int(counter.count([piece.content for piece in batch]).sum()) for batch in batches]
    assert max(totals) <= 300_000
    assert [len(batch) for batch in batches] == [2048, 2048, 904 + 36, 4 + 3]
    assert "".join(piece.content for piece in pieces if piece.text == 5040) == texts[-1]


def test_the_requests_that_are_sent_keep_the_limits():
    wire = Wire(*[lambda request: answer(request, native=8)] * 9)
    texts = [f"{i}" for i in range(4100)]
    rows = embedder(wire, ModelSpec("openai", "text-embedding-3-small", dimensions=8)).embed(texts)
    assert sorted(len(body["input"]) for body in wire.bodies) == [4, 2048, 2048]
    np.testing.assert_allclose(rows[4099], unit("4099", 8), atol=1e-6)


def test_long_text_is_the_mean_of_its_pieces_weighted_by_tokens():
    long = "word " * 10_000  # 12,500 estimated tokens: two pieces
    wire = Wire()
    rows = embedder(wire).embed(["short", long])
    sent = wire.bodies[0]["input"]
    assert sent[0] == "short"
    assert "".join(sent[1:]) == long
    weights = TokenCounter().count(sent[1:])
    assert len(weights) == 2
    assert weights.max() <= 8191
    mean = sum(weight * unit(piece).astype(float) for weight, piece in zip(weights, sent[1:], strict=True))
    np.testing.assert_allclose(rows[1], mean / np.linalg.norm(mean), atol=1e-6)
    np.testing.assert_allclose(rows[0], unit("short"), atol=1e-6)


def test_uneven_pieces_weigh_by_their_tokens():
    pieces = [Piece(0, "long", 30), Piece(1, "whole", 5), Piece(0, "tail", 10)]
    assembly = Assembly(pieces, 2)
    axes = np.eye(3, dtype=np.float32)
    done, rows = assembly.add(pieces[:2], axes[:2])
    assert done == [1]
    np.testing.assert_array_equal(rows, axes[1:2])
    done, rows = assembly.add(pieces[2:], axes[2:])
    assert done == [0]
    np.testing.assert_allclose(rows, [[3 / 10**0.5, 0, 1 / 10**0.5]], atol=1e-6)


def test_a_request_larger_than_a_minute_allows_is_halved_at_once(waits):
    """OpenAI says 429 to a request above the account's tokens per minute; waiting never helps."""
    message = "Request too large for text-embedding-3-small on tokens per min (TPM): Limit 10000, Requested 20000."

    def handler(request):
        large = len(json.loads(request.content)["input"]) > 2
        return refusal(429, message, "rate_limit_exceeded") if large else answer(request)

    client = embedder(handler)
    texts = list("abcde")
    np.testing.assert_allclose(client.embed(texts), [unit(text) for text in texts], atol=1e-6)
    assert waits == []
    assert client.facts == {"requests": 5, "retries": 0, "split": 0}


def test_split_texts_are_counted():
    client = embedder(Wire())
    texts = ["short", "word " * 10_000, ""]
    client.embed(texts)
    assert client.facts == {"requests": 1, "retries": 0, "split": 1}


def test_blank_texts_are_sent_as_a_visible_character():
    wire = Wire()
    rows = embedder(wire).embed(["", "   \n", "a"])
    assert wire.bodies[0]["input"] == [".", ".", "a"]
    np.testing.assert_array_equal(rows[0], rows[1])


def test_lone_surrogates_and_nul_can_be_sent():
    wire = Wire()
    embedder(wire).embed(["a\ud800b", "\x00"])
    assert wire.bodies[0]["input"] == ["a?b", "\x00"]


def test_no_texts_send_nothing():
    wire = Wire()
    assert embedder(wire).embed([]).shape == (0, 1536)
    assert wire.requests == []


def test_prompts_stand_before_documents_and_queries():
    wire = Wire()
    spec = ModelSpec("openai", "text-embedding-3-small", query_prompt="query: ", document_prompt="passage: ")
    client = embedder(wire, spec)
    client.embed(["a"])
    client.embed_query(["a"])
    assert [body["input"] for body in wire.bodies] == [["passage: a"], ["query: a"]]


@pytest.mark.parametrize(("requested", "sent"), [(None, None), (1536, None), (256, 256)])
def test_dimensions_are_sent_only_where_they_differ(requested, sent):
    wire = Wire()
    rows = embedder(wire, ModelSpec("openai", "text-embedding-3-small", dimensions=requested)).embed(["a"])
    assert wire.bodies[0].get("dimensions") == sent
    assert rows.shape == (1, requested or 1536)


@pytest.mark.parametrize(("name", "dimensions"), [("text-embedding-ada-002", 512), ("text-embedding-3-small", 3072)])
def test_dimensions_a_model_lacks_are_refused_before_sending(name, dimensions):
    with pytest.raises(ModelError, match="dimensions"):
        embedder(Wire(), ModelSpec("openai", name, dimensions=dimensions))


def test_known_models_are_resolved_without_a_request():
    wire = Wire()
    client = httpx2.Client(transport=httpx2.MockTransport(wire))
    spec = resolve_openai(ModelSpec("openai", "text-embedding-3-large"), KEY, client)
    assert (spec.dimensions, spec.max_tokens, wire.requests) == (3072, 8191, [])


def test_each_finished_request_is_handed_over_while_others_fail():
    stored = {}

    def handler(request):
        texts = json.loads(request.content)["input"]
        return refusal(400, "no") if "bad" in texts else answer(request)

    client = embedder(handler, concurrency=1)
    client._limits = Limits(2, 300_000, 8191)
    with pytest.raises(ServiceError):
        client.embed(["a", "b", "bad", "c"], on_batch=lambda at, rows: stored.update(zip(at, rows, strict=True)))
    assert sorted(stored) == [0, 1, 3]
    np.testing.assert_allclose(stored[1], unit("b"), atol=1e-6)


def test_concurrent_requests_keep_order():
    gate = threading.Barrier(4, timeout=WAIT)

    def handler(request):
        if client.facts["requests"] > 1:
            gate.wait()  # passes only when four requests are in flight together
        return answer(request)

    client = embedder(handler, concurrency=4)
    client.embed(["first"])
    client._limits = Limits(3, 300_000, 8191)
    texts = [f"t{i}" for i in range(24)]
    seen = []
    rows = client.embed(texts, on_batch=lambda at, _: seen.extend(at))
    np.testing.assert_allclose(rows, [unit(text) for text in texts], atol=1e-6)
    assert sorted(seen) == list(range(24))


@pytest.mark.parametrize(
    ("headers", "low", "high"),
    [({"Retry-After": "7"}, 6.9, 7), ({"retry-after-ms": "1500"}, 1.4, 1.5), ({}, 0.4, 1)],
)
def test_rate_limit_waits_as_told_then_goes_on(waits, headers, low, high, monkeypatch):
    monkeypatch.setattr(openai_requests, "time", SimpleNamespace(monotonic=lambda: 100.0))
    wire = Wire(refusal(429, "slow down", "rate_limit_exceeded", headers))
    np.testing.assert_allclose(embedder(wire).embed(["a"]), [unit("a")], atol=1e-6)
    assert len(wire.requests) == 2
    assert len(waits) == 1
    assert low <= waits[0] <= high


def test_retry_after_as_a_date(waits):
    from datetime import datetime, timedelta
    from email.utils import format_datetime

    when = format_datetime(datetime.now(UTC) + timedelta(seconds=100))
    embedder(Wire(refusal(429, "slow", headers={"Retry-After": when}))).embed(["a"])
    assert 60 < waits[0] <= 100


@pytest.mark.parametrize(
    ("headers", "message", "seconds"),
    [
        ({"x-ratelimit-reset-tokens": "41.2s"}, "", 41.2),
        ({"x-ratelimit-reset-requests": "1m3s"}, "", 63),
        ({"x-ratelimit-reset-tokens": "250ms"}, "", 0.25),
        ({"x-ratelimit-reset-tokens": "17"}, "", 17),
        ({"x-ratelimit-reset-tokens": "6ms", "x-ratelimit-reset-requests": "8s"}, "", 8),
        (
            {
                "x-ratelimit-reset-tokens": "6s",
                "x-ratelimit-reset-requests": "8m",
                "x-ratelimit-remaining-tokens": "0",
                "x-ratelimit-remaining-requests": "99",
            },
            "",
            6,
        ),
        ({}, "Limit 1500 tokens a minute, used 1480, asked 40. Try again in 41.2s.", 41.2),
        ({}, "Rate limit reached. Please try again in 1m2s. Visit https://host/limits.", 62),
        ({}, "Too many requests: please retry after 20 seconds.", 20),
        ({}, "Please wait 2 minutes and 5 seconds", 125),
        ({"retry-after": "5", "x-ratelimit-reset-tokens": "41.2s"}, "Try again in 9s", 5),
        ({"retry-after": "2s"}, "", 2),
        ({}, "Limit 1500 tokens a minute, 3 retries more", None),
        ({"x-ratelimit-reset-tokens": "soon"}, "Try again in a while", None),
        ({"x-ratelimit-reset-tokens": "0"}, "", None),
    ],
)
def test_what_a_server_says_of_its_limit_is_read(headers, message, seconds):
    assert retry_after(httpx2.Headers(headers), message) == (seconds and pytest.approx(seconds))


def test_a_limit_beyond_the_patience_is_raised_with_its_seconds_and_what_was_refused(waits):
    def handler(request):
        texts = json.loads(request.content)["input"]
        if "late" in texts:
            return refusal(429, "Limit 10, used 10. Try again in 41.2s.", "rate_limit_exceeded")
        return refusal(400, "bad letters") if "bad" in texts else answer(request)

    client = embedder(handler, concurrency=1)
    client._limits, client.server = Limits(2, 300_000, 8191), ServerState(concurrency=1)
    with pytest.raises(RateLimitError) as caught, waiting_at_most(3.0):
        client.embed(["a", "bad", "b", "late"])
    error = pickle.loads(pickle.dumps(caught.value))
    assert error.seconds == pytest.approx(41.2)
    assert list(error.messages) == [1]
    assert "bad letters" in error.messages[1]
    assert waits == []


def test_waits_of_a_known_length_do_not_end_a_run_that_goes_on(waits):
    limited = [refusal(429, "Try again in 2s") for _ in range(4)]
    wire = Wire(answer, *limited, answer, *limited, answer, *limited)
    client = embedder(wire, concurrency=1)
    client._limits = Limits(1, 300_000, 8191)
    assert client.embed(list("abcd")).shape == (4, 1536)
    assert client.facts["retries"] == 12


def test_the_wait_holds_every_thread(waits):
    wire = Wire(refusal(429, "slow down", headers={"Retry-After": "30"}))
    client = embedder(wire, concurrency=1)
    client._limits = Limits(1, 300_000, 8191)
    client.embed(["a", "b", "c"])
    assert len(waits) == 4 - 1  # the retry, and both later requests, since no time passes here
    assert len(wire.requests) == 4


@pytest.mark.parametrize("status", [408, 409, 502, 503, 529])
def test_passing_failures_are_tried_again(waits, status):
    wire = Wire(httpx2.Response(status, text="oops"), httpx2.Response(status, text="oops"))
    client = embedder(wire)
    np.testing.assert_allclose(client.embed(["a"]), [unit("a")], atol=1e-6)
    assert client.facts["retries"] == 2


@pytest.mark.parametrize("failures", [1, 2, 4])
def test_an_internal_error_that_passes_fails_no_text(waits, failures):
    wire = Wire(*[httpx2.Response(500, text="oops")] * failures)
    texts = list("abcdefgh")
    np.testing.assert_allclose(embedder(wire).embed(texts), [unit(text) for text in texts], atol=1e-6)


def test_lasting_failure_ends_after_the_retries(waits):
    wire = Wire(*[httpx2.Response(500, text="database on fire")] * 9)
    with pytest.raises(ServiceError, match=r"keeps failing \(HTTP 500\).*database on fire"):
        embedder(wire, max_retries=3).embed(["a"])
    assert len(wire.requests) == 1 + 4  # then a harmless text, as often as any
    assert waits == sorted(waits)


def test_a_server_that_asks_for_an_hour_is_not_waited_for(waits):
    wire = Wire(refusal(429, "later", headers={"Retry-After": "3600"}))
    with pytest.raises(ServiceError):
        embedder(wire).embed(["a"])
    assert (len(wire.requests), waits) == (1, [])


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (
            refusal(429, "You exceeded your current quota", "insufficient_quota"),
            "no credit left.*exceeded your current",
        ),
        (refusal(401, f"Incorrect API key provided: {KEY}", "invalid_api_key"), "refused the API key.*Incorrect"),
        (refusal(403, "no access", "model_not_found"), "does not allow"),
        (refusal(404, "The model does not exist"), "knows no embedding model text-embedding-3-small"),
        (refusal(400, "bad request"), "refused the request.*bad request"),
        (httpx2.Response(307, headers={"location": "https://evil.example/v1"}), "redirects to https://evil.example"),
    ],
)
def test_hard_errors_show_at_once_and_without_the_key(waits, reply, message):
    wire = Wire(*[reply] * 3)
    client = embedder(wire)
    client._limits = Limits(1, 300_000, 8191)
    with pytest.raises(ServiceError, match=message) as caught:
        client.embed(["a", "b", "c"])
    bodies = [body["input"] for body in wire.bodies]
    assert bodies in ([["a"]], [["a"], [PROBE_TEXT]])  # a harmless text tells whether one text is at fault
    assert waits == []
    assert caught.value.remedy
    assert KEY not in str(caught.value) + repr(caught.value) + repr(pickle.dumps(caught.value))


def test_long_words_of_a_server_are_trimmed():
    with pytest.raises(ServiceError) as caught:
        embedder(Wire(*[refusal(400, "blah " * 1000)] * 3)).embed(["a"])
    assert len(caught.value.message) < 400


def reply_with(change):
    def reply(request):
        body = json.loads(answer(request, shuffle=False).content)
        change(body)
        return httpx2.Response(200, content=json.dumps(body))

    return reply


def set_row(index, value):
    def change(body):
        body["data"][index]["embedding"] = value

    return change


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (httpx2.Response(200, text="<html><b>Welcome</b></html>"), "not JSON .*<html>"),
        (httpx2.Response(200, text=""), "empty page"),
        (httpx2.Response(200, json=[1]), "without a list of vectors"),
        (httpx2.Response(200, json={"error": "model is loading"}), "an error: “model is loading”"),
        (reply_with(lambda body: body["data"].pop()), "2 vectors for 3 texts"),
        (reply_with(lambda body: body["data"][0].pop("index")), "without an index"),
        (reply_with(lambda body: body["data"][0].update(index=1)), "each once"),
        (reply_with(lambda body: body["data"][0].update(index=7)), "each once"),
        (reply_with(lambda body: body["data"][0].update(index="0")), "each once"),
        (reply_with(lambda body: body["data"][0].update(index=False)), "each once"),
        (reply_with(lambda body: [row.update(embedding=[1.0] * 384) for row in body["data"]]), "384 .* 1,536 were"),
        (reply_with(set_row(1, [1.0] * 384)), "Text 2: .*384 .* 1,536 were"),
        (reply_with(set_row(1, [True, False] * 768)), "Text 2: .*does not hold numbers"),
        (reply_with(set_row(1, [0.5] * 1535 + [True])), "Text 2: .*does not hold numbers"),
        (reply_with(set_row(1, ["0.5"] * 1536)), "Text 2: .*does not hold numbers"),
        (reply_with(set_row(1, [1e-40] * 1536)), "Text 2: .*too small"),
        (reply_with(set_row(1, base64.b64encode(np.full(1536, 1e-41, "<f4").tobytes()).decode())), "too small"),
        (reply_with(set_row(1, [1e39] * 1536)), "infinite"),
        (reply_with(set_row(1, [10**400] * 1536)), "infinite"),
        (reply_with(set_row(1, [1e400] * 1536)), "infinite"),
        (reply_with(set_row(1, [0.0] * 1536)), "only zeros"),
        (reply_with(set_row(1, [float("nan")] * 1536)), "NaN"),
        (reply_with(set_row(1, [None] * 1536)), "NaN"),
        (reply_with(set_row(1, [[1.0] * 1536])), "one vector a token"),
        (reply_with(set_row(1, ["a"] * 1536)), "does not hold numbers"),
        (reply_with(set_row(1, [])), "holds no vector"),
        (reply_with(set_row(1, None)), "holds no vector"),
        (reply_with(set_row(1, "*not base64*")), "not base64"),
        (reply_with(set_row(1, base64.b64encode(b"12345").decode())), "no whole number of float32"),
    ],
)
def test_nonsense_is_named_and_not_asked_for_again(reply, message):
    wire = Wire(reply)
    with pytest.raises(ServiceError, match=message):
        embedder(wire).embed(["a", "b", "c"])
    assert len(wire.requests) == 1


def test_floats_are_taken_where_base64_was_asked():
    def floats(request):
        body = json.loads(request.content) | {"encoding_format": "float"}
        return answer(httpx2.Request("POST", request.url, json=body))

    np.testing.assert_allclose(embedder(floats).embed(["a", "b"]), [unit("a"), unit("b")], atol=1e-6)


def test_a_hanging_server_gets_a_message(waits):
    wire = Wire(*[httpx2.ReadTimeout("slow")] * 9)
    with pytest.raises(ServiceError, match="did not answer within 60 seconds"):
        embedder(wire).embed(["a"])
    assert len(wire.requests) == 2  # never reached before: one more try


def test_connection_lost_in_a_long_run_is_tried_again(waits):
    wire = Wire(answer, *[httpx2.ConnectError("gone")] * 3)
    client = embedder(wire, concurrency=1)
    client._limits = Limits(1, 300_000, 8191)
    assert client.embed(["a", "b"]).shape == (2, 1536)
    assert [body["input"] for body in wire.bodies] == [["a"], ["b"], *[[PROBE_TEXT]] * 3, ["b"]]


def test_an_error_while_storing_stops_sending():
    wire = Wire()
    client = embedder(wire, concurrency=1)
    client._limits = Limits(1, 300_000, 8191)

    def full(_at, _rows):
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        client.embed([str(i) for i in range(200)], on_batch=full)
    sent = len(wire.requests)
    assert sent < 200


@pytest.mark.parametrize("key", [None, "", "  ", Secret("")])
def test_openai_needs_a_key(key):
    with pytest.raises(ServiceError, match="needs an API key"):
        embedder(Wire(), key=key)


@pytest.mark.parametrize("key", ["sk-a\nb", "sk-ключ", "sk a"])
def test_broken_keys_are_refused_unseen(key):
    with pytest.raises(ServiceError) as caught:
        embedder(Wire(), key=key)
    assert key not in str(caught.value)


def test_the_key_is_in_no_spec_or_repr():
    client = embedder(Wire(), key=Secret(KEY))
    client.embed(["a"])
    printed = repr(client.spec) + client.spec.key + client.spec.label + repr(client) + repr(pickle.dumps(client.spec))
    assert KEY not in printed + json.dumps(client.spec.to_dict()) + repr(vars(client)) + repr(vars(client._sender))


def test_the_key_is_not_logged(caplog, waits):
    caplog.set_level(0)
    embedder(Wire(refusal(500, "no"))).embed(["a"])
    assert KEY not in caplog.text


def test_secret_hides_pickles_and_compares():
    secret = Secret(KEY)
    assert KEY not in f"{secret} {secret!r} {[secret]} {secret:}"
    assert pickle.loads(pickle.dumps(secret)).reveal() == KEY
    assert secret == Secret(KEY) != Secret("other")
    assert len({secret, Secret(KEY)}) == 1
