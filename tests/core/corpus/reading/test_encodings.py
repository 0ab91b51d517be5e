import codecs

import pytest

from core.corpus.reading.encodings import ENCODINGS, detect_encoding
from core.corpus.reading.files import read_files
from core.corpus.reading.values import ReadOptions, Upload
from core.errors import InputError

FRENCH = "text,note\nLe café était très bon et la crème brûlée délicieuse,5\nDéçu par le goût,2\n"
CHINESE = "text,评分\n这个味道很好，我们都喜欢，下次还会再买的。,5\n物流太慢了，包装也破了,1\n"
CASES = [
    (FRENCH, "utf-8", "UTF-8"),
    (FRENCH, "utf-8-sig", "UTF-8-SIG"),
    (FRENCH, "utf-16", "UTF-16"),
    (FRENCH, "utf-16-le", "UTF-16-LE"),
    (FRENCH, "utf-16-be", "UTF-16-BE"),
    (FRENCH, "utf-32", "UTF-32"),
    (FRENCH, "latin-1", "Latin-1"),
    (FRENCH + "“quoted” – €5,1\n", "cp1252", "Windows-1252"),
    (CHINESE, "utf-8", "UTF-8"),
    (CHINESE, "gb18030", "GB18030"),
    (CHINESE, "gbk", "GB18030"),
    (CHINESE, "utf-16", "UTF-16"),
    (CHINESE, "utf-16-le", "UTF-16-LE"),
]


@pytest.mark.parametrize(("text", "codec", "shown"), CASES)
def test_encoding_is_found_shown_and_read(text, codec, shown):
    data = text.encode(codec)
    if codec == "utf-16":
        assert data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    raw = read_files([Upload("a.csv", data)])
    assert raw.sources[0].encoding == shown
    lines = text.splitlines()
    column = raw.table.columns[0]
    assert column == "text"
    assert raw.table[column].tolist() == [line.rsplit(",", 1)[0] for line in lines[1:]]


@pytest.mark.parametrize(("text", "codec"), [("Привет, как дела? Всё хорошо, спасибо большое.\n" * 9, "cp1251")])
def test_others_are_left_to_the_library(text, codec):
    assert text.encode(codec).decode(detect_encoding(text.encode(codec))) == text


def test_korean_is_not_taken_for_chinese():
    assert detect_encoding(("안녕하세요 이 제품은 정말 좋습니다 배송도 빨랐어요\n" * 20).encode("euc-kr")) != "GB18030"


def test_bytes_outside_ascii_late_in_a_big_file_are_found():
    data = ("text\n" + "plain words\n" * 50_000 + "très bon goût\n").encode("latin-1")
    raw = read_files([Upload("a.csv", data)])
    assert raw.sources[0].encoding == "Latin-1"
    assert raw.table["text"].iloc[-1] == "très bon goût"


def test_override_is_honored():
    raw = read_files([Upload("a.csv", "text\nцена\n".encode("cp1251"))], ReadOptions(encoding="Windows-1251"))
    assert raw.table["text"].tolist() == ["цена"]
    assert raw.sources[0].encoding == "Windows-1251"


def test_wrong_override_names_the_line_and_what_fits():
    with pytest.raises(InputError) as caught:
        read_files([Upload("a.csv", CHINESE.encode("gb18030"))], ReadOptions(encoding="UTF-8"))
    assert '"a.csv" is not UTF-8 text: byte 0x' in caught.value.message
    assert "line 1" in caught.value.message
    assert "GB18030" in caught.value.remedy


@pytest.mark.parametrize("name", ["klingon", "base64", "rot13", "a\0b"])
def test_unknown_override(name):
    with pytest.raises(InputError, match="encoding"):
        read_files([Upload("a.csv", b"text\na\n")], ReadOptions(encoding=name))


@pytest.mark.parametrize("name", ENCODINGS)
def test_every_offered_encoding_is_known(name):
    codecs.lookup(name)


def test_paragraphs_and_json_follow_the_encoding_too():
    data = "Premier été.\n\nDeuxième\nligne.\n".encode("utf-16")
    raw = read_files([Upload("a.txt", data)], ReadOptions(text_unit="paragraph"))
    assert raw.table["text"].tolist() == ["Premier été.", "Deuxième\nligne."]
    raw = read_files([Upload("a.json", '[{"t":"été"}]'.encode("utf-16-le"))])
    assert raw.table["t"].tolist() == ["été"]
