"""`python -m core.warm`, at install: compiles the map's kernels and exports the default model for their first use."""

from core.embedders.registry import load_embedder
from core.maps.projection import warm_up

if __name__ == "__main__":
    warm_up()
    load_embedder()
