"""Dataclasses as files: one .npz of arrays and a JSON manifest with checksums, without pickle."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from core import codec
from core.digest import digest_array, digest_json
from core.errors import InputError

MANIFEST = "manifest"
MAX_BYTES = 2_000_000_000  # unpacked


def pack(value: Any, name: str, version: int = 1) -> bytes:
    """The content of a file. name: of the kind of value, such as "classifier"."""
    data, arrays = codec.encode(value)
    digests = {key: digest_array(array) for key, array in arrays.items()}
    manifest = {"format": _format(name, version), name: data, "arrays": digests}
    text = json.dumps(manifest | {"digest": digest_json(manifest)}, ensure_ascii=False).encode()
    buffer = io.BytesIO()
    members: dict[str, Any] = arrays | {MANIFEST: np.frombuffer(text, np.uint8)}
    np.savez_compressed(buffer, **members)
    return buffer.getvalue()


def unpack(kind: Any, content: bytes, name: str, version: int = 1) -> Any:
    """The value of the dataclass `kind`. Raises almost anything for damaged content; a forger can make checksums, so
    that the caller has to check the arrays."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if sum(entry.file_size for entry in archive.infolist()) > MAX_BYTES:
            raise ValueError("too large")
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        manifest = json.loads(file[MANIFEST].tobytes().decode())
        arrays = {key: file[key] for key in file.files if key != MANIFEST}
    digest = manifest.pop("digest")
    digests = {key: digest_array(array) for key, array in arrays.items()}
    if manifest["format"] != _format(name, version) or digest != digest_json(manifest) or digests != manifest["arrays"]:
        raise ValueError("damaged")
    return codec.decode(kind, manifest[name], arrays)


def read_source(source: str | Path | bytes) -> tuple[str, bytes]:
    """A file's name for messages, and its content. Raises InputError where it can't be read."""
    name = "This file" if isinstance(source, bytes) else f'"{Path(source).name}"'
    try:
        return name, source if isinstance(source, bytes) else Path(source).read_bytes()
    except OSError as error:
        raise InputError(f"{name} can't be read ({error.strerror}).", "Check its name and place.") from error


def _format(name: str, version: int) -> str:
    return f"planisphere {name} {version}"
