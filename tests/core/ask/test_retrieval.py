"""Passages: against brute force, with copies, ties in nothing, Chinese, and the sentence that matches."""

from dataclasses import replace

import numpy as np
import pytest

from core.ask import retrieval
from core.ask.retrieval import MODES, keyword_query, open_retriever
from core.corpus.keyword import search_keywords
from core.corpus.sentences import sentence_spans
from core.errors import InputError
from core.types import Vectors
from core.vectors.search import fuse
from tests.core.ask.conftest import SPEC, TEXTS, WordEmbedder, embedded

QUESTION = "Why was my card declined at the cash machines?"


def test_semantic_passages_are_the_nearest_distinct_texts(bank):
    _corpus, vectors, embedder = bank
    result = open_retriever(*bank).retrieve(QUESTION, 4)
    cosines = vectors.rows[: len(TEXTS)] @ embedder.embed_query([QUESTION])[0]
    expected = np.argsort(-cosines)[:4]
    assert [passage.row for passage in result.passages] == expected.tolist()
    assert [passage.number for passage in result.passages] == [1, 2, 3, 4]
    np.testing.assert_allclose([passage.cosine for passage in result.passages], cosines[expected], atol=1e-6)
    assert [passage.score for passage in result.passages] == [passage.cosine for passage in result.passages]
    assert result.nearest == pytest.approx(cosines.max(), abs=1e-6)


def test_keyword_passages_follow_bm25_alone(bank):
    corpus, _, _ = bank
    result = open_retriever(*bank).retrieve(QUESTION, 5, "keyword")
    mask = np.arange(len(corpus)) < len(TEXTS)
    hits = search_keywords(corpus.texts, keyword_query(QUESTION), 100, mask)
    order = np.lexsort((hits.rows, -hits.scores))[:5]
    assert [passage.row for passage in result.passages] == hits.rows[order].tolist()
    assert [passage.score for passage in result.passages] == hits.scores[order].tolist()


def test_hybrid_fuses_both(bank):
    _corpus, vectors, embedder = bank
    result = open_retriever(*bank).retrieve(QUESTION, 3, "hybrid")
    near = np.argsort(-(vectors.rows[: len(TEXTS)] @ embedder.embed_query([QUESTION])[0]))
    keywords = open_retriever(*bank).retrieve(QUESTION, 100, "keyword")
    rows, scores = fuse([near, np.array([passage.row for passage in keywords.passages])], 3)
    assert [passage.row for passage in result.passages] == rows.tolist()
    np.testing.assert_allclose([passage.score for passage in result.passages], scores)


def test_the_matching_sentence_has_the_highest_cosine(bank):
    _corpus, _vectors, embedder = bank
    result = open_retriever(*bank).retrieve("Does express delivery cost six euros?", 3)
    query = embedder.embed_query(["Does express delivery cost six euros?"])[0]
    for passage in result.passages:
        sentences = [passage.text[start:end] for start, end in sentence_spans(passage.text)]
        cosines = embedder.embed(sentences) @ query
        assert passage.sentence == sentences[int(cosines.argmax())]
        assert passage.span_cosine == pytest.approx(float(cosines.max()), abs=1e-6)
    assert result.passages[0].sentence == "Express delivery costs six euros."


def test_percentile_is_the_share_of_pairs_below(bank):
    _corpus, vectors, _ = bank
    retriever = open_retriever(*bank)
    distinct = vectors.rows[: len(TEXTS)]
    pairs = (distinct @ distinct.T)[np.triu_indices(len(TEXTS), 1)]
    for passage in retriever.retrieve(QUESTION, 3).passages:
        assert passage.percentile == pytest.approx((pairs < np.float32(passage.cosine)).mean() * 100)
    assert str(len(pairs)) in retriever.percentile_method


