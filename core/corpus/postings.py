"""The postings of an inverted index: where each word and sign of texts occurs. Built in blocks, with bounded memory."""

import os
import re
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, count
from typing import IO, Any

import numpy as np

from core.corpus.keyword import LETTER, lower
from core.results import no_progress
from core.types import Progress

BLOCK = 20_000  # texts whose tokens are held at once
TOKEN = re.compile(f"{LETTER}+|\\s+|\\S")
_INDEX_BITS = 32


@dataclass(frozen=True, eq=False)
class Postings:
    """The occurrences of tokens in texts in lower case. Tokens are words (runs of letters and digits) and, one by one,
    the other characters: of scripts without spaces, punctuation, symbols.

    words: (c,) uint8, the v distinct tokens as UTF-8, sorted; word_starts: (v + 1,) int64, where each begins.
    starts: (v + 1,) int64, where the occurrences of each begin in rows (m,) int32, rising within a token, and offsets
    (m,) uint32: 2 x the character at which it begins, where white space counts as one, + 1 behind white space.
    lengths: (n,) int32 characters of the texts.
    """

    words: np.ndarray
    word_starts: np.ndarray
    starts: np.ndarray
    rows: np.ndarray
    offsets: np.ndarray
    lengths: np.ndarray


def build_postings(texts: Sequence[str], folder: str | None = None, progress: Progress = no_progress) -> Postings:
    """Holds one block of tokens and the distinct ones; the rest is in temporary files in `folder`."""
    codes: dict[str, int] = {}
    counts = np.empty(0, np.int64)
    blocks: list[int] = []
    with tempfile.TemporaryFile(dir=folder) as spool:
        for start in range(0, len(texts), BLOCK):
            block = _tokenize(texts[start : start + BLOCK], start, codes)
            for array in block:
                spool.write(array.tobytes())
            counts = _added(counts, np.bincount(block[0], minlength=len(codes)))
            blocks.append(len(block[0]))
            progress(min(start + BLOCK, len(texts)), len(texts))
        words = sorted(codes)
        order = np.fromiter((codes[word] for word in words), np.int64, len(words))
        starts = np.concatenate([[0], np.cumsum(counts[order])]).astype(np.int64)
        begin = np.empty(len(words), np.int64)
        begin[order] = starts[:-1]
        spool.seek(0)
        rows, offsets = _merge(spool, blocks, begin, folder)
    encoded = [word.encode("utf-8", "surrogatepass") for word in words]
    lengths = np.fromiter(map(len, texts), np.int32, len(texts))
    word_starts = np.concatenate([[0], np.cumsum([*map(len, encoded)])]).astype(np.int64)
    return Postings(np.frombuffer(b"".join(encoded), np.uint8), word_starts, starts, rows, offsets, lengths)


def _tokenize(texts: Sequence[str], first_row: int, codes: dict[str, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Codes (int32, sorted), rows (int32) and offsets (uint32) of the tokens but white space; new tokens get codes."""
    tokens = [TOKEN.findall(lower(text)) for text in texts]
    counts = np.fromiter(map(len, tokens), np.int64, len(tokens))
    own: defaultdict[str, int] = defaultdict(count().__next__)  # a code for each token that is new
    coded = np.fromiter(map(own.__getitem__, chain.from_iterable(tokens)), np.int64)
    is_space = np.fromiter((token.isspace() for token in own), bool, len(own))
    sizes = np.where(is_space, 1, np.fromiter(map(len, own), np.int64, len(own)))[coded]
    ends = np.cumsum(sizes)
    first = np.repeat(np.concatenate([[0], ends])[np.cumsum(counts) - counts], counts)
    after_space = np.concatenate([[False], is_space[coded][:-1]])[: len(coded)]
    offsets = ((ends - sizes - first) * 2 + after_space).astype(np.uint32)
    rows = np.repeat(np.arange(first_row, first_row + len(texts), dtype=np.int32), counts)
    own_codes = np.fromiter((-1 if word.isspace() else codes.setdefault(word, len(codes)) for word in own), np.int64)
    coded = own_codes[coded]
    kept = np.flatnonzero(coded >= 0)
    order = np.sort(coded[kept] << _INDEX_BITS | kept) & ((1 << _INDEX_BITS) - 1)  # quicker than a stable argsort
    return coded[order].astype(np.int32), rows[order], offsets[order]


def _added(counts: np.ndarray, more: np.ndarray) -> np.ndarray:
    more = more.astype(np.int64)
    more[: len(counts)] += counts
    return more


def _merge(
    spool: IO[bytes], blocks: Sequence[int], begin: np.ndarray, folder: str | None
) -> tuple[np.ndarray, np.ndarray]:
    """The rows and offsets of all blocks, by token. begin: (v,) where each token's occurrences begin; is changed."""
    total = sum(blocks)
    rows, offsets = _temporary_array(total, np.int32, folder), _temporary_array(total, np.uint32, folder)
    for size in blocks:
        coded, block_rows, block_offsets = (
            np.frombuffer(spool.read(4 * size), dtype) for dtype in (np.int32, np.int32, np.uint32)
        )
        firsts = np.flatnonzero(np.diff(coded, prepend=-1))  # of each token
        sizes = np.diff(firsts, append=size)
        places = np.repeat(begin[coded[firsts]] - firsts, sizes) + np.arange(size)
        rows[places], offsets[places] = block_rows, block_offsets
        begin[coded[firsts]] += sizes
    return rows, offsets


def _temporary_array(size: int, dtype: Any, folder: str | None) -> np.ndarray:
    """(size,) in a file that is gone with the array."""
    if not size:
        return np.empty(0, dtype)
    with tempfile.TemporaryFile(dir=folder) as file:
        if hasattr(os, "posix_fallocate"):  # else a full disk would end the process once a page is written
            os.posix_fallocate(file.fileno(), 0, size * np.dtype(dtype).itemsize)
        return np.memmap(file, dtype, "w+", shape=(size,))
