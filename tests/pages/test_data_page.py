"""The Data page, from a file to a corpus, and every kind of file that can't become one."""

import gzip
import io
import json
import os
import time
import zipfile

import numpy as np
import pandas as pd
import pytest
import streamlit as st

from core.corpus import staging
from core.corpus.preprocess import Steps
from core.corpus.service import InvalidInput, draft_profile, preview_files, preview_texts
from core.corpus.staging import ImportSource, stage
from core.errors import StorageError
from core.jobs.manager import JobManager
from core.jobs.types import JobSpec, JobState
from core.models.registry import PRESETS
from core.store import Workspace
from core.types import CorpusRef, Roles
from core.vectors.service import draft_truncation, load_truncation
from pages.shared import session
from pages.shared.corpus import creation
from pages.shared.corpus.columns import COMBINED
from tests.waiting import cpu_limit

CSV = b"""Summary,Text,Score,Time
Great,I like it,5,1351123200
Bad,I do not,1,1351123201
Great,I like it,5,1351123202
,,3,1351123203
"""
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20
BOMB = gzip.compress(b"a" * 200_000_000, 6)


def start(app):
    return app.run().switch_page("pages/data/corpus.py").run()


def upload(app, *files):
    uploader = next(one for one in app.file_uploader)
    return uploader.set_value([(name, data, "application/octet-stream") for name, data in files]).run()


def widget(app, kind, name):
    """The widget whose key is `name` followed by the tag of the files, if any."""
    matches = [one for one in app.get(kind) if (one.key or "").rsplit("-", 1)[0] == name or one.key == name]
    assert matches, f"no {kind} {name}; errors: {errors(app)}; exceptions: {[one.value for one in app.exception]}"
    return matches[0]


def create(app, name):
    widget(app, "text_input", "name").set_value(name)
    return widget(app, "button", "create").click().run()


def zipped(name, data):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return buffer.getvalue()


def parquet(**columns):
    buffer = io.BytesIO()
    pd.DataFrame(columns).to_parquet(buffer)
    return buffer.getvalue()


def errors(app):
    return " ".join(error.value.replace("\\", "") for error in app.error)


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


def test_projector_pair_brings_vectors(app, home):
    rows = np.random.default_rng(0).normal(size=(12, 4)).astype(np.float32)
    vectors = "\n".join("\t".join(f"{value:.6f}" for value in row) for row in rows).encode()
    metadata = ("word\tkind\n" + "\n".join(f"word {i}\tkind {i % 2}" for i in range(12))).encode()
    app = upload(start(app), ("vectors.tsv", vectors), ("metadata.tsv", metadata))
    assert not app.exception
    assert "12 vectors of 4 dimensions" in app.success[0].value
    app = create(app, "Words")
    assert not app.exception
    assert not app.error
    info = Workspace(home).corpora()[0]
    spec = Workspace(home).models(info.digest)[0]
    assert (spec.backend, spec.dimensions) == ("imported", 4)
    kept = Workspace(home).load_vectors(info.digest, spec)
    expected = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    np.testing.assert_allclose(kept.rows, expected, atol=1e-5)


def test_encoding_and_delimiter_are_shown_and_overridden(app, home):
    data = "text;kind\n评论很好;好\n物流很慢;坏\n".encode("gb18030")
    app = upload(start(app), ("reviews.csv", data))
    assert any("GB18030" in caption.value and "semicolon" in caption.value for caption in app.caption)
    app = widget(app, "selectbox", "encoding").set_value("UTF-8").run()
    assert not app.exception
    assert "UTF-8" in errors(app)
    app = widget(app, "selectbox", "encoding").set_value(None).run()
    assert not app.error


def test_an_uncertain_encoding_shows_a_line_in_each(app, home):
    app = upload(start(app), ("names.csv", "name,town\nOla,Kraków\n".encode("mac-roman")))
    assert not app.exception
    lines = next(one.value for one in app.dataframe if "Encoding" in one.value.columns)
    assert lines.iloc[0, 0] in app.warning[0].value.replace("\\", "")
    row = next(row for row in lines.itertuples(index=False) if "Kraków" in row[1])
    app = widget(app, "selectbox", "encoding").set_value(row[0]).run()
    assert not [one for one in app.dataframe if "Encoding" in one.value.columns]


