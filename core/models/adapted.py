"""Adapted models: a base model whose vectors, of texts and queries alike, pass through the map of a stored adapter.

A spec with an `adapter` names the map; everything else, such as prices and prompts, is the base model's. No vectors of
adapted models are cached: they are computed from the base model's, which are cached as always.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from core.errors import ModelError
from core.models.adapter_files import adapter_key, adapter_path, check_map, map_arrays, read_adapter
from core.models.base import Embedder, OnBatch
from core.models.linear_maps import Arrays, map_rows
from core.types import ModelSpec

REMEDY = "Train the adapter again on the Customize page and use it as a model, or select another model."


def load_map(folder: str | Path, spec: ModelSpec) -> Arrays:
    """The arrays of the map that an adapted model's spec names, of a workspace. Raises ModelError."""
    path = adapter_path(folder, spec.adapter)
    try:
        content = path.read_bytes()
    except OSError as error:
        message = f"The adapter of {spec.label} is not in this workspace ({path.name})."
        raise ModelError(message, REMEDY) from error
    try:
        manifest, arrays = read_adapter(content)
        mapped = map_arrays(arrays)
        check_map(mapped, int(manifest["adapter"]["dimensions"]))
        if spec.adapter != adapter_key(spec.base, mapped):
            raise ValueError("another model")
    except Exception as error:  # safetensors and json raise almost anything for damaged content
        raise ModelError(f"The adapter of {spec.label} is damaged, or belongs to another model.", REMEDY) from error
    return mapped


class AdaptedEmbedder(Embedder):
    """base: the embedder of the model without its adapter. arrays: of the map, see core.models.linear_maps."""

    def __init__(self, base: Embedder, spec: ModelSpec, arrays: Arrays) -> None:
        super().__init__(spec)
        self.base, self.arrays, self.tokens_exact = base, arrays, base.tokens_exact

    def apply(self, rows: np.ndarray) -> np.ndarray:
        """(n, d) float32 unit rows of the base model's (n, d) unit rows."""
        return map_rows(self.arrays, rows)

    def embed(self, texts: Sequence[str], on_batch: OnBatch | None = None) -> np.ndarray:
        def adapt_batch(positions: list[int], rows: np.ndarray) -> None:
            if on_batch:
                on_batch(positions, self.apply(rows))

        return self.apply(self.base.embed(texts, adapt_batch))

    def embed_query(self, texts: Sequence[str]) -> np.ndarray:
        return self.apply(self.base.embed_query(texts))

    def count_tokens(self, texts: Sequence[str]) -> np.ndarray:
        return self.base.count_tokens(texts)
