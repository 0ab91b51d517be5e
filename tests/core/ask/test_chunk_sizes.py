"""Chunk sizes: where evidence lies, and metrics counted by hand."""

import numpy as np
import pandas as pd
import pytest

from core.ask.chunk_runs import ChunkQuery, chunk_plan
from core.ask.chunk_sizes import _covered, _within_budget, chunk_table, compare_chunk_sizes, split_texts
from core.ask.documents import join_rows, locate_evidence
from core.ask.question_sets import save_questions, sentence_questions
from core.ask.retrieval_results import CHUNK_SIZES
from core.corpus.preprocess import estimate_tokens, split_passages
from core.errors import InputError
from core.models.registry import load_embedder
from core.store import Workspace
from core.types import Corpus, CorpusRef, Roles
from core.vectors.contenders import Contender
from core.vectors.embedding import embed as embed_corpus
from tests.core.ask.conftest import TEXTS, WordEmbedder

LONG = " ".join(TEXTS[:5])
OTHER = " ".join(TEXTS[6:])


def make(texts, **columns):
    return Corpus("c", pd.DataFrame({"text": texts, **columns}), texts, Roles("{text}"), "c" * 16)


@pytest.mark.parametrize("overlap", [0.0, 0.2])
def test_passages_of_a_row_are_joined_to_its_text(overlap):
    texts = [LONG, OTHER]
    passages = split_passages(texts, 12, overlap)
    flat = [passage for parts in passages for passage in parts]
    rows = np.repeat([1, 2], [len(parts) for parts in passages])
    documents = join_rows(make(flat, source_row=rows))
    assert documents.texts == (LONG, OTHER)
    for i, passage in enumerate(flat):
        assert documents.texts[documents.document[i]][documents.start[i] : documents.end[i]] == passage


def test_sections_of_a_file_are_one_document_and_rows_their_own():
    parts = ["first section", "second section", "other file"]
    sections = make(parts, source_row=[1, 2, 3], position=[1, 2, 1], file=["a", "a", "b"])
    assert join_rows(sections).texts == ("first section\n\nsecond section", "other file")
    assert join_rows(make(parts, source_row=[1, 2, 3])).texts == tuple(parts)
    for position in (["clerk", "nurse", "clerk"], [7, 2, 5]):  # a column of the user's own
        assert join_rows(make(parts, source_row=[1, 2, 3], position=position)).texts == tuple(parts)


def test_evidence_is_located_within_its_row_whatever_its_case_and_spaces():
    documents = join_rows(make([f"{TEXTS[0]}\n{TEXTS[1]}", TEXTS[2]]))
    exact, missing, none = locate_evidence(
        documents, [[0], [0], [1]], [["a  NEW\ncard arrives"], ["not there at all"], []]
    )
    start = documents.texts[0].index("A new card arrives")
    assert exact == ((0, start, start + len("A new card arrives")),)
    assert missing == ((0, 0, len(documents.texts[0])),)
    assert none == ((1, 0, len(TEXTS[2])),)


def test_spans_are_counted_by_hand():
    evidence = [(0, 10, 20), (0, 15, 30), (1, 0, 5)]
    assert _covered(evidence, evidence) == 25
    assert _covered([(0, 0, 12), (0, 11, 18), (1, 4, 9), (2, 0, 9)], evidence) == 8 + 1
    spans = [(0, 0, 100), (1, 0, 50)]
    assert _within_budget(spans, [10, 10], 15) == [(0, 0, 100), (1, 0, 25)]
    assert _within_budget(spans, [10, 10], 10) == spans[:1]


def test_metrics_against_a_count_over_characters():
    embedder = WordEmbedder()
    texts, sizes, k, budget = [LONG, OTHER], (8, 16, 40), 2, 20
    question = "transfers abroad percent fee"
    start = LONG.index("Transfers abroad")
    evidence = [[(0, start, start + len(TEXTS[2]))]]

    def embed(parts, are_questions):
        return embedder.embed(parts)

    result = compare_chunk_sizes(
        texts, [question], evidence, sizes, embed=embed, count=estimate_tokens, k=k, budget=budget
    )
    for i, size in enumerate(sizes):
        chunks = split_texts(texts, size, 0.0, estimate_tokens)
        parts = [texts[d][s:e] for d, s, e in zip(chunks.document, chunks.start, chunks.end, strict=True)]
        assert "".join(parts) == LONG + OTHER
        order = np.argsort(-(embedder.embed(parts) @ embedder.embed([question])[0]), kind="stable")
        wanted = {(0, at) for at in range(*evidence[0][0][1:])}
        covered = [{(int(chunks.document[c]), at) for at in range(chunks.start[c], chunks.end[c])} for c in order]
        first = next((rank for rank, part in enumerate(covered[:k], 1) if part & wanted), 0)
        assert result.values["mrr"][i, 0] == (1 / first if first else 0)
        assert result.values["answerable_rate"][i, 0] == bool(first)
        assert result.values["recall"][i, 0] == pytest.approx(len(set.union(*covered[:k]) & wanted) / len(wanted))
        assert 0 <= result.values["budget_recall"][i, 0] <= 1
    assert result.chunks.tolist() == sorted(result.chunks.tolist(), reverse=True)
    table = chunk_table(result, "recall")
    assert table["size"].tolist() == list(sizes)
    with pytest.raises(InputError):
        compare_chunk_sizes(texts, [question], evidence, (8,), embed=embed, count=estimate_tokens)


def test_a_stored_corpus_is_compared(tmp_path):
    corpus = make([LONG, OTHER, *TEXTS])
    workspace = Workspace(tmp_path)
    workspace.save_corpus(corpus)
    spec = embed_corpus(corpus, load_embedder("lexical"), workspace).model
    ref = CorpusRef(str(tmp_path), corpus.digest)
    questions = save_questions(ref, sentence_questions(ref, 8))
    query = ChunkQuery(ref, Contender(spec), questions.key, (8, 32))
    plan = chunk_plan(query)
    assert (plan.questions, plan.documents, plan.usd) == (8, 12, 0.0)
    result = CHUNK_SIZES.get_or_compute(query)
    assert result.values["budget_recall"].shape == (2, 8)
    assert (chunk_table(CHUNK_SIZES.get(query), "budget_recall")["budget_recall"] > 0).all()
