"""The base model as a SentenceTransformer, and what is known of it before it is loaded."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import InputError
from core.files import read_json
from core.models.folders import is_folder
from core.models.registry import DEFAULT_MODEL, backend_of
from core.models.sentence_transformer import load_transformer
from core.types import ModelSpec, unit_rows

FULL_SIZE = (12, 768, 3_072)  # layers, dimensions and intermediate size where a configuration does not name them
BATCH = 32


@dataclass(frozen=True, eq=False)
class Encoder:
    """A loaded base. spec: with its prompts; transformer: the SentenceTransformer."""

    spec: ModelSpec
    transformer: Any

    def encode(self, texts: list[str], as_queries: bool = False) -> np.ndarray:
        """(n, d) float32 unit rows."""
        prompt = self.spec.query_prompt if as_queries else self.spec.document_prompt
        self.transformer.eval()
        rows = self.transformer.encode(texts, batch_size=BATCH, prompt=prompt or None, show_progress_bar=False)
        return unit_rows(rows)

    @property
    def bytes(self) -> int:
        """Of the weights in float32."""
        return sum(parameter.numel() * 4 for parameter in self.transformer.parameters())


def base_of(spec: ModelSpec) -> ModelSpec:
    """The model whose weights are trained: of all-MiniLM-L6-v2, the one in float32. Raises InputError for others than
    local transformers."""
    base = backend_of(spec).fine_tuning_base(spec)
    if base is None:
        raise InputError(
            f"{spec.label} can't be fine-tuned: its weights are not those of a local sentence-transformer.",
            f"Choose {DEFAULT_MODEL}, or add a sentence-transformers model on the Embed page.",
        )
    return base


def load_encoder(spec: ModelSpec, folder: str | Path) -> Encoder:
    """Raises ModelError where the model can't be loaded, InputError where it is not a local transformer."""
    base = base_of(spec)
    resolved, transformer = load_transformer(backend_of(base).torch_weights(base, folder))
    return Encoder(resolved, transformer.to("cpu"))


def multiplied_weights(base: ModelSpec, folder: str | Path) -> int:
    """About how many weights a token is multiplied with: those of the layers, without the embeddings of words."""
    local = backend_of(base).torch_weights(base_of(base), folder)
    config = read_json(Path(local.name).expanduser() / "config.json") if is_folder(local.name) else None
    facts = config if isinstance(config, dict) else {}
    names = ("num_hidden_layers", "hidden_size", "intermediate_size")
    values = [facts.get(name) or default for name, default in zip(names, FULL_SIZE, strict=True)]
    layers, hidden, inner = (int(value) for value in values)
    return layers * (4 * hidden**2 + 2 * hidden * inner)


@contextmanager
def torch_threads(count: int | None = None) -> Iterator[None]:
    """Half of the cores by default: on machines where all are busy, more threads wait for each other."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(count or default_threads())
    try:
        yield
    finally:
        torch.set_num_threads(before)


def default_threads() -> int:
    return max((os.cpu_count() or 1) // 2, 1)
