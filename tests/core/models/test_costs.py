"""Estimates, with an embedder whose tokens are words and whose time is known."""

import numpy as np
import pytest

from core.models import costs
from core.models import openai_embedder as openai_module
from core.models.base import Embedder
from core.models.costs import estimate_run, token_counts
from core.models.openai_client.tokens import TokenCounter
from core.models.openai_embedder import OpenAIEmbedder
from core.models.registry import capabilities
from core.types import ModelSpec


class WordEmbedder(Embedder):
    """A token is a word; each takes `pace` seconds of `clock`; the window is four."""

    def __init__(self, spec=None, pace=0.0):
        super().__init__(spec or ModelSpec("lexical", "words", dimensions=2, max_tokens=4))
        self.pace, self.clock = pace, 0.0
        self.sent = []

    def encode(self, texts):
        self.sent.append(list(texts))
        self.clock += self.pace * sum(min(4, len(text.split())) for text in texts)
        return np.tile(np.float32([1, 0]), (len(texts), 1))

    def count_tokens(self, texts):
        return np.array([len(text.split()) for text in texts], np.int64)


TEXTS = ["one two", "a b c d e f", "one two", "", "a b c d e f g h", "x"]


def test_counts_by_hand():
    estimate = estimate_run(TEXTS, WordEmbedder(), measure=False)
    assert (estimate.texts, estimate.unique_texts, estimate.tokens) == (6, 5, 2 + 6 + 2 + 0 + 8 + 1)
    assert (estimate.truncated, estimate.unseen_tokens, estimate.split) == (2, 2 + 4, 0)
    assert estimate.unseen_share == pytest.approx(6 / 19)
    assert (estimate.cached, estimate.to_compute, estimate.tokens_to_compute) == (0, 5, 2 + 4 + 0 + 4 + 1)
    assert (estimate.seconds, estimate.seconds_basis, estimate.usd, estimate.tokens_exact) == (
        None,
        "not measured",
        0.0,
        True,
    )


def test_a_cached_row_frees_every_row_with_its_text():
    cached = np.array([True, False, False, False, True, False])
    estimate = estimate_run(TEXTS, WordEmbedder(), cached, measure=False)
    assert (estimate.cached, estimate.to_compute, estimate.tokens_to_compute) == (2, 3, 4 + 0 + 1)
    assert estimate.tokens == 19


def test_nothing_to_compute_takes_no_time_and_loads_nothing():
    embedder = WordEmbedder()
    estimate = estimate_run(TEXTS, embedder, np.ones(6, bool))
    assert (estimate.seconds, estimate.to_compute, embedder.sent) == (0.0, 0, [])
    assert estimate_run([], embedder).seconds == 0.0


@pytest.fixture
def timed(monkeypatch):
    """Makes an embedder whose clock is the one that the estimate reads."""

    def make(pace: float) -> WordEmbedder:
        embedder = WordEmbedder(pace=pace)
        monkeypatch.setattr(costs.time, "perf_counter", lambda: embedder.clock)
        return embedder

    return make


def test_time_follows_from_a_few_texts_of_spread_lengths(timed):
    embedder = timed(0.001)
    texts = [f"{i} " + "w " * (i % 4) for i in range(400)]  # 1 to 4 words: 1,000 in all, 1 s
    estimate = estimate_run(texts, embedder, sample=32)
    assert estimate.seconds == pytest.approx(1.0, rel=0.01)
    assert estimate.seconds_basis == "measured on 32 texts"
    assert [len(texts) for texts in embedder.sent] == [1, 4, 32]
    assert np.bincount([len(text.split()) for text in embedder.sent[-1]])[1:].tolist() == [8, 8, 8, 8]


def test_a_slow_model_is_measured_on_fewer_texts(monkeypatch, timed):
    monkeypatch.setattr(costs, "MEASURING_SECONDS", 0.01)
    embedder = timed(0.005)
    estimate = estimate_run([f"{i} w w w" for i in range(100)], embedder)
    assert estimate.seconds_basis == "measured on 4 texts"
    assert sum(len(texts) for texts in embedder.sent) == 5


def test_only_uncached_texts_are_measured():
    embedder = WordEmbedder()
    estimate_run(["done a", "new", "newer"], embedder, np.array([True, False, False]))
    assert "done a" not in {text for texts in embedder.sent for text in texts}


@pytest.fixture
def paid(monkeypatch):
    """OpenAI's embedder on a wire that fails the test when anything is sent."""
    import httpx2

    def refuse(request):
        pytest.fail(f"a paid request was sent: {request.content!r}")

    monkeypatch.setattr(openai_module, "openai_tokens", TokenCounter)
    client = httpx2.Client(transport=httpx2.MockTransport(refuse))
    return OpenAIEmbedder(ModelSpec("openai", "text-embedding-3-small"), api_key="sk-test", http_client=client)


def test_openai_is_priced_and_never_asked(paid):
    texts = ["x" * 4000, "x" * 4000, "y" * 4000, "z" * 40_000]  # 1,000, 1,000 and 10,000 estimated tokens
    estimate = estimate_run(texts, paid, np.array([False, False, True, False]))
    assert (estimate.tokens, estimate.tokens_to_compute, estimate.tokens_exact) == (13_000, 11_000, False)
    assert estimate.usd == pytest.approx(11_000 * 0.02 / 1e6)
    assert (estimate.split, estimate.truncated, estimate.unseen_tokens) == (1, 0, 0)
    assert estimate.seconds is None
    assert "paid" in estimate.seconds_basis
    assert estimate.price_date


@pytest.mark.parametrize(
    ("url", "free"),
    [
        ("", False),
        ("https://api.example.com/v1", False),
        ("http://localhost:11434/v1", True),
        ("http://127.0.0.1:8000/v1", True),
        ("http://192.168.1.5:8000/v1", True),
        ("http://[::1]:8000/v1", True),
        ("http://8.8.8.8/v1", False),
        ("http://localhost.example.com/v1", False),
    ],
)
def test_only_near_servers_are_tried(url, free):
    assert capabilities(ModelSpec("openai", "m", base_url=url)).paid is not free
    if not free:
        embedder = WordEmbedder(ModelSpec("openai", "m", base_url=url))
        estimate = estimate_run(TEXTS, embedder)
        assert (estimate.seconds, estimate.usd, embedder.sent) == (None, None, [])


def test_many_texts_are_counted_on_a_sample_close_to_the_truth(monkeypatch):
    monkeypatch.setattr(costs, "MAX_COUNTED", 2_000)
    rng = np.random.default_rng(1)
    texts = ["word " * int(length) for length in rng.lognormal(2, 1, 20_000)] + ["word " * 200_000]
    counts, exact = token_counts(texts, WordEmbedder())
    truth = WordEmbedder().count_tokens(texts)
    assert not exact
    assert counts.sum() == pytest.approx(truth.sum(), rel=0.001)  # the giant, seldom in the sample, is not missed
    np.testing.assert_array_equal(counts, token_counts(texts, WordEmbedder())[0])


def test_a_time_measured_on_a_busy_machine_is_marked(monkeypatch):
    """The rest of the processors' time, of other programs and jobs; without a measurement nothing is marked."""
    for share, busy in ((0.1, False), (0.7, True)):
        monkeypatch.setattr(costs, "load_meter", lambda share=share: lambda: share)
        estimate = costs.estimate_run(["a text", "another one"], WordEmbedder())
        assert (estimate.busy, estimate.others) == (busy, share)
        assert not costs.estimate_run(["a text"], WordEmbedder(), measure=False).busy
