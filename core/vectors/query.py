"""The vector of a typed query, kept, so that looking at the same search again costs neither time nor money."""

import time
from functools import lru_cache

import numpy as np

from core.secret import Secret
from core.types import ModelSpec
from core.vectors.loaders import cached_embedder


@lru_cache(maxsize=64)
def embedded_query(folder: str, spec: ModelSpec, text: str, secret: Secret | None = None) -> tuple[np.ndarray, float]:
    """(d,) float32 unit vector, read-only, and the milliseconds it took. Raises ModelError; errors are not kept.

    The secret is part of the key: who has typed a wrong one learns so, instead of another's answer.
    """
    embedder = cached_embedder(folder, spec, secret)
    started = time.perf_counter()
    vector = np.array(embedder.embed_query([text])[0])
    vector.setflags(write=False)
    return vector, (time.perf_counter() - started) * 1000
