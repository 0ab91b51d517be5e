"""Adapters as files: one safetensors file with a JSON manifest in its header, without pickle."""

from pathlib import Path

from core import codec
from core.adapt.training import Adapter
from core.archive import read_source
from core.errors import InputError
from core.files import replacing
from core.models.adapter_files import ARRAYS, adapter_bytes, check_map, read_adapter
from core.types import ModelSpec

DAMAGED = "Save the adapter again where it was trained, or train it again."


def to_bytes(adapter: Adapter, name: str = "") -> bytes:
    """The content of a file, for a download. name: what a person calls the adapter."""
    data, arrays = codec.encode(adapter)
    return adapter_bytes(data, arrays, adapter.key, name)


def save(adapter: Adapter, path: str | Path) -> None:
    """Write an adapter to a file. Raises StorageError."""
    with replacing(Path(path)) as temporary:
        temporary.write_bytes(to_bytes(adapter))


def load(source: str | Path | bytes, model: ModelSpec | None = None) -> Adapter:
    """A saved adapter, from a file or its content. model: that of the vectors it is meant for. Raises InputError where
    the file can't be read, is no adapter, is damaged, or belongs to another embedding model."""
    name, content = read_source(source)
    try:
        adapter = _read(content)
    except Exception as error:  # safetensors, json and the codec raise almost anything for damaged content
        raise InputError(f"{name} is not an adapter of Planisphere, or is damaged.", DAMAGED) from error
    if model is not None and adapter.model.key != model.key:
        message = f"This adapter belongs to vectors of {adapter.model.label}; these are of {model.label}."
        raise InputError(message, f"Embed the corpus with {adapter.model.label}, or train an adapter on these vectors.")
    return adapter


def export_code(adapter: Adapter, file_name: str = "adapter.safetensors") -> str:
    """Python code that applies the saved adapter elsewhere, with numpy and safetensors alone."""
    residual = f'rows @ arrays["{ARRAYS}residual"]'
    if "residual" not in adapter.arrays:
        residual = f'(rows @ arrays["{ARRAYS}down"]) @ arrays["{ARRAYS}up"].T'
    return f"""import numpy as np
from safetensors.numpy import load_file

arrays = load_file({file_name!r})  # adapter {adapter.key}

def apply(rows):
    \"\"\"(n, {adapter.dimensions}) vectors of {adapter.model.name!r} to unit rows, for texts and queries alike.\"\"\"
    rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    rows = rows + {residual}
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)
"""


def _read(content: bytes) -> Adapter:
    manifest, arrays = read_adapter(content)
    adapter: Adapter = codec.decode(Adapter, manifest["adapter"], arrays)
    check_map(adapter.arrays, adapter.dimensions)
    if adapter.key != manifest["key"]:
        raise ValueError("another key")
    return adapter
