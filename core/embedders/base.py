"""What every embedder offers."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from core.types import ModelSpec


class Embedder(Protocol):
    """Turns texts into unit vectors. Empty texts are allowed and get a vector like any other.

    spec: resolved, so dimensions, max_tokens, prompts and (where known) revision are filled in.
    """

    @property
    def spec(self) -> ModelSpec: ...

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """(n, d) float32 unit rows of documents, in the order given; shape (0, d) for no texts."""
        ...

    def embed_query(self, texts: Sequence[str]) -> np.ndarray:
        """(n, d) float32 unit rows of queries: the model's query prompt where it has one."""
        ...

    def count_tokens(self, texts: Sequence[str]) -> np.ndarray:
        """(n,) int64 tokens of each text as the model counts them, special tokens included, before any cut."""
        ...
