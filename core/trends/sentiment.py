"""Sentiment of each row: -1 negative, 0 neutral, 1 positive, -2 unknown; from a column or by the vectors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.errors import InputError
from core.stats.proportions import wilson
from core.stats.resampling import SEED, percentile_interval, resampled_table

CLASSES = (-1, 0, 1)
NAMES = {-1: "negative", 0: "neutral", 1: "positive"}
UNKNOWN = -2
FOLDS = 5
MAX_TRAINING_ROWS = 5_000
MIN_CLASS_ROWS = 10  # labelled rows of a class
BAND = 0.2  # half width of the neutral band, in standard deviations of the scores


@dataclass(frozen=True)
class Accuracy:
    """How well predicted sentiment agrees with a column. n: rows that have both. All figures in [0, 1].

    accuracy with Wilson's, macro_f1 with a bootstrap 95% interval over rows. chance: what always predicting the most
    frequent class reaches; chance_f1: macro-F1 of guessing at random with the true shares. table: (3, 3) rows true,
    columns predicted, negative first."""

    n: int
    accuracy: float
    low: float
    high: float
    macro_f1: float
    f1_low: float
    f1_high: float
    chance: float
    chance_f1: float
    table: tuple[tuple[int, ...], ...]


def from_ratings(values: pd.Series, low: float, high: float) -> np.ndarray:
    """(n,) int8: negative up to `low`, positive from `high`, neutral between. Raises InputError unless low < high."""
    if not low < high:
        raise InputError(
            f"The negative threshold ({low:g}) is not below the positive one ({high:g}).",
            "Lower the negative threshold or raise the positive one.",
        )
    numbers = pd.to_numeric(values, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    codes = np.select([numbers <= low, numbers >= high], [-1, 1], 0)
    return np.where(np.isfinite(numbers), codes, UNKNOWN).astype(np.int8)


def rating_thresholds(values: pd.Series) -> tuple[float, float]:
    """Default thresholds of a rating: its lower and upper two fifths, so that of 1 to 5 stars 1 and 2 are negative, 4
    and 5 positive; a scale around 0 is split at its sign."""
    numbers = pd.to_numeric(values, errors="coerce").dropna()
    if not len(numbers):
        return 0.0, 1.0
    low, high = float(numbers.min()), float(numbers.max())
    if low < 0 < high:
        return (-0.05 * -low, 0.05 * high) if (numbers % 1 != 0).any() else (-1.0, 1.0)
    first, second = low + 0.25 * (high - low), low + 0.75 * (high - low)
    return (first, second) if first < second else (low - 1, high + 1)


def from_values(values: pd.Series, mapping: Mapping[str, int]) -> np.ndarray:
    """(n,) int8: each value's sentiment; unmapped and missing values are unknown."""
    texts = values.astype("str").str.strip()
    codes = texts.map(dict(mapping)).where(values.notna())
    return pd.to_numeric(codes, errors="coerce").fillna(UNKNOWN).to_numpy(dtype=np.int8)


def guess_mapping(values: Sequence[str]) -> dict[str, int]:
    """The sentiment of usual names; other values are left out."""
    terms = {
        -1: ("negative", "neg", "bad", "bearish", "unhappy", "sad", "angry", "thumbs down", "-1", "负面", "消极"),
        0: ("neutral", "mixed", "neither", "ok", "0", "中性"),
        1: ("positive", "pos", "good", "bullish", "happy", "thumbs up", "1", "+1", "正面", "积极"),
    }
    by_name = {name: code for code, names in terms.items() for name in names}
    return {value: by_name[value.strip().casefold()] for value in values if value.strip().casefold() in by_name}


def anchor_scores(rows: np.ndarray, positive: np.ndarray, negative: np.ndarray) -> np.ndarray:
    """(n,) float64: mean cosine to the positive anchors minus that to the negative ones; higher is more positive.

    rows: (n, d), positive: (p, d), negative: (q, d), unit rows.
    """
    return (rows @ (positive.mean(axis=0) - negative.mean(axis=0))).astype(np.float64)


def classify_by_band(scores: np.ndarray, band: float = BAND) -> np.ndarray:
    """(n,) int8: neutral where a score lies within `band` standard deviations of 0, that is about as near to the
    positive anchors as to the negative ones."""
    width = band * float(np.std(scores))
    return np.select([scores > width, scores < -width], [1, -1], 0).astype(np.int8)


def classify_by_fitted_thresholds(
    scores: np.ndarray, labels: np.ndarray, groups: np.ndarray
) -> tuple[np.ndarray, tuple[float, float]]:
    """(n,) int8 and the two thresholds on the scores with the highest macro-F1 on the labeled rows.

    Each labeled row is classified with thresholds fitted without its fold (5 folds, rows of one group, equal texts,
    together), so that it may be evaluated against its label; the others with those fitted on all, which are returned.
    """
    labeled = np.flatnonzero(labels != UNKNOWN)
    thresholds = _best_thresholds(scores[labeled], labels[labeled])
    predicted = _apply_thresholds(scores, thresholds)
    for train, test in folds(labels[labeled], groups[labeled]):
        predicted[labeled[test]] = _apply_thresholds(
            scores[labeled[test]], _best_thresholds(scores[labeled[train]], labels[labeled[train]])
        )
    return predicted, thresholds


