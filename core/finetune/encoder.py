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
from core.models import minilm
from core.models.fine_tuned import BACKEND_NAME, model_path
from core.models.folders import is_folder
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


def can_be_tuned(spec: ModelSpec) -> bool:
    """Whether the weights of a model can be trained here."""
    return spec.backend in ("sentence-transformers", BACKEND_NAME) or _is_minilm(spec)


def base_of(spec: ModelSpec) -> ModelSpec:
    """The model whose weights are trained: of all-MiniLM-L6-v2, the one in float32. Raises InputError for others than
    local transformers."""
    if not can_be_tuned(spec):
        raise InputError(
            f"{spec.label} can't be fine-tuned: its weights are not those of a local sentence-transformer.",
            f"Choose {minilm.NAME}, or add a sentence-transformers model on the Embed page.",
        )
    return minilm.FLOAT32 if _is_minilm(spec) else spec


def load_encoder(spec: ModelSpec, folder: str | Path) -> Encoder:
    """Raises ModelError where the model can't be loaded, InputError where it is not a local transformer."""
    base = base_of(spec)
    local = transformers_spec(base, folder)
    if _is_minilm(base):
        minilm.check_weights(Path(local.name) / "model.safetensors", minilm.WEIGHTS_SHA256)
    resolved, transformer = load_transformer(local)
    return Encoder(resolved, transformer.to("cpu"))


def transformers_spec(base: ModelSpec, folder: str | Path) -> ModelSpec:
    """The spec by which sentence-transformers loads a base: of a folder, or of the hub's cache."""
    if _is_minilm(base):
        return ModelSpec("sentence-transformers", str(minilm.model_folder()))
    if base.backend == BACKEND_NAME:
        return ModelSpec("sentence-transformers", str(model_path(base.name, folder)))
    return base


def multiplied_weights(base: ModelSpec, folder: str | Path) -> int:
    """About how many weights a token is multiplied with: those of the layers, without the embeddings of words."""
    local = transformers_spec(base_of(base), folder)
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


def _is_minilm(spec: ModelSpec) -> bool:
    return spec.backend == minilm.FLOAT32.backend and spec.name == minilm.NAME
