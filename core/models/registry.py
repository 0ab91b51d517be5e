"""The table of backends, the models a person can choose from, and the way from a name to an embedder.

A new backend is a file with a `Backend`, and one line in BACKENDS.
"""

import re
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

from core.errors import ModelError
from core.models.adapted import AdaptedEmbedder, load_map
from core.models.base import Backend, Capabilities, Embedder, LoadOptions
from core.models.folders import is_folder
from core.models.static import folder_spec
from core.secret import Secret
from core.types import ModelSpec

# the backend's name in stored specs -> the module and variable of its declaration, imported at first use
BACKENDS = {
    "onnx": "core.models.minilm:BACKEND",
    "static": "core.models.static:BACKEND",
    "lexical": "core.models.lexical:BACKEND",
    "e5": "core.models.e5:BACKEND",
    "openai": "core.models.openai_embedder:BACKEND",
    "sentence-transformers": "core.models.sentence_transformer:BACKEND",
    "fine-tuned": "core.models.fine_tuned:BACKEND",
    "words": "core.models.word_vectors:BACKEND",
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


DEFAULT_MODEL = "all-MiniLM-L6-v2"
HUB_NAME = re.compile(r"(?=.{1,96}$)[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")

# what a person can choose from, the default first
PRESETS: tuple[ModelSpec, ...] = tuple(spec for name in BACKENDS for spec in load_backend(name).presets)


def load_embedder(
    model: str | ModelSpec = DEFAULT_MODEL,
    *,
    models_folder: str | Path | None = None,
    api_key: str | Secret | None = None,
    http_client: Any | None = None,
    base_url: str = "",
    dimensions: int | None = None,
    local_only: bool = False,
    threads: int | None = None,
    patient: bool = True,
    workspace: str | Path = "",
) -> Embedder:
    """An embedder for a preset's name, a local folder, a hub name, or a model of a server (base_url).

    dimensions: shortens vectors where the model allows it; a server's model named without them is sent one short text.
    workspace: its folder, for adapters and models trained there. Others as in `LoadOptions`. Raises ModelError saying
    what to do; ServiceError for a bad key or address.
    """
    spec = find_spec(model, base_url=base_url, dimensions=dimensions)
    folder = Path(models_folder or default_folder())
    options = LoadOptions(folder, api_key, http_client, local_only, threads, patient, workspace)
    backend = backend_of(spec)
    # a stored spec stays as it is, since it names its vectors; a newly named model of a server is contacted once
    if isinstance(model, str) and capabilities(spec).hosted:
        spec = backend.resolve(spec, options)
    if not spec.adapter:
        return backend.load(spec, options)
    arrays = load_map(workspace, spec)  # first: it fails at once where the file is missing
    return AdaptedEmbedder(backend.load(spec.base, options), spec, arrays)


def resolve(
    model: str | ModelSpec,
    *,
    models_folder: str | Path | None = None,
    api_key: str | Secret | None = None,
    base_url: str = "",
) -> ModelSpec:
    """The spec with dimensions, window, prompts and revision filled in; options as for `load_embedder`.

    Loads a model only where that is the way to know, and never calls OpenAI for its known models. A server is sent one
    short text, so that a wrong address, key or name shows here: see `resolve_openai`.
    """
    spec = find_spec(model, base_url=base_url)
    resolved = backend_of(spec).resolve(spec.base, LoadOptions(Path(models_folder or default_folder()), api_key))
    return replace(resolved, adapter=spec.adapter, adapter_name=spec.adapter_name)


def find_spec(model: str | ModelSpec, *, base_url: str = "", dimensions: int | None = None) -> ModelSpec:
    """The spec a name stands for, resolved as far as can be without loading. Raises ModelError."""
    spec = model if isinstance(model, ModelSpec) else _named(model.strip(), base_url)
    if spec.adapter:
        return replace(
            find_spec(spec.base, dimensions=dimensions), adapter=spec.adapter, adapter_name=spec.adapter_name
        )
    backend = backend_of(spec)
    spec = backend.complete(spec)
    if dimensions is None or dimensions == spec.dimensions:
        return spec
    if not capabilities(spec).any_dimensions:
        raise ModelError(f"{spec.label} always has {spec.dimensions} dimensions.", "Use the default dimensions.")
    return backend.complete(replace(spec, dimensions=dimensions, probed=False))


def _named(name: str, base_url: str) -> ModelSpec:
    if base_url:
        return ModelSpec("openai", name, base_url=base_url)
    if spec := models_by_name().get(name):
        return spec
    if is_folder(name):
        folder = Path(name).expanduser().resolve()
        return folder_spec(folder) or ModelSpec("sentence-transformers", str(folder))
    if not HUB_NAME.fullmatch(name):
        remedy = f"Available: {', '.join(spec.label for spec in PRESETS)}; or enter a hub name or a local folder."
        raise ModelError(f"There is no model named {name[:80]!r}.", remedy)
    return ModelSpec("sentence-transformers", name)


def models_by_name() -> dict[str, ModelSpec]:
    """Every name that stands for a preset: its label, and what people write for it elsewhere."""
    backends = [load_backend(name) for name in BACKENDS]
    labels = {spec.label: spec for backend in backends for spec in backend.models}
    presets = {spec.name: spec for spec in reversed(PRESETS)}
    aliases = {alias: spec for backend in backends for alias, spec in backend.aliases.items()}
    return labels | presets | aliases | {f"sentence-transformers/{DEFAULT_MODEL}": PRESETS[0]}


def default_folder() -> Path:
    """Where models are stored by default: the user's cache folder."""
    from platformdirs import user_cache_path

    return user_cache_path("planisphere") / "models"
