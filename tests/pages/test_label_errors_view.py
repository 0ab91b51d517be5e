"""Label doubts on the Anomalies page: what is found, marked, kept, and said where labels can't be judged."""

import pandas as pd
import pytest

from core.corpus.build import build_corpus
from core.corpus.reading.values import RawTable
from core.corpus.selections import saved_selections, selection_rows
from core.errors import InputError
from core.jobs.kinds import run_job
from core.jobs.results import result_spec
from core.label_errors import service as answers
from core.label_errors.marks import label_marks
from core.label_errors.results import LABEL_ERRORS
from core.label_errors.row import doubt_row
from core.label_errors.service import Asked, Look
from core.models.registry import load_embedder
from core.store import Workspace
from core.types import CorpusRef, Roles
from core.vectors.embedding import embed
from core.vectors.loaders import NEIGHBORS, ModelQuery
from tests.pages.conftest import MOODS, SUBJECTS
from tests.pages.test_embed_page import visible_text

PAGE = "pages/explore/anomalies.py"
WRONG = (4, 17, 41)


def open_page(app, **query):
    for key, value in ({"part": "Label doubts"} | query).items():
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
    return Asked(CorpusRef(str(home), info.digest), spec, "subject")


def test_the_wrong_labels_are_listed_with_what_they_should_be(home, app):
    asked = make(home)
    at = open_page(app)
    assert not at.exception, at.exception
    assert not at.error
    listed = at.dataframe[0].value
    assert set(listed.index) == set(WRONG)
    assert set(listed["doubted by"]) == {"both"}
    truth = {row: [s for _ in range(3) for s in SUBJECTS for _ in MOODS][row] for row in WRONG}
    assert listed["suggested label"].to_dict() == truth
    text = visible_text(at)
    assert "3 rows" in text
    assert "seed 0" in text
    numbers = {metric.label: metric.value for metric in at.metric}
    assert numbers["Rows judged"] == "90"
    assert numbers["Doubted by both"] == "3"
    assert LABEL_ERRORS.exists(asked.query)


def test_all_rows_can_be_seen_by_doubt(home, app):
    make(home)
    at = open_page(app)
    at.segmented_control(key="doubted_by").set_value("all").run()
    assert not at.exception
    listed = at.dataframe[0].value
    assert len(listed) == 90
    assert set(listed.index[:3]) == set(WRONG)
    assert listed["doubt"].is_monotonic_decreasing


def test_a_pair_of_labels_narrows_the_list(home, app):
    make(home)
    at = open_page(app)
    box = at.selectbox(key="doubts_pair")
    assert len(box.options) == 4
    box.set_value(("lamp", "teapot")).run()
    assert not at.exception
    assert at.dataframe[0].value.index.tolist() == [17]


def test_marks_are_kept_and_marked_rows_can_be_hidden(home, app):
    asked = make(home)
    LABEL_ERRORS.get_or_compute(asked.query)
    answers.mark(asked, (4,), "right")
    at = open_page(app)
    assert "1 marked so far" in visible_text(at)
    assert at.dataframe[0].value.loc[4, "mark"] == "right"
    at.toggle(key="doubts_unmarked").set_value(True).run()
    assert 4 not in at.dataframe[0].value.index
    assert label_marks(Workspace(home), asked.corpus.digest, "subject") == {4: "right"}


def test_the_evidence_on_a_row_leaves_its_copies_out(home):
    asked = make(home, copy=["x"] * 90)
    view = doubt_row(asked, 4)
    assert len(view.neighbors) == 12
    assert 4 not in view.neighbors.index
    assert view.neighbors["cosine"].is_monotonic_decreasing
    with pytest.raises(InputError):
        doubt_row(asked, 90)


def test_the_list_is_kept_and_taken_out(home):
    asked = make(home)
    LABEL_ERRORS.get_or_compute(asked.query)
    saved = answers.keep_doubts(asked, Look(), "Doubtful")
    assert selection_rows(Workspace(home), asked.corpus.digest, saved.key).tolist() == sorted(WRONG)
    assert saved_selections(Workspace(home), asked.corpus.digest)[0].name == "Doubtful"
    lines = answers.doubts_file(asked, Look()).decode("utf-8-sig").splitlines()
    assert len(lines) == 4
    assert lines[0].startswith("row,doubt,given label,suggested label,text")
    mixed = answers.confusion(asked, "both")
    assert mixed.counts.sum() == mixed.shown == mixed.total == 3
    first = mixed.pairs[0]
    assert mixed.counts[mixed.names.index(first[0]), mixed.names.index(first[1])] == first[2]


def test_a_column_that_cannot_be_judged_is_named(home, app):
    make(home, kind=["odd"] + ["even"] * 89)
    at = open_page(app, doubts_label="kind")
    assert not at.exception
    assert at.error
    message = str(at.error[0].value).replace("\\", "")
    assert '"kind"' in message
    assert "Choose a column" in message


def test_three_rows_are_explained(home, app):
    make(home, n=[1, 2, 3])
    at = open_page(app)
    assert not at.exception
    assert at.error or at.info


def test_markup_in_labels_is_shown_as_it_stands(home, app):
    make(home, kind=["<b>a</b>", "**b**"] * 45)
    at = open_page(app, doubts_label="kind", doubted_by="all")
    assert not at.exception
    assert not at.error
    assert "**b**" not in " ".join(str(each.value) for each in at.markdown)
    assert {"<b>a</b>", "**b**"} == set(at.dataframe[0].value["given label"])


def test_many_rows_are_offered_as_a_job(home, app, monkeypatch):

    make(home)
    monkeypatch.setattr("core.jobs.results.INLINE_SECONDS", -1.0)
    at = open_page(app)
    assert not at.exception
    assert "have not been checked yet" in visible_text(at)
    assert any(each.label == "Check labels" for each in at.button)


def test_the_job_judges_and_keeps(home):
    asked = make(home)
    stages = []

    class Context:
        def call(self, stage, function, *arguments, progress=False, unit="", on="job"):
            events = []
            function(*arguments, progress=lambda done, total: events.append((done, total)))
            stages.append((stage, unit, events))

    run_job(result_spec(LABEL_ERRORS, asked.query, "Labels"), None, Context())
    assert stages == [("Checking labels", "folds", [(i, 5) for i in range(1, 6)])]
    assert LABEL_ERRORS.exists(asked.query)
    assert answers.summary(asked).judged == 90
