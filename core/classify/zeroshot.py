"""Zero-shot classification: the class whose name, description or examples are nearest to a text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.classify.calibration import softmax
from core.classify.evaluation import Report, labeled_rows, report_predictions
from core.classify.labels import Cells, check_length, read_target
from core.errors import InputError
from core.models.base import Embedder
from core.types import Vectors, unit_rows
from core.vectors.rows import row_ids, text_codes

NONE = "none of these"
TEMPERATURE = 0.05  # cosines of short texts differ by about so much


@dataclass(frozen=True, eq=False)
class ZeroShot:
    """classes: c names. scores: (n, c) float32 cosines to the classes. labels: (n,) str, the class with the highest
    cosine, "none of these" below `threshold`. temperature: what cosines are divided by before the softmax.
    prototypes: (c, d) float32 unit rows."""

    classes: tuple[str, ...]
    scores: np.ndarray
    prototypes: np.ndarray
    temperature: float = TEMPERATURE
    threshold: float | None = None

    @property
    def probabilities(self) -> np.ndarray:
        """(n, c) float32 softmax of the cosines over the temperature; rows sum to 1. Not calibrated."""
        return softmax(self.scores / self.temperature).astype(np.float32)

    @property
    def labels(self) -> np.ndarray:
        names = np.array([*self.classes, NONE])
        return names[self.codes]

    @property
    def codes(self) -> np.ndarray:
        """(n,) positions in `classes`, c for none of these."""
        below = self.scores.max(axis=1) < (-np.inf if self.threshold is None else self.threshold)
        return np.where(below, len(self.classes), self.scores.argmax(axis=1))


def zero_shot(
    embedder: Embedder, vectors: Vectors, labels: Sequence[str] | Mapping[str, str | Sequence[str]], *,
    temperature: float = TEMPERATURE, threshold: float | None = None,
) -> ZeroShot:  # fmt: skip
    """Classify rows by labels alone, in any language that the model knows.

    labels: names; or names with a description each, or with examples (several texts like the rows). Names and
    descriptions are embedded as queries, examples as documents, each with the model's prompt; a class is the mean of
    its texts. threshold: a cosine below which a row is "none of these". Raises InputError for fewer than two labels,
    for empty ones, and for an embedder that is not that of the vectors.
    """
    described = {name: name for name in labels} if not isinstance(labels, Mapping) else dict(labels)
    if isinstance(labels, str) or len(described) < 2 or len({name.strip() for name in described}) < len(labels):
        raise InputError("Zero-shot classification needs two or more different labels.", "Add a label.")
    empty = [name for name, texts in described.items() if not _texts(texts) or not name.strip() or name == NONE]
    if empty:
        raise InputError(f'The label "{empty[0]}" has no description.', "Describe it, or give examples.")
    if not temperature > 0:
        raise InputError("The softmax temperature must be above 0.", f"The default is {TEMPERATURE}.")
    if embedder.spec.key != vectors.model.key:
        message = f"The labels would be embedded with {embedder.spec.label}, the rows are with {vectors.model.label}."
        raise InputError(message, "Load the model that the rows were embedded with.")
    prototypes = np.concatenate([_prototype(embedder, texts) for texts in described.values()])
    return ZeroShot(tuple(described), vectors.rows @ prototypes.T, prototypes, temperature, threshold)


def evaluate_zero_shot(zero: ZeroShot, vectors: Vectors, labels: Cells, rows: np.ndarray | None = None) -> Report:
    """The guesses against a label column. With a threshold, labels that are no class count as "none of these"."""
    check_length(vectors, labels)
    target, ids = read_target(labels, "classes"), row_ids(rows, len(vectors))
    if zero.threshold is not None:
        known = np.array([name if name in zero.classes else NONE for name in target.names], object)
        cells = np.where(target.present, known[target.values], None)
        target = read_target(cells, "classes")
    labeled = labeled_rows(target, ids)
    has_none = zero.threshold is not None
    probabilities = np.pad(zero.probabilities[labeled], ((0, 0), (0, int(has_none))))
    classes = (*zero.classes, NONE) if has_none else zero.classes
    units = text_codes(np.asarray(vectors.rows[labeled]))
    missing = len(ids) - len(labeled)
    return report_predictions(classes, target, labeled, zero.codes[labeled], probabilities, units, missing)


@dataclass(frozen=True, eq=False)
class ThresholdCurve:
    """thresholds: (t,) cosines, falling. precision: share of answered rows that are right; recall: share of the rows
    of any of the classes that are answered and right; f1: their harmonic mean. best: the threshold with the highest."""

    thresholds: np.ndarray
    precision: np.ndarray
    recall: np.ndarray
    f1: np.ndarray
    best: float


def choose_threshold(zero: ZeroShot, labels: Cells, rows: np.ndarray | None = None) -> ThresholdCurve:
    """Every threshold, on the labeled ones of `rows`; rows with another label than the classes are best answered "none
    of these". Raises InputError where no row has a label of the classes."""
    target, ids = read_target(labels, "classes"), row_ids(rows, len(zero.scores))
    labeled = labeled_rows(target, ids)
    position = {name: code for code, name in enumerate(zero.classes)}
    truth = np.array([position.get(name, -1) for name in target.names])[target.values[labeled]]
    if not (truth >= 0).any():
        raise InputError("No row has one of these labels.", "Choose a column that has them, or rename the labels.")
    top = zero.scores[labeled].max(axis=1)
    right = zero.scores[labeled].argmax(axis=1) == truth
    order = np.argsort(-top, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(top[order])), len(order) - 1)
    hits = np.cumsum(right[order])[ends]
    precision, recall = hits / (ends + 1), hits / (truth >= 0).sum()
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    thresholds = top[order][ends]
    return ThresholdCurve(thresholds, precision, recall, f1, float(thresholds[int(np.argmax(f1))]))


def _texts(value: str | Sequence[str]) -> list[str]:
    return [text for text in ([value] if isinstance(value, str) else value) if text.strip()]


def _prototype(embedder: Embedder, value: str | Sequence[str]) -> np.ndarray:
    """(1, d) float32 unit row."""
    rows = embedder.embed_query([value]) if isinstance(value, str) else embedder.embed(_texts(value))
    return unit_rows(rows.mean(axis=0, keepdims=True))
