"""Known questions: typed, and from CSV files of several shapes."""

import pytest

from core.ask.known import MAX_BYTES, MAX_KNOWN, parse_known, read_known
from core.errors import InputError


def test_typed_questions_count_once():
    assert parse_known("Why?\n\n Why? \nHow?", "When?") == (("Why?", True), ("How?", True), ("When?", False))


def test_questions_of_a_file():
    data = '\ufeffAnswerable ,Question\nyes,"Why, then?"\n0,When?\nTRUE,Why\nno,\n'.encode()
    assert read_known(data) == (("Why, then?", True), ("When?", False), ("Why", True))


@pytest.mark.parametrize(
    "data",
    [b"\xff\xfe\x00", b"question\nWhy?", b"question,answerable\nWhy?,maybe", b"a,b\n1,2", b"x" * (MAX_BYTES + 1)],
)
def test_other_files_are_refused(data):
    with pytest.raises(InputError) as raised:
        read_known(data)
    assert raised.value.remedy


def test_too_many_are_refused():
    with pytest.raises(InputError):
        parse_known("\n".join(f"Question {i}?" for i in range(MAX_KNOWN + 1)), "")
