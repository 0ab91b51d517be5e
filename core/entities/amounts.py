"""Amounts of money with their currency in English and Chinese, such as "USD 9.99"."""

import re
from decimal import Decimal
from functools import partial

from core.corpus.language import KANA
from core.entities.characters import CHINESE_NUMBER, Mentions, chinese_number, is_chinese, narrow
from core.entities.types import Mention

DOLLARS = {
    "AU": "AUD", "BB": "BBD", "BS": "BSD", "BZ": "BZD", "CA": "CAD", "FJ": "FJD", "GY": "GYD", "HK": "HKD",
    "JM": "JMD", "LR": "LRD", "NZ": "NZD", "SG": "SGD", "TT": "TTD", "TW": "TWD", "US": "USD",
}  # fmt: skip
SYMBOLS = {
    "US$": "USD", "HK$": "HKD", "NT$": "TWD", "AU$": "AUD", "CA$": "CAD", "NZ$": "NZD", "A$": "AUD", "C$": "CAD",
    "S$": "SGD", "R$": "BRL", "$": "", "€": "EUR", "£": "GBP", "¥": "", "₹": "INR", "₩": "KRW", "₽": "RUB",
    "₺": "TRY", "฿": "THB", "₫": "VND", "₴": "UAH", "₦": "NGN", "₱": "PHP", "₪": "ILS",
}  # fmt: skip
# ISO 4217, and the usual name of CNY
CODES = "USD|EUR|GBP|CNY|RMB|JPY|CHF|CAD|AUD|NZD|HKD|TWD|SGD|INR|KRW|BRL|MXN|RUB|TRY|SEK|NOK|DKK|PLN|CZK|HUF|ZAR|THB"
# "pounds" are more often a weight
UNITS = {"dollar": "", "buck": "", "cent": "", "euro": "EUR", "yuan": "CNY", "renminbi": "CNY", "yen": "JPY",
         "rupee": "INR", "ruble": "RUB", "peso": "MXN", "pence": "GBP", "quid": "GBP"}  # fmt: skip
HUNDREDTHS = ("cent", "pence")
SCALES = {
    "thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000, "trillion": 1_000_000_000_000,
    "k": 1_000, "m": 1_000_000, "mn": 1_000_000, "bn": 1_000_000_000, "b": 1_000_000_000,
}  # fmt: skip
CHINESE_SCALES = {"": 1, "十": 10, "百": 100, "千": 1_000, "万": 10_000, "百万": 1_000_000, "千万": 10_000_000,
                  "亿": 100_000_000}  # fmt: skip
CHINESE_UNITS = {
    "元": "CNY", "块钱": "CNY", "块": "CNY", "人民币": "CNY", "美元": "USD", "美金": "USD", "欧元": "EUR",
    "英镑": "GBP", "日元": "JPY", "港元": "HKD", "港币": "HKD", "新台币": "TWD", "台币": "TWD", "加元": "CAD",
    "澳元": "AUD", "韩元": "KRW", "卢布": "RUB",
}  # fmt: skip
MIN_PIECES = 10  # from which "块" is money without further signs; below it may be a measure word ("two pieces")
COMMA_CURRENCIES = ("EUR", "BRL", "RUB", "TRY", "VND", "UAH", "SEK", "NOK", "DKK", "PLN", "CZK", "HUF", "ZAR", "CHF")
WORDS = 6  # of a number in words
_NUMBER = r"(?<![\d.,])(?P<number>\d{1,3}(?:[,.' \u2019]\d{3}){1,5}(?:[.,]\d{1,2})?|\d{1,15}(?:[.,]\d{1,4})?)(?!\d)"
_SCALE = rf"(?:\s?(?P<scale>{'|'.join(sorted(SCALES, key=len, reverse=True))})\b)?"
_SYMBOL = "|".join(map(re.escape, sorted(SYMBOLS, key=len, reverse=True)))
_WORD = "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|"
_WORD += "eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|thousand|million|billion"
_IN_WORDS = (
    rf"(?P<words>(?:a\s(?=hundred|thousand|million|billion))?(?:{_WORD})(?:[\s-](?:and\s)?(?:{_WORD})){{0,{WORDS}}})"
)
_UNIT = rf"(?P<unit>{'|'.join(UNITS)})s?\b"
_PATTERNS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?<![\w$])(?P<symbol>{_SYMBOL})\s?{_NUMBER}{_SCALE}",
        rf"{_NUMBER}{_SCALE}\s?(?P<symbol>[€£₽₺₫₴])",
        rf"\b{_NUMBER}{_SCALE}[\s-]{_UNIT}",
        rf"\b{_IN_WORDS}[\s-]{_UNIT}",
    )
)
_CODE = rf"(?P<code>{CODES})"
_CODED = (re.compile(rf"\b{_CODE}\s?{_NUMBER}{_SCALE}"), re.compile(rf"\b{_NUMBER}{_SCALE}\s?{_CODE}\b"))
_CHINESE = re.compile(
    rf"(?P<number>(?<![\d.])\d{{1,12}}(?:,\d{{3}}){{0,4}}(?:\.\d{{1,4}})?|{CHINESE_NUMBER})"
    rf"\s?(?P<scale>百万|千万|[十百千万亿]?)(?P<more>多|余|来)?\s?"
    rf"(?P<unit>{'|'.join(sorted(CHINESE_UNITS, key=len, reverse=True))})"
    r"(?:(?P<tenths>[一二三四五六七八九1-9])(?:[毛角](?:(?P<hundredths>[一二三四五六七八九1-9])分?)?|(?![\w])))?"
)
_NOT_MONEY = re.compile(r"[旦素月宵件帅首老气朝代]|二次|一次")  # after 元
_THREE_DECIMALS = re.compile(r"\d{1,3}\.\d{3}")
_MONEY_FOLLOWS = re.compile(r"[的钱\s，。！？、,.!?）)]|$")  # after 块


