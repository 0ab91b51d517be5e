"""Static models (model2vec; Tulkens and van Dongen 2024): a text is the mean of its tokens' fixed vectors.

The built-in one is distilled from all-MiniLM-L6-v2 without torch: each vocabulary token goes through the encoder by
itself; the vectors are reduced by PCA and weighted by token frequency (SIF, Arora et al. 2017), which is taken from
the token's rank in the vocabulary (Zipf's law).
"""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import ModelError
from core.files import file_sha256, replacing
from core.models.base import LOCAL, Backend, Embedder, LoadOptions, built_in, in_batches
from core.models.folders import is_folder
from core.models.minilm import WEIGHTS_SHA256, TokenEncoder, load_tokenizer, model_folder
from core.types import ModelSpec, unit_rows

DIMENSIONS = 256
SIF = 1e-4
VERSION = 1  # raised when the recipe changes
UNUSED_TOKENS = re.compile(r"\[unused\d+\]|\[(PAD|UNK|CLS|SEP|MASK)\]")  # get zero vectors


class StaticEmbedder(Embedder):
    """An `Embedder` over a folder in model2vec's format. The whole text counts: there is no window.

    A text without any known token gets the last axis as its vector: the direction in which tokens vary least.
    """

    def __init__(self, spec: ModelSpec, folder: Path) -> None:
        super().__init__(spec)
        self._vectors, self._tokenizer, self._unknown = _load(folder)

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        rows = in_batches(texts, self._sums, self._vectors.shape[1])
        rows[~rows.any(axis=1), -1] = 1
        return unit_rows(rows)

    def count_tokens(self, texts: Sequence[str]) -> np.ndarray:
        return in_batches(texts, lambda batch: [len(ids) for ids in self._token_ids(batch)])

    def _token_ids(self, texts: list[str]) -> list[list[int]]:
        return [encoding.ids for encoding in self._tokenizer.encode_batch_fast(texts, add_special_tokens=False)]

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
        remedy = f"Delete {folder}; a distilled model is created again."
        raise ModelError(f"The static model in {folder} can't be loaded.", remedy) from error
    vectors = model.embedding if model.token_mapping is None else model.embedding[model.token_mapping]
    if model.weights is not None:
        vectors = vectors * model.weights[:, None]
    return np.asarray(vectors, np.float32), model.tokenizer, model.unk_token_id


def distilled_folder(models_folder: Path) -> Path:
    """Where `distill` stores the model."""
    return models_folder / f"{WEIGHTS_SHA256[:16]}-static{DIMENSIONS}-v{VERSION}"


def distill(models_folder: Path, threads: int | None = None) -> Path:
    """The folder of the static model made from all-MiniLM-L6-v2, in model2vec's format, made at first use."""
    folder = distilled_folder(models_folder)
    if not folder.exists():
        tokenizer = load_tokenizer(model_folder() / "tokenizer.json")
        _save(folder, _token_vectors(tokenizer, TokenEncoder(models_folder, "float32", threads)), tokenizer)
    return folder


def _token_vectors(tokenizer: Any, encoder: TokenEncoder) -> np.ndarray:
    """(vocabulary, DIMENSIONS) float32, row i the vector of token i."""
    from sklearn.decomposition import PCA

    vocabulary = tokenizer.get_vocab()
    used = sorted(number for token, number in vocabulary.items() if not UNUSED_TOKENS.fullmatch(token))
    start, end = vocabulary["[CLS]"], vocabulary["[SEP]"]
    pooled = encoder.pooled([[start, number, end] for number in used])
    components = PCA(DIMENSIONS, svd_solver="covariance_eigh").fit_transform(pooled)
    vectors = np.zeros((len(vocabulary), DIMENSIONS), np.float32)
    vectors[used] = components * zipf_weights(len(used))[:, None]
    return vectors


def zipf_weights(tokens: int) -> np.ndarray:
    """(tokens,) float64 in (0, 1): SIF / (SIF + p), p falling with the rank as 1 / (rank + 1)."""
    chances = 1 / np.arange(2, tokens + 2)
    return SIF / (SIF + chances / chances.sum())


def _save(folder: Path, vectors: np.ndarray, tokenizer: Any) -> None:
    from safetensors.numpy import save_file

    config = {"model_type": "model2vec", "architectures": ["StaticModel"], "apply_pca": DIMENSIONS}
    config |= {"sif_coefficient": SIF, "hidden_dim": DIMENSIONS, "normalize": True, "embedding_dtype": "float32"}
    with replacing(folder) as temporary:
        temporary.mkdir(parents=True)
        save_file({"embeddings": vectors}, temporary / "model.safetensors")
        tokenizer.save(str(temporary / "tokenizer.json"), pretty=False)
        (temporary / "config.json").write_text(json.dumps(config, indent=1), encoding="utf-8")


_REVISION = f"sha256:{WEIGHTS_SHA256[:16]} v{VERSION}"
MODEL = ModelSpec("static", "static-MiniLM-L6-v2", _REVISION, DIMENSIONS, languages=("en",))


def folder_spec(folder: Path) -> ModelSpec | None:
    """The spec of a folder in model2vec's format, None for any other folder."""
    if not all((folder / name).is_file() for name in ("config.json", "model.safetensors")):
        return None  # also where they are pipes, whose reading would never end
    try:
        if json.loads((folder / "config.json").read_text(encoding="utf-8")).get("model_type") != "model2vec":
            return None
        from safetensors import safe_open

        revision = f"sha256:{file_sha256(folder / 'model.safetensors')[:16]}"
        with safe_open(folder / "model.safetensors", "numpy") as file:
            return ModelSpec("static", str(folder), revision, file.get_slice("embeddings").get_shape()[1])
    except (OSError, ValueError, AttributeError):
        return None


class StaticBackend(Backend):
    def complete(self, spec: ModelSpec) -> ModelSpec:
        current = folder_spec(Path(spec.name)) if spec.label != MODEL.label and is_folder(spec.name) else None
        return built_in(spec, (current or MODEL,))

    def load(self, spec: ModelSpec, options: LoadOptions) -> StaticEmbedder:
        if spec.name == MODEL.name:
            return StaticEmbedder(spec, distill(options.models_folder, options.threads))
        return StaticEmbedder(spec, Path(spec.name).expanduser())


_DESCRIPTION = "Static word vectors distilled from a transformer: much faster, less accurate, ignores word order."
_LOADING = "Loading the model (created at first use, in about half a minute)"
BACKEND = StaticBackend(
    replace(LOCAL, description=_DESCRIPTION, loading=_LOADING, prepared_once=True, preparation_threads=None),
    models=(MODEL,),
    presets=(MODEL,),
    aliases={"static": MODEL},
)
