"""What the forms of the tasks propose for columns as people have them."""

import pandas as pd
import pytest

from core.answers.score_columns import label_choices, query_columns
from core.answers.score_inputs import bring_tables, outlook
from core.answers.score_pair_columns import pair_columns
from core.corpus import build_corpus
from core.reading import RawTable
from core.scoring.label_rows import find_split, read_rows
from core.scoring.label_sides import split_sides
from core.scoring.types import Task
from core.store import Workspace
from core.types import Roles
from tests.core.scoring.little import bring, texts_of

TEXTS = texts_of()


def kept(folder, table, text, **roles):
    """A corpus that is not embedded: (folder, digest)."""
    built = build_corpus(RawTable(pd.DataFrame(table), (), (), None, ""), Roles(text, **roles), name="shop").corpus
    Workspace(folder).save_corpus(built)
    return str(folder), built.digest


def test_a_corpus_of_scored_pairs_is_known_by_the_names_of_its_columns(tmp_path):
    scores = [i % 11 / 2 for i in range(20)]  # repeats, so that they could be labels too
    table = {"id": range(20), "sentence1": TEXTS[:20], "sentence2": TEXTS[20:], "score": scores}
    found = pair_columns(*kept(tmp_path, table, "{sentence1}"), "")
    assert (found.first, found.second, found.score, found.named) == ("sentence1", "sentence2", "score", True)


def test_a_text_and_a_label_are_not_proposed_as_a_pair(tmp_path):
    table = {"text": TEXTS, "topic": ["lost card", "refund"] * 20, "stars": [1, 2, 3, 4] * 10}
    found = pair_columns(*kept(tmp_path, table, "{text}", labels=("topic",)), "")
    assert not found.complete
    assert not found.named
    assert found.numbers == ("stars",)  # the number of the row is no score


def test_the_text_is_no_label_and_the_split_column_comes_last(tmp_path):
    table = {"part": ["train", "test"] * 20, "text": TEXTS[:10] * 4, "topic": list("abcd") * 10}
    assert label_choices(*kept(tmp_path, table, "{text}")) == ("topic", "part")


def test_scores_with_a_decimal_comma_are_offered(tmp_path):
    where = kept(tmp_path, {"text": TEXTS}, "{text}")
    file = "a;b;sim\n" + "\n".join(f"{TEXTS[i]};{TEXTS[-i - 1]};0,{i}" for i in range(8))
    (table,) = bring_tables(*where, (bring(tmp_path, "pairs.csv", file),), False)
    found = pair_columns(*where, table.key)
    assert (found.first, found.second, found.score) == ("a", "b", "sim")


def test_queries_without_judgments_are_not_taken_for_judged_by_their_empty_metadata(tmp_path):
    where = kept(tmp_path, {"_id": [f"d{i}" for i in range(40)], "text": TEXTS, "metadata": ["{}"] * 40}, "{text}")
    lines = "\n".join(f'{{"_id": "q{i}", "text": "query {i}", "metadata": {{}}}}' for i in range(4))
    (table,) = bring_tables(*where, (bring(tmp_path, "queries.jsonl", lines),), True)
    assert query_columns(*where, table.key).relevant == ""
    task = Task.of("queries", queries=table.key, text="text", relevant="metadata", id="metadata")
    assert "holds the same in every row" in outlook(*where, task).message


@pytest.mark.parametrize("values", [("train", "test"), ("Train", "TEST "), ("TRAIN", "test")])
def test_a_split_in_any_case(values):
    table = pd.DataFrame({"topic": list("abcd") * 10, "part": [values[i % 3 == 0] for i in range(40)]})
    assert find_split(table) == "part"
    data = read_rows(table, "topic", table.index.to_numpy())
    train, test = split_sides(table, data, Task.of("labels", column="topic", split="part"))
    assert (len(train), len(test)) == (26, 14)
