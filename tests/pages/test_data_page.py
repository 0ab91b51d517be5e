"""The Data page, from a file to a corpus, and every kind of file that can't become one."""

import os
import time

import pytest
import streamlit as st

from core.corpus import staging
from core.corpus.preprocess import Steps
from core.corpus.service import InvalidInput, draft_profile, load_profile, preview_files, preview_texts
from core.corpus.staging import ImportSource, stage
from core.errors import StorageError
from core.jobs.manager import JobManager
from core.models.registry import PRESETS
from core.store import Workspace
from core.types import CorpusRef, Roles
from core.vectors.service import draft_truncation
from core.vectors.truncation import load_truncation
from pages.shared.corpus import creation, profile
from pages.shared.corpus.columns import COMBINED
from tests.pages.data_steps import CSV, create, errors, start, upload, widget
from tests.waiting import cpu_limit


def test_empty_workspace_says_what_to_do(app, home):
    app = start(app)
    assert not app.exception
    assert app.title[0].value == "Data"
    assert any("No corpus yet" in caption.value for caption in app.caption)


def test_guide_closes_for_good(app, home):
    app = start(app)
    app = widget(app, "button", "close-guide").click().run()
    assert not [one for one in app.button if one.key == "close-guide"]
    assert (home / "guide_closed.json").exists()


def test_csv_with_template_and_steps(app, home):
    app = upload(start(app), ("reviews.csv", CSV))
    assert not app.exception
    assert widget(app, "selectbox", "column").value == "Text"
    assert widget(app, "selectbox", "time").value == "Time"
    app = widget(app, "segmented_control", "text_mode").set_value(COMBINED).run()
    app = widget(app, "text_input", "template").set_value("Title: {Summary}; Content: {Text}").run()
    assert "Title: Great; Content: I like it" in [code.value for code in app.code]
    app = widget(app, "toggle", "duplicates").set_value(True).run()
    shown = " ".join(caption.value.replace("\\", "") for caption in app.caption)
    assert "1 row is empty" in shown
    assert "1 row repeats an earlier text" in shown
    assert "Remove empty texts: 1 row removed (4 → 3)" in shown
    app = create(app, "My reviews")
    assert not app.exception
    assert not app.error
    info = Workspace(home).corpora()[0]
    assert (info.name, info.rows) == ("My reviews", 2)
    assert info.roles.text == "Title: {Summary}; Content: {Text}"
    assert app.session_state["corpus"] == info.digest
    assert "My reviews" in app.success[0].value
    assert {metric.label: metric.value for metric in app.metric}["Rows"] == "2"
    assert Workspace(home).load_corpus(info.digest).texts[0] == "Title: Great; Content: I like it"


def test_columns_are_inserted_into_the_template(app, home):
    app = upload(start(app), ("reviews.csv", CSV))
    app = widget(app, "segmented_control", "text_mode").set_value(COMBINED).run()
    app = widget(app, "pills", "insert").set_value("Summary").run()
    assert widget(app, "text_input", "template").value == "{Text}{Summary}"


def test_missing_column_in_the_template_is_named(app, home):
    app = upload(start(app), ("reviews.csv", CSV))
    app = widget(app, "segmented_control", "text_mode").set_value(COMBINED).run()
    app = widget(app, "text_input", "template").set_value("{Summry}").run()
    assert not app.exception
    assert 'There is no column "Summry"' in errors(app)
    assert '"Summary"' in errors(app)
    assert widget(app, "button", "create").disabled


def test_pasted_lines(app, home):
    app = start(app)
    app = widget(app, "segmented_control", "add_data").set_value("Paste").run()
    app = widget(app, "text_area", "pasted").set_value("first line\nsecond line\nthird, with <b>HTML</b>").run()
    app = widget(app, "button", "use-paste").click().run()
    app = create(app, "Pasted")
    assert not app.exception
    info = Workspace(home).corpora()[0]
    assert Workspace(home).load_corpus(info.digest).texts == ["first line", "second line", "third, with <b>HTML</b>"]


def test_no_text_column_asks_for_one(app, home):
    app = upload(start(app), ("numbers.csv", b"a,b\n1,2\n3,4\n5,6\n"))
    assert not app.exception
    assert widget(app, "selectbox", "column").value is None
    assert "No column looks like text" in app.warning[0].value
    assert widget(app, "button", "create").disabled


def test_workspace_that_cannot_be_written(app, home, monkeypatch):
    app = start(app)
    (home / "staging").write_text("a file where the folder should be")
    app = upload(app, ("reviews.csv", CSV))
    assert not app.exception
    assert str(home).replace("-", "") in errors(app).replace("-", "")


