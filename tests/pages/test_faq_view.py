"""The view FAQ assistant of the Ask page: set-up, chat, refusal, log, added entries, and what it asks before paying."""

import json
import shlex
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.ask.faq_entries import read_entries
from core.ask.faq_files import FaqColumns, load_settings
from core.ask.faq_log import read_log
from core.ask.results import FAQ_ASSISTANT, AssistantQuery
from core.corpus.build import build_corpus
from core.corpus.reading.values import RawTable
from core.models.registry import capabilities, load_embedder
from core.store import Workspace
from core.types import CorpusRef, ModelSpec, Roles, Vectors, unit_rows
from core.vectors.embedding import embed
from pages.shared.ask.faq_endpoint import request_command
from tests.core.ask.test_faq import questions
from tests.pages.test_embed_page import visible_text
from tests.waiting import WAIT

PAGE = "pages/apply/ask.py"
KNOWN, FOREIGN = "How to change my password today?", "Who <b>invented</b> the *telescope*?"
FRUIT = [
    f"The {fruit} tastes {taste} in {month}."
    for fruit in ("apple", "plum") for taste in ("sour", "sweet") for month in ("may", "june", "july", "august")
]  # fmt: skip
PAID = ModelSpec("openai", "text-embedding-3-small", dimensions=1536)


def store(home, table, name="Bank *FAQ*") -> CorpusRef:
    built = build_corpus(RawTable(pd.DataFrame(table), (), (), None, ""), Roles("{text}"), name=name).corpus
    workspace = Workspace(home)
    workspace.save_corpus(built)
    embed(built, load_embedder("lexical"), workspace)
    return CorpusRef(str(home), built.digest)


@pytest.fixture
def bank(home) -> FaqColumns:
    texts, answers = zip(*questions(), strict=True)
    return FaqColumns(store(home, {"text": texts, "answer": answers}), "text", "answer")


def open_view(app, corpus=None, part="Try it"):
    for key, value in {"ask_view": "FAQ assistant", "faq_part": part, "corpus": corpus and corpus.digest}.items():
        if value:
            app.query_params[key] = value
    return app.run().switch_page(PAGE).run()


def fine(at) -> str:
    assert not at.exception, at.exception
    assert not at.error, [error.value for error in at.error]
    return visible_text(at).replace("\\", "")


def metrics(at) -> dict[str, str]:
    return {metric.label: metric.value for metric in at.metric}


def ask(at, question):
    return at.chat_input(key="faq_input").set_value(question).run()


def show_part(at, part):
    at = at.segmented_control(key="faq_part").set_value(part).run()
    fine(at)
    return at


def buttons(at, prefix):
    return [button for button in at.button if str(button.key).startswith(prefix)]


def test_without_a_corpus_or_vectors_it_leads_on(home, app):
    assert any("Data page" in link.proto.label for link in open_view(app).get("page_link"))
    raw = RawTable(pd.DataFrame({"text": ["one", "two"], "answer": ["a", "b"]}), (), (), None, "")
    Workspace(home).save_corpus(build_corpus(raw, Roles("{text}"), name="Two").corpus)
    assert "not been embedded" in fine(app.run().run())


def test_it_answers_refuses_suggests_and_remembers_after_a_restart(bank, app):
    at = open_view(app, bank.corpus)
    text = fine(at)
    assert at.selectbox(key=f"faq_answer_column {bank.corpus.digest}").value == "answer"
    figures = metrics(at)
    assert set(figures) == {"Threshold", "Coverage", "Precision", "Known questions"}
    assert "180" in figures["Known questions"]
    at = show_part(at, "Calibration")
    at.number_input(key="faq_min_precision").set_value(0.9).run()
    assert "seed 0" in fine(at)
    at = ask(show_part(at, "Try it"), KNOWN)
    text = fine(at)
    assert [message.name for message in at.chat_message] == ["user", "assistant"]
    assert "password" in text
    at = ask(at, FOREIGN)
    assert FOREIGN in [element.value for element in at.text]  # as typed: no Markdown, no HTML
    suggestions = buttons(at, "faq_suggest-")
    assert len(suggestions) == 3
    at = suggestions[1].click().run()
    at = buttons(at, "faq_wrong-")[0].click().run()
    fine(at)
    answered, refused = read_log(bank)
    assert (answered.reply.outcome, answered.feedback) == ("answered", False)
    assert (refused.reply.outcome, refused.reply.question, refused.suggested_answer != "") == ("refused", FOREIGN, True)

    again = open_view(AppTest.from_file(app._script_path, default_timeout=WAIT), bank.corpus, "Log")
    assert len(again.dataframe[0].value) == 2
    assert again.dataframe[0].value["question"].tolist() == [FOREIGN, KNOWN]
    assert load_settings(bank.corpus).min_precision == 0.9
    again.selectbox(key="faq_log_outcome").set_value("wrong").run()
    assert again.dataframe[0].value["question"].tolist() == [KNOWN]
    again.text_input(key="faq_log_text").set_value("nothing like it").run()
    assert not again.dataframe
    again.button(key="faq_log_clear").click().run()
    fine(again)
    assert read_log(bank) == ()


