"""JSON as pandas, Elasticsearch, web services and people write it, and what is wrong with it."""

import json

import pandas as pd
import pytest

from core.corpus.reading.files import read_files
from core.corpus.reading.values import ReadOptions, Upload
from core.errors import InputError

TABLE = pd.DataFrame(
    {"id": range(9), "text": [f"It came late {i}" for i in range(9)], "score": [i / 2 for i in range(9)]}
)
RECORDS = TABLE.to_dict("records")


def read(name, text, **options):
    return read_files([Upload(name, text if isinstance(text, bytes) else text.encode())], ReadOptions(**options))


def notes_of(raw):
    return " ".join(note for source in raw.sources for note in source.notes)


HITS = [{"_index": "i", "_id": f"a{i}", "_score": 1.0, "_source": record} for i, record in enumerate(RECORDS)]
SHAPES = {
    "pretty objects": "\n".join(json.dumps(record, indent=2) for record in RECORDS),
    "objects on one line": " ".join(map(json.dumps, RECORDS)),
    "objects with commas": ",\n".join(map(json.dumps, RECORDS)),
    "lines with blank ones": "\n\n".join(map(json.dumps, RECORDS)) + "\n\n",
    "mark and CR LF": "\ufeff" + "\r\n".join(map(json.dumps, RECORDS)),
    "records": TABLE.to_json(orient="records"),
    "split": TABLE.to_json(orient="split"),
    "columns": TABLE.to_json(orient="columns"),
    "index": TABLE.to_json(orient="index"),
    "table": TABLE.to_json(orient="table", index=False),
    "values with a header": json.dumps([list(TABLE.columns), *TABLE.to_numpy().tolist()]),
    "columns of lists": json.dumps(TABLE.to_dict("list")),
    "elastic": json.dumps({"took": 3, "hits": {"total": {"value": 9}, "hits": HITS}}),
    "elastic with buckets": json.dumps(
        {"hits": {"hits": HITS}, "aggregations": {"by": {"buckets": [{"key": 1}] * 20}}}
    ),
    "lines of hits": "\n".join(map(json.dumps, HITS)),
    "nested": json.dumps({"status": "ok", "response": {"page": 1, "docs": RECORDS}}),
    "a comma too many": "[" + ",\n".join(map(json.dumps, RECORDS)) + ",\n]",
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", ["a.json", "a.jsonl", "a"])
def test_shapes(shape, name):
    raw = read(name, SHAPES[shape])
    assert raw.table.to_dict("list") == TABLE.to_dict("list")


@pytest.mark.parametrize("row", [{"text": "a", "tags": ["x", "y"]}, {"text": "a", "author": {"name": "Ann"}}])
def test_a_single_line_may_be_a_row(row):
    table = read("a.jsonl", json.dumps(row)).table
    assert table["text"].tolist() == ["a"]


def test_where_rows_were_read_is_noted():
    assert "hits.hits" in notes_of(read("a.json", SHAPES["elastic"]))
    assert "_source" in notes_of(read("a.json", SHAPES["elastic"]))
    assert "response.docs" in notes_of(read("a.json", SHAPES["nested"]))


@pytest.mark.parametrize("line", [1, 4, 9])
def test_a_comma_after_a_line_is_named(line):
    lines = [json.dumps(record) + ("," if i == line else "") for i, record in enumerate(RECORDS, start=1)]
    raw = read("a.jsonl", "\n".join(lines))
    assert raw.table["id"].tolist() == list(range(9))
    assert f"Line {line} " in notes_of(raw)


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity"])
def test_what_is_no_number_is_missing(word):
    raw = read("a.jsonl", '{"text": "a", "n": 1.5}\n{"text": "b", "n": WORD}\n'.replace("WORD", word))
    assert raw.table["n"].isna().tolist() == [False, True]
    assert ("infinite" in notes_of(raw)) == (word != "NaN")


def test_objects_in_rows_become_columns():
    rows = [
        {"text": "a", "author": {"name": "Ann", "home": {"city": "Rome"}}},
        {"text": "b", "author": {"name": "Bob"}},
        {"text": "c"},
    ]
    table = read("a.json", json.dumps(rows)).table
    assert list(table.columns) == ["text", "author.name", "author.home.city"]
    assert table["author.name"].fillna("none").tolist() == ["Ann", "Bob", "none"]


def test_objects_of_many_keys_stay_text():
    rows = [{"text": f"words {i}", "counts": {f"key {i}": 1}} for i in range(150)]
    raw = read("a.json", json.dumps(rows))
    assert list(raw.table.columns) == ["text", "counts"]
    assert '"counts"' in notes_of(raw)


def test_keys_that_occur_twice_are_noted():
    raw = read("a.json", '[{"a": 1, "text": "x", "a": 2}, {"a": 3, "text": "y"}]')
    assert raw.table["a"].tolist() == [2, 3]
    assert '"a"' in notes_of(raw)


@pytest.mark.parametrize("text", ["42", "-1.5e3", '"a text"', "null", "true", " 7\n"])
def test_a_single_value_is_refused_with_a_remedy(text):
    with pytest.raises(InputError, match="no rows") as raised:
        read("a.json", text)
    assert raised.value.remedy


@pytest.mark.parametrize(("at", "line"), [(2, 2), (5, 5)])
def test_the_line_of_a_broken_object_is_named(at, line):
    lines = [json.dumps(record) for record in RECORDS]
    lines[at - 1] = lines[at - 1][:-1]
    with pytest.raises(InputError, match=f"line {line} "):
        read("a.jsonl", "\n".join(lines))


def test_lists_of_about_one_length_are_not_chosen_among():
    with pytest.raises(InputError, match="several lists"):
        read("a.json", json.dumps({"response": {"docs": RECORDS, "facets": RECORDS}}))