def test_profile_is_shown_while_choosing(app, home):
    app = upload(start(app), ("reviews.csv", CSV))
    assert not app.exception
    assert figures(app) == {"Rows": "3", "Empty texts": "0", "Exact duplicates": "1", "Median length": "9"}
    app = widget(app, "toggle", "empty").set_value(False).run()
    assert figures(app) == {"Rows": "4", "Empty texts": "1", "Exact duplicates": "1", "Median length": "9"}
    app = widget(app, "toggle", "duplicates").set_value(True).run()
    assert figures(app) == {"Rows": "3", "Empty texts": "1", "Exact duplicates": "0", "Median length": "8"}
    assert "Detected on a sample of 2 texts of 3" in [caption.value for caption in app.caption]
    truncation = next(one.value for one in app.dataframe if "Truncated texts" in one.value)
    assert truncation["Max. tokens"][0] == "256"
    assert not Workspace(home).corpora()


def figures(app):
    return {metric.label: metric.value for metric in app.metric}


def test_draft_of_ten_thousand_rows_is_quick(home):
    rows = b"".join(b'"review %d, %s"\n' % (i, b"which has some words to read in it " * 10) for i in range(10_000))
    origin = ImportSource((stage(str(home), "many.csv", b"text\n" + rows),))
    roles, steps = Roles("{text}"), Steps()
    preview_files(str(home), origin)
    draft_profile(
        str(home), ImportSource((stage(str(home), "few.csv", CSV),)), Roles("{Text}"), steps
    )  # loads the languages
    with cpu_limit(5):  # about half a second
        made = draft_profile(str(home), origin, roles, steps)
    assert (made.profile.rows, made.sampled, made.rows) == (10_000, 10_000, 10_000)
    assert made.profile.languages_sample == 500
    (use,) = draft_truncation(str(home), origin, roles, steps, PRESETS[:1])
    assert (use.counted, use.texts, use.max_tokens) == (1_000, 10_000, 256)


def test_a_draft_of_what_can_not_be_made_is_a_refusal(home):
    origin = ImportSource((stage(str(home), "few.csv", CSV),))
    assert isinstance(draft_profile(str(home), origin, Roles("{Nope}"), Steps()), InvalidInput)
    assert draft_truncation(str(home), origin, Roles("{Nope}"), Steps(), PRESETS[:1]) == ()


def test_staged_files_are_named_by_digest_and_swept(home):
    kept = stage(str(home), "../../evil.csv", CSV)
    path = home / "staging" / f"{kept.key}.bin"
    assert path.read_bytes() == CSV
    assert isinstance(preview_texts(str(home), ImportSource((kept,)), "{Nope}"), InvalidInput)
    os.utime(path, (time.time() - 90_000,) * 2)
    stage(str(home), "other.csv", b"text\na\n")
    assert not path.exists()


def test_an_upload_that_was_swept_says_so(home):
    gone = staging.StagedFile("gone.csv", "0" * 32, 1)
    with pytest.raises(StorageError, match="has expired"):
        preview_files(str(home), ImportSource((gone,)))
    with pytest.raises(StorageError):
        preview_files(str(home), ImportSource((staging.StagedFile("x", "../../etc/passwd", 1),)))


def test_windows_of_openai_models_are_known_without_a_key(corpus, home):
    paid = tuple(spec for spec in PRESETS if spec.backend == "openai")
    found = load_truncation(CorpusRef(str(home), corpus[0].digest), paid)
    assert [use.model.split(" ")[0] for use in found] == [spec.name for spec in paid]
    assert all(use.splits and use.long_texts == 0 and use.counted == 60 for use in found)


def test_a_corpus_is_created_though_another_page_is_opened_meanwhile(app, monkeypatch):
    start(app)
    upload(app, ("reviews.csv", CSV))
    with monkeypatch.context() as patched:
        patched.setattr(creation, "_create", lambda *arguments: st.stop())  # as a click on another page does
        create(app, "Left early")
        assert not session_corpora(app)
    app.switch_page("pages/data/embed.py").run()
    assert not app.exception
    assert [info.name for info in session_corpora(app)] == ["Left early"]
    assert widget(app, "selectbox", "corpus").value == session_corpora(app)[0].digest


def session_corpora(app):
    return Workspace(os.environ["PLANISPHERE_HOME"]).corpora()


def test_a_stored_corpus_is_shown_without_a_worker(app, corpus, home, monkeypatch):
    ref = CorpusRef(str(home), corpus[0].digest)
    load_profile(ref)
    monkeypatch.setattr(profile, "COUNTED", ())
    monkeypatch.setattr(JobManager, "ask", lambda self, function, *arguments, **options: pytest.fail(str(function)))
    app.run()
    assert not app.exception
    assert {metric.label: metric.value for metric in app.metric}["Rows"] == "60"
    assert 60 in [len(table.value) for table in app.dataframe]
