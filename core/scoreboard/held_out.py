"""The rows that no adapter or fine-tuned model among the contenders was trained on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.corpus.loaders import load_corpus
from core.errors import InputError
from core.models.fine_tuned import tuned_models
from core.models.training_texts import are_used, training_texts
from core.types import CorpusRef, ModelSpec
from core.vectors.adapters import stored_adapters
from core.vectors.contenders import Contender

HELD_OUT = "held_out"  # parameter of a task: the keys of the models whose training rows are left out


@dataclass(frozen=True)
class HeldOutRows:
    """models: keys of the trained models whose training texts are known, divided by dots, "" for none. labels: of
    these. rows: that none of them was trained on, of `total`. unknown: labels of the other trained models."""

    models: str
    labels: tuple[str, ...]
    rows: int
    total: int
    unknown: tuple[str, ...]


def held_out_rows(corpus: CorpusRef, contenders: Sequence[Contender]) -> HeldOutRows:
    """What can be left out for these contenders."""
    trained = {item.model.key: item.model for item in contenders if item.model.is_supervised_here}
    texts = {key: training_texts(corpus.folder, model) for key, model in trained.items()}
    known = {key: digests for key, digests in texts.items() if digests is not None}
    used = np.concatenate([np.zeros(0, np.uint64), *known.values()])
    rows = int((~are_used(load_corpus(corpus).texts, used)).sum()) if known else 0
    labels = tuple(trained[key].label for key in known)
    unknown = tuple(model.label for key, model in trained.items() if key not in known)
    return HeldOutRows(".".join(sorted(known)), labels, rows, len(load_corpus(corpus)), unknown)


def used_mask(corpus: CorpusRef, models: str) -> np.ndarray:
    """(n,) bool: rows that a model of these keys was trained on. Raises InputError for a model that was deleted."""
    digests = [_digests(corpus.folder, key) for key in models.split(".") if key]
    if not digests:
        return np.zeros(len(load_corpus(corpus)), bool)
    return are_used(load_corpus(corpus).texts, np.concatenate(digests))


def _digests(folder: str, key: str) -> np.ndarray:
    models: tuple[ModelSpec, ...] = (*stored_adapters(folder), *tuned_models(folder))
    spec = next((model for model in models if model.key == key), None)
    digests = training_texts(folder, spec) if spec else None
    if digests is None:
        raise InputError("A model whose training rows are to be left out was deleted.", "Score all rows instead.")
    return digests
