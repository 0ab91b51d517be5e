"""The table of backends. A new one is a file with a `Backend`, and one line here."""

from importlib import import_module

from core.models.base import Backend, Capabilities
from core.types import ModelSpec

# the backend's name in stored specs -> the module and variable of its declaration, imported at first use
BACKENDS: dict[str, str] = {
    "onnx": "core.models.minilm:BACKEND",
    "static": "core.models.static:BACKEND",
    "lexical": "core.models.lexical:BACKEND",
    "openai": "core.models.openai_embedder:BACKEND",
    "sentence-transformers": "core.models.sentence_transformer:BACKEND",
    "imported": "core.models.imported:BACKEND",
}
_UNREGISTERED = Backend()


def backend_of(spec: ModelSpec) -> Backend:
    """The declaration of a model's backend; one with the cautious defaults that loads nothing where it is missing."""
    return load_backend(spec.backend) if spec.backend in BACKENDS else _UNREGISTERED


def load_backend(name: str) -> Backend:
    """The declaration of a registered backend. Raises KeyError."""
    module, _, variable = BACKENDS[name].partition(":")
    backend: Backend = getattr(import_module(module), variable)
    return backend


def capabilities(spec: ModelSpec) -> Capabilities:
    """What a model can do, needs and costs."""
    return backend_of(spec).capabilities_of(spec)