def test_the_order_of_day_and_month_is_shown_and_switched(app, home):
    days = pd.date_range("2024-03-01", periods=12)
    rows = "".join(f"some words about {i} things;{day:%d/%m/%Y}\n" for i, day in enumerate(days))
    app = upload(start(app), ("dates.csv", f"text;date\n{rows}more words;soon\n".encode()))
    assert not app.exception
    assert widget(app, "selectbox", "time").value == "date"
    order = widget(app, "segmented_control", "day_order")
    assert order.value == "day"
    shown = " ".join(caption.value for caption in app.caption).replace("\\", "")
    assert "2024-03-01 to 2024-03-12" in shown
    assert any("1 cell" in one.value and "soon" in one.value for one in app.warning)
    app = order.set_value("month").run()
    assert "2024-01-03 to 2024-12-03" in " ".join(caption.value for caption in app.caption).replace("\\", "")
    app = create(app, "Dates")
    assert not app.exception
    info = Workspace(home).corpora()[0]
    assert Workspace(home).load_corpus(info.digest).table["date"][1] == pd.Timestamp("2024-02-03")
    shown = " ".join(caption.value for caption in app.caption)
    assert "1 cell" in shown
    assert "soon" in shown


def test_the_wording_of_a_survey_is_shown_and_never_embedded(app, home):
    answers = "".join(f"{i},{1 + i % 5},Answer {i} was really good\n" for i in range(20))
    app = upload(start(app), ("survey.csv", f"id,Q1,Q2\nPerson ID,How good is it?,Tell us why\n{answers}".encode()))
    assert widget(app, "selectbox", "column").value == "Q2"
    assert "Tell us why" in [caption.value for caption in app.caption]
    app = create(app, "Survey")
    info = Workspace(home).corpora()[0]
    assert info.rows == 20
    columns = next(one.value for one in app.dataframe if "Description" in one.value.columns)
    assert columns.set_index("Column")["Description"]["Q1"] == "How good is it?"


def test_paragraphs_of_a_text_file(app, home):
    app = upload(start(app), ("notes.txt", b"one\nline\n\ntwo\nlines\n"))
    app = widget(app, "selectbox", "unit").set_value("paragraph").run()
    app = create(app, "Notes")
    info = Workspace(home).corpora()[0]
    assert Workspace(home).load_corpus(info.digest).texts == ["one\nline", "two\nlines"]


