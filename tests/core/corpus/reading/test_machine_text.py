"""Text that programs wrote: vectors in cells, batch files, chats, label codes. None of it is taken for texts."""

import base64
import io
import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.corpus.reading.files import read_files
from core.corpus.reading.roles import guess_roles
from core.corpus.reading.values import ReadOptions, Upload
from core.errors import InputError

TEXTS = [f"The parcel number {i} came late and nobody answered" for i in range(12)]
RNG = np.random.default_rng(0)


def read(*files, **options):
    uploads = [Upload(name, data if isinstance(data, bytes) else data.encode()) for name, data in files]
    return read_files(uploads, ReadOptions(**options))


def json_lines(rows):
    return "\n".join(map(json.dumps, rows))


def notes_of(raw):
    return " ".join([*raw.notes, *(note for source in raw.sources for note in source.notes)])


def table_file(kind, table):
    out = io.BytesIO()
    if kind == "csv":
        return table.to_csv(index=False)
    if kind == "tsv":
        return table.to_csv(index=False, sep="\t")
    {"parquet": table.to_parquet, "xlsx": table.to_excel}[kind](out, index=False)
    return out.getvalue()


def numpy_text(row, **options):
    with np.printoptions(**options):
        return str(row)


WRITTEN = {
    "JSON": lambda row: json.dumps(row.tolist()),
    "no spaces": lambda row: json.dumps(row.tolist(), separators=(",", ":")),
    "tuple": lambda row: str(tuple(row.tolist())),
    "numpy": lambda row: numpy_text(row, linewidth=60),
    "array": lambda row: repr(row),
    "float32 array": lambda row: repr(row.astype(np.float32)),
    "numpy scalars": lambda row: str(list(row)),
    "tensor": lambda row: f"tensor({row.tolist()}, device='cuda:0')",
    "PostgreSQL": lambda row: "{" + ",".join(map(str, row)) + "}",
    "plain": lambda row: " ".join(map(str, row)),
    "bars": lambda row: "|".join(map(str, row)),
    "semicolons": lambda row: "; ".join(map(str, row)),
}


@pytest.mark.parametrize("kind", ["csv", "tsv", "parquet", "xlsx"])
@pytest.mark.parametrize("form", WRITTEN)
def test_vectors_as_text_are_vectors(form, kind):
    rows = RNG.normal(size=(12, 9))
    table = pd.DataFrame({"n": range(12), "v": [WRITTEN[form](row) for row in rows], "text": TEXTS})
    raw = read((f"a.{kind}", table_file(kind, table)))
    expected = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    np.testing.assert_allclose(raw.vectors, expected, atol=1e-3)
    assert list(raw.table.columns) == ["n", "text"]
    assert guess_roles(raw.table).text == "{text}"


MISSING = {
    "csv": ["", "nan", "[nan, nan, nan]", "[0.0, 0.0, 0.0]"],
    "jsonl": [None, [], [float("nan")] * 3, [0.0, 0.0, 0.0]],
    "parquet": [None, [], [float("nan")] * 3, [0.0, 0.0, 0.0]],
}


@pytest.mark.parametrize("kind", MISSING)
@pytest.mark.parametrize("at", [0, 4, 11])
def test_rows_without_a_vector_are_named_with_a_way_on(kind, at):
    for missing in MISSING[kind]:
        rows = RNG.normal(size=(12, 3)).tolist()
        rows[at] = missing
        cells = [json.dumps(row) if isinstance(row, list) else row for row in rows] if kind == "csv" else rows
        table = pd.DataFrame({"text": TEXTS, "embedding": cells})
        data = json_lines(table.to_dict("records")) if kind == "jsonl" else table_file(kind, table)
        with pytest.raises(InputError, match=f"row {at + 1} has no vector") as raised:
            read((f"a.{kind}", data))
        assert "without vectors" in raised.value.remedy
        complete = read((f"a.{kind}", data), vector_rows="complete")
        assert complete.table["text"].tolist() == TEXTS[:at] + TEXTS[at + 1 :]
        assert complete.vectors.shape == (11, 3)
        without = read((f"a.{kind}", data), vector_rows="none")
        assert without.vectors is None
        assert without.table["text"].tolist() == TEXTS
        assert list(without.table.columns) == ["text"]


