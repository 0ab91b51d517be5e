import numpy as np
import pandas as pd
import pytest

from core.corpus.reading.template import column_field, rename_fields, render_texts, template_columns
from core.errors import InputError

TABLE = pd.DataFrame(
    {
        "Summary": ["Nice", None, "  ", None],
        "Text": ["too {salty}", "fine", None, None],
        "Score": [5.0, np.nan, 2.5, np.nan],
        "n": [1, 2, 3, 4],
        "a b.c[0]": ["x", "y", "z", None],
        "{odd}\\": ["o", "p", "q", "r"],
        "day": pd.to_datetime(["2024-01-02", None, "2024-01-03", "2024-01-04"]),
    }
)


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{Text}", ["too {salty}", "fine", "", ""]),
        ("Title: {Summary}; Content: {Text}", ["Title: Nice; Content: too {salty}", "Title: ; Content: fine", "", ""]),
        ("{Summary}{Score}", ["Nice5", "", "  2.5", ""]),
        ("{n}", ["1", "2", "3", "4"]),
        ("{{{Text}}}", ["{too {salty}}", "{fine}", "", ""]),
        ("{a b.c[0]}!", ["x!", "y!", "z!", ""]),
        ("{ Text }", ["too {salty}", "fine", "", ""]),
        ("{day}", ["2024-01-02", "", "2024-01-03", "2024-01-04"]),
        ("{Text} { {Text}", ["too {salty} { too {salty}", "fine { fine", "", ""]),
        (column_field("{odd}\\"), ["o", "p", "q", "r"]),
        ("{Text}\n{Text}", ["too {salty}\ntoo {salty}", "fine\nfine", "", ""]),
    ],
)
def test_rendered(template, expected):
    assert render_texts(TABLE, template) == expected


def test_fields():
    assert template_columns("{{no}} {b} {a} {b} {x y} }{") == ["b", "a", "x y"]
    assert template_columns(column_field("a}b{c\\")) == ["a}b{c\\"]


def test_attributes_are_never_read():
    with pytest.raises(InputError, match="no column"):
        render_texts(TABLE, "{Text.__class__}")


def test_missing_column_names_the_near_ones():
    with pytest.raises(InputError) as caught:
        render_texts(TABLE, "{summary} {Text}")
    assert caught.value.message == 'There is no column "summary".'
    assert caught.value.remedy.startswith('Did you mean "Summary"')
    with pytest.raises(InputError, match='The columns are "Summary", "Text"'):
        render_texts(TABLE, "{zzzzzz}")


@pytest.mark.parametrize("template", ["", "Text", "{{Text}}", "{}"])
def test_template_without_a_column(template):
    with pytest.raises(InputError, match="names no column"):
        render_texts(TABLE, template)


def test_renamed():
    assert rename_fields("{{a}} {a}: {b}", {"a": "a (2)"}) == "{{a}} {a (2)}: {b}"
