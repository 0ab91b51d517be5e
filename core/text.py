"""User text for charts: Plotly interprets some HTML in labels, so it is escaped, and its length is limited."""

import html
import unicodedata
from collections.abc import Iterable, Sequence
from math import floor, log10

MAX_WIDTH = 80
LINE_WIDTH = 42
HOVER_BYTES = 4_800_000  # of all hover texts of a figure together, as JSON
MIN_WIDTH = 16
BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def clean_line(text: object) -> str:
    """One line without control and bidi control characters and lone surrogates; whitespace is collapsed."""
    line = " ".join(str(text).split())
    if line.isprintable():  # bidi controls (category Cf) are not printable
        return line
    return "".join(char for char in line if char not in BIDI and unicodedata.category(char) not in {"Cc", "Cs"})


def truncate(text: str, width: int) -> str:
    return text if len(text) <= width else text[: max(1, width - 1)].rstrip() + "…"


def chart_label(text: object, width: int = MAX_WIDTH) -> str:
    """A name for a legend, axis or title: one clean line, truncated and escaped."""
    return html.escape(truncate(clean_line(text), width), quote=False)


def hover_texts(texts: Sequence[str], width: int = MAX_WIDTH, budget: int = HOVER_BYTES) -> list[str]:
    """Beginnings of texts on one or two lines, escaped; shorter if they would exceed the budget of bytes in total."""
    lines = [truncate(clean_line(text[: 4 * width]), width) for text in texts]
    wrapped = [_wrapped(line) for line in lines]
    cost = sum(map(_json_bytes, wrapped))
    if cost <= budget:
        return wrapped
    shorter = max(MIN_WIDTH, int(width * budget / cost))
    return [_wrapped(truncate(line, shorter)) for line in lines]


def _json_bytes(text: str) -> int:
    """Bytes in JSON as Plotly writes it: non-ASCII characters and < > / as \\uXXXX; quotes, comma."""
    escaped = text.count("<") + text.count(">") + text.count("/")
    beyond = 0 if text.isascii() else sum(char > "\x7f" for char in text)
    return len(text) + 5 * (escaped + beyond) + 3


def _wrapped(line: str) -> str:
    """Two lines if the text is long, broken at a space if there is one nearby."""
    if len(line) <= LINE_WIDTH:
        return html.escape(line, quote=False)
    at = line.rfind(" ", LINE_WIDTH // 2, LINE_WIDTH + 1)
    head, tail = (line[:LINE_WIDTH], line[LINE_WIDTH:]) if at < 0 else (line[:at], line[at + 1 :])
    return f"{html.escape(head, quote=False)}<br>{html.escape(tail, quote=False)}"


def format_milliseconds(milliseconds: float) -> str:
    """Milliseconds with three significant digits, "0.0316 ms", "1.5 s"."""
    return f"{milliseconds:.3g} ms" if milliseconds < 999.5 else f"{milliseconds / 1000:,.3g} s"


def common_decimals(values: Iterable[float | None], least: int = 1, most: int = 6) -> int:
    """Decimals for a column of numbers: as many as its smallest positive one needs for two significant digits."""
    smallest = min((value for value in values if value is not None and value > 0), default=1.0)
    return min(max(1 - floor(log10(smallest)), least), most)
