import datetime
import io
import json
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.corpus.reading.files import read_files, read_pasted
from core.corpus.reading.values import ReadOptions, Upload
from core.errors import InputError

TABLE = pd.DataFrame({"text": ["one", "two", None], "n": [1, 2, 3]})


def read(name, data, **options):
    data = data.encode() if isinstance(data, str) else data
    return read_files([Upload(name, data)], ReadOptions(**options))


def parquet(table, **kwargs):
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pandas(table) if isinstance(table, pd.DataFrame) else table, out, **kwargs)
    return out.getvalue()


def xlsx(frames):
    out = io.BytesIO()
    with pd.ExcelWriter(out, engine="openpyxl") as writer:
        for name, frame in frames.items():
            frame.to_excel(writer, sheet_name=name, index=False)
    return out.getvalue()


def values(raw, column):
    return [None if pd.isna(cell) else cell for cell in raw.table[column].tolist()]


JSONS = [
    '[{"text": "one", "n": 1}, {"text": "two", "n": 2}, {"n": 3}]',
    '{"text": ["one", "two", null], "n": [1, 2, 3]}',
    '{"version": 3, "data": [{"text": "one", "n": 1}, {"text": "two", "n": 2}, {"text": null, "n": 3}]}',
    '{"text": {"0": "one", "1": "two", "2": null}, "n": {"0": 1, "1": 2, "2": 3}}',
    '{"text": "one", "n": 1}\n{"text": "two", "n": 2}\n\n{"n": 3}\n',
]


# one object on one line is one row of JSON Lines
NAMED_JSONS = [
    (name, text)
    for name in ("a.json", "a.jsonl", "a.ndjson")
    for text in JSONS
    if name == "a.json" or text.startswith("[") or "\n" in text
]


@pytest.mark.parametrize(("name", "text"), NAMED_JSONS)
def test_json_shapes(name, text):
    raw = read(name, text)
    assert values(raw, "text") == ["one", "two", None]
    assert values(raw, "n") == [1, 2, 3]


def test_json_array_of_strings():
    assert values(read("a.json", '["one", "two", null, 3]'), "text") == ["one", "two", None, "3"]


def test_json_objects_become_columns_and_lists_text():
    raw = read(
        "a.json", r'[{"t": "a\u0000b\ud800", "m": {"k": [1]}, "tags": ["x", "y"], "id": 9007199254740993}, {"t": "c"}]'
    )
    assert values(raw, "t") == ["ab\ufffd", "c"]
    assert values(raw, "m.k") == ["[1]", None]
    assert values(raw, "tags") == ['["x", "y"]', None]
    assert values(raw, "id") == ["9007199254740993", None]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.json", '[{"text": "one"}, {"te', "ends too early"),
        ("a.json", '[{"text": one}]', "not valid JSON in line 1"),
        ("a.jsonl", '{"text": "one"}\n{"te', "line 2 is not complete JSON"),
        ("a.json", "[]", "empty list"),
        ("a.json", "[{}]", "only empty objects"),
        ("a.json", '[{"a": 1}, "x"]', "row 2"),
        ("a.json", '{"a": [1, 2], "b": [1]}', "different lengths"),
        ("a.json", '{"a": [{"x": 1}], "b": [{"x": 1}], "c": 1}', "several lists"),
        ("a.json", "[" * 200_000, "nested too deeply|ends too early"),
        ("a.json", "  ", "is empty"),
        ("a.txt", " \n\n", "no text"),
    ],
)
def test_bad_json_and_text(name, text, message):
    with pytest.raises(InputError, match=message):
        read(name, text)


def test_parquet_types():
    table = pa.table(
        {
            "text": ["one", None],
            "big": pa.array([9007199254740993, None]),
            "when": pa.array([datetime.datetime(2024, 1, 2, 3), None], pa.timestamp("us", "Europe/Paris")),
            "kind": pa.array(["a", "b"]).dictionary_encode(),
            "price": pa.array([Decimal("1.00"), Decimal("2.50")]),
            "flag": [True, False],
            "bytes": pa.array([b"\xff\xfe", b"\x00"]),
            "utf8": pa.array([b"hi", b"yo"]),
            "nested": [{"a": 1}, {"a": 2}],
            "day": pa.array([datetime.date(2024, 1, 2), None]),
        }
    )
    raw = read("a.parquet", parquet(table))
    assert values(raw, "text") == ["one", None]
    assert values(raw, "big") == ["9007199254740993", None]
    assert raw.table["when"].iloc[0] == pd.Timestamp("2024-01-02 03:00")
    assert raw.table["when"].dt.tz is None
    assert values(raw, "kind") == ["a", "b"]
    assert values(raw, "price") == [1.0, 2.5]
    assert raw.table["flag"].dtype == bool
    assert "bytes" not in raw.table
    assert values(raw, "utf8") == ["hi", "yo"]
    assert values(raw, "nested.a") == [1, 2]
    assert raw.table["day"].iloc[0] == pd.Timestamp("2024-01-02")
    assert any("binary data" in note for note in raw.sources[0].notes)


