from math import log, sqrt

import numpy as np
import pandas as pd
import pytest

from core.corpus import terms
from core.corpus.build import build_corpus
from core.corpus.distinctive_terms import distinctive_terms, distinctive_values
from core.corpus.reading.values import RawTable
from core.corpus.terms import document_terms, is_informative
from core.stats.multiple_testing import bonferroni_z
from core.store import Workspace
from core.types import CorpusRef, Roles


def test_document_terms_equal_counting_by_hand():
    texts = ["The tea is cold. The tea!", "Cold tea", "the tea isn't cold", "nothing"]
    matrix, terms = document_terms(texts, min_rows=2)
    held = {term: set(matrix[:, [i]].nonzero()[0].tolist()) for i, term in enumerate(terms)}
    assert held == {"the": {0, 2}, "tea": {0, 1, 2}, "cold": {0, 1, 2}, "the tea": {0, 2}}
    assert set(matrix.data) == {1}


def test_chinese_is_counted_by_pairs_of_characters():
    matrix, terms = document_terms(["快递很慢", "快递慢 slow", "很慢 slow"], min_rows=2)
    assert sorted(terms) == ["slow", "很慢", "快递"]
    assert matrix.sum(axis=0).tolist() == [[2, 2, 2]] or np.asarray(matrix.sum(axis=0)).ravel().tolist() == [2, 2, 2]


def test_pairs_do_not_cross_texts_and_the_widest_terms_are_kept():
    _, terms = document_terms(["a b", "c d"] * 5)
    assert "b c" not in terms
    assert "a b" in terms
    _, terms = document_terms(["x y", "x z", "x y"], max_terms=2, min_rows=1)
    assert terms == ["x", "y"] or terms == ["x", "x y"]


@pytest.mark.parametrize("texts", [[], [""], ["", "!!"]])
def test_texts_without_words_have_no_terms(texts):
    matrix, terms = document_terms(texts)
    assert matrix.shape == (len(texts), 0)
    assert terms == []
    assert distinctive_terms(matrix, terms, np.array([True] + [False] * (len(texts) - 1))[: len(texts)]).entries == ()


@pytest.fixture(scope="module")
def planted():
    """600 texts of common words; 60 selected ones, of which most say refund."""
    random = np.random.default_rng(0)
    words = np.array([f"word{i}" for i in range(40)])
    texts = [" ".join(random.choice(words, 8)) for _ in range(600)]
    mask = np.arange(600) < 60
    texts = [
        f"{text} refund please" if chosen and i % 5 else text
        for i, (text, chosen) in enumerate(zip(texts, mask, strict=True))
    ]
    return texts, mask


def test_a_planted_word_is_found_and_chance_is_not(planted):
    texts, mask = planted
    matrix, terms = document_terms(texts)
    found = distinctive_terms(matrix, terms, mask)
    assert {entry.value for entry in found.entries} == {"refund", "please", "refund please"}
    entry = found.entries[0]
    assert (entry.inside, entry.inside_total, entry.outside, entry.outside_total) == (48, 60, 0, 540)
    ratio = log(48.5 * 540.5 / (12.5 * 0.5))
    error = sqrt(1 / 48.5 + 1 / 12.5 + 1 / 0.5 + 1 / 540.5)
    assert entry.log_odds == pytest.approx(ratio)
    assert entry.lower == pytest.approx(ratio - bonferroni_z(len(terms)) * error)
    assert found.tests == len(terms)


def test_random_selections_seldom_show_anything(planted):
    texts, _ = planted
    matrix, terms = document_terms([text.replace("refund please", "") for text in texts])
    random = np.random.default_rng(1)
    false = sum(bool(distinctive_terms(matrix, terms, random.random(600) < 0.2).entries) for _ in range(100))
    assert false <= 10  # at most 5 expected


def test_nothing_and_everything_have_no_contrast(planted):
    texts, mask = planted
    matrix, terms = document_terms(texts)
    table = pd.DataFrame({"a": ["x"] * 600})
    for chosen, note in [(mask & False, "No row"), (mask | True, "All rows")]:
        for found in (distinctive_terms(matrix, terms, chosen), distinctive_values(table, chosen)):
            assert found.entries == ()
            assert found.note.startswith(note)


def test_column_values_and_numbers(planted):
    _, mask = planted
    random = np.random.default_rng(2)
    table = pd.DataFrame(
        {
            "area": np.where(mask, "tea", random.choice(["cups", "pots", "tea"], 600)),
            "noise": random.choice(["a", "b"], 600),
            "price": random.normal(10, 2, 600) + 3 * mask,
            "day": pd.Timestamp("2026-01-01") + pd.to_timedelta(random.integers(0, 100, 600) + 200 * mask, unit="D"),
            "id": [f"id{i}" for i in range(600)],
            "flat": 1.0,
        }
    )
    table.loc[0, "area"] = None
    found = distinctive_values(table, mask)
    assert [(entry.name, entry.value) for entry in found.entries] == [("area", "tea")]
    assert (found.entries[0].inside, found.entries[0].inside_total) == (59, 59)  # the missing cell is no row
    assert [shift.name for shift in found.shifts] == ["day", "price"]
    price = found.shifts[1]
    inside, outside = table["price"][mask], table["price"][~mask]
    pooled = sqrt((59 * inside.var() + 539 * outside.var()) / 598)
    effect = (inside.mean() - outside.mean()) / pooled * (1 - 3 / (4 * 600 - 9))
    assert price.effect == pytest.approx(effect)
    error = sqrt(600 / (60 * 540) + effect**2 / 1200)
    assert price.lower == pytest.approx(effect - bonferroni_z(found.tests) * error)
    assert found.shifts[0].inside_mean == pytest.approx(table["day"][mask].mean().timestamp(), abs=1)


def test_a_lower_number_is_found_too():
    mask = np.arange(200) < 100
    values = pd.DataFrame({"price": np.where(mask, 1.0, 5.0) + np.random.default_rng(0).normal(size=200)})
    shift = distinctive_values(values, mask).shifts[0]
    assert shift.effect < 0 < shift.lower


def test_words_that_are_not_shown_are_tested_all_the_same():
    texts = ["to the lamp, not broken"] * 30 + ["a book"] * 30
    matrix, terms = document_terms(texts, min_rows=2)
    mask = np.arange(60) < 30
    whole, told = (
        distinctive_terms(matrix, terms, mask),
        distinctive_terms(matrix, terms, mask, is_listed=is_informative),
    )
    assert "to" in [entry.value for entry in whole.entries]
    assert {entry.value for entry in told.entries} == {"lamp", "not", "broken", "not broken"}
    assert told.tests == whole.tests
    assert len(distinctive_terms(matrix, terms, mask, limit=2, is_listed=is_informative).entries) == 2


def test_terms_of_large_corpora_are_stored(tmp_path, monkeypatch):
    texts = ["tea pot green", "tea pot blue", "tea cup green"] * 2
    table = pd.DataFrame({"text": texts})
    workspace = Workspace(tmp_path)
    built = build_corpus(RawTable(table), Roles("{text}")).corpus
    ref = CorpusRef(str(tmp_path), workspace.save_corpus(built).digest)
    monkeypatch.setattr(terms, "STORE_FROM_ROWS", 1)
    for _ in range(2):  # computed, then loaded
        terms.load_terms.cache_clear()
        matrix, vocabulary = terms.load_terms(ref)
        expected, names = terms.document_terms(texts)
        assert vocabulary == names
        np.testing.assert_array_equal(matrix.toarray(), expected.toarray())
    assert terms.TERMS.exists(terms.TermsQuery(ref))