@pytest.mark.parametrize(
    "shortened", ["[ 0.1 -2.3  1.2 ... 0.5 0.25 1.0]", "[0.1, ..., 0.5]", "tensor([ 0.1,  ...,  2e-3])"]
)
def test_shortened_vectors_are_named_and_left_out(shortened):
    raw = read(("a.csv", pd.DataFrame({"text": TEXTS, "vec": [shortened] * 12}).to_csv(index=False)))
    assert raw.vectors is None
    assert list(raw.table.columns) == ["text"]
    assert '"vec"' in notes_of(raw)
    assert "shortened" in notes_of(raw)


@pytest.mark.parametrize(
    "cell",
    [
        "[1.5, 2.5]",
        "1.5, 2.5",
        "[3] see the note",
        "...",
        "[...]",
        "[a, b, c]",
        "2024-01-01 10:00:00",
        "1,2,3",
        "(note)",
    ],
)
def test_other_cells_are_no_vectors(cell):
    raw = read(("a.csv", pd.DataFrame({"text": TEXTS, "cell": [cell] * 12}).to_csv(index=False)))
    assert raw.vectors is None
    assert raw.table["cell"].astype(str).tolist() == [cell] * 12


def test_vectors_of_other_lengths_are_refused():
    cells = [json.dumps([0.5] * (4 if i == 7 else 3)) for i in range(12)]
    with pytest.raises(InputError, match="row 1 has 3 dimensions, row 8 has 4"):
        read(("a.csv", pd.DataFrame({"text": TEXTS, "vector": cells}).to_csv(index=False)))


def request(i, **body):
    return {"custom_id": f"task-{i}", "method": "POST", "url": "/v1/embeddings", "body": {"model": "m", **body}}


def answer(i, data):
    return {
        "custom_id": f"task-{i}",
        "response": {"status_code": 200, "body": {"data": data, "model": "m"}},
        "error": None,
    }


def failure(i):
    body = {"error": {"message": "Too long."}}
    return {"custom_id": f"task-{i}", "response": {"status_code": 400, "body": body}, "error": None}


def embedding(values, as_base64=False, index=0):
    coded = base64.b64encode(np.asarray(values, "<f4").tobytes()).decode() if as_base64 else list(map(float, values))
    return {"object": "embedding", "index": index, "embedding": coded}


REQUESTS = ("in.jsonl", json_lines(request(i, input=text) for i, text in enumerate(TEXTS)))
ORDER = RNG.permutation(12)
ANSWERS = ("out.jsonl", json_lines(
    failure(i) if i == 5 else answer(i, [embedding([i + 1, 1, 0], as_base64=bool(i % 2))]) for i in ORDER
))  # fmt: skip
FAILURES = ("errors.jsonl", json_lines([failure(5)]))


@pytest.mark.parametrize("files", [(REQUESTS, ANSWERS), (ANSWERS, REQUESTS), (FAILURES, ANSWERS, REQUESTS)])
def test_batch_files_are_joined_by_custom_id(files):
    raw = read(*files)
    assert raw.table["text"].tolist() == TEXTS[:5] + TEXTS[6:]
    first = raw.vectors[:, 0] / raw.vectors[:, 1]
    np.testing.assert_allclose(first, [i + 1 for i in range(12) if i != 5], rtol=1e-5)
    assert guess_roles(raw.table).text == "{text}"
    assert "task-5 (Too long.)" in notes_of(raw)


def test_answers_alone_are_known_by_custom_id():
    raw = read(ANSWERS)
    assert raw.vectors.shape == (11, 3)
    assert raw.table["custom_id"].tolist() == [f"task-{i}" for i in ORDER if i != 5]
    assert "1 request failed" in notes_of(raw)
    assert guess_roles(raw.table).id == "custom_id"


def test_requests_alone_and_without_the_vectors_have_all_texts():
    assert read(REQUESTS).table["text"].tolist() == TEXTS
    assert read(REQUESTS, ANSWERS, vector_rows="none").table["text"].tolist() == TEXTS


