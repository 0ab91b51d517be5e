"""Numbers in text cells: read only where none changes, or with a note."""

import pandas as pd
import pytest

from core.corpus.reading.cells import infer_numbers
from core.corpus.reading.files import read_files
from core.corpus.reading.values import Upload


def infer(*cells):
    return infer_numbers(pd.Series(cells, dtype="str"), "column")


TEXTS = [
    ("1.9", "1.10", "1.11"), ("1.1", "1.10"), ("12e5", "13e5"), ("12E5", "5"), ("+491234567", "+4930123"),
    ("1e-400", "0.5"), ("1e400", "2"), ("007", "12"), ("-007", "1"), ("0.12345678901234567890", "0.5"),
    ("9007199254740993", "1.5"), ("9007199254740993", None), ("123456789012345678901234567890", "1"), ("1_000", "2"),
    ("1,234", "5,678"), ("inf", "1"), ("5", "six"), ("３", "4"), ("NaN", "None"),
]  # fmt: skip
NUMBERS = [
    (("3", "-4", "0"), [3, -4, 0]), (("2.50", "3.00"), [2.5, 3.0]), (("0.1", "2", ".5"), [0.1, 2.0, 0.5]),
    (("1e-05", "0.5"), [1e-05, 0.5]), (("+0.5", "-0.3"), [0.5, -0.3]),
    (("9007199254740993", "1"), [9007199254740993, 1]),
    (("1.000000000000000056e-01", "2.000000000000000000e+00"), [0.1, 2.0]),
    ((" 5", "6 "), [5, 6]),
]  # fmt: skip
NAMED = [
    (("NA", "3", "n/a"), [None, 3.0, None], "NA"), (("3,5", "4,0"), [3.5, 4.0], "3,5"),
    (("1.234,5", "2,25"), [1234.5, 2.25], "1.234,5"), (("2.500", "0.0"), [2.5, 0.0], "2.500"),
    (("1.2E-3", "0.5"), [0.0012, 0.5], "1.2E-3"),
]  # fmt: skip


@pytest.mark.parametrize("cells", TEXTS)
def test_what_a_number_can_not_hold_stays_text(cells):
    column, _ = infer(*cells)
    assert [None if pd.isna(cell) else cell for cell in column.tolist()] == list(cells)


@pytest.mark.parametrize(("cells", "numbers"), NUMBERS)
def test_numbers_without_a_note(cells, numbers):
    column, note = infer(*cells)
    assert column.tolist() == numbers
    assert not note


@pytest.mark.parametrize(("cells", "numbers", "named"), NAMED)
def test_numbers_whose_form_changes_have_a_note(cells, numbers, named):
    column, note = infer(*cells)
    assert [None if pd.isna(number) else number for number in column.tolist()] == numbers
    assert f'"{named}"' in note
    assert '"column"' in note


def test_notes_on_numbers_name_the_column_of_the_file():
    raw = read_files([Upload("a.csv", b"text;version;score\na b;1.10;3,5\nc d;1.9;4,0\n")])
    assert raw.table["version"].tolist() == ["1.10", "1.9"]
    assert raw.table["score"].tolist() == [3.5, 4.0]
    notes = " ".join(raw.sources[0].notes)
    assert '"version" stays text' in notes
    assert '"score" has decimal commas' in notes
