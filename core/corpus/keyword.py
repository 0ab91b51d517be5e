"""Keyword search (BM25) and regular-expression search, and excerpts with their matches."""

import re
import time
import unicodedata
from collections.abc import Iterable, Sequence
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
SECONDS, SECONDS_PER_TEXT = 5.0, 1e-5  # one regular expression over all texts
# scripts written without spaces: any of their substrings is a word
SPACELESS = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
LETTER = f"[^\\W{SPACELESS}]"


@dataclass(frozen=True, eq=False)
class KeywordHits:
    """Hits of a keyword or regex search, best first.

    rows: (k,) int64. scores: (k,) float32, higher is better: BM25, or the number of matches of a pattern.
    matched: (k,) int64, how many terms of the query the text contains. spans: for each hit the (start, end) of its
    matches in characters, ascending, not overlapping. matching: (m,) int64, all rows that match, rising.
    """

    rows: np.ndarray
    scores: np.ndarray
    matched: np.ndarray
    spans: tuple[tuple[Span, ...], ...]
    matching: np.ndarray

    @property
    def total(self) -> int:
        """How many rows match."""
        return len(self.matching)


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
    """Where terms occur in n texts. lengths: (n,) numbers, characters of each text."""

    @property
    def lengths(self) -> np.ndarray: ...

    def count(self, term: Term) -> TermCounts:
        """The rows with the term, rising, and how often it occurs in each."""
        ...


