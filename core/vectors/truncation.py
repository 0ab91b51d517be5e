"""How much of a corpus each model truncates, as a stored result."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from core.corpus.loaders import load_corpus
from core.errors import ModelError
from core.models.costs import TruncationReport, truncation_report
from core.models.registry import PRESETS, capabilities
from core.results import Result
from core.secret import Secret
from core.types import CorpusRef, ModelSpec, Progress
from core.vectors.loaders import cached_embedder

# not int8 and bfloat16, which read the same as float32
COUNTED = tuple(spec for spec in PRESETS if spec.max_tokens and spec.precision in ("float32", "int4"))
TEXTS_PER_SECOND = 10_000
COUNTING_KEY = Secret("none")  # counting tokens sends nothing, but a model is only opened with a key


@dataclass(frozen=True)
class TruncationQuery:
    """What a model truncates of a corpus as imported."""

    corpus: CorpusRef
    model: ModelSpec


def count_truncation(folder: str, texts: Sequence[str], spec: ModelSpec, **options: int) -> TruncationReport:
    """What a model would truncate of texts; options as those of `truncation_report`. Raises ModelError."""
    key = COUNTING_KEY if capabilities(spec).needs_key else None
    report = truncation_report(texts, cached_embedder(folder, spec.base, key), **options)
    return replace(report, model=spec.label)


def load_truncation(corpus: CorpusRef, specs: Sequence[ModelSpec]) -> tuple[TruncationReport, ...]:
    """How many texts each model truncates, counted where it is not stored; models that can't be loaded are left out."""
    reports = []
    for spec in specs:
        with suppress(ModelError):
            reports.append(TRUNCATION.load_or_compute(TruncationQuery(corpus.source, spec)))
    return tuple(reports)


def stored_truncation(corpus: CorpusRef, specs: Sequence[ModelSpec]) -> tuple[TruncationReport, ...] | None:
    """The same as far as it is stored; None where a model is missing."""
    reports = [TRUNCATION.load(TruncationQuery(corpus.source, spec)) for spec in specs]
    return None if None in reports else tuple(report for report in reports if report)


def _count(query: TruncationQuery, progress: Progress) -> TruncationReport:
    return count_truncation(query.corpus.folder, load_corpus(query.corpus).texts, query.model)


TRUNCATION = Result(
    "truncation", 1, TruncationQuery, TruncationReport, inputs=lambda query: {"model": query.model}, compute=_count,
    seconds=lambda query: 1 + len(load_corpus(query.corpus)) / TEXTS_PER_SECOND, stage="Counting tokens",
)  # fmt: skip
