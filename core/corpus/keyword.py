"""Keyword search (BM25) and regular-expression search, and excerpts with their matches."""

import re
import time
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from math import log, prod
from typing import Any, NamedTuple, Protocol

import numpy as np

from core.errors import InputError

Span = tuple[int, int]
TermCounts = tuple[np.ndarray, np.ndarray]  # (m,) int64 texts, rising, and (m,) float64 frequencies of a term in them
K1, B = 1.2, 0.75  # the usual values for BM25
MAX_SPANS = 1_000  # matches counted in one text
MAX_QUERY_TERMS = 32  # words of one query
MAX_PATTERN_LENGTH = 1_000  # characters of one regular expression
MAX_EXPANDED = 1_000_000  # characters once its fixed repeats are written out, as compiling does
SECONDS = 5.0  # one regular expression over all texts
# scripts written without spaces: any of their substrings is a word
SPACELESS = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
LETTER = f"[^\\W{SPACELESS}]"


@dataclass(frozen=True, eq=False)
class KeywordHits:
    """Hits of a keyword or regex search, best first.

    rows: (k,) int64. scores: (k,) float32, higher is better: BM25, or the number of matches of a pattern.
    matched: (k,) int64, how many terms of the query the text contains. spans: for each hit the (start, end) of its
    matches in characters, ascending, not overlapping. total: texts that match.
    """

    rows: np.ndarray
    scores: np.ndarray
    matched: np.ndarray
    spans: tuple[tuple[Span, ...], ...]
    total: int


class Term(NamedTuple):
    """A word, or a phrase in quotes, in lower case; excluded: -word or -"a phrase"."""

    text: str
    quoted: bool = False
    excluded: bool = False


def parse_terms(query: str) -> tuple[Term, ...]:
    """The unique terms of a query. A minus excludes a term only where it begins it: "e-mail" is one word."""
    matches = re.findall(r'(?:(?<!\S)(-))?(?:"([^"]+)"|([^\s"]+))', lower(query))
    terms = (Term(" ".join((phrase or word).split()), bool(phrase), bool(minus)) for minus, phrase, word in matches)
    return tuple(dict.fromkeys(term for term in terms if term.text))[:MAX_QUERY_TERMS]


class TermIndex(Protocol):
    """Where terms occur in texts, known in advance. lengths: (n,) float64 characters of each text."""

    @property
    def lengths(self) -> np.ndarray: ...

    def count(self, term: Term) -> TermCounts:
        """The rows with the term, rising, and how often it occurs in each."""
        ...


def search_keywords(
    texts: Sequence[str], query: str, k: int = 10, mask: np.ndarray | None = None, terms_first: bool = True,
    index: TermIndex | None = None,
) -> KeywordHits:  # fmt: skip
    """Texts with words of the query, ignoring case: those with more of its terms first, then by BM25; by BM25 alone
    without terms_first.

    A word matches where a word of the text begins with it ("refund" finds "refunds"); a "quoted phrase" matches
    whole words only; in scripts without spaces, such as Chinese, any substring matches. Texts with a term after a
    minus (-word) are left out. Okapi BM25 (Robertson and Zaragoza, 2009) with lengths in characters and Lucene's
    never-negative idf. mask: bool (n,), rows to search. index: of these texts, quicker than scanning them. Raises
    InputError for a query without a word to search for.
    """
    terms = [term for term in parse_terms(query) if not term.excluded]
    if not terms:
        raise InputError("The query has no words to search for.", "Enter one or more words, without a minus.")
    rows = np.arange(len(texts)) if mask is None else np.flatnonzero(mask)
    if (excluded := texts_with_excluded(texts, query)) is not None:
        rows = rows[~excluded[rows]]
    counts, lengths = _counts_in(rows, texts, terms) if index is None else _indexed_counts(rows, terms, index)
    scores, matched = _bm25(counts, lengths)
    hits = np.flatnonzero(matched)
    best = hits[np.lexsort((hits, -scores[hits], -matched[hits] * terms_first))][:k]
    spans = tuple(_spans(_term_spans(lower(texts[int(row)]), terms)) for row in rows[best])
    return KeywordHits(rows[best], scores[best].astype(np.float32), matched[best], spans, len(hits))


