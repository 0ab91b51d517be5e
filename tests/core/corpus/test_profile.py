"""Profiles of small corpora counted by hand, and of one large enough to be slow."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from core.corpus import profile as profile_module
from core.corpus.language import NAMES, Languages, common_languages
from core.corpus.profile import length_histogram, profile_corpus, summarize_columns
from core.models.costs import truncation_report
from core.types import Corpus, ModelSpec, Roles
from tests.sample import labeled_sample
from tests.waiting import cpu_limit


@pytest.fixture
def no_languages(monkeypatch):
    monkeypatch.setattr(profile_module, "detect_languages", lambda texts, **options: Languages({}, 0))


def corpus_of(texts, table=None):
    return Corpus("c", pd.DataFrame({"text": texts}) if table is None else table, texts, Roles(text="text"), "0" * 16)


def test_counts_by_hand(no_languages):
    texts = ["good", "good", "", "  \n", "", "bad", "good", "a longer one"]
    made = profile_corpus(corpus_of(texts))
    assert (made.rows, made.missing, made.exact_duplicates) == (8, 3, 2)
    lengths = made.lengths
    assert (lengths.total, lengths.shortest, lengths.longest) == (27, 3, 12)
    assert (lengths.mean, lengths.median) == (27 / 5, 4.0)
    assert lengths.p95 == pytest.approx(np.percentile([4, 4, 3, 4, 12], 95))
    assert made.histogram_edges.tolist() == [3, 5, 7, 10, 15]
    assert made.histogram_counts.tolist() == [4, 0, 0, 1]


def test_what_looks_empty_is_empty(no_languages):
    assert profile_corpus(corpus_of(["a", "\u200b", "\ufeff \n"])).missing == 2


@pytest.mark.parametrize("texts", [[], [""], ["", " "], ["a"], ["same"] * 3])
def test_tiny_corpora(no_languages, texts):
    made = profile_corpus(corpus_of(texts))
    filled = [text for text in texts if text.strip()]
    assert made.histogram_counts.sum() == len(filled)
    assert len(made.histogram_edges) == (len(made.histogram_counts) + 1 if filled else 0)
    assert made.missing == len(texts) - len(filled)


def test_histogram_equals_numpys():
    lengths = np.concatenate([np.random.default_rng(0).lognormal(5, 1.5, 5000).astype(int), [0, 1, 10_000_000]])
    counts, edges = length_histogram(lengths)
    # numpy's last bin is closed on the right; the last edge lies above all lengths, so both agree
    np.testing.assert_array_equal(counts, np.histogram(lengths, edges)[0])
    assert counts.sum() == len(lengths)
    assert counts[0] > 0
    assert counts[-1] > 0
    assert np.all(np.diff(edges) > 0)


def test_columns_of_every_kind():
    n = 12
    table = pd.DataFrame(
        {
            "score": [1, 2, 3] * 4,
            "price": [1.5, None, 2.5] * 4,
            "when": pd.date_range("2026-01-01", periods=n),
            "ok": [True, False] * 6,
            "area": ["north", "south", None] * 4,
            "note": [f"note number {i} " + "x" * 100 for i in range(n)],
            "gone": [None] * n,
            "blank": ["", " ", "a"] * 4,
            "tags": [["a"], ["b", "c"], None] * 4,
            "mixed": [1, "one", None] * 4,
        }
    )
    made = {column.name: column for column in summarize_columns(table)}
    assert list(made) == list(table.columns)
    kinds = {name: column.kind for name, column in made.items()}
    assert kinds == {
        "score": "number",
        "price": "number",
        "when": "time",
        "ok": "yes/no",
        "area": "category",
        "note": "text",
        "gone": "other",
        "blank": "category",
        "tags": "category",
        "mixed": "category",
    }
    assert {name: column.missing for name, column in made.items() if column.missing} == {
        "price": 4,
        "area": 4,
        "gone": 12,
        "blank": 8,
        "tags": 4,
        "mixed": 4,
    }
    assert [made[name].distinct for name in ("score", "price", "area", "note", "gone", "tags")] == [3, 2, 2, 12, 0, 2]
    assert made["area"].examples == ("north", "south")
    assert len(made["note"].examples) == 3
    assert max(map(len, made["note"].examples)) == 80


def test_columns_that_share_a_name():
    table = pd.DataFrame([[1, "a"], [2, "b"]], columns=["x", "x"])
    assert [(column.name, column.kind) for column in summarize_columns(table)] == [("x", "number"), ("x", "text")]


@dataclass
class Words:
    """Counts words; a model of the given window."""

    window: int | None
    backend = "lexical"
    tokens_exact = True

    @property
    def spec(self):
        return ModelSpec(self.backend, f"words-{self.window}", max_tokens=self.window)

    def count_tokens(self, texts):
        return np.array([len(text.split()) for text in texts], np.int64)


class Splitting(Words):
    backend = "openai"  # which splits long texts
    tokens_exact = False


def test_windows_by_hand():
    texts = ["a b c", "a b c d e f", "", "a b c d e f g h i"]
    short, endless, split = (truncation_report(texts, words) for words in (Words(4), Words(None), Splitting(4)))
    assert (short.model, short.max_tokens, short.texts, short.counted, short.long_texts) == ("words-4", 4, 4, 4, 2)
    assert short.long_share == 0.5
    assert short.unseen_share == pytest.approx((2 + 5) / 18)
    assert (short.exact, short.splits) == (True, False)
    assert (endless.max_tokens, endless.long_texts, endless.unseen_share) == (None, 0, 0.0)
    assert (split.long_texts, split.unseen_share, split.splits, split.exact) == (2, 0.0, True, False)
    assert truncation_report([], Words(4)).long_share == 0.0


def test_many_texts_are_sampled_the_same_way_each_time():
    texts = ["w " * (1 + i % 10) for i in range(5_000)]
    made = truncation_report(texts, Words(5), seed=3, sample=1_000)
    assert (made.texts, made.counted) == (5_000, 1_000)
    assert made.long_share == pytest.approx(0.5, abs=0.06)
    assert made == truncation_report(texts, Words(5), seed=3, sample=1_000)
    assert made != truncation_report(texts, Words(5), seed=4, sample=1_000)


def test_ten_thousand_texts_are_profiled_quickly(no_languages):
    rng = np.random.default_rng(0)
    texts = ["word " * int(length) for length in rng.integers(1, 200, 10_000)]
    table = pd.DataFrame({"text": texts, "n": rng.integers(0, 9, 10_000), "id": [f"id-{i}" for i in range(10_000)]})
    corpus = corpus_of(texts, table)
    with cpu_limit(4):
        profile_corpus(corpus)
        truncation_report(texts, Words(256))


def test_languages_are_counted_without_blank_texts():
    english = "The parcel arrived two days late and the box was damaged."
    german = "Das Paket kam zwei Tage zu spät an und der Karton war beschädigt."
    chinese = "包裹晚到了两天，盒子也破了。"
    made = profile_corpus(corpus_of([english] * 5 + [chinese] * 3 + [german] * 2 + ["", " "]))
    assert made.languages == {"en": 5, "zh": 3, "de": 2}
    assert made.languages_sample == 10


def test_ten_thousand_texts_with_their_languages_are_profiled_quickly():
    table = pd.concat([labeled_sample()] * 20, ignore_index=True)
    corpus = corpus_of(table["text"].tolist(), table)
    profile_corpus(corpus_of(["warm up: the language model loads"]))
    with cpu_limit(8):  # about a second
        made = profile_corpus(corpus)
    assert made.rows == len(table) == made.histogram_counts.sum()
    assert made.languages["en"] > 0.9 * made.languages_sample


def test_languages_have_names_and_rare_ones_are_grouped():
    counts = {"en": 500, "zh": 140, "und": 20, "gd": 3, "la": 1, "vec": 1, "pt": 30}
    assert common_languages(counts, 6) == ([("English", 500), ("Chinese", 140), ("Portuguese", 30)], 25)
    assert common_languages(counts, 1) == ([("English", 500)], 195)
    assert common_languages({"de": 1}, 6) == ([("German", 1)], 0)
    assert common_languages({}, 6) == ([], 0)
    assert common_languages({"und": 4}, 6) == ([], 4)


def test_every_language_that_is_detected_has_a_name():
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    codes = set(map(str, LanguageIdentifier.from_model_file(MODEL_FILE).nb_classes))
    assert codes <= set(NAMES)
    assert not any(NAMES[code] == code for code in codes)
