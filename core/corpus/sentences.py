"""Sentences of a text, by sentencex (Wikimedia, MIT): rules that know abbreviations and quotations."""

import re
from collections.abc import Iterator, Sequence

from core.corpus.keyword import Span

MAX_HEADING = 120  # characters
MAX_HEADINGS = 3  # title, chapter and section above a paragraph
_COMPLETE = re.compile(r"[.!?。！？…।؟]['\"”’»）)\]]*$")  # how a sentence ends
_NO_HEADING = re.compile(r"[•·▪*–-]|.*[:：].*\d")
_ENDS = ("", "\n", "\r", "\u2028", "\u2029", "\x0b", "\x0c", "\x85")
LANGUAGE = "en"  # its rules end sentences at Chinese and Japanese full stops, too


def sentence_spans(text: str) -> tuple[Span, ...]:
    """(start, end) in characters of each sentence, in order, without surrounding white space; none of a blank text.

    Line breaks end a sentence, so that headings and list items stand alone.
    """
    spans: list[Span] = []
    for start, end in _lines(text):
        spans += _sentences(text, start, end)
    return tuple(spans)


def without_headings(text: str, spans: Sequence[Span]) -> tuple[Span, ...]:
    """The sentences that are no headings: short lines without a full stop or the like, at most MAX_HEADINGS in a row,
    that a complete sentence follows. All of them where no sentence is complete."""
    sentences: list[Span] = []
    allowed = 0  # lines above a complete sentence that can still be headings
    for start, end in reversed(spans):
        is_complete = bool(_COMPLETE.search(text, start, end))
        if not is_complete and allowed and _is_short_line(text, start, end):
            allowed -= 1
            continue
        allowed = MAX_HEADINGS if is_complete else 0
        sentences.append((start, end))
    return tuple(reversed(sentences))


def _is_short_line(text: str, start: int, end: int) -> bool:
    """Whether a sentence is a line of its own, neither a list item nor a figure with its name."""
    before, after = (part.strip(" \t") for part in (text[max(0, start - 20) : start], text[end : end + 20]))
    is_line = before[-1:] in _ENDS and after[:1] in _ENDS
    return is_line and end - start <= MAX_HEADING and not _NO_HEADING.match(text, start, end)


def _lines(text: str) -> Iterator[Span]:
    start = 0
    for line in text.splitlines(keepends=True):
        yield start, start + len(line)
        start += len(line)


def _sentences(text: str, start: int, end: int) -> Iterator[Span]:
    import sentencex

    for part in sentencex.segment(LANGUAGE, text[start:end]):
        at = text.find(part, start, end)
        if at >= 0 and part.strip():
            left = at + len(part) - len(part.lstrip())
            yield left, left + len(part.strip())
            start = at + len(part)