def _counts_in(rows: np.ndarray, texts: Sequence[str], terms: Iterable[Term]) -> tuple[list[TermCounts], np.ndarray]:
    """By scanning: positions among the rows with each term and its frequencies, and the rows' lengths."""
    lowered = [lower(texts[int(row)]) for row in rows]
    lengths = np.fromiter(map(len, lowered), dtype=np.float64, count=len(lowered))
    return [count_term(lowered, term) for term in terms], lengths


def _indexed_counts(
    rows: np.ndarray, terms: Iterable[Term], index: TermIndex
) -> tuple[list[TermCounts], np.ndarray]:  # fmt: skip
    position = np.full(len(index.lengths), -1)
    position[rows] = np.arange(len(rows))
    counts = []
    for found, frequencies in map(index.count, terms):
        at = position[found]
        counts.append((at[at >= 0], frequencies[at >= 0]))
    return counts, index.lengths[rows]


def texts_with_excluded(texts: Sequence[str], query: str) -> np.ndarray | None:
    """Bool (n,): texts with a word or phrase that the query excludes; None where it excludes nothing."""
    excluded = [term for term in parse_terms(query) if term.excluded]
    if not excluded:
        return None
    lowered = [lower(text) for text in texts]
    contained = np.zeros(len(texts), dtype=bool)
    for term in excluded:
        contained[count_term(lowered, term)[0]] = True
    return contained


def included_text(query: str) -> str:
    """The query without the terms that it excludes: what to embed."""
    return re.sub(r'(?<!\S)-(?:"[^"]+"|[^\s"]+)', "", query).strip()


def lower(text: str) -> str:
    """Lower case that keeps every character in its place, so that spans fit the text."""
    lowered = text.lower()
    same = len(lowered) == len(text)
    return lowered if same else "".join(low if len(low := char.lower()) == 1 else char for char in text)


def _term_pattern(searched: Term) -> re.Pattern[str]:
    """The term where no letter precedes it (nor, for a phrase, follows it)."""
    term, quoted, _ = searched
    body = r"\s+".join(re.escape(word) for word in term.split())
    # a lookbehind after the term, so that the scan for its literal text stays fast
    fixed = len(term.split()) == 1
    before = "" if not _is_letter(term[0]) else f"(?<!{LETTER}{body})" if fixed else f"(?<!{LETTER})"
    after = f"(?!{LETTER})" if quoted and _is_letter(term[-1]) else ""
    return re.compile(body + before + after if fixed else before + body + after)


def _is_letter(char: str) -> bool:
    return bool(re.match(LETTER, char))


def count_term(lowered: Sequence[str], term: Term) -> TermCounts:
    """Positions of the texts in lower case that have the term, and its frequency in each."""
    pattern, probe = _term_pattern(term), term.text.split()[0]
    counts = {i: len(pattern.findall(text)) for i, text in enumerate(lowered) if probe in text}
    counts = {i: count for i, count in counts.items() if count}
    positions = np.fromiter(counts.keys(), dtype=np.int64, count=len(counts))
    return positions, np.fromiter(counts.values(), dtype=np.float64, count=len(counts))


