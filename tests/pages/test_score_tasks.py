"""The forms of the scoreboard's tasks beyond labels: complete, incomplete, refused, and to be paid for."""

import json

import pandas as pd
import pytest

from core.corpus.build import build_corpus
from core.corpus.reading.values import RawTable
from core.corpus.staging import stage
from core.models.chat import ChatModel
from core.models.registry import load_embedder
from core.scoreboard import llm_queries as written
from core.scoreboard.task_tables import import_tables
from core.store import Workspace
from core.types import CorpusRef, ModelSpec, Roles, Vectors
from core.vectors.embedding import embed
from tests.pages.conftest import MOODS, SUBJECTS
from tests.pages.test_embed_page import visible_text

PAGE = "pages/compare/scoreboard.py"


@pytest.fixture
def shop(home):
    """Sixty short texts with the lexical model's vectors and nothing else."""
    texts = [f"My {subject} {mood}{mark}" for mark in (".", "!") for subject in SUBJECTS for mood in MOODS]
    table = pd.DataFrame({"id": range(60), "text": texts, "subject": [s for s in SUBJECTS for _ in MOODS] * 2})
    built = build_corpus(
        RawTable(table, (), (), None, ""), Roles("{text}", ("subject",), None, "id"), name="Shop"
    ).corpus
    workspace = Workspace(home)
    spec = embed(built, load_embedder("lexical"), workspace).model
    return workspace.info(built.digest), spec


@pytest.fixture(autouse=True)
def unmeasured(monkeypatch):
    """Speeds are another matter, and take time to measure."""
    monkeypatch.setattr("pages.shared.scoreboard.view._measure_missing", lambda *_: None)


def open_page(app, **query):
    for key, value in query.items():
        app.query_params[key] = value
    return with_variants(app.run().switch_page(PAGE).run())


def with_variants(at):
    """A corpus with one model is compared with smaller variants of it once a person says so."""
    buttons = [button for button in at.button if button.key == "variants_add"]
    return buttons[0].click().run() if buttons else at


def bring(home, info, judged=False, **files):
    staged = tuple(stage(str(home), name.replace("_", "."), data.encode()) for name, data in files.items())
    return import_tables(CorpusRef(str(home), info.digest), staged, judged)


def scored(at):
    assert not at.exception, at.exception
    assert not at.error, at.error
    return {name for each in at.dataframe for name in map(str, each.value.columns)}


def test_known_items_are_scored(shop, app):
    at = open_page(app, score_task="Known-item retrieval", known_generator="typos")
    said = visible_text(at)
    assert "60 queries from 60 texts" in said
    assert "weaker evidence" in said
    assert {"query", "target"} <= scored(at)
    assert len(at.dataframe) > 1  # the board is there


def test_a_model_server_that_is_not_there_yet_asks_for_its_name(shop, app):
    at = open_page(app, score_task="Known-item retrieval", known_generator="written")
    assert not at.exception
    assert at.text_input(key="chat_url").value == ""
    assert at.button(key="written_start").disabled  # OpenAI needs a key, and consent


def test_columns_find_each_other(shop, app):
    at = open_page(app, score_task="Known-item retrieval", known_generator="columns")
    assert at.selectbox(key="known_question").value == "subject"
    assert at.selectbox(key="known_answer").value == "text"
    assert f"{len(SUBJECTS)} queries" in visible_text(at)
    at.selectbox(key="known_answer").set_value("subject").run()
    assert "selected twice" in " ".join(str(each.value).replace("\\", "") for each in at.warning)


def test_pairs_ask_for_a_file_then_take_it(shop, app, home):
    info, _ = shop
    at = open_page(app, score_task="Rated pairs (STS)", pairs_from="File")
    assert not at.exception
    assert "Upload a file" in " ".join(str(each.value) for each in at.info)
    table = pd.DataFrame({"one": ["a lamp", "my lamp", "tea"], "two": ["lamp", "a dog", "teapot"], "like": [5, 1, 3]})
    bring(home, info, pairs_csv=table.to_csv(index=False))
    at = at.run()
    assert [at.selectbox(key=key).value for key in _keys(at, "pairs_")] == ["one", "two", "like"]
    assert "3 pairs" in visible_text(at)
    assert {"first text", "second text", "score"} <= scored(at)
    assert at.selectbox(key="score_metric_pairs").options == ["Spearman", "Pearson"]
    bring(home, info, same_csv=table.assign(like=["true", "false", "true"]).to_csv(index=False))
    at.run().selectbox(key="pairs_file").set_value(_file(home, info, "same.csv")).run()
    assert at.selectbox(key="score_metric_pairs_same").value == "average_precision"
    assert "rated as same or not" in visible_text(at)
    assert "Average precision" in visible_text(at)


