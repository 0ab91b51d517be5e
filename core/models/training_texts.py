"""The texts that an adapter or a fine-tuned model was trained on, as digests stored with it, so that scores can leave
them out."""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from core.files import replacing
from core.models.adapter_files import adapter_path, read_adapter
from core.models.fine_tuned import model_path
from core.types import ModelSpec

FIELD = "trained_texts"  # of an adapter; of a fine-tuned model, a file in its folder


def text_digests(texts: Iterable[str]) -> np.ndarray:
    """(t,) uint64, ascending, of distinct texts; those that differ only in case or white space are one."""
    distinct = {" ".join(text.casefold().split()) for text in texts}
    return np.unique(np.array([_digest(text) for text in distinct], np.uint64))


def are_used(texts: Sequence[str], digests: np.ndarray) -> np.ndarray:
    """(n,) bool: which texts are among the digests."""
    return np.isin(np.array([_digest(" ".join(text.casefold().split())) for text in texts], np.uint64), digests)


def save_digests(digests: np.ndarray, folder: Path) -> None:
    """Into the folder of a fine-tuned model. Raises StorageError."""
    with replacing(folder / f"{FIELD}.npy") as temporary, temporary.open("wb") as file:
        np.save(file, digests, allow_pickle=False)


def training_texts(folder: str | Path, spec: ModelSpec) -> np.ndarray | None:
    """(t,) uint64 digests of the texts that a model of the workspace was trained on, its base too; none for models that
    were not trained here. None where they are not known: the model was deleted, or trained by an earlier version."""
    if not spec.is_supervised_here:
        return np.zeros(0, np.uint64)
    own = _of_adapter(folder, spec) if spec.adapter else _of_model(folder, spec)
    base = training_texts(folder, spec.base) if spec.adapter else np.zeros(0, np.uint64)
    return None if own is None or base is None else np.union1d(own, base)


def _of_adapter(folder: str | Path, spec: ModelSpec) -> np.ndarray | None:
    try:
        return read_adapter(adapter_path(folder, spec.adapter).read_bytes())[1].get(FIELD)
    except Exception:  # safetensors and json raise almost anything for damaged content
        return None


def _of_model(folder: str | Path, spec: ModelSpec) -> np.ndarray | None:
    try:
        return np.asarray(np.load(model_path(spec.name, folder) / f"{FIELD}.npy", allow_pickle=False), np.uint64)
    except (OSError, ValueError):
        return None


def _digest(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")
