"""E-mail addresses and URLs (linkify-it, the recognizer of Markdown processors), and hashtags (UAX #31)."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from core.entities.characters import LINK_PART, MAX_CHARACTERS, narrow
from core.entities.types import Mention

# endings of domains without www. or http: others are also file endings, or a full stop without a space after it
DOMAINS = ["com", "net", "org", "edu", "gov", "info", "biz", "io", "app", "dev", "cn", "uk", "de", "fr", "jp", "eu"]
MAX_EMAIL, MAX_HASHTAG = 254, 100  # characters; RFC 5321
# after a Chinese character, too, since Chinese has no spaces; Weibo closes them with another #
_HASHTAG = re.compile(rf"(?<![A-Za-z0-9_&/#])#(\w{{2,{MAX_HASHTAG}}})(?!\w)#?")
_COLOR = re.compile(r"(?=.*\d)(?:[0-9a-f]{3}|[0-9a-f]{6}|[0-9a-f]{8})")


def emails(text: str) -> list[Mention]:
    matches = (match for match in _matches(text) if match.schema == "mailto:")
    forms = (match.raw.removeprefix("mailto:") for match in matches)
    return [Mention(form.lower(), form) for form in forms if len(form) <= MAX_EMAIL and ".." not in form]


def urls(text: str) -> list[Mention]:
    return [Mention(match.raw, match.raw) for match in _matches(text) if match.schema not in ("mailto:", "//")]


def hashtags(text: str) -> list[Mention]:
    """Numbers alone ("#2"), single letters ("#F") and colors ("#ff0088") are no hashtags."""
    tags = [match[1] for match in _HASHTAG.finditer(narrow(text))]
    named = [tag for tag in tags if any(map(str.isalpha, tag)) and not _COLOR.fullmatch(tag.lower())]
    return [Mention(f"#{tag.casefold()}", f"#{tag}") for tag in named]


def _matches(text: str) -> Iterator[Any]:
    """linkify-it's matches in parts without spaces and Chinese characters: its time is quadratic in their length."""
    if "." not in text and "@" not in text:
        return
    for part in LINK_PART.findall(text[:MAX_CHARACTERS]):
        if "." in part or "@" in part:
            yield from _linkifier().match(part) or ()


@lru_cache(maxsize=1)
def _linkifier() -> Any:
    from linkify_it import LinkifyIt

    return LinkifyIt().tlds(DOMAINS)