def _bm25(counts: Sequence[TermCounts], lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Scores (n,) float64 and the number of matched terms (n,) int64."""
    scores, matched = np.zeros(len(lengths)), np.zeros(len(lengths), dtype=np.int64)
    norms = K1 * (1 - B + B * lengths / max(lengths.mean(), 1.0)) if len(lengths) else lengths
    for positions, frequencies in counts:
        weight = log(1 + (len(lengths) - len(positions) + 0.5) / (len(positions) + 0.5))
        scores[positions] += weight * frequencies * (K1 + 1) / (frequencies + norms[positions])
        matched[positions] += 1
    return scores, matched


def _term_spans(lowered: str, terms: Iterable[Term]) -> Iterable[Span]:
    for term in terms:
        yield from (match.span() for match in islice(_term_pattern(term).finditer(lowered), MAX_SPANS))


def query_spans(text: str, query: str) -> tuple[Span, ...]:
    """Matches of a query's words in a text: (start, end) in characters, ascending, not overlapping."""
    return _spans(_term_spans(lower(text), (term for term in parse_terms(query) if not term.excluded)))


def _spans(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Sorted, with overlapping spans merged."""
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return tuple(joined)


def search_regex(
    texts: Sequence[str], pattern: str, k: int = 10, mask: np.ndarray | None = None, ignore_case: bool = True,
    seconds: float = SECONDS,
) -> KeywordHits:  # fmt: skip
    """Texts in which a regular expression matches at least one character, most matches first. All texts together get
    `seconds`, so that no pattern can block the search. mask: bool (n,), rows to search. Raises InputError for an
    invalid pattern (with the position) or one that takes too long."""
    matches = _compile(pattern, ignore_case)
    rows = np.arange(len(texts)) if mask is None else np.flatnonzero(mask)
    deadline = time.monotonic() + seconds
    lengths = (len(_pattern_spans(matches, texts[int(row)], deadline, i)) for i, row in enumerate(rows))
    counts = np.fromiter(lengths, dtype=np.int64, count=len(rows))
    hits = np.flatnonzero(counts)
    best = hits[np.lexsort((hits, -counts[hits]))][:k]
    spans = tuple(_pattern_spans(matches, texts[int(rows[i])], time.monotonic() + seconds, int(i)) for i in best)
    return KeywordHits(rows[best], counts[best].astype(np.float32), np.ones_like(best), spans, len(hits))


def _compile(pattern: str, ignore_case: bool) -> Callable[..., Any]:
    import regex

    if not pattern or len(pattern) > MAX_PATTERN_LENGTH:
        raise InputError(f"A pattern needs 1 to {MAX_PATTERN_LENGTH:,} characters, this one has {len(pattern):,}.")
    repeats = prod(max(1, int(count)) for count in re.findall(r"\{\s*([0-9]{1,20})", pattern))
    if repeats * len(pattern) > MAX_EXPANDED:  # a{999}{999}{999} would fill the memory before any time is up
        raise InputError("The pattern repeats too much.", "Use smaller numbers in braces, or * and +.")
    try:
        return regex.compile(pattern, flags=regex.IGNORECASE if ignore_case else 0).finditer
    except regex.error as error:
        where = f" at character {min(error.pos + 1, len(pattern)):,}" if error.pos is not None else ""
        remedy = r"Fix the pattern, or switch to Keyword. To match a literal ( write \(."
        raise InputError(f"Invalid pattern: {error.msg}{where}.", remedy) from error
    except (OverflowError, RecursionError, MemoryError) as error:
        raise InputError("The pattern is too large.", "Use a simpler pattern.") from error


def _pattern_spans(matches: Callable[..., Any], text: str, deadline: float, position: int) -> tuple[Span, ...]:
    left = deadline - time.monotonic()
    try:
        if left <= 0:
            raise TimeoutError
        spans = (match.span() for match in matches(text, timeout=left))
        return tuple(islice((span for span in spans if span[1] > span[0]), MAX_SPANS))
    except TimeoutError:
        remedy = "Simplify it: nested repeats such as (a+)+ are slow. Filtering rows first helps, too."
        raise InputError(f"The pattern takes too long: stopped after {position:,} texts.", remedy) from None


def mark_matches(text: str, spans: Sequence[Span], width: int = 240) -> tuple[tuple[str, bool], ...]:
    """An excerpt of about `width` characters around the first match, as (segment, is a match) pairs: plain text, to be
    escaped for display. A cut end is "…". Control characters become spaces."""
    first = spans[0][0] if spans else 0
    start = 0 if len(text) <= width else max(0, min(first - width // 3, len(text) - width))
    end = min(len(text), start + width)
    pieces: list[tuple[str, bool]] = [("…", False)] if start else []
    at = start
    for left, right in spans:
        left, right = max(left, at), min(right, end)
        if left < right:
            pieces += [(text[at:left], False), (text[left:right], True)]
            at = right
    pieces += [(text[at:end], False), ("…" if end < len(text) else "", False)]
    return tuple((_printable(piece), marked) for piece, marked in pieces if piece)


def _printable(text: str) -> str:
    return "".join(" " if unicodedata.category(char) in {"Cc", "Cs"} else char for char in text)
