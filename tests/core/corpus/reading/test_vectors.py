import io
import json
import zipfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from safetensors.numpy import save

from core.corpus.reading.files import read_files
from core.corpus.reading.values import Upload
from core.errors import InputError

ROWS = np.array([[3, 4, 0], [0, 0, 2], [1, 2, 2]], dtype=np.float64)
UNIT = np.array([[0.6, 0.8, 0], [0, 0, 1], [1 / 3, 2 / 3, 2 / 3]], dtype=np.float32)
CSV = Upload("t.csv", b"text,n\na,1\nb,2\nc,3\n")


def npy(array, **kwargs):
    out = io.BytesIO()
    np.save(out, array, **kwargs)
    return out.getvalue()


def npz(**arrays):
    out = io.BytesIO()
    np.savez_compressed(out, **arrays)
    return out.getvalue()


def parquet(column, name="embedding"):
    out = io.BytesIO()
    pq.write_table(pa.table({"text": ["a", "b", "c"][: len(column)], name: column}), out)
    return out.getvalue()


def tsv(rows):
    return "\n".join("\t".join(str(value) for value in row) for row in rows).encode() + b"\n"


def jsonl(rows, name="vector"):
    return "\n".join(json.dumps({"text": "x", name: list(row)}) for row in rows).encode()


WORDS = b"a 3 4 0\nb 0 0 2\nnew york 1 2 2\n"
SOURCES = {
    "list": Upload("v.parquet", parquet(pa.array(ROWS.tolist()))),
    "large_list": Upload("v.parquet", parquet(pa.array(ROWS.tolist(), pa.large_list(pa.float32())))),
    "fixed": Upload("v.parquet", parquet(pa.FixedSizeListArray.from_arrays(pa.array(ROWS.ravel()), 3))),
    "half": Upload("v.parquet", parquet(pa.array(ROWS.tolist(), pa.list_(pa.float16())))),
    "ints": Upload("v.parquet", parquet(pa.array(ROWS.astype(int).tolist()))),
    "jsonl": Upload("v.jsonl", jsonl(ROWS)),
    "unnamed": Upload("v.jsonl", jsonl(ROWS, "x")),
    "word2vec": Upload("v.txt", b"3 3\n" + WORDS),
    "zip": None,
}


@pytest.mark.parametrize("kind", [kind for kind in SOURCES if kind != "zip"])
def test_vectors_with_their_table(kind):
    raw = read_files([SOURCES[kind]])
    np.testing.assert_allclose(raw.vectors, UNIT, atol=1e-6)
    assert raw.vectors.dtype == np.float32
    assert list(raw.table.columns) == ["text"]
    assert raw.vectors_name


ALONE = {
    "npy": Upload("v.npy", npy(ROWS)),
    "fortran": Upload("v.npy", npy(np.asfortranarray(ROWS))),
    "int8": Upload("v.npy", npy(ROWS.astype(np.int8))),
    "float16": Upload("v.npy", npy(ROWS.astype(np.float16))),
    "npz": Upload("v.npz", npz(x=ROWS, names=np.array(["a", "b"]))),
    "npz named": Upload("v.npz", npz(other=np.ones((9, 2)), embeddings=ROWS)),
    "safetensors": Upload(
        "v.safetensors", save({"small": np.ones((1, 2), np.float32), "big": ROWS.astype(np.float32)})
    ),
    "projector": Upload("vectors.tsv", tsv(ROWS)),
}


@pytest.mark.parametrize("kind", ALONE)
def test_vectors_beside_a_table_and_alone(kind):
    raw = read_files([CSV, ALONE[kind]])
    np.testing.assert_allclose(raw.vectors, UNIT, atol=1e-6)
    assert raw.table["text"].tolist() == ["a", "b", "c"]
    assert "file" not in raw.table
    alone = read_files([ALONE[kind]])
    np.testing.assert_allclose(alone.vectors, UNIT, atol=1e-6)
    assert alone.table.to_dict("list") == {"id": [1, 2, 3]}


def test_words_become_texts():
    assert read_files([SOURCES["word2vec"]]).table["text"].tolist() == ["a", "b", "new york"]


def test_glove_has_no_first_line():
    rows = np.random.default_rng(0).normal(size=(4, 8))
    text = "\n".join(f"w{i} " + " ".join(f"{value:.5f}" for value in row) for i, row in enumerate(rows))
    raw = read_files([Upload("glove.txt", text.encode())])
    np.testing.assert_allclose(raw.vectors, rows / np.linalg.norm(rows, axis=1, keepdims=True), atol=1e-4)
    assert raw.table["text"].tolist() == ["w0", "w1", "w2", "w3"]


def test_prose_is_not_word_vectors():
    assert read_files([Upload("a.txt", b"call 1 2 3 4 5 6\nno numbers here\n")]).vectors is None


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        (b'first\n"quoted" start\nthird\n', {"text": ["first", '"quoted" start', "third"]}),
        (b"word\tcount\na\t1\nb\t2\nc\t3\n", {"word": ["a", "b", "c"], "count": [1, 2, 3]}),
        (b"a\n\nc\n", {"text": ["a", None, "c"]}),
    ],
)
def test_projector_pair(metadata, expected):
    raw = read_files([Upload("vectors.tsv", tsv(ROWS)), Upload("metadata.tsv", metadata)])
    table = raw.table.astype(object).where(raw.table.notna(), None)
    assert table.to_dict("list") == expected
    np.testing.assert_allclose(raw.vectors, UNIT, atol=1e-6)


