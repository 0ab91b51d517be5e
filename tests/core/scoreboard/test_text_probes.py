"""Texts changed on purpose: what changes, what stays, and that nothing depends on the row or breaks a text."""

import unicodedata
from difflib import SequenceMatcher

import pytest

from core.corpus.text_edits import STOP_WORDS, TEXT_EDITS, edit_text
from core.scoreboard.known_item import halves
from tests.waiting import cpu_limit

ENGLISH = "I can't find my parcel, it was due on 12 May. Please help me get it quickly!"
ODD = (
    "", " ", "a", "A.", "\n\t", "🙂👩‍👩‍👧‍👦", "e\u0301te\u0301 a\u0300 la plage", "नमस्ते दुनिया कैसे हो", "ภาษาไทยง่ายมาก",
    "我的包裹没有到，很生气。请帮帮我", "مرحبا بالعالم اليوم", "\ud800 lone", "\x00 nul \x00", "١٢٣ رقم", "ß straße ẞ",
    "İstanbul ılık", "word" * 4_000, "12 345,67 €", "https://a.b/c?d=1",
)  # fmt: skip


@pytest.mark.parametrize("kind", TEXT_EDITS)
def test_any_text_is_changed_or_left_out_and_always_the_same_way(kind):
    for text in (*ODD, ENGLISH):
        made = edit_text(text, kind, 3)
        assert made is None or (made != text and made.strip())
        assert made == edit_text(text, kind, 3)


def test_seeds_differ():
    assert len({edit_text(ENGLISH, "typos", seed) for seed in range(8)}) > 4


def test_typos_touch_few_letters_and_never_the_first_of_a_word():
    text = "Several customers complained about the packaging of their teapots yesterday evening in Hamburg"
    for seed in range(30):
        made = edit_text(text, "typos", seed)
        assert SequenceMatcher(None, text, made).ratio() > 0.94
        assert [word[0] for word in made.split()] == [word[0] for word in text.split()]


def test_marks_stay_with_their_letters():
    text = "e\u0301te\u0301 " * 12
    for kind in ("typos", "word_order"):
        for seed in range(20):
            made = edit_text(text + "bonjour", kind, seed)
            pairs = zip(" " + made, made, strict=False)
            assert all(before == "e" for before, sign in pairs if unicodedata.combining(sign))


def test_word_order_keeps_the_words():
    made = edit_text(ENGLISH, "word_order")
    assert sorted(made.split()) == sorted(ENGLISH.split())
    assert made.split() != ENGLISH.split()
    assert edit_text("same same same", "word_order") is None
    assert sorted(edit_text("我的包裹没有到", "word_order")) == sorted("我的包裹没有到")


def test_case_stop_words_and_padding():
    assert edit_text("Straße nach Rom", "case") == "STRASSE NACH ROM"
    assert edit_text("ALL CAPS", "case") == "all caps"
    assert edit_text("包裹", "case") is None
    assert not {word.strip(".,!").lower() for word in edit_text(ENGLISH, "stop_words").split()} & STOP_WORDS
    assert edit_text("of the", "stop_words") is None
    padded = edit_text(ENGLISH, "padding")
    assert ENGLISH in padded
    assert not padded.startswith(ENGLISH)
    assert not padded.endswith(ENGLISH)


def test_numbers_change_and_keep_their_length():
    made = edit_text("Room 305 costs 1,200 for 2 nights", "numbers")
    digits = [(a, b) for a, b in zip("Room 305 costs 1,200 for 2 nights", made, strict=True) if a.isdigit()]
    assert all(a != b and b.isdigit() for a, b in digits)
    assert edit_text("١٢", "numbers").isdecimal()
    assert edit_text("Seven of them", "numbers") not in (None, "Seven of them")
    assert edit_text("no numbers", "numbers") is None
    assert not TEXT_EDITS["numbers"].keeps_meaning


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It is broken", "It is not broken"),
        ("It is not broken", "It is broken"),
        ("I can't open it", "I can open it"),
        ("They won’t answer", "They will answer"),
        ("She didn't come", "She did come"),
        ("My parcel came", "It is not true that my parcel came"),
        ("包裹没有到", "包裹有到"),
        ("这是我的", "这不是我的"),
        ("Lieferung prima", None),
    ],
)
def test_negation_is_put_in_or_taken_out(text, expected):
    assert edit_text(text, "negation") == expected


def test_a_paraphrase_says_the_same_in_other_words():
    made = edit_text(ENGLISH, "paraphrase")
    assert made == "Please assist me receive it fast! I cannot find my package, it was due on 12 May."
    assert edit_text("Xyz", "paraphrase") is None


def test_halves_are_cut_between_sentences_or_words():
    text = "One two three four five six. Seven eight nine ten eleven twelve."
    assert halves(text) == ("One two three four five six.", "Seven eight nine ten eleven twelve.")
    first, second = halves("one two three four five six seven eight nine ten")
    assert f"{first} {second}" == "one two three four five six seven eight nine ten"
    assert abs(len(first) - len(second)) <= 6
    assert halves("too short a text") is None
    assert halves("我的包裹没有到很生气请帮帮我") is not None
    for odd in ODD:
        both = halves(odd)
        assert both is None or all(part.strip() for part in both)


def test_changes_are_quick():
    texts = [f"{ENGLISH} {i}" for i in range(300)]
    with cpu_limit(5):
        for kind in TEXT_EDITS:
            for text in texts:
                edit_text(text, kind)
