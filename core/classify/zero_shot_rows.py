"""Zero-shot labels for the rows of a corpus: counts, rows, file, and evaluation against a column."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

from core.classify.calibration import MAX_CURVE_POINTS
from core.classify.evaluation import Report
from core.classify.predictions import MAX_LISTED, Predictions, with_texts
from core.classify.zeroshot import NONE, ThresholdCurve, ZeroShot, choose_threshold, evaluate_zero_shot, zero_shot
from core.corpus.export import rows_csv
from core.corpus.label_columns import label_strings
from core.corpus.loaders import load_corpus
from core.errors import InputError
from core.models.base import Embedder
from core.secret import Secret
from core.stats.interval import Interval
from core.types import CorpusRef, ModelSpec
from core.vectors.contenders import Contender
from core.vectors.loaders import load_vectors
from core.vectors.text_vectors import embed_task_texts

MAX_LABELS = 100
EXAMPLE_SEPARATOR = " | "


@dataclass(frozen=True)
class ZeroShotQuery:
    """labels: (name, description) pairs; of a description with " | " the parts are examples.
    threshold: a cosine below which a row is "none of these"; None for never."""

    corpus: CorpusRef
    model: ModelSpec
    labels: tuple[tuple[str, str], ...]
    temperature: float
    threshold: float | None = None


@dataclass(frozen=True, eq=False)
class ZeroShotEvaluation:
    """Agreement with a label column. unknown: rows whose label is none of the typed ones. curve: precision and
    recall of answered rows by threshold, at most 500 of them; its best one has the highest F1, best_f1, on these rows.
    summary: a sentence with chance."""

    figures: dict[str, Interval[float]]
    per_class: pd.DataFrame
    summary: str
    rows: int
    missing: int
    unknown: int
    curve: ThresholdCurve
    best_f1: float


class _CachedEmbedder(Embedder):
    """The embedder of a corpus' vectors, whose texts come through the vector cache."""

    def __init__(self, corpus: CorpusRef, spec: ModelSpec, secret: Secret | None) -> None:
        super().__init__(spec)
        self._corpus, self._secret = corpus, secret

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        return embed_task_texts(self._corpus, Contender(self.spec), texts, secret=self._secret)

    def embed_query(self, texts: Sequence[str]) -> np.ndarray:
        return embed_task_texts(self._corpus, Contender(self.spec), texts, queries=True, secret=self._secret)


def parse_labels(text: str) -> tuple[tuple[str, str], ...]:
    """The pairs of `parse_lines`. Raises InputError for fewer than two labels, more than 100, a repeated one, or one
    without a name."""
    pairs = parse_lines(text)
    names = [name.casefold() for name, _ in pairs]
    if len(pairs) < 2:
        raise InputError("Zero-shot classification needs two or more labels.", "Type one label per line.")
    if len(pairs) > MAX_LABELS:
        raise InputError(f"{len(pairs):,} labels were typed; at most {MAX_LABELS} are possible.", "Use fewer labels.")
    repeated = next((name for name, _ in pairs if names.count(name.casefold()) > 1), "")
    if repeated:
        raise InputError(f'The label "{repeated}" is listed twice.', "Remove one of the lines.")
    return pairs


def parse_lines(text: str) -> tuple[tuple[str, str], ...]:
    """Lines "label", "label: description" or "label: example | example" as pairs; the description is the label where
    there is none. Raises InputError for a line without a label."""
    return tuple(_parse_line(line.strip()) for line in text.splitlines() if line.strip())


def _parse_line(line: str) -> tuple[str, str]:
    name, _, description = line.replace("：", ":", 1).partition(":")
    if not name.strip():
        raise InputError(f'The line "{line[:60]}" has no label before the colon.', 'Write "label: description".')
    return name.strip(), description.strip() or name.strip()