BAD = {
    "empty file": ("a.csv", b"", "is empty"),
    "header only": ("a.csv", b"text,label\n", "no rows below it"),
    "image named csv": ("a.csv", PNG, "PNG image"),
    "binary named csv": ("a.csv", bytes(range(1, 32)) * 50, "binary"),
    "ragged": ("a.csv", b"text,label\na,b\nc,d,e\n", "line 3"),
    "zip with unsafe name": ("a.zip", zipped("../a.csv", CSV), "unsafe name"),
    "nested zip": ("a.zip", zipped("b.zip", zipped("a.csv", CSV)), "archive"),
    "zip bomb": ("a.csv.gz", BOMB, "over 200 times its size"),
    "Parquet cut short": ("a.parquet", parquet(text=["a", "b"])[:-20], "cut short"),
    "JSON cut short": ("a.json", b'[{"text": "a"}, {"text": "b', "a.json"),
    "NaN in vectors": ("a.parquet", parquet(text=["a", "b"], v=[[1.0, 2.0], [float("nan"), 1.0]]), "NaN"),
    "zero vector": ("a.parquet", parquet(text=["a", "b"], v=[[1.0, 2.0], [0.0, 0.0]]), "zero"),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_files_are_refused_and_nothing_is_lost(app, corpus, home, kind):
    name, data, told = BAD[kind]
    app = upload(start(app), (name, data))
    assert not app.exception
    assert told in errors(app)
    assert "Traceback" not in errors(app)
    assert {metric.label: metric.value for metric in app.metric}["Rows"] == "60"
    app = upload(app, ("good.csv", CSV))
    assert not app.error


GOOD_BUT_ODD = {
    "500 columns": (b",".join(b"c%d" % i for i in range(500)) + b"\n" + (b",".join([b"word"] * 500) + b"\n") * 3, "c0"),
    "duplicate names": (b"text,text,text\na b c,d,e\nf g h,i,j\n", "text"),
    "all rows the same": (b"text,n\nthe same words,1\nthe same words,1\nthe same words,1\n", "text"),
    "one row": (b"text,n\nonly one row of words,1\n", "text"),
    "huge cell": (b"text,n\n" + b"word " * 200_000 + b",1\nshort words here,2\n", "text"),
    "HTML": (
        b"<script>alert(1)</script>,n\n<b>bold</b> [x](http://a.b),1\n$\\alpha$ :material/home:,2\n",
        "<script>alert(1)</script>",
    ),
    "odd characters": ("text,n\n😀 שלום \u200b zero,1\nnul\0here \u202eright to left,2\n".encode(), "text"),
    "NaN as text": (b"text,n\nNaN,1\nNone,2\n42,3\nsome more words here,4\n", "text"),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", GOOD_BUT_ODD)
def test_odd_files_become_corpora(app, home, kind):
    data, column = GOOD_BUT_ODD[kind]
    app = upload(start(app), ("odd.csv", data))
    app = widget(app, "selectbox", "column").set_value(column).run()
    app = create(app, "Odd <b>name</b>")
    assert not app.exception
    assert not app.error
    assert Workspace(home).corpora()[0].name == "Odd <b>name</b>"


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


def test_rename(app, corpus, home):
    app = start(app)
    app = widget(app, "segmented_control", "add_data").set_value("Saved corpora").run()
    app = widget(app, "button", "rename-corpus").click().run()
    app = widget(app, "text_input", "new-name").set_value("Bigger shop").run()
    app = widget(app, "button", "rename-yes").click().run()
    assert not app.exception
    assert Workspace(home).corpora()[0].name == "Bigger shop"


def test_delete_asks_and_says_what_is_freed(app, corpus, home):
    app = start(app)
    app = widget(app, "segmented_control", "add_data").set_value("Saved corpora").run()
    app = widget(app, "button", "delete-corpus").click().run()
    assert any("This frees" in one.value and "kB" in one.value for one in app.markdown)
    assert Workspace(home).corpora()
    app = widget(app, "button", "delete-yes").click().run()
    assert not app.exception
    assert not Workspace(home).corpora()


def test_delete_stops_the_jobs_of_the_corpus_first(app, corpus, home, monkeypatch):
    info, _ = corpus
    app = start(app)
    jobs = [
        JobState(JobSpec("embed", str(home), info.digest, {"model": 1}), "running"),
        JobState(JobSpec("embed", str(home), "f" * 16, {"model": 1}), "running"),
    ]
    cancelled = []

    def cancel(manager, job):
        assert Workspace(home).info(info.digest)
        cancelled.append(job)
        jobs[:] = [one for one in jobs if one.id != job]

    monkeypatch.setattr(JobManager, "list", lambda manager, folder: list(jobs))
    monkeypatch.setattr(JobManager, "cancel", cancel)
    app = widget(app, "segmented_control", "add_data").set_value("Saved corpora").run()
    app = widget(app, "button", "delete-corpus").click().run()
    assert any("1 job on it" in warning.value for warning in app.warning)
    here = jobs[0].id
    app = widget(app, "button", "delete-yes").click().run()
    assert not app.exception
    assert cancelled == [here]
    assert not Workspace(home).corpora()


def test_a_job_that_does_not_stop_keeps_the_corpus(app, corpus, home, monkeypatch):
    info, _ = corpus
    app = start(app)
    job = JobState(JobSpec("embed", str(home), info.digest), "running")
    monkeypatch.setattr(JobManager, "list", lambda manager, folder: [job])
    monkeypatch.setattr("pages.shared.corpus.saved_corpora.STOP_SECONDS", 0.2)
    app = widget(app, "segmented_control", "add_data").set_value("Saved corpora").run()
    app = widget(app, "button", "delete-corpus").click().run()
    app = widget(app, "button", "delete-yes").click().run()
    assert "has not stopped yet" in errors(app)
    assert Workspace(home).corpora()


def test_a_corpus_that_can_not_be_deleted_says_so(app, corpus, home, monkeypatch):
    app = start(app)
    app = widget(app, "segmented_control", "add_data").set_value("Saved corpora").run()
    app = widget(app, "button", "delete-corpus").click().run()
    monkeypatch.setattr(Workspace, "delete", lambda workspace, corpus: 0)
    app = widget(app, "button", "delete-yes").click().run()
    assert "could not be deleted" in errors(app)


def test_the_sample_comes_back_after_it_was_deleted(app, home):
    app = start(app)
    for _ in range(2):
        app = widget(app, "segmented_control", "add_data").set_value("Sample").run()
        app = widget(app, "button", "open-sample").click().run()
        assert not app.exception
        assert not app.error
        (info,) = Workspace(home).corpora()
        assert app.session_state["corpus"] == info.digest
        assert [job.spec.kind for job in open_jobs(home)] == ["sample"]
        app = widget(app, "segmented_control", "add_data").set_value("Saved corpora").run()
        app = widget(app, "button", "delete-corpus").click().run()
        assert any("1 job on it" in warning.value for warning in app.warning)
        app = widget(app, "button", "delete-yes").click().run()
        assert not app.exception
        assert not app.error
        assert not Workspace(home).corpora()
        assert not open_jobs(home)


def open_jobs(home):
    return [job for job in session.manager().list(str(home)) if job.open]


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


def json_lines(rows):
    return "\n".join(map(json.dumps, rows)).encode()


CHATS = [
    {"messages": [{"role": "user", "content": f"My order {i} is late"}, {"role": "assistant", "content": f"Sorry {i}"}]}
    for i in range(6)
]


def test_a_row_of_chats_is_chosen(app, home):
    app = upload(start(app), ("chats.jsonl", json_lines(CHATS)))
    assert not app.exception
    app = widget(app, "selectbox", "chat").set_value("answer").run()
    app = create(app, "Answers")
    assert not app.exception
    corpus = Workspace(home).load_corpus(Workspace(home).corpora()[0].digest)
    assert corpus.texts == [f"Sorry {i}" for i in range(6)]
    assert corpus.table["role"].unique().tolist() == ["assistant"]


def test_rows_without_a_vector_can_be_left_out(app, home):
    rows = [{"text": f"some words {i}", "vector": [1.0, i, 0.5] if i != 2 else None} for i in range(5)]
    app = upload(start(app), ("vectors.jsonl", json_lines(rows)))
    assert not app.exception
    assert "row 3" in errors(app)
    app = widget(app, "selectbox", "vectors").set_value("complete").run()
    assert not app.error
    app = create(app, "Complete")
    info = Workspace(home).corpora()[0]
    assert info.rows == 4
    assert Workspace(home).models(info.digest)[0].dimensions == 3


def test_columns_and_values_are_renamed(app, home, monkeypatch):
    def data_editor(table, key, **_):
        new = {"column 1": "area", "column 2": "review", "1": "delivery"}
        return table.assign(new=[new.get(name, "") for name in table["name"]])

    monkeypatch.setattr(st, "data_editor", data_editor)
    lines = "\n".join(f"{i % 2 + 1},a review of {i} words and more" for i in range(8))
    app = upload(start(app), ("reviews.csv", lines.encode()))
    app = widget(app, "multiselect", "renamed").set_value(["column 1"]).run()
    app = widget(app, "button", "apply-names").click().run()
    app = create(app, "Renamed")
    assert not app.exception
    corpus = Workspace(home).load_corpus(Workspace(home).corpora()[0].digest)
    assert corpus.roles.text == "{review}"
    assert corpus.table["area"].tolist() == ["delivery", "2"] * 4


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
