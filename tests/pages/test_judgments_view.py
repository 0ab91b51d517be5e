"""Judging hits on the Search page, and the Judgments view: pooled judging, agreement, export and import."""

import pytest

from core.ask.answer_log import (
    AnswerRecord,
    RecordedSentence,
    answer_grades,
    answers_length,
    grade_answer,
    record_answers,
)
from core.ask.faithfulness_judge import FAITHFULNESS, FaithfulnessQuery
from core.corpus.judgments import Judgment, add_judgments, load_judgments
from core.models.chat import ChatModel
from core.types import CorpusRef
from tests.chat_server import ChatServer, completion
from tests.pages.test_embed_page import visible_text
from tests.pages.test_score_tasks import scored, with_variants


def ref(home, corpus):
    return CorpusRef(str(home), corpus[0].digest)


def keys(at, prefix):
    return [button.key for button in at.button if str(button.key).startswith(prefix)]


def fine(at):
    assert not at.exception, at.exception
    assert not at.error, [error.value for error in at.error]
    return visible_text(at)


def grade(at, value):
    """Press a grade's button; gives the row that was graded."""
    key = keys(at, f"judge_{value}-")[0]
    at.button(key=key).click().run()
    fine(at)
    return int(key.rpartition("-")[2])


@pytest.fixture
def judging(corpus, app):
    app.query_params["q"] = "the teapot broke"
    at = app.run().switch_page("pages/explore/search.py").run()
    at.button(key="judge_hits").click().run()
    fine(at)
    return at


def test_hits_of_a_search_are_graded_skipped_and_undone(home, corpus, judging):
    at, where = judging, ref(home, corpus)
    at.text_input(key="judgment_annotator").set_value("Ann").run()
    first, second = grade(at, 2), grade(at, 0)
    assert load_judgments(where).grades("Ann") == {"the teapot broke": {first: 2, second: 0}}
    assert at.get("progress")[0].proto.value == 20
    third = int(keys(at, "judge_skip-")[0].rpartition("-")[2])
    at.button(key=f"judge_skip-{third}").click().run()
    assert keys(at, "judge_skip-") != [f"judge_skip-{third}"]
    at.button(key="judge_undo").click().run()
    assert load_judgments(where).grades() == {"the teapot broke": {first: 2}}
    assert keys(at, "judge_skip-") == [f"judge_skip-{second}"]
    badges = [str(element.value) for element in at.markdown if "badge" in str(element.value)]
    assert sum(":green-badge" in badge for badge in badges) == 1
    assert sum(":blue-badge" in badge for badge in badges) == 1
    at.text_input(key="judgment_annotator").set_value("").run()
    assert all(at.button(key=key).disabled for key in keys(at, "judge_2-"))


def test_only_text_queries_are_judged(judging):
    judging.text_input(key="near").set_value("1").run()
    fine(judging)
    assert not keys(judging, "judge_skip")


def test_judgments_are_a_task_of_the_scoreboard_without_an_upload(home, corpus, app, monkeypatch):
    monkeypatch.setattr("pages.shared.scoreboard.view._measure_missing", lambda *_: None)
    events = [Judgment(query, row, row % 3, "Ann") for query in ("teapot", "lamp") for row in range(15, 25)]
    add_judgments(ref(home, corpus), events)
    app.query_params["score_task"] = "Queries with relevance judgments"
    at = with_variants(app.run().switch_page("pages/compare/scoreboard.py").run())
    assert at.segmented_control(key="queries_from").value == "Judgments given here"
    assert "2 queries" in fine(at)
    assert {"score", "grade"} <= scored(at)


def open_view(app, **query):
    for key, value in {"ask_view": "Judgments", **query}.items():
        app.query_params[key] = value
    return app.run().switch_page("pages/apply/ask.py").run()


def test_pooled_passages_are_judged_blind_until_all_are(home, corpus, app):
    at = open_view(app)
    assert "No judgments yet" in fine(at)
    assert not keys(at, "judge_")
    at.number_input(key="pool_depth").set_value(2).run()
    at.text_area(key="pool_questions").set_value("teapot broke\nlovely lamp").run()
    text = fine(at)
    assert "2 questions" in text
    assert "cosine" not in " ".join(str(caption.value) for caption in at.caption if "row" in str(caption.value))
    total = int(at.get("progress")[0].proto.text.split()[2])
    rows = [grade(at, 2) for _ in range(total)]
    assert "100" in str(at.get("progress")[0].proto.value)
    log = load_judgments(ref(home, corpus))
    assert {(event.query, event.source) for event in log.events} == {("teapot broke", "pool"), ("lovely lamp", "pool")}
    assert sum(len(rows) for rows in log.grades().values()) == len(rows)
    at.text_area(key="pool_questions").set_value("").run()
    at.button(key="pool_add").click().run()
    assert at.text_area(key="pool_questions").value.splitlines() == ["teapot broke", "lovely lamp"]


