"""The inverted index gives the hits of scanning, in every script."""

import numpy as np
import pytest

from core.corpus.keyword import search_keywords
from core.corpus.keyword_index import KeywordIndex

WORDS = [
    "card",
    "cards",
    "Cardinal",
    "limit",
    "e-mail",
    "ÜBER",
    "über",
    "3.5",
    "x_y",
    "卡片",
    "限额",
    "İstanbul",
    "ß",
    "",
]


@pytest.mark.parametrize(
    "query", ["card", "card limit", '"card limit"', "卡片 card", "e-mail", "3.5 x", "über -limit", "ist"]
)
@pytest.mark.parametrize("terms_first", [True, False])
def test_hits_are_those_of_scanning(query, terms_first):
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(WORDS, rng.integers(0, 9))) for _ in range(200)]
    index, mask = KeywordIndex(texts), rng.random(200) < 0.5
    for rows in (None, mask, np.zeros(200, bool)):
        expected = search_keywords(texts, query, 50, rows, terms_first)
        hits = search_keywords(texts, query, 50, rows, terms_first, index)
        assert hits.rows.tolist() == expected.rows.tolist()
        np.testing.assert_allclose(hits.scores, expected.scores, rtol=1e-6)
        assert hits.matched.tolist() == expected.matched.tolist()
        assert hits.spans == expected.spans
        assert hits.total == expected.total


def test_no_texts():
    assert search_keywords([], "card", index=KeywordIndex([])).total == 0
    assert search_keywords(["", "?!"], "card", index=KeywordIndex(["", "?!"])).total == 0
