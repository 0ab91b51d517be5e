"""The FAQ assistant of a stored corpus: calibration, added entries, other thresholds, unanswered questions."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from core import ask
from core.ask.charts import coverage_figure
from core.ask.faq_columns import faq_columns
from core.ask.faq_entries import add_entries, dismiss_questions, entries_version, undo_batch
from core.ask.faq_log import log_feedback, log_suggestion, read_log
from core.ask.faq_service import (
    Threshold,
    ask_assistant,
    assistant_file,
    calibrated_query,
    foreign_refused,
    open_assistant,
    plan_assistant,
    plan_foreign,
    summarize,
)
from core.ask.faq_unanswered import MIN_CLUSTERED, same_answer_cosine, unanswered
from core.ask.results import FAQ_ASSISTANT, FAQ_OUT_OF_SCOPE, AssistantQuery, ForeignQuery
from core.corpus.build import build_corpus
from core.corpus.reading.values import RawTable
from core.errors import InputError, JobError
from core.models.registry import load_embedder
from core.store import Workspace
from core.types import CorpusRef, ModelSpec, Roles, Vectors, unit_rows
from core.vectors.embedding import embed
from tests.core.ask.test_faq import questions

THRESHOLD = Threshold(0.9)


def stored(folder, table, name="FAQ"):
    built = build_corpus(RawTable(pd.DataFrame(table), (), (), None, ""), Roles("{text}"), name=name).corpus
    workspace = Workspace(folder)
    workspace.save_corpus(built)
    model = embed(built, load_embedder("lexical"), workspace).model
    return CorpusRef(str(workspace.folder), built.digest), model


@pytest.fixture(scope="module")
def calibrated(tmp_path_factory):
    texts, answers = zip(*questions(), strict=True)
    table = {"text": [*texts, "", "No answer"], "answer": [*answers, "card", None]}
    corpus, model = stored(tmp_path_factory.mktemp("faq"), table)
    query = AssistantQuery(corpus, model, "text", "answer")
    FAQ_ASSISTANT.get_or_compute(query)
    return query


@pytest.fixture
def query(calibrated):
    """Without log and entries."""
    for path in calibrated.columns.path("").glob("*"):
        path.unlink()
    return calibrated


def test_columns_are_proposed(calibrated):
    choices = faq_columns(calibrated.corpus)
    assert (choices.question, choices.answer) == ("text", "answer")


def test_the_plan_counts_what_is_left_out_and_embedded(query):
    plan = plan_assistant(query)
    assert (plan.rows, plan.questions, plan.answers, plan.missing, plan.paid) == (
        181,
        180,
        6,
        0,
        False,
    )  # an empty text is no row
    with pytest.raises(InputError):
        plan_assistant(replace(query, answer="text", question="answer"))  # six different questions


def test_the_stored_assistant_is_that_of_the_notebook(query):
    summary = summarize(query, THRESHOLD)
    table = {"text": [text for text, _ in questions()], "answer": [answer for _, answer in questions()]}
    built = build_corpus(RawTable(pd.DataFrame(table), (), (), None, ""), Roles("{text}"), name="FAQ").corpus
    embedder = load_embedder("lexical")
    helper = ask.faq(built, embed(built, embedder), embedder, question="text", answer="answer", min_precision=0.9)
    assert summary.threshold == pytest.approx(helper.threshold)
    assert summary.precision == helper.intervals["precision"]
    assert summary.method == helper.method
    assert summary.total == 180
    assert "seed 0" in summary.method
    assert set(summary.options) == set(table["answer"])


def test_another_threshold_needs_no_new_calibration(query):
    assistant = open_assistant(query, THRESHOLD)
    curve = assistant.curve
    at = len(curve) // 2
    selected = open_assistant(query, Threshold(0.9, float(curve["threshold"][at])))
    assert selected.coverage == pytest.approx(curve["coverage"][at])
    assert selected.precision == pytest.approx(curve["precision"][at])
    assert not selected.is_assured
    assert np.isnan(open_assistant(query, Threshold(0.9, 1.0)).precision)
    with pytest.raises(InputError):
        open_assistant(query, Threshold(97))
    figure = coverage_figure(curve, *selected.intervals.values(), None, "light")
    assert figure.data[-1].x[0] == pytest.approx(selected.coverage)


def test_added_entries_are_used_at_once_and_calibrated_on_demand(query):
    question = "How tall is the telescope on the mountain?"
    assert ask_assistant(query, THRESHOLD, question).reply.refused
    batch = add_entries(query.columns, [question], "very tall")
    reply = ask_assistant(query, THRESHOLD, question).reply
    assert reply.nearest[0].answer == "very tall"
    assert reply.nearest[0].row == -1
    summary = summarize(query, THRESHOLD)
    assert (summary.added, summary.removed, summary.questions) == (1, 0, 181)
    assert calibrated_query(query) == query
    again = replace(query, entries=entries_version(query.columns))
    assert FAQ_ASSISTANT.get_or_compute(again).point.total > 180
    assert calibrated_query(query) == again
    assert summarize(again, THRESHOLD).added == 0
    undo_batch(query.columns, batch)
    summary = summarize(again, THRESHOLD)
    assert (summary.added, summary.removed, summary.questions) == (0, 1, 180)
    assert ask_assistant(again, THRESHOLD, question).reply.refused


def test_a_file_has_the_added_entries(query):
    add_entries(query.columns, ["Where is the moon?"], "up")
    loaded = ask.load_faq(assistant_file(query, THRESHOLD), load_embedder("lexical"))
    assert loaded.reply("Where is the moon?").nearest[0].answer == "up"
    assert loaded.threshold == open_assistant(query, THRESHOLD).threshold


def test_texts_of_another_corpus_are_refused(query):
    texts = [f"The {fruit} tastes {taste}." for fruit in ("apple", "plum") for taste in ("sour", "sweet", "fresh")]
    other, model = stored(query.corpus.folder, {"text": [*texts, texts[0], " "]}, "Fruit")
    foreign = ForeignQuery(query.corpus, model, "text", "answer", other.digest)
    assert plan_foreign(foreign).missing == 0
    FAQ_OUT_OF_SCOPE.get_or_compute(foreign)
    share, asked, total = foreign_refused(foreign, THRESHOLD)
    assert (asked, total) == (6, 6)
    assert share.value == 1
    assert share.low < 1
    assert foreign_refused(foreign, Threshold(0.9, 0.0))[0].value <= 1


def test_after_a_refusal_another_corpus_is_quoted(query):
    texts = [f"The {fruit} tastes {taste} in {month}." for fruit in ("apple", "plum", "pear")
             for taste in ("sour", "sweet", "fresh") for month in ("may", "june", "july")]  # fmt: skip
    other, _ = stored(query.corpus.folder, {"text": texts}, "Fruit notes")
    logged = ask_assistant(query, THRESHOLD, "The apple tastes sour in june.", documents=other)
    assert logged.reply.refused
    assert logged.documents.sentences
    assert texts[logged.documents.rows[0]] == "The apple tastes sour in june."
    assert read_log(query.columns)[-1].reply.outcome == "documents"


def test_unanswered_questions_are_grouped_and_named(query):
    topics = {"moon": "How bright is the moon in {}?", "wine": "Which wine fits cheese from {}?"}
    places = ("Rome", "Oslo", "Kyoto", "Lima", "Cairo")
    asked = [template.format(place) for template in topics.values() for place in places]
    assert len(asked) >= MIN_CLUSTERED
    ids = [ask_assistant(query, THRESHOLD, text).id for text in [*asked, asked[0].upper()]]
    wrong = ask_assistant(query, THRESHOLD, questions()[0][0])
    assert not wrong.reply.refused
    log_feedback(query.columns, wrong.id, False)
    log_suggestion(query.columns, ids[0], "Some question", "account")
    found = unanswered(query, THRESHOLD)
    assert found.total == 11
    assert 0 < found.cosine < 1
    assert sum(len(group.questions) for group in found.groups) == 11
    moon = next(group for group in found.groups if any("moon" in each.text.lower() for each in group.questions))
    assert len(moon.questions) == 5
    assert moon.times == 6
    assert moon.answers[0] == "account"
    assert moon.suggested_times == 1
    assert "moon" in moon.name or "bright" in moon.name
    dismiss_questions(query.columns, [each.text for each in moon.questions])
    add_entries(query.columns, [questions()[0][0]], "card")
    assert unanswered(query, THRESHOLD).total == 5


def test_few_questions_are_listed_one_by_one(query):
    assert unanswered(query, THRESHOLD).groups == ()
    ask_assistant(query, THRESHOLD, "How bright is the moon?")
    found = unanswered(query, THRESHOLD)
    assert [group.name for group in found.groups] == ["How bright is the moon?"]
    assert np.isnan(found.cosine)


def test_similarity_of_questions_with_the_same_answer(query):
    assistant = open_assistant(query, THRESHOLD)
    known, codes = assistant.data.vectors, assistant.data.codes
    pairs = [
        float(known[i] @ known[j]) for i in range(len(codes)) for j in range(i) if codes[i] == codes[j]
    ]  # fmt: skip
    assert same_answer_cosine(assistant) == pytest.approx(np.median(pairs), abs=0.05)


def test_a_paid_model_is_asked_within_the_limit_alone(query):
    paid = ModelSpec("openai", "text-embedding-3-small", dimensions=1536)
    columns = {"question": "answer", "answer": "text"}
    table = {"text": [f"a{i % 3}" for i in range(30)], "answer": [f"question {i}" for i in range(30)]}
    corpus, _ = stored(query.corpus.folder, table, "Paid")
    rows = unit_rows(np.random.default_rng(0).normal(size=(30, 1536)).astype(np.float32))
    Workspace(corpus.folder).save_vectors(Vectors(rows, paid, corpus.digest))
    paid_query = AssistantQuery(corpus, paid, **columns)
    plan = plan_assistant(paid_query)
    assert plan.paid
    assert plan.missing == 30
    assert plan.usd > 0
    with pytest.raises(JobError):
        FAQ_ASSISTANT.get_or_compute(replace(paid_query, limit_usd=1e-12))
