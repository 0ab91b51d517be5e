"""Files of adapters: safetensors with a JSON manifest in the header, without pickle.

The arrays of the map have names that begin with ARRAYS; the others belong to the training's report.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from core.digest import digest_array, digest_json
from core.models.linear_maps import Arrays
from core.types import ModelSpec

FORMAT = "planisphere adapter 1"
ARRAYS = "arrays."
FOLDER, ENDING = "adapters", ".safetensors"
SIZE_BYTES = 8  # of the header's length, little endian
MAX_HEADER = 50_000_000  # bytes


def adapter_path(folder: str | Path, key: str) -> Path:
    """Where a workspace stores an adapter that is in use as a model."""
    return Path(folder) / FOLDER / f"{key}{ENDING}"


def adapter_key(model: ModelSpec, arrays: Arrays) -> str:
    """16 hex digits, of the model and the arrays of the map."""
    return digest_json({"model": model.key, "arrays": {name: digest_array(array) for name, array in arrays.items()}})


def adapter_bytes(data: Mapping[str, Any], arrays: Arrays, key: str, name: str = "") -> bytes:
    """The content of a file. data, arrays: an adapter as core.codec encodes it. name: what a person calls it."""
    from safetensors.numpy import save

    contiguous = {path: np.ascontiguousarray(array) for path, array in arrays.items()}
    digests = {path: digest_array(array) for path, array in contiguous.items()}
    manifest: dict[str, Any] = {"format": FORMAT, "key": key, "adapter": dict(data), "digests": digests}
    manifest |= {"name": name} if name else {}
    text = json.dumps(manifest | {"digest": digest_json(manifest)}, ensure_ascii=False)
    return bytes(save(contiguous, {"manifest": text}))


def read_adapter(content: bytes) -> tuple[dict[str, Any], Arrays]:
    """Manifest and all arrays, checked. Raises almost anything for damaged content."""
    from safetensors.numpy import load

    arrays: Arrays = load(content)
    manifest = _manifest(content[SIZE_BYTES : SIZE_BYTES + int.from_bytes(content[:SIZE_BYTES], "little")])
    if {name: digest_array(array) for name, array in arrays.items()} != manifest["digests"]:
        raise ValueError("damaged")
    return manifest, arrays


def map_arrays(arrays: Arrays) -> Arrays:
    """The arrays of the map alone, by their names in it."""
    return {name.removeprefix(ARRAYS): array for name, array in arrays.items() if name.startswith(ARRAYS)}


def check_map(arrays: Arrays, dimensions: int) -> None:
    """Raise ValueError for arrays that no map can be computed from: digests do not protect from a forger."""
    shapes = {name: array.shape for name, array in arrays.items()}
    is_linear = shapes == {"residual": (dimensions, dimensions)}
    is_low_rank = set(shapes) == {"down", "up"} and shapes["down"] == shapes["up"] and shapes["up"][0] == dimensions
    is_valid = all(array.dtype == np.float32 and np.isfinite(array).all() for array in arrays.values())
    if not (is_linear or is_low_rank) or not is_valid:
        raise ValueError("invalid arrays")


def read_spec(path: Path) -> ModelSpec | None:
    """The adapted model of a file, from its header alone; None where it can't be read."""
    try:
        with path.open("rb") as file:
            size = int.from_bytes(file.read(SIZE_BYTES), "little")
            manifest = _manifest(file.read(min(size, MAX_HEADER)))
        names = {"adapter": str(manifest["key"]), "adapter_name": str(manifest.get("name", ""))}
        return ModelSpec.from_dict(manifest["adapter"]["model"] | names)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _manifest(header: bytes) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads(json.loads(header)["__metadata__"]["manifest"])
    digest = manifest.pop("digest")
    if manifest["format"] != FORMAT or digest != digest_json(manifest):
        raise ValueError("damaged")
    return manifest
