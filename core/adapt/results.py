"""Adapters of a corpus, and what to expect of them, as stored results."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from core.adapt.fitting import Settings
from core.adapt.sources import Material, Source, load_material, plan_texts, source_inputs
from core.adapt.splits import split
from core.adapt.supervision import read, used_rows
from core.adapt.training import DEFAULTS, Adapter, Check, check, train
from core.corpus.label_columns import find_split_column
from core.corpus.loaders import load_corpus
from core.errors import JobError
from core.models.training_texts import text_digests
from core.results import Result
from core.secret import Secret
from core.store import vector_inputs
from core.types import CorpusRef, ModelSpec, Progress
from core.vectors.loaders import load_vectors

TRAININGS = 3  # the adapter, its control, and the parts of the learning curve together
SECONDS_PER_CELL = 1.5e-9  # of a training for a row, a dimension of the input and one of the output, on one core
OVERHEAD = 3.0  # seconds of the report
CHECK_ROWS = 4_000  # compared in a check
SECONDS_PER_CHECK_CELL = 5e-10
SECONDS_PER_TEXT = 0.02  # embedded


@dataclass(frozen=True)
class AdapterQuery:
    """model: whose vectors are mapped. source: what is learned from. seed: of all draws."""

    corpus: CorpusRef
    model: ModelSpec
    source: Source
    settings: Settings = DEFAULTS
    seed: int = 0


@dataclass(frozen=True)
class CheckQuery:
    """limit_usd: nothing is sent where the texts of the source could cost more; None for no limit."""

    corpus: CorpusRef
    model: ModelSpec
    source: Source
    settings: Settings = DEFAULTS
    seed: int = 0
    limit_usd: float | None = None


def split_column(corpus: CorpusRef) -> str:
    """The column that divides a corpus into training and test rows, or ""."""
    return find_split_column(load_corpus(corpus).table) or ""


def _compute(query: AdapterQuery, progress: Progress) -> Adapter:
    """Texts of the source are cached since the check."""
    material = load_material(query.corpus, query.model, query.source)
    options: dict[str, Any] = {"rows": material.rows, "seed": query.seed, "settings": query.settings}
    adapter = train(material.vectors, **material.supervision, **options, progress=progress)
    report = replace(adapter.report, notes=(*adapter.report.notes, *material.notes))
    return replace(adapter, report=report, trained_texts=_trained_texts(query, material))


def _trained_texts(query: AdapterQuery, material: Material) -> np.ndarray:
    """Digests of the texts of the corpus that train or validate."""
    supervision, texts = read(material.vectors, **material.supervision), load_corpus(query.corpus).texts
    sides = split(supervision, material.rows, query.seed, query.settings.stop_on)
    rows = used_rows(supervision, sides.training, material.pairs, material.judgments)
    return text_digests(texts[row] for row in rows if row < len(texts))


def _compute_check(query: CheckQuery, progress: Progress, secret: Secret | None = None) -> Check:
    """Raises JobError where embedding the texts of the source could exceed the limit."""
    plan = plan_texts(query.corpus, query.model, query.source)
    if query.limit_usd is not None and (plan.usd or 0.0) > query.limit_usd * (1 + 1e-9):
        message = f"{plan.missing:,} texts could cost more than the limit of ${query.limit_usd:,.2f}; nothing was sent."
        raise JobError(message, "Start again with a higher limit.")
    material = load_material(query.corpus, query.model, query.source, secret)
    options: dict[str, Any] = {"rows": material.rows, "seed": query.seed, "settings": query.settings}
    return replace(check(material.vectors, **material.supervision, **options), notes=material.notes)


def _seconds(query: AdapterQuery) -> float:
    rows, dimensions = load_vectors(query.corpus, query.model).rows.shape
    return OVERHEAD + TRAININGS * query.settings.epochs / 20 * rows * dimensions**2 * SECONDS_PER_CELL


def _check_seconds(query: CheckQuery) -> float:
    """Raises InputError for labels that nothing can be learned from, so that no job is offered for them."""
    rows, dimensions = load_vectors(query.corpus, query.model).rows.shape
    plan = plan_texts(query.corpus, query.model, query.source)
    if query.source.kind == "labels":
        material = load_material(query.corpus, query.model, query.source)
        split(read(material.vectors, material.labels), material.rows, query.seed, query.settings.stop_on)
    compared = min(rows, CHECK_ROWS)
    return 0.5 + compared**2 * dimensions * SECONDS_PER_CHECK_CELL + plan.missing * SECONDS_PER_TEXT


def _inputs(query: AdapterQuery | CheckQuery) -> dict[str, object]:
    own = {"settings": query.settings, "seed": query.seed}
    return vector_inputs(query.model) | source_inputs(query.corpus, query.source) | own


ADAPTER = Result(
    "adapter", 1, AdapterQuery, Adapter, inputs=_inputs, compute=_compute, seconds=_seconds,
    stage=lambda query: f"Training an adapter: {query.model.label}", unit="epochs",
    absence="This adapter has not been trained yet.", remedy="Train it on the Customize page.",
)  # fmt: skip
ADAPTER_CHECK = Result(
    "adapter_check", 1, CheckQuery, Check, inputs=_inputs, compute=_compute_check, seconds=_check_seconds,
    stage="Checking whether an adapter can help", needs_secret=True,
    absence="It has not been checked yet whether an adapter can help.", remedy="Start the check on the Customize page.",
)  # fmt: skip
