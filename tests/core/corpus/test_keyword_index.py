"""The inverted index gives the hits of scanning, in every script."""

import numpy as np
import pandas as pd
import pytest

from core.corpus.keyword import search_keywords
from core.corpus.keyword_index import KEYWORD_INDEX, JoinedIndex, KeywordIndex, KeywordQuery, load_keyword_index
from core.corpus.postings import build_postings
from core.errors import InputError
from core.store import Workspace
from core.types import Corpus, CorpusRef, Roles

PIECES = [
    "card", "cards", "Cardinal", "limit", "e-mail", "ÜBER", "über", "3.5", "3.55", "x_y", "İstanbul", "ß", "---", "👍",
    "👍🏽", "é", "e\u0301", "c++", "don't", "\u3000", "\t\n", "  ", ",", ".", "a-a-a", "\ud800", "ไทย", "ひらがな",
    *("卡片", "限额", "卡", "片", "哈哈哈"),
]  # fmt: skip
QUERIES = [
    "card", "card limit", '"card limit"', '"card"', "卡片 card", "e-mail", '"e-mail card"', "3.5 x", "über -limit",
    "ist", "哈哈", '"哈 哈"', "--", "👍", "👍👍", "c++", '-"card limit" 卡', "a-a", '"limit , card"', "卡card",
    "e\u0301", "don't -'", "片卡片", 'limi "ไทย"', "ท", "zzz", "卡 zzz", '"card zzz"', "\ud800", ", .",
]  # fmt: skip


def random_texts(rng, count):
    """Pieces one after the other, with and without spaces between them; some texts are empty or occur twice."""
    texts = ["".join(rng.choice([*PIECES, *" " * 20], rng.integers(0, 14))) for _ in range(count)]
    return [*texts, *texts[:10], "", " \n"]


def assert_same(hits, expected):
    assert hits.rows.tolist() == expected.rows.tolist()
    np.testing.assert_allclose(hits.scores, expected.scores, rtol=1e-6)
    assert hits.matched.tolist() == expected.matched.tolist()
    assert hits.spans == expected.spans
    assert hits.matching.tolist() == expected.matching.tolist()


@pytest.mark.parametrize("seed", [0, 1])
def test_hits_are_those_of_scanning(seed, monkeypatch):
    monkeypatch.setattr("core.corpus.postings.BLOCK", 90)
    rng = np.random.default_rng(seed)
    texts = random_texts(rng, 250)
    index, mask = KeywordIndex(build_postings(texts)), rng.random(len(texts)) < 0.5
    drawn = ["".join(rng.choice([*PIECES, " "], rng.integers(1, 5))) for _ in range(20)]
    for query in [*QUERIES, *drawn, *(f'"{text}" card' for text in drawn)]:
        for rows, terms_first in ((None, True), (mask, False), (np.zeros(len(texts), bool), True)):
            try:
                expected = search_keywords(texts, query, 9, rows, terms_first)
            except InputError:  # no words
                continue
            assert_same(search_keywords(texts, query, 9, rows, terms_first, index), expected)


def test_no_texts():
    for texts in ([], ["", "\n"]):
        assert search_keywords(texts, "card", index=KeywordIndex(build_postings(texts))).total == 0


def test_several_corpora_are_searched_as_one():
    texts = random_texts(np.random.default_rng(2), 60)
    joined = JoinedIndex([KeywordIndex(build_postings(part)) for part in (texts[:20], texts[20:])])
    assert_same(search_keywords(texts, "card 卡片 -limit", index=joined), search_keywords(texts, "card 卡片 -limit"))


def test_the_index_of_a_corpus_is_stored_and_a_damaged_one_built_again(tmp_path):
    texts = ["Card limits, über alles", "卡片 card", "", "limit limit"]
    corpus = Corpus("c", pd.DataFrame({"text": texts}), texts, Roles("{text}"), "d" * 16)
    Workspace(tmp_path).save_corpus(corpus)
    query, done = KeywordQuery(CorpusRef(str(tmp_path), corpus.digest)), []
    KEYWORD_INDEX.get_or_compute(query, lambda count, total: done.append((count, total)))
    assert done == [(4, 4)]
    assert_same(search_keywords(texts, "limit card", index=load_keyword_index(query.corpus)),
                search_keywords(texts, "limit card"))  # fmt: skip
    file = next(tmp_path.rglob("rows.npy"))
    file.write_bytes(file.read_bytes()[:-1] + b"\x07")
    assert not KEYWORD_INDEX.exists(query)
    assert sorted(KEYWORD_INDEX.get_or_compute(query).rows) == [0, 0, 0, 0, 0, 1, 1, 1, 3, 3]
