"""What a reader of exported vectors must know to use them."""

from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import numpy as np

from core.types import ModelSpec

LIBRARIES = ("numpy", "pandas", "pyarrow", "faiss-cpu", "sentence-transformers", "onnxruntime", "openai")


def build_manifest(model: ModelSpec, rows: np.ndarray, corpus: str = "", **more: Any) -> dict[str, Any]:
    """JSON-able facts: model, revision, prompts, dimensions, metric, rows, corpus digest, library versions, date.

    rows: (n, d) unit vectors. more: further facts, e.g. the kind of an index. Holds no key or password.
    """
    return {
        "made_by": "Planisphere",
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "model": model_facts(model),
        "model_key": model.key,
        "revision": model.revision,
        "query_prompt": model.query_prompt,
        "document_prompt": model.document_prompt,
        "rows": len(rows),
        "dimensions": int(rows.shape[1]),
        "metric": "cosine",
        "computed_as": "inner product of unit-length rows; higher is nearer",
        "ids": "row numbers from 0, in the order of the corpus",
        "corpus_digest": corpus,
        "libraries": {name: found for name in LIBRARIES if (found := _version(name))},
        **more,
    }


def model_facts(model: ModelSpec) -> dict[str, Any]:
    """The spec without what an address may carry beside the server: user, password, query."""
    return model.to_dict() | {"base_url": _bare_address(model.base_url)}


def _bare_address(address: str) -> str:
    parts = urlsplit(address)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
