"""The contact check: each fault of a model is named, and nothing else; a good model passes."""

import hashlib
import re
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from core.errors import ServiceError
from core.models.base import Embedder
from core.models.checks import CANARIES, TOLERANCE, long_text, needs_probe, probe, tried_length
from core.models.registry import load_embedder
from core.types import ModelSpec

DIMENSIONS = 48
LOCAL = ModelSpec("lexical", "toy", dimensions=DIMENSIONS)
SERVED = ModelSpec("openai", "toy", base_url="http://localhost:1/v1", dimensions=DIMENSIONS, probed=True)
LONGEST = 12_000  # characters


@cache
def word_vector(word: str, salt: str = "") -> np.ndarray:
    seed = int.from_bytes(hashlib.sha256((salt + word).encode()).digest()[:8], "little")
    return np.random.default_rng(seed).standard_normal(DIMENSIONS)


class Toy(Embedder):
    """Sums of random word vectors: longer texts differ less. texts: how many were embedded."""

    salt = ""

    def __init__(self, spec: ModelSpec = LOCAL) -> None:
        super().__init__(spec)
        self.texts = 0

    def seen(self, text: str) -> str:
        return text

    def encode(self, texts):
        self.texts += len(texts)
        words = [re.findall(r"\w+", self.seen(text)) or ["."] for text in texts]
        rows = np.array([sum(word_vector(word, self.salt) for word in row) for row in words], np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    def count_tokens(self, texts):
        return np.array([len(text.split()) for text in texts], np.int64)


class Cut(Toy):
    """Reads so many characters."""

    def __init__(self, chars: int, spec: ModelSpec = LOCAL) -> None:
        super().__init__(spec)
        self.chars = chars

    def seen(self, text):
        return text[: self.chars]


class Constant(Cut):
    """Gives all longer texts one vector."""

    def seen(self, text):
        return text if len(text) <= self.chars else "too long"


class BatchDependent(Toy):
    def encode(self, texts):
        rows = super().encode(texts)
        rows = rows + rows.mean(axis=0)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


class Padded(Toy):
    """Short texts take part of what pads them up to the longest of the batch."""

    def encode(self, texts):
        rows, longest = super().encode(texts), max(map(len, texts))
        rows = rows + np.array([[0.3 * (1 - len(text) / longest)] for text in texts], np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


class SortedByLength(Toy):
    def encode(self, texts):
        return super().encode(sorted(texts, key=len))


class Shifted(Toy):
    def encode(self, texts):
        return np.roll(super().encode(texts), 1, axis=0)


class Noisy(Toy):
    noise = 0.05

    def encode(self, texts):
        rows = super().encode(texts)
        rows = rows + np.random.default_rng().normal(0, self.noise, rows.shape)
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


class SlightlyNoisy(Noisy):
    noise = 5e-4


class SlightlyNoisyCut(SlightlyNoisy, Cut):
    pass


class LongRefused(Toy):
    def encode(self, texts):
        if max(map(len, texts)) > 600:
            raise ServiceError("The input is too long.")
        return super().encode(texts)


class Rounded(Toy):
    """As float16 sends them."""

    def encode(self, texts):
        rows = super().encode(texts).astype(np.float16).astype(np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


class NameIgnored(Toy):
    def renamed(self, name):
        return self


class NameRefused(Toy):
    def renamed(self, name):
        other = Toy(self.spec)
        other.embed = refuse
        return other


class OtherModel(Toy):
    def renamed(self, name):
        other = Toy(self.spec)
        other.salt = name
        return other


def refuse(texts):
    raise ServiceError("There is no such model.")


class PromptApplied(Toy):
    def embed_query(self, texts):
        return self.encode([f"{self.spec.query_prompt} {text}" for text in texts])


class Changed(Toy):
    """Rows changed by a function."""

    def __init__(self, change) -> None:
        super().__init__(LOCAL)
        self.change = change

    def encode(self, texts):
        return self.change(super().encode(texts))


def without_value(rows):
    rows[2, 3] = np.nan
    return rows


PROMPTED = replace(LOCAL, query_prompt="query:")


@pytest.mark.parametrize(
    "embedder",
    [
        Toy(), Toy(SERVED), Rounded(), SlightlyNoisy(), NameRefused(SERVED), OtherModel(SERVED),
        PromptApplied(PROMPTED), Cut(2 * LONGEST), LongRefused(SERVED), Toy(replace(LOCAL, max_tokens=256)),
    ],
    ids=lambda embedder: type(embedder).__name__,
)  # fmt: skip
def test_a_good_model_passes(embedder):
    findings, rows = probe(embedder, LONGEST)
    assert findings.failed == ()
    assert findings.chars_read is None
    assert rows.shape == (len(CANARIES), DIMENSIONS)
    assert findings.noise < TOLERANCE


@pytest.mark.parametrize(
    ("embedder", "check"),
    [
        (BatchDependent(), "batch"),
        (Padded(), "batch"),
        (SortedByLength(), "order"),
        (Shifted(), "order"),
        (Noisy(), "repeatable"),
        (Cut(600), "window"),
        (Constant(600), "window"),
        (Cut(600, replace(LOCAL, max_tokens=512)), "window"),
        (NameIgnored(SERVED), "name"),
        (Toy(PROMPTED), "prompt"),
        (Changed(lambda rows: rows[:, :-1]), "dimensions"),
        (Changed(lambda rows: rows[:1]), "dimensions"),
        (Changed(without_value), "finite"),
        (Changed(lambda rows: 3 * rows), "unit_length"),
        (Changed(lambda rows: np.full_like(rows, DIMENSIONS**-0.5)), "distinct"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_each_fault_is_named(embedder, check):
    findings, _ = probe(embedder, LONGEST)
    failed = [failure.name for failure in findings.failed]
    assert check in failed
    assert set(failed) <= {check, "window"}  # a constant model reads no end of a text either
    assert all(failure.problem.endswith(".") for failure in findings.failed)


@pytest.mark.parametrize("kind", [Cut, Constant, SlightlyNoisyCut])
@pytest.mark.parametrize("chars", [150, 600, 2_048, 9_000])
def test_where_reading_stops_is_measured(kind, chars):
    findings, _ = probe(kind(chars), LONGEST)
    assert findings.chars_read == pytest.approx(chars, rel=0.04, abs=20)
    assert [check.name for check in findings.failed] == ["window"]


def test_a_constant_vector_of_long_texts_has_a_sentence_of_its_own():
    (cut,), (constant,) = (probe(kind(600), LONGEST)[0].failed for kind in (Cut, Constant))
    assert "600 characters" in cut.problem
    assert "600 characters" in constant.problem
    assert "same vector" in constant.problem
    assert "same vector" not in cut.problem


def test_no_more_is_tried_than_the_texts_need_and_a_paid_service_allows():
    paid = ModelSpec("openai", "text-embedding-3-small", dimensions=DIMENSIONS)
    assert tried_length(Toy(), 2_000) == 2_000
    assert tried_length(Toy(), 10**6) < 10**5
    assert tried_length(Toy(paid), 10**6) <= 4_000
    toy = Toy(paid)
    findings, _ = probe(toy, 10**6)
    assert toy.texts < 50
    assert not needs_probe(findings, toy, 10**6)
    short = probe(Toy(), 600)[0]
    assert needs_probe(short, Toy(), 6_000)
    assert not needs_probe(short, Toy(), 500)
    assert not needs_probe(probe(Cut(300), 600)[0], Cut(300), 6_000)


@pytest.mark.parametrize("length", [200, 1_000, 5_000])
def test_long_texts_differ_only_at_the_end(length):
    first, other = long_text(length, 0), long_text(length, 1)
    assert len(first) == len(other) == length
    assert first[:-60] == other[:-60]
    assert first != other
    assert long_text(length, 0, length // 4)[: length // 2] == first[: length // 2]


@pytest.mark.parametrize("name", ["lexical", "all-MiniLM-L6-v2"])
def test_models_that_run_here_pass(name):
    findings, _ = probe(load_embedder(name, local_only=True), 5_000)
    assert findings.failed == ()
