"""Retrieval pipelines of stored corpora: metrics against pytrec_eval, runs against the retriever, paired tests."""

import numpy as np
import pandas as pd
import pytest
import pytrec_eval

from core.ask import pipelines
from core.ask.agreement import agreement
from core.ask.answer_log import AnswerRecord, RecordedSentence, grade_answer, record_answers
from core.ask.pipeline_comparison import (
    PipelinesQuery,
    compare_pipelines,
    differences_to,
    disagreements,
    questions_to_embed,
    results_table,
)
from core.ask.pipelines import PipelineSpec, contender_retriever
from core.ask.pooling import PooledQuestion, judged_counts, pooled_questions
from core.ask.question_files import question_columns, read_question_file
from core.ask.question_sets import (
    Question,
    QuestionSet,
    generated_set,
    judged_questions,
    load_questions,
    save_questions,
    save_unjudged,
    sentence_questions,
)
from core.ask.ranking import gains_of, metric_values
from core.ask.retrieval_results import RETRIEVAL_RUNS
from core.corpus.judgments import FAITHFULNESS, Judgment, add_judgments, judgments_version
from core.corpus.staging import stage
from core.errors import InputError, StorageError
from core.models.registry import load_embedder
from core.store import Workspace
from core.types import Corpus, CorpusRef, Roles
from core.vectors.contenders import Contender
from core.vectors.embedding import embed
from tests.core.ask.conftest import TEXTS

QUESTIONS = QuestionSet(
    "test",
    "file",
    (
        Question("Why is my card declined?", ((0, 2), (4, 1))),
        Question("What does express delivery cost?", ((1, 1),)),
        Question("What do transfers abroad cost?", ((2, 1), (6, 1))),
        Question("How do I close the account?", ((3, 2),)),
        Question("What to do with a lost card?", ((4, 1), (10, 1))),
        Question("When is interest paid?", ((7, 1),)),
    ),
    tuple(f"Who invented thing {word}?" for word in ("telescope", "radio", "bicycle", "paper", "glass")),
)


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """The bank's texts, the last a copy, with the lexical model: corpus and contender."""
    folder = tmp_path_factory.mktemp("pipelines")
    texts = [*TEXTS, TEXTS[0]]
    table = pd.DataFrame({"text": texts, "id": [f"d{row}" for row in range(len(texts))]})
    corpus = Corpus("bank", table, texts, Roles("{text}"), "b" * 16)
    workspace = Workspace(folder)
    workspace.save_corpus(corpus)
    spec = embed(corpus, load_embedder("lexical"), workspace).model
    return CorpusRef(str(folder), corpus.digest), Contender(spec)


@pytest.fixture(scope="module")
def comparison(stored):
    corpus, contender = stored
    key = save_questions(corpus, QUESTIONS).key
    specs = (
        PipelineSpec("semantic", contender), PipelineSpec("keyword"), PipelineSpec("hybrid", contender),
        PipelineSpec("semantic", Contender(contender.model, 8)),
    )  # fmt: skip
    query = PipelinesQuery(corpus, specs, key, k=3)
    for spec in specs:
        RETRIEVAL_RUNS.get_or_compute(query.run(spec))
    return query, compare_pipelines(query)


def test_metrics_are_those_of_trec_eval():
    rng = np.random.default_rng(0)
    codes = np.arange(30)
    grades = [{int(row): float(rng.integers(1, 4)) for row in rng.choice(30, size, False)} for size in (1, 2, 5, 12, 3)]
    ranked = np.array([rng.permutation(30)[:20] for _ in grades])
    ranked[4, 6:] = -1
    k = 10
    qrel = {str(i): {str(row): int(grade) for row, grade in rows.items()} for i, rows in enumerate(grades)}
    run = {
        str(i): {str(row): float(-rank) for rank, row in enumerate(rows[:k]) if row >= 0}
        for i, rows in enumerate(ranked)
    }
    names = {"recall": "recall_10", "mrr": "recip_rank", "ndcg": "ndcg_cut_10", "answerable_rate": "success_10"}
    scores = pytrec_eval.RelevanceEvaluator(qrel, {"recall", "recip_rank", "ndcg_cut", "success"}).evaluate(run)
    values = metric_values(*gains_of(ranked, codes, grades), k)
    for ours, theirs in names.items():
        assert values[ours] == pytest.approx([scores[str(i)][theirs] for i in range(len(grades))])