@lru_cache(maxsize=4)
def zero_shot_result(query: ZeroShotQuery, secret: Secret | None) -> ZeroShot:
    """Raises InputError for unusable labels, ModelError where the model can't embed them."""
    embedder, vectors = _CachedEmbedder(query.corpus, query.model, secret), load_vectors(query.corpus, query.model)
    return zero_shot(
        embedder, vectors, {name: _description(text) for name, text in query.labels},
        temperature=query.temperature, threshold=query.threshold,
    )  # fmt: skip


def _description(text: str) -> str | list[str]:
    """A description, or a list of examples."""
    examples = [part.strip() for part in text.split(EXAMPLE_SEPARATOR) if part.strip()]
    return examples if EXAMPLE_SEPARATOR in text and examples else text


def zero_shot_predictions(query: ZeroShotQuery, secret: Secret | None, label: str = "") -> Predictions:
    """Counts of all rows, and the most confident rows of a label ("" for any)."""
    result = zero_shot_result(query, secret)
    labels, confidence, top = result.labels, result.probabilities.max(axis=1), result.scores.max(axis=1)
    rows = np.flatnonzero(labels == label) if label else np.arange(len(labels))
    rows = rows[np.argsort(-confidence[rows], kind="stable")]
    first = rows[:MAX_LISTED]
    columns = {"predicted": labels[first], "probability": confidence[first], "cosine": top[first]}
    low, middle, high = (float(value) for value in np.quantile(top, [0.05, 0.5, 0.95]))
    names = [*result.classes, *([NONE] if query.threshold is not None else [])]
    counts = tuple((name, int((labels == name).sum())) for name in names)
    return Predictions(
        tuple(sorted(counts, key=lambda item: -item[1])), with_texts(query.corpus, first, columns), len(rows),
        len(labels), (low, middle, high), float(confidence.mean()),
    )  # fmt: skip


def zero_shot_rows(query: ZeroShotQuery, secret: Secret | None, label: str = "") -> np.ndarray:
    """Row ids of a label, all for ""."""
    labels = zero_shot_result(query, secret).labels
    return np.flatnonzero(labels == label) if label else np.arange(len(labels))


def zero_shot_file(query: ZeroShotQuery, secret: Secret | None) -> bytes:
    """All rows with their guess, probability and cosine, and the cosine to each label, as CSV."""
    result = zero_shot_result(query, secret)
    rows = np.arange(len(result.labels))
    columns = {
        "row": rows + 1, "predicted": result.labels, "probability": result.probabilities.max(axis=1).round(4),
        "cosine": result.scores.max(axis=1).round(4),
    }  # fmt: skip
    columns |= {f"cosine to {name}": result.scores[:, at].round(4) for at, name in enumerate(result.classes)}
    return rows_csv(load_corpus(query.corpus), rows, columns)


def zero_shot_evaluation(query: ZeroShotQuery, secret: Secret | None, column: str) -> ZeroShotEvaluation:
    """Guesses against a column, whose labels are compared with the typed ones regardless of case. Raises InputError
    where no row has one of the labels."""
    result, vectors = zero_shot_result(query, secret), load_vectors(query.corpus, query.model)
    labels = label_strings(load_corpus(query.corpus).table[column])
    typed = {name.casefold(): name for name in result.classes}
    labels = labels.map(lambda name: typed.get(str(name).casefold(), name), na_action="ignore")
    curve = choose_threshold(result, labels)
    report: Report = evaluate_zero_shot(result, vectors, labels)
    unknown = int((labels.notna() & ~labels.isin(result.classes)).sum())
    return ZeroShotEvaluation(
        report.intervals, report.per_class, report.summary(),
        len(report.rows), report.missing, unknown, _thinned(curve), float(curve.f1.max()),
    )  # fmt: skip


def _thinned(curve: ThresholdCurve) -> ThresholdCurve:
    at = np.unique(np.linspace(0, len(curve.thresholds) - 1, MAX_CURVE_POINTS).astype(int))
    return ThresholdCurve(curve.thresholds[at], curve.precision[at], curve.recall[at], curve.f1[at], curve.best)
