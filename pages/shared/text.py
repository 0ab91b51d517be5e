"""Text for pages: user text escaped for Markdown, numbers in readable form."""

import re
from collections import Counter
from collections.abc import Mapping

_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$:&^=@/])")
# after parsing, Streamlit still replaces bare addresses by links, arrows and dashes by symbols, and a logo
_LATER = re.compile(r"(?<=:)(?=//)|(?<=www)(?=\.)|(?<=@)|(?<=[-<>~])(?=[-=>])|(?<=:)(?=streamlit:)", re.IGNORECASE)
_JOINER = "\u2060"  # word joiner: invisible, breaks no line, but splits such sequences


def plain(text: object) -> str:
    """Text escaped so that Markdown shows it unchanged: no markup, links, HTML, formulas, icons or typography."""
    flat = " ".join(str(text).replace("\x00", "").split())
    return _MARKDOWN.sub(r"\\\1", _LATER.sub(_JOINER, flat))


def cut(text: str, max_length: int = 80) -> str:
    """The text on one line, shortened to max_length characters."""
    flat = " ".join(text.split())
    return flat if len(flat) <= max_length else flat[: max_length - 1].rstrip() + "…"


def cut_middle(text: str, max_length: int) -> str:
    """The text on one line, its middle replaced by an ellipsis if it is longer: names often differ at their end."""
    flat = " ".join(text.split())
    end = max_length // 2 - 1
    return flat if len(flat) <= max_length else f"{flat[: max_length - end - 1].rstrip()}…{flat[-end:].lstrip()}"


def format_duration(seconds: float) -> str:
    """Seconds as "8 s", "2 min 5 s" or "1 h 4 min"."""
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


def count(number: int, noun: str, plural: str = "") -> str:
    """ "1 row", "2,000 rows"; plural: where it is not the noun with an s."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def disambiguate_labels(labels: Mapping[str, str]) -> dict[str, str]:
    """Labels by key; equal ones get the beginning of their key appended, as a widget identifies options by label."""
    times = Counter(labels.values())
    return {key: f"{label} · {key[:4]}" if times[label] > 1 else label for key, label in labels.items()}


def file_stem(name: str, default: str = "corpus") -> str:
    """A name as part of a file name."""
    return re.sub(r"[^\w]+", "-", name).strip("-")[:60].lower() or default
