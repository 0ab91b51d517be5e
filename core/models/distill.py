"""A static model from a transformer, as model2vec makes it (Tulkens and van Dongen 2024), without torch.

Each vocabulary token goes through the encoder alone; the vectors are reduced by PCA and weighted by how frequent a
token is (SIF, Arora et al. 2017), its frequency taken from its rank in the vocabulary (Zipf's law).
"""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np

from core.files import replacing
from core.models.minilm import TokenEncoder, load_tokenizer
from core.models.minilm_files import WEIGHTS_SHA256, model_folder

DIMENSIONS = 256
SIF = 1e-4
VERSION = 1  # raised when the recipe changes
UNUSED = re.compile(r"\[unused\d+\]|\[(PAD|UNK|CLS|SEP|MASK)\]")  # tokens without a meaning of their own: zero vectors


def distilled(models_folder: Path, threads: int | None = None) -> Path:
    """The folder of the static model made from all-MiniLM-L6-v2, in model2vec's format, made at first use."""
    folder = models_folder / f"{WEIGHTS_SHA256[:16]}-static{DIMENSIONS}-v{VERSION}"
    if not folder.exists():
        tokenizer = load_tokenizer(model_folder() / "tokenizer.json")
        vectors = _token_vectors(tokenizer, TokenEncoder(models_folder, "float32", threads))
        _save(folder, vectors, tokenizer)
    return folder


def _token_vectors(tokenizer: Any, encoder: TokenEncoder) -> np.ndarray:
    """(vocabulary, DIMENSIONS) float32, row i the vector of token i."""
    vocabulary = tokenizer.get_vocab()
    kept = sorted(number for token, number in vocabulary.items() if not UNUSED.fullmatch(token))
    start, end = vocabulary["[CLS]"], vocabulary["[SEP]"]
    pooled = encoder.pooled([[start, number, end] for number in kept])
    vectors = np.zeros((len(vocabulary), DIMENSIONS), np.float32)
    vectors[kept] = _main_components(pooled) * zipf_weights(len(kept))[:, None]
    return vectors


def _main_components(rows: np.ndarray) -> np.ndarray:
    from sklearn.decomposition import PCA

    return PCA(DIMENSIONS, svd_solver="covariance_eigh").fit_transform(rows)


def zipf_weights(tokens: int) -> np.ndarray:
    """(tokens,) float64 in (0, 1): SIF / (SIF + p), p falling with the rank as 1 / (rank + 1)."""
    chances = 1 / np.arange(2, tokens + 2)
    return SIF / (SIF + chances / chances.sum())


def _save(folder: Path, vectors: np.ndarray, tokenizer: Any) -> None:
    from safetensors.numpy import save_file

    config = {
        "model_type": "model2vec",
        "architectures": ["StaticModel"],
        "apply_pca": DIMENSIONS,
        "sif_coefficient": SIF,
        "hidden_dim": DIMENSIONS,
        "normalize": True,
        "embedding_dtype": "float32",
    }
    with replacing(folder) as temporary:
        temporary.mkdir(parents=True)
        save_file({"embeddings": vectors}, temporary / "model.safetensors")
        tokenizer.save(str(temporary / "tokenizer.json"), pretty=False)
        (temporary / "config.json").write_text(json.dumps(config, indent=1), encoding="utf-8")
