import pandas as pd
import pytest

from core.corpus.reading.files import read_files
from core.corpus.reading.roles import guess_roles
from core.corpus.reading.values import Upload
from core.types import Roles
from tests.sample import SAMPLE, labeled_sample


def read_table(name, data):
    return read_files([Upload(name, data)]).table


def test_the_sample():
    roles = guess_roles(read_table(SAMPLE.name, SAMPLE.read_bytes()))
    assert roles == Roles("{text}", ("area", "language", "rating", "customer"), "date", "id")


def test_reviews():
    sample = labeled_sample()["text"]
    rows = {
        "Id": range(1, len(sample) + 1),
        "ProductId": [f"B00{i // 2:04d}" for i in range(len(sample))],
        "UserId": [f"A{i * 7919 % 100_003:06d}" for i in range(len(sample))],
        "Score": [1 + i % 5 for i in range(len(sample))],
        "Time": [1_303_862_400 + 86_400 * (i * 37 % 900) for i in range(len(sample))],
        "Summary": [" ".join(text.split()[:4]) for text in sample],
        "Text": sample,
    }
    roles = guess_roles(read_table("reviews.csv", pd.DataFrame(rows).to_csv(index=False).encode()))
    assert roles == Roles("{Text}", ("Score",), "Time", "Id")


def test_texts_and_their_labels():
    data = labeled_sample().rename(columns={"area": "category"}).to_csv(index=False).encode()
    assert guess_roles(read_table("questions.csv", data)) == Roles("{text}", ("category",))


def test_chinese_columns():
    table = pd.DataFrame(
        {
            "编号": [f"A{i}" for i in range(40)],
            "日期": ["2024年3月5日"] * 40,
            "类别": ["物流", "口味"] * 20,
            "评论": [f"这个味道很好我们都喜欢下次还会再买的{i}" for i in range(40)],
        }
    )
    assert guess_roles(table) == Roles("{评论}", ("类别",), "日期", "编号")


def test_numbers_of_parts_of_a_document_are_no_labels():
    parts = {"file": ["a.pptx"] * 8, "position": [1, 2] * 4, "slide": [1, 2, 3, 4] * 2, "rating": [1, 2] * 4}
    table = pd.DataFrame({"text": [f"some words of slide {i}" for i in range(8)], **parts})
    assert guess_roles(table).labels == ("rating",)


def test_no_text_column():
    assert guess_roles(pd.DataFrame({"a": [1, 2], "b": [0.5, 0.25]})).text == ""
    assert guess_roles(pd.DataFrame({"code": ["A1", "B2", "C3"]})).text == ""


def test_words_are_texts():
    assert guess_roles(pd.DataFrame({"text": ["apple", "pear", "plum"]})).text == "{text}"


def test_all_rows_the_same_are_still_text():
    assert guess_roles(pd.DataFrame({"comment": ["all the same text"] * 50, "n": range(50)})).text == "{comment}"


@pytest.mark.parametrize(
    "table",
    [
        pd.DataFrame(),
        pd.DataFrame({"a": []}),
        pd.DataFrame({"a": [None, None]}),
        pd.DataFrame({"a": [[1], {"b": 2}]}),
        pd.DataFrame([[1, "x y z"], [2, "w v u"]], columns=["a", "a"]),
        pd.DataFrame({"{x}": ["some words here", "other words there"], 3: [True, False]}),
        pd.DataFrame({"t": pd.to_datetime(["2024-01-01", None])}),
        pd.DataFrame({"time": ["x" * 100_000, "\0"]}),
    ],
)
def test_odd_tables_never_crash(table):
    assert isinstance(guess_roles(table), Roles)


def test_braces_in_a_name_are_escaped():
    assert guess_roles(pd.DataFrame({"{x}": ["some words here", "other words there"]})).text == r"{\{x\}}"


def test_beir_s_corpora_are_read_with_their_titles():
    table = pd.DataFrame(
        {"_id": ["d1", "d2", "d3"], "title": ["Tea", "", "Oats"], "text": ["Green leaves", "Salt", "For horses"]}
    )
    roles = guess_roles(table)
    assert (roles.text, roles.id) == ("{title} {text}", "_id")
    assert guess_roles(table.drop(columns="_id")).text != "{title} {text}"


def test_different_times_and_columns_with_holes_name_no_rows():
    stamps = pd.date_range("2026-01-01", periods=30, freq="h").strftime("%Y-%m-%dT%H:%M:%S").tolist()
    table = {"text": [f"some words on subject {i}" for i in range(30)], "time": stamps, "seen": stamps[::-1]}
    table["ticket"] = ["", *(f"T-{i:04d}" for i in range(29))]
    found = guess_roles(pd.DataFrame(table).replace("", None))
    assert (found.time, found.id) == ("time", None)
    assert guess_roles(pd.DataFrame(table | {"ticket": [f"T-{i:04d}" for i in range(30)]})).id == "ticket"
