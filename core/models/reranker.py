"""Rerankers: models that read a question and a passage together and score how well the passage answers it.

Nogueira and Cho (2019), "Passage Re-ranking with BERT". A cross-encoder from a local folder runs through torch; a
server gets the texts by `core.models.rerank_server`.
"""

import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Literal

import numpy as np

from core.corpus.texts import valid_texts
from core.digest import digest_json
from core.errors import ModelError
from core.models.base import FREE, Capabilities, Reranker
from core.models.folders import folder_digest, is_folder
from core.models.openai_client.models import checked_url
from core.models.registry import capabilities
from core.models.rerank_server import ServerReranker
from core.secret import Secret
from core.types import ModelSpec

BATCH = 16  # pairs that are computed at once
HOSTED = {"cross-encoder": False, "server": True}  # by backend
_CODE = "trust_remote_code"
_FOLDER_REMEDY = "It needs a sentence-transformers cross-encoder with its weights as .safetensors."


@dataclass(frozen=True)
class RerankerSpec:
    """All that determines a reranker's scores. API keys are never part of it.

    backend: "cross-encoder", whose name is a folder on this machine, or "server", whose name is the model's ID there.
    base_url: the address before /rerank. revision: of a folder, the digest of its files, see `resolve_reranker`.
    """

    backend: Literal["cross-encoder", "server"]
    name: str
    base_url: str = ""
    revision: str = ""

    @property
    def is_hosted(self) -> bool:
        return HOSTED[self.backend]

    @property
    def label(self) -> str:
        return self.name if self.is_hosted else Path(self.name).name

    @property
    def key(self) -> str:
        """16 hex digits; the same for specs that give the same scores."""
        return digest_json(asdict(self))

    @property
    def model(self) -> ModelSpec:
        """The server's model, by which its API key and price are known."""
        return ModelSpec("openai", self.name, base_url=self.base_url)

    @property
    def capabilities(self) -> Capabilities:
        """What it needs and costs: a server elsewhere is paid, its price unknown, so that it needs consent."""
        if self.is_hosted:
            return replace(capabilities(self.model), description="A reranker on a server; texts are sent there.")
        text = "A cross-encoder from a local folder; runs locally."
        return Capabilities(text, hosted=False, paid=False, price=FREE)


class CrossEncoderReranker:
    """A `sentence_transformers.CrossEncoder` with one output, from a folder. Code of a model is never run.

    Raises ModelError for a folder without such a model, and for one that has changed since the spec was resolved.
    """

    def __init__(self, spec: RerankerSpec) -> None:
        folder = Path(spec.name).expanduser()
        if not is_folder(spec.name):
            raise _no_folder(spec)
        revision = folder_digest(folder)
        if spec.revision not in ("", revision):
            raise ModelError(f"The reranker {spec.label} has changed since it was chosen.", "Choose it again.")
        self.label: str = spec.label
        self._model, self._lock = _load(folder, spec.label), threading.Lock()

    def scores(self, question: str, texts: Sequence[str]) -> np.ndarray:
        """(n,) float32 scores of the texts, the model's raw output: higher is better, of any size and sign. What is
        longer than the model's window with the question is truncated. Raises ModelError where it gives no number."""
        if not texts:
            return np.empty(0, np.float32)
        pairs = [list(pair) for pair in zip(valid_texts([question] * len(texts)), valid_texts(texts), strict=True)]
        with self._lock:
            values = self._model.predict(pairs, batch_size=BATCH, show_progress_bar=False, activation_fn=_raw)
        scores = np.asarray(values, dtype=np.float32)
        if scores.shape != (len(texts),) or not np.isfinite(scores).all():
            raise ModelError(f"The reranker {self.label} gives scores that are no numbers.", "Choose another model.")
        return scores


def checked_reranker(name: str, url: str) -> RerankerSpec:
    """A server's reranker, its address in one form. Raises ModelError for no name, ServiceError for the address."""
    base_url = checked_url(url)
    if not base_url:
        raise ModelError("A reranker needs the address of its server.", "Enter it like http://localhost:8000/v1.")
    plain = name.strip()
    if not plain or len(plain) > 200 or not plain.isprintable():
        raise ModelError("A reranker needs a name.", "Enter the model ID on the server.")
    return RerankerSpec("server", plain, base_url)


def resolve_reranker(spec: RerankerSpec) -> RerankerSpec:
    """The spec with the digest of a folder's files, so that results of changed files never mix. Raises ModelError."""
    if spec.is_hosted:
        return checked_reranker(spec.name, spec.base_url)
    if not is_folder(spec.name):
        raise _no_folder(spec)
    folder = Path(spec.name).expanduser()
    return replace(spec, revision=_digest(folder, folder.stat().st_mtime_ns))


@lru_cache(maxsize=4)
def open_reranker(spec: RerankerSpec, secret: Secret | None = None, http_client: Any = None) -> Reranker:
    """The reranker, loaded once in a process. secret: of its server. Raises ModelError; ServiceError for a bad key or
    address."""
    if spec.is_hosted:
        spec = checked_reranker(spec.name, spec.base_url)
        return ServerReranker(spec.model, secret, http_client)
    return CrossEncoderReranker(spec)


@lru_cache(maxsize=8)
def _digest(folder: Path, modified: int) -> str:
    """modified: of the folder, so that replaced files are read again."""
    return folder_digest(folder)


def _load(folder: Path, label: str) -> Any:
    from sentence_transformers import CrossEncoder

    load = partial(CrossEncoder, trust_remote_code=False, local_files_only=True)
    try:
        model = load(str(folder), model_kwargs={"use_safetensors": True}, activation_fn=_raw)
    except Exception as error:  # transformers raises OSError, ValueError, KeyError, ImportError and others of its own
        if _CODE in str(error):
            message = f"{label} brings code of its own, which is never run here."
            raise ModelError(message, "Choose a model without it.") from error
        raise ModelError(f"The folder {folder} holds no reranker that can be loaded.", _FOLDER_REMEDY) from error
    if model.num_labels != 1:
        message = f"{label} sorts pairs into {model.num_labels:,} classes; a reranker gives one score."
        raise ModelError(message, "Choose a model for reranking.")
    return model


def _raw(scores: Any) -> Any:
    """No activation: a sigmoid would round high scores to ties."""
    return scores


def _no_folder(spec: RerankerSpec) -> ModelError:
    return ModelError(f"There is no folder {spec.name[:200]!r} on this machine.", _FOLDER_REMEDY)
