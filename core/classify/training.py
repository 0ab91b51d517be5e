"""Training on the vectors of one embedding model, and the trained classifier: arrays alone, tied to that model."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from core.classify.calibration import fit_temperature, improves, softmax
from core.classify.estimators import ESTIMATORS, Arrays, Kind
from core.classify.labels import Cells, Target, TargetKind, check_length, read_target, require_classes
from core.classify.metrics import macro_f1
from core.errors import InputError
from core.types import ModelSpec, Progress, Vectors
from core.vectors.linear_probe import text_folds
from core.vectors.rows import row_ids, text_codes

MAX_SELECTION_ROWS = 5_000  # rows that the parameter is selected on
MIN_FOLD_TEXTS = 5  # a class needs so many for cross-validation
FULL_FOLDS, FULL_FOLDS_ROWS = 5, 1_000  # all folds of no more rows, else the first two
FEW_FOLDS = 2


@dataclass(frozen=True, eq=False)
class Classifier:
    """classes: names, in the order of the probabilities. model: whose vectors it takes. task: "classes"; "sets" of
    labels, each with a probability of its own; "number", without classes. temperature: what scores are divided by.
    facts: JSON-able; parameter, value, candidates ({value: score}), selection (a sentence), rows, seed, balanced."""

    kind: Kind
    task: TargetKind
    classes: tuple[str, ...]
    model: ModelSpec
    arrays: Arrays
    temperature: float = 1.0
    facts: dict[str, Any] = field(default_factory=dict)

    def predict(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Labels (m,) and probabilities (m, classes) float32 of vectors (m, d). Labels are str; of the task "sets"
        tuples of str, those with a probability of a half or more; of "number" float64, with probabilities (m, 0).
        Raises InputError for vectors of another length, or that are not finite."""
        scores = self.scores(rows)
        if self.task == "number":
            return scores[:, 0], np.zeros((len(scores), 0), np.float32)
        probabilities = self.probabilities(scores)
        if self.task == "classes":
            return np.array(self.classes)[scores.argmax(axis=1)], probabilities
        labels = np.empty(len(scores), object)
        for at, row in enumerate(probabilities):
            labels[at] = tuple(name for name, p in zip(self.classes, row, strict=True) if p >= 0.5)
        return labels, probabilities

    def scores(self, rows: np.ndarray) -> np.ndarray:
        """(m, classes) float64, higher is likelier; of the task "number" (m, 1) the numbers."""
        points = np.asarray(rows, dtype=np.float32)
        if points.ndim != 2 or points.shape[1] != self.facts["dimensions"]:
            message = (
                f"The classifier takes vectors of {self.facts['dimensions']} dimensions, got shape {points.shape}."
            )
            raise InputError(message, f"Embed the texts with {self.model.label}.")
        if not np.isfinite(points).all():
            raise InputError("Some vectors hold NaN or infinite values.", "Embed these rows again.")
        return ESTIMATORS[self.kind].scores(self.arrays, points)

    def probabilities(self, scores: np.ndarray) -> np.ndarray:
        """(m, classes) float32 of the scores; rows sum to 1, except of sets."""
        scaled = scores / self.temperature
        result = 1 / (1 + np.exp(-np.clip(scaled, -30, 30))) if self.task == "sets" else softmax(scaled)
        return result.astype(np.float32)

    def check_model(self, vectors: Vectors) -> None:
        """Raises InputError unless the vectors are of the classifier's embedding model."""
        if vectors.model.key != self.model.key:
            message = (
                f"This classifier was trained on vectors of {self.model.label}; these are of {vectors.model.label}."
            )
            raise InputError(
                message, f"Embed the rows with {self.model.label}, or train a classifier on these vectors."
            )