@pytest.mark.parametrize("kind", ["npy", "npz", "parquet"])
def test_entities_of_a_knowledge_graph(kind):
    """TransE's entity vectors, of any length, beside the table of entities or in a column of it."""
    vectors = np.random.default_rng(0).normal(size=(3, 20)).astype(np.float32) * np.array([[0.01], [1], [30]])
    entities = Upload("entities.tsv", b"id\tentity\n0\tParis\n1\tFrance\n2\tcapital of\n")
    files = {
        "npy": [entities, Upload("entity_embeddings.npy", npy(vectors))],
        "npz": [entities, Upload("transe.npz", npz(entity_embeddings=vectors))],
        "parquet": [Upload("entities.parquet", parquet(pa.array(vectors.tolist())))],
    }
    raw = read_files(files[kind])
    np.testing.assert_allclose(raw.vectors, vectors / np.linalg.norm(vectors, axis=1, keepdims=True), atol=1e-6)
    assert len(raw.table) == 3
    assert kind == "parquet" or raw.table["entity"].tolist() == ["Paris", "France", "capital of"]


def test_pair_in_a_zip():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("t.csv", CSV.data)
        archive.writestr("v.npy", npy(ROWS))
    np.testing.assert_allclose(read_files([Upload("all.zip", out.getvalue())]).vectors, UNIT, atol=1e-6)


def test_places_and_tags_are_no_vectors():
    raw = read_files([Upload("a.jsonl", b'{"t": "x", "at": [1.5, 2.5], "ids": [1, 2, 3]}\n' * 2)])
    assert raw.vectors is None
    assert raw.table["at"].tolist() == ["[1.5, 2.5]"] * 2


def bad(row, value):
    rows = ROWS.copy()
    rows[row] = value
    return rows


REFUSED = [
    ([CSV, Upload("v.npy", npy(ROWS[:2]))], r'"t.csv" has 3 rows, but "v.npy" has 2 vectors'),
    ([CSV, Upload("v.npy", npy(bad(1, np.nan)))], r'"v.npy": Vector 2 holds NaN or infinite'),
    ([CSV, Upload("v.npy", npy(bad(2, np.inf)))], r'"v.npy": Vector 3 holds NaN or infinite'),
    ([CSV, Upload("v.npy", npy(bad(0, 1e300)))], "Vector 1 holds NaN or infinite"),
    ([CSV, Upload("v.npy", npy(bad(0, 0)))], r'"v.npy": Vector 1 holds only zeros'),
    ([CSV, Upload("v.npy", npy(ROWS[0]))], r"shape \(3,\)"),
    ([CSV, Upload("v.npy", npy(ROWS + 1j))], "complex"),
    ([CSV, Upload("v.npy", npy(np.array([{}, {}]), allow_pickle=True))], "pickle"),
    ([CSV, Upload("v.npy", npy(ROWS)[:-8])], "cut short"),
    ([CSV, Upload("v.npy", npy(ROWS)[:20])], "cut short"),
    ([CSV, Upload("v.npz", npz(a=ROWS, b=ROWS))], r"several matrices \(a, b\)"),
    ([CSV, Upload("v.npz", npz(a=ROWS[0], b=ROWS[1]))], "no matrix"),
    ([CSV, Upload("v.npz", npz(a=ROWS)[:100])], "cut short"),
    ([CSV, Upload("v.safetensors", save({"a": np.ones((3, 2), np.float32)})[:-3])], "cut short"),
    ([CSV, Upload("v.safetensors", save({"a": np.ones(3, np.float32)}))], "no 2-D"),
    ([CSV, Upload("vectors.tsv", b"1\t2\n3\t4\t5\n6\t7\n")], "vector 2 has 3"),
    ([CSV, Upload("vectors.tsv", b"1\t2\nnan\t4\n6\t7\n")], "Vector 2 holds NaN"),
    ([Upload("v.txt", b"2 3\na 1 2 3\nb 0 0 0\n")], "Vector 2 holds only zeros"),
    ([Upload("v.parquet", parquet(pa.array([[1.0, 2.0], [1.0]])))], "row 1 has 2 dimensions, row 2 has 1"),
    ([Upload("v.parquet", parquet(pa.array([[1.0, 2.0], None])))], "row 2 has no vector"),
    ([Upload("v.jsonl", jsonl([[1.5, 2, 3], [1.5, 2]]))], "row 1 has 3 dimensions, row 2 has 2"),
    ([Upload("v.jsonl", jsonl([[1.5, 2, 3]]) + b'\n{"text": "y"}')], "row 2 has no vector"),
    ([Upload("v.npy", npy(ROWS)), Upload("w.npy", npy(ROWS))], "both hold vectors"),
    ([SOURCES["jsonl"], Upload("w.npy", npy(ROWS))], "two sets of vectors"),
    ([SOURCES["jsonl"], CSV], "does not"),
    ([SOURCES["jsonl"], Upload("w.jsonl", jsonl([[1.5, 2]]))], "3 dimensions"),
]


@pytest.mark.parametrize(("uploads", "message"), REFUSED)
def test_refused_with_the_reason(uploads, message):
    with pytest.raises(InputError, match=message):
        read_files(uploads)


def test_header_that_promises_more_than_the_file_holds():
    data = npy(np.ones((3, 3)))
    forged = data.replace(b"(3, 3)", b"(9999999999999, 3)".ljust(18))[: len(data)]
    with pytest.raises(InputError, match="cut short"):
        read_files([Upload("v.npy", forged)])


def test_tables_with_vectors_are_stacked():
    raw = read_files([Upload("a.jsonl", jsonl(ROWS[:2])), Upload("b.jsonl", jsonl(ROWS[2:]))])
    np.testing.assert_allclose(raw.vectors, UNIT, atol=1e-6)
    assert raw.table["file"].tolist() == ["a.jsonl", "a.jsonl", "b.jsonl"]
