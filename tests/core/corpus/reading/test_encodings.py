import codecs

import pytest

from core.corpus.reading.encodings import ENCODINGS
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


LINES = {
    "de": "Die Lieferung kam drei Tage zu spät, für die Größe gab es keine Entschuldigung; schöne Grüße aus Köln.",
    "fr": "Le café était très bon, mais la livraison a été annulée à cause de la grève, ça me déçoit beaucoup.",
    "es": "El envío llegó mañana y mañana, la atención telefónica fue pésima; ¿qué pasó con mi devolución en España?",
    "pl": "Paczka przyszła trzy dni później, obsługa była miła, ale część zamówienia została w magazynie.",
    "cs": "Zásilka přišla pozdě, ale příště bych si ještě něco objednal, protože zboží je velmi kvalitní.",
    "hu": "A csomag későn érkezett, de az ügyfélszolgálat gyorsan és őszintén válaszolt a kérdésünkre.",
    "ru": "Посылка пришла на три дня позже, но служба поддержки ответила быстро и вежливо.",
    "uk": "Посилка прийшла на три дні пізніше, але служба підтримки відповіла швидко і ввічливо.",
    "he": "המשלוח הגיע באיחור של שלושה ימים, אבל שירות הלקוחות היה אדיב ומהיר מאוד",
    "el": "Το δέμα έφτασε τρεις ημέρες αργότερα, αλλά η εξυπηρέτηση ήταν γρήγορη και ευγενική.",
    "tr": "Paket üç gün geç geldi ama müşteri hizmetleri çok hızlı ve nazikti, yine alışveriş yapacağım.",
    "ja": "荷物は三日遅れて届きましたが、お客様サポートの対応はとても早くて丁寧でした。",
    "ko": "택배가 사흘이나 늦게 도착했지만 고객 지원은 아주 빠르고 친절했습니다.",
    "zh": "包裹晚了三天才到，但是客服的回复很快，也很有礼貌，下次还会再买的。",
    "zh-Hant": "包裹晚了三天才到，但是客服的回覆很快，也很有禮貌，下次還會再買的。",
}
CODECS = [
    ("de", "cp1252"), ("de", "cp850"), ("de", "mac-roman"), ("fr", "cp1252"), ("fr", "mac-roman"), ("fr", "cp437"),
    ("es", "cp1252"), ("pl", "cp1250"), ("pl", "iso8859-2"), ("cs", "cp1250"), ("cs", "iso8859-2"), ("hu", "cp1250"),
    ("ru", "cp1251"), ("ru", "koi8-r"), ("ru", "cp866"), ("uk", "cp1251"), ("he", "cp1255"), ("el", "cp1253"),
    ("tr", "cp1254"), ("ja", "cp932"), ("ja", "euc_jp"), ("ko", "euc_kr"), ("ko", "cp949"), ("zh", "gb18030"),
    ("zh-Hant", "big5"),
]  # fmt: skip


def table_of(line, delimiter=",", rows=4):
    return f"id{delimiter}text\n" + "".join(f'{row}{delimiter}"{line}"\n' for row in range(rows))


@pytest.mark.parametrize(("language", "codec"), CODECS)
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_sentence_is_read_in_the_encoding_that_it_was_written_in(language, codec, delimiter):
    raw = read_files([Upload("a.csv", table_of(LINES[language], delimiter).encode(codec))])
    assert raw.table["text"].tolist() == [LINES[language]] * 4


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("language", ["fr", "ru", "ja"])
def test_utf_16_and_32_need_no_mark(language, codec):
    raw = read_files([Upload("a.csv", table_of(LINES[language]).encode(codec))])
    assert raw.table["text"].tolist() == [LINES[language]] * 4