def test_requests_of_several_texts():
    requests = json_lines([request(0, input=TEXTS[:3]), request(1, input=TEXTS[3:5])])
    answers = [
        answer(1, [embedding([5, 1], index=1), embedding([4, 1])]),
        answer(0, [embedding([i + 1, 1], index=i) for i in range(3)]),
    ]
    raw = read(("in.jsonl", requests), ("out.jsonl", json_lines(answers)))
    assert raw.table["text"].tolist() == TEXTS[:5]
    np.testing.assert_allclose(raw.vectors[:, 0] / raw.vectors[:, 1], [1, 2, 3, 4, 5], rtol=1e-5)


def test_files_of_other_runs_and_failures_alone_are_refused():
    with pytest.raises(InputError, match="no custom_id in common"):
        read(REQUESTS, ("out.jsonl", json_lines([answer(99, [embedding([1, 2])])])))
    with pytest.raises(InputError, match="task-5"):
        read(FAILURES)
    with pytest.raises(InputError, match="same custom_id"):
        read(REQUESTS, ANSWERS, ("again.jsonl", ANSWERS[1]))


def turns(i, role="role", content="content", user="user", assistant="assistant"):
    parts = [{"type": "text", "text": f"Question {i} about a lamp?"}, {"type": "image_url", "image_url": {"url": "x"}}]
    return [
        {role: "system", content: "Be kind."},
        {role: user, content: parts if content == "content" and i % 2 else f"Question {i} about a lamp?"},
        {role: assistant, content: None if content == "content" else "", "tool_calls": [{"id": "c"}]},
        {role: assistant, content: f"Answer {i} about it."},
        {role: user, content: f"Thanks a lot {i}!"},
    ]