@pytest.mark.parametrize("keep", [0.5, 0.9, 0.999])
def test_parquet_cut_short(keep):
    data = parquet(TABLE)
    with pytest.raises(InputError, match="cut short or damaged"):
        read("a.parquet", data[: int(len(data) * keep)])


def test_parquet_without_rows():
    with pytest.raises(InputError, match="no rows"):
        read("a.parquet", parquet(TABLE.iloc[:0]))


INVALID = pa.array([b"valid", b"in\xffvalid"] * 3, pa.binary()).view(pa.string())


@pytest.mark.parametrize(
    "column",
    [
        INVALID,
        pa.ListArray.from_arrays(pa.array([0, 2, 4], pa.int32()), INVALID[:4]),
        pa.StructArray.from_arrays([INVALID], ["part"]),
    ],
    ids=["text", "list", "nested"],
)
def test_invalid_text_in_parquet_is_named(column):
    out = io.BytesIO()
    pq.write_table(pa.table({"text": column}), out)
    with pytest.raises(InputError, match="not valid UTF-8"):
        read("a.parquet", out.getvalue())


def test_parquet_under_another_name_is_read_as_what_it_is():
    assert read("a.csv", parquet(TABLE)).sources[0].format == "Parquet"


def test_xlsx():
    when = pd.DataFrame({"text": ["one", None], "n": [1, 2.5], "when": [pd.Timestamp("2024-01-02"), None]})
    raw = read("a.xlsx", xlsx({"empty": pd.DataFrame(), "Data": when}))
    assert values(raw, "text") == ["one", None]
    assert values(raw, "n") == [1.0, 2.5]
    assert raw.table["when"].iloc[0] == pd.Timestamp("2024-01-02")
    assert any('Sheet "Data"' in note for note in raw.sources[0].notes)


def test_xlsx_header_only_and_damaged():
    with pytest.raises(InputError, match="no sheet"):
        read("a.xlsx", xlsx({"Data": TABLE.iloc[:0]}))
    data = xlsx({"Data": TABLE})
    with pytest.raises(InputError, match="damaged"):
        read("a.xlsx", data[: len(data) // 2])


def test_text_units():
    text = "# Title\r\n\r\nfirst line\r\nsecond line\r\n \r\n\r\nlast\u2028same line\r\n"
    assert values(read("a.md", text, text_unit="line"), "text") == [
        "# Title",
        "first line",
        "second line",
        "last\u2028same line",
    ]
    paragraphs = values(read("a.txt", text, text_unit="paragraph"), "text")
    assert paragraphs == ["# Title", "first line\nsecond line", "last\u2028same line"]
    assert len(read("a.txt", text, text_unit="file").table) == 1
    several = read_files([Upload("b.txt", b"x\ny"), Upload("a.md", b"z")], ReadOptions(text_unit="file"))
    assert several.table.to_dict("list") == {"file": ["b.txt", "a.md"], "text": ["x\ny", "z"]}


BINARIES = {
    "PNG": b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
    "JPEG": b"\xff\xd8\xff\xe0" + bytes(range(256)),
    "PDF": b"%PDF-1.7 " + bytes(range(256)),
    "pickle": b"\x80\x04\x95\x10\x00\x00\x00",
    "binary": bytes(range(256)) * 10,
    "xls": b"\xd0\xcf\x11\xe0\xa1\xb1" + bytes(100),
    "SQLite": b"SQLite format 3\x00" + bytes(100),
    "BMP": b"BM\x46\x00\x00\x00\x00\x00\x00\x00\x36\x00\x00\x00\x28\x00\x00\x00\x02\x00" + bytes(range(60)),
    "tar": b"a.csv".ljust(257, b"\0") + b"ustar\x0000" + bytes(300),
}


@pytest.mark.parametrize("kind", BINARIES)
@pytest.mark.parametrize("name", ["a.csv", "a.txt", "a.json", "a"])
def test_binary_under_a_text_name_is_refused_by_name(kind, name):
    with pytest.raises(InputError, match=kind):
        read(name, BINARIES[kind])


def test_text_that_begins_like_a_binary_is_text():
    assert values(read("a.txt", "BM is a city\nMZ is not\n"), "text") == ["BM is a city", "MZ is not"]


@pytest.mark.parametrize("name", ["a.parquet", "a.xlsx", "a.npy", "a.npz", "a.zip", "a.gz"])
def test_text_under_a_binary_name(name):
    with pytest.raises(InputError, match="does not begin like one"):
        read(name, b"text,n\na,1\n")


def test_no_files():
    with pytest.raises(InputError, match="No file"):
        read_files([])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("text\tn\nhello, you\t1\nbye\t2", {"text": ["hello, you", "bye"], "n": [1, 2]}),
        ("text,n\nhello,1", {"text": ["hello"], "n": [1]}),
        ("Hello, world.\nBye, moon.", {"text": ["Hello, world.", "Bye, moon."]}),
        ("one line", {"text": ["one line"]}),
        ('[{"a": "x"}]', {"a": ["x"]}),
        ('{"a": "x"}\n{"a": "y"}', {"a": ["x", "y"]}),
        ("[sic] not JSON\nsecond", {"text": ["[sic] not JSON", "second"]}),
        ('["broken JSON\nsecond', {"text": ['["broken JSON', "second"]}),
    ],
)
def test_pasted(text, expected):
    assert read_pasted(text).table.to_dict("list") == expected