class ScannedTexts:
    """A TermIndex of a few texts that reads all of them for each term, and the reference for any other."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._lowered = [lower(text) for text in texts]
        self.lengths = np.fromiter(map(len, texts), np.int32, len(texts))

    def count(self, term: Term) -> TermCounts:
        pattern, probe = _term_pattern(term), term.text.split()[0]
        counts = {i: len(pattern.findall(text)) for i, text in enumerate(self._lowered) if probe in text}
        counts = {i: count for i, count in counts.items() if count}
        rows = np.fromiter(counts.keys(), dtype=np.int64, count=len(counts))
        return rows, np.fromiter(counts.values(), dtype=np.float64, count=len(counts))


def search_keywords(
    texts: Sequence[str], query: str, k: int = 10, mask: np.ndarray | None = None, terms_first: bool = True,
    index: TermIndex | None = None,
) -> KeywordHits:  # fmt: skip
    """Texts with words of the query, ignoring case: those with more of its terms first, then by BM25; by BM25 alone
    without terms_first.

    A word matches where a word of the text begins with it ("refund" finds "refunds"); a "quoted phrase" matches
    whole words only; in scripts without spaces, such as Chinese, any substring matches. Texts with a term after a
    minus (-word) are left out. Okapi BM25 (Robertson and Zaragoza, 2009) with lengths in characters and Lucene's
    never-negative idf. mask: bool (n,), rows to search. index: of these texts; None scans them. Raises InputError for
    a query without a word to search for.
    """
    terms = [term for term in parse_terms(query) if not term.excluded]
    if not terms:
        raise InputError("The query has no words to search for.", "Enter one or more words, without a minus.")
    index = ScannedTexts(texts) if index is None else index
    if (excluded := texts_with_excluded(index, query)) is not None:
        mask = ~excluded if mask is None else mask & ~excluded
    scores, matched = _bm25(index, terms, mask)
    matching = np.flatnonzero(matched != 0)
    order = matched[matching] * (scores.max(initial=0) + 1) * terms_first + scores[matching]
    best = matching[_largest(order, k)]
    best = best[np.lexsort((best, -scores[best], -matched[best] * terms_first))][:k]
    spans = tuple(_spans(_term_spans(lower(texts[int(row)]), terms)) for row in best)
    return KeywordHits(best, scores[best].astype(np.float32), matched[best].astype(np.int64), spans, matching)


def _largest(values: np.ndarray, k: int) -> np.ndarray:
    """Positions of the k largest values, and of those that rounding may have put below them."""
    if len(values) <= k or k < 1:
        return np.arange(len(values))
    return np.flatnonzero(values >= np.partition(values, len(values) - k)[len(values) - k] * (1 - 1e-9))


def texts_with_excluded(index: TermIndex, query: str) -> np.ndarray | None:
    """Bool (n,): texts with a word or phrase that the query excludes; None where it excludes nothing."""
    excluded = [term for term in parse_terms(query) if term.excluded]
    if not excluded:
        return None
    contained = np.zeros(len(index.lengths), dtype=bool)
    for term in excluded:
        contained[index.count(term)[0]] = True
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


def _bm25(index: TermIndex, terms: Sequence[Term], mask: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Scores (n,) float64 and the number of matched terms (n,) int8 among the rows of a mask."""
    total = len(index.lengths) if mask is None else int(mask.sum())
    scores, matched = np.zeros(len(index.lengths)), np.zeros(len(index.lengths), dtype=np.int8)
    if not total:
        return scores, matched
    mean = max(float((index.lengths if mask is None else index.lengths[mask]).mean(dtype=np.float64)), 1.0)
    for rows, frequencies in map(index.count, terms):
        if mask is not None:
            inside = mask[rows]
            rows, frequencies = rows[inside], frequencies[inside]
        weight = log(1 + (total - len(rows) + 0.5) / (len(rows) + 0.5))
        norms = K1 * (1 - B + B * index.lengths[rows] / mean)
        scores[rows] += weight * frequencies * (K1 + 1) / (frequencies + norms)
        matched[rows] += 1
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
    `seconds` and 10 microseconds each, so that no pattern can block the search. mask: bool (n,), rows to search. Raises
    InputError for an invalid pattern (with the position) or one that takes too long."""
    compiled = _compile(pattern, ignore_case)
    rows = np.arange(len(texts)) if mask is None else np.flatnonzero(mask)
    deadline = time.monotonic() + seconds + SECONDS_PER_TEXT * len(rows)
    lengths = (len(_pattern_spans(compiled, texts[int(row)], deadline, i)) for i, row in enumerate(rows))
    counts = np.fromiter(lengths, dtype=np.int64, count=len(rows))
    hits = np.flatnonzero(counts)
    best = hits[np.lexsort((hits, -counts[hits]))][:k]
    spans = tuple(_pattern_spans(compiled, texts[int(rows[i])], time.monotonic() + seconds, int(i)) for i in best)
    return KeywordHits(rows[best], counts[best].astype(np.float32), np.ones_like(best), spans, rows[hits])


def _compile(pattern: str, ignore_case: bool) -> Any:
    import regex

    if not pattern or len(pattern) > MAX_PATTERN_LENGTH:
        raise InputError(f"A pattern needs 1 to {MAX_PATTERN_LENGTH:,} characters, this one has {len(pattern):,}.")
    repeats = prod(max(1, int(count)) for count in re.findall(r"\{\s*([0-9]{1,20})", pattern))
    if repeats * len(pattern) > MAX_EXPANDED:  # a{999}{999}{999} would fill the memory before any time is up
        raise InputError("The pattern repeats too much.", "Use smaller numbers in braces, or * and +.")
    try:
        return regex.compile(pattern, flags=regex.IGNORECASE if ignore_case else 0)
    except regex.error as error:
        where = f" at character {min(error.pos + 1, len(pattern)):,}" if error.pos is not None else ""
        remedy = r"Fix the pattern, or switch to Keyword. To match a literal ( write \(."
        raise InputError(f"Invalid pattern: {error.msg}{where}.", remedy) from error
    except (OverflowError, RecursionError, MemoryError) as error:
        raise InputError("The pattern is too large.", "Use a simpler pattern.") from error


def _pattern_spans(pattern: Any, text: str, deadline: float, position: int) -> tuple[Span, ...]:
    left = deadline - time.monotonic()
    try:
        if left <= 0:
            raise TimeoutError
        if pattern.search(text, timeout=left) is None:  # half the time of finditer
            return ()
        spans = (match.span() for match in pattern.finditer(text, timeout=left))
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
