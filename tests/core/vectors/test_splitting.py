"""Passages by the tokens of a model: counts of words add up to those of its tokenizer."""

import numpy as np

from core.corpus.preprocess import estimate_tokens, split_passages
from core.models.registry import PRESETS, load_embedder
from core.vectors.splitting import WordCounter, token_counter

TEXTS = [
    "",
    "  ",
    "Hello—world's e-mail",
    "限额可以提高 abc限额! naïve ½ 😀",
    "tab\tnew\nline",
    "un" * 60,
    "supercalifragilistic " * 40,
]


def test_counts_are_those_of_the_tokenizer():
    embedder = load_embedder("all-MiniLM-L6-v2")
    count = WordCounter(embedder)
    for _ in range(2):  # counted, then remembered
        assert [count(text) for text in TEXTS] == embedder.count_tokens(TEXTS).tolist()
    text = " ".join(f"Sentence {i} speaks of unaffordable refrigerators." for i in range(80))
    (passages,) = split_passages([text], 64, 0.0, count)
    assert np.max(embedder.count_tokens(passages)) <= 64
    assert "".join(passages) == text


def test_models_without_a_local_tokenizer_are_estimated(tmp_path):
    hosted = next(spec for spec in PRESETS if spec.backend == "openai")
    assert token_counter(str(tmp_path), hosted) is estimate_tokens
    assert token_counter(str(tmp_path), None) is estimate_tokens