def classify_by_training(rows: np.ndarray, labels: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """(n,) int8: multinomial logistic regression on the vectors (C = 10).

    A labeled row is classified by a model that saw neither it nor an equal text (5 folds); the others by one trained
    on all labeled rows. A model is trained on a seeded 5,000 rows where there are more.
    """
    labeled = np.flatnonzero(labels != UNKNOWN)
    check_trainable(labels)
    predicted = np.full(len(rows), UNKNOWN, dtype=np.int8)
    for train, test in folds(labels[labeled], groups[labeled]):
        predicted[labeled[test]] = _train_and_predict(rows, labels, labeled[train], labeled[test])
    rest = np.flatnonzero(labels == UNKNOWN)
    if len(rest):
        predicted[rest] = _train_and_predict(rows, labels, labeled, rest)
    return predicted


def check_trainable(labels: np.ndarray) -> None:
    """Raise InputError unless two classes have 10 labeled rows each."""
    if sum(int((labels == code).sum()) >= MIN_CLASS_ROWS for code in CLASSES) < 2:
        counts = ", ".join(f"{int((labels == code).sum()):,} {NAMES[code]}" for code in CLASSES)
        raise InputError(
            f"There are too few labeled rows to train on: {counts} rows.",
            f"At least two classes need {MIN_CLASS_ROWS} labeled rows; change the thresholds or choose another column.",
        )


def folds(labels: np.ndarray, groups: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """(train, test) row indices of 5 folds that never split a group; seeded. Stratified up to 5,000 rows; beyond,
    random folds nearly are, and stratifying would take minutes."""
    from sklearn.model_selection import GroupKFold, StratifiedGroupKFold

    count = min(FOLDS, len(np.unique(groups)))
    if count < 2:
        return []
    kind = StratifiedGroupKFold if len(labels) <= MAX_TRAINING_ROWS else GroupKFold
    splitter = kind(count, shuffle=True, random_state=SEED)
    return [pair for pair in splitter.split(labels, labels, groups) if len(pair[1])]


def evaluate(labels: np.ndarray, predicted: np.ndarray) -> Accuracy | None:
    """Accuracy and macro-F1 of the predictions, over rows that have both; None where there is none."""
    both = (labels != UNKNOWN) & (predicted != UNKNOWN)
    table = np.zeros((3, 3), dtype=np.int64)
    np.add.at(table, (labels[both] + 1, predicted[both] + 1), 1)
    n = int(table.sum())
    if not n:
        return None
    right = int(np.trace(table))
    _, low, high = wilson(np.array(right), np.array(n))
    f1, f1_low, f1_high = map(float, percentile_interval(macro_f1(table), macro_f1(resampled_table(table)), n))
    shares = table.sum(axis=1) / n
    chance_f1 = float(shares[shares > 0].mean())
    confusion = tuple(map(tuple, table.tolist()))
    accuracy = (right / n, float(low), float(high))
    return Accuracy(n, *accuracy, f1, f1_low, f1_high, float(shares.max()), chance_f1, confusion)


def macro_f1(table: np.ndarray) -> np.ndarray:
    """(...,) float64 from confusion tables (..., 3, 3), true by predicted: the mean F1 of the classes that occur, as
    true or as predicted; as scikit-learn's f1_score(average="macro")."""
    true, predicted = table.sum(axis=-1), table.sum(axis=-2)
    hit = np.diagonal(table, axis1=-2, axis2=-1)
    occurs = (true + predicted) > 0
    f1 = np.where(occurs, 2 * hit / np.maximum(true + predicted, 1), 0.0)
    return f1.sum(axis=-1) / np.maximum(occurs.sum(axis=-1), 1)


def _best_thresholds(scores: np.ndarray, labels: np.ndarray, steps: int = 40) -> tuple[float, float]:
    """The pair of quantiles of the scores, low <= high, with the highest macro-F1; the first where several tie."""
    grid = np.unique(np.quantile(scores, np.linspace(0, 1, steps + 1)))
    below = np.stack([np.array([(scores[labels == code] < cut).sum() for cut in grid]) for code in CLASSES])
    sizes = np.array([(labels == code).sum() for code in CLASSES])
    low, high = np.triu_indices(len(grid))
    predicted = [below[:, low], below[:, high] - below[:, low], sizes[:, None] - below[:, high]]
    tables = np.stack(predicted).T  # (m, true, predicted)
    best = int(np.argmax(macro_f1(tables)))
    return float(grid[low[best]]), float(grid[high[best]])


def _apply_thresholds(scores: np.ndarray, thresholds: tuple[float, float]) -> np.ndarray:
    return np.select([scores < thresholds[0], scores >= thresholds[1]], [-1, 1], 0).astype(np.int8)


def _train_and_predict(rows: np.ndarray, labels: np.ndarray, train: np.ndarray, test: np.ndarray) -> np.ndarray:
    """(len(test),) int8 by logistic regression; where all training labels are one class, that class."""
    from sklearn.linear_model import LogisticRegression

    if len(train) > MAX_TRAINING_ROWS:
        train = np.sort(np.random.default_rng(SEED).choice(train, MAX_TRAINING_ROWS, replace=False))
    if len(np.unique(labels[train])) == 1:
        return np.full(len(test), labels[train][0], dtype=np.int8)
    model = LogisticRegression(C=10.0, max_iter=100, tol=1e-3).fit(rows[train], labels[train])
    return np.asarray(model.predict(rows[test]), dtype=np.int8)
