from math import log

import numpy as np
import pytest

from core.corpus.keyword import included_text, mark_matches, parse_terms, query_spans, search_keywords, search_regex
from core.errors import InputError
from tests.waiting import cpu_limit

TEXTS = [
    "The refund took three weeks.",
    "Refunds, refunds, refunds! I want my REFUND.",
    "Great coffee, fast delivery",
    "A scat singer with a cat",
    "快递很慢，我要退款",
    "用iPhone下单很方便",
]


def test_bm25_by_hand():
    texts = ["tea tea milk", "tea", "coffee and cake"]
    hits = search_keywords(texts, "tea", k=5)
    idf = log(1 + (3 - 2 + 0.5) / (2 + 0.5))
    mean = (12 + 3 + 15) / 3

    def score(often, length):
        return idf * often * 2.2 / (often + 1.2 * (0.25 + 0.75 * length / mean))

    by_hand = {0: score(2, 12), 1: score(1, 3)}
    assert hits.rows.tolist() == sorted(by_hand, key=by_hand.get, reverse=True)
    np.testing.assert_allclose(hits.scores, [by_hand[row] for row in hits.rows], rtol=1e-6)
    assert hits.total == 2


def test_a_word_matches_where_a_word_begins_in_any_case():
    hits = search_keywords(TEXTS, "refund")
    assert set(hits.rows) == {0, 1}
    assert [TEXTS[1][slice(*span)] for span in dict(zip(hits.rows, hits.spans, strict=True))[1]] == [
        "Refund", "refund", "refund", "REFUND",
    ]  # fmt: skip
    assert search_keywords(TEXTS, "cat").spans == (((21, 24),),)  # not within "scat"
    assert search_keywords(TEXTS, "und").total == 0


def test_texts_with_all_words_come_first():
    texts = ["slow slow slow slow", "slow and late, dear me, with many more words in this text than in all the others"]
    hits = search_keywords(texts, "slow late")
    assert hits.rows.tolist() == [1, 0]
    assert hits.matched.tolist() == [2, 1]


def test_a_phrase_in_quotes_matches_whole_words_next_to_each_other():
    texts = ["dog  food", "food for a dog", "dog foods", "hotdog food"]
    assert search_keywords(texts, '"dog food"').rows.tolist() == [0]
    assert parse_terms('Dog "big  Cat" dog') == (("dog", False, False), ("big cat", True, False))


def test_words_and_phrases_after_a_minus_are_excluded():
    texts = ["cold coffee", "coffee, a refund", "coffee with a gift card", "an e-mail about coffee", "gift of coffee"]
    assert set(search_keywords(texts, "coffee -refund").rows) == {0, 2, 3, 4}
    assert set(search_keywords(texts, 'coffee -"gift card" -cold').rows) == {1, 3, 4}
    assert search_keywords(texts, "e-mail").rows.tolist() == [3]
    mask = np.array([True, True, False, False, False])
    assert search_keywords(texts, "coffee -refund", mask=mask).rows.tolist() == [0]
    assert included_text('coffee -"gift card" e-mail -refund') == "coffee  e-mail"
    with pytest.raises(InputError):
        search_keywords(texts, "-coffee")


def test_chinese_is_found_by_substring_and_words_beside_it():
    assert search_keywords(TEXTS, "退款").rows.tolist() == [4]
    assert search_keywords(TEXTS, "iphone").rows.tolist() == [5]
    assert TEXTS[5][slice(*search_keywords(TEXTS, "iphone").spans[0][0])] == "iPhone"


def test_spans_fit_though_lower_case_changes_the_length():
    text = "İİİ refund"  # the lower case of each İ has two characters
    assert [text[slice(*span)] for span in query_spans(text, "REFUND")] == ["refund"]


def test_signs_are_taken_as_they_stand():
    assert search_keywords(["costs $5 (sale)", "costs 5"], "(sale)").rows.tolist() == [0]
    assert search_keywords(["a.b", "axb"], "a.b").rows.tolist() == [0]


def test_only_rows_of_the_mask_are_searched():
    mask = np.array([False, True, True, True, True, True])
    assert search_keywords(TEXTS, "refund", mask=mask).rows.tolist() == [1]
    assert search_regex(TEXTS, "refund", mask=mask).rows.tolist() == [1]
    assert search_keywords(TEXTS, "refund", mask=np.zeros(6, dtype=bool)).total == 0
    assert search_keywords([], "refund").total == 0


def test_a_query_without_words_is_refused():
    for query in ("", "   ", '""'):
        with pytest.raises(InputError, match="no words"):
            search_keywords(TEXTS, query)


def test_regex_counts_matches_of_at_least_one_character():
    hits = search_regex(TEXTS, r"refunds?\b")
    assert hits.rows.tolist() == [1, 0]
    assert hits.scores.tolist() == [4, 1]
    assert hits.spans[1] == ((4, 10),)
    assert search_regex(TEXTS, "x*").total == 0
    assert search_regex(TEXTS, "refund", ignore_case=False).scores.tolist() == [2, 1]


def test_a_broken_pattern_is_explained_with_its_position():
    with pytest.raises(InputError, match="unterminated character set at character 6"):
        search_regex(TEXTS, "abc [x")
    with pytest.raises(InputError, match="needs 1 to"):
        search_regex(TEXTS, "")


@pytest.mark.parametrize("pattern", ["(a|aa)+$", "(a|a?)+$b|(a+a+)+$"])
def test_a_pattern_that_backtracks_for_ever_is_stopped(pattern):
    with cpu_limit(3), pytest.raises(InputError, match="takes too long"):
        search_regex(["a" * 80 + "b"] * 50, pattern, seconds=0.3)


def test_a_pattern_that_would_fill_the_memory_is_refused():
    with pytest.raises(InputError, match="repeats too much"):
        search_regex(TEXTS, "((a{1000}){1000}){1000}")
    with pytest.raises(InputError, match=r"can't be read|too large"):
        search_regex(TEXTS, "(" * 900 + ")" * 90)


def test_an_excerpt_holds_the_first_match_and_the_text_as_it_stands():
    text = "x " * 300 + "<b>refund</b> " + "y " * 300
    pieces = mark_matches(text, query_spans(text, "refund"), width=100)
    assert pieces[0] == ("…", False)
    assert pieces[-1] == ("…", False)
    assert [piece for piece, marked in pieces if marked] == ["refund"]
    assert "".join(piece for piece, _ in pieces[1:-1]) in text
    assert mark_matches("plain", ()) == (("plain", False),)
    assert mark_matches("", ()) == ()
    assert mark_matches("a\x00b", ((2, 3),)) == (("a ", False), ("b", True))


def test_overlapping_terms_are_marked_once():
    assert query_spans("refunds", "refund refunds") == ((0, 7),)
    assert "".join(piece for piece, _ in mark_matches("refunds", ((0, 6), (0, 7)))) == "refunds"


def test_a_hundred_thousand_texts_are_searched_quickly():
    texts = [
        f"order {i} came late, the box was torn and the tea inside was wet, I want a refund" for i in range(100_000)
    ]
    with cpu_limit(3):  # some 0.3 s
        assert search_keywords(texts, "refund").total == 100_000
