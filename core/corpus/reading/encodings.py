"""Encoding detection: byte order marks, NULs, UTF-8 with a few invalid bytes, then the candidate that reads best."""

import codecs
import re
from contextlib import suppress
from dataclasses import dataclass
from itertools import accumulate, islice, pairwise, zip_longest
from typing import NamedTuple

from core.corpus.language import language_evidence
from core.errors import InputError

ENCODINGS = {
    "UTF-8": "utf-8", "UTF-16": "utf-16", "UTF-16-LE": "utf-16-le", "UTF-16-BE": "utf-16-be", "UTF-32": "utf-32",
    "Windows-1252": "cp1252", "Latin-1": "latin-1", "Windows-1250": "cp1250", "ISO-8859-2": "iso8859-2",
    "Windows-1251": "cp1251", "KOI8-R": "koi8-r", "KOI8-U": "koi8-u", "Windows-1253": "cp1253",
    "ISO-8859-7": "iso8859-7", "Windows-1254": "cp1254", "Windows-1255": "cp1255", "Windows-1256": "cp1256",
    "Windows-1257": "cp1257", "CP874": "cp874", "Shift_JIS": "cp932", "EUC-JP": "euc_jp", "EUC-KR": "cp949",
    "GB18030": "gb18030", "Big5": "cp950", "Mac-Roman": "mac-roman", "CP437": "cp437", "CP850": "cp850",
    "CP852": "cp852", "CP866": "cp866", "ISO-8859-5": "iso8859-5",
}  # fmt: skip
_MARKS = (
    (codecs.BOM_UTF8, "UTF-8-SIG"), (codecs.BOM_UTF32_LE, "UTF-32"), (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"), (codecs.BOM_UTF16_BE, "UTF-16"),
)  # fmt: skip
# a penalty for rare encodings, about half a word of evidence, and less weight where a script has one language only
_PENALTIES = {
    "Windows-1252": 0, "Windows-1250": 2, "ISO-8859-2": 2, "Windows-1251": 0, "KOI8-R": 0, "KOI8-U": 1,
    "Windows-1253": 4, "ISO-8859-7": 4, "Windows-1254": 3, "Windows-1255": 2, "Windows-1256": 3, "Windows-1257": 6,
    "CP874": 6, "Shift_JIS": 3, "EUC-JP": 3, "EUC-KR": 3, "GB18030": 3, "Big5": 3, "Mac-Roman": 6, "CP437": 8,
    "CP850": 6, "CP852": 8, "CP866": 6, "ISO-8859-5": 8,
}  # fmt: skip
_RARE = 6
_WEIGHTS = {"CP874": 0.5, "Windows-1253": 0.85, "ISO-8859-7": 0.85, "Windows-1255": 0.9, "Windows-1256": 0.9}
_THAI = "\u0e01-\u0e2e", "\u0e31\u0e34-\u0e3a\u0e47"  # consonants; vowels above and below them
_IMPLAUSIBLE = (
    (8, r"[\udc80-\udcff]"),  # invalid bytes
    (4, r"[\x80-\x9f\ufffd\ue000-\uf8ff]"),  # control characters, private use
    (2, r"[\u2500-\u259f]"),  # box drawing
    (1, r"[\uff61-\uff9f]"),  # half-width katakana
    (1, r"(?<=[^\W\d_])[^\w\s\x00-\x7f’‘–—·\u0300-\u036f\u0590-\u05ff\u0600-\u06ff\u0e00-\u0e7f](?=[^\W\d_])"),  # a©b
    (1, r"[a-zß-öø-ÿа-яёα-ω][À-ÖØ-ÞА-ЯЁΑ-Ω]"),  # lower case, then upper case
    (1, r"[a-zA-Z][\u0370-\u06ff\u0e00-\u0eff]|[\u0370-\u06ff\u0e00-\u0eff][a-zA-Z]"),  # two scripts in a word
    (1, r"[ךםןףץς](?=[^\W\d_])"),  # final letters within a word
    (1, rf"(?<![{_THAI[0]}])[{_THAI[1]}]|(?<![{_THAI[0]}{_THAI[1]}])[\u0e48-\u0e4e]|[\u0e40-\u0e44](?![{_THAI[0]}])"),
)
_IMPLAUSIBLE_COST = 8.0
# a guess that needs no check leads by this share of its evidence, or by this much
_CERTAIN_SHARE, _CERTAIN_LEAD, _LITTLE_EVIDENCE = 0.15, 20.0, 40.0
_SAMPLE, _WINDOWS, _WINDOW = 4096, 16, 65_536
_ASCII = bytes(range(128))
_CHUNK = 4 * 1024**2
_MAX_LISTED = 5
_LINE_LENGTH = 80  # characters of a preview of a decoded line


@dataclass(frozen=True)
class Decoded:
    """data: UTF-8 without a mark. notes: on invalid bytes. alternatives: (encoding, a line as it reads it), the best
    first and from two on, where the encoding is uncertain; else empty."""

    data: bytes
    encoding: str
    notes: tuple[str, ...] = ()
    alternatives: tuple[tuple[str, str], ...] = ()


class _Reading(NamedTuple):
    score: float
    encoding: str
    sample: str


def to_utf8(name: str, data: bytes, override: str | None = None) -> Decoded:
    """The text as UTF-8 (not copied if it is that), in the encoding detected or given. A few invalid bytes are repaired
    where the text around them allows it, else they become U+FFFD. Raises InputError when `override` is unknown or
    does not fit."""
    encoding, alternatives = (_checked_name(override), ()) if override else _detect(data)
    if encoding in {"UTF-8", "UTF-8-SIG"} and _is_utf8(data):
        return Decoded(data.removeprefix(codecs.BOM_UTF8), encoding)
    decoded = _decode(data, encoding)
    if decoded is None:
        raise _wrong_encoding(name, data, encoding)
    text, notes = decoded
    return Decoded(text.removeprefix("\ufeff").encode("utf-8"), encoding, notes, alternatives)


def _detect(data: bytes) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The most likely encoding (else Latin-1, which decodes anything), and the alternatives where it is uncertain."""
    marked = next((encoding for mark, encoding in _MARKS if data.startswith(mark)), "") or utf16_or_32(data)
    for encoding in filter(None, (marked, "UTF-8")):
        if (encoding == "UTF-8" and _is_utf8(data)) or _decode(data, encoding):
            return encoding, ()
    suitable = (reading for reading in _readings(_sample(data)) if _decode(data, reading.encoding))
    readings = list(islice(suitable, _MAX_LISTED))
    if not readings:
        return "Latin-1", ()
    best = readings[0]
    others = [reading for reading in readings[1:] if reading.sample != best.sample]
    lead = min(_CERTAIN_SHARE * max(best.score, _LITTLE_EVIDENCE), _CERTAIN_LEAD)
    lead *= 3 if _PENALTIES[best.encoding] >= _RARE else 1
    uncertain = [other for other in others if best.score - other.score < lead]
    named = [reading._replace(encoding=_latin_1_if_plain(reading.encoding, data)) for reading in (best, *uncertain)]
    return named[0].encoding, _line_previews(named) if uncertain else ()


def _readings(sample: bytes) -> list[_Reading]:
    """The sample in each candidate, most plausible first: evidence of a language less implausible characters."""
    readings = []
    for encoding, penalty in _PENALTIES.items():
        text = sample.decode(ENCODINGS[encoding], "surrogateescape")
        implausible = sum(weight * len(re.findall(pattern, text)) for weight, pattern in _IMPLAUSIBLE)
        evidence = language_evidence(re.sub("[\ud800-\udfff]", "", text)) * _WEIGHTS.get(encoding, 1.0)
        readings.append(_Reading(evidence - _IMPLAUSIBLE_COST * implausible - penalty, encoding, text))
    return sorted(readings, key=lambda reading: -reading.score)


def _latin_1_if_plain(encoding: str, data: bytes) -> str:
    return "Latin-1" if encoding == "Windows-1252" and not re.search(rb"[\x80-\x9f]", data) else encoding


def _line_previews(readings: list[_Reading]) -> tuple[tuple[str, str], ...]:
    """One line of each reading: the first that all of them read differently from the best, else differing anywhere."""
    lines = [reading.sample.split("\n") for reading in readings]
    differing = [len({row[at] for row in lines if at < len(row)}) for at in range(len(lines[0]))]
    at = differing.index(max(differing))
    return tuple(
        (reading.encoding, re.sub("[\ud800-\udfff]", "\ufffd", row[at])[:_LINE_LENGTH] if at < len(row) else "")
        for reading, row in zip(readings, lines, strict=False)
    )


def _decode(data: bytes, encoding: str) -> tuple[str, tuple[str, ...]] | None:
    """The text, few invalid bytes replaced, and a note on them; None where too many are invalid for this encoding."""
    codec = ENCODINGS.get(encoding, encoding)
    is_utf8, wide = encoding.startswith("UTF-8"), codecs.lookup(codec).name.startswith(("utf-16", "utf-32"))
    with suppress(UnicodeError):
        return data.decode(codec), ()
    try:
        text = data.decode(codec, "replace" if wide else "surrogateescape")
    except UnicodeError:
        return None
    invalid = list(re.finditer("\ufffd" if wide else "[\udc80-\udcff]+", text))
    # UTF-8's sequences hardly occur by chance: two valid bytes for each invalid one suffice
    allowed = len(text) // 100 if wide else len(data.translate(None, bytes(range(128)))) // (3 if is_utf8 else 20)
    if sum(len(match[0]) for match in invalid) > allowed:
        return None
    replaced = [_replacement(text, match, is_utf8) for match in invalid]
    parts, end = [], 0
    for match, replacement in zip(invalid, replaced, strict=True):
        parts += [text[end : match.start()], replacement]
        end = match.end()
    return "".join([*parts, text[end:]]), (_invalid_note(text, invalid, replaced, encoding, wide),)


def _replacement(text: str, match: re.Match[str], is_utf8: bool) -> str:
    """The bytes as Windows-1252 reads them where that suits the neighboring characters, else U+FFFD."""
    values = match[0].encode("ascii", "surrogateescape") if match[0] != "\ufffd" else b""
    cut = any(first >= 0xC2 and second < 0xC0 for first, second in pairwise(values))
    if not is_utf8 or cut:
        return "\ufffd"
    before, after = text[match.start() - 1 : match.start()], text[match.end() : match.end() + 1]
    if not all(char < "\u0250" or "\u2000" <= char <= "\u206f" for char in before + after):
        return "\ufffd"  # in another script
    read = values.decode("cp1252", "replace")
    in_word = before.isalpha() or after.isalpha()
    suits = all(char in "’‘“”–—…\xa0" or (in_word if char.isalpha() else not before.isalpha()) for char in read)
    return read if suits else "\ufffd"


def _invalid_note(text: str, invalid: list[re.Match[str]], replaced: list[str], encoding: str, wide: bool) -> str:
    """Which bytes were replaced in which lines, and by what."""
    items = []
    end = "\n" if "\n" in text else "\r"
    for match, replacement in zip(invalid[:_MAX_LISTED], replaced, strict=False):
        values = "" if wide else " ".join(f"0x{ord(char) - 0xDC00:02X}" for char in match[0])
        outcome = "U+FFFD" if "\ufffd" in replacement else f'"{replacement}"'
        items.append(f"line {text.count(end, 0, match.start()) + 1:,} ({values + ' → ' if values else ''}{outcome})")
    count = sum(len(match[0]) for match in invalid)
    listed = ", ".join(items) + (", …" if len(invalid) > _MAX_LISTED else "")
    subject = "1 byte is" if count == 1 else f"{count:,} bytes are"
    return f"{subject} not valid {encoding}; replaced in {listed}."


def _is_utf8(data: bytes) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(data), _CHUNK):
            decoder.decode(data[start : start + _CHUNK])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def utf16_or_32(data: bytes) -> str:
    """UTF-16 or UTF-32 without a mark: NULs lie on one side of byte pairs only (ASCII letters, spaces, line ends), or
    are three of four bytes; else ""."""
    head = data[:_WINDOW]
    nuls = [head[at::4].count(0) * 4 for at in range(4)]
    if min(nuls[2:]) > 0.9 * len(head) and nuls[0] < 0.1 * len(head):
        return "UTF-32-LE"
    if min(nuls[:2]) > 0.9 * len(head) and nuls[3] < 0.1 * len(head):
        return "UTF-32-BE"
    even_nuls, odd_nuls = head[::2].count(0), head[1::2].count(0)
    few = len(head) // (20 if _is_utf8(head.rstrip(b"\x80")) else 500)
    if max(even_nuls, odd_nuls) <= few or min(even_nuls, odd_nuls) * 20 > max(even_nuls, odd_nuls):
        return ""
    return "UTF-16-LE" if odd_nuls > even_nuls else "UTF-16-BE"


def _sample(data: bytes) -> bytes:
    """Up to 4 KB of pieces of lines with bytes outside ASCII, from all parts of the data. Pieces end at a line end, or
    at a space or sign that is no second byte of any encoding."""
    first = re.search(rb"[\x80-\xff]", data)
    starts = {0, first.start() if first else 0, *range(0, len(data), max(len(data) // _WINDOWS, _WINDOW))}
    windows = []
    for start in sorted(starts):
        window = data[max(start - 200, 0) : start + _WINDOW]
        pieces = re.findall(rb"[^\r\n]{1,400}[^\r\n\x20-\x2f]*", window)[1 if start else 0 :]
        windows.append([piece for piece in pieces if re.search(rb"[\x80-\xff]", piece)])
    mixed: dict[bytes, bytes] = {}  # a text that many rows repeat, each with its ID, is evidence once
    for piece in (piece for pieces in zip_longest(*windows) for piece in pieces if piece):
        mixed.setdefault(piece.translate(None, _ASCII), piece)
    sizes = accumulate(map(len, mixed.values()))
    return b"\n".join(piece for piece, size in zip(mixed.values(), sizes, strict=True) if size < _SAMPLE + len(piece))


def _checked_name(encoding: str) -> str:
    if encoding in ENCODINGS:
        return encoding
    try:
        codec = codecs.lookup(encoding)
    except (LookupError, ValueError) as error:
        raise InputError(f'"{encoding}" is not a known encoding.', f"Choose one of {', '.join(ENCODINGS)}.") from error
    if not getattr(codec, "_is_text_encoding", True):
        raise InputError(f'"{encoding}" is not an encoding of text.', f"Choose one of {', '.join(ENCODINGS)}.")
    return {"utf-8": "UTF-8", "utf-8-sig": "UTF-8-SIG"}.get(codec.name, encoding)


def _wrong_encoding(name: str, data: bytes, encoding: str) -> InputError:
    suitable, where = _detect(data)[0], ""
    try:
        data.decode(ENCODINGS.get(encoding, encoding))
    except UnicodeError as error:
        if isinstance(error, UnicodeDecodeError):
            line = data.count(b"\n", 0, error.start) + 1
            where = f": byte 0x{data[error.start]:02X} in line {line:,} is invalid"
    return InputError(
        f'"{name}" is not {encoding} text{where}.', f"Choose automatic encoding, or {suitable}, which decodes it."
    )
