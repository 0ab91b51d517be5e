"""Prevalence: the share of each class in a corpus, corrected for a classifier's errors by an audited random sample."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from core.classify.labels import Cells, Target, as_column, read_target
from core.classify.training import Classifier
from core.errors import InputError
from core.stats.interval import Interval
from core.stats.proportions import paired_difference, rogan_gladen, wilson
from core.types import Vectors
from core.vectors.rows import row_ids

MIN_AUDITED = 2
BLOCK = 50_000  # rows predicted at once
FIGURES = (
    "share", "low", "high", "naive", "rogan_gladen", "rogan_gladen_low", "rogan_gladen_high", "audit", "audit_low",
    "audit_high",
)  # fmt: skip
CORRECTED = ("share", "low", "high", "rogan_gladen", "rogan_gladen_low", "rogan_gladen_high")


@dataclass(frozen=True, eq=False)
class Prevalence:
    """Shares by class, float64 series in [0, 1]; of one class per row they sum to 1.

    share, low, high: prediction-powered estimate with its 95% interval. naive: share of the predictions. rogan_gladen,
    rogan_gladen_low, rogan_gladen_high: corrected by sensitivity and specificity, NaN where the classifier is no better
    than chance for a class. audit, audit_low, audit_high: from the audited labels alone. audited, rows: how many.
    method: a sentence.
    """

    share: pd.Series
    low: pd.Series
    high: pd.Series
    naive: pd.Series
    rogan_gladen: pd.Series
    rogan_gladen_low: pd.Series
    rogan_gladen_high: pd.Series
    audit: pd.Series
    audit_low: pd.Series
    audit_high: pd.Series
    audited: int
    rows: int
    method: str

    @classmethod
    def of(
        cls, names: Sequence[str], figures: Sequence[np.ndarray | pd.Series], audited: int, rows: int, method: str
    ) -> "Prevalence":
        """figures: (c,) each, in the order of FIGURES."""
        index = pd.Index(names, name="class")
        series: dict[str, Any] = {
            name: pd.Series(np.asarray(values), index, np.float64)
            for name, values in zip(FIGURES, figures, strict=True)
        }
        return cls(audited=audited, rows=rows, method=method, **series)


def prevalence(
    model: Classifier, vectors: Vectors, audited: np.ndarray, truth: Cells, rows: np.ndarray | None = None
) -> Prevalence:
    """The shares among `rows` (a filter or a period; all by default).

    audited: row ids drawn at random, that the classifier was not trained on; truth: their labels in the same order.
    Those outside of `rows` are left out. Raises InputError for fewer than two audited rows, and for vectors of another
    model.
    """
    model.check_model(vectors)
    if model.task == "number":
        raise InputError("Shares are of classes; this model predicts numbers.", "Train a classifier.")
    every = row_ids(rows, len(vectors))
    ids, target = _audit(audited, truth, every, model, len(vectors))
    names = tuple(dict.fromkeys((*model.classes, *target.names)))
    blocks = (every[start : start + BLOCK] for start in range(0, len(every), BLOCK))
    naive = sum(_indicators(model, vectors, block, len(names)).sum(axis=0) for block in blocks) / len(every)
    labels = np.zeros((len(ids), len(names)), bool)
    order = [names.index(name) for name in target.names]
    if target.kind == "sets":
        labels[:, order] = target.values
    else:
        labels[np.arange(len(ids)), np.array(order)[target.values]] = True
    predicted = _indicators(model, vectors, ids, len(names))
    return estimate_shares(names, naive, predicted, labels, len(every))


def _audit(
    audited: np.ndarray, truth: Cells, every: np.ndarray, model: Classifier, total: int
) -> tuple[np.ndarray, Target]:
    ids, cells = row_ids(audited, total), as_column(truth)
    if len(ids) != len(cells):
        raise InputError(
            f"There are {len(ids):,} audited rows and {len(cells):,} labels of them.", "Pass one for each."
        )
    target = read_target(cells, model.task)
    first = np.zeros(len(ids), bool)
    first[np.unique(ids, return_index=True)[1]] = True
    used = target.present & np.isin(ids, every) & first
    if used.sum() < MIN_AUDITED:
        message = f"{int(used.sum()):,} of these rows are audited; a correction needs at least {MIN_AUDITED}."
        raise InputError(message, "Label more rows drawn at random, or choose a wider filter.")
    return ids[used], Target(target.kind, target.names, target.values[used], target.present[used])


def _indicators(model: Classifier, vectors: Vectors, rows: np.ndarray, classes: int) -> np.ndarray:
    """(m, classes) bool, whether each class is predicted."""
    scores, result = model.scores(vectors.rows[rows]), np.zeros((len(rows), classes), bool)
    if model.task == "sets":
        result[:, : scores.shape[1]] = model.probabilities(scores) >= 0.5
    else:
        result[np.arange(len(rows)), scores.argmax(axis=1)] = True
    return result


def estimate_shares(
    names: tuple[str, ...], naive: np.ndarray, predicted: np.ndarray, labels: np.ndarray, rows: int,
    texts: int | None = None,
) -> Prevalence:  # fmt: skip
    """naive: (c,) shares of the predictions in all rows; predicted, labels: (n, c) of the audited ones. texts: how many
    of those are different; copies are no further evidence, so that intervals are for as many.
    """
    audited = len(labels)
    powered, alone = prediction_powered(naive, predicted, labels, rows, texts)
    gladen = rogan_gladen(naive, predicted, labels, texts)
    method = (
        f"Prediction-powered inference (Angelopoulos et al., 2023) with {audited:,} audited rows of {rows:,}, "
        f"intervals for a finite corpus (Bonett and Price, 2012); Rogan-Gladen with the interval of Lang and Reiczigel "
        "(2014); audit sample alone: Wilson's interval."
    )
    return Prevalence.of(names, (*powered, naive, *gladen, *alone), audited, rows, method)


def prediction_powered(
    naive: np.ndarray, predicted: np.ndarray, labels: np.ndarray, rows: int, texts: int | None = None
) -> tuple[Interval[np.ndarray], Interval[np.ndarray]]:
    """The shares (c,) of classes by prediction-powered inference, and by the audited labels alone. Arguments as of
    `estimate_shares`.

    Prediction-powered inference (Angelopoulos et al., 2023) of a share: that of the predictions, and the mean of label
    minus prediction in the sample. The predictions of all rows are known, so that the error is that of the second
    alone, with the correction for a finite corpus; the share can't be below what the audited labels alone make up.
    """
    audited, more, fewer = len(labels), (labels & ~predicted).sum(axis=0), (~labels & predicted).sum(axis=0)
    least, most = labels.sum(axis=0) / rows, 1 - (~labels).sum(axis=0) / rows
    weight = 1.0 if texts is None else texts / audited
    sizes = np.full(len(naive), weight * audited)
    shift = paired_difference(weight * more, weight * fewer, sizes, weight * rows)
    powered = [(naive + part).clip(least, most) for part in shift]
    return Interval(*powered), audit_shares(labels, rows, texts)


def audit_shares(labels: np.ndarray, rows: int, texts: int | None = None) -> Interval[np.ndarray]:
    """The shares (c,) of classes by the audited labels alone, with Wilson's interval, within what they leave open of
    `rows`. Arguments as of `estimate_shares`."""
    weight = 1.0 if texts is None else texts / len(labels)
    shares = wilson(weight * labels.sum(axis=0), np.full(labels.shape[1], weight * len(labels)))
    least, most = labels.sum(axis=0) / rows, 1 - (~labels).sum(axis=0) / rows
    return Interval(*(part.clip(least, most) for part in shares))


def with_known_rows(estimate: Prevalence, counts: np.ndarray, rows: int, naive: np.ndarray) -> Prevalence:
    """The shares in an estimated part and further rows whose labels are known, which have no error. counts: (c,) of
    the labels of those rows; naive: (c,) shares of the predictions in both parts."""
    total, weight = estimate.rows + rows, estimate.rows / max(estimate.rows + rows, 1)
    corrected = [counts / max(total, 1) + weight * getattr(estimate, name) for name in CORRECTED]
    audit = [estimate.audit, estimate.audit_low, estimate.audit_high]
    figures = [*corrected[:3], naive, *corrected[3:], *audit]
    return Prevalence.of(tuple(estimate.share.index), figures, estimate.audited, total, estimate.method)
