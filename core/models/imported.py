"""Vectors from a file: a model that is not available, so no further text can be embedded."""

from dataclasses import replace

from core.errors import ModelError
from core.models.base import LOCAL, Backend, Embedder, LoadOptions
from core.types import ModelSpec


class ImportedBackend(Backend):
    def load(self, spec: ModelSpec, options: LoadOptions) -> Embedder:
        raise ModelError(f"{spec.name} only has vectors imported from a file.", "Embed the corpus to search by text.")


_DESCRIPTION = "Vectors imported from a file; new texts and queries can't be embedded."
BACKEND = ImportedBackend(replace(LOCAL, description=_DESCRIPTION, can_embed=False))
