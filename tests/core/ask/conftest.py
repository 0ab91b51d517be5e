"""A small corpus whose vectors come from words, so that cosines can be checked by hand."""

import re
import zlib

import numpy as np
import pandas as pd
import pytest

from core.models.base import Embedder
from core.types import Corpus, ModelSpec, Roles, Vectors, unit_rows

SPEC = ModelSpec("imported", "words", dimensions=256)
TEXTS = [
    "Your card is declined when the limit is reached. Raise the limit in the app.",
    "A new card arrives within five working days. Express delivery costs six euros.",
    "Transfers abroad cost two percent. The fee is shown before you confirm.",
    "To close the account, write to support. Pending payments must be finished first.",
    "A lost card must be blocked at once. Open the app and choose block.",
    "卡片被拒绝时请检查限额。限额可以在应用里提高。",
    "Exchange rates follow the market. They change every minute.",
    "Interest is paid monthly. The rate depends on the balance of the account.",
    "Passwords have at least twelve characters. Change the password after a theft.",
    "Cash machines give at most four hundred euros a day. The limit resets at midnight.",
]


class WordEmbedder(Embedder):
    """The sum of one random direction for each word: texts that share words are similar."""

    def __init__(self, spec: ModelSpec = SPEC) -> None:
        super().__init__(spec)
        self.texts: list[str] = []

    def encode(self, texts):
        self.texts += texts
        rows = [sum((self._direction(word) for word in self._words(text)), self._direction(text)) for text in texts]
        return unit_rows(np.array(rows).reshape(len(texts), SPEC.dimensions))

    @staticmethod
    def _words(text: str) -> list[str]:
        return [word for word in re.findall(r"[a-z0-9]{4,}|[\u4e00-\u9fff]", text.lower()) for _ in range(3)]

    @staticmethod
    def _direction(word: str) -> np.ndarray:
        return np.random.default_rng(zlib.crc32(word.encode("utf-8", "replace"))).normal(size=SPEC.dimensions)


def make_corpus(texts, **columns) -> Corpus:
    table = pd.DataFrame({"text": texts, **columns})
    return Corpus("texts", table, list(texts), Roles("{text}"), "digest")


def embedded(texts, **columns) -> tuple[Corpus, Vectors, WordEmbedder]:
    embedder = WordEmbedder()
    vectors = Vectors(embedder.embed(list(texts)), SPEC, "digest")
    return make_corpus(texts, **columns), vectors, embedder


@pytest.fixture(scope="session")
def bank():
    return embedded([*TEXTS, TEXTS[0]])  # the last is a copy
