"""Optional preprocessing of rows: cleaning, removing, sampling and splitting into passages, with a count of each step.

Passages are split by semchunk (Butler, https://github.com/isaacus-dev/semchunk) at natural breaks.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from core.corpus.cleaning import clean_texts, strip_markup, undo_escapes
from core.errors import InputError
from core.types import ModelSpec

Counter = Callable[[str], int]
_WIDE = r"\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
_PIECE = re.compile(rf"[{_WIDE}]|[^\s{_WIDE}]+")
_WORD = 6  # characters of a long word per token
_BLOCK = 50_000  # characters passed to semchunk at once: without spaces it works on lists of single characters
_BREAKS = ("\n\n", "\n", "。", ". ", " ")
_BLANKS = " \t\r\n\u3000\xa0\u200b\u200c\u200d\u2060\ufeff\u00ad"  # white space and zero-width characters
_EXACT_SPLIT = 5_000_000  # characters split for a live count; above it the count is estimated from a sample


@dataclass(frozen=True)
class Steps:
    """The steps, those that change texts first, then in this order. sample: number of random rows, drawn with `seed`,
    in their original order. passage_tokens: size of passages, None for no splitting; passage_overlap: repeated share,
    in [0, 0.5]; passage_model: whose tokens are counted, None for an estimate."""

    drop_empty: bool = True
    drop_duplicates: bool = False
    first: int | None = None
    sample: int | None = None
    seed: int = 0
    passage_tokens: int | None = None
    passage_overlap: float = 0.1
    strip_markup: bool = False
    undo_escapes: bool = False
    passage_model: ModelSpec | None = None


@dataclass(frozen=True)
class StepCount:
    """Rows before and after one step; changed: rows whose text it changed."""

    step: str
    before: int
    after: int
    note: str = ""
    changed: int = 0


def apply_cleaning(texts: list[str], steps: Steps) -> tuple[list[str], list[StepCount]]:
    """The cleaned texts and the counts of the selected steps; unchanged texts where none is selected."""
    selected = (
        (steps.undo_escapes, "Undo escapes", undo_escapes),
        (steps.strip_markup, "Remove HTML", strip_markup),
    )
    counts = []
    for _, label, clean in filter(lambda step: step[0], selected):
        texts, changed = clean_texts(texts, clean)
        counts.append(StepCount(label, len(texts), len(texts), f"{_count_rows(changed)} changed", changed))
    return texts, counts


def select_rows(texts: Sequence[str], steps: Steps) -> tuple[np.ndarray, list[StepCount]]:
    """Positions of the selected rows, ascending, and the counts. Raises InputError naming a step that leaves no row."""
    keep = np.arange(len(texts))
    counts: list[StepCount] = []
    for label, step in _row_steps(texts, steps):
        before, keep = len(keep), step(keep)
        removed = _count_rows(before - len(keep)) if before > len(keep) else "no row"
        counts.append(StepCount(label, before, len(keep), f"{removed} removed"))
        if not len(keep):
            raise InputError(f'No rows are left: the step "{label}" removed all {before:,}.', "Change this step.")
    return keep, counts


def estimate_tokens(text: str) -> int:
    """A fast, deterministic estimate: one token per word, or per 6 characters of a long one, and per CJK character."""
    return sum(1 + (len(piece) - 1) // _WORD for piece in _PIECE.findall(text))


def split_passages(
    texts: Sequence[str], tokens: int, overlap: float = 0.1, count: Counter = estimate_tokens
) -> list[list[str]]:
    """The passages of each text, at most `tokens` tokens each, at least one, in order.

    overlap: share of a passage repeated in the next, in [0, 0.5]. count: the number of tokens of a string. Without
    overlap the joined passages are the text, including white space; with it they cover the text. Raises InputError for
    other values of tokens or overlap.
    """
    _check(tokens, overlap)
    return [[text[slice(*span)] for span in _spans(text, tokens, overlap, count)] for text in texts]


def passage_spans(text: str, tokens: int, overlap: float, count: Counter) -> list[tuple[int, int]]:
    """(start, end) in characters of the passages of a text, as `split_passages` has them. Raises InputError."""
    _check(tokens, overlap)
    return _spans(text, tokens, overlap, count)


def _check(tokens: int, overlap: float) -> None:
    if tokens < 8:
        raise InputError(f"Passages need at least 8 tokens, got {tokens}.", "Choose a larger size.")
    if not 0 <= overlap <= 0.5:
        raise InputError(f"The overlap of passages must be between 0 and 0.5, got {overlap}.", "Choose a smaller one.")


def _spans(text: str, tokens: int, overlap: float, count: Counter) -> list[tuple[int, int]]:
    if len(text) <= tokens or (len(text) <= _BLOCK and count(text) <= tokens):
        return [(0, len(text))]
    from semchunk import chunk

    spans: list[tuple[int, int]] = []
    for start, end in _blocks(text):
        if text[start:end].strip():
            # memoize=False: its cache is global and keeps every text
            parts: Any = chunk(text[start:end], tokens, count, memoize=False, offsets=True, overlap=overlap or None)[1]
            spans += [(start + int(first), start + int(last)) for first, last in parts]
    return _covering(text, spans) or [(0, len(text))]


def _covering(text: str, spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Passages extended over the white space that semchunk skips, so that nothing is lost."""
    if not spans:
        return []
    starts = [0, *(start for start, _ in spans[1:]), len(text)]
    return [(start, max(end, after)) for start, (_, end), after in zip(starts, spans, starts[1:], strict=False)]


