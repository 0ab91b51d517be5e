"""Cleaning steps: what changes, what stays, and that nothing is changed unless it is selected."""

import time

import pandas as pd
import pytest

from core.corpus.build import build_corpus, count_steps
from core.corpus.cleaning import strip_markup, undo_escapes
from core.corpus.preprocess import Steps
from core.corpus.reading.values import RawTable
from core.types import Roles

MARKUP = {
    "<p>Hello&nbsp;<b>you</b> &amp; me</p><p class='x' id=3>two</p>": "Hello you & me\ntwo",
    "one<br/>two<BR>three": "one\ntwo\nthree",
    "&lt;p&gt;Hi &amp;amp; bye&lt;/p&gt;": "Hi & bye",
    "<script>alert('x')</script>ok <!-- note --> end": "ok end",
    '<a href="https://example.org?a=1&b=2">here</a>': "here",
    "Fish &#38; chips &#x1F600; &euro;5": "Fish & chips 😀 €5",
    "<ul><li>one</li><li>two</li></ul>": "one\ntwo",
}
UNCHANGED = [
    "a < b and c > d",
    "if x<i and y>j",
    "<3 you",
    "AT&T",
    "R&D; fine",
    "x <- y",
    "List<String> names",
    "",
    "plain  text\n\n",
]
ESCAPES = {
    r"one\ntwo\tthree": "one\ntwo\tthree",
    r"caf\u00e9 \ud83d\ude00": "café 😀",
    r"say \"hi\" and don\'t": 'say "hi" and don\'t',
    r"a \\ b": "a \\ b",
    r"one\r\ntwo": "one\ntwo",
    "one_x000D_\ntwo": "one\ntwo",
    r"http:\/\/example.org": "http://example.org",
}


@pytest.mark.parametrize("text", MARKUP)
def test_markup(text):
    assert strip_markup(text) == MARKUP[text]


@pytest.mark.parametrize("text", UNCHANGED)
def test_other_text_stays(text):
    assert strip_markup(text) == text
    assert undo_escapes(text) == text


@pytest.mark.parametrize("text", ESCAPES)
def test_escapes(text):
    assert undo_escapes(text) == ESCAPES[text]


def test_a_step_changes_texts_only_when_selected_and_counts_them():
    texts = ["<b>One</b> more", "one\\nline", "plain text", "plain text"]
    raw = RawTable(pd.DataFrame({"text": texts}))
    assert build_corpus(raw, Roles("{text}")).corpus.texts == texts
    steps = Steps(strip_markup=True, undo_escapes=True, drop_duplicates=True)
    built = build_corpus(raw, Roles("{text}"), steps)
    assert built.corpus.texts == ["One more", "one\nline", "plain text"]
    assert built.corpus.table["text"].tolist() == texts[:3]
    assert [count.changed for count in count_steps(raw, Roles("{text}"), steps)][:2] == [1, 1]


@pytest.mark.parametrize(
    "text",
    ["<a " * 30_000, "<script>" * 30_000 + "</style><p>", "<!--" * 30_000, "&" * 100_000, " \n" * 90_000 + "<p>"],
)
def test_hostile_text_takes_linear_time(text):
    start = time.process_time()
    strip_markup(text)
    assert time.process_time() - start < 5
