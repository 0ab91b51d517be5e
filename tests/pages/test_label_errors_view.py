"""Label errors on the Anomalies page: the list, marks, evidence, and columns that can't be checked."""

import pandas as pd
import pytest

from core.corpus.build import build_corpus
from core.corpus.reading.values import RawTable
from core.corpus.selections import saved_selections, selection_rows
from core.errors import InputError
from core.jobs.kinds import run_job
from core.jobs.results import result_spec
from core.label_errors.results import LABEL_ERRORS, LabelQuery
from core.label_errors.service import (
    LabelErrorFilter,
    label_confusion,
    label_error_file,
    label_error_rows,
    label_error_summary,
    label_evidence,
    label_marks,
)
from core.models.registry import load_embedder
from core.store import Workspace
from core.types import CorpusRef, Roles
from core.vectors.embedding import embed
from core.vectors.loaders import NEIGHBORS, ModelQuery
from tests.pages.conftest import MOODS, SUBJECTS
from tests.pages.test_embed_page import visible_text

PAGE = "pages/explore/anomalies.py"
WRONG = (4, 17, 41)


def open_page(app, **params):
    for key, value in ({"part": "Label errors"} | params).items():
        app.query_params[key] = value
    return app.run().switch_page(PAGE).run()


def make(home, **columns):
    """Ninety short texts with their subject and such columns, embedded, with a graph; three subjects are wrong."""
    marks = (".", "!", " again")
    texts = [f"My {subject}, this {subject}, {mood}{mark}" for mark in marks for subject in SUBJECTS for mood in MOODS]
    subjects = [subject for _ in marks for subject in SUBJECTS for _ in MOODS]
    for row in WRONG:
        subjects[row] = "teapot" if subjects[row] != "teapot" else "lamp"
    rows = len(next(iter(columns.values()), subjects))
    table = pd.DataFrame({"text": texts[:rows], "subject": subjects[:rows], **columns})
    built = build_corpus(RawTable(table, (), (), None, ""), Roles("{text}", ("subject",)), name="A *shop*").corpus
    workspace = Workspace(home)
    info = workspace.save_corpus(built)
    spec = embed(built, load_embedder("lexical"), workspace).model
    NEIGHBORS.get_or_compute(ModelQuery(CorpusRef(str(home), info.digest), spec))
    return LabelQuery(CorpusRef(str(home), info.digest), spec, "subject")


def test_the_wrong_labels_are_listed_with_what_they_should_be(home, app):
    query = make(home)
    at = open_page(app)
    assert not at.exception, at.exception
    assert not at.error
    listed = at.dataframe[0].value
    assert set(listed.index) == set(WRONG)
    assert set(listed["flagged by"]) == {"both"}
    truth = {row: [s for _ in range(3) for s in SUBJECTS for _ in MOODS][row] for row in WRONG}
    assert listed["suggested label"].to_dict() == truth
    text = visible_text(at)
    assert "3 rows" in text
    assert "seed 0" in text
    numbers = {metric.label: metric.value for metric in at.metric}
    assert numbers["Rows checked"] == "90"
    assert numbers["Flagged by both"] == "3"
    assert LABEL_ERRORS.exists(query)


def test_all_rows_can_be_listed_by_score(home, app):
    make(home)
    at = open_page(app)
    at.segmented_control(key="flagged_by").set_value("all").run()
    assert not at.exception
    listed = at.dataframe[0].value
    assert len(listed) == 90
    assert set(listed.index[:3]) == set(WRONG)
    assert listed["error score"].is_monotonic_decreasing


def test_a_pair_of_labels_narrows_the_list(home, app):
    make(home)
    at = open_page(app)
    box = at.selectbox(key="label_pair")
    assert len(box.options) == 4
    box.set_value(("lamp", "teapot")).run()
    assert not at.exception
    assert at.dataframe[0].value.index.tolist() == [17]


def test_marks_are_stored_and_marked_rows_can_be_hidden(home, app):
    query = make(home)
    LABEL_ERRORS.get_or_compute(query)
    label_marks(query).set([4], "correct")
    at = open_page(app)
    assert "1 marked" in visible_text(at)
    assert at.dataframe[0].value.loc[4, "mark"] == "Label is correct"
    at.toggle(key="label_errors_unmarked").set_value(True).run()
    assert 4 not in at.dataframe[0].value.index
    assert label_marks(query).load() == {4: "correct"}


def test_the_evidence_on_a_row_leaves_its_copies_out(home):
    query = make(home, copy=["x"] * 90)
    view = label_evidence(query, 4)
    assert len(view.neighbors) == 12
    assert 4 not in view.neighbors.index
    assert view.neighbors["cosine"].is_monotonic_decreasing
    with pytest.raises(InputError):
        label_evidence(query, 90)


def test_the_list_is_saved_and_downloaded(home, app):
    query = make(home)
    LABEL_ERRORS.get_or_compute(query)
    assert sorted(label_error_rows(query, LabelErrorFilter())) == sorted(WRONG)
    lines = label_error_file(query, LabelErrorFilter()).decode("utf-8-sig").splitlines()
    assert len(lines) == 4
    assert lines[0].startswith("row,error score,current label,suggested label,text")
    mixed = label_confusion(query, "both")
    assert mixed.counts.sum() == mixed.counted == mixed.total == 3
    first = mixed.pairs[0]
    assert mixed.counts[mixed.names.index(first[0]), mixed.names.index(first[1])] == first[2]
    at = open_page(app)
    at.text_input(key="label_errors_name").set_value("Suspicious").run()
    at.button(key="label_errors_save").click().run()
    assert not at.exception
    saved = saved_selections(Workspace(home), query.corpus.digest)[0]
    assert saved.name == "Suspicious"
    assert selection_rows(Workspace(home), query.corpus.digest, saved.key).tolist() == sorted(WRONG)


def test_a_column_that_cannot_be_checked_is_named(home, app):
    make(home, kind=["odd"] + ["even"] * 89)
    at = open_page(app, label_error_column="kind")
    assert not at.exception
    assert at.error
    message = str(at.error[0].value).replace("\\", "")
    assert '"kind"' in message


def test_three_rows_are_explained(home, app):
    make(home, n=[1, 2, 3])
    at = open_page(app)
    assert not at.exception
    assert at.error or at.info


def test_markup_in_labels_is_shown_as_it_stands(home, app):
    make(home, kind=["<b>a</b>", "**b**"] * 45)
    at = open_page(app, label_error_column="kind", flagged_by="all")
    assert not at.exception
    assert not at.error
    assert "**b**" not in " ".join(str(each.value) for each in at.markdown)
    assert {"<b>a</b>", "**b**"} == set(at.dataframe[0].value["current label"])


def test_many_rows_are_offered_as_a_job(home, app, monkeypatch):

    make(home)
    monkeypatch.setattr("core.jobs.results.INLINE_SECONDS", -1.0)
    at = open_page(app)
    assert not at.exception
    assert "have not been checked yet" in visible_text(at)
    assert any(each.label == "Check labels" for each in at.button)


def test_the_job_checks_and_stores(home):
    query = make(home)
    stages = []

    class Context:
        def call(self, stage, function, *arguments, progress=False, unit="", on="job"):
            events = []
            function(*arguments, progress=lambda done, total: events.append((done, total)))
            stages.append((stage, unit, events))

    run_job(result_spec(LABEL_ERRORS, query, "Labels"), None, Context())
    assert stages == [("Checking labels", "folds", [(i, 5) for i in range(1, 6)])]
    assert LABEL_ERRORS.exists(query)
    assert label_error_summary(query).checked == 90
