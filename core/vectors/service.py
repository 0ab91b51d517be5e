"""What pages ask before a corpus is embedded: is there such a model, does it fit the texts, what will it take."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from core.corpus.language import MIN_SHARE, UNKNOWN, detect_languages, fit_warning, unread_warning
from core.corpus.loaders import load_corpus
from core.corpus.preprocess import Steps
from core.corpus.staging import ImportSource
from core.corpus.texts import distinct_texts
from core.digest import digest_text
from core.errors import InputError, ModelError
from core.models.costs import Estimate, TruncationReport, estimate_run, max_usd
from core.models.registry import PRESETS, backend_of, capabilities, load_embedder, resolve
from core.secret import Secret
from core.types import CorpusRef, ModelSpec, Roles
from core.vectors.contact import current_version, cut_at, load_probe, probe_usd
from core.vectors.loaders import cached_embedder, models_folder, vector_cache
from core.vectors.splitting import load_draft_texts
from core.vectors.truncation import count_truncation

SUGGEST_SHARE = 0.05  # share of texts in languages a model was not made for that gives a suggestion
DRAFT_SAMPLE = 1_000  # texts of a draft, counted at every change of its settings


@dataclass(frozen=True)
class EmbeddingPlan:
    """What is known of a model on a corpus before it runs.

    warning: why it may not fit the texts, or "". max_usd: an upper bound of the price, None where it is not known.
    suggestion: a free local model that was made for more of the languages.
    """

    spec: ModelSpec
    estimate: Estimate
    warning: str
    max_usd: float | None
    suggestion: ModelSpec | None = None


def look_up_model(spec: ModelSpec) -> None:
    """Raise ModelError within seconds where there is no such model, or it can't be reached."""
    backend_of(spec).look_up(spec)


def resolve_model(folder: str, spec: ModelSpec, secret: Secret | None) -> ModelSpec:
    """The spec with dimensions, window, prompts and revision filled in. Raises ModelError where it can't be loaded.

    One that is known to have changed since it was added becomes a new model.
    """
    return current_version(folder, resolve(spec, models_folder=models_folder(folder), api_key=secret))


def plan_embedding(corpus: CorpusRef, spec: ModelSpec, secret: Secret | None, stamp: int = 0) -> EmbeddingPlan:
    """Counts tokens and cached texts, times a few texts where that is free. Raises ModelError.

    stamp: the state of the vector cache (Workspace.cache_stamp), part of what identifies a cached answer. An adapted
    model takes what its base does.
    """
    if spec.adapter:
        return replace(plan_embedding(corpus, spec.base, secret, stamp), spec=spec)
    codes, texts = distinct_texts(load_corpus(corpus).texts)
    cache = vector_cache(corpus.folder, spec)
    cached = cache.contains([digest_text(text) for text in texts], spec.dimensions)
    # a server that fails or is slow must not hold up the page
    hosted = capabilities(spec).hosted
    embedder = (
        load_embedder(spec, models_folder=models_folder(corpus.folder), api_key=secret, patient=False)
        if hosted
        else cached_embedder(corpus.folder, spec, secret)
    )
    estimate = estimate_run([texts[code] for code in codes], embedder, cached[codes])
    findings = load_probe(cache)
    if findings is not None and findings.chars_read is not None:  # less than it declares
        is_cut, share = cut_at(findings.chars_read, [texts[code] for code in codes])
        estimate = replace(estimate, truncated=int(is_cut.sum()), unseen_tokens=round(share * estimate.tokens))
    if (unknown := embedder.count_unknown(texts)) is not None:
        estimate = replace(estimate, unseen_tokens=int(unknown[codes].sum()))
    usd = max_usd([texts[row] for row in np.flatnonzero(~cached)], spec)
    if usd and not cached.all():
        usd += probe_usd(spec, max(map(len, texts), default=0))
    shares = detect_languages(texts).shares
    return EmbeddingPlan(spec, estimate, fit_warning(spec, shares), usd, _suggestion(spec, shares))


def _suggestion(spec: ModelSpec, shares: Mapping[str, float]) -> ModelSpec | None:
    """A free local model for the languages that this model was not made for, where SUGGEST_SHARE of the texts or more
    are in them."""
    others = {code for code, share in shares.items() if share >= MIN_SHARE and code != UNKNOWN} - {*spec.languages}
    if not spec.languages or sum(shares[code] for code in others) < SUGGEST_SHARE:
        return None
    local = (model for model in PRESETS if not capabilities(model).hosted)
    return next((model for model in local if others & {*model.languages}), None)


@lru_cache(maxsize=32)
def language_warning(corpus: CorpusRef, spec: ModelSpec) -> str:
    """Where rows are in a language that the model was not trained for: a sentence, and which local model reads more of
    them, if there is one; else ''. From a sample of rows."""
    texts = [text for text in load_corpus(corpus).texts if text.strip()] if spec.languages else []
    languages = detect_languages(texts)
    warning = unread_warning(spec, languages) if texts else ""
    suggested = _suggestion(spec, languages.shares) if warning else None
    return f"{warning} {suggested.label} reads more of these languages and runs locally." if suggested else warning


def draft_truncation(
    folder: str, source: ImportSource, roles: Roles, steps: Steps, specs: Sequence[ModelSpec]
) -> tuple[TruncationReport, ...]:
    """How many texts each model would truncate, on a sample of the texts that an upload would give; empty where these
    settings give none. Models that can't be loaded are left out."""
    try:
        texts, _, _ = load_draft_texts(folder, source, roles, steps)
    except InputError:
        return ()
    reports = []
    for spec in specs:
        with suppress(ModelError):
            reports.append(count_truncation(folder, texts, spec, sample=DRAFT_SAMPLE))
    return tuple(reports)
