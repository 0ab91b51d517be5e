"""Fine-tuned models of a corpus as stored results."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core import codec
from core.adapt.service import Source, load_text_material, source_inputs
from core.digest import digest_json
from core.finetune.encoder import base_of
from core.finetune.estimate import Plan, plan
from core.finetune.examples import TextExamples, read_texts
from core.finetune.report import FineTuned
from core.finetune.settings import Settings, check_settings
from core.finetune.training import DEFAULTS, Job, tune
from core.models.fine_tuned import model_path
from core.results import Result
from core.store import Stored
from core.types import CorpusRef, ModelSpec, Progress

MAX_NAME = 40  # characters of each part of a model's name
KINDS = {"pairs": "scored pairs", "judgments": "judged queries", "clicks": "clicks"}


@dataclass(frozen=True)
class FineTuneQuery:
    """base: the model to train. source: what is learned from. seed: of all draws."""

    corpus: CorpusRef
    base: ModelSpec
    source: Source
    settings: Settings = DEFAULTS
    seed: int = 0


def job_of(query: FineTuneQuery) -> Job:
    """Where the training of a query runs, and what its model is called."""
    key = digest_json(FINE_TUNED.stored_inputs(query) | {"corpus": query.corpus.digest})
    base = re.sub(r"-ft-[0-9a-f]{8}$", "", Path(query.base.name).name)
    parts = [base, query.source.column or query.source.kind, "ft"]
    name = "-".join(re.sub(r"\W+", "-", part)[:MAX_NAME].strip("-_") for part in parts)
    return Job(Path(query.corpus.folder), f"{name.lstrip('-')}-{key[:8]}", key, source_phrase(query.source))


def source_phrase(source: Source) -> str:
    return f'labels of the column "{source.column}"' if source.kind == "labels" else KINDS[source.kind]


def plan_training(query: FineTuneQuery) -> Plan:
    """Raises InputError for what can't be learned from."""
    texts, rows = _read(query)
    return plan(texts, rows, query.base, query.corpus.folder, query.settings, query.seed)


def _read(query: FineTuneQuery) -> tuple[TextExamples, np.ndarray | None]:
    """The examples, and the rows to train on."""
    material = load_text_material(query.corpus, query.source)
    texts = read_texts(material.texts, material.labels, material.pairs, material.judgments)
    check_settings(query.settings, texts.examples.metric)
    return texts, material.rows


def _compute(query: FineTuneQuery, progress: Progress) -> FineTuned:
    texts, rows = _read(query)
    return tune(base_of(query.base), texts, rows, query.settings, query.seed, job_of(query), progress)


def _inputs(query: FineTuneQuery) -> dict[str, object]:
    own = {"base": base_of(query.base).to_dict(), "settings": query.settings, "seed": query.seed}
    return own | source_inputs(query.corpus, query.source)


def _from_stored(query: FineTuneQuery, stored: Stored) -> FineTuned:
    """Raises ValueError where the model was deleted: it can be trained again."""
    report: FineTuned = codec.decode(FineTuned, stored.facts, stored.arrays)
    if report.model and not model_path(report.model.name, query.corpus.folder).is_dir():
        raise ValueError("deleted")
    return report


FINE_TUNED = Result(
    "fine_tuned", 1, FineTuneQuery, FineTuned, inputs=_inputs, compute=_compute,
    seconds=lambda query: plan_training(query).seconds, from_stored=_from_stored,
    stage=lambda query: f"Fine-tuning {Path(query.base.name).name}", unit="steps",
    absence="This model has not been fine-tuned yet.", remedy="Train it on the Customize page.",
)  # fmt: skip
