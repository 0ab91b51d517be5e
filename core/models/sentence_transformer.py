"""Any sentence-transformers model, from the hub or a local folder, through torch. Code from a model is never run."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import ModelError
from core.models.base import FREE, Backend, Capabilities, Embedder, LoadOptions, in_batches, model_changed
from core.models.folders import folder_digest, is_folder
from core.types import ModelSpec, unit_rows

HUB_TIMEOUT = 5.0  # seconds the hub gets to answer whether a model exists
HUB_SECONDS = 8.0  # seconds until it counts as out of reach, looking its address up included
QUERY_PROMPTS = ("query",)
DOCUMENT_PROMPTS = ("document", "passage", "corpus")  # names sentence-transformers' encode_document looks for
NO_HUB = "Check the connection, or download the model elsewhere and enter the path of its folder."
MISSPELLED = "Check the spelling (such as sentence-transformers/all-mpnet-base-v2), or enter the path of a folder."


@dataclass(frozen=True)
class Source:
    """Where a model comes from: what to load, at which revision, and the languages its card names."""

    revision: str
    languages: tuple[str, ...] = ()
    local: bool = True


class SentenceEmbedder(Embedder):
    """An `Embedder` over a SentenceTransformer. dimensions in the spec shortens the vectors (Matryoshka models).

    Raises ModelError for a name the hub does not know, a hub out of reach and a model that can't be loaded.
    """

    def __init__(self, spec: ModelSpec, local_only: bool = False) -> None:
        source = _folder_source(Path(spec.name)) if is_folder(spec.name) else _hub_source(spec, local_only)
        if spec.revision and source.revision and spec.revision != source.revision:
            raise model_changed(spec)
        self._model = _load(spec, source)
        super().__init__(_resolved_spec(spec, source, self._model))

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        return self._encode(texts, self._model.encode_document, self._spec.document_prompt)

    def embed_query(self, texts: Sequence[str]) -> np.ndarray:
        return self._encode(texts, self._model.encode_query, self._spec.query_prompt)

    def count_tokens(self, texts: Sequence[str]) -> np.ndarray:
        """(n,) int64; whitespace-separated words where the model has no tokenizer of the usual kind."""
        return in_batches(texts, self._count)

    def _count(self, texts: list[str]) -> list[int]:
        texts = [self._spec.document_prompt + text for text in texts]
        try:
            return [len(ids) for ids in self._model.tokenizer(texts, truncation=False, verbose=False)["input_ids"]]
        except (AttributeError, TypeError, KeyError):
            return [len(text.split()) for text in texts]

    def _encode(self, texts: Sequence[str], encode: Any, prompt: str) -> np.ndarray:
        encode = partial(encode, prompt=prompt, show_progress_bar=False, convert_to_numpy=True)
        return unit_rows(in_batches(texts, encode, self._spec.dimensions or 0))


def load_transformer(spec: ModelSpec) -> tuple[ModelSpec, Any]:
    """A resolved spec, and its SentenceTransformer for training. Raises ModelError as SentenceEmbedder does."""
    embedder = SentenceEmbedder(spec)
    return embedder.spec, embedder._model


def _folder_source(folder: Path) -> Source:
    return Source(folder_digest(folder.expanduser()))


def _hub_source(spec: ModelSpec, local_only: bool) -> Source:
    """Ask the hub once, with a short limit: the loader itself would try each file six times for over a minute."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HFValidationError, RepositoryNotFoundError, RevisionNotFoundError

    try:
        info = None if local_only else _within(HUB_SECONDS, partial(
            HfApi().model_info, spec.name, revision=spec.revision or None, timeout=HUB_TIMEOUT
        ))  # fmt: skip
    except (RepositoryNotFoundError, RevisionNotFoundError, HFValidationError) as error:
        raise ModelError(f"The Hugging Face hub has no model named {spec.name!r}.", MISSPELLED) from error
    except Exception:  # out of reach, in one of many ways: the model may still be in the local cache
        info = None
    if info is None:
        return Source(spec.revision)
    codes = getattr(info.card_data, "language", None) or []
    codes = [codes] if isinstance(codes, str) else codes
    languages = tuple(code for code in codes if isinstance(code, str) and len(code) == 2)
    return Source(str(info.sha or ""), languages, local=False)