def test_unanswered_questions_become_entries(bank, app):
    at = ask(open_view(app, bank.corpus), FOREIGN)
    at = show_part(at, "Unanswered")
    assert at.dataframe[0].value["group"].tolist() == [FOREIGN]
    at = at.button(key="faq_add").click().run()
    assert at.error  # no answer
    answer = next(box for box in at.selectbox if str(box.key).startswith("faq_answer-"))
    at = answer.set_value("").run()
    field = next(area for area in at.text_area if str(area.key).startswith("faq_new_answer-"))
    field.set_value("Hans Lipperhey").run()
    at = at.button(key="faq_add").click().run()
    fine(at)
    assert [entry.answer for entry in read_entries(bank).added] == ["Hans Lipperhey"]
    assert metrics(at)["Known questions"] == "181"
    at = at.button(key="faq_recalibrate").click().run()
    fine(at)
    assert not buttons(at, "faq_recalibrate")
    assert len(list(FAQ_ASSISTANT.records(bank.corpus))) == 2
    at = at.button(key="faq_undo").click().run()
    fine(at)
    assert metrics(at)["Known questions"] == "180"
    assert buttons(at, "faq_recalibrate")
    at = at.button(key="faq_dismiss").click().run()
    assert not any(str(button.key) == "faq_add" for button in at.button)


def test_texts_out_of_scope_and_quotes_of_another_corpus(bank, app):
    other = store(bank.corpus.folder, {"text": FRUIT}, "Fruit")
    at = open_view(app, bank.corpus, "Calibration")
    at.selectbox(key="faq_foreign").set_value(other.digest).run()
    fine(at)
    assert metrics(at)["Refused"] == "100.0%"
    at = show_part(at, "Try it")
    at.selectbox(key="faq_documents").set_value(other.digest).run()
    at = ask(at, "The apple tastes sour in june.")
    fine(at)
    assert read_log(bank)[-1].reply.outcome == "documents"
    assert any("row 2" in element.value for element in at.text)
    assert not buttons(at, "faq_suggest-")


def test_a_paid_model_is_sent_sentences_of_documents_only_after_consent(bank, app, monkeypatch):
    other = store(bank.corpus.folder, {"text": FRUIT}, "Fruit")
    at = open_view(app, bank.corpus)
    paid = replace(capabilities(load_embedder("lexical").spec), paid=True)
    monkeypatch.setattr("pages.shared.ask.faq_chat.capabilities", lambda model: paid)
    at.selectbox(key="faq_documents").set_value(other.digest).run()
    assert any("paid API" in warning.value for warning in at.warning)
    at = ask(at, "The apple tastes sour in june.")
    fine(at)
    assert read_log(bank)[-1].reply.outcome == "refused"
    next(box for box in at.checkbox if str(box.key).startswith("faq_quote_agreed")).check().run()
    ask(at, "The apple tastes sour in june.")
    fine(at)
    assert read_log(bank)[-1].reply.outcome == "documents"


def test_a_threshold_by_hand_and_the_endpoint(bank, app):
    at = open_view(app, bank.corpus, "Calibration")
    at = at.segmented_control(key="faq_threshold_by").set_value("Threshold").run()
    at = at.number_input(key="faq_threshold").set_value(0.25).run()
    fine(at)
    assert metrics(at)["Threshold"] == "0.250"
    at = show_part(at, "Endpoint")
    assert any(bank.corpus.digest in block.value for block in at.code)
    request = next(block.value for block in at.code if block.value.startswith("curl"))
    assert json.loads(shlex.split(request.replace("\\\n", " "))[-1])["question"] in dict(questions())
    assert shlex.split(request_command("It's 'here'?").replace("\\\n", " "))[-1] == '{"question": "It\'s \'here\'?"}'
    settings = load_settings(bank.corpus)
    assert (settings.threshold, settings.answer) == (0.25, "answer")


@pytest.mark.parametrize("cells", [["same"] * 30, [None] * 30])
def test_columns_that_can_not_be_an_faq_are_explained(home, app, cells):
    table = {"text": [f"Question {i}" for i in range(30)], "answer": cells, "one": ["a", "b"] * 15}
    corpus = store(home, table)
    at = open_view(app, corpus)
    assert "answer" not in at.selectbox(key=f"faq_answer_column {corpus.digest}").options
    at.selectbox(key=f"faq_answer_column {corpus.digest}").set_value("text").run()
    assert not at.exception
    assert not at.metric


def test_equal_questions_can_not_be_calibrated(home, app):
    at = open_view(app, store(home, {"text": ["Why?"] * 30, "answer": ["a", "b"] * 15}))
    assert not at.exception
    assert at.error
    assert not at.metric


def test_nothing_is_sent_to_a_paid_model_without_a_key_and_consent(home, app):
    texts, answers = [f"Question {i}" for i in range(40)], [f"a{i % 3}" for i in range(40)]
    corpus = store(home, {"text": answers, "question": texts, "answer": answers})
    rng = np.random.default_rng(0)
    rows = unit_rows(rng.normal(size=(40, 1536)).astype(np.float32))
    Workspace(home).save_vectors(Vectors(rows, PAID, corpus.digest))
    app.query_params["model"] = PAID.key
    at = open_view(app, corpus)
    fine(at)
    assert any("API key" in info.value for info in at.info)
    assert not buttons(at, "faq_calibrate")
    app.session_state["api_key-OPENAI_API_KEY"] = "sk-test"
    at = app.run()
    fine(at)
    assert at.button(key="faq_calibrate").disabled
    assert not FAQ_ASSISTANT.exists(AssistantQuery(corpus, PAID, "question", "answer"))
