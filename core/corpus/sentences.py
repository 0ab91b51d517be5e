"""Sentences of a text, by sentencex (Wikimedia, MIT): rules that know abbreviations and quotations."""

from collections.abc import Iterator

from core.corpus.keyword import Span

LANGUAGE = "en"  # its rules end sentences at Chinese and Japanese full stops, too


def sentence_spans(text: str) -> tuple[Span, ...]:
    """(start, end) in characters of each sentence, in order, without surrounding white space; none of a blank text.

    Line breaks end a sentence, so that headings and list items stand alone.
    """
    spans: list[Span] = []
    for start, end in _lines(text):
        spans += _sentences(text, start, end)
    return tuple(spans)


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
