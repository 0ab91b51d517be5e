"""Models fine-tuned in a workspace: folders below `fine-tuned`, each with a file of facts beside it.

A model is named by its folder, so that its vectors stay valid when the workspace is moved.
"""

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from core import codec
from core.errors import ModelError
from core.files import discard, folder_size, read_json, write_json
from core.models.base import FREE, Backend, Capabilities, LoadOptions
from core.models.folders import folder_digest
from core.models.sentence_transformer import SentenceEmbedder
from core.types import ModelSpec

BACKEND_NAME = "fine-tuned"
NAME = re.compile(r"\w[\w.-]{0,95}")


def models_path(folder: str | Path) -> Path:
    """folder: the workspace."""
    return Path(folder) / "fine-tuned"


def model_path(name: str, folder: str | Path) -> Path:
    """The folder of a model. Raises ModelError for a name that is none."""
    if not NAME.fullmatch(name):
        raise ModelError(f"{name[:40]!r} does not name a fine-tuned model.", "Choose one of the list.")
    return models_path(folder) / name


def add_model(spec: ModelSpec, facts: dict[str, Any], folder: str | Path) -> ModelSpec:
    """Enter a model whose folder has been written; gives the spec with its digest. Raises StorageError."""
    path = model_path(spec.name, folder)
    complete = replace(spec, revision=folder_digest(path))
    write_json(_facts_path(path), {"model": codec.encode(complete)[0], "facts": facts})
    return complete


def fine_tuned_models(folder: str | Path) -> dict[str, tuple[ModelSpec, dict[str, Any]]]:
    """The models with their facts, by key, the newest last; without those that can't be read."""
    files = sorted(models_path(folder).glob("*.json"), key=lambda path: path.stat().st_mtime)
    entries = [entry for path in files if (entry := _read(path))]
    return {spec.key: (spec, facts) for spec, facts in entries}


def tuned_models(folder: str | Path) -> tuple[ModelSpec, ...]:
    """The models alone."""
    return tuple(spec for spec, _ in fine_tuned_models(folder).values())


def delete_model(name: str, folder: str | Path) -> int:
    """Remove a model; gives the bytes freed. Vectors of it stay."""
    path = model_path(name, folder)
    size = folder_size(path)
    discard(_facts_path(path))
    discard(path)
    return size


def _read(path: Path) -> tuple[ModelSpec, dict[str, Any]] | None:
    stored = read_json(path)
    try:
        spec = codec.decode(ModelSpec, stored["model"])
        is_valid = spec.backend == BACKEND_NAME and spec.name == path.stem and path.with_suffix("").is_dir()
        return (spec, dict(stored["facts"])) if is_valid else None
    except (TypeError, KeyError, ValueError):
        return None


def _facts_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.json")


class FineTunedEmbedder(SentenceEmbedder):
    """A sentence-transformer by the name of its folder. Raises ModelError where it has changed."""

    def __init__(self, spec: ModelSpec, folder: str | Path) -> None:
        super().__init__(replace(spec, backend="sentence-transformers", name=str(folder)), local_only=True)
        self._spec = replace(self._spec, backend=spec.backend, name=spec.name)


@dataclass(frozen=True)
class FineTunedBackend(Backend):
    in_workspace: bool = True

    def fine_tuning_base(self, spec: ModelSpec) -> ModelSpec:
        return spec

    def torch_weights(self, spec: ModelSpec, workspace: str | Path) -> ModelSpec:
        return ModelSpec("sentence-transformers", str(model_path(spec.name, workspace)))

    def load(self, spec: ModelSpec, options: LoadOptions) -> FineTunedEmbedder:
        path = model_path(spec.name, options.workspace)
        if not path.is_dir():
            raise ModelError(f"The fine-tuned model {spec.name} was deleted.", "Train it again on the Customize page.")
        return FineTunedEmbedder(spec, path)


_DESCRIPTION = "Fine-tuned in this workspace on the Customize page; runs locally."
BACKEND = FineTunedBackend(Capabilities(_DESCRIPTION, hosted=False, paid=False, price=FREE, any_dimensions=True))