def train(
    vectors: Vectors, labels: Cells, rows: np.ndarray | None = None, kind: Kind = "logistic", *,
    validation: np.ndarray | None = None, value: float | None = None, balanced: bool = False,
    task: TargetKind | None = None, separator: str | None = None, seed: int = 0, progress: Progress | None = None,
) -> Classifier:  # fmt: skip
    """Train on the labeled ones of `rows` (all by default). labels: one for each row of the vectors.

    validation: rows on which the parameter (C, k, alpha) is selected and the temperature fitted; without any, both by
    cross-validation within the training rows (up to 5,000, copies of a text in one fold). value: of the parameter,
    which is then not selected. balanced: weight classes by the inverse of their frequency. task, separator: what the
    column is, see `labels.read_target`; ridge regression takes numbers. Raises InputError where there is too little to
    learn from, or the kind does not fit the task.
    """
    if kind not in ESTIMATORS:
        raise InputError(f'There is no kind of classifier "{kind}".', f"Available: {', '.join(ESTIMATORS)}.")
    check_length(vectors, labels)
    target = _restricted(
        read_target(labels, "number" if kind == "ridge" else task, separator), len(vectors), rows, kind
    )
    labeled = require_classes(target, row_ids(rows, len(vectors)))
    points, values = np.asarray(vectors.rows[labeled]), target.values[labeled]
    fit = _Fit(kind, target.kind, len(target.names), balanced, seed)
    facts: dict[str, Any] = {"parameter": ESTIMATORS[kind].parameter, "rows": len(labeled), "seed": seed}
    facts |= {"balanced": balanced, "dimensions": vectors.rows.shape[1]}
    grid = (value,) if value is not None else ESTIMATORS[kind].grid or (ESTIMATORS[kind].default,)
    held_out = row_ids(() if validation is None else validation, len(vectors))
    held_out = held_out[target.present[held_out]]
    if len(held_out):
        part = (points, values, np.asarray(vectors.rows[held_out]), target.values[held_out])
        selection = _select(fit, grid, [part], "validation rows", progress)
    else:
        selection = _cross_validate(fit, grid, points, values, progress) if len(grid) > 1 else _Selection(grid[0])
    facts |= {"value": selection.value, "candidates": selection.candidates, "selection": selection.method}
    arrays = fit(points, values, selection.value)
    return Classifier(kind, target.kind, target.names, vectors.model, arrays, selection.temperature, facts)


def _restricted(target: Target, total: int, rows: np.ndarray | None, kind: Kind) -> Target:
    """The target with the classes of the training rows alone. Raises InputError where the kind does not fit."""
    if target.kind == "sets" and not ESTIMATORS[kind].one_vs_rest:
        remedy = "Choose logistic regression or a linear SVM."
        raise InputError(f"{ESTIMATORS[kind].label} does not learn several labels per row.", remedy)
    if (target.kind == "number") != (kind == "ridge"):
        raise InputError("Numbers are predicted by ridge regression alone.", 'Choose the kind "ridge", or classes.')
    if target.kind == "number":
        return target
    ids = row_ids(rows, total)
    ids = ids[target.present[ids]]
    if target.kind == "sets":
        used = np.flatnonzero(target.values[ids].any(axis=0))
        return replace(target, names=tuple(target.names[i] for i in used), values=target.values[:, used])
    used = np.unique(target.values[ids])
    codes = np.full(len(target.names) + 1, -1, np.int32)
    codes[used] = np.arange(len(used))
    values = codes[target.values]
    return replace(target, names=tuple(target.names[i] for i in used), values=values, present=values >= 0)


@dataclass(frozen=True)
class _Fit:
    """Fits arrays to points (m, d) and values (m,) or (m, labels); also where a class is absent from a fold."""

    kind: Kind
    task: TargetKind
    classes: int
    balanced: bool
    seed: int

    def __call__(self, points: np.ndarray, values: np.ndarray, parameter: float) -> Arrays:
        if self.task == "sets":
            return self._one_vs_rest(points, values, parameter)
        return ESTIMATORS[self.kind].fit(points, values, self.classes, parameter, self.balanced, self.seed)

    def scores(self, parameter: float, points: np.ndarray, values: np.ndarray, checked: np.ndarray) -> np.ndarray:
        """(m, classes) of `checked`, fitted to the others; far below all others for a class that they do not have."""
        estimator = ESTIMATORS[self.kind]
        if self.task != "classes":
            return estimator.scores(self(points, values, parameter), checked)
        present, codes = np.unique(values, return_inverse=True)
        if len(present) == 1:
            some = np.zeros((len(checked), 1))
        else:
            arrays = replace(self, classes=len(present))(points, codes, parameter)
            some = estimator.scores(arrays, checked)
        result = np.full((len(checked), self.classes), some.min(initial=0) - 20.0)
        result[:, present] = some
        return result

    def _one_vs_rest(self, points: np.ndarray, values: np.ndarray, parameter: float) -> Arrays:
        rows, intercepts = np.zeros((values.shape[1], points.shape[1]), np.float32), np.zeros(values.shape[1])
        for label, truth in enumerate(values.T):
            if truth.all() or not truth.any():
                intercepts[label] = 10.0 if truth.all() else -10.0
                continue
            fit = ESTIMATORS[self.kind].fit
            arrays = fit(points, truth.astype(np.int32), 2, parameter, self.balanced, self.seed)
            rows[label], intercepts[label] = arrays["coefficients"][1], arrays["intercepts"][1]
        return {"coefficients": rows, "intercepts": intercepts}