def amounts(text: str, region: str) -> list[Mention]:
    """region: ISO 3166 code of the country whose dollar "$" is."""
    readable = narrow(text)
    mentions = Mentions(readable, text)
    for pattern in (*_PATTERNS, *_CODED):
        mentions.add(pattern, partial(_read, text=text, region=region))
    if is_chinese(text):
        mentions.add(_CHINESE, partial(_read_chinese, text=readable))
    return mentions.in_order()


def _read(match: re.Match[str], text: str, region: str) -> str | None:
    parts = match.groupdict()
    unit = (parts.get("unit") or "").lower()
    currency = parts.get("code") or (UNITS[unit] if unit else SYMBOLS[(parts.get("symbol") or "").upper()])
    if not currency:
        currency = _yen_or_yuan(text, region) if parts.get("symbol") == "¥" else DOLLARS.get(region, "USD")
    words = parts.get("words")
    number = _number_in_words(words) if words else _number_in_digits(parts["number"], currency)
    if number is None:
        return None
    scale = SCALES.get((parts.get("scale") or "").lower(), 1)
    return _value(number * scale / (100 if unit in HUNDREDTHS else 1), currency)


def _read_chinese(match: re.Match[str], text: str) -> str | None:
    unit, after = match["unit"], text[match.end() : match.end() + 2]
    digits = match["number"]
    number = Decimal(digits.replace(",", "")) if digits.isascii() else _decimal(chinese_number(digits))
    if number is None:
        return None
    number *= CHINESE_SCALES[match["scale"]]
    if unit == "元" and _NOT_MONEY.match(after):
        return None
    if (
        unit == "块"
        and number < MIN_PIECES
        and not match["tenths"]
        and (number == 1 or not _MONEY_FOLLOWS.match(after))
    ):
        return None
    for place, factor in (("tenths", "0.1"), ("hundredths", "0.01")):
        if match[place]:
            number += (_decimal(chinese_number(match[place])) or 0) * Decimal(factor)
    return _value(number, CHINESE_UNITS[unit])


def _number_in_digits(digits: str, currency: str) -> Decimal | None:
    """In "1.234", the point divides thousands where decimals have a comma."""
    from price_parser import Price

    has_point = _THREE_DECIMALS.fullmatch(digits) and currency not in COMMA_CURRENCIES
    return Price.fromstring(digits, decimal_separator="." if has_point else None).amount


def _number_in_words(words: str) -> Decimal | None:
    from text_to_num import text2num

    try:
        return Decimal(text2num(re.sub(r"^a\s", "one ", words.lower()), "en"))
    except ValueError:
        return None


def _decimal(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def _yen_or_yuan(text: str, region: str) -> str:
    """ "¥" is the sign of both."""
    return "JPY" if KANA.search(text) or region == "JP" else "CNY"


def _value(number: Decimal, currency: str) -> str:
    places = -int(number.normalize().as_tuple().exponent)
    decimals = 0 if places <= 0 else max(2, min(4, places))
    return f"{'CNY' if currency.upper() == 'RMB' else currency.upper()} {number:.{decimals}f}"
