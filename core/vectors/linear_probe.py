"""A linear probe: the labels a cross-validated logistic regression predicts for rows outside its training folds."""

from collections.abc import Callable
from typing import Any

import numpy as np

from core.corpus.label_columns import FOLDS
from core.types import Progress
from core.vectors.pca import principal_components

DIMENSIONS = 128  # principal components of wider vectors: as good, several times faster
MAX_TRAINING_ROWS = 50_000  # rows a fold is trained on
REGULARIZATION_C = 5.0  # scikit-learn's C


class Probe:
    """Multinomial logistic regressions, one per fold, each predicting only rows outside its training.

    points: (n, d) features. fold: (n,) int8, -1 for rows without a label. training_rows: of the largest training set.
    """

    def __init__(self, points: np.ndarray, fold: np.ndarray, models: list[Any], classes: int, trained: int) -> None:
        self.points, self.fold, self.models, self.classes, self.training_rows = points, fold, models, classes, trained

    def probabilities(self, rows: np.ndarray) -> np.ndarray:
        """(b, classes) float32, rows sum to 1; 0 for a class no row of which was trained on."""
        predicted = np.zeros((len(rows), self.classes), np.float32)
        for number, model in enumerate(self.models):
            at = np.flatnonzero(self.fold[rows] == number)
            if len(at):
                predicted[np.ix_(at, model.classes_)] = model.predict_proba(self.points[rows[at]])
        return predicted


def fit_probe(
    vectors: np.ndarray, codes: np.ndarray, groups: np.ndarray, seed: int = 0, progress: Progress | None = None
) -> Probe:
    """Cross-validated logistic regressions (scikit-learn, C = 5) of labels on unit rows (n, d), out of fold.

    codes: (n,) labels from 0, -1 for none. groups: (n,) codes of identical texts, which share a fold; folds are
    stratified by the label of a text's first row. Each is trained on at most 50,000 rows, drawn with `seed`.
    """
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    points = _features(vectors, seed)
    fold, models, trained = text_folds(codes, groups, seed), [], 0
    with threadpool_limits(1, user_api="blas"):  # more threads take longer on matrices this small
        for number in range(FOLDS):
            rows = _training_rows(fold, number, seed)
            models.append(LogisticRegression(C=REGULARIZATION_C, max_iter=100, tol=1e-3))
            _quietly(models[-1].fit, points[rows], codes[rows])
            trained = max(trained, len(rows))
            if progress:
                progress(number + 1, FOLDS)
    return Probe(points, fold, models, int(codes.max()) + 1, trained)


def label_probabilities(
    vectors: np.ndarray, labels: np.ndarray, groups: np.ndarray, seed: int = 0, progress: Progress | None = None
) -> tuple[np.ndarray, np.ndarray, int]:
    """One logistic regression a label and fold (one-vs-rest), of rows that may have several labels.

    labels: (n, k) bool, each on at least FOLDS texts; the other arguments as of `fit_probe`. Rows without a label are
    left out. Folds are stratified by a row's rarest label. Returns (n, k) float32 out-of-fold probabilities, NaN for
    rows left out, (n,) int8 folds, -1 for these, and the largest number of training rows.
    """
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    points, counts = _features(vectors, seed), labels.sum(axis=0)
    rarest = np.where(labels, counts, counts.max(initial=0) + 1).argmin(axis=1)
    fold = text_folds(np.where(labels.any(axis=1), rarest, -1), groups, seed)
    probabilities, trained = np.full(labels.shape, np.nan, np.float32), 0
    with threadpool_limits(1, user_api="blas"):
        for number in range(FOLDS):
            train, test = _training_rows(fold, number, seed), np.flatnonzero(fold == number)
            trained = max(trained, len(train))
            for label in range(labels.shape[1]):
                target = labels[train, label]
                if target.all() or not target.any():
                    probabilities[test, label] = float(target[0])
                    continue
                model = LogisticRegression(C=REGULARIZATION_C, max_iter=100, tol=1e-3)
                _quietly(model.fit, points[train], target)
                probabilities[test, label] = model.predict_proba(points[test])[:, 1]
            if progress:
                progress(number + 1, FOLDS)
    return probabilities, fold, trained


def text_folds(codes: np.ndarray, groups: np.ndarray, seed: int) -> np.ndarray:
    """(n,) int8 fold of each labeled row, -1 for others; identical texts are never in two folds."""
    from sklearn.model_selection import StratifiedKFold

    labeled = np.flatnonzero(codes >= 0)
    _, first, text = np.unique(groups[labeled], return_index=True, return_inverse=True)
    label = codes[labeled[first]]
    of_text = np.empty(len(first), np.int8)
    splitter = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    parts: list[tuple[np.ndarray, np.ndarray]] = []
    _quietly(lambda: parts.extend(splitter.split(np.zeros(len(first)), label)))
    for number, (_, test) in enumerate(parts):
        of_text[test] = number
    fold = np.full(len(codes), -1, np.int8)
    fold[labeled] = of_text[text]
    return fold


def _features(vectors: np.ndarray, seed: int) -> np.ndarray:
    points = np.asarray(vectors, dtype=np.float32)
    return points if points.shape[1] <= DIMENSIONS else principal_components(points, DIMENSIONS, seed)[0]


def _training_rows(fold: np.ndarray, number: int, seed: int) -> np.ndarray:
    rows = np.flatnonzero((fold >= 0) & (fold != number))
    if len(rows) <= MAX_TRAINING_ROWS:
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, MAX_TRAINING_ROWS, replace=False))


def _quietly(call: Callable[..., Any], *arguments: Any) -> None:
    """Warnings of scikit-learn (small classes, iterations used up) say nothing a person could act on."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        call(*arguments)
