"""Passages of a workspace's corpora: scope, several corpora, keyword mode without vectors, refusal as a result."""

import numpy as np
import pytest

from core.ask import retrieval
from core.ask.loaders import load_retriever
from core.ask.refusal_result import REFUSAL, RefusalQuery
from core.ask.service import AskQuery, example_questions, find_passages
from core.corpus.build import build_corpus
from core.corpus.filters import Filter
from core.corpus.reading.values import RawTable
from core.errors import InputError
from core.models.registry import load_embedder
from core.models.reranker import checked_reranker
from core.store import Workspace
from core.types import CorpusRef, ModelSpec, Roles
from core.vectors.embedding import embed
from tests.core.ask.conftest import TEXTS, make_corpus
from tests.rerank_server import RerankServer, shared_words

QUESTION = "How do I raise the limit of my card?"
MORE = ["Limits of cards are raised in a branch. Bring the card.", "Why is my card late? It is sent by mail.", TEXTS[0]]


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """Two embedded corpora, and one that is not embedded."""
    workspace = Workspace(tmp_path_factory.mktemp("ask"))
    embedder, refs = load_embedder("lexical"), []
    for name, texts in (("bank", TEXTS), ("branch", MORE), ("bare", MORE[:2])):
        extra = {"shelf": ["a"] * len(texts)} if name == "bank" else {}
        table = make_corpus(texts, kind=[f"kind {i % 2}" for i in range(len(texts))], **extra).table
        raw = RawTable(table=table, sources=(), notes=(), vectors=None, vectors_name="")
        corpus = build_corpus(raw, Roles("{text}", ("kind",)), name=name).corpus
        workspace.save_corpus(corpus)
        if name != "bare":
            embed(corpus, embedder, workspace)
        refs.append(CorpusRef(str(workspace.folder), corpus.digest))
    return refs, embedder.spec


@pytest.mark.parametrize("mode", retrieval.MODES)
def test_passages_come_with_their_columns(stored, mode):
    (bank, *_), spec = stored
    result = find_passages(AskQuery(QUESTION, (bank,), mode, 3), spec)
    assert result.retrieval.passages[0].row == 0
    assert result.sources[0] == (0, 0)
    assert result.table["text"].tolist() == [passage.text for passage in result.retrieval.passages]
    assert result.searched == result.total == len(TEXTS)
    assert spec.label in result.sentence_method
    assert (result.index is None) == (mode == "keyword")


def test_filters_limit_the_passages(stored):
    (bank, *_), spec = stored
    query = AskQuery(QUESTION, (bank,), k=9, filters=(Filter("kind", "values", values=("kind 1",)),))
    result = find_passages(query, spec)
    assert {row % 2 for _, row in result.sources} == {1}
    assert result.searched == 5
    assert result.total == 10
    none = AskQuery(QUESTION, (bank,), filters=(Filter("kind", "values", values=("gone",)),))
    assert find_passages(none, spec).retrieval.passages == ()


@pytest.mark.parametrize("mode", retrieval.MODES)
def test_several_corpora_are_searched_as_one(stored, mode):
    (bank, branch, _), spec = stored
    query = AskQuery(QUESTION, (bank, branch), mode, 20, (Filter("kind", "values", values=("kind 0",)),))
    result = find_passages(query, spec)
    assert result.total == len(TEXTS) + len(MORE)
    assert {corpus for corpus, _ in result.sources} == {0, 1}
    assert {row % 2 for _, row in result.sources} == {0}
    assert (result.searched, result.unfiltered) == (5 + 2, ())
    for passage, (corpus, row) in zip(result.retrieval.passages, result.sources, strict=True):
        assert passage.text == (TEXTS, MORE)[corpus][row]
    assert len({passage.text for passage in result.retrieval.passages}) == len(result.sources)  # a copy counts once
    shelf = AskQuery(QUESTION, (bank, branch), mode, 20, (Filter("shelf", "values", values=("b",)),))
    assert {corpus for corpus, _ in find_passages(shelf, spec).sources} == {1}  # it has no such column
    assert find_passages(shelf, spec).unfiltered == ((1, ("shelf",)),)
    single = find_passages(AskQuery(QUESTION, (branch,), mode, 20), spec)
    cosines = {passage.text: passage.cosine for passage in result.retrieval.passages}
    for passage in single.retrieval.passages:
        if passage.text in cosines:
            assert passage.cosine == pytest.approx(cosines[passage.text], abs=1e-6)


@pytest.mark.parametrize("spec", [None, ModelSpec("imported", "mine", dimensions=3)])
def test_without_a_model_that_embeds_questions_keywords_are_searched(stored, spec):
    (*_, bare), _ = stored
    result = find_passages(AskQuery(QUESTION, (bare,), "keyword"), spec)
    assert result.sources[0] == (0, 0)
    passage = result.retrieval.passages[0]
    assert np.isnan(passage.cosine)
    assert np.isnan(passage.percentile)
    assert passage.sentence == "Limits of cards are raised in a branch."
    assert np.isnan(result.retrieval.nearest)
    assert result.percentile_method == ""
    with pytest.raises(InputError):
        find_passages(AskQuery(QUESTION, (bare,), "semantic"), spec)


def test_questions_and_sentences_are_embedded_once(stored, monkeypatch):
    (bank, *_), spec = stored
    retriever = load_retriever((bank,), spec)
    first = retriever.retrieve(QUESTION, 3)
    monkeypatch.setattr(retriever.embedder, "_embed_all", None)
    again = retriever.retrieve(QUESTION, 3)
    assert again.passages == first.passages


def test_the_threshold_is_stored_with_its_basis(stored):
    (bank, branch, _), spec = stored
    known = tuple((text[:30], True) for text in TEXTS[:6]) + tuple((f"comet number {i}", False) for i in range(6))
    query = RefusalQuery(bank, spec, (branch,), known)
    assert REFUSAL.load(query) is None
    assert REFUSAL.expected_seconds(query) > 0
    value = REFUSAL.get_or_compute(query)
    assert REFUSAL.load(query) == value or REFUSAL.load(query).value == value.value
    assert value.basis == "known"
    assert (value.answerable, value.unanswerable) == (6, 6)
    assert REFUSAL.query_from_dict(bank, REFUSAL.query_to_dict(query)) == query
    sentences = REFUSAL.get_or_compute(RefusalQuery(bank, spec))
    assert sentences.basis == "sentences"
    assert sentences.value.low <= sentences.value.value <= sentences.value.high


def test_example_questions_occur_in_the_texts(stored):
    (bank, branch, _), _ = stored
    assert example_questions(branch) == ("Why is my card late?",)
    assert example_questions(bank) == ()


def test_a_reranker_scores_a_question_once(stored):
    (bank, *_), spec = stored
    server = RerankServer()
    reranker = checked_reranker("small", server.url)
    try:
        results = [find_passages(AskQuery(QUESTION, (bank,), k=3), spec, reranker=reranker) for _ in range(2)]
    finally:
        server.close()
    assert len(server.bodies) == 1
    best = max(TEXTS, key=lambda text: shared_words(QUESTION, text))
    assert results[1].retrieval.passages[0].text == best
    assert results[0].retrieval.passages == results[1].retrieval.passages
