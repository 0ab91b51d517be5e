import csv
import io
import json
import zipfile

import numpy as np
import pandas as pd
import pytest

from core.corpus import export as table_module
from core.corpus.export import build_manifest, table_bytes, to_csv, to_parquet
from core.errors import InputError, StorageError
from core.types import ModelSpec, unit_rows
from core.vectors.export import to_faiss_zip, to_npy_zip, to_projector_zip

MODEL = ModelSpec("openai", "small", "r1", 6, query_prompt="query: ", base_url="https://me:secret@host:1/v1?key=k")
TEXTS = ["plain", "=HYPERLINK(1)", "tab\there\nline", '中文, "quoted"', "\ud800 lone", "", "-1"]


@pytest.fixture
def rows():
    return unit_rows(np.random.default_rng(0).normal(size=(7, 6)))


@pytest.fixture
def table():
    return pd.DataFrame(
        {
            "text": ["@a", "b", None, "d", "e", "f", "g"],
            "=n": [-1, 2, 3, 4, 5, 6, 7],
            "mixed": [1, "x", None, 2.5, b"y", [1], True],
            "day": pd.to_datetime(["2026-01-01"] * 7),
        }
    )


@pytest.fixture(autouse=True)
def small_batches(monkeypatch):
    monkeypatch.setattr(table_module, "BATCH", 3)
    monkeypatch.setattr("core.vectors.export.BATCH", 3)


def test_parquet_round_trip(tmp_path, table, rows):
    from pyarrow import parquet

    path = tmp_path / "out.parquet"
    to_parquet(path, table, TEXTS, rows, MODEL, "c0ffee")
    read = parquet.read_table(path)
    assert read.column_names == ["text", "=n", "mixed", "day", "text_", "vector"]
    assert str(read.schema.field("vector").type) in ("list<element: float>", "list<item: float>")
    np.testing.assert_array_equal(np.array(read["vector"].to_pylist(), dtype=np.float32), rows)
    assert read["text_"].to_pylist() == [text.replace("\ud800", "?") for text in TEXTS]
    assert read["text"].to_pylist() == ["@a", "b", None, "d", "e", "f", "g"]
    assert read["mixed"].to_pylist() == ["1", "x", None, "2.5", "b'y'", "[1]", "True"]
    assert json.loads(read.schema.metadata[b"planisphere"])["corpus_digest"] == "c0ffee"
    np.testing.assert_array_equal(pd.read_parquet(path)["=n"], table["=n"])


def test_csv_round_trip_without_formulas(tmp_path, table, rows):
    path = tmp_path / "out.csv"
    to_csv(path, table, TEXTS, rows)
    read = list(csv.reader(io.StringIO(path.read_text("utf-8-sig"), newline="")))
    assert read[0] == ["text", "'=n", "mixed", "day", "text_", "vector"]
    assert [line[4] for line in read[1:]] == [
        "plain", "'=HYPERLINK(1)", "tab\there\nline", '中文, "quoted"', "? lone", "", "'-1",
    ]  # fmt: skip
    assert [line[0] for line in read[1:]] == ["'@a", "b", "", "d", "e", "f", "g"]
    assert read[1][1] == "-1"  # a number stays one
    np.testing.assert_array_equal(np.array([json.loads(line[5]) for line in read[1:]], dtype=np.float32), rows)


@pytest.mark.parametrize("sign", "=+-@＝＋－＠")
@pytest.mark.parametrize("before", ["", " ", "\t", "\r", "\n", "\u3000", "\ufeff", '"', ' "', "\u200b "])
def test_what_a_spreadsheet_could_compute_gets_an_apostrophe(sign, before):
    cell = f"{before}{sign}HYPERLINK(1)"
    table = pd.DataFrame({cell: [cell, "plain", f"a{sign}b", 5, -5.5]})
    read = list(csv.reader(io.StringIO(table_bytes(table, "csv").decode("utf-8-sig"), newline="")))
    assert [line[0] for line in read] == [f"'{cell}", f"'{cell}", "plain", f"a{sign}b", "5", "-5.5"]
    middle = pd.DataFrame({"text": [f"a{before}{sign}1"], "other": [1]})
    assert len(list(csv.reader(io.StringIO(table_bytes(middle, "csv").decode("utf-8-sig"), newline="")))) == 2
    again = pd.DataFrame({"text": [f"'{cell}"]})
    assert pd.read_csv(io.BytesIO(table_bytes(again, "csv")))["text"].tolist() == [f"'{cell}"]  # once is enough


def test_a_selection_as_bytes(table):
    part = table.iloc[[0, 4]]
    read = pd.read_csv(io.BytesIO(table_bytes(part, "csv")))
    assert read["text"].tolist() == ["'@a", "e"]
    assert pd.read_parquet(io.BytesIO(table_bytes(part, "parquet")))["=n"].tolist() == [-1, 5]
    assert table_bytes(part.iloc[:0], "csv").decode("utf-8-sig") == "text,'=n,mixed,day\n"