def test_copies_count_as_one_passage():
    gains, ideal = gains_of(np.array([[5, 1, -1]]), np.array([0, 1, 2, 3, 4, 0]), [{0: 1.0, 5: 2.0, 1: 1.0}])
    assert gains.tolist() == [[2.0, 1.0, 0.0]]
    assert ideal[0].tolist() == [2.0, 1.0, 0.0]
    assert metric_values(gains, ideal, 5)["recall"].tolist() == [1.0]


def test_runs_are_what_the_retriever_finds(stored, comparison):
    corpus, contender = stored
    query, _ = comparison
    retriever = contender_retriever(corpus, contender)
    vectors = load_embedder(contender.model).embed_query(QUESTIONS.texts)
    for spec in query.pipelines[:3]:
        run = RETRIEVAL_RUNS.get(query.run(spec))
        for i, question in enumerate(QUESTIONS.texts):
            hits = retriever.hits(question, vectors[i], pipelines.DEPTH, spec.mode)
            assert [row for row in run.ranked[i] if row >= 0] == hits.rows.tolist()


def test_one_table_with_intervals_refusal_time_and_price(comparison):
    query, result = comparison
    table = results_table(result)
    assert table["pipeline"].tolist() == [spec.label for spec in query.pipelines]
    for metric in ("recall", "mrr", "ndcg", "answerable_rate", "auroc", "refusal_precision", "refusal_recall"):
        assert (table[f"{metric}_low"] <= table[metric]).all()
        assert (table[metric] <= table[f"{metric}_high"]).all()
    assert (table["milliseconds"] >= table["search_milliseconds"]).all()
    assert (table["usd_per_1000"] == 0).all()


def test_differences_are_against_the_baseline(comparison):
    _, result = comparison
    values = result.evaluation.values["ndcg"].mean(axis=1)
    for baseline in (0, 2):
        table = differences_to(result.evaluation, "ndcg", baseline)
        others = [i for i in range(4) if i != baseline]
        assert table["pipeline"].tolist() == [result.evaluation.pipelines[i] for i in others]
        assert table["difference"].tolist() == pytest.approx([values[i] - values[baseline] for i in others])
        assert (table["low"] <= table["high"]).all()


def test_disagreements_have_ranks_of_each_pipeline(comparison):
    query, result = comparison
    table = disagreements(result, "ndcg")
    assert set(table.columns) == {"question", "spread", *(spec.label for spec in query.pipelines)}
    assert (table["spread"] > 0).all()
    assert table["spread"].is_monotonic_decreasing


def test_pools_hold_what_any_pipeline_ranks_high_in_another_order(comparison):
    query, _ = comparison
    runs = [RETRIEVAL_RUNS.get(query.run(spec)).ranked for spec in query.pipelines]
    pooled = pooled_questions(query)
    assert [question.text for question in pooled] == QUESTIONS.texts
    for i, question in enumerate(pooled):
        assert set(question.rows) == {int(row) for ranked in runs for row in ranked[i, : query.k] if row >= 0}
        assert len(set(question.rows)) == len(question.rows)
    assert pooled == pooled_questions(query)
    assert any(list(question.rows) != sorted(question.rows) for question in pooled)
    lines = save_unjudged(query.corpus, ["a", " a ", "", "b"])
    assert load_questions(query.corpus, lines.key).texts == ["a", "b"]
    with pytest.raises(InputError):
        save_unjudged(query.corpus, [" "])


class Backwards:
    """A reranker that prefers what comes last in the corpus."""

    label = "backwards"

    def scores(self, question, texts):
        return np.array([TEXTS.index(text) for text in texts], np.float32)


def test_a_reranker_decides_the_order(stored, monkeypatch):
    corpus, contender = stored
    from core.models.reranker import RerankerSpec

    monkeypatch.setattr(pipelines, "open_reranker", lambda spec, secret: Backwards())
    key = save_questions(corpus, QUESTIONS).key
    spec = PipelineSpec("semantic", contender, RerankerSpec("server", "m", "http://localhost:1/v1"))
    run = pipelines.run_pipeline(PipelinesQuery(corpus, (spec,), key).run(spec), lambda done, total: None)
    assert run.ranked[0, : len(TEXTS)].tolist() == list(range(len(TEXTS)))[::-1]
    assert (run.top == len(TEXTS) - 1).all()


