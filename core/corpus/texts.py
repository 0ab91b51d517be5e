"""Texts for embedding: distinct ones, valid Unicode, and batches."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from core.errors import InputError

BATCH_SIZE = 4_096  # texts tokenized at a time: bounds memory whatever the size of the corpus


def valid_texts(texts: Sequence[str]) -> list[str]:
    """The texts as a list that every tokenizer accepts: lone surrogates become U+FFFD, pairs become their character.
    Raises InputError naming the row when a value is not a string (missing values must be filled first)."""
    if isinstance(texts, str):
        raise InputError("Texts to embed must come as a list, not as one string.")
    return [
        text if isinstance(text, str) and text.isascii() else _replace_surrogates(row, text)
        for row, text in enumerate(texts)
    ]


def _replace_surrogates(row: int, text: object) -> str:
    if not isinstance(text, str):
        raise InputError(f"Row {row + 1:,} is not text but {type(text).__name__}.", "Fill or drop these rows first.")
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def batches(texts: list[str], size: int = BATCH_SIZE) -> Iterator[tuple[slice, list[str]]]:
    """Consecutive batches of at most `size` texts, each with its slice of rows."""
    for start in range(0, len(texts), size):
        rows = slice(start, min(start + size, len(texts)))
        yield rows, texts[rows]


def length_batches(lengths: np.ndarray, budget: int) -> Iterator[np.ndarray]:
    """Row numbers in batches of similar length: longest times rows is at most `budget` padded tokens, or one row.
    lengths: (n,) tokens of each text. Every row occurs once; shortest first, ties in row order."""
    order, start = np.argsort(lengths, kind="stable"), 0
    for end in range(1, len(order) + 1):
        if end == len(order) or lengths[order[end]] * (end + 1 - start) > budget:
            yield order[start:end]
            start = end


def first_rows(codes: np.ndarray, rows: np.ndarray | None = None) -> np.ndarray:
    """(n,) bool: the first of the given rows (rising ids; all for None) with each code. codes: (n,) from 0."""
    rows = np.arange(len(codes)) if rows is None else rows
    firsts = np.full(int(codes.max(initial=-1)) + 1, -1)
    firsts[codes[rows[::-1]]] = rows[::-1]  # of several assignments the last one stays
    mask = np.zeros(len(codes), dtype=bool)
    mask[firsts[firsts >= 0]] = True
    return mask


def distinct_texts(texts: Sequence[str]) -> tuple[np.ndarray, list[str]]:
    """(n,) codes and the distinct texts, so that texts[i] == distinct[codes[i]]."""
    codes, uniques = pd.factorize(np.asarray(texts, dtype=object))
    return codes, list(uniques)
