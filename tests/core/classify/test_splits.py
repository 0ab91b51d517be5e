"""Splits are seeded and stratified, and no text is on two sides; bad label columns are named."""

import numpy as np
import pandas as pd
import pytest

from core import classify
from core.classify.labels import target_kind
from core.corpus.build import build_corpus
from core.corpus.reading.values import RawTable
from core.errors import InputError
from core.types import Roles


def make(texts, **columns):
    table = pd.DataFrame({"text": texts, **columns})
    return build_corpus(RawTable(table, (), (), None, ""), Roles("{text}")).corpus


@pytest.fixture(scope="module")
def corpus():
    """300 rows, every tenth a copy of the row before it, every 25th without a label."""
    texts = [f"text {row - (row % 10 == 9)}" for row in range(300)]
    labels = [None if row % 25 == 0 else ("common" if row % 3 else "rare") for row in range(300)]
    times = pd.Series(pd.date_range("2026-01-01", periods=300, freq="h"))
    return make(
        texts,
        label=labels,
        time=times,
        number=np.sin(np.arange(300)),
        stage=["Training", "Training", "dev", "test"] * 75,
    )


def sides(split):
    return split.train, split.validation, split.test


def assert_no_text_on_two_sides(corpus, split):
    texts = [{corpus.texts[row] for row in rows} for rows in sides(split)]
    assert not texts[0] & texts[1] | texts[0] & texts[2] | texts[1] & texts[2]


def test_a_random_split_is_stratified_and_seeded(corpus):
    split = classify.split(corpus, "label", seed=1)
    rows = np.concatenate(sides(split))
    assert sorted(rows) == np.flatnonzero(corpus.table["label"].notna()).tolist()
    assert_no_text_on_two_sides(corpus, split)
    for part, share in zip(sides(split), (0.7, 0.1, 0.2), strict=True):
        assert len(part) / len(rows) == pytest.approx(share, abs=0.02)
        assert (corpus.table["label"][part] == "rare").mean() == pytest.approx(1 / 3, abs=0.05)
    again, other = classify.split(corpus, "label", seed=1), classify.split(corpus, "label", seed=2)
    np.testing.assert_array_equal(split.test, again.test)
    assert not np.array_equal(split.test, other.test)


def test_numbers_and_sets_are_stratified_too(corpus):
    split = classify.split(corpus, "number", kind="number")
    numbers = corpus.table["number"]
    assert numbers[split.test].mean() == pytest.approx(numbers.mean(), abs=0.1)
    tags = make([f"t {i}" for i in range(100)], tags=["a;b" if i % 4 == 0 else "a" for i in range(100)])
    test = classify.split(tags, "tags", separator=";").test
    assert tags.table["tags"][test].str.contains("b").mean() == pytest.approx(0.25, abs=0.02)


def test_by_a_column_the_test_rows_stay_and_copies_leave_the_training_rows(corpus):
    split = classify.split(corpus, "label", by_column="stage")
    assert split.test.tolist() == [row for row in range(3, 300, 4) if row % 25]
    assert_no_text_on_two_sides(corpus, split)
    assert any("are left out" in note for note in split.notes)
    two = make([f"t {i}" for i in range(40)], label=["a", "b"] * 20, stage=["train"] * 30 + ["test"] * 10)
    result = classify.split(two, "label", by_column="stage")
    assert (len(result.validation), len(result.train)) == (4, 26)
    assert "10% of the training texts" in result.method


def test_by_time_the_latest_rows_are_the_test(corpus):
    split = classify.split(corpus, "label", by_time="time")
    assert split.train.max() < split.validation.min() <= split.validation.max() < split.test.min()
    assert len(split.test) == pytest.approx(58, abs=1)
    with pytest.raises(InputError, match="has no times"):
        classify.split(corpus, "label", by_time="stage")


def test_a_class_with_one_text_is_for_training_and_named():
    texts = [f"text {i}" for i in range(30)]
    split = classify.split(make(texts, label=["a", "b"] * 14 + ["single", "a"]), "label")
    assert 28 in split.train
    assert any('"single"' in note and "not evaluated" in note for note in split.notes)


def test_columns_that_can_t_be_split_are_refused(corpus):
    three = make(["a", "b", "c"], label=["x", "y", "x"])
    for bad, message in (
        (lambda: classify.split(three, "label"), "3 of 3 rows have a label; a classifier needs at least 4"),
        (lambda: classify.split(make(list("abcdef"), label=list("abcdef")), "label"), "two different texts"),
        (lambda: classify.split(corpus, "nothing"), 'no column "nothing"'),
        (lambda: classify.split(make(list("abcdef"), label=["x"] * 6), "label"), 'have the class "x"'),
        (lambda: classify.split(corpus, "label", by_column="label"), "No labeled row"),
        (lambda: classify.split(corpus, "label", test=1.0), "take all rows"),
    ):
        with pytest.raises(InputError, match=message) as error:
            bad()
        assert error.value.remedy


def test_spellings_can_be_merged_and_are_named():
    labels = pd.Series(["Card lost", "card  lost", "Card lost", "cardlost ", "refund", "refund", None, "refund"])
    check = classify.check_labels([f"text {i}" for i in range(8)], labels)
    assert check.mergeable == (("Card lost", "card  lost", "cardlost"),)
    assert any("can be merged" in note for note in check.notes)
    assert any("1 of 8 rows have no label" in note for note in check.notes)
    merged = classify.merge_labels(labels)
    assert merged.dropna().unique().tolist() == ["Card lost", "refund"]
    assert merged.isna().tolist() == labels.isna().tolist()


def test_a_label_in_the_text_is_a_leak_unless_it_is_in_all_texts():
    labels = ["refund", "delivery", "praise"] * 20
    leaky = classify.check_labels([f"[{label.upper()}] some words {i}" for i, label in enumerate(labels)], labels)
    assert leaky.leak == 1.0
    assert leaky.leak_other == 0.0
    assert any("verbatim in the text of 100%" in note for note in leaky.notes)
    chinese = ["退款", "物流"] * 20
    assert classify.check_labels([f"关于{label}的问题 {i}" for i, label in enumerate(chinese)], chinese).leak == 1.0
    everywhere = classify.check_labels([f"refund delivery praise {i}" for i in range(60)], labels)
    assert everywhere.leak == 1.0
    assert not any("verbatim" in note for note in everywhere.notes)


def test_the_kind_of_a_column_is_proposed():
    assert target_kind(pd.Series(np.arange(50) / 7)) == "number"
    assert target_kind(pd.Series([1, 2, 3] * 20)) == "classes"
    assert target_kind(pd.Series(["a;b", "a", "b;c", "c"] * 10)) == "sets"
    assert target_kind(pd.Series([["a"], ["a", "b"]] * 10)) == "sets"