def _blocks(text: str) -> list[tuple[int, int]]:
    """Spans of about _BLOCK characters that end at a natural break if there is one in their second half."""
    blocks, start = [], 0
    while start < len(text):
        end = min(start + _BLOCK, len(text))
        if end < len(text):
            cuts = ((text.rfind(mark, start + _BLOCK // 2, end), mark) for mark in _BREAKS)
            end = next((at + len(mark) for at, mark in cuts if at >= 0), end)
        blocks.append((start, end))
        start = end
    return blocks


def _row_steps(texts: Sequence[str], steps: Steps) -> Iterator[tuple[str, Callable[[np.ndarray], np.ndarray]]]:
    """(label, function from positions to the remaining positions) of the active steps."""
    if steps.drop_empty:
        yield "Remove empty texts", lambda rows: rows[[not is_blank(texts[row]) for row in rows]]
    if steps.drop_duplicates:
        series = pd.Series(texts, dtype=object)
        yield "Remove exact duplicates", lambda rows: rows[~series.iloc[rows].duplicated().to_numpy()]
    if steps.first is not None:
        yield f"Limit to the first {steps.first:,} rows", lambda rows: rows[: max(steps.first or 0, 0)]
    if steps.sample is not None:
        yield f"Draw a random sample of {steps.sample:,} rows", lambda rows: _sampled(rows, steps)


def is_blank(text: str) -> bool:
    """Nothing but white space and zero-width characters."""
    return not text.strip() or not text.strip(_BLANKS)


def _sampled(keep: np.ndarray, steps: Steps) -> np.ndarray:
    size = max(min(steps.sample or 0, len(keep)), 0)
    return np.sort(np.random.default_rng(steps.seed).choice(keep, size, replace=False))


def _count_rows(rows: int) -> str:
    return f"{rows:,} {'row' if rows == 1 else 'rows'}"


def make_passages(texts: list[str], steps: Steps, count: Counter = estimate_tokens) -> list[list[str]]:
    """Passages of each text; the whole text where splitting is off."""
    if not steps.passage_tokens:
        return [[text] for text in texts]
    return split_passages(texts, steps.passage_tokens, steps.passage_overlap, count)


def sample_passages(texts: list[str], steps: Steps, count: Counter = estimate_tokens) -> list[list[str]]:
    """Passages of each text; of inputs longer than _EXACT_SPLIT those of a random fifth of that, in row order."""
    if not steps.passage_tokens or sum(map(len, texts)) <= _EXACT_SPLIT:
        return make_passages(texts, steps, count)
    order = np.random.default_rng(0).permutation(len(texts))
    ends = np.cumsum([len(texts[row]) for row in order])
    rows = np.sort(order[: max(1, int(np.searchsorted(ends, _EXACT_SPLIT // 5)))])
    return make_passages([texts[row][:_EXACT_SPLIT] for row in rows], steps, count)


def count_split(passages: Sequence[Sequence[str]], texts: int) -> StepCount:
    """The count of splitting `texts` texts, extrapolated ("about") where `passages` are those of a sample."""
    scale = texts / max(len(passages), 1)
    total, split = round(sum(map(len, passages)) * scale), round(sum(len(parts) > 1 for parts in passages) * scale)
    about = "about " if len(passages) < texts else ""
    return StepCount("Split into passages", texts, total, f"{about}{_count_rows(split)} split")
