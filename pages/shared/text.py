"""Text for the page: users' words shown as they are, numbers in human form."""

import re
from collections import Counter
from collections.abc import Mapping

_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$:&^=@/])")
# after Markdown was read, the browser still makes links of bare addresses, signs of arrows and dashes, and a logo
_LATER = re.compile(r"(?<=:)(?=//)|(?<=www)(?=\.)|(?<=@)|(?<=[-<>~])(?=[-=>])|(?<=:)(?=streamlit:)", re.IGNORECASE)
_JOINER = "\u2060"  # word joiner: has no width and breaks no line, but parts what would be read as one


def plain(text: object) -> str:
    """Text that Markdown shows as it stands: no markup, links, HTML, formulas, icons or typographic signs."""
    flat = " ".join(str(text).replace("\x00", "").split())
    return _MARKDOWN.sub(r"\\\1", _LATER.sub(_JOINER, flat))


def cut(text: str, max_length: int = 80) -> str:
    """The text's beginning on one line."""
    flat = " ".join(text.split())
    return flat if len(flat) <= max_length else flat[: max_length - 1].rstrip() + "…"


def format_duration(seconds: float) -> str:
    """Seconds as a person says them: "8 s", "2 min 5 s", "1 h 4 min"."""
    total = max(round(seconds), 0)
    if total < 60:
        return f"{total} s"
    minutes, rest = divmod(total, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"


def format_bytes(count: float) -> str:
    """Bytes as "512 B", "1.5 MB"."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            return f"{count:.0f} {unit}" if count >= 10 or unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return ""


def count(number: int, noun: str) -> str:
    """ "1 row", "2,000 rows"."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def disambiguate_labels(labels: Mapping[str, str]) -> dict[str, str]:
    """Labels by key; of equal ones each ends with the beginning of its key, as a widget knows its options by their
    labels alone."""
    times = Counter(labels.values())
    return {key: f"{label} · {key[:4]}" if times[label] > 1 else label for key, label in labels.items()}
