"""The Retrieval evaluation view: nothing yet, questions from each source, results, what is refused."""

import json

import pytest

from core.corpus.judgments import Judgment, add_judgments
from core.types import CorpusRef
from tests.pages.conftest import MOODS, SUBJECTS
from tests.pages.test_embed_page import visible_text

PAGE = "pages/apply/ask.py"


def open_view(app, **query):
    for key, value in {"ask_view": "Retrieval evaluation", **query}.items():
        app.query_params[key] = value
    return app.run().switch_page(PAGE).run()


def fine(at):
    assert not at.exception, at.exception
    assert not at.error, [error.value for error in at.error]
    return visible_text(at)


def tables(at):
    return {name for table in at.dataframe for name in map(str, table.value.columns)}


def upload(at, lines, name="questions.csv"):
    at.file_uploader[0].upload(name, "\n".join(lines).encode()).run()
    return at


def test_without_a_corpus_or_vectors_it_says_what_to_do(app):
    assert "No data yet" in fine(open_view(app))


def test_generated_questions_are_evaluated_in_one_table(corpus, app):
    at = open_view(app, eval_source="Sentences")
    assert "relevant rows" in fine(at)
    at.toggle(key="eval_verbatim").set_value(True).run()
    fine(at)
    assert {"pipeline", "ndcg", "difference"} <= tables(at)


@pytest.fixture
def questions():
    lines = [f"{mood} {subject}?,{i + 1}" for subject in SUBJECTS for i, mood in enumerate(MOODS)]
    return ["question,row", *lines, *(f"unanswerable thing {i}?," for i in range(5)), "lost?,999"]


def test_uploaded_questions_are_evaluated_compared_and_listed(corpus, app, questions):
    at = open_view(app, eval_source="File")
    assert not at.dataframe
    upload(at, questions)
    text = fine(at)
    assert {"pipeline", "ndcg", "auroc", "milliseconds", "usd", "difference", "spread"} <= tables(at)
    assert "questions\\.csv" in text
    table = at.dataframe[0].value
    assert len(table) == 3
    at.selectbox(key="eval_metric").set_value("recall").run()
    assert list(at.dataframe[0].value.columns)[1] == "recall"
    at.number_input(key="eval_k").set_value(3).run()
    fine(at)
    at.button_group(key="eval_modes").set_value(["keyword"]).run()
    assert len(at.dataframe[0].value) == 1
    assert "difference" not in tables(at)
    at.button_group(key="eval_modes").set_value([]).run()
    assert not at.dataframe
    fine(at)


def test_judgments_and_saved_questions_are_sources(home, corpus, app):
    events = [Judgment(query, row, 2, "Ann") for query, row in (("teapot broke", 17), ("lamp lovely", 6))]
    add_judgments(CorpusRef(str(home), corpus[0].digest), events)
    at = open_view(app)
    assert at.segmented_control(key="eval_source").value == "Judgments"
    assert "2 questions" in fine(at)
    assert "ndcg" in tables(at)
    at.segmented_control(key="eval_source").set_value("Saved").run()
    assert "2 questions" in fine(at)
    assert "ndcg" in tables(at)


def test_files_without_usable_questions_are_refused(corpus, app):
    at = open_view(app, eval_source="File")
    upload(at, [json.dumps({"question": "a b", "row": "999"})], "questions.jsonl")
    assert at.error
    assert not at.exception
    assert not at.dataframe


def test_chunk_sizes_are_compared(corpus, app):
    at = open_view(app, eval_source="Sentences", eval_compared="Chunk sizes")
    at.button_group(key="chunk_sizes").set_value([32]).run()
    assert not at.dataframe
    at.button_group(key="chunk_sizes").set_value([32, 64]).run()
    start = [button for button in at.button if str(button.key).startswith("start-")]
    assert "relevant rows" in fine(at)
    assert start or {"budget_recall", "difference"} <= tables(at)
