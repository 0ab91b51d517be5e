"""Adapters as files: one safetensors file with a JSON manifest in its header, without pickle."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from core import codec
from core.adapt.training import Adapter
from core.archive import read_source
from core.digest import digest_array, digest_json
from core.errors import InputError
from core.files import replacing
from core.types import ModelSpec

FORMAT = "planisphere adapter 1"
ARRAYS = "arrays."  # before the names of the map's arrays; the others belong to the report
SIZE_BYTES = 8  # of the header's length, little endian
DAMAGED = "Save the adapter again where it was trained, or train it again."


def to_bytes(adapter: Adapter) -> bytes:
    """The content of a file, for a download."""
    from safetensors.numpy import save as to_safetensors

    data, arrays = codec.encode(adapter)
    contiguous = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    digests = {name: digest_array(array) for name, array in contiguous.items()}
    manifest = {"format": FORMAT, "key": adapter.key, "adapter": data, "digests": digests}
    text = json.dumps(manifest | {"digest": digest_json(manifest)}, ensure_ascii=False)
    return bytes(to_safetensors(contiguous, {"manifest": text}))


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
    from safetensors.numpy import load as from_safetensors

    arrays: dict[str, Any] = from_safetensors(content)
    size = int.from_bytes(content[:SIZE_BYTES], "little")
    header = json.loads(content[SIZE_BYTES : SIZE_BYTES + size])
    manifest = json.loads(header["__metadata__"]["manifest"])
    digest, digests = manifest.pop("digest"), {name: digest_array(array) for name, array in arrays.items()}
    if manifest["format"] != FORMAT or digest != digest_json(manifest) or digests != manifest["digests"]:
        raise ValueError("damaged")
    adapter: Adapter = codec.decode(Adapter, manifest["adapter"], arrays)
    _check(adapter, manifest["key"])
    return adapter


def _check(adapter: Adapter, key: str) -> None:
    """Raise ValueError for arrays that no map can be computed from: the digests do not protect from a forger."""
    d, shapes = adapter.dimensions, {name: array.shape for name, array in adapter.arrays.items()}
    is_linear = shapes == {"residual": (d, d)}
    is_low_rank = set(shapes) == {"down", "up"} and shapes["down"] == shapes["up"] and shapes["up"][0] == d
    is_valid = all(a.dtype == np.float32 and np.isfinite(a).all() for a in adapter.arrays.values())
    if not (is_linear or is_low_rank) or not is_valid or adapter.key != key:
        raise ValueError("invalid arrays")