def test_agreement_needs_two_annotators(home, corpus, app):
    events = [Judgment("q", row, row % 3, name) for row in range(9) for name in ("Ann", "Bob")]
    add_judgments(ref(home, corpus), events[::2])
    at = open_view(app, judgments_section="Agreement")
    fine(at)
    assert not at.metric
    add_judgments(ref(home, corpus), [*events, Judgment("q", 0, 2, "Bob")])
    at.run()
    fine(at)
    assert at.metric[0].value.startswith("0.")
    assert len(at.dataframe) == 2


def test_judgments_are_exported_and_imported(home, corpus, app):
    at = open_view(app, judgments_section="Import and export")
    assert "no judgments" in fine(at)
    qrels = b"query-id\tcorpus-id\tscore\nq1\t3\t1\nq1\t900\t1\n"
    at.file_uploader[0].upload("qrels.tsv", qrels).upload("queries.jsonl", b'{"_id": "q1", "text": "what?"}').run()
    fine(at)
    assert at.checkbox[0].value
    at.button(key="judgments_import").click().run()
    assert "line 3" in fine(at)
    assert load_judgments(ref(home, corpus)).grades() == {"what?": {3: 2}}
    assert len(at.get("download_button")) == 2
    at.button(key="judgments_undo").click().run()
    fine(at)
    assert load_judgments(ref(home, corpus)).grades() == {}
    at.selectbox(key="judgments_id").set_value("subject").run()
    at.button(key="judgments_import").click().run()
    assert not at.exception
    assert at.error


def test_a_language_model_is_no_judge_without_enough_own_grades(home, corpus, app):
    at = open_view(app, judgments_section="LLM judge")
    at.number_input(key="pool_depth").set_value(30).run()
    at.text_area(key="pool_questions").set_value("teapot broke\nlovely lamp").run()
    assert "graded 0" in fine(at)
    assert not [field for field in at.text_input if field.label == "Server address"]
    events = [
        Judgment(query, row, row % 3, "annotator 1") for query in ("teapot broke", "lovely lamp") for row in range(60)
    ]
    add_judgments(ref(home, corpus), events)
    at.run()
    fine(at)
    assert [field for field in at.text_input if field.label == "Server address"]


class Judge(ChatServer):
    def answer(self, handler, body):
        handler.send_response(200)
        handler.send_header("content-type", "application/json")
        handler.end_headers()
        handler.wfile.write(completion('{"grades": {"1": 2}}'))


def test_answers_are_graded_one_by_one_and_then_judged(home, corpus, app):
    where = ref(home, corpus)
    at = open_view(app, judgments_section="Answers")
    fine(at)
    assert not keys(at, "judge_")
    sentences = (RecordedSentence("It <b>broke</b>.", (2,)),)
    record_answers(
        where, [AnswerRecord(f"why {i}?", ("one", "two"), sentences, "m", "p", "r", "ask") for i in range(31)]
    )
    at.run()
    text = fine(at).replace("\\", "")
    assert "It <b>broke</b>. **[2]**" in text
    assert ":green-badge[cited]" in text
    number = grade(at, 1)
    assert answer_grades(where, "annotator 1") == {number: 1}
    assert at.get("progress")[0].proto.value == 100 // 31
    at.button(key="judge_undo").click().run()
    assert keys(at, "judge_2-") == [f"judge_2-{number}"]
    at.segmented_control(key="judgments_section").set_value("LLM judge").run()
    at.segmented_control(key="judge_subject").set_value("Faithfulness of answers").run()
    assert "Grade 30 more" in fine(at)
    for i in range(31):
        grade_answer(where, i, 2 if i % 5 else 0, "annotator 1")
    server = Judge()
    at.run().text_input(key="chat_url").set_value(server.url).run()
    at.text_input(key=f"chat_model-{server.place}").set_value("m").run()
    assert [key for key in keys(at, "start-")]
    assert "31 answers" in fine(at)
    assert not server.bodies
    FAITHFULNESS.get_or_compute(FaithfulnessQuery(where, ChatModel("m", server.url), answers_length(where)))
    at.run()
    assert "answers of its own" in fine(at)
    assert len(at.metric) == 4
    assert at.metric[0].value == "0.00"
    assert [len(table.value) for table in at.dataframe] == [3, 1]
    server.close()
