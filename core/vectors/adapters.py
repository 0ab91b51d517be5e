"""The adapters that a workspace uses as models: their maps, the list of them, and removing one."""

from functools import lru_cache
from pathlib import Path

import numpy as np

from core.files import discard
from core.models.adapted import load_map
from core.models.adapter_files import ENDING, FOLDER, adapter_path, read_spec
from core.models.linear_maps import Arrays, map_rows
from core.store import Workspace
from core.types import ModelSpec


@lru_cache(maxsize=4)
def cached_map(folder: str, spec: ModelSpec) -> Arrays:
    """The map of an adapted model. Raises ModelError where its file is missing or damaged."""
    return load_map(folder, spec)


def adapt_rows(folder: str, spec: ModelSpec, rows: np.ndarray) -> np.ndarray:
    """(n, d) float32 unit rows of a model, from those of its base; the same rows where it has no adapter."""
    return map_rows(cached_map(folder, spec), rows) if spec.adapter else rows


def stored_adapters(folder: str | Path) -> tuple[ModelSpec, ...]:
    """The adapted models of a workspace, by label; files that can't be read are left out."""
    specs = (read_spec(path) for path in sorted((Path(folder) / FOLDER).glob(f"*{ENDING}")))
    return tuple(sorted((spec for spec in specs if spec), key=lambda spec: spec.label))


def delete_adapter(folder: str | Path, spec: ModelSpec) -> None:
    """Remove the adapter, and what every corpus has of this model. The base model stays. Raises StorageError."""
    workspace = Workspace(folder)
    for info in workspace.corpora():
        workspace.delete_model(info.digest, spec)
    discard(adapter_path(folder, spec.adapter))
