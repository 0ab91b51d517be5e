"""`python -m core.warm`: what would else be done at the first use: compile the map's kernels, export the default model."""

from core.embedders.registry import load_embedder
from core.projection import warm_up

if __name__ == "__main__":
    warm_up()
    load_embedder()
