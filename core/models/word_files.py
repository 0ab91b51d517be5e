"""Word vectors on disk: one safetensors file for each model in the workspace, named by the digest of its content.

The header holds a JSON manifest; there is no pickle. Other people's workspaces don't list these files: words of a
private corpus are in them.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np

from core import codec
from core.errors import ModelError
from core.files import discard, replacing, storage_errors
from core.types import ModelSpec

BACKEND_NAME = "words"
FORMAT = "planisphere words 1"
MAX_HEADER = 1_000_000  # bytes
DAMAGED = "Delete these word vectors on the Customize page, and train or upload them again."
Method = Literal["skip-gram", "cbow", "fasttext", "doc2vec", "file"]
METHODS: dict[Method, str] = {
    "skip-gram": "word2vec (skip-gram)",
    "cbow": "word2vec (CBOW)",
    "fasttext": "fastText",
    "doc2vec": "doc2vec (PV-DBOW)",
    "file": "uploaded file",
}
SHORT_NAMES: dict[Method, str] = {
    "skip-gram": "skip-gram", "cbow": "CBOW", "fasttext": "fastText", "doc2vec": "doc2vec",
}  # fmt: skip
_DIGEST = re.compile(r"[0-9a-f]{16}")
_SIZE_BYTES = 8  # of the header's length, little endian


@dataclass(frozen=True)
class WordManifest:
    """What is known of stored word vectors without loading them.

    corpus: digest of the corpus they were trained on, or whose word counts weight them; texts, tokens: of it.
    known_share: of those tokens that have a vector. settings: of the training, as plain values. smoothing: SIF's a.
    frequencies: where word counts come from. digest: 16 hex digits of the file's content.
    """

    name: str
    method: Method
    words: int
    dimensions: int
    corpus: str
    corpus_name: str
    texts: int
    tokens: int
    known_share: float
    smoothing: float
    frequencies: Literal["corpus", "rank"] = "corpus"
    settings: dict[str, Any] = field(default_factory=dict)
    digest: str = ""

    @property
    def spec(self) -> ModelSpec:
        """These word vectors as an embedding model."""
        return ModelSpec(BACKEND_NAME, self.name, f"sha256:{self.digest}", self.dimensions)


@dataclass(frozen=True, eq=False)
class WordVectors:
    """words: v of them, most frequent first. vectors: (v, d) float32, not of unit length. counts: (v,) int64, 0 where
    not known. weights: (v,) float32, SIF's. component, fallback: (d,) float32, see core.models.sif.

    ngrams: sorted (m,) int64 hashes of the character n-grams seen in training, and ngram_vectors (m, d) (fastText).
    outputs: (v, d) float32, by which texts' vectors are inferred (doc2vec).
    """

    manifest: WordManifest
    words: list[str]
    vectors: np.ndarray
    counts: np.ndarray
    weights: np.ndarray
    component: np.ndarray
    fallback: np.ndarray
    ngrams: np.ndarray | None = None
    ngram_vectors: np.ndarray | None = None
    outputs: np.ndarray | None = None

    def arrays(self) -> dict[str, np.ndarray]:
        """By the names in the file; words as UTF-8 in lines."""
        names = ("vectors", "counts", "weights", "component", "fallback", "ngrams", "ngram_vectors", "outputs")
        values = {name: getattr(self, name) for name in names}
        arrays = {name: np.ascontiguousarray(value) for name, value in values.items() if value is not None}
        return arrays | {"words": np.frombuffer("\n".join(self.words).encode("utf-8", "replace"), np.uint8)}


def save_words(folder: Path, words: WordVectors) -> WordManifest:
    """Store word vectors; gives the manifest with their digest. Raises StorageError."""
    from safetensors.numpy import save_file

    arrays = words.arrays()
    digest = _digest(words.manifest, arrays)
    with replacing(_path(folder, digest)) as temporary:
        save_file(arrays, temporary, {"manifest": json.dumps({"format": FORMAT} | _plain(words.manifest))})
    return _with_digest(words.manifest, digest)


def list_words(folder: Path) -> list[WordManifest]:
    """The stored word vectors, oldest first; files that can't be read are left out."""
    found = []
    for path in folder.glob(f"{BACKEND_NAME}-*.safetensors"):
        try:
            found.append((path.stat().st_mtime, read_manifest(folder, path.stem.removeprefix(f"{BACKEND_NAME}-"))))
        except (OSError, ModelError):
            continue
    return [manifest for _, manifest in sorted(found, key=lambda item: (item[0], item[1].digest))]


