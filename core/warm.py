"""`python -m core.warm`, at install: compiles the map's kernels, exports the default model, makes the static one, and
computes the results of the sample, so that nobody waits for it at their first use."""

from core.jobs.sample import prepare_sample
from core.map.layout import warm_up
from core.models.registry import load_embedder

if __name__ == "__main__":
    warm_up()
    load_embedder()
    load_embedder("static")
    prepare_sample()
