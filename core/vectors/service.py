"""How much of a corpus, or of the draft of one, each model would truncate."""

from collections.abc import Sequence

from core.corpus.loaders import load_corpus
from core.corpus.preprocess import Steps
from core.corpus.service import load_draft_texts
from core.corpus.staging import ImportSource
from core.errors import InputError, ModelError
from core.models.backends import capabilities
from core.models.truncation import WindowUse, window_report
from core.secret import Secret
from core.types import CorpusRef, ModelSpec, Roles
from core.vectors.loaders import cached_embedder

COUNTING_KEY = Secret("none")  # counting tokens sends nothing, but a model is only opened with a key
DRAFT_SAMPLE = 1_000  # texts of a draft that are counted


def load_truncation(corpus: CorpusRef, specs: Sequence[ModelSpec]) -> tuple[WindowUse, ...]:
    """How each model's window fits the texts; models that can't be loaded are left out."""
    return _count_truncation(corpus.folder, load_corpus(corpus).texts, specs)


def draft_truncation(
    folder: str, source: ImportSource, roles: Roles, steps: Steps, specs: Sequence[ModelSpec]
) -> tuple[WindowUse, ...]:
    """The same on a sample of the texts that an upload would give; empty where these settings give none."""
    try:
        texts, _, _ = load_draft_texts(folder, source, roles, steps)
    except InputError:
        return ()
    return _count_truncation(folder, texts, specs, sample=DRAFT_SAMPLE)


def _count_truncation(
    folder: str, texts: list[str], specs: Sequence[ModelSpec], **options: int
) -> tuple[WindowUse, ...]:
    reports: list[WindowUse] = []
    for spec in specs:
        key = COUNTING_KEY if capabilities(spec).needs_key else None
        try:
            reports += window_report(texts, [cached_embedder(folder, spec, key)], **options)
        except ModelError:
            continue
    return tuple(reports)
