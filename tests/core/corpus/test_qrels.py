"""Judgments: files as people have them, and matching their ids to rows."""

import numpy as np
import pandas as pd
import pytest

from core.corpus.qrels import (
    FROM_ONE,
    FROM_ZERO,
    best_grades,
    is_qrels,
    match_rows,
    named_qrels,
    read_qrels,
    row_ids,
)
from core.errors import InputError

BEIR = "query-id\tcorpus-id\tscore\nq1\td1\t2\nq1\td 2\t1\nq2\td3\t0\n"


@pytest.mark.parametrize(
    "data",
    [BEIR, BEIR.split("\n", 1)[1], "q1 0 d1 2\nq1 0 d2 1\n\nq2 0 d3 0", "\ufeff" + BEIR.replace("\n", "\r\n")],
    ids=["header", "no header", "trec", "marks of windows"],
)
def test_judgments_are_read_with_or_without_a_header(data):
    table = read_qrels("test.tsv", data.encode())
    assert table["query-id"].tolist() == ["q1", "q1", "q2"]
    assert [each.replace(" ", "") for each in table["corpus-id"]] == ["d1", "d2", "d3"]
    assert table["score"].tolist() == [2, 1, 0]
    assert is_qrels(data.encode())


def test_judgments_in_numbers_alone_are_no_vectors():
    table = read_qrels("test.tsv", b"1\t10\t1\n2\t20\t1\n")
    assert table["corpus-id"].tolist() == ["10", "20"]


@pytest.mark.parametrize(
    "data",
    [
        '{"_id": "1", "text": "a b"}\n',
        "text\tid\nsome words here\tx\n",
        "",
        "a\n",
        "A man is playing the drum\tSome drums here\t4.5\n",
    ],
)
def test_other_files_are_no_judgments(data):
    assert not is_qrels(data.encode())


@pytest.mark.parametrize(("data", "words"), [("q\td\ts\n", "no judgments"), (BEIR + "q3\td4\n", "Line 5")])
def test_broken_judgments_are_explained(data, words):
    with pytest.raises(InputError, match=words):
        read_qrels("test.tsv", data.encode())


def test_ids_of_any_type_meet():
    known = row_ids(pd.DataFrame({"key": [7.0, 8.0, np.nan]}), "key")
    matched, _ = match_rows(np.array([0, 1]), pd.Series(["8", " 7 "]), np.ones(2), known, "key")
    assert matched["row"].tolist() == [1, 0]
    table = pd.DataFrame({"text": ["a", "b"]})
    assert row_ids(table, FROM_ONE).tolist() == ["1", "2"]
    assert row_ids(table, FROM_ZERO).tolist() == ["0", "1"]
    with pytest.raises(InputError, match="no column"):
        row_ids(table, "id")


def test_absent_rows_are_counted_and_an_id_on_two_rows_means_both():
    known = pd.Series(["a", "b", "a", "c"])
    query, grade = np.array([0, 0, 1, 1, 2]), np.array([2, 1, 1, 0, 3])
    matched, counts = match_rows(query, pd.Series(list("axbcz")), grade, known, "id")
    assert matched[["query", "row", "grade"]].values.tolist() == [[0, 0, 2], [0, 2, 2], [1, 1, 1]]
    assert counts == {"judgments": 4, "absent": 2, "absent_examples": ["x", "z"]}


def test_ids_of_another_corpus_are_shown_beside_this_ones():
    with pytest.raises(InputError) as error:
        match_rows(np.array([0]), pd.Series(["MED-10"]), np.ones(1), pd.Series(["17", "18"]), "key")
    assert '"MED-10"' in error.value.message
    assert '"key"' in error.value.message
    assert '"17"' in error.value.message
    with pytest.raises(InputError, match="No judgment"):
        match_rows(np.array([0]), pd.Series(["17"]), np.zeros(1), pd.Series(["17"]), "key")


def test_a_pair_judged_twice_has_its_best_grade():
    query, answer, grade = best_grades(np.array([1, 0, 1]), np.array([4, 4, 4]), np.array([1.0, 2.0, 3.0]))
    assert (query.tolist(), answer.tolist(), grade.tolist()) == ([0, 1], [4, 4], [2, 3])


def test_tables_with_the_names_of_judgments_are_judgments():
    table = pd.DataFrame({"qid": [7, 7], "docid": [1.0, 2.0], "relevance": [2, 0]})
    made = named_qrels(table)
    assert made.values.tolist() == [["7", "1", 2.0], ["7", "2", 0.0]]
    assert named_qrels(table.drop(columns="relevance"))["score"].tolist() == [1, 1]
    assert named_qrels(table.assign(query="how do I pay")) is None  # queries with their answers beside them
    assert named_qrels(table.drop(columns="docid")) is None
