"""`python -m core.warm`, at install: compiles the map's kernels, exports the default model and makes the static one, so
that nobody waits for it at their first use."""

from core.map.layout import warm_up
from core.models.registry import load_embedder

if __name__ == "__main__":
    warm_up()
    load_embedder()
    load_embedder("static")
