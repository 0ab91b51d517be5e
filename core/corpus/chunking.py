"""Long texts -> passages, cut where semchunk (Butler, https://github.com/isaacus-dev/semchunk) sees a natural end."""

import re
from collections.abc import Callable, Sequence
from typing import Any

from core.errors import InputError

Counter = Callable[[str], int]

_WIDE = r"\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
_PIECE = re.compile(rf"[{_WIDE}]|[^\s{_WIDE}]+")
_WORD = 6  # characters of a longer run that make about one token
_BLOCK = 50_000  # characters given to semchunk at once: it works on lists of all characters where there are no spaces
_BREAKS = ("\n\n", "\n", "。", ". ", " ")


def estimate_tokens(text: str) -> int:
    """A quick estimate, the same everywhere: one token a word or sixth of a long one, and one a CJK character."""
    return sum(1 + (len(piece) - 1) // _WORD for piece in _PIECE.findall(text))


def split_passages(
    texts: Sequence[str], tokens: int, overlap: float = 0.1, count: Counter | None = None
) -> list[list[str]]:
    """For each text its passages of at most `tokens` tokens, at least one, in order.

    overlap: share of a passage repeated in the next, in [0, 0.5]. count: tokens of a string as a model counts them;
    without it `estimate_tokens`, which is an estimate. Without overlap the passages joined are the text, blanks
    included; with it they cover the text. Raises InputError for other values of tokens or overlap.
    """
    if tokens < 8:
        raise InputError(f"Passages need at least 8 tokens, got {tokens}.", "Choose a larger size.")
    if not 0 <= overlap <= 0.5:
        raise InputError(f"The overlap of passages must be between 0 and 0.5, got {overlap}.", "Choose a smaller one.")
    counter = count or estimate_tokens
    return [_split(text, tokens, overlap, counter) for text in texts]


def _split(text: str, tokens: int, overlap: float, count: Counter) -> list[str]:
    if len(text) <= tokens or (len(text) <= _BLOCK and count(text) <= tokens):
        return [text]
    spans = [
        (start + first, start + last)
        for start, end in _blocks(text)
        for first, last in _semantic_spans(text[start:end], tokens, overlap, count)
    ]
    return _covering(text, spans) or [text]


def _semantic_spans(block: str, tokens: int, overlap: float, count: Counter) -> list[tuple[int, int]]:
    """(start, end) of semchunk's passages in a block."""
    from semchunk import chunk

    if not block.strip():
        return []
    # memoize=False: its cache is global and keeps every text
    spans: Any = chunk(block, tokens, count, memoize=False, offsets=True, overlap=overlap or None)[1]
    return [(int(start), int(end)) for start, end in spans]


def _covering(text: str, spans: list[tuple[int, int]]) -> list[str]:
    """Passages stretched over the blanks semchunk leaves out, so that nothing is lost."""
    if not spans:
        return []
    starts = [0, *(start for start, _ in spans[1:]), len(text)]
    return [text[start : max(end, after)] for start, (_, end), after in zip(starts, spans, starts[1:], strict=False)]


def _blocks(text: str) -> list[tuple[int, int]]:
    """Stretches of some _BLOCK characters that end at a natural break where there is one in their last half."""
    blocks, start = [], 0
    while start < len(text):
        end = min(start + _BLOCK, len(text))
        if end < len(text):
            cuts = ((text.rfind(mark, start + _BLOCK // 2, end), mark) for mark in _BREAKS)
            end = next((at + len(mark) for at, mark in cuts if at >= 0), end)
        blocks.append((start, end))
        start = end
    return blocks
