"""The inverted index gives the hits of scanning, in every script."""

import numpy as np
import pandas as pd
import pytest

from core.corpus import keyword_index
from core.corpus.keyword import search_keywords
from core.corpus.keyword_index import KeywordIndex, store_keyword_index, stored_index
from core.store import Workspace
from core.types import Corpus, CorpusRef, Roles

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


def test_the_index_of_a_corpus_is_stored_and_loaded_with_the_same_hits(tmp_path, monkeypatch):
    texts = ["Card limits, über alles", "卡片 card", "", "limit limit"]
    corpus = Corpus("c", pd.DataFrame({"text": texts}), texts, Roles("{text}"), "d" * 16)
    Workspace(tmp_path).save_corpus(corpus)
    ref = CorpusRef(str(tmp_path), corpus.digest)
    store_keyword_index(ref)
    monkeypatch.setattr(keyword_index, "count_words", None)  # not counted again
    index = stored_index(ref)
    for query in ("card", "über", "limit card", "卡片"):
        hits, expected = (search_keywords(texts, query, 9, index=one) for one in (index, None))
        assert hits.rows.tolist() == expected.rows.tolist()
        np.testing.assert_allclose(hits.scores, expected.scores, rtol=1e-6)
