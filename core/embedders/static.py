"""Static models (model2vec; Tulkens and van Dongen 2024): a text is the mean of its tokens' fixed vectors."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from core.embedders.texts import readable, slabs
from core.errors import ModelError
from core.types import ModelSpec, unit_rows


class StaticEmbedder:
    """An `Embedder` over a folder in model2vec's format. The whole text counts: there is no window.

    A text without any known token gets the last axis as its vector: the direction in which tokens vary least.
    """

    def __init__(self, spec: ModelSpec, folder: Path) -> None:
        self._spec = spec
        self._vectors, self._tokenizer, self._unknown = _load(folder)

    @property
    def spec(self) -> ModelSpec:
        return self._spec

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        plain = readable(texts)
        rows = np.empty((len(plain), self._vectors.shape[1]), np.float32)
        for where, part in slabs(plain):
            rows[where] = self._sums(part)
        rows[~rows.any(axis=1), -1] = 1
        return unit_rows(rows)

    def embed_query(self, texts: Sequence[str]) -> np.ndarray:
        return self.embed(texts)

    def count_tokens(self, texts: Sequence[str]) -> np.ndarray:
        counts = np.empty(len(texts), np.int64)
        for where, part in slabs(readable(texts)):
            counts[where] = [len(ids) for ids in self._token_ids(part)]
        return counts

    def _token_ids(self, texts: list[str]) -> list[list[int]]:
        return [found.ids for found in self._tokenizer.encode_batch_fast(texts, add_special_tokens=False)]

    def _sums(self, texts: list[str]) -> np.ndarray:
        """(n, d) sums of token vectors: the mean's direction. A sparse product, so long texts take no memory."""
        from scipy.sparse import csr_matrix

        ids = [[number for number in row if number != self._unknown] for row in self._token_ids(texts)]
        ends = np.cumsum([0, *map(len, ids)])
        columns = np.fromiter((number for row in ids for number in row), np.int32, ends[-1])
        counts = csr_matrix((np.ones(len(columns), np.float32), columns, ends), shape=(len(ids), len(self._vectors)))
        return counts @ self._vectors


def _load(folder: Path) -> tuple[np.ndarray, Any, int | None]:
    """Token vectors (vocabulary, d) float32, the tokenizer and the unknown token's number. Raises ModelError."""
    from model2vec import StaticModel

    try:
        model = StaticModel.from_pretrained(folder, max_length=None, force_download=False)
    except Exception as error:  # safetensors, json and tokenizers each raise their own
        raise ModelError(
            f"The static model in {folder} can't be loaded.", f"Delete {folder}; a distilled model is made again."
        ) from error
    vectors = model.embedding if model.token_mapping is None else model.embedding[model.token_mapping]
    if model.weights is not None:
        vectors = vectors * model.weights[:, None]
    return np.asarray(vectors, np.float32), model.tokenizer, model.unk_token_id
