import json

import numpy as np
import pandas as pd
import pytest

from core.corpus import preprocess as row_steps
from core.corpus.build import Steps, build_corpus, count_steps, draft_texts, read_corpus
from core.corpus.reading.values import RawTable
from core.errors import InputError
from core.store import Workspace
from core.types import Roles
from tests.sample import SAMPLE, sample_table

TABLE = pd.DataFrame(
    {
        "text": ["a b", "", "a b", None, "c", "\u200b", "d", "e"],
        "kind": list("xyxyxyxy"),
        "when": ["2024-01-02", "03", None, "2024-01-03", "x", "2024-01-05", "2024-01-06", "2024-01-07"],
        "n": range(8),
    }
)
ROLES = Roles("{text}", ("kind",))


def build(steps=Steps(), roles=ROLES, table=TABLE, vectors=None):
    return build_corpus(RawTable(table, vectors=vectors), roles, steps)


def test_steps_and_counts_in_order():
    steps = Steps(drop_duplicates=True, first=3, sample=2, seed=1)
    built = build(steps)
    assert [(count.before, count.after) for count in built.steps] == [(8, 5), (5, 4), (4, 3), (3, 2)]
    assert built.steps[0].step == "Remove empty texts"
    assert built.steps[0].note == "3 rows removed"
    assert count_steps(RawTable(TABLE), ROLES, steps) == built.steps
    rows = built.corpus.table["source_row"].tolist()
    assert rows == sorted(rows)
    assert set(rows) < {1, 5, 7}
    assert built.corpus.texts == [TABLE["text"][row - 1] for row in rows]


def test_first_of_duplicates_is_kept():
    assert build(Steps(drop_duplicates=True)).corpus.table["source_row"].tolist() == [1, 5, 7, 8]


def test_sample_is_seeded():
    table = pd.DataFrame({"text": [f"t{i}" for i in range(100)]})
    one, same, other = (build(Steps(sample=10, seed=s), Roles("{text}"), table).corpus for s in (1, 1, 2))
    assert one.digest == same.digest != other.digest
    assert len(set(one.texts)) == 10


def test_nothing_left_names_the_step():
    with pytest.raises(InputError, match='"Remove empty texts" removed all 2'):
        build(table=pd.DataFrame({"text": [None, " "]}), roles=Roles("{text}"))
    with pytest.raises(InputError, match="first 0 rows"):
        build(Steps(first=0))


def test_empty_texts_may_stay():
    assert build(Steps(drop_empty=False)).corpus.texts[3] == ""


def test_passages_remember_their_row():
    long = "One sentence of seven words stands here. " * 20
    table = pd.DataFrame({"text": ["short", long, "also short"], "n": [1, 2, 3]})
    built = build(Steps(passage_tokens=32, passage_overlap=0), Roles("{text}"), table)
    corpus = built.corpus
    parts = corpus.table[corpus.table["source_row"] == 2]
    assert "".join(np.array(corpus.texts)[parts.index]) == long
    assert parts["passage"].tolist() == list(range(1, len(parts) + 1))
    assert len(parts) > 2
    assert corpus.table["n"].tolist() == [1, *[2] * len(parts), 3]
    assert built.steps[-1].after == len(corpus)
    assert built.steps[-1].note == "1 row split"
    assert count_steps(RawTable(table), Roles("{text}"), Steps(passage_tokens=32, passage_overlap=0)) == built.steps


def test_vectors_follow_the_rows():
    vectors = np.eye(8, dtype=np.float32)
    built = build(Steps(drop_duplicates=True), vectors=vectors)
    np.testing.assert_array_equal(built.vectors, vectors[[0, 4, 6, 7]])
    with pytest.raises(InputError, match="can't be split"):
        build(Steps(passage_tokens=50), vectors=vectors)


def test_vectors_without_text_are_known_by_id_or_row():
    vectors = np.eye(8, dtype=np.float32)
    assert build(roles=Roles(labels=("kind",)), vectors=vectors).corpus.texts == list("xyxyxyxy")
    assert build(roles=Roles(), vectors=vectors).corpus.texts[:2] == ["Row 1", "Row 2"]
    with pytest.raises(InputError, match="No text column"):
        build(roles=Roles())


def test_row_mismatch_names_both_numbers():
    with pytest.raises(InputError, match=r"8 rows.*7 vectors"):
        RawTable(TABLE, vectors=np.eye(7, dtype=np.float32))


def test_own_columns_of_reserved_names_give_way():
    table = pd.DataFrame({"source_row": ["p", "q"], "passage": ["k", "k"]})
    built = build(roles=Roles("{source_row}!", ("passage",), id="source_row"), table=table)
    assert list(built.corpus.table.columns) == ["source_row (2)", "passage (2)", "source_row"]
    assert built.corpus.table["source_row"].tolist() == [1, 2]
    assert built.corpus.texts == ["p!", "q!"]
    assert built.corpus.roles == Roles("{source_row (2)}!", ("passage (2)",), id="source_row (2)")