def _within(seconds: float, function: Callable[[], Any]) -> Any:
    """What the function returns or raises; TimeoutError after so long: looking a host's name up has no limit itself."""
    future: Future[Any] = Future()

    def run() -> None:
        try:
            future.set_result(function())
        except Exception as error:
            future.set_exception(error)

    threading.Thread(target=run, daemon=True, name="hub").start()
    return future.result(seconds)


def _is_downloaded(spec: ModelSpec) -> bool:
    """Whether the model's configuration is in the hub's local cache."""
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    names = (spec.name, f"sentence-transformers/{spec.name}") if "/" not in spec.name else (spec.name,)
    try:
        files = [
            try_to_load_from_cache(name, file, revision=spec.revision or None)
            for name in names
            for file in ("config.json", "modules.json")
        ]
    except HFValidationError as error:
        raise ModelError(f"{spec.name!r} is no name of a model or folder.", MISSPELLED) from error
    return any(isinstance(file, str) for file in files)


def _load(spec: ModelSpec, source: Source) -> Any:
    from sentence_transformers import SentenceTransformer

    folder = is_folder(spec.name)
    try:
        return SentenceTransformer(
            str(Path(spec.name).expanduser()) if folder else spec.name,
            revision=None if folder else source.revision or None,
            trust_remote_code=False,
            local_files_only=source.local,
            truncate_dim=spec.dimensions,
        )
    except Exception as error:  # transformers raises OSError, ValueError, KeyError, ImportError and others of its own
        raise _load_error(spec.name, folder, source.local, error) from error


def _load_error(name: str, folder: bool, local: bool, error: Exception) -> ModelError:
    if "trust_remote_code" in str(error):
        return ModelError(f"{name} brings code of its own, which is never run here.", "Choose a model without it.")
    if folder:
        message = f"The folder {name} holds no model that can be loaded."
        return ModelError(message, "It needs a sentence-transformers model.")
    if local and isinstance(error, OSError):
        return _not_here(name)
    return ModelError(f"The model {name} can't be loaded ({type(error).__name__}).", MISSPELLED)


def _not_here(name: str) -> ModelError:
    return ModelError(f"{name} is not on this machine and the Hugging Face hub can't be reached.", NO_HUB)


def _resolved_spec(spec: ModelSpec, source: Source, model: Any) -> ModelSpec:
    config = getattr(getattr(model[0], "auto_model", None), "config", None)
    return replace(
        spec,
        revision=source.revision or str(getattr(config, "_commit_hash", None) or ""),
        dimensions=int(model.get_embedding_dimension()),
        max_tokens=model.max_seq_length,
        query_prompt=spec.query_prompt or _prompt(model, QUERY_PROMPTS),
        document_prompt=spec.document_prompt or _prompt(model, DOCUMENT_PROMPTS),
        languages=spec.languages or source.languages,
    )


def _prompt(model: Any, names: tuple[str, ...]) -> str:
    """The first prompt of these names, else the model's default one, else ''."""
    return next(filter(None, map(model.prompts.get, (*names, model.default_prompt_name or ""))), "")


class SentenceBackend(Backend):
    def is_resolved(self, spec: ModelSpec) -> bool:
        return bool(spec.revision and spec.dimensions and spec.max_tokens)

    def fine_tuning_base(self, spec: ModelSpec) -> ModelSpec:
        return spec

    def look_up(self, spec: ModelSpec) -> None:
        if not is_folder(spec.name) and _hub_source(spec, local_only=False).local and not _is_downloaded(spec):
            raise _not_here(spec.name)

    def load(self, spec: ModelSpec, options: LoadOptions) -> SentenceEmbedder:
        return SentenceEmbedder(spec, options.local_only)


_DESCRIPTION = "A sentence-transformers model from the Hugging Face Hub or a local folder; runs locally."
BACKEND = SentenceBackend(Capabilities(_DESCRIPTION, hosted=False, paid=False, price=FREE, any_dimensions=True))
