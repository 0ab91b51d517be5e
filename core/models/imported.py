"""Vectors from a file: a model that is not available, so no further text can be embedded."""

from core.errors import ModelError
from core.models.base import FREE, Backend, Capabilities, Embedder, LoadOptions
from core.types import ModelSpec


class ImportedBackend(Backend):
    def load(self, spec: ModelSpec, options: LoadOptions) -> Embedder:
        raise ModelError(f"{spec.name} only has vectors imported from a file.", "Embed the corpus to search by text.")


BACKEND = ImportedBackend(
    Capabilities(
        description="Vectors imported from a file; new texts and queries can't be embedded.",
        hosted=False,
        paid=False,
        price=FREE,
        can_embed=False,
        separate_queries=False,
        loading="",
    )
)
