"""From texts to requests within a server's limits, and from pieces back to one vector a text."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from core.models.openai_client.tokens import TokenCounter
from core.types import unit_rows

BLANK = "."  # sent for a text without a visible character: servers refuse empty input, some strip white space first


@dataclass(frozen=True)
class Limits:
    """What one request may hold: inputs, tokens in all, tokens of one input (None: not known, nothing is split)."""

    inputs: int
    tokens: int
    window: int | None


OPENAI_LIMITS = Limits(inputs=2048, tokens=300_000, window=8191)
SERVER_INPUTS = 32  # what Text Embeddings Inference takes by default, the smallest of the common servers


@dataclass(frozen=True)
class Piece:
    """An input to send: all of text number `text`, or a part of it. tokens: its weight in the mean."""

    text: int
    content: str
    tokens: int


def split_texts(texts: Sequence[str], limits: Limits, counter: TokenCounter, prompt: str = "") -> list[Piece]:
    """One piece for each text, or several for a text longer than the window; each begins with the prompt."""
    pieces: list[Piece] = []
    prompt_tokens = int(counter.count([prompt])[0])
    clean = [text.encode("utf-8", "replace").decode() for text in texts]
    for row, (text, tokens) in enumerate(zip(clean, counter.count(clean).tolist(), strict=True)):
        parts, counts = [text], [tokens]
        if limits.window is not None and tokens + prompt_tokens > limits.window:
            parts = counter.split(text, max(1, limits.window - prompt_tokens))
            counts = counter.count(parts).tolist()
        for content, count in zip([prompt + part for part in parts], counts, strict=True):
            pieces.append(Piece(row, content if content.strip() else BLANK, max(1, count + prompt_tokens)))
    return pieces


def pack(pieces: Sequence[Piece], limits: Limits) -> Iterator[list[Piece]]:
    """Consecutive pieces in requests as full as the limits allow."""
    batch, tokens = list[Piece](), 0
    for piece in pieces:
        if batch and (len(batch) == limits.inputs or tokens + piece.tokens > limits.tokens):
            yield batch
            batch, tokens = [], 0
        batch.append(piece)
        tokens += piece.tokens
    if batch:
        yield batch


class Assembly:
    """Gathers the vectors of pieces into one unit row a text.

    A split text's row is the mean of its pieces' unit vectors, weighted by their tokens, scaled to unit length,
    as OpenAI's cookbook does ("Embedding texts that are longer than the model's maximum context length").
    """

    def __init__(self, pieces: Sequence[Piece], texts: int) -> None:
        self.waiting = np.bincount([piece.text for piece in pieces], minlength=texts)
        self.several = self.waiting > 1
        self.sums: dict[int, np.ndarray] = {}
        self.rows: np.ndarray | None = None

    def add(self, batch: Sequence[Piece], vectors: np.ndarray) -> tuple[list[int], np.ndarray]:
        """Take the (len(batch), d) unit vectors of a request; the texts now complete and their (m, d) rows."""
        if self.rows is None:
            self.rows = np.zeros((len(self.waiting), vectors.shape[1]), np.float32)
        done = []
        for piece, vector in zip(batch, vectors, strict=True):
            self.waiting[piece.text] -= 1
            if self.several[piece.text]:
                self.sums[piece.text] = self.sums.get(piece.text, 0) + vector.astype(np.float64) * piece.tokens
            if self.waiting[piece.text] == 0:
                several = self.several[piece.text]
                self.rows[piece.text] = weighted_row(self.sums.pop(piece.text)) if several else vector
                done.append(piece.text)
        return done, self.rows[done]


def weighted_row(total: np.ndarray) -> np.ndarray:
    """(d,) float32 unit row from a weighted sum of vectors."""
    return unit_rows(total[None, :])[0]
