"""What pages ask before a corpus is embedded: is there such a model, does it fit the texts, what will it take."""

from dataclasses import dataclass

import numpy as np

from core.corpus.distinct import distinct_texts
from core.corpus.language import detect_languages, fit_warning
from core.corpus.loaders import load_corpus
from core.digest import digest_text
from core.errors import ModelError
from core.models.costs import Estimate, TruncationReport, estimate_run, max_usd, truncation_report
from core.models.registry import capabilities, resolve
from core.secret import Secret
from core.types import CorpusRef, ModelSpec
from core.vectors.loaders import cached_embedder, models_folder, vector_cache

COUNTING_KEY = Secret("none")  # counting tokens sends nothing, but a model is only opened with a key


@dataclass(frozen=True)
class EmbeddingPlan:
    """What is known of a model on a corpus before it runs.

    warning: why it may not fit the texts, or "". max_usd: an upper bound of the price, None where it is not known.
    """

    spec: ModelSpec
    estimate: Estimate
    warning: str
    max_usd: float | None


def resolve_model(folder: str, spec: ModelSpec, secret: Secret | None) -> ModelSpec:
    """The spec with dimensions, window, prompts and revision filled in. Raises ModelError where it can't be loaded."""
    return resolve(spec, models_folder=models_folder(folder), api_key=secret)


def plan_embedding(corpus: CorpusRef, spec: ModelSpec, secret: Secret | None, stamp: int = 0) -> EmbeddingPlan:
    """Counts tokens and cached texts, times a few texts where that is free. Raises ModelError.

    stamp: the state of the vector cache (Workspace.cache_stamp), part of what identifies a cached answer.
    """
    codes, texts = distinct_texts(load_corpus(corpus).texts)
    cached = vector_cache(corpus.folder, spec).contains([digest_text(text) for text in texts], spec.dimensions)
    embedder = cached_embedder(corpus.folder, spec, secret)
    estimate = estimate_run([texts[code] for code in codes], embedder, cached[codes])
    missing = [texts[row] for row in np.flatnonzero(~cached)]
    return EmbeddingPlan(spec, estimate, fit_warning(spec, detect_languages(texts).shares), max_usd(missing, spec))


def truncation_by_model(corpus: CorpusRef, specs: tuple[ModelSpec, ...]) -> tuple[TruncationReport, ...]:
    """How many texts each model truncates; models that can't be loaded are left out."""
    texts = load_corpus(corpus).texts
    reports = []
    for spec in specs:
        key = COUNTING_KEY if capabilities(spec).needs_key else None
        try:
            reports.append(truncation_report(texts, cached_embedder(corpus.folder, spec, key)))
        except ModelError:
            continue
    return tuple(reports)
