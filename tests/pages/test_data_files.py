"""Files on the Data page: read as they are, corrected by options, or refused."""

import gzip
import io
import json
import zipfile

import numpy as np
import pandas as pd
import pytest
import streamlit as st

from core.store import Workspace
from tests.pages.data_steps import CSV, create, errors, start, upload, widget

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20
BOMB = gzip.compress(b"a" * 200_000_000, 6)


def zipped(name, data):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return buffer.getvalue()


def parquet(**columns):
    buffer = io.BytesIO()
    pd.DataFrame(columns).to_parquet(buffer)
    return buffer.getvalue()


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
