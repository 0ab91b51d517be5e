"""The OpenAI embedder against a wire of our own."""

import json
import threading

import httpx2
import numpy as np
import pytest

from core.errors import ModelError, ServiceError
from core.models.openai_client.packing import OPENAI_LIMITS, Assembly, Limits, Piece, pack, split_texts
from core.models.openai_client.tokens import TokenCounter
from core.models.openai_embedder import resolve_openai
from core.types import ModelSpec
from tests.core.models.openai.wire import KEY, Wire, answer, embedder, refusal, unit
from tests.waiting import WAIT


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
