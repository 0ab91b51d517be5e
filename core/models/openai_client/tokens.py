"""Tokens as OpenAI's embedding models count them: exact with tiktoken's cl100k_base, else an estimate that says so."""

import math
import threading
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

ENCODING = "cl100k_base"
LOAD_SECONDS = 5.0  # tiktoken fetches its table at first use, without a timeout of its own
BLOCK = 50_000  # characters encoded at once: tiktoken's pattern overflows its stack on far longer runs
SLACK = 16  # tokens left free in each piece, since a piece that ends inside a word may count a few more
ASCII_TOKENS = 1 / 4  # tokens per ASCII character of English prose
OTHER_TOKENS = 0.4  # tokens per UTF-8 byte beyond ASCII: 1.2 per Chinese character, 0.8 per accented letter


class TokenCounter:
    """Counts tokens and splits texts. `encoding`: a tiktoken Encoding; without one, counts are `estimate_tokens`."""

    def __init__(self, encoding: Any | None = None) -> None:
        self.encoding = encoding

    @property
    def exact(self) -> bool:
        return self.encoding is not None

    def count(self, texts: Sequence[str]) -> np.ndarray:
        """(n,) int64 tokens of each text; 0 for an empty one."""
        if self.encoding is None:
            return np.fromiter(map(estimate_tokens, texts), np.int64, len(texts))
        return np.fromiter((sum(map(len, self._encoded(text))) for text in texts), np.int64, len(texts))

    def split(self, text: str, limit: int) -> list[str]:
        """Pieces of about equal size with at most `limit` tokens each; joined they are the text.

        Never cuts within a character, so limits of 32 and less may be passed by the tokens of one character.
        """
        room = max(1, limit - SLACK) if limit > 2 * SLACK else limit
        cuts = self._cumulative(text)
        pieces = math.ceil(cuts[-1] / room) if len(text) else 1
        if pieces <= 1:
            return [text]
        targets = cuts[-1] * np.arange(1, pieces) / pieces
        ends = [*np.searchsorted(cuts, targets, side="right").tolist(), len(text)]
        return [text[start:end] for start, end in zip([0, *ends], ends, strict=False) if end > start]

    def _encoded(self, text: str) -> list[list[int]]:
        """Token ids, block by block; text that looks like a special token is plain text."""
        blocks = [text[start : start + BLOCK] for start in range(0, len(text), BLOCK)]
        return [self.encoding.encode_ordinary(block) for block in blocks] if self.encoding else []

    def _cumulative(self, text: str) -> np.ndarray:
        """(len(text),) tokens up to and with each character."""
        points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")
        widths = 1 + (points >= 0x80).astype(np.int64) + (points >= 0x800) + (points >= 0x10000)  # UTF-8 bytes
        if self.encoding is None:
            return np.cumsum(np.where(widths == 1, ASCII_TOKENS, widths * OTHER_TOKENS))
        tokens = [token for block in self._encoded(text) for token in block]
        ends = np.cumsum([len(data) for data in self.encoding.decode_tokens_bytes(tokens)])
        return np.searchsorted(ends, np.cumsum(widths), side="left") + 1


def estimate_tokens(text: str) -> int:
    """About how many tokens a text has; never more than its UTF-8 bytes, which bound any byte-level BPE."""
    if text.isascii():
        return math.ceil(len(text) * ASCII_TOKENS)
    size, plain = len(text.encode("utf-8", "replace")), len(text.encode("ascii", "ignore"))
    return min(size, math.ceil(plain * ASCII_TOKENS + (size - plain) * OTHER_TOKENS))


def openai_tokens() -> TokenCounter:
    """The counter for OpenAI's models: exact where tiktoken's table is at hand or fetched within LOAD_SECONDS."""
    return TokenCounter(_load_encoding())


@lru_cache(maxsize=1)
def _load_encoding() -> Any | None:
    """The cl100k_base encoding, or None; cached, so a machine without network waits once."""
    loaded: list[Any] = []

    def load() -> None:
        try:
            import tiktoken

            loaded.append(tiktoken.get_encoding(ENCODING))
        except Exception:  # offline, a read-only cache, a broken download: all mean "estimate instead"
            loaded.clear()

    thread = threading.Thread(target=load, name="tiktoken", daemon=True)
    thread.start()
    thread.join(LOAD_SECONDS)
    return loaded[0] if loaded and not thread.is_alive() else None
