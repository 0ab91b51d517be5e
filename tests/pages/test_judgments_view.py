"""Judging hits on the Search page, and the Judgments view: pooled judging, agreement, export and import."""

import pytest

from core.corpus.judgments import Judgment, add_judgments, load_judgments
from core.types import CorpusRef
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
    at.toggle(key="judge_hits").set_value(True).run()
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
    assert not keys(judging, "judge_")


def test_judgments_are_a_task_of_the_scoreboard_without_an_upload(home, corpus, app, monkeypatch):
    monkeypatch.setattr("pages.shared.scoreboard.view._measure_missing", lambda *_: None)
    events = [Judgment(query, row, row % 3, "Ann") for query in ("teapot", "lamp") for row in range(15, 25)]
    add_judgments(ref(home, corpus), events)
    app.query_params["score_task"] = "Queries with relevance judgments"
    at = with_variants(app.run().switch_page("pages/compare/scoreboard.py").run())
    assert at.segmented_control(key="queries_from").value == "Judgments given here"
    assert "2 queries" in fine(at)
    assert {"score", "grade"} <= scored(at)
