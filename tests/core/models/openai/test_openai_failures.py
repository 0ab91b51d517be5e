"""OpenAI's embedder under limits, failures and nonsense: what it waits for, tries again and raises."""

import base64
import json
import pickle
from datetime import UTC
from types import SimpleNamespace

import httpx2
import numpy as np
import pytest

from core.errors import RateLimitError, ServiceError
from core.models.base import ServerState
from core.models.openai_client import requests as openai_requests
from core.models.openai_client.errors import retry_after
from core.models.openai_client.packing import Limits
from core.models.openai_client.requests import waiting_at_most
from core.models.openai_embedder import PROBE_TEXT
from tests.core.models.openai.wire import KEY, Wire, answer, embedder, refusal, unit


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