def test_questions_from_judgments_sentences_and_elsewhere(stored):
    corpus, _ = stored
    events = [("q one", 0, 2), ("q one", 1, 0), ("q two", 2, 1), ("nothing", 3, 0)]
    add_judgments(corpus, [Judgment(query, row, grade, "a") for query, row, grade in events])
    judged = judged_questions(corpus, judgments_version(corpus))
    assert [(q.text, q.grades) for q in judged.questions] == [("q one", ((0, 2),)), ("q two", ((2, 1),))]
    assert len(judged.notes) == 1
    sentences = sentence_questions(corpus, 5)
    assert len(sentences.questions) == 5
    assert not any(set(question.text) & set(".,;:。，") for question in sentences.questions)
    assert all(question.evidence[0] in TEXTS[question.grades[0][0]] for question in sentences.questions)
    verbatim = sentence_questions(corpus, 5, verbatim=True)
    assert all(question.text == question.evidence[0] for question in verbatim.questions)
    generated = generated_set(corpus, "LLM", ["one", "two"], [[3], [0, 1]])
    assert [question.grades for question in generated.questions] == [((3, 1),), ((0, 1), (1, 1))]


def test_stored_questions_are_those_saved_with_unanswerable_ones(stored):
    corpus, contender = stored
    saved = save_questions(corpus, QUESTIONS, ["  more ", "more", "", QUESTIONS.questions[0].text])
    assert saved.unanswerable == (*QUESTIONS.unanswerable, "more")
    assert load_questions(corpus, saved.key) == saved
    with pytest.raises(StorageError):
        load_questions(corpus, "0" * 16)
    with pytest.raises(InputError):
        save_questions(corpus, QuestionSet("few", "file", QUESTIONS.questions[:1]))
    assert questions_to_embed(corpus, [contender], saved.key)[0].texts <= len(saved.texts)


FILES = {
    "ids.csv": "question,row id\nhow to close,d3\nhow to close,d9\nlost?,\nnone,nowhere\n",
    "text.tsv": "question\tevidence\nhow to close\twrite to  SUPPORT\nlost?\t\nother\tnot in any text at all\n",
    "lines.jsonl": '{"question": "how to close", "passage": "write to support"}\n'
    '{"question": "lost?", "passage": null}\n',
}


@pytest.mark.parametrize("name", FILES)
def test_uploaded_questions_and_what_is_wrong_with_them(stored, name):
    corpus, _ = stored
    file = stage(corpus.folder, name, FILES[name].encode())
    columns = question_columns(corpus, file)
    assert columns.question == "question"
    assert columns.kind == ("id" if name == "ids.csv" else "text")
    questions = read_question_file(corpus, file, columns.question, columns.passage, columns.kind, "id")
    assert [question.text for question in questions.questions] == ["how to close"]
    assert questions.unanswerable == ("lost?",)
    assert dict(questions.questions[0].grades)[3] == 1
    assert questions.has_evidence == (columns.kind == "text")
    assert [name in note for note in questions.notes] == ([] if name == "lines.jsonl" else [True])
    with pytest.raises(InputError):
        read_question_file(corpus, file, "missing", columns.passage, columns.kind)


def test_agreement_is_of_what_both_have_judged(stored):
    corpus, _ = stored
    votes = [("x", row, row % 3, "one") for row in range(6)]
    votes += [("x", row, (row + row // 4) % 3, "two") for row in range(6)]
    add_judgments(corpus, [Judgment(*vote) for vote in [*votes, ("x", 8, 1, "one"), ("y", 1, 1, "two")]])
    result = agreement(corpus, "one", "two")
    assert result.pairs == 6
    assert result.table.sum() == 6
    assert np.trace(result.table) == 4
    assert result.disagreements["row"].tolist() == [6, 5] or result.disagreements["row"].tolist() == [5, 6]
    assert result.kappa.low <= result.kappa.value <= result.kappa.high
    assert agreement(corpus, "one", "nobody").pairs == 0
    assert judged_counts(corpus, (PooledQuestion("x", (0, 1, 9)),), "one") == (2,)


def test_agreement_on_the_faithfulness_of_answers(stored):
    corpus, _ = stored
    said = (RecordedSentence("It opens at nine.", (1,)),)
    record_answers(corpus, [AnswerRecord(f"question {i}", ("text",), said, "model", "", "", "ask") for i in range(8)])
    for number in range(8):
        grade_answer(corpus, number, number % 3, "one")
        grade_answer(corpus, number, 2 if number == 0 else number % 3, "two")
    result = agreement(corpus, "one", "two", "answers")
    assert (result.pairs, np.trace(result.table), result.table[0, 2]) == (8, 7, 1)
    line = result.disagreements.iloc[0]
    assert (line["row"], line["first"], line["second"]) == (1, FAITHFULNESS[0], FAITHFULNESS[2])
    assert "nine" in line["text"]
    assert 0 < result.kappa.value < 1
