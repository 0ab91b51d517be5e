"""Characters of mixed text: Chinese ones, and full-width digits and letters as their ordinary forms."""

import re
from collections.abc import Callable

from core.corpus.language import HAN, KANA
from core.entities.types import Mention

MAX_CHARACTERS = 100_000  # of a text that rules read
# one character for one, so that positions stay those of the text; but the comma, which separates numbers in Chinese
_NARROW = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F) if code != 0xFF0C}
_NARROW |= {0x3000: 0x20, 0xFFE1: ord("£"), 0xFFE5: ord("¥"), 0xFFE6: ord("₩")}
CHINESE_DIGITS = "〇零一二两三四五六七八九十百千万亿"
CHINESE_NUMBER = f"[{CHINESE_DIGITS}]{{1,12}}"
# neither Chinese characters nor full-width punctuation, which end a link
LINK_PART = re.compile("[^\\s\u3000-\u303f\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]{4,2048}")


def narrow(text: str) -> str:
    """Full-width digits, letters and signs in their ordinary width; of the same length."""
    return text[:MAX_CHARACTERS].translate(_NARROW)


def is_chinese(text: str) -> bool:
    """Whether there are Chinese characters and no Japanese ones."""
    return bool(HAN.search(text)) and not KANA.search(text)


def chinese_number(digits: str) -> float | None:
    """The number that Chinese digits stand for, such as 三十一 or 二〇二六; None where they do not."""
    from cn2an import cn2an

    try:
        return float(cn2an(digits.replace("零", "〇") if len(digits) > 3 else digits, "smart"))
    except ValueError:
        return None


class Mentions:
    """What patterns match in a text, without overlaps: an earlier pattern goes first. original: as written."""

    def __init__(self, text: str, original: str) -> None:
        self._text, self._original = text, original
        self._taken = bytearray(len(text))
        self._values: dict[tuple[int, int], str] = {}

    def add(self, pattern: re.Pattern[str], read: Callable[[re.Match[str]], str | None]) -> None:
        """read: the normal form of a match, None where it is no entity."""
        for match in pattern.finditer(self._text):
            start, end = match.span()
            if any(self._taken[start:end]) or not (value := read(match)):
                continue
            self._values[start, end] = value
            self._taken[start:end] = b"\x01" * (end - start)

    def in_order(self) -> list[Mention]:
        return [
            Mention(value, self._original[start:end].strip()) for (start, end), value in sorted(self._values.items())
        ]
