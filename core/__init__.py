"""Planisphere's core: texts to corpus, vectors, neighbors, maps and search. Runs without Streamlit.

Names are loaded on first use, so that importing `core` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from core.corpus import read_corpus
    from core.embedders.registry import load_embedder
    from core.embedding import embed
    from core.index import build_index
    from core.maps.projection import project
    from core.neighbors import build_neighbors
    from core.store import Workspace

_HOMES = {
    "Workspace": "core.store",
    "build_index": "core.index",
    "build_neighbors": "core.neighbors",
    "embed": "core.embedding",
    "load_embedder": "core.embedders.registry",
    "project": "core.maps.projection",
    "read_corpus": "core.corpus",
}
__all__ = ["Workspace", "build_index", "build_neighbors", "embed", "load_embedder", "project", "read_corpus"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'core' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