def read_manifest(folder: Path, digest: str) -> WordManifest:
    """The manifest alone, from the file's header. Raises ModelError where the file is absent or damaged."""
    path = _path(folder, digest)
    try:
        with path.open("rb") as file:
            size = int.from_bytes(file.read(_SIZE_BYTES), "little")
            header = json.loads(file.read(min(size, MAX_HEADER)))
        data = json.loads(header["__metadata__"]["manifest"])
        if data.pop("format") != FORMAT:
            raise ValueError("format")
        manifest: WordManifest = codec.decode(WordManifest, data)
    except FileNotFoundError as error:
        message = "These word vectors are not in this workspace any more."
        raise ModelError(message, "Train or upload them again on the Customize page.") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError("The file of these word vectors is damaged.", DAMAGED) from error
    return _with_digest(manifest, digest)


def load_words(folder: Path, digest: str) -> WordVectors:
    """Stored word vectors, arrays read-only. Raises ModelError where they are absent or damaged."""
    read_manifest(folder, digest)  # they may have been deleted since they were loaded
    return cached_words(folder, digest)


@lru_cache(maxsize=2)
def cached_words(folder: Path, digest: str) -> WordVectors:
    """The same, loaded before."""
    from safetensors.numpy import load_file

    manifest = read_manifest(folder, digest)
    try:
        arrays = load_file(_path(folder, digest))
        if _digest(_with_digest(manifest, ""), arrays) != digest:
            raise ValueError("digest")
        words = arrays.pop("words").tobytes().decode().split("\n")
        loaded = WordVectors(manifest, words, **arrays)
        _check(loaded)
    except Exception as error:  # safetensors raises an error of its own
        raise ModelError(f"The file of {manifest.name} is damaged.", DAMAGED) from error
    for array in arrays.values():
        array.flags.writeable = False
    return loaded


def delete_words(folder: Path, digest: str) -> None:
    """Remove stored word vectors. Vectors that they gave to texts stay. Raises StorageError."""
    with storage_errors(folder):
        discard(_path(folder, digest))


def word_vectors_size(folder: Path, digest: str) -> int:
    """Bytes of the file; 0 where there is none."""
    path = _path(folder, digest)
    return path.stat().st_size if path.is_file() else 0


def has_words(folder: Path, digest: str) -> bool:
    return bool(_DIGEST.fullmatch(digest)) and _path(folder, digest).is_file()


def _path(folder: Path, digest: str) -> Path:
    if not _DIGEST.fullmatch(digest):
        raise ModelError(f"{digest[:40]!r} names no word vectors.", "Choose others on the Customize page.")
    return folder / f"{BACKEND_NAME}-{digest}.safetensors"


def _plain(manifest: WordManifest) -> dict[str, Any]:
    return {name: value for name, value in asdict(manifest).items() if name != "digest"}


def _with_digest(manifest: WordManifest, digest: str) -> WordManifest:
    return WordManifest(**_plain(manifest), digest=digest)


def _digest(manifest: WordManifest, arrays: Mapping[str, np.ndarray]) -> str:
    digest = hashlib.sha256(json.dumps(_plain(manifest), sort_keys=True).encode())
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array).view(np.uint8).data if array.size else b"")
    return digest.hexdigest()[:16]


def _check(words: WordVectors) -> None:
    """Raise ValueError for arrays that no text can be embedded with."""
    shape = (len(words.words), words.manifest.dimensions)
    floats = [words.vectors, words.weights, words.component, words.fallback, words.ngram_vectors, words.outputs]
    is_finite = all(part is None or (part.dtype == np.float32 and np.isfinite(part).all()) for part in floats)
    if words.vectors.shape != shape or words.weights.shape != shape[:1] or not is_finite:
        raise ValueError("invalid arrays")
    if words.component.shape != shape[1:] or words.fallback.shape != shape[1:]:
        raise ValueError("invalid axes")
