"""Encoding detection: byte order marks, NULs, UTF-8, Chinese, Western, then charset-normalizer on a sample."""

import codecs
import re

from core.errors import InputError

ENCODINGS = (
    "UTF-8", "UTF-16", "UTF-16-LE", "UTF-16-BE", "GB18030", "Big5", "Shift_JIS", "EUC-KR", "Latin-1", "Windows-1252",
    "Windows-1251",
)  # fmt: skip
_MARKS = (
    (codecs.BOM_UTF8, "UTF-8-SIG"), (codecs.BOM_UTF32_LE, "UTF-32"), (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"), (codecs.BOM_UTF16_BE, "UTF-16"),
)  # fmt: skip
_SAMPLE = 65_536
_CHUNK = 4 * 1024**2
# the hundred most frequent characters of modern Chinese make up some 40 % of running text
_COMMON_CHINESE = frozenset(
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方多经么去法学如都同"
    "现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日很买店货送慢快差吗"
)
_WESTERN = frozenset("àáâãäåæçèéêëìíîïñòóôõöøùúûüßÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜœŒ°«»¿¡£€§©®\xa0–—‘’“”…•·½²´")


def to_utf8(name: str, data: bytes, override: str | None = None) -> tuple[bytes, str]:
    """The text as UTF-8 bytes without a mark (not copied if UTF-8), and the encoding detected or given.
    Raises InputError when `override` is unknown or does not fit."""
    encoding = _checked_name(override) if override else detect_encoding(data)
    if encoding in {"UTF-8", "UTF-8-SIG"}:
        if not _is_utf8(data):
            raise _wrong_encoding(name, data, encoding)
        return (data[3:] if data.startswith(codecs.BOM_UTF8) else data), encoding
    try:
        return data.decode(encoding).removeprefix("\ufeff").encode("utf-8"), encoding
    except UnicodeError as error:
        raise _wrong_encoding(name, data, encoding) from error


def detect_encoding(data: bytes) -> str:
    """The most likely encoding that decodes all of data; Latin-1, which decodes anything, as a fallback."""
    for mark, encoding in _MARKS:
        if data.startswith(mark) and _decodes(data, encoding):
            return encoding
    if wide := _utf16_by_nuls(data):
        return wide
    if _is_utf8(data):
        return "UTF-8"
    sample = _sample(data)
    candidates = [_chinese(sample), _western(sample), _by_library(sample), "GB18030", "Windows-1252"]
    return next((encoding for encoding in candidates if encoding and _decodes(data, encoding)), "Latin-1")


def _is_utf8(data: bytes) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(data), _CHUNK):
            decoder.decode(data[start : start + _CHUNK])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _decodes(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except (UnicodeError, LookupError):
        return False
    return True


def _utf16_by_nuls(data: bytes) -> str:
    """UTF-16 without a mark: NULs lie on one side of byte pairs only (ASCII letters, spaces, line ends)."""
    head = data[:_SAMPLE]
    even_nuls, odd_nuls = head[::2].count(0), head[1::2].count(0)
    few = len(head) // (20 if _is_utf8(head.rstrip(b"\x80")) else 500)
    if max(even_nuls, odd_nuls) <= few or min(even_nuls, odd_nuls) * 20 > max(even_nuls, odd_nuls):
        return ""
    encoding = "UTF-16-LE" if odd_nuls > even_nuls else "UTF-16-BE"
    return encoding if _decodes(data, encoding) else ""


def _sample(data: bytes) -> bytes:
    """Up to 64 KB of lines from the first byte outside ASCII on."""
    match = re.search(rb"[\x80-\xff]", data)
    first = match.start() if match else 0
    begin = data.rfind(b"\n", 0, first) + 1 if first - data.rfind(b"\n", 0, first) < 1000 else first
    sample = data[begin : begin + _SAMPLE]
    end = sample.rfind(b"\n")
    return sample[:end] if end > 0 and len(sample) == _SAMPLE else sample


def _chinese(sample: bytes) -> str:
    """GB18030 when the sample decodes to Chinese in which frequent characters are frequent."""
    text = sample.decode("gb18030", errors="replace")
    wide = [char for char in text if char > "\x7f"]
    if not wide or text.count("\ufffd") > 1:  # one: a character cut at the end
        return ""
    simple = sum(len(char.encode("gb2312", errors="ignore")) > 0 for char in wide) / len(wide)
    common = sum(char in _COMMON_CHINESE for char in wide) / len(wide)
    return "GB18030" if simple >= 0.8 and common >= 0.08 else ""


def _western(sample: bytes) -> str:
    """Latin-1 or Windows-1252 when bytes outside ASCII are few and nearly all accents and marks of Western Europe."""
    text = sample.decode("cp1252", errors="replace")
    wide, letters = [char for char in text if char > "\x7f"], sum(map(str.isalpha, text)) or 1
    if not wide or len(wide) / letters > 0.3 or sum(char in _WESTERN for char in wide) / len(wide) < 0.95:
        return ""
    return "Windows-1252" if any(0x80 <= byte <= 0x9F for byte in sample) else "Latin-1"


def _by_library(sample: bytes) -> str:
    from charset_normalizer import from_bytes

    best = from_bytes(sample, enable_fallback=False).best()
    return str(best.encoding) if best else ""


def _checked_name(encoding: str) -> str:
    try:
        codec = codecs.lookup(encoding)
    except (LookupError, ValueError) as error:
        raise InputError(f'"{encoding}" is not a known encoding.', f"Choose one of {', '.join(ENCODINGS)}.") from error
    if not getattr(codec, "_is_text_encoding", True):
        raise InputError(f'"{encoding}" is not an encoding of text.', f"Choose one of {', '.join(ENCODINGS)}.")
    return {"utf-8": "UTF-8", "utf-8-sig": "UTF-8-SIG"}.get(codec.name, encoding)


def _wrong_encoding(name: str, data: bytes, encoding: str) -> InputError:
    fits, where = detect_encoding(data), ""
    try:
        data.decode(encoding)
    except UnicodeError as error:
        if isinstance(error, UnicodeDecodeError):
            line = data.count(b"\n", 0, error.start) + 1
            where = f": byte 0x{data[error.start]:02X} in line {line:,} does not fit"
    return InputError(f'"{name}" is not {encoding} text{where}.', f"Choose automatic encoding, or {fits}, which fits.")
