"""Token counts: exact with an encoding (a small one of our own, so that no download is needed), else estimated."""

import threading

import numpy as np
import pytest

from core.models.openai_client import tokens
from core.models.openai_client.tokens import TokenCounter, estimate_tokens
from tests.waiting import WAIT


@pytest.fixture(scope="module")
def encoding():
    """Single bytes, and a few merged pairs: "th", "the", "aa", "aaaa"."""
    tiktoken = pytest.importorskip("tiktoken")
    ranks = {bytes([i]): i for i in range(256)}
    ranks |= {b"th": 256, b"the": 257, b"aa": 258, b"aaaa": 259}
    special = {"<|endoftext|>": 300}
    return tiktoken.Encoding("toy", pat_str=r"\s?\w+|\s+|[^\s\w]+", mergeable_ranks=ranks, special_tokens=special)


TEXTS = [
    "",
    "the",
    "the the",
    "aaaaaa",
    "日本語",
    "naïve café",
    "👩‍👩‍👧 hi",
    "<|endoftext|>",
    "a\nb\x00",
    "x" * 120_001,
]


def test_exact_counts_are_the_encodings(encoding):
    counts = TokenCounter(encoding).count(TEXTS)
    assert counts.dtype == np.int64
    assert counts[:5].tolist() == [0, 1, 3, 2, 9]
    assert counts[7] == 13  # a special token written in a text is plain text
    assert counts[-1] == 120_001


@pytest.mark.parametrize("limit", [1, 2, 5, 64])
@pytest.mark.parametrize("exact", [True, False])
def test_pieces_join_to_the_text_and_keep_the_limit(encoding, exact, limit):
    counter = TokenCounter(encoding if exact else None)
    for text in [*TEXTS[:-1], "the cat and the hat " * 40, "日本語 mixed with English 。" * 20]:
        pieces = counter.split(text, limit)
        assert "".join(pieces) == text
        if limit == 64:
            assert counter.count(pieces).max(initial=0) <= limit


def test_a_text_within_the_limit_stays_whole(encoding):
    assert TokenCounter(encoding).split("the the", 3) == ["the the"]
    assert TokenCounter().split("", 8191) == [""]


def test_pieces_are_of_about_equal_size(encoding):
    counter = TokenCounter(encoding)
    counts = counter.count(counter.split("x" * 1000, 400))
    assert counts.tolist() == [333, 333, 334]


@pytest.mark.parametrize(
    ("text", "count"), [("", 0), ("abcd", 1), ("abcde", 2), ("日本語", 4), ("é", 1), ("a\ud800", 1)]
)
def test_estimates(text, count):
    assert estimate_tokens(text) == count


def test_an_estimate_is_never_above_the_bytes():
    for text in TEXTS:
        assert estimate_tokens(text) <= len(text.encode())


def test_estimates_say_so(encoding):
    assert TokenCounter(encoding).exact
    assert not TokenCounter().exact


@pytest.fixture
def no_kept_encoding():
    tokens._load_encoding.cache_clear()
    yield
    tokens._load_encoding.cache_clear()


def test_a_download_that_hangs_is_waited_for_once(monkeypatch, no_kept_encoding):
    tiktoken = pytest.importorskip("tiktoken")
    monkeypatch.setattr(tokens, "LOAD_SECONDS", 0.05)
    arrived, calls = threading.Event(), []

    def hang(name):
        calls.append(name)
        arrived.wait(WAIT)

    monkeypatch.setattr(tiktoken, "get_encoding", hang)
    assert [tokens.openai_tokens().exact for _ in range(20)] == [False] * 20
    assert len(calls) <= 1  # none where the thread had not come so far
    assert not arrived.is_set()
    arrived.set()


def test_a_download_that_fails_means_estimates(monkeypatch, no_kept_encoding):
    tiktoken = pytest.importorskip("tiktoken")
    calls = []

    def fail(name):
        calls.append(name)
        raise ConnectionError("offline")

    monkeypatch.setattr(tokens, "LOAD_SECONDS", WAIT)
    monkeypatch.setattr(tiktoken, "get_encoding", fail)
    assert not tokens.openai_tokens().exact
    assert not tokens.openai_tokens().exact
    assert calls == ["cl100k_base"]
