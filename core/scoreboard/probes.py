"""Linear probes: how well a logistic regression on the vectors tells the labels, with many texts and with few."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from core.scoreboard.quiet import quietly
from core.stats.resampling import bootstrap_runs
from core.types import Progress
from core.vectors.linear_probe import text_folds

ITERATIONS = 100  # as MTEB; else scikit-learn's own settings (C = 1)
FOLDS = 5
RUNS, SHOTS, SHOT_SEED = 10, 8, 42  # MTEB's recipe for classification
HELD_OUT = 0.2


@dataclass(frozen=True, eq=False)
class FoldScores:
    """right: (m,) float32, 1 where a row was labeled right by a probe that had not seen its text, 0 where not.
    accuracy, macro_f1: (FOLDS,). ratio: test rows over training rows."""

    right: np.ndarray
    accuracy: np.ndarray
    macro_f1: np.ndarray
    ratio: float


@dataclass(frozen=True, eq=False)
class ShotScores:
    """accuracy, macro_f1: (RUNS,). resampled: (b, 2) means of both over test texts and runs drawn again."""

    accuracy: np.ndarray
    macro_f1: np.ndarray
    resampled: np.ndarray


def cross_validated(
    points: np.ndarray, codes: np.ndarray, texts: np.ndarray, seed: int = 0, progress: Progress | None = None
) -> FoldScores:
    """Logistic regression in five stratified folds. points: (m, d) unit rows. codes: (m,) labels, each on at least
    five texts. texts: (m,) codes of identical texts, which share a fold."""
    fold = text_folds(codes, texts, seed)
    right, accuracy, macro = np.zeros(len(codes), np.float32), [], []
    for number in range(FOLDS):
        train, test = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        guess = fitted(points[train], codes[train]).predict(points[test])
        right[test] = guess == codes[test]
        accuracy.append(right[test].mean())
        macro.append(_macro_f1(codes[test], guess))
        if progress:
            progress(number + 1, FOLDS)
    return FoldScores(right, np.array(accuracy, float), np.array(macro, float), 1 / (FOLDS - 1))


def few_shot(
    points: np.ndarray,
    codes: np.ndarray,
    texts: np.ndarray,
    train: np.ndarray,
    test: np.ndarray,
    seed: int = 0,
    progress: Progress | None = None,
    shots: int = SHOTS,
) -> ShotScores:
    """MTEB's classification (Muennighoff et al., 2023): ten times, a logistic regression of at most 100 iterations on
    8 random training rows a label (`shots`: 16 or 32 for some of its sets), asked about all test rows.

    points: (m, d). codes, texts: (m,) labels, and codes of identical texts. train, test: places within them.
    seed: of the resamples; the training rows are drawn with MTEB's seed, 42.
    """
    order, truth = np.array(train), codes[test]
    guesses = []
    for run in range(RUNS):
        np.random.RandomState(SHOT_SEED).shuffle(order)  # each run shuffles the order of the last one, as MTEB does
        chosen = _first_of_each(order, codes, shots)
        guesses.append(fitted(points[chosen], codes[chosen]).predict(points[test]))
        if progress:
            progress(run + 1, RUNS)
    together = np.unique(texts[test], return_inverse=True)[1]
    resampled = bootstrap_runs(together, RUNS, lambda run, weights: _weighed(truth, guesses[run], weights), seed)
    accuracy, macro = np.array([_weighed(truth, guess, np.ones(len(test))) for guess in guesses]).T
    return ShotScores(accuracy, macro, resampled)


def fitted(points: np.ndarray, codes: np.ndarray) -> Any:
    """scikit-learn's logistic regression of codes (m,) on points (m, d)."""
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    model = LogisticRegression(max_iter=ITERATIONS, random_state=SHOT_SEED)
    with threadpool_limits(1):  # more threads take longer on matrices this small
        quietly(model.fit, points, codes)
    return model


def held_out(codes: np.ndarray, texts: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Places of training and test rows: a fifth of each label's texts, at least one, is the test; the others train.
    Copies of a text are on one side, by the label of the first of them."""
    _, first, text = np.unique(texts, return_index=True, return_inverse=True)
    order = np.random.default_rng(seed).permutation(len(first))
    order = order[np.argsort(codes[first][order], kind="stable")]
    label = codes[first][order]
    start, past = np.searchsorted(label, label), np.searchsorted(label, label, side="right")
    tested = np.zeros(len(first), dtype=bool)
    tested[order] = np.arange(len(order)) - start < np.maximum(HELD_OUT * (past - start), 1)
    return np.flatnonzero(~tested[text]), np.flatnonzero(tested[text])


def _first_of_each(rows: np.ndarray, codes: np.ndarray, shots: int) -> np.ndarray:
    """The first `shots` of `rows` of each label."""
    order = rows[np.argsort(codes[rows], kind="stable")]
    label = codes[order]
    place = np.arange(len(order)) - np.searchsorted(label, label)
    chosen: np.ndarray = order[place < shots]
    return chosen


def _macro_f1(truth: np.ndarray, guess: np.ndarray) -> float:
    return _weighed(truth, guess, np.ones(len(truth)))[1]


def _weighed(truth: np.ndarray, guess: np.ndarray, weights: np.ndarray) -> list[float]:
    """Accuracy and macro-F1, as scikit-learn's, where row i counts weights[i]: labels that are neither there nor
    guessed are left out."""
    labels, right = int(max(truth.max(), guess.max())) + 1, truth == guess
    hits = np.bincount(truth[right], weights[right], labels)
    either = np.bincount(truth, weights, labels) + np.bincount(guess, weights, labels)
    return [float(hits.sum() / weights.sum()), float((2 * hits[either > 0] / either[either > 0]).mean())]
