"""Columns with several values per row: declared on the Data page, and used on the pages after it."""

import json

import numpy as np
import pandas as pd
import pytest

from core.corpus.build import build_corpus
from core.corpus.label_sets import label_sets
from core.corpus.reading.values import RawTable
from core.models.registry import load_embedder
from core.store import Workspace
from core.types import CorpusRef, ModelSpec, Roles, Vectors, unit_rows
from core.vectors.embedding import embed
from core.vectors.loaders import NEIGHBORS, ModelQuery
from tests.pages.data_steps import create, start, upload, widget
from tests.pages.test_embed_page import visible_text

SUBJECTS = ("parcel", "lamp", "teapot", "chair")


def csv(rows=40):
    """Tags by ";", of which some differ by case only, and colors by a separator that is not detected."""
    tags = [("App; praise", "app", "delivery; app", "praise")[i % 4] for i in range(rows)]
    table = pd.DataFrame({"text": [f"My {SUBJECTS[i % 4]} number {i} came late" for i in range(rows)], "tags": tags})
    table["colors"] = [("red / blue", "blue")[i % 2] for i in range(rows)]
    return table.to_csv(index=False).encode()


def stored(home):
    workspace = Workspace(home)
    info = workspace.corpora()[0]
    return workspace.load_corpus(info.digest), info


def test_the_detected_separator_is_the_default_and_changes_nothing(app, home):
    at = upload(start(app), ("feedback.csv", csv()))
    assert not at.exception, at.exception
    assert widget(at, "multiselect", "several").value == ["tags"]
    assert widget(at, "selectbox", "separator-tags").value == ";"
    values = next(table.value for table in at.dataframe if "Value" in table.value.columns)
    counts = {"App": 10, "app": 20, "praise": 20, "delivery": 10}
    assert dict(zip(values["Value"], values["Rows"], strict=True)) == counts
    at = create(at, "As detected")
    corpus, info = stored(home)
    assert corpus.table["tags"].iloc[0] == "App; praise"
    assert info.roles.single_valued == ()


def test_columns_are_stored_as_declared(app, home):
    at = upload(start(app), ("feedback.csv", csv()))
    widget(at, "multiselect", "several").set_value(["tags", "colors"]).run()
    widget(at, "selectbox", "separator-colors").set_value("other").run()
    widget(at, "text_input", "custom-colors").set_value("/").run()
    widget(at, "toggle", "merge-tags").set_value(True).run()
    assert not at.exception, at.exception
    at = create(at, "Declared")
    assert not at.error
    corpus, _ = stored(home)
    assert json.loads(corpus.table["tags"].iloc[0]) == ["app", "praise"]
    assert dict(zip(*_counts(corpus.table["colors"]), strict=True)) == {"blue": 40, "red": 20}


def test_a_column_can_have_one_value_per_row(app, home):
    at = upload(start(app), ("feedback.csv", csv()))
    widget(at, "multiselect", "several").set_value([]).run()
    at = create(at, "Single")
    assert not at.exception, at.exception
    corpus, info = stored(home)
    assert info.roles.single_valued == ("tags",)
    assert label_sets(corpus.table["tags"]) is None


def _counts(column):
    sets = label_sets(column)
    return sets.names, sets.counts.tolist()


@pytest.fixture
def corpus(home):
    """An embedded corpus of 96 rows whose tags are the subjects in their texts, and a time column."""
    rng = np.random.default_rng(0)
    chosen = [sorted(rng.choice(4, 1 + i % 2, replace=False).tolist()) for i in range(96)]
    texts = [f"{' and '.join(SUBJECTS[code] for code in codes)}, order {i}" for i, codes in enumerate(chosen)]
    tags = [json.dumps([SUBJECTS[code] for code in codes]) for codes in chosen]
    days = pd.date_range("2026-01-01", periods=96, freq="D").strftime("%Y-%m-%d")
    table = pd.DataFrame({"text": texts, "tags": pd.Series(tags, dtype="str"), "day": days})
    built = build_corpus(RawTable(table), Roles("{text}", ("tags",), "day"), name="Tagged").corpus
    workspace = Workspace(home)
    info = workspace.save_corpus(built)
    spec = embed(built, load_embedder("lexical"), workspace).model
    NEIGHBORS.get_or_compute(ModelQuery(CorpusRef(str(home), info.digest), spec))
    return built


def open_page(app, page, **params):
    for key, value in params.items():
        app.query_params[key] = value
    at = app.run().switch_page(page).run()
    assert not at.exception, at.exception
    return at


def test_label_errors_are_labels_to_remove_and_to_add(app, corpus):
    at = open_page(app, "pages/explore/anomalies.py", part="Label errors")
    assert at.selectbox(key="label_error_column").value == "tags"
    at.segmented_control(key="flagged_by").set_value("all").run()
    assert not at.exception, at.exception
    listed = at.dataframe[0].value
    assert list(listed.columns[:5]) == ["error score", "text", "labels", "remove", "add"]
    assert len(listed) == 96
    assert listed["error score"].is_monotonic_decreasing
    assert set(listed.loc[0, "labels"].split("; ")) == set(json.loads(corpus.table["tags"].iloc[0]))


def corpus_vectors(corpus):
    """Vectors whose nearest rows share a label: the sum of the labels' directions, and a little noise."""
    sets = label_sets(corpus.table["tags"])
    noise = np.random.default_rng(1).normal(0, 0.01, (len(corpus), 4))
    rows = unit_rows(sets.indicator().toarray() + noise)
    return Vectors(rows, ModelSpec("imported", "exact", "a", 4), corpus.digest, {"seconds": 0.0})


def test_the_scoreboard_ranks_by_shared_labels(app, home, corpus):
    Workspace(home).save_vectors(corpus_vectors(corpus))
    contenders = ".".join(model.key for model in Workspace(home).models(corpus.digest))
    at = open_page(app, "pages/compare/scoreboard.py", contenders=contenders)
    assert at.selectbox(key="score_label").value == "tags"
    assert len(at.selectbox(key="score_metric_labels_several").options) == 4
    assert not at.error, at.error[0].value
    board = next(table.value for table in at.dataframe if "share_best" in table.value)
    assert board["contender"].tolist()[0] == "exact"
    assert board["score"].iloc[0] == pytest.approx(1)
    text = visible_text(at)
    assert "Jaccard" in text
    assert "96 rows with 4 labels" in text
    at.segmented_control(key="score_part").set_value("Per query").run()
    assert not at.exception, at.exception


def test_trends_count_a_row_in_each_of_its_values(app, corpus):
    at = open_page(app, "pages/explore/trends.py")
    assert at.selectbox(key="t_group").value == "column:tags"
    text = visible_text(at)
    assert all(f"{subject}** · " in text for subject in SUBJECTS)
    assert "100%" in text
    assert "area" not in at.segmented_control(key="t_form").options


def test_filters_match_any_or_all_values(app, corpus):
    both = [{"column": "tags", "kind": "all values", "values": ["parcel", "lamp"]}]
    at = open_page(app, "pages/explore/search.py", q="order", filters=json.dumps(both))
    rows = sum({"parcel", "lamp"} <= set(json.loads(cell)) for cell in corpus.table["tags"])
    assert at.multiselect(key="filter-tags").value == ["parcel", "lamp"]
    assert f"among {rows} of 96 rows" in visible_text(at)
    at.segmented_control(key="filter-tags-match").set_value("Any").run()
    assert not at.exception, at.exception
    rows = sum(not {"parcel", "lamp"}.isdisjoint(json.loads(cell)) for cell in corpus.table["tags"])
    assert f"among {rows} of 96 rows" in visible_text(at)