@dataclass(frozen=True)
class _Selection:
    """candidates: the parameter's values, as text, with their scores, higher is better."""

    value: float
    candidates: dict[str, float] = field(default_factory=dict)
    temperature: float = 1.0
    method: str = "Not selected."


def _cross_validate(
    fit: _Fit, grid: tuple[float, ...], points: np.ndarray, values: np.ndarray, progress: Progress | None
) -> _Selection:
    rows = np.arange(len(points))
    if len(rows) > MAX_SELECTION_ROWS:
        rows = np.sort(np.random.default_rng(fit.seed).choice(rows, MAX_SELECTION_ROWS, replace=False))
    texts, strata = text_codes(points[rows]), values[rows] if fit.task == "classes" else np.zeros(len(rows), np.int32)
    if np.bincount(strata).max() < MIN_FOLD_TEXTS or texts.max() + 1 < MIN_FOLD_TEXTS:
        return _Selection(ESTIMATORS[fit.kind].default, method="Default: too few rows to cross-validate.")
    try:
        fold = text_folds(strata, texts, fit.seed)
    except ValueError:  # no class has enough different texts
        return _Selection(ESTIMATORS[fit.kind].default, method="Default: too few texts to cross-validate.")
    folds = FULL_FOLDS if len(rows) <= FULL_FOLDS_ROWS else FEW_FOLDS
    parts: list[tuple[np.ndarray, ...]] = []
    for number in range(folds):
        inside, outside = rows[fold != number], rows[fold == number]
        parts.append((points[inside], values[inside], points[outside], values[outside]))
    return _select(fit, grid, parts, f"{folds} of {FULL_FOLDS} folds of {len(rows):,} training rows", progress)


def _select(
    fit: _Fit, grid: tuple[float, ...], parts: list[tuple[np.ndarray, ...]], where: str, progress: Progress | None
) -> _Selection:
    """The best value by macro F1 (of numbers R squared), the smallest of equal ones; and the temperature."""
    truth = np.concatenate([part[3] for part in parts])
    scores, candidates = {}, {}
    for value in grid:
        for number, (points, values, checked, _) in enumerate(parts):
            scores[value, number] = fit.scores(value, points, values, checked)
            if progress:
                progress(len(scores), len(grid) * len(parts))
        candidates[value] = _score(fit.task, truth, np.concatenate([scores[value, n] for n in range(len(parts))]))
    best = max(grid, key=lambda value: round(candidates[value], 6))
    temperature = 1.0
    if fit.task != "number":
        pooled = np.concatenate([scores[best, n] for n in range(len(parts))])
        if fit.kind == "svm" or improves(pooled, truth, fit.seed):
            temperature = fit_temperature(pooled, truth)
    name = "R squared" if fit.task == "number" else "macro F1"
    listed = {f"{value:g}": round(score, 4) for value, score in candidates.items()}
    return _Selection(best, listed, temperature, f"Highest {name} on {where}.")


def _score(task: TargetKind, truth: np.ndarray, scores: np.ndarray) -> float:
    if task == "number":
        return 1 - float(np.square(truth - scores[:, 0]).sum() / max(np.square(truth - truth.mean()).sum(), 1e-12))
    if task == "classes":
        return macro_f1(truth[known := truth >= 0], scores.argmax(axis=1)[known])
    return macro_f1(truth, scores >= 0)