def test_queries_in_two_files_say_what_names_nothing(shop, app, home):
    info, _ = shop
    queries = "".join(json.dumps({"_id": f"q{i}", "text": f"late {name}"}) + "\n" for i, name in enumerate(SUBJECTS))
    qrels = "query-id\tcorpus-id\tscore\n" + "".join(f"q{i}\t{5 * i}\t1\n" for i in range(5)) + "q5\t*b*\t1\n"
    bring(home, info, True, queries_jsonl=queries, test_tsv=qrels)
    at = open_page(app, score_task="Queries with relevance judgments")
    assert "In the same file" in at.selectbox(key="queries_judgments").options
    assert at.selectbox(key="queries_judgments").value == _qrels(home, info)
    said = " ".join(str(each.value).replace("\\", "") for each in at.warning)
    assert "1 of 6 judgments refer to rows not in this corpus" in said
    assert "1 of 6 judged queries left out" in said
    assert "5 queries" in visible_text(at)
    assert scored(at)


def test_queries_ask_for_files(shop, app, home):
    table = pd.DataFrame({"sentence1": ["a lamp", "tea"], "sentence2": ["lamp", "a dog"], "score": [5, 1]})
    bring(home, shop[0], pairs_csv=table.to_csv(index=False))  # of another task: not taken for queries
    at = open_page(app, score_task="Queries with relevance judgments")
    assert not at.exception
    assert "Upload queries" in " ".join(str(each.value) for each in at.info)


def test_queries_alone_are_not_scored(shop, app, home):
    lines = "".join(
        json.dumps({"_id": f"q{i}", "text": name, "metadata": {}}) + "\n" for i, name in enumerate(SUBJECTS)
    )
    bring(home, shop[0], True, queries_jsonl=lines)
    at = open_page(app, score_task="Queries with relevance judgments")
    assert not at.exception
    assert "only queries" in " ".join(str(each.value) for each in at.info)
    assert not at.dataframe


def test_a_corpus_of_scored_pairs_opens_with_them(home, app):
    texts = [f"My {subject} {mood}." for subject in SUBJECTS for mood in MOODS]
    scores = [i % 6 for i in range(len(texts))]
    table = pd.DataFrame({"sentence1": texts, "sentence2": texts[::-1], "score": scores})
    built = build_corpus(RawTable(table, (), (), None, ""), Roles("{sentence1}", ("score",)), name="Pairs").corpus
    Workspace(home).save_corpus(built)
    embed(built, load_embedder("lexical"), Workspace(home))
    at = open_page(app)
    assert f"{len(texts)} pairs" in visible_text(at)
    assert {"first text", "second text", "score"} <= scored(at)


def test_a_paid_model_is_asked_nothing_before_a_person_agrees(shop, app, home):
    info, spec = shop
    paid = ModelSpec("openai", "text-embedding-3-small", dimensions=384)
    workspace = Workspace(home)
    rows = workspace.load_vectors(info.digest, spec).rows.copy()
    workspace.save_vectors(Vectors(rows, paid, info.digest))
    at = open_page(app, score_task="Known-item retrieval", known_generator="typos")
    assert not at.exception
    said = " ".join(str(each.value).replace("\\", "") for each in at.warning)
    assert "60 texts to text-embedding-3-small" in said
    assert "at most $0.0" in said
    assert any("I agree" in each.label for each in at.checkbox)
    assert len(at.dataframe) == 1  # examples alone: nothing is scored


def test_written_queries_are_offered_then_used(shop, app, home):
    info, _ = shop
    at = open_page(app, score_task="Known-item retrieval", known_generator="written")
    at.text_input(key="chat_url").set_value("http://localhost:9/v1").run()
    name = next(each for each in at.text_input if str(each.key).startswith("chat_model"))
    name.set_value("small").run()
    assert not at.exception
    assert "Data sent" in visible_text(at) + " ".join(str(each.value) for each in at.info)
    assert not at.button(key="written_start").disabled
    chat = ChatModel("small", "http://localhost:9/v1")
    texts = written._load_sample(CorpusRef(str(home), info.digest), chat, 500, 0)
    written._save(
        CorpusRef(str(home), info.digest), chat, 0, {place: f"about {texts[0][place][3:20]}" for place in texts[1]}
    )
    at = at.run()
    assert "60 of 60 texts have a query by small" in visible_text(at).replace("\\", "")
    assert "vocabulary" in visible_text(at)
    assert scored(at)


def _keys(at, start):
    return [str(each.key) for each in at.selectbox if str(each.key).startswith(start) and "-" in str(each.key)]


def _qrels(home, info):
    from core.scoreboard.task_tables import uploaded_tables

    return next(table.key for table in uploaded_tables(CorpusRef(str(home), info.digest)) if table.qrels)


def _file(home, info, name):
    from core.scoreboard.task_tables import uploaded_tables

    return next(table.key for table in uploaded_tables(CorpusRef(str(home), info.digest)) if table.name == name)