SHARE = {"role": "from", "content": "value", "user": "human", "assistant": "gpt"}
CHATS = {
    "messages": ("a.jsonl", json_lines({"id": i, "messages": turns(i)} for i in range(6))),
    "conversations": ("a.jsonl", json_lines({"id": str(i), "conversations": turns(i, **SHARE)} for i in range(6))),
    "bare lists": ("a.jsonl", json_lines(turns(i) for i in range(6))),
    "one array": ("a.json", json.dumps([turns(i) for i in range(6)])),
    "nested": ("a.json", json.dumps([{"chat": {"log": turns(i)}} for i in range(6)])),
    "cells": ("a.csv", pd.DataFrame({"chat": [json.dumps(turns(i)) for i in range(6)]}).to_csv(index=False)),
}
UNITS = {
    None: [text for i in range(6) for text in (f"Question {i} about a lamp?", f"Thanks a lot {i}!")],
    "answer": [f"Answer {i} about it." for i in range(6)],
    "first question": [f"Question {i} about a lamp?" for i in range(6)],
}


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("form", CHATS)
def test_chats_become_rows(form, unit):
    raw = read(CHATS[form], chat_unit=unit)
    assert raw.table["text"].tolist() == UNITS[unit]
    assert guess_roles(raw.table).text == "{text}"
    assert set(raw.table["role"]) == ({"assistant"} if unit == "answer" else {"user"})
    assert raw.table["conversation"].tolist() == [i + 1 for i in range(6) for _ in range(len(UNITS[unit]) // 6)]
    assert raw.table["turn"].iloc[0] == (4 if unit == "answer" else 2)
    assert "6 messages without text" in notes_of(raw)


@pytest.mark.parametrize("form", CHATS)
def test_whole_chats(form):
    texts = read(CHATS[form], chat_unit="conversation").table["text"]
    assert len(texts) == 6
    for i, text in enumerate(texts):
        assert text.index(f"Question {i}") < text.index(f"Answer {i}") < text.index("Thanks")
        assert not any(word in text for word in ("{", "role", "content", "Be kind"))


def test_chats_between_people_count_every_turn():
    chat = [{"speaker": "Ann", "text": "Hello there"}, {"speaker": "Bob", "text": "Good day"}]
    raw = read(("a.jsonl", json_lines({"dialogue": chat} for _ in range(3))))
    assert raw.table["text"].tolist() == ["Hello there", "Good day"] * 3
    assert raw.table["role"].tolist() == ["Ann", "Bob"] * 3


def test_columns_of_the_same_names_stay():
    rows = [{"text": i, "role": "agent 7", "messages": turns(i)} for i in range(4)]
    raw = read(("a.jsonl", json_lines(rows)), chat_unit="answer")
    assert raw.table["text"].tolist() == [0, 1, 2, 3]
    assert raw.table["text (2)"].tolist() == [f"Answer {i} about it." for i in range(4)]
    assert raw.table["role"].tolist() == ["agent 7"] * 4


NAMES = ["delivery", "billing", "praise"]
CLASS = {"names": NAMES, "_type": "ClassLabel"}


def dataset(tags_feature):
    columns = {
        "text": TEXTS, "label": [i % 3 for i in range(11)] + [-1], "tags": [[0, 2], [], [1]] * 4,
        "messages": [turns(i)[3:] for i in range(12)], "__index_level_0__": [i * 3 for i in range(12)],
    }  # fmt: skip
    features = {"text": {"dtype": "string", "_type": "Value"}, "label": CLASS, "tags": tags_feature}
    messages = pa.array(
        [[{key: turn[key] for key in ("role", "content")} for turn in chat] for chat in columns["messages"]]
    )
    table = pa.table(columns | {"messages": messages})
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    out = io.BytesIO()
    pq.write_table(table.replace_schema_metadata(metadata), out)
    return out.getvalue()


@pytest.mark.parametrize(
    "feature", [[CLASS], {"feature": CLASS, "_type": "Sequence"}, {"feature": CLASS, "_type": "List"}]
)
def test_label_names_of_hugging_face(feature):
    raw = read(("train.parquet", dataset(feature)))
    assert raw.table["label"].astype(object).where(raw.table["label"].notna(), None).tolist() == [
        *(NAMES * 4)[:11],
        None,
    ]
    assert json.loads(raw.table["tags"].iloc[0]) == ["delivery", "praise"]
    roles = guess_roles(raw.table)
    assert roles.text == "{text}"
    assert roles.id != "__index_level_0__"
    assert "__index_level_0__" not in roles.labels
    assert set(roles.labels) >= {"label", "tags"}
    assert len(raw.table) == 12


def test_names_of_pandas():
    columns = pd.MultiIndex.from_tuples([("Customer", "id"), ("Answer", "text")])
    table = pd.DataFrame([[i, text] for i, text in enumerate(TEXTS)], columns=columns)
    table.index = [f"doc-{i}" for i in range(12)]
    raw = read(("a.parquet", table_bytes(table)))
    assert set(raw.table.columns) == {"Customer id", "Answer text", "index"}
    assert raw.table["index"].iloc[0] == "doc-0"


def table_bytes(table):
    out = io.BytesIO()
    table.to_parquet(out)
    return out.getvalue()


MACHINE = {
    "JSON": lambda i: json.dumps({"id": i, "payload": {"words": "some words here", "more": [i, i + 1]}}),
    "list": lambda i: json.dumps([{"a": i, "b": "long words of a program"}] * 3),
    "base64": lambda i: base64.b64encode(f"{i} some words that are coded here in base64".encode()).decode(),
    "address": lambda i: f"https://example.org/a/very/long/path/of/words/{i}?query=words-and-more-words",
    "addresses": lambda i: f"https://example.org/a/long/path/{i} https://example.org/another/long/path/{i}",
    "HTML": lambda i: f"<div class='review'><p>The parcel number {i} came late and nobody ever answered me</p></div>",
    "digest": lambda i: f"{i:064x}",
}


@pytest.mark.parametrize("name", ["content", "text", "body"])
@pytest.mark.parametrize("kind", MACHINE)
def test_plain_language_is_preferred_to_machine_text(kind, name):
    table = pd.DataFrame(
        {name: [MACHINE[kind](i) for i in range(40)], "remark": [f"It came late again {i}" for i in range(40)]}
    )
    assert guess_roles(table).text == "{remark}"
    alone = guess_roles(table[[name]]).text
    assert alone == ("{" + name + "}" if kind == "HTML" else "")
