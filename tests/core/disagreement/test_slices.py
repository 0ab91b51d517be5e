"""Odds ratios against their definitions, a planted slice, confounded factors, and coverage."""

import numpy as np
import pandas as pd
import pytest

from core.disagreement.factors import (
    Factor,
    column_factor,
    count_words,
    exceeds_window,
    frequent_values,
    length_factor,
    text_factors,
    text_facts,
)
from core.disagreement.slices import explain, low_rows


def world(seed=0, n=3_000):
    """Labels, lengths that go with one of the labels, and overlaps that depend on the label alone."""
    generator = np.random.default_rng(seed)
    label = generator.integers(0, 8, n)
    words = np.where(label == 2, generator.integers(1, 8, n), generator.integers(4, 40, n))
    overlap = generator.integers(2, 11, n) / 10
    return generator, label, words, overlap


def factors(label, words):
    return [length_factor(words), frequent_values("kind", label, [f'with kind "{i}"' for i in range(8)])]


def test_a_planted_slice_comes_first():
    generator, label, words, overlap = world()
    planted = label == 5
    overlap[planted] = generator.integers(0, 3, planted.sum()) / 10
    made = explain(overlap, factors(label, words))
    first = made.slices[0]
    assert first.phrase == 'with kind "5"'
    assert first.n == planted.sum()
    assert first.low > 10
    assert first.low > 1
    assert first.share == pytest.approx((overlap[planted] <= made.threshold).mean())
    assert made.slices[1].low < 3


def test_what_is_confounded_is_told_apart():
    """Label 2 is short and overlaps little: short texts look guilty alone, and are not with the label held equal."""
    _, label, words, overlap = world()
    overlap[label == 2] = 0.1
    made = {slice_.phrase: slice_ for slice_ in explain(overlap, factors(label, words)).slices}
    short = next(each for phrase, each in made.items() if phrase.startswith("under"))
    assert short.low > 1.5
    assert short.adjusted_low < 1 < short.adjusted_high
    assert made['with kind "2"'].adjusted_low > 2


def test_two_values_at_once_are_named_where_they_say_more():
    generator, _, words, overlap = world()
    question = generator.random(len(words)) < 0.5
    both = question & (words < 7)
    overlap[both | (generator.random(len(words)) < 0.1)] = 0
    asked = Factor("Question", np.where(question, 0, -1), ("that are questions",))
    made = explain(overlap, [length_factor(words), asked])
    assert [pair.phrase for pair in made.pairs] == ["that are questions, under 7 words"]
    assert made.pairs[0].n == both.sum()
    assert made.pairs[0].low > 20
    named = Factor("kind", np.where(both, 0, -1), ('with kind "planted"',))
    made = explain(overlap, [length_factor(words), asked, named])
    assert made.slices[0].phrase == 'with kind "planted"'
    assert not made.pairs  # the same texts have a shorter name now


def test_nothing_is_found_where_nothing_is():
    sure = 0
    for seed in range(20):
        _, label, words, overlap = world(seed, 500)
        sure += any(slice_.low > 1 or slice_.high < 1 for slice_ in explain(overlap, factors(label, words)).slices)
    assert sure <= 4  # 1 expected at 5%


def test_low_rows_bear_ties():
    low, threshold = low_rows(np.array([0.0] * 60 + [0.5] * 40))
    assert low.sum() == 60
    assert threshold == 0
    low, threshold = low_rows(np.r_[np.zeros(5), np.full(10, 0.2), np.ones(85)])
    assert low.sum() == 15
    assert threshold == 0.2
    assert not low_rows(np.ones(9))[0].any()


def test_lengths_are_cut_into_phrases():
    words = np.r_[np.arange(1, 21), np.arange(1, 21)]
    made = length_factor(words)
    assert made.values[0] == "under 5 words"
    assert made.values[-1].endswith("words or more")
    for code, phrase in enumerate(made.values[1:-1], start=1):
        low, high = int(phrase.split()[1]), int(phrase.split()[3])
        assert set(words[made.codes == code]) == set(range(low, high + 1))
    assert not length_factor(np.full(9, 4)).values


def test_facts_of_texts():
    made = text_facts(
        [
            "How do I return my order?",
            "x = {a: [1, 2]}; y <= 3",
            "床架一点声音都没有，翻身终于不用小心翼翼了。",
            "",
            "Das ist ein schönes altes Haus.",
        ]
    )
    assert made.word_counts[[0, 3, 4]].tolist() == [6, 0, 6]
    assert made.word_counts[2] == count_words("床架一点声音都没有，翻身终于不用小心翼翼了。") > 15
    assert made.question.tolist() == [True, False, False, False, False]
    assert made.code[1] > 0.2 > made.code[0]
    assert made.digits[1] == pytest.approx(3 / 23)
    languages = [made.languages[code] for code in made.language]
    assert languages[0] == "en"
    assert languages[2] == "zh"
    assert languages[4] == "de"
    phrases = {phrase for factor in text_factors(made) for phrase in factor.values}
    assert {"in Chinese", "that are questions", "with code or markup"} <= phrases


def test_missing_cells_belong_to_no_value():
    made = column_factor(pd.Series(["a", None, "b", "a", " "]), "kind")
    assert made.values == ('with kind "a"', 'with kind "b"')
    assert made.codes.tolist() == [0, -1, 1, 0, -1]


def test_texts_over_the_window_are_cut_off():
    from core.types import ModelSpec

    class Counts:
        spec = ModelSpec("onnx", "m", max_tokens=3)

        def count_tokens(self, texts):
            return np.array([len(text.split()) for text in texts])

    assert exceeds_window(["a b c", "a b c d"], Counts()).tolist() == [False, True]
    Counts.spec = ModelSpec("onnx", "m")
    assert exceeds_window(["a b c d"], Counts()).tolist() == [False]


def test_the_same_texts_under_another_name_are_told_once():
    """A language found in the text, a column that says the same, and that column's other value."""
    generator = np.random.default_rng(0)
    inside = np.arange(300) < 90
    values = np.where(inside, 0.1, 0.6) + generator.normal(size=300) * 0.1
    factors = [
        Factor("Language", np.where(inside, 0, -1), ("in Chinese",)),
        Factor("lang", np.where(inside, 0, 1), ('with lang "zh"', 'with lang "en"')),
        Factor("other", np.where(inside, 0, np.arange(300) % 2), ("a", "b")),
    ]
    assert [slice_.phrase for slice_ in explain(values, factors).slices if slice_.n in (90, 210)] == ["in Chinese"]
