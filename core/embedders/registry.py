"""The models a person can choose from, and the way from a name to an embedder."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from core.embedders import distill, lexical, minilm
from core.embedders.base import Embedder
from core.embedders.bfloat16 import has_bfloat16
from core.embedders.openai_models import NATIVE, completed, native_dimensions
from core.embedders.packaged import GRAPH_VERSION, WEIGHTS_SHA256, file_sha256
from core.embedders.sentence import SentenceEmbedder, changed, is_folder
from core.errors import ModelError
from core.secret import Secret
from core.types import ModelSpec

DEFAULT = "all-MiniLM-L6-v2"
HUB_NAME = re.compile(r"(?=.{1,96}$)[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")
_WEIGHTS = f"sha256:{WEIGHTS_SHA256[:16]}"
_EXACT = ModelSpec("onnx", DEFAULT, _WEIGHTS, minilm.DIMENSIONS, "float32", minilm.WINDOW, languages=("en",))
_HALF = replace(_EXACT, precision="bfloat16", revision=f"{_WEIGHTS} bfloat16 v{GRAPH_VERSION}")
_ROUNDED = replace(_EXACT, precision="int8", revision=f"{_WEIGHTS} int8 v{GRAPH_VERSION}")
_STATIC = ModelSpec(
    "static", "static-MiniLM-L6-v2", f"{_WEIGHTS} v{distill.VERSION}", distill.DIMENSIONS, languages=("en",)
)
_WORDS = ModelSpec("lexical", "lexical baseline", "v1", lexical.DIMENSIONS)
_OPENAI = tuple(completed(ModelSpec("openai", name)) for name in NATIVE)
_ALL = (_EXACT, _HALF, _ROUNDED, _STATIC, _WORDS, *_OPENAI)

# what a person can choose from, the default first: bfloat16 only where the processor has it
PRESETS: tuple[ModelSpec, ...] = (_HALF, *_ALL[:1], *_ALL[2:]) if has_bfloat16() else (_EXACT, *_ALL[2:])

_FIRST = "Small transformer that reads {made_for}; runs here, without a network, and is the best first choice."
_SENTENCES = {
    "onnx": _FIRST,
    "onnx bfloat16": f"{_FIRST} Computed in bfloat16, which this processor has built in: nearly twice as fast as"
    " float32, vectors all but the same.",
    "onnx int8": "The same model with rounded weights: about twice as fast, nearly the same vectors.",
    "static": "Word vectors taken from a transformer: tens of times faster, a little coarser, blind to word order.",
    "lexical": "Compares words and spelling only, in any language: shows what a model adds over words.",
    "openai": "OpenAI's model, many languages; texts are sent to OpenAI and paid for by the token.",
    "server": "A model on a server you name; texts are sent there.",
    "sentence-transformers": "A sentence-transformers model from the Hugging Face hub or a local folder; runs here.",
    "imported": "Vectors brought in from a file; a text can't be embedded as a query.",
}


def describe(spec: ModelSpec) -> str:
    """One plain sentence on what a model is and costs, for a person choosing one."""
    kind = "server" if spec.base_url else f"{spec.backend} {spec.precision}"
    sentence = _SENTENCES.get(kind, _SENTENCES[spec.backend])
    return sentence.format(made_for="English" if spec.languages == ("en",) else "text")


def load_embedder(
    model: str | ModelSpec = DEFAULT,
    *,
    models_folder: str | Path | None = None,
    api_key: str | Secret | None = None,
    http_client: Any | None = None,
    base_url: str = "",
    dimensions: int | None = None,
    local_only: bool = False,
    threads: int | None = None,
) -> Embedder:
    """An embedder for a preset's name, a local folder, a hub name, or a model of a server (base_url).

    models_folder: where exported and distilled files are kept (default: the user's cache folder). dimensions:
    shortens vectors where the model allows it; a server named without them is sent one short text, to learn the
    model's. local_only: never ask the hub. threads: of ONNX Runtime, None for all cores. Raises ModelError saying what
    to do; ServiceError for a bad key or address.
    """
    spec = find_spec(model, base_url=base_url, dimensions=dimensions)
    if spec.backend == "openai":
        from core.embedders.openai import OpenAIEmbedder, resolve_openai

        if spec.dimensions is None and isinstance(model, str):  # a stored spec stays as it is: it names its vectors
            spec = resolve_openai(spec, api_key, http_client)
        return OpenAIEmbedder(spec, api_key=api_key, http_client=http_client)
    return _load_local(spec, Path(models_folder) if models_folder else default_folder(), local_only, threads)


def _load_local(spec: ModelSpec, models_folder: Path, local_only: bool, threads: int | None) -> Embedder:
    if spec.backend == "onnx":
        return minilm.MiniLMEmbedder(spec, models_folder, threads)
    if spec.backend == "lexical":
        return lexical.LexicalEmbedder(spec)
    if spec.backend == "sentence-transformers":
        return SentenceEmbedder(spec, local_only)
    if spec.backend == "static":
        from core.embedders.static import StaticEmbedder

        preset = spec.name == _STATIC.name
        return StaticEmbedder(
            spec, distill.distilled(models_folder, threads) if preset else Path(spec.name).expanduser()
        )
    raise ModelError(
        f"{spec.name} only has vectors brought in from a file.", "To search by text, embed the corpus with a model."
    )


def resolve(model: str | ModelSpec, **options: Any) -> ModelSpec:
    """The spec with dimensions, window, prompts and revision filled in; options as for `load_embedder`.

    Loads a model only where that is the way to know, and never calls OpenAI for its known models. A server is sent one
    short text, so that a wrong address, key or name shows here: see `resolve_openai`.
    """
    spec = find_spec(model, base_url=options.get("base_url", ""), dimensions=options.get("dimensions"))
    if spec.backend == "openai":
        return _resolve_service(spec, options)
    complete = spec.backend != "sentence-transformers" or (spec.revision and spec.dimensions and spec.max_tokens)
    return spec if complete else load_embedder(spec, **options).spec


def _resolve_service(spec: ModelSpec, options: dict[str, Any]) -> ModelSpec:
    from core.embedders.openai import resolve_openai

    if spec.probed or native_dimensions(spec) is not None:
        return spec
    return resolve_openai(spec, options.get("api_key"), options.get("http_client"))


def find_spec(model: str | ModelSpec, *, base_url: str = "", dimensions: int | None = None) -> ModelSpec:
    """The spec a name stands for, resolved as far as can be without loading. Raises ModelError."""
    spec = _current(model) if isinstance(model, ModelSpec) else _named(model.strip(), base_url)
    if dimensions is not None and dimensions != spec.dimensions:
        if spec.backend not in ("openai", "sentence-transformers"):
            raise ModelError(
                f"{spec.label} always has {spec.dimensions} dimensions.", "Leave the choice of dimensions out."
            )
        spec = replace(spec, dimensions=dimensions, probed=False)
    return completed(spec) if spec.backend == "openai" else spec


def _current(spec: ModelSpec) -> ModelSpec:
    """A spec from elsewhere, filled in where the model is ours; refused where it would give other vectors today."""
    if spec.backend not in ("onnx", "lexical", "static"):
        return spec
    ours = {known.label: known for known in _ALL}.get(spec.label)
    if spec.backend == "static" and ours is None and is_folder(spec.name):
        ours = _folder_spec(Path(spec.name))
    if ours is None or ours.backend != spec.backend:
        raise ModelError(f"There is no model named {spec.label!r}.", f"Known: {_listed()}.")
    if spec.revision not in ("", ours.revision):
        raise changed(spec)
    return ours


def _named(name: str, base_url: str) -> ModelSpec:
    if base_url:
        return ModelSpec("openai", name, base_url=base_url)
    if name in names():
        return names()[name]
    if is_folder(name):
        return _folder_spec(Path(name).expanduser().resolve())
    if not HUB_NAME.fullmatch(name):
        remedy = f"Known: {_listed()}; or a hub name or a local folder."
        raise ModelError(f"There is no model named {name[:80]!r}.", remedy)
    return ModelSpec("sentence-transformers", name)


def _listed() -> str:
    return ", ".join(spec.label for spec in PRESETS)


def names() -> dict[str, ModelSpec]:
    """Every name that stands for a preset: its label, and what people write for it elsewhere."""
    aliases = {"static": _STATIC, "lexical": _WORDS, f"sentence-transformers/{DEFAULT}": PRESETS[0]}
    for spec in (_EXACT, _HALF, _ROUNDED):
        aliases |= {f"{DEFAULT}-{spec.precision}": spec, f"{DEFAULT} {spec.precision}": spec}
    return {spec.label: spec for spec in _ALL} | {spec.name: spec for spec in reversed(PRESETS)} | aliases


def _folder_spec(folder: Path) -> ModelSpec:
    """A model2vec folder is a static model; any other is left to sentence-transformers."""
    try:
        kind = json.loads((folder / "config.json").read_text(encoding="utf-8")).get("model_type")
        if kind == "model2vec":
            return _static_spec(folder)
    except (OSError, ValueError, AttributeError):
        pass
    return ModelSpec("sentence-transformers", str(folder))


def _static_spec(folder: Path) -> ModelSpec:
    from safetensors import safe_open

    revision = f"sha256:{file_sha256(folder / 'model.safetensors')[:16]}"
    with safe_open(folder / "model.safetensors", "numpy") as file:
        return ModelSpec("static", str(folder), revision, file.get_slice("embeddings").get_shape()[1])


def default_folder() -> Path:
    """Where models are kept unless told otherwise: the user's cache folder."""
    from platformdirs import user_cache_path

    return user_cache_path("planisphere") / "models"
