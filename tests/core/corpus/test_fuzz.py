"""Whatever is done to a file, only a PlanisphereError may come out: of the readers, and of the workspace."""

import gzip
import io
import json
import logging
import zipfile
from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.corpus.build import build_corpus
from core.corpus.reading.files import read_files
from core.corpus.reading.roles import guess_roles
from core.corpus.reading.times import parse_times
from core.corpus.reading.values import Upload
from core.errors import PlanisphereError
from core.store import Workspace
from core.types import Corpus, ModelSpec, Roles, Vectors
from tests.document_files import docx_file, epub_file, pptx_file, simple_pdf

ROWS = 6
TABLE = pd.DataFrame(
    {
        "id": range(ROWS),
        "text": [f"Text {i} with é, 中 and 😀" for i in range(ROWS)],
        "label": ["a", "b"] * 3,
        "time": pd.date_range("2024-01-01", periods=ROWS),
        "score": [1.5, None, 3.0, 4.25, 5.0, 6.0],
    }
)
VECTORS = np.random.default_rng(0).standard_normal((ROWS, 4)).astype(np.float32)
SPECIAL = [b"\x00", b"\xff", b"\n", b"\r", b'"', b",", b"\t", b"{", b"[", b"]", b"-", b"9" * 40, b"NaN", b"1e999"]
FUZZ = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
)


def written(write):
    out = io.BytesIO()
    write(out)
    return out.getvalue()


def zipped(name, data):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return out.getvalue()


@cache
def valid_files():
    from safetensors.numpy import save

    csv = TABLE.to_csv(index=False).encode()
    lists = TABLE.assign(vector=VECTORS.tolist(), time=TABLE["time"].dt.tz_localize("Europe/Berlin"))
    return {
        "a.csv": csv,
        "a.tsv": TABLE.to_csv(index=False, sep="\t").encode(),
        "a.json": TABLE.astype({"time": str}).to_json(orient="records").encode(),
        "columns.json": TABLE.astype({"time": str}).to_json().encode(),
        "a.jsonl": lists.astype({"time": str}).to_json(orient="records", lines=True).encode(),
        "a.parquet": written(lambda out: lists.to_parquet(out, index=False)),
        "plain.parquet": written(lambda out: TABLE.to_parquet(out, index=False, compression=None)),
        "a.xlsx": written(lambda out: TABLE.to_excel(out, index=False)),
        "a.txt": "\n".join(TABLE["text"]).encode("utf-16"),
        "a.md": "\n\n".join(TABLE["text"]).encode(),
        "a.npy": written(lambda out: np.save(out, VECTORS)),
        "a.npz": written(lambda out: np.savez_compressed(out, vectors=VECTORS)),
        "a.safetensors": save({"vectors": VECTORS}),
        "vectors.tsv": "\n".join("\t".join(map(str, row)) for row in VECTORS.tolist()).encode(),
        "a.vec": b"6 4\n" + b"\n".join(b"w%d 0.1 0.2 -1 4e-2" % i for i in range(ROWS)),
        "a.csv.gz": gzip.compress(csv, mtime=0),
        "a.zip": zipped("a.csv", csv),
        **document_files(),
    }


def document_files():
    heading = "<h1>One</h1><p>text</p><table><tr><td>a<td>b</table>"
    cells = [{"cell_type": "markdown", "source": ["# One\n"]}, {"cell_type": "code", "source": "x", "outputs": []}]
    mail = b"Subject: =?utf-8?q?a?=\nFrom: a@b.c\nDate: Mon, 3 Mar 2025 10:00:00 +0000\nMIME-Version: 1.0\n"
    mail += b'Content-Type: multipart/mixed; boundary="x"\n\n--x\nContent-Type: text/html\n\n<p>hi\n--x--\n'
    return {
        "a.pdf": simple_pdf([["Heading", "text of the page"], ["more"]], pageCompression=0),
        "a.docx": docx_file(),
        "a.pptx": pptx_file(),
        "a.epub": epub_file(),
        "a.html": f"<!DOCTYPE html><html><body>{heading}</body></html>".encode(),
        "sections.md": b"---\na: b\n---\n# One\ntext\n\n```\ncode\n```\n## *Two*\n",
        "a.eml": mail,
        "a.mbox": b"From a@b.c Mon Mar  3 10:00:00 2025\n" + mail + b"\nFrom a@b.c Mon Mar  3 10:00:00 2025\n" + mail,
        "a.srt": b"1\n00:00:01,000 --> 00:00:02,000\nOne\n\n2\n00:00:02,000 --> 00:00:03,000\n<i>two</i>\n",
        "a.vtt": b"WEBVTT\n\n00:01.000 --> 00:02.000\n<v Ann>One\n\nx\n00:02.000 --> 00:03.000\ntwo\n",
        "a.ipynb": json.dumps({"cells": cells, "nbformat": 4}).encode(),
    }


