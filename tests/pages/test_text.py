"""Users' words in Markdown: what the browser's reading of it must not turn into anything else."""

import re

import pytest

from pages.shared.text import cut_middle, disambiguate_labels, plain

# what the browser does after it has read the Markdown (backslashes are gone by then): GFM's bare addresses, typography
ADDRESS = re.compile(r"(https?://|www(?=\.))([-.\w]+)([^ \t\r\n]*)|([-.\w+]+)@([-\w]+(?:\.[-\w]+)+)", re.IGNORECASE)
SIGNS = re.compile(r"(^|\s)(<->|->|<-|--|>=|<=|~=)(\s|$)|:streamlit:")


@pytest.mark.parametrize(
    "text",
    [
        "https://example.org/a?b=1&c=2", "HTTP://EXAMPLE.ORG", "see www.example.org", "WWW.example.org/x",
        "write to me.you+x@mail.example.org", "mailto:a@b.cc",
        "a -> b <- c <-> d -- e --- f", "a >= 1, b <= 2, c ~= 3", ":streamlit:", "->", "--",
        "![x](http://example.org/i.png)", "<https://example.org>", "[a](https://example.org)",
    ],
)  # fmt: skip
def test_neither_addresses_nor_signs_are_made_of_users_words(text):
    read = re.sub(r"\\(.)", r"\1", plain(text))
    assert not ADDRESS.search(read)
    assert not SIGNS.search(read)
    assert read.replace("\u2060", "") == text


@pytest.mark.parametrize(
    "text",
    [":smile:", ":material/home:", ":red[x]", "**b** _i_ `c` ~~s~~", "# h", "- item", "1. item", "1) item", "> quote",
     "$x$", "<b>h</b>", "&amp; &#45;", "| a | b |", "[^1]", "---", "=== x", "a\\b"],
)  # fmt: skip
def test_every_mark_of_markdown_is_escaped(text):
    shown = plain(text)
    assert not re.search(r"(?<!\\)(?:\\\\)*[`*_{}\[\]()#+.!|<>~$:&^=@/-]", shown.replace("\u2060", ""))
    assert re.sub(r"\\(.)", r"\1", shown).replace("\u2060", "") == text


def test_ordinary_words_stay_as_they_are():
    assert plain("Tea for two,\n 2026") == "Tea for two, 2026"


def test_equal_labels_are_told_apart_by_their_keys():
    given = {"d942872317fa6c69": "corpus (400 rows)", "b7faee12c0c8c2b7": "corpus (400 rows)", "7c7f": "sts (200 rows)"}
    assert list(disambiguate_labels(given).values()) == [
        "corpus (400 rows) · d942",
        "corpus (400 rows) · b7fa",
        "sts (200 rows)",
    ]


def test_a_long_name_keeps_its_beginning_and_its_end():
    assert cut_middle("feedback of 2025", 16) == "feedback of 2025"
    assert cut_middle("feedback of 2025, north.csv", 16) == "feedback…rth.csv"
