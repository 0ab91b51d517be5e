"""Citations and quotations of an answer, compared with the passages."""

import pytest

from core.ask.citations import NOT_VERBATIM, check_answer
from core.ask.retrieval import Passage

TEXTS = [
    "The card expires after three years. Don’t panic!",
    "Fees are 3.5 percent — of the amount.",
    "限额可以在应用里提高。",
]
PASSAGES = [Passage(number, number, text, 1, 1, 1, (0, 1), 1) for number, text in enumerate(TEXTS, 1)]


@pytest.mark.parametrize(
    ("text", "citations", "invalid"),
    [
        ("It expires [1].", [(1,)], 0),
        ("It expires. [1] Fees apply. [2]", [(1,), (2,)], 0),
        ("It expires [1][2].", [(1, 2)], 0),
        ("It expires [1, 2].", [(1, 2)], 0),
        ("It expires [1-3].", [(1, 2, 3)], 0),
        ("It expires [2-900].", [(2,)], 1),
        ("It expires 【1】.", [(1,)], 0),
        ("It expires [7]. Fees [1; 8].", [(), (1,)], 2),
        ("It expires [0].", [()], 1),
        ("It expires in [2031].", [()], 0),  # a year is no citation
        ("限额可以提高。[3]再见！[4]", [(3,), ()], 1),
        ("[1]", [], 0),
        ("", [], 0),
    ],
)
def test_citations_of_each_sentence(text, citations, invalid):
    checked = check_answer(text, PASSAGES)
    assert [sentence.citations for sentence in checked.sentences] == citations
    assert checked.invalid_citations == invalid
    assert "[7]" not in checked.text
    assert "[8]" not in checked.text


@pytest.mark.parametrize(
    ("text", "verbatim"),
    [
        ('It says "expires after three years" [1].', [True]),
        ('It says "EXPIRES  after\tthree years." [1].', [True]),
        ("It says “don't panic” [1].", [True]),
        ('It says "card … three years" [1].', [True]),
        ('It says "three years ... card" [1].', [False]),  # the parts are in another order
        ('It says "after two years" [1].', [False]),
        ('It says "pire" [1].', [False]),  # part of a word
        ('It says "expires after three years" [2].', [False]),  # in a passage that is not cited
        ('It says "expires after three years".', [True]),  # none is cited: any passage
        ("It says «3.5 percent - of the amount» [2].", [True]),
        ("可以“在应用里提高”[3]。", [True]),
        ("可以「在网上提高」[3]。", [False]),
        ('"Fees are 3.5 percent" and "free of charge" [2].', [True, False]),
        ('It says "..." [1].', [False]),
    ],
)
def test_quotations_occur_in_the_cited_passage(text, verbatim):
    checked = check_answer(text, PASSAGES)
    quotations = [quotation for sentence in checked.sentences for quotation in sentence.quotations]
    assert [quotation.is_verbatim for quotation in quotations] == verbatim
    assert checked.text.count(NOT_VERBATIM) == verbatim.count(False)


def test_spans_of_quotations_include_their_marks():
    (sentence,) = check_answer('It says "three years" [1].', PASSAGES).sentences
    (quotation,) = sentence.quotations
    assert sentence.text[slice(*quotation.span)] == '"three years"'


def test_a_quotation_over_two_sentences_stays_whole():
    (sentence,) = check_answer("It says “The card expires after three years. Don't panic!” [1].", PASSAGES).sentences
    assert sentence.citations == (1,)
    assert sentence.quotations[0].is_verbatim


def test_the_text_keeps_lines_and_loses_control_characters():
    text = "First [1].\n- Second\u202e [2].\x07\n<script>alert(1)</script>"
    checked = check_answer(text, PASSAGES)
    assert checked.text.splitlines() == ["First. [1]", "- Second. [2]", "<script>alert(1)</script>"]