def test_a_sentence_that_is_its_text_is_not_embedded_again():
    corpus, vectors, embedder = embedded(["Cards expire.", "Fees are low.", "Two sentences here. Both count."])
    embedder.texts.clear()
    open_retriever(corpus, vectors, embedder).retrieve("Do cards expire?", 3)
    assert sorted(embedder.texts) == sorted(["Do cards expire?", "Two sentences here.", "Both count."])


def test_chinese_questions_find_chinese_words(bank):
    result = open_retriever(*bank).retrieve("卡片为什么被拒绝？", 2, "keyword")
    assert result.passages[0].row == 5
    assert result.passages[0].sentence in sentence_texts(TEXTS[5])
    assert len(sentence_texts(TEXTS[5])) == 2


def sentence_texts(text: str) -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text)]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("", []),
        (" \n ", []),
        ("No end", ["No end"]),
        ("Dr. Lee paid 3.5 euros. Why?", ["Dr. Lee paid 3.5 euros.", "Why?"]),
        ("A heading\n- one item\n\nA text.", ["A heading", "- one item", "A text."]),
        ("你好。再见！", ["你好。", "再见！"]),
    ],
)
def test_sentences(text, sentences):
    assert sentence_texts(text) == sentences


def test_questions_without_words_have_no_keyword_passages(bank):
    result = open_retriever(*bank).retrieve("?!", 3, "keyword")
    assert result.passages == ()
    assert np.isfinite(result.nearest)


def test_what_does_not_belong_together_is_refused(bank):
    corpus, vectors, embedder = bank
    with pytest.raises(InputError):
        open_retriever(corpus, vectors, WordEmbedder(replace(SPEC, name="other")))
    with pytest.raises(InputError):
        open_retriever(corpus, Vectors(vectors.rows[:3], SPEC, "digest"), embedder)
    with pytest.raises(InputError):
        open_retriever(*bank).retrieve("  ")
    with pytest.raises(InputError):
        open_retriever(*bank).retrieve(QUESTION, 0)
    with pytest.raises(InputError):
        open_retriever(*bank).retrieve(QUESTION, mode="other")


@pytest.mark.parametrize("mode", MODES)
def test_a_mask_limits_the_rows_searched(bank, mode):
    retriever = open_retriever(*bank)
    mask = np.zeros(len(bank[0]), bool)
    mask[[4, 9, 10]] = True  # row 10 is a copy of row 0, which is not searched
    result = retriever.retrieve(QUESTION, 5, mode, mask)
    assert {passage.row for passage in result.passages} <= {4, 9, 10}
    assert 10 in [passage.row for passage in result.passages]
    cosines = bank[1].rows[[4, 9, 10]] @ retriever.embed_questions([QUESTION])[0]
    assert result.nearest == pytest.approx(cosines.max(), abs=1e-6)
    nothing = retriever.retrieve(QUESTION, 5, mode, np.zeros(len(bank[0]), bool))
    assert nothing.passages == ()
    assert nothing.nearest == -1


class LengthReranker:
    """Prefers long texts."""

    label = "length"

    def scores(self, question, texts):
        return np.array([len(text) for text in texts], np.float32)


@pytest.mark.parametrize("mode", MODES)
def test_a_reranker_orders_the_first_candidates(bank, mode, monkeypatch):
    retriever = open_retriever(*bank)
    candidates = [passage.row for passage in retriever.retrieve(QUESTION, 4, mode).passages]
    monkeypatch.setattr(retrieval, "RERANKED", 4)
    result = retriever.retrieve(QUESTION, 2, mode, reranker=LengthReranker())
    expected = sorted(candidates, key=lambda row: -len(bank[0].texts[row]))[:2]
    assert [passage.row for passage in result.passages] == expected
    assert [passage.score for passage in result.passages] == [len(bank[0].texts[row]) for row in expected]
    assert [passage.number for passage in result.passages] == [1, 2]
    query = retriever.embed_questions([QUESTION])[0]
    np.testing.assert_allclose([p.cosine for p in result.passages], bank[1].rows[expected] @ query, atol=1e-6)
