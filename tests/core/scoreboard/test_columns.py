"""What the forms of the tasks propose for columns as people have them."""

import pandas as pd
import pytest

from core.corpus.build import build_corpus
from core.corpus.label_columns import find_split_column, read_label_rows
from core.corpus.reading.files import read_files
from core.corpus.reading.template import column_field
from core.corpus.reading.values import RawTable, Upload
from core.scoreboard.columns import label_choices, pair_columns, query_columns
from core.scoreboard.probes import split_sides
from core.scoreboard.service import preview_task
from core.scoreboard.task_tables import import_tables
from core.scoreboard.types import Task
from core.store import Workspace
from core.types import CorpusRef, Roles
from tests.core.scoreboard.small_corpus import bring, texts_of

TEXTS = texts_of()


def kept(folder, table, text, **roles):
    """A corpus that is not embedded: a tuple with its CorpusRef."""
    built = build_corpus(RawTable(pd.DataFrame(table), (), (), None, ""), Roles(text, **roles), name="shop").corpus
    Workspace(folder).save_corpus(built)
    return (CorpusRef(str(folder), built.digest),)


def test_a_corpus_of_scored_pairs_is_known_by_the_names_of_its_columns(tmp_path):
    scores = [i % 11 / 2 for i in range(20)]  # repeats, so that they could be labels too
    table = {"id": range(20), "sentence1": TEXTS[:20], "sentence2": TEXTS[20:], "score": scores}
    found = pair_columns(*kept(tmp_path, table, "{sentence1}"), "")
    assert (found.first, found.second, found.score, found.named) == ("sentence1", "sentence2", "score", True)


def twins_of(tmp_path, table):
    found = pair_columns(*kept(tmp_path, table, column_field(str(next(iter(table))))), "")
    return found.first, found.second, found.score, found.named


@pytest.mark.parametrize("names", [
    ("question1", "question2", "is_duplicate"), ("#1 String", "#2 String", "Quality"), ("Text_A", "Text_B", "gold"),
])  # fmt: skip
def test_twins_are_known_wherever_their_names_tell_them_apart(tmp_path, names):
    made = {"qid1": range(20), "qid2": range(20), "source1": "news", "source2": "web"}  # as GLUE and Quora have them
    made |= {names[0]: TEXTS[:20], names[1]: TEXTS[20:], names[2]: [0, 1] * 10}
    assert twins_of(tmp_path, made) == (*names, True)


def test_the_first_twins_are_taken_and_entailment_is_no_score(tmp_path):
    made = {"sentence_A": TEXTS[:20], "sentence_B": TEXTS[20:], "entailment_label": ["NEUTRAL", "ENTAILMENT"] * 10}
    made |= {"relatedness_score": [i % 9 / 2 for i in range(20)]}
    made |= {"sentence_A_original": [f"{text} indeed" for text in TEXTS[:20]], "sentence_B_original": TEXTS[20:]}
    assert twins_of(tmp_path, made) == ("sentence_A", "sentence_B", "relatedness_score", True)


def test_pairs_without_a_header_are_known_by_what_they_hold(tmp_path):
    lines = [
        f"images\t{'2014' if i % 4 else '2012test'}\t{i:04d}\t{i % 11 / 2}\t{TEXTS[i]}\t{TEXTS[i + 20]}"
        + "\thttp://news.example/a-long-address-of-a-source" * (i % 2)
        for i in range(20)
    ]
    table = read_files([Upload("sts-test.csv", "\n".join(lines).encode())]).table
    assert twins_of(tmp_path, table) == ("column 5", "column 6", "column 4", True)


def test_a_title_and_a_body_without_a_header_are_no_pair(tmp_path):
    table = {
        "column 1": [1, 2] * 20,
        "column 2": [text[:20] for text in TEXTS],
        "column 3": [3 * text for text in TEXTS],
    }
    assert not twins_of(tmp_path, table)[-1]


def test_a_text_and_a_label_are_not_proposed_as_a_pair(tmp_path):
    table = {"text": TEXTS, "topic": ["lost card", "refund"] * 20, "stars": [1, 2, 3, 4] * 10}
    found = pair_columns(*kept(tmp_path, table, "{text}", labels=("topic",)), "")
    assert not found.complete
    assert not found.named
    assert found.numbers == ("stars",)  # the number of the row is no score


def test_the_text_is_no_label_and_the_split_column_comes_last(tmp_path):
    table = {"part": ["train", "test"] * 20, "text": TEXTS[:10] * 4, "topic": list("abcd") * 10}
    choices = label_choices(*kept(tmp_path, table, "{text}"))
    assert [(choice.column, choice.several) for choice in choices] == [("topic", False), ("part", False)]


def test_scores_with_a_decimal_comma_are_offered(tmp_path):
    where = kept(tmp_path, {"text": TEXTS}, "{text}")
    file = "a;b;sim\n" + "\n".join(f"{TEXTS[i]};{TEXTS[-i - 1]};0,{i}" for i in range(8))
    (table,) = import_tables(*where, (bring(tmp_path, "pairs.csv", file),), False)
    found = pair_columns(*where, table.key)
    assert (found.first, found.second, found.score) == ("a", "b", "sim")


def test_queries_without_judgments_are_not_taken_for_judged_by_their_empty_metadata(tmp_path):
    where = kept(tmp_path, {"_id": [f"d{i}" for i in range(40)], "text": TEXTS, "metadata": ["{}"] * 40}, "{text}")
    lines = "\n".join(f'{{"_id": "q{i}", "text": "query {i}", "metadata": {{}}}}' for i in range(4))
    (table,) = import_tables(*where, (bring(tmp_path, "queries.jsonl", lines),), True)
    assert query_columns(*where, table.key).relevant == ""
    task = Task.of("queries", queries=table.key, text="text", relevant="metadata", id="metadata")
    assert "same value in every row" in preview_task(*where, task).message


@pytest.mark.parametrize("values", [
    ("train", "test"), ("Train", "TEST "), ("banking77_train.csv", "banking77_test.csv"), ("training", "Test.jsonl"),
])  # fmt: skip
def test_a_split_in_any_case(values):
    table = pd.DataFrame({"topic": list("abcd") * 10, "part": [values[i % 3 == 0] for i in range(40)]})
    assert find_split_column(table) == "part"
    data = read_label_rows(table, "topic", table.index.to_numpy())
    train, test = split_sides(table, data, Task.of("labels", column="topic", split="part"))
    assert (len(train), len(test)) == (26, 14)


def test_files_of_other_rows_are_on_neither_side_and_labels_are_no_split():
    parts = ["a_train.csv", "a_test.csv", "a_dev.csv"]
    table = pd.DataFrame({"intent": ["book train", "test results", "other card"] * 12, "file": parts * 12})
    assert find_split_column(table) == "file"
    data = read_label_rows(table, "intent", table.index.to_numpy())
    train, test = split_sides(table, data, Task.of("labels", column="intent", split="file"))
    assert (train % 3 == 0).all()
    assert (test % 3 == 1).all()
    assert find_split_column(pd.DataFrame({"intent": ["book train", "test results", "lost card"] * 12})) is None
