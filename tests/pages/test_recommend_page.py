"""Recommend: similar items, lists for users, and the evaluation, from a column of the corpus and from a table."""

import numpy as np
import pandas as pd
import pytest

from core.corpus.build import build_corpus
from core.corpus.loaders import load_corpus
from core.corpus.reading.values import RawTable
from core.corpus.staging import ImportSource, stage
from core.models.registry import load_embedder
from core.recommend.results import HISTORIES, RECOMMENDATIONS, EvaluationQuery, HistorySource, load_histories
from core.recommend.service import ItemsQuery, ListOptions, similar_items
from core.recommend.summary import listed_user, summarize
from core.store import Workspace
from core.types import CorpusRef, Roles
from core.vectors.contenders import Contender
from core.vectors.embedding import embed
from pages.shared import created
from tests.pages.test_embed_page import visible_text

PAGE = "pages/apply/recommend.py"
TOPICS = ("tea", "coffee", "cocoa")
ITEMS, USERS = 60, 30


@pytest.fixture
def items(home) -> CorpusRef:
    """Sixty items of three topics in words, with their readers: each user reads one topic."""
    readers = [
        "; ".join(f"reader {user}" for user in range(USERS) if user % 3 == row % 3 and (user + row) % 7 < 3)
        for row in range(ITEMS)
    ]
    topics = [TOPICS[row % 3] for row in range(ITEMS)]
    texts = [f"A cup of {topic}, sort {i}. My {topic} is the best <b>*{topic}*</b>." for i, topic in enumerate(topics)]
    table = pd.DataFrame({"sku": [f"S{i}" for i in range(ITEMS)], "text": texts, "readers": readers})
    table["topic"] = topics
    built = build_corpus(RawTable(table, (), (), None, ""), Roles("{text}", ("topic",), id="sku"), name="Drinks").corpus
    info = Workspace(home).save_corpus(built)
    embed(built, load_embedder("lexical"), Workspace(home))
    return CorpusRef(str(home), info.digest)


def lexical() -> Contender:
    return Contender(load_embedder("lexical").spec)


def open_page(app, view: str, **link: str):
    for key, value in ({"recommend_view": view} | link).items():
        app.query_params[key] = value
    return app.run().switch_page(PAGE).run()


def fine(at) -> str:
    assert not at.exception, at.exception
    assert not at.error, [error.value for error in at.error]
    return visible_text(at).replace("\\", "")


def events(users: int = USERS) -> bytes:
    """Six events a user, of one topic, and one with an unknown item."""
    rows = [
        (f"user {user}", f"S{user % 3 + 3 * ((user + step * 3) % 20)}", f"2026-01-{step + 1:02d}", step % 5 + 1)
        for user in range(users)
        for step in range(6)
    ]
    rows.append(("user 0", "S999", "2026-01-09", 3))
    return pd.DataFrame(rows, columns=["user", "item", "date", "rating"]).to_csv(index=False).encode()


def test_an_empty_workspace_says_what_to_do(home, app):
    assert "No data yet" in fine(open_page(app, "Evaluation"))


def test_similar_items_with_reasons_and_marks(items, app):
    at = open_page(app, "Similar items", recommend_like="1", recommend_unlike="2")
    text = fine(at)
    assert "Similar to row 1: A cup of tea, sort 0" in text
    assert "<b>*tea*</b>" in text  # escaped: shown as it is
    listed = similar_items(ItemsQuery(items, lexical(), (0,), (1,), options=ListOptions(k=5)))
    assert {item.label for item in listed} == {"tea"}
    assert all(any(marked for _, marked in item.text) for item in listed)
    at.text_input(key="recommend_like").set_value("900").run()
    assert any("not a row number" in str(error.value) for error in at.error)


def test_typed_tastes_find_cold_items_and_limits_hold(items, app):
    at = open_page(app, "Similar items")
    assert at.info
    at.text_area(key="recommend_liked_text").set_value("a hot cocoa\n").run()
    assert "Similar to “a hot cocoa”" in fine(at)
    query = ItemsQuery(items, lexical(), liked_texts=("a hot cocoa",), options=ListOptions(6, 0.2, "topic", 2))
    labels = [item.label for item in similar_items(query)]
    assert sorted(labels) == sorted(TOPICS * 2)


def test_lists_for_users_named_in_a_column(items, app, monkeypatch):
    at = open_page(app, "For users")
    text = fine(at)
    assert "30 users" in text
    assert at.selectbox(key="recommend_user").value == "readers"
    assert "History" in [str(box.label)[:7] for box in at.expander]
    source = HistorySource(items, None, "readers")
    assert len(load_histories(source)) == USERS
    opened = []
    monkeypatch.setattr(created, "open_on_map", opened.append)
    fine(at.button(key="recommend_corpus").click().run())
    table = load_corpus(CorpusRef(items.folder, opened[0].info.digest)).table
    assert table["kind"].value_counts().to_dict() == {"item": ITEMS, "user": USERS}
    assert set(table["text"][table["kind"] == "user"]) == {f"reader {user}" for user in range(USERS)}
    rows = np.asarray(Workspace(items.folder).load_vectors(opened[0].info.digest, opened[0].model).rows)
    tastes = np.array([user % 3 for user in map(int, table["text"].str.extract(r"reader (\d+)")[0].dropna())])
    cosines = rows[:ITEMS] @ rows[ITEMS:].T  # items of a user's topic are near the user
    same = table["topic"][:ITEMS].map(TOPICS.index).to_numpy()[:, None] == tastes
    assert cosines[same].mean() > cosines[~same].mean() + 0.2


def test_evaluation_of_an_uploaded_table(items, app):
    at = open_page(app, "Evaluation")
    at.segmented_control(key="recommend_origin").set_value("Table of events").run()
    at.file_uploader(key="recommend_upload").set_value(("events.csv", events(90), "text/csv")).run()
    text = fine(at)
    assert "90 users" in text
    assert any("S999" in str(warning.value) for warning in at.warning)
    assert "Better than popularity" in text
    assert "Holm" in text


def test_stored_evaluation_lists_one_user(items):
    upload = ImportSource((stage(items.folder, "events.csv", events()),))
    source = HistorySource(items, upload, "user", "item", "sku", "date", "rating", 2)
    query = EvaluationQuery(items, (lexical(),), source, k=5, extra=("recent", "collaborative", "item_item", "hybrid"))
    RECOMMENDATIONS.get_or_compute(query)
    assert HISTORIES.exists(source)
    summary = summarize(query)
    label = lexical().label
    assert summary.evaluation.names[:2] == (label, "popularity")
    difference = summary.differences["ndcg"][label]
    values = summary.evaluation.values["ndcg"]
    assert difference.interval.value == pytest.approx(float(np.mean(values[0] - values[1])))
    listed = listed_user(query, "user 4")
    hits = [hit for _, _, hit in listed.lists[label]]
    position = summary.evaluation.users.tolist().index(4)
    assert any(hits) == bool(summary.evaluation.values["hit_rate"][0, position])
    assert len(listed.held_out) == 1


def test_too_few_users_and_wrong_columns_are_explained(items, app):
    at = open_page(app, "Evaluation")
    at.segmented_control(key="recommend_origin").set_value("Table of events").run()
    at.file_uploader(key="recommend_upload").set_value(("events.csv", events(2), "text/csv")).run()
    assert any("can be evaluated" in str(error.value) for error in at.error)
    at.file_uploader(key="recommend_upload").set_value(("other.csv", b"a,b\n1,2\n3,4\n", "text/csv")).run()
    assert any("No event" in str(error.value) for error in at.error)
