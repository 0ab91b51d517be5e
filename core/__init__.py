"""Planisphere's core: texts to corpus, vectors, neighbors, maps and search. Runs without Streamlit.

Names are loaded on first use, so that importing `core` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from core.corpus.build import read_corpus
    from core.corpus.lookup import open_corpus, open_vectors, selection
    from core.corpus.selections import save_selection
    from core.map.layout import project
    from core.models.registry import load_embedder
    from core.store import Workspace
    from core.vectors.embedding import embed
    from core.vectors.index import build_index
    from core.vectors.neighbors import build_neighbors

_HOMES = {
    "Workspace": "core.store",
    "build_index": "core.vectors.index",
    "build_neighbors": "core.vectors.neighbors",
    "embed": "core.vectors.embedding",
    "load_embedder": "core.models.registry",
    "open_corpus": "core.corpus.lookup",
    "open_vectors": "core.corpus.lookup",
    "project": "core.map.layout",
    "read_corpus": "core.corpus.build",
    "save_selection": "core.corpus.selections",
    "selection": "core.corpus.lookup",
}
__all__ = [
    "Workspace", "build_index", "build_neighbors", "embed", "load_embedder", "open_corpus", "open_vectors", "project",
    "read_corpus", "save_selection", "selection",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'core' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