def test_a_column_called_as_the_store_calls_the_texts_is_kept_beside_them(tmp_path):
    table = pd.DataFrame({"__text__": ["p", "q"], "n": [1, 2]})
    built = build(roles=Roles("<{__text__}>"), table=table).corpus
    assert any('"__text__ (2)"' in note for note in built.origin["notes"])
    workspace = Workspace(tmp_path)
    kept = workspace.load_corpus(workspace.save_corpus(built).digest)
    assert kept.texts == ["<p>", "<q>"]
    assert kept.table["__text__ (2)"].tolist() == ["p", "q"]


def test_passages_of_long_texts_are_looked_at_in_a_stated_share(monkeypatch):
    texts = [f"row {i}. " + "Some words to read. " * 40 for i in range(40)]
    raw, steps = RawTable(pd.DataFrame({"text": texts})), Steps(passage_tokens=32)
    every, looked, total = draft_texts(raw, Roles("{text}"), steps)
    assert (looked, total) == (40, 40)
    assert every == build_corpus(raw, Roles("{text}"), steps).corpus.texts
    monkeypatch.setattr(row_steps, "_EXACT_SPLIT", 10_000)
    some, looked, total = draft_texts(raw, Roles("{text}"), steps)
    assert 1 <= looked < total == 40
    assert set(some) < set(every)


def test_outlook_is_what_is_built():
    steps = Steps(drop_duplicates=True, sample=3, seed=2)
    assert draft_texts(RawTable(TABLE), ROLES, steps) == (build(steps).corpus.texts, 3, 3)


def test_time_becomes_datetime_and_unread_cells_are_told():
    corpus = build(roles=Roles("{text}", time="when")).corpus
    assert corpus.table["when"].dtype == "datetime64[ns]"
    assert corpus.table["when"].iloc[0] == pd.Timestamp("2024-01-02")
    assert any('"x"' in note for note in corpus.origin["notes"])
    with pytest.raises(InputError, match="no dates"):
        build(roles=Roles("{text}", time="kind"))


def test_digest_is_over_texts_table_and_roles():
    base = build().corpus.digest
    assert build().corpus.digest == base
    assert len(base) == 16
    assert build(roles=Roles("{text}")).corpus.digest != base
    assert build(roles=Roles("{text}.", ("kind",))).corpus.digest != base
    assert build(table=TABLE.assign(n=range(1, 9))).corpus.digest != base


def test_missing_roles_name_the_near_ones():
    for roles in (Roles("{text}", ("kin",)), Roles("{text}", time="kin"), Roles("{text}", id="kin")):
        with pytest.raises(InputError, match=r'"kin".*Did you mean "kind"'):
            build(roles=roles)


def test_origin_is_jsonable():
    corpus = build(Steps(drop_duplicates=True)).corpus
    assert json.loads(json.dumps(corpus.origin))["steps"][0]["before"] == 8


def test_table_and_raw_are_left_alone():
    before = TABLE.copy(deep=True)
    build(Steps(drop_duplicates=True), Roles("{text}", time="when"))
    pd.testing.assert_frame_equal(TABLE, before)


def test_read_corpus(tmp_path):
    path = tmp_path / "reviews.csv"
    path.write_text("Summary,Text,Score\nNice,too salty,5\n,bland food here,2\n")
    corpus = read_corpus(path, text="Title: {Summary}; Content: {Text}", label="Score")
    assert corpus.name == "reviews"
    assert corpus.texts == ["Title: Nice; Content: too salty", "Title: ; Content: bland food here"]
    assert corpus.roles == Roles("Title: {Summary}; Content: {Text}", ("Score",))
    assert corpus.origin["sources"][0]["encoding"] == "UTF-8"
    assert read_corpus(str(path), text="Text").texts == ["too salty", "bland food here"]
    assert read_corpus([path, path]).table["file"].tolist() == ["reviews.csv"] * 4
    assert read_corpus(path).roles.text == "{Text}"
    with pytest.raises(InputError, match=r'"Txt".*Did you mean "Text"'):
        read_corpus(path, text="Txt")
    with pytest.raises(InputError, match="can't be read"):
        read_corpus(tmp_path / "none.csv")
    with pytest.raises(InputError, match="can't be read"):
        read_corpus(tmp_path)


def test_a_template_of_two_columns_of_a_file():
    corpus = read_corpus(SAMPLE, text="Title: {area}; Content: {text}", label="rating", time="date")
    plain = sample_table()
    assert len(corpus) == len(plain) == 654
    assert corpus.texts[0] == f"Title: {plain['area'][0]}; Content: {plain['text'][0]}"
    assert corpus.table["date"].iloc[0] == pd.Timestamp("2025-01-05")