def test_pasted_nothing():
    with pytest.raises(InputError, match="No text"):
        read_pasted(" \n ")


def test_one_object_is_one_row():
    assert read("a.json", json.dumps({"text": "one", "n": 1})).table.to_dict("list") == {"text": ["one"], "n": [1]}


def test_every_column_is_a_plain_type():
    raw = read("a.json", '[{"a": 1, "b": true, "c": "x", "d": [1]}, {"a": "y", "b": null, "c": 2.0, "d": null}]')
    assert {str(kind) for kind in raw.table.dtypes} == {"str"}
    assert values(raw, "a") == ["1", "y"]
    assert values(raw, "c") == ["x", "2"]
    assert isinstance(raw.table.index, pd.RangeIndex)
    assert np.array_equal(raw.table.index, [0, 1])


SETS = [{"sentences": ["one", "two", "three"], "labels": [1, 0, 1]}, {"sentences": ["four", "five"], "labels": [0, 0]}]


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_rows_kept_as_lists_are_laid_out(kind):
    lines = "\n".join(map(json.dumps, SETS))
    raw = read(f"a.{kind}", lines if kind == "jsonl" else parquet(pd.DataFrame(SETS)))
    assert values(raw, "sentences") == ["one", "two", "three", "four", "five"]
    assert values(raw, "labels") == [1, 0, 1, 0, 0]
    assert values(raw, "set of rows") == [1, 1, 1, 2, 2]
    assert raw.sources[0].rows == 5


def test_lists_beside_a_text_stay_in_their_cells():
    raw = read("a.jsonl", '{"text": "one", "tags": ["a", "b"]}\n{"text": "two", "tags": ["c", "d"]}\n')
    assert values(raw, "tags") == ['["a", "b"]', '["c", "d"]']
    uneven = read("a.jsonl", '{"text": ["one", "two"], "tags": ["a"]}\n{"text": ["three"], "tags": ["c", "d"]}\n')
    assert len(uneven.table) == 2


def test_plain_text_with_tabs_in_every_line_is_a_table_unless_paragraphs_are_wanted():
    text = "pair_ID\tsentence_A\tscore\n1\tTwo dogs are fighting.\t4.5\n2\tA man plays\t3.0\n"
    assert list(read("SICK.txt", text).table.columns) == ["pair_ID", "sentence_A", "score"]
    assert list(read("SICK.txt", text, text_unit="paragraph").table.columns) == ["text"]
    assert list(read("notes.txt", "one\ttab\nnone here\nnor here\n").table.columns) == ["text"]


def test_columns_and_values_get_new_names():
    renames = {
        "columns": (("column 1", "area"), ("column 2", "review"), ("column 3", "  ")),
        "values": (("column 1", "1", "delivery"),),
    }
    raw = read(
        "a.csv", "1,It came late and broke,x\n2,It was fine after all,y\n1,No answer came for days,\n", **renames
    )
    assert list(raw.table.columns) == ["area", "review", "column 3"]
    assert values(raw, "area") == ["delivery", "2", "delivery"]
    assert values(raw, "column 3") == ["x", "y", None]


def test_new_names_that_are_taken_are_numbered():
    raw = read("a.csv", "a,b\n1,2\n", columns=(("a", "b"), ("gone", "c")))
    assert list(raw.table.columns) == ["b", "b (2)"]
