"""TODO docstring."""

from core.corpus.loaders import load_corpus
from core.errors import ModelError
from core.models.backends import capabilities
from core.models.truncation import WindowUse, window_report
from core.secret import Secret
from core.types import CorpusRef, ModelSpec
from core.vectors.loaders import cached_embedder

COUNTING_KEY = Secret("none")  # counting tokens sends nothing, but a model is only opened with a key


def load_truncation(corpus: CorpusRef, specs: tuple[ModelSpec, ...]) -> tuple[WindowUse, ...]:
    """How each model's window fits the texts; models that can't be loaded are left out."""
    texts = load_corpus(corpus).texts
    found: list[WindowUse] = []
    for spec in specs:
        try:
            found += window_report(
                texts, [cached_embedder(corpus.folder, spec, COUNTING_KEY if capabilities(spec).needs_key else None)]
            )
        except ModelError:
            continue
    return tuple(found)