def test_an_uncertain_encoding_has_alternatives_with_a_line_each():
    data = "name\nKraków\n".encode("mac-roman")
    source = read_files([Upload("a.csv", data)]).sources[0]
    lines = dict(source.alternatives)
    assert len(lines) > 1
    assert next(iter(lines)) == source.encoding
    assert "Kraków" in lines.values()
    assert all(line.startswith("Krak") for line in lines.values())
    assert not read_files([Upload("a.csv", table_of(LINES["ru"]).encode("koi8-r"))]).sources[0].alternatives


BAD_BYTES = [
    ("caf", b"\xe9", " nearby", "é"), ("Z", b"\xfc", "rich", "ü"), ("it", b"\x92", "s here", "’"),
    ("it cost ", b"\xa3", "5", "£"), ("100 ", b"\x80", "", "€"), ("说", b"\xe9", "好", "\ufffd"),
    ("copy", b"\xa9", "right", "\ufffd"), ("cut ", "é常".encode()[:4], "", "é\ufffd"), ("a", b"\x81", "b", "\ufffd"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "byte", "after", "expected"), BAD_BYTES)
@pytest.mark.parametrize("override", [None, "UTF-8"])
@pytest.mark.parametrize("line", [2, 31, 60])
def test_one_invalid_byte_leaves_a_file_utf_8(before, byte, after, expected, override, line):
    lines = [f"{row};Zürich 非常好 “ok” 😀".encode() for row in range(60)]
    lines[line - 2] = b"0;" + before.encode() + byte + after.encode()
    raw = read_files([Upload("a.csv", b"id;text\n" + b"\n".join(lines))], ReadOptions(encoding=override))
    texts = ["Zürich 非常好 “ok” 😀"] * 60
    texts[line - 2] = before + expected + after
    assert raw.table["text"].tolist() == texts
    assert raw.sources[0].encoding == "UTF-8"
    assert f"line {line} (0x" in raw.sources[0].notes[0]


def test_many_invalid_bytes_are_counted_and_the_first_named():
    lines = ["schöne Grüße".encode(), "schöne Grüße".encode("cp1252")] * 20
    raw = read_files([Upload("a.txt", b"\n".join(lines))])
    assert set(raw.table["text"]) == {"schöne Grüße"}
    note = raw.sources[0].notes[0]
    assert note.startswith("60 bytes")
    assert "line 2 (" in note


def test_one_invalid_byte_in_another_encoding_is_replaced_and_named():
    good = table_of(LINES["ja"]).encode("cp932")
    raw = read_files([Upload("a.csv", good + b'9,"ab\x81 cd"\n')])
    assert raw.table["text"].tolist() == [LINES["ja"]] * 4 + ["ab\ufffd cd"]
    assert "line 6 (0x81" in raw.sources[0].notes[0]


def test_json_and_plain_text_name_invalid_bytes_too():
    row = '{"t": "Zürich"}\n'.encode()
    raw = read_files([Upload("a.jsonl", row * 9 + b'{"t": "caf\xe9"}\n')])
    assert raw.table["t"].iloc[-1] == "café"
    assert "line 10 (0xE9" in raw.sources[0].notes[0]
    raw = read_files([Upload("a.txt", "Zürich\n".encode() * 9 + b"caf\xe9\n")])
    assert raw.table["text"].iloc[-1] == "café"
    assert "line 10 (0xE9" in raw.sources[0].notes[0]


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


@pytest.mark.parametrize(
    "text", ["买的绿萝自带小黑飞，现在满屋子都是，崩溃。", "北场店几点关门？门上贴的六点。", "非常好很满意。谢谢"]
)
@pytest.mark.parametrize("row", ["{i},{text}", "R-{i}-x;2026-03-{i:02d};{text}", "{text}\t{i}"])
def test_a_text_that_many_rows_repeat_is_evidence_once(text, row):
    def encodings(count):
        data = "\n".join(["id", *(row.format(i=i, text=text) for i in range(1, count + 1))]).encode("gb18030")
        source = read_files([Upload("a.txt", data)]).sources[0]
        return [source.encoding, *(encoding for encoding, _ in source.alternatives)]

    assert encodings(80) == encodings(1)
    assert "GB18030" in encodings(80)
