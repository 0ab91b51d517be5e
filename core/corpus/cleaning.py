"""Cleaning of texts that were made for browsers or databases: HTML tags and entities, backslash escapes."""

import html
import re
from collections.abc import Callable, Sequence

_INLINE = (
    "a|abbr|audio|b|body|button|center|cite|code|col|colgroup|del|em|embed|font|head|html|i|iframe|img|input|ins|kbd|label|"
    "legend|link|mark|meta|noscript|object|option|param|picture|q|s|samp|script|select|small|source|span|strike|strong|"
    "style|sub|sup|svg|tbody|td|textarea|tfoot|th|thead|title|tt|u|var|video|wbr|o:p"
)
_BLOCK = (
    "address|article|aside|blockquote|br|caption|dd|details|div|dl|dt|figcaption|figure|footer|form|h[1-6]|header|hr|li|"
    "main|nav|ol|p|pre|section|summary|table|tr|ul"
)
_ATTRIBUTE = (
    r"""\s+(?:[\w:.-]+\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'<>=]+)|checked|disabled|hidden|selected|controls|nowrap)"""
)
_TAG = re.compile(rf"</?(?:({_BLOCK})|{_INLINE})(?:{_ATTRIBUTE})*\s*/?>", re.IGNORECASE)
_DROPPED = tuple(
    (re.compile(opening, re.IGNORECASE), re.compile(closing, re.IGNORECASE))
    for opening, closing in (
        ("<script[ >]", r"</script\s*>"), ("<style[ >]", r"</style\s*>"), ("<head[ >]", r"</head\s*>"),
        ("<!--", "-->"), ("<!doctype", ">"),
    )
)  # fmt: skip
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});")
_SPACES = re.compile(r"[ \t\xa0]+")
_LINES = re.compile(r" ?\n ?(?:\n ?)*")
_ESCAPE = re.compile(r"\\(?:u[0-9a-fA-F]{4}|[nrt0\"'/\\])|_x[0-9A-Fa-f]{4}_")
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", "0": "", '"': '"', "'": "'", "/": "/", "\\": "\\"}
_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_HALF = re.compile("[\ud800-\udfff]")


def strip_markup(text: str) -> str:
    """Without HTML tags, comments and scripts, with entities as characters and block elements as line ends. Tags
    written as entities (&lt;p&gt;) are removed where a text has no others; a text without any is returned as it is."""
    if "<" not in text and "&" not in text:
        return text
    if not _TAG.search(text):
        text = _unescape_entities(text)
        return strip_markup(text) if _TAG.search(text) else text
    return _unescape_entities(_without_tags(text)).strip()


def _without_tags(text: str) -> str:
    for opening, closing in _DROPPED:
        text = _without_spans(text, opening, closing)
    text = _TAG.sub(lambda tag: "\n" if tag[1] else "", text)
    return _LINES.sub("\n", _SPACES.sub(" ", text))


def _without_spans(text: str, opening: re.Pattern[str], closing: re.Pattern[str]) -> str:
    """In linear time, which one pattern for a whole span would not be where it is never closed."""
    parts, position = [], 0
    while (start := opening.search(text, position)) and (end := closing.search(text, start.end())):
        parts.append(text[position : start.start()])
        position = end.end()
    return " ".join([*parts, text[position:]])


def _unescape_entities(text: str) -> str:
    return _ENTITY.sub(lambda entity: html.unescape(entity[0]).replace("\xa0", " "), text)


def undo_escapes(text: str) -> str:
    r"""Escapes of databases and JSON (\n, \t, \", \\, \u00e9) and of Excel (_x000D_) as characters."""
    if "\\" not in text and "_x" not in text:
        return text
    text = _ESCAPE.sub(_unescaped, text)
    text = _PAIR.sub(lambda pair: pair[0].encode("utf-16", "surrogatepass").decode("utf-16"), text)
    return _HALF.sub("\ufffd", text).replace("\r\n", "\n").replace("\r", "\n")


def _unescaped(escape: re.Match[str]) -> str:
    sign = escape[0][1]
    code = escape[0].strip("_")[1:] if escape[0].startswith("_") else escape[0][2:]
    if escape[0].startswith("_") or sign == "u":
        character = chr(int(code, 16))
        return character if character in "\n\r\t" or ord(character) >= 0x20 else ""
    return _ESCAPED[sign]


def clean_texts(texts: Sequence[str], clean: Callable[[str], str]) -> tuple[list[str], int]:
    """The cleaned texts, and how many were changed."""
    cleaned = [clean(text) for text in texts]
    return cleaned, sum(new != old for new, old in zip(cleaned, texts, strict=True))