def test_npy_round_trip(tmp_path, table, rows):
    path = tmp_path / "out.zip"
    to_npy_zip(path, table, TEXTS, rows, MODEL, "c0ffee")
    with zipfile.ZipFile(path) as archive:
        read = np.load(io.BytesIO(archive.read("vectors.npy")), allow_pickle=False)
        cells = pd.read_csv(io.BytesIO(archive.read("table.csv")), keep_default_na=False)
        manifest = json.loads(archive.read("manifest.json"))
    np.testing.assert_array_equal(read, rows)
    assert read.dtype == np.float32
    assert cells["text_"].tolist()[0] == "plain"
    assert len(cells) == manifest["rows"] == 7


def read_projector(path):
    with zipfile.ZipFile(path) as archive:
        vectors = np.loadtxt(io.BytesIO(archive.read("vectors.tsv")), delimiter="\t", dtype=np.float32, ndmin=2)
        lines = archive.read("metadata.tsv").decode().split("\n")
        return vectors, lines, json.loads(archive.read("projector_config.json"))


def test_projector_round_trip_with_a_header(tmp_path, table, rows):
    path = tmp_path / "out.zip"
    to_projector_zip(path, table, TEXTS, rows, MODEL)
    vectors, lines, config = read_projector(path)
    np.testing.assert_array_equal(vectors, rows)
    assert lines[0] == "text_\ttext\t=n\tmixed\tday"
    assert lines[3].split("\t") == ["tab here line", "", "3", "", "2026-01-01 00:00:00"]
    assert len(lines) == 9
    assert lines[-1] == ""
    assert config["embeddings"][0]["tensorShape"] == [7, 6]
    assert config["embeddings"][0]["metadataPath"] == "metadata.tsv"


def test_one_column_has_no_header_and_no_blank_line(tmp_path, table, rows):
    path = tmp_path / "out.zip"
    to_projector_zip(path, table[[]], TEXTS, rows, MODEL)
    _, lines, _ = read_projector(path)
    assert lines == ["plain", "=HYPERLINK(1)", "tab here line", '中文, "quoted"', "? lone", "(empty)", "-1", ""]


def test_faiss_round_trip_answers_as_brute_force(tmp_path, rows):
    import faiss

    path = tmp_path / "out.zip"
    to_faiss_zip(path, rows, MODEL, "c0ffee")
    with zipfile.ZipFile(path) as archive:
        archive.extract("index.faiss", tmp_path)
        manifest = json.loads(archive.read("manifest.json"))
    index = faiss.read_index(str(tmp_path / "index.faiss"))
    scores, ids = index.search(rows[:2], 7)
    np.testing.assert_array_equal(ids, np.argsort(-(rows[:2] @ rows.T), axis=1))
    np.testing.assert_allclose(scores, np.sort(rows[:2] @ rows.T)[:, ::-1], atol=1e-6)
    assert manifest["index"] == "IndexFlatIP"
    assert manifest["index_metric"] == "inner product"
    assert (manifest["dimensions"], manifest["index_rows"]) == (6, 7)


def test_a_given_index_is_written_as_it_is(tmp_path, rows):
    import faiss

    index = faiss.IndexHNSWFlat(6, 8, faiss.METRIC_INNER_PRODUCT)
    index.add(rows)
    to_faiss_zip(tmp_path / "out.zip", rows, MODEL, index=index)
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        data = np.frombuffer(archive.read("index.faiss"), dtype=np.uint8)
        assert json.loads(archive.read("manifest.json"))["index"] == "IndexHNSWFlat"
    assert faiss.deserialize_index(data).search(rows[3:4], 1)[1].tolist() == [[3]]


def test_the_manifest_tells_all_but_secrets(rows):
    manifest = build_manifest(MODEL, rows, "c0ffee", index="x")
    assert manifest["model"]["base_url"] == "https://host:1/v1"
    assert "secret" not in json.dumps(manifest)
    assert manifest["query_prompt"] == "query: "
    assert manifest["revision"] == "r1"
    assert manifest["metric"] == "cosine"
    assert manifest["libraries"]["numpy"] == np.__version__
    assert manifest["index"] == "x"
    assert manifest["made_at"].endswith("+00:00")


def test_unequal_counts_are_refused_and_nothing_is_written(tmp_path, table, rows):
    for write in (to_npy_zip, to_projector_zip):
        with pytest.raises(InputError, match="texts 6"):
            write(tmp_path / "out", table, TEXTS[:6], rows, MODEL)
    with pytest.raises(InputError, match="vectors 5"):
        to_parquet(tmp_path / "out", table, TEXTS, rows[:5], MODEL)
    assert list(tmp_path.iterdir()) == []


def test_a_write_that_fails_keeps_the_old_file_and_leaves_no_part(tmp_path, table, rows, monkeypatch):
    path = tmp_path / "out.csv"
    path.write_text("old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(table_module, "joined_vectors", full)
    with pytest.raises(StorageError, match="No space left"):
        to_csv(path, table, TEXTS, rows)
    assert path.read_text() == "old"
    assert [item.name for item in tmp_path.iterdir()] == ["out.csv"]
    with pytest.raises(StorageError):
        to_csv(tmp_path / "no" / "folder.csv", table)
