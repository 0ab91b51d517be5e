"""Calendar dates in English and Chinese, as ISO 8601; without a year as ISO 8601-2 (EDTF) writes them.

Own rules: on the first 120 rows of the sample, `dateparser.search` gave 26 results ("three years of", "a day"), none
of which is a date that needs no other date to be understood.
"""

import re
from calendar import monthrange
from functools import partial

from core.entities.characters import CHINESE_NUMBER, Mentions, chinese_number, narrow
from core.entities.types import Mention

MONTH_FIRST = ("US", "PH", "PR", "GU")  # countries that write 3/12/2026 for March 12
LEAP_YEAR = 2000
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "January Jan", "February Feb", "March Mar", "April Apr", "May", "June Jun", "July Jul", "August Aug",
            "September Sept Sep", "October Oct", "November Nov", "December Dec",
        ), start=1,
    )
    for name in names.split()
}  # fmt: skip
_MONTHS |= {name.upper(): number for name, number in _MONTHS.items()}
# full names in lower case, but for words that also mean something else
_MONTHS |= {name.lower(): number for name, number in _MONTHS.items() if len(name) > 3 and name not in ("March", "Sept")}
_MONTHS.pop("march", None)
_MONTH = rf"(?P<month>{'|'.join(sorted(_MONTHS, key=len, reverse=True))})\b\.?"
_DAY = r"(?P<day>\d{1,2})(?:(?:st|nd|rd|th)s?)?\b"
_YEAR = r"(?P<year>(?:1[5-9]|20)\d\d)\b"
_DIGITS = rf"(?:\d{{1,2}}|{CHINESE_NUMBER})"
_CHINESE_YEAR = r"(?P<year>(?:1[5-9]|20)\d\d|[一二][〇零一二三四五六七八九]{3})\s?年\s?"
_NUMERIC = re.compile(r"(?<![\d./-])(?P<a>\d{1,2})(?P<sign>[./-])(?P<b>\d{1,2})(?P=sign)(?P<year>\d{4})(?![\d/-]|\.\d)")
_PATTERNS = tuple(
    map(
        re.compile,
        (
            r"(?<![\d./-])(?P<year>(?:1[5-9]|20)\d\d)(?P<sign>[-/.])(?P<month>\d{1,2})(?P=sign)(?P<day>\d{1,2})"
            r"(?![\d/-]|\.\d)",
            rf"(?<![\w:.,/-]){_DAY}\s?(?:of\s)?\s?{_MONTH}(?:(?:,\s?|\s){_YEAR})?",
            rf"\b{_MONTH}\s?{_DAY}(?!:\d)(?:(?:,\s?|\s){_YEAR})?",
            rf"\b{_MONTH},?\s{_YEAR}",
            rf"{_CHINESE_YEAR}(?P<month>{_DIGITS})\s?月(?:\s?(?P<day>{_DIGITS})\s?[日号])?",
            rf"(?<![年\d])(?P<month>{_DIGITS})\s?月\s?(?P<day>{_DIGITS})\s?[日号]",
        ),
    )
)


def dates(text: str, region: str) -> list[Mention]:
    """region: decides whether 3/4/2026 is in March (US) or in April."""
    readable = narrow(text)
    if not any(map(str.isdigit, readable)) and "月" not in readable:
        return []
    mentions = Mentions(readable, text)
    for pattern in _PATTERNS:
        mentions.add(pattern, _named_value)
    mentions.add(_NUMERIC, partial(_numeric_value, month_first=region in MONTH_FIRST))
    return mentions.in_order()


def _named_value(match: re.Match[str]) -> str | None:
    parts = match.groupdict()
    month = _MONTHS.get(parts["month"]) or _number(parts["month"])
    day = _number(parts["day"]) if parts.get("day") else None
    return _iso(_number(parts["year"]) if parts.get("year") else None, month, day)


def _numeric_value(match: re.Match[str], month_first: bool) -> str | None:
    first, second, year = int(match["a"]), int(match["b"]), int(match["year"])
    month, day = (first, second) if (month_first and first <= 12) or second > 12 else (second, first)
    return _iso(year, month, day)


def _number(digits: str) -> int | None:
    value = float(digits) if digits.isascii() else chinese_number(digits)
    return None if value is None else int(value)


def _iso(year: int | None, month: int | None, day: int | None) -> str | None:
    """None where there is no such day, or where neither a day nor a year is named."""
    if month is None or not 1 <= month <= 12 or (year is None and day is None):
        return None
    if day is not None and not 1 <= day <= monthrange(year or LEAP_YEAR, month)[1]:
        return None
    parts = (f"{part:02d}" for part in (month, day) if part is not None)
    return "-".join(("XXXX" if year is None else f"{year:04d}", *parts))