@st.composite
def mutated(draw, data, others=()):
    """The bytes with some flips, insertions, cuts, repetitions and pieces of other files."""
    changed = bytearray(data)
    for _ in range(draw(st.integers(1, 5))):
        kind = draw(st.sampled_from(("flip", "insert", "cut", "end", "repeat", "splice")))
        at = draw(st.integers(0, max(len(changed) - 1, 0)))
        size = draw(st.integers(1, 64))
        if kind == "flip" and changed:
            changed[at] ^= draw(st.integers(1, 255))
        elif kind == "insert":
            changed[at:at] = draw(st.sampled_from(SPECIAL) | st.binary(min_size=1, max_size=8))
        elif kind == "cut":
            del changed[at : at + size]
        elif kind == "end":
            del changed[at:]
        elif kind == "repeat":
            changed[at:at] = changed[at : at + size] * draw(st.integers(1, 20))
        elif others:
            other = draw(st.sampled_from(others))
            begin = draw(st.integers(0, max(len(other) - 1, 0)))
            changed[at : at + size] = other[begin : begin + size]
    return bytes(changed)


def read_and_build(name, data):
    """All that becomes of an upload until it is a corpus."""
    raw = read_files([Upload(name, data)])
    assert len(raw.table) > 0
    assert raw.vectors is None or np.isfinite(raw.vectors).all()
    roles = guess_roles(raw.table)
    for column in raw.table.columns:
        assert len(parse_times(raw.table[column])) == len(raw.table)
    build_corpus(raw, roles)


def explanation(function, *arguments):
    """The message and the remedy of the error that the function raises, None for no error."""
    try:
        function(*arguments)
    except PlanisphereError as error:
        return error.message, error.remedy
    return None


@pytest.mark.parametrize("name", [*valid_files()])
def test_readers_raise_only_errors_that_are_explained(name, caplog):
    files = valid_files()
    others = tuple(files.values())

    @FUZZ
    @given(mutated(files[name], others))
    def check(data):
        assert all(explanation(read_and_build, name, data) or ("no error",))

    with caplog.at_level(logging.ERROR):
        check()
    # the boundary for what nobody foresaw is not what explains these
    assert not [record.exc_info[1] for record in caplog.records if "unexpected error" in record.message]


@pytest.mark.slow
@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
))  # fmt: skip
@settings(FUZZ, max_examples=50)
def test_any_json_is_read_or_refused(value):
    for name, text in (("a.json", json.dumps(value)), ("a.jsonl", f"{json.dumps(value)}\n" * 2)):
        assert all(explanation(read_and_build, name, text.encode()) or ("no error",))


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """A workspace with a corpus and its vectors, and the bytes of each of its files."""
    workspace = Workspace(tmp_path_factory.mktemp("workspace"))
    texts = TABLE["text"].tolist()
    corpus = Corpus("fuzz", TABLE, texts, Roles("{text}", ("label",), "time", "id"), "0123456789abcdef", {})
    workspace.save_corpus(corpus)
    rows = VECTORS / np.linalg.norm(VECTORS, axis=1, keepdims=True)
    workspace.save_vectors(Vectors(rows, ModelSpec("onnx", "m", "1", 4), corpus.digest, {"seconds": 0.0}))
    files = {path: path.read_bytes() for path in sorted(workspace.folder.rglob("*")) if path.is_file()}
    return workspace, corpus.digest, files


@settings(FUZZ, max_examples=60)
@given(data=st.data())
def test_the_workspace_raises_only_errors_that_are_explained(stored, data):
    workspace, digest, files = stored
    path = data.draw(st.sampled_from([*files]))
    try:
        path.write_bytes(data.draw(mutated(files[path], tuple(files.values()))))
        assert all(explanation(use_workspace, Workspace(workspace.folder), digest) or ("no error",))
    finally:
        path.write_bytes(files[path])


def use_workspace(workspace, digest):
    """All that pages read of a corpus."""
    for info in workspace.corpora():
        assert info.rows >= 0
    models = workspace.models(digest)
    for model in models:
        vectors = workspace.load_vectors(digest, model)
        assert vectors is None or len(vectors.rows) == ROWS
    corpus = workspace.load_corpus(digest)
    assert len(corpus.texts) == len(corpus.table)
