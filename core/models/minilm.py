"""all-MiniLM-L6-v2 (Reimers and Gurevych 2019; Wang et al. 2020) without torch, loaded in half a second.

ONNX Runtime computes float32 and int8, OpenVINO bfloat16.
"""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from core.corpus.texts import batches, length_batches, valid_texts
from core.models.base import FREE, Backend, BaseEmbedder, Capabilities, LoadOptions, built_in
from core.models.bfloat16 import Run, compiled, has_bfloat16
from core.models.minilm_files import GRAPH_VERSION, WEIGHTS_SHA256, exported, model_folder, open_session
from core.types import ModelSpec, unit_rows

DIMENSIONS = 384
WINDOW = 256  # the model's max_seq_length, in tokens
# padded tokens a batch: where the processor's caches still hold a batch's activations, by precision
BUDGETS = {"float32": 512, "int8": 512, "bfloat16": 2_048}
PREFIX = 8_192  # characters of a long text that are tried first
LONGEST_WORD = 100  # WordPiece tokens one word may become; longer words become one [UNK]


class MiniLMEmbedder(BaseEmbedder):
    """An `Embedder` with sentence-transformers' vectors for all-MiniLM-L6-v2.

    Their cosine is 1.000 in float32; bfloat16.py and onnx_graph.py say what the other precisions lose.

    Texts are sorted by length and run in batches of at most `BUDGETS` padded tokens. threads: None for all cores.
    Raises ModelError where the packaged weights are absent or changed, StorageError where nothing can be exported.
    """

    def __init__(self, spec: ModelSpec, models_folder: Path, threads: int | None = None) -> None:
        super().__init__(spec)
        self._encoder = TokenEncoder(models_folder, spec.precision, threads)
        self._tokenizer = load_tokenizer(model_folder() / "tokenizer.json")

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        plain = valid_texts(texts)
        rows = np.empty((len(plain), self._encoder.dimensions), np.float32)
        for where, part in batches(plain):
            rows[where] = self._encoder.pooled(self._token_ids(part))
        return unit_rows(rows)

    def count_tokens(self, texts: Sequence[str]) -> np.ndarray:
        counts = np.empty(len(texts), np.int64)
        for where, part in batches(valid_texts(texts)):
            counts[where] = [len(found) for found in self._tokenizer.encode_batch_fast(part)]
        return counts

    def _token_ids(self, texts: list[str]) -> list[list[int]]:
        """The token ids of each text within the window. Of a long text only the beginning is read, if that fills it."""
        found = [encoding.ids for encoding in self._tokenizer.encode_batch_fast([text[:PREFIX] for text in texts])]
        for row, text in enumerate(texts):
            # the cut can touch the last word only, so tokens before it are those of the whole text
            if len(text) > PREFIX and len(found[row]) < WINDOW + LONGEST_WORD + 2:
                found[row] = self._tokenizer.encode(text).ids
        return [ids if len(ids) <= WINDOW else [*ids[: WINDOW - 1], ids[-1]] for ids in found]


class TokenEncoder:
    """The loaded model: token ids in, mean-pooled vectors out, not yet of unit length."""

    def __init__(self, models_folder: Path, precision: str, threads: int | None) -> None:
        self._threads, self._budget = threads or os.cpu_count() or 1, BUDGETS[precision]
        self._run = _load(exported(models_folder, precision), precision, self._threads)
        self.dimensions = DIMENSIONS

    def pooled(self, token_ids: list[list[int]]) -> np.ndarray:
        """(n, d) float32, the mean of each text's token vectors; every text needs at least one token."""
        rows = np.empty((len(token_ids), self.dimensions), np.float32)
        lengths = np.fromiter(map(len, token_ids), np.int64, len(token_ids))

        def run(batch: np.ndarray) -> None:
            ids = np.zeros((len(batch), lengths[batch[-1]]), np.int64)
            mask = np.arange(ids.shape[1]) < lengths[batch, None]
            ids[mask] = np.concatenate([token_ids[row] for row in batch])
            rows[batch] = self._run(ids, mask.astype(np.int64))

        batches = list(length_batches(lengths, self._budget))[::-1]
        with ThreadPoolExecutor(min(self._threads, max(len(batches), 1))) as pool:
            list(pool.map(run, batches))
        return rows


def _load(path: Path, precision: str, threads: int) -> Run:
    # batches side by side, each on one thread, waste less than one batch spread over the cores
    if precision == "bfloat16":
        return compiled(path, threads)
    session = open_session(path, 1)
    return lambda ids, mask: session.run(None, {"input_ids": ids, "attention_mask": mask})[0]


def load_tokenizer(path: Path) -> Any:
    """The `tokenizers.Tokenizer` of a file, without padding or truncation: callers count before they cut."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


NAME = "all-MiniLM-L6-v2"
_WEIGHTS = f"sha256:{WEIGHTS_SHA256[:16]}"
FLOAT32 = ModelSpec("onnx", NAME, _WEIGHTS, DIMENSIONS, "float32", WINDOW, languages=("en",))
BFLOAT16 = replace(FLOAT32, precision="bfloat16", revision=f"{_WEIGHTS} bfloat16 v{GRAPH_VERSION}")
INT8 = replace(FLOAT32, precision="int8", revision=f"{_WEIGHTS} int8 v{GRAPH_VERSION}")
MODELS = (FLOAT32, BFLOAT16, INT8)
_DESCRIPTION = "Small transformer that reads English; runs here, without a network, and is the best first choice."
_DESCRIPTIONS = {
    "float32": _DESCRIPTION,
    "bfloat16": f"{_DESCRIPTION} Computed in bfloat16, which this processor has built in: nearly twice as fast as"
    " float32, vectors all but the same.",
    "int8": "The same model with rounded weights: about twice as fast, nearly the same vectors.",
}


class MiniLMBackend(Backend):
    def capabilities_of(self, spec: ModelSpec) -> Capabilities:
        return replace(self.capabilities, description=_DESCRIPTIONS[spec.precision])

    def complete(self, spec: ModelSpec) -> ModelSpec:
        return built_in(spec, MODELS)

    def load(self, spec: ModelSpec, options: LoadOptions) -> MiniLMEmbedder:
        return MiniLMEmbedder(spec, options.models_folder, options.threads)


BACKEND = MiniLMBackend(
    Capabilities(
        hosted=False,
        paid=False,
        price=FREE,
        separate_queries=False,  # the model was trained without prompts
        loading="",
        prepared_once=True,
    ),
    models=MODELS,
    presets=(BFLOAT16, FLOAT32, INT8) if has_bfloat16() else (FLOAT32, INT8),  # bfloat16 only where it is built in
    aliases={alias: model for model in MODELS for alias in (f"{NAME}-{model.precision}", f"{NAME} {model.precision}")},
)
