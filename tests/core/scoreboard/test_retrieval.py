"""Queries with judgments: values against pytrec_eval, copies, ids that meet nothing, prompts, and direction."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from core.corpus.qrels import FROM_ONE
from core.corpus.service import InvalidInput
from core.errors import InputError, ModelError
from core.models.registry import load_embedder
from core.scoreboard.retrieval import (
    RankedCandidates,
    Retrieval,
    chance,
    nearest_candidates,
    ranked_scores,
    read_queries,
    score_queries,
)
from core.scoreboard.service import preview_task, texts_to_embed
from core.scoreboard.task_tables import import_tables
from core.scoreboard.types import Task
from core.types import CorpusRef, unit_rows
from core.vectors.contenders import Contender, contender_rows
from core.vectors.text_vectors import quantize_like_corpus
from tests.core.scoreboard.small_corpus import bring, imported, make, noised, texts_of

QUERIES = '{"_id": "q1", "text": "late parcel"}\n{"_id": "q2", "text": "cheap lamp"}\n{"_id": "q3", "text": "a poem"}\n'
QRELS = (
    "query-id\tcorpus-id\tscore\nq1\td0\t3\nq1\td1\t1\nq1\td10\t2\nq1\td999\t1\nq2\td31\t1\nq2\td5\t0\n"
    "q3\td777\t1\nq9\td1\t1\n"
)


def shop(tmp_path, **columns):
    return make(tmp_path, id="key", key=[f"d{i}" for i in range(40)], **columns)


def beir(folder, corpus, queries=QUERIES, qrels=QRELS):
    files = (bring(folder, "queries.jsonl", queries), bring(folder, "test.tsv", qrels))
    found = import_tables(CorpusRef(folder, corpus), files, True)
    assert not isinstance(found, InvalidInput), found
    return Task.of("queries", queries=found[0].key, qrels=found[1].key, text="text", query_id="_id", id="key")


def single(folder, corpus, table, grade=None, id="key"):
    (kept,) = import_tables(CorpusRef(folder, corpus), (bring(folder, "asked.csv", table.to_csv(index=False)),), True)
    return Task.of("queries", queries=kept.key, text="query", relevant="row", grade=grade, id=id)


def test_scores_are_those_of_trec_eval(tmp_path):
    pytrec_eval = pytest.importorskip("pytrec_eval")
    folder, corpus, contender = shop(tmp_path)
    made = score_queries(CorpusRef(folder, corpus), contender, beir(folder, corpus))
    asked = load_embedder("lexical").embed_query(["late parcel", "cheap lamp"])
    cosines = asked @ contender_rows(CorpusRef(folder, corpus), contender).T
    run = {f"q{i + 1}": {f"d{j}": float(cosines[i, j]) for j in range(40)} for i in range(2)}
    judged = {"q1": {"d0": 3, "d1": 1, "d10": 2}, "q2": {"d31": 1, "d5": 0}}
    measures = {"ndcg_cut.10": "ndcg_at_10", "P.1": "precision_at_1", "recall.1,10,100": ""}
    truth = pytrec_eval.RelevanceEvaluator(judged, set(measures)).evaluate(run)
    for name, ours in {
        "ndcg_cut_10": "ndcg_at_10", "P_1": "precision_at_1", "recall_1": "recall_at_1", "recall_10": "recall_at_10",
        "recall_100": "recall_at_100",
    }.items():  # fmt: skip
        np.testing.assert_allclose(made.per_query[ours], [truth["q1"][name], truth["q2"][name]], atol=1e-6)
    ranks = [
        1 + (cosines[i] > max(cosines[i, row] for row in rows)).sum() for i, rows in enumerate([(0, 1, 10), (31,)])
    ]
    np.testing.assert_allclose(made.per_query["reciprocal_rank"], [1 / r if r <= 10 else 0 for r in ranks], atol=1e-6)
    assert {values.dtype for values in made.per_query.values()} == {np.dtype(np.float32)}


def test_what_names_nothing_is_counted(tmp_path):
    folder, corpus, contender = shop(tmp_path)
    facts = score_queries(CorpusRef(folder, corpus), contender, beir(folder, corpus)).facts
    assert facts["queries"] == 2
    assert (facts["queries_given"], facts["queries_judged"], facts["queries_left_out"]) == (3, 3, 1)
    assert (facts["absent"], facts["absent_examples"], facts["judgments"]) == (2, ["d999", "d777"], 6)
    assert facts["unknown_queries"] == 1


def test_one_file_gives_what_two_files_give(tmp_path):
    folder, corpus, contender = shop(tmp_path)
    lines = [("late parcel", "d0", 3), ("cheap lamp", "d31", 1), ("late parcel", "d1", 1), ("late parcel", "d10", 2)]
    table = pd.DataFrame(lines, columns=["query", "row", "grade"])
    one = score_queries(CorpusRef(folder, corpus), contender, single(folder, corpus, table, "grade"))
    two = score_queries(CorpusRef(folder, corpus), contender, beir(folder, corpus))
    for name, values in two.per_query.items():
        np.testing.assert_array_equal(one.per_query[name], values)
    flat = score_queries(CorpusRef(folder, corpus), contender, single(folder, corpus, table))
    assert flat.per_query["ndcg_at_10"][0] != one.per_query["ndcg_at_10"][0]


def test_row_numbers_may_stand_for_ids(tmp_path):
    folder, corpus, _ = make(tmp_path)
    table = pd.DataFrame({"query": ["late parcel", "cheap lamp"], "row": [1, 32]})
    made = read_queries(CorpusRef(folder, corpus), single(folder, corpus, table, id=FROM_ONE))
    assert made.answer_of.tolist() == [0, 31]


def test_copies_of_a_text_are_one_answer(tmp_path):
    texts = texts_of()
    folder, corpus, contender = make(
        tmp_path, texts=[*texts[:39], texts[0]], id="key", key=[f"d{i}" for i in range(40)]
    )
    made = score_queries(CorpusRef(folder, corpus), contender, beir(folder, corpus, qrels="q1\td39\t1\nq1\td0\t1\n"))
    assert made.facts["candidates"] == 39
    assert made.per_query["recall_at_1"].tolist() in ([0.0], [1.0])  # one relevant text, not two


def test_a_query_that_is_a_row_does_not_find_itself(tmp_path):
    folder, corpus, contender = shop(tmp_path)
    texts = texts_of()
    table = pd.DataFrame({"query": [texts[3], texts[4]], "row": ["d13", "d4"]})
    made = score_queries(CorpusRef(folder, corpus), contender, single(folder, corpus, table))
    rows = contender_rows(CorpusRef(folder, corpus), contender)
    rank = (np.delete(rows @ rows[3], 3) > rows[3] @ rows[13]).sum() + 1
    assert made.per_query["reciprocal_rank"][0] == pytest.approx(1 / rank if rank <= 10 else 0)
    assert made.per_query["reciprocal_rank"][1] == 1  # judged to answer itself
    assert made.facts["own_texts"] == 1


def test_judgments_of_another_corpus_are_explained(tmp_path):
    folder, corpus, contender = shop(tmp_path)
    with pytest.raises(InputError) as error:
        score_queries(CorpusRef(folder, corpus), contender, beir(folder, corpus, qrels="q1\tMED-1\t1\n"))
    assert '"key"' in error.value.message
    assert '"d0"' in error.value.message
    with pytest.raises(InputError, match="No judgment matches a query"):
        score_queries(CorpusRef(folder, corpus), contender, beir(folder, corpus, qrels="PLAIN-1\td0\t1\n"))


@pytest.mark.parametrize(
    "names", [("a.tsv",), ("a.tsv", "b.tsv"), ("q.jsonl", "r.jsonl"), ("a.tsv", "q.jsonl", "b.tsv")]
)
def test_files_that_do_not_go_together_are_refused(tmp_path, names):
    folder, corpus, _ = shop(tmp_path)
    files = tuple(
        bring(folder, name, (QRELS if name.endswith("tsv") else QUERIES) + "\n" * i) for i, name in enumerate(names)
    )
    found = import_tables(CorpusRef(folder, corpus), files, True)
    assert isinstance(found, InvalidInput)
    assert found.remedy


def test_queries_are_embedded_with_their_prompt_and_kept(tmp_path, monkeypatch):
    from core.models.lexical import LexicalEmbedder
    from core.store import Workspace
    from core.types import Vectors

    folder, corpus, contender = shop(tmp_path)
    spec = replace(contender.model, query_prompt="query: ")
    Workspace(folder).save_vectors(Vectors(contender_rows(CorpusRef(folder, corpus), contender).copy(), spec, corpus))
    asked, honest = [], LexicalEmbedder.embed
    monkeypatch.setattr("core.vectors.loaders.cached_embedder", lambda *_: LexicalEmbedder(spec))
    monkeypatch.setattr(
        LexicalEmbedder,
        "embed_query",
        lambda self, texts: asked.extend(texts) or honest(self, [f"query: {text}" for text in texts]),
    )
    task = single(folder, corpus, pd.DataFrame({"query": [texts_of()[2], "cheap lamp"], "row": ["d2", "d31"]}))
    for _ in range(2):
        score_queries(CorpusRef(folder, corpus), Contender(spec), task)
    assert sorted(asked) == sorted([texts_of()[2], "cheap lamp"])  # the corpus' own vector of the text is no query


def test_imported_vectors_cannot_be_asked(tmp_path):
    folder, corpus, _ = shop(tmp_path)
    mine = imported(folder, corpus, np.random.default_rng(0).normal(size=(40, 8)))
    with pytest.raises(ModelError, match="queries"):
        score_queries(CorpusRef(folder, corpus), mine, beir(folder, corpus))


def test_noise_makes_scores_fall(tmp_path, monkeypatch):
    folder, corpus, contender = shop(tmp_path)
    texts = texts_of()
    table = pd.DataFrame(
        {"query": [" ".join(text.split()[1:6]) for text in texts], "row": [f"d{i}" for i in range(40)]}
    )
    task, means = single(folder, corpus, table), []
    for amount in (0.0, 2.0, 20.0):
        with monkeypatch.context() as patch:
            noised(patch, amount)
            patch.setattr("core.vectors.text_vectors._stored_rows", lambda corpus, spec, texts, queries: (
                np.zeros((len(texts), 384), np.float32), np.arange(len(texts))))  # fmt: skip
            means.append(score_queries(CorpusRef(folder, corpus), contender, task).per_query["ndcg_at_10"].mean())
    assert means[0] > means[1] + 0.02 > means[2] + 0.04


def test_a_variant_is_asked_as_it_is_stored(tmp_path):
    folder, corpus, contender = shop(tmp_path)
    rows = contender_rows(CorpusRef(folder, corpus), contender)
    for small in (Contender(contender.model, 32), Contender(contender.model, None, "binary"),
                  Contender(contender.model, 16, "int8")):  # fmt: skip
        stored = contender_rows(CorpusRef(folder, corpus), small)
        np.testing.assert_allclose(
            quantize_like_corpus(rows[:7].copy(), CorpusRef(folder, corpus), small), stored[:7], atol=1e-6
        )


def test_the_nearest_are_exact_and_ties_are_fair():
    random = np.random.default_rng(5)
    rows, queries = unit_rows(random.normal(size=(9_000, 6))), unit_rows(random.normal(size=(20, 6)))
    none = np.full(20, -1)
    expected = np.argsort(-(queries @ rows.T), axis=1)[:, :100]
    nearest = nearest_candidates(queries, rows, np.arange(9_000), none)
    np.testing.assert_array_equal(nearest.ids, expected)
    np.testing.assert_allclose(nearest.cosines, np.take_along_axis(queries @ rows.T, expected, axis=1), atol=1e-6)
    assert not nearest.beyond.any()
    without = none.copy()
    without[3] = expected[3, 0]
    nearest = nearest_candidates(queries, rows, np.arange(9_000), without)
    np.testing.assert_array_equal(nearest.ids[3, :99], expected[3, 1:])
    same = np.ones((2_000, 1), np.float32)
    tied = nearest_candidates(np.ones((1, 1), np.float32), same, np.arange(2_000), none[:1])
    assert tied.beyond.tolist() == [1_900]
    places = tied.ids[0]
    assert 700 < places.mean() < 1_300
    assert len(set(places.tolist())) == 100


def in_random_order(random, queries, candidates):
    ids = np.array([random.permutation(candidates) for _ in range(queries)], np.int32)
    cosines = np.tile(np.linspace(1, 0, candidates, dtype=np.float32), (queries, 1))
    return RankedCandidates(ids, cosines, np.zeros(queries, np.int64))


@pytest.mark.parametrize("candidates", [30, 100, 400])
def test_constant_vectors_score_at_chance(candidates):
    """Exactly, whatever the answers, their grades, and the query that is a candidate itself."""
    random = np.random.default_rng(candidates)
    pairs = np.unique(np.column_stack([np.repeat(np.arange(25), 4), random.integers(1, candidates, 100)]), axis=0)
    excluded = np.where(np.arange(25) % 2, 0, -1)
    task = Retrieval(["q"] * 25, None, *pairs.T, random.integers(1, 4, len(pairs)) * 1.0, excluded, np.arange(25))
    rows = np.tile(unit_rows(random.normal(size=(1, 384))), (candidates, 1))
    nearest = nearest_candidates(rows[:25], rows, np.arange(candidates), excluded)
    cosines = np.einsum("ij,ij->i", rows[task.query_of], rows[task.answer_of])
    scores = ranked_scores(nearest, cosines, task, candidates)
    for name, expected in chance(task, candidates).items():
        assert scores[name].mean() == pytest.approx(expected, abs=1e-5), name


def test_tied_candidates_score_as_the_mean_over_their_orders():
    """Cosines of three values, so that ties begin and end anywhere, the end of the list among them."""
    random = np.random.default_rng(0)
    pairs = np.unique(np.column_stack([np.repeat(np.arange(6), 5), random.integers(0, 150, 30)]), axis=0)
    grades = random.integers(1, 4, len(pairs)) * 1.0
    task = Retrieval(["q"] * 6, None, *pairs.T, grades, np.full(6, -1), np.arange(6))
    angles = random.choice([0.2, 0.5, 0.8], 150)
    rows = np.column_stack([np.cos(angles), np.sin(angles)]).astype(np.float32)
    queries = np.tile(np.float32([[1, 0]]), (6, 1))
    scores = ranked_scores(
        nearest_candidates(queries, rows, np.arange(150), task.excluded), rows[task.answer_of, 0], task, 150
    )
    means = {name: np.zeros(6) for name in scores}
    for _ in range(2_000):
        ids = np.lexsort((random.random(150), -rows[:, 0]))[:100].astype(np.int32)
        untied = np.tile(np.linspace(1, 0, 100, dtype=np.float32), (6, 1))
        order = RankedCandidates(np.tile(ids, (6, 1)), untied, np.zeros(6, np.int64))
        for name, values in ranked_scores(order, np.zeros(len(grades)), task, 150).items():
            means[name] += values / 2_000
    for name, values in scores.items():
        np.testing.assert_allclose(values, means[name], atol=0.03, err_msg=name)


def test_chance_is_what_random_orders_reach(tmp_path):

    folder, corpus, _ = shop(tmp_path)
    made = read_queries(CorpusRef(folder, corpus), beir(folder, corpus))
    random = np.random.default_rng(0)
    runs = [
        ranked_scores(in_random_order(random, len(made.queries), 40), np.zeros(len(made.grades)), made, 40)
        for _ in range(1_000)
    ]
    for name, expected in chance(made, 40).items():
        assert np.mean([run[name].mean() for run in runs]) == pytest.approx(expected, abs=0.03)


def test_the_form_is_told_what_a_task_holds(tmp_path):
    folder, corpus, contender = shop(tmp_path)
    task = beir(folder, corpus)
    found = preview_task(CorpusRef(folder, corpus), task)
    assert found.facts["queries"] == 2
    assert found.examples[0] == ("late parcel", texts_of()[0], "3")
    (left,) = texts_to_embed(CorpusRef(folder, corpus), (contender, Contender(contender.model, 64)), task)
    assert (left.texts, left.free) == (2, True)
    score_queries(CorpusRef(folder, corpus), contender, task)
    assert texts_to_embed(CorpusRef(folder, corpus), (contender,), task) == ()
