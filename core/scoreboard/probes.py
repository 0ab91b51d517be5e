"""Linear probes: how well a logistic regression on the vectors predicts labels; and the V-measure of k-means."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from core.corpus.label_columns import LabelRows, split_names
from core.corpus.reading.json_tables import SET_COLUMN
from core.errors import InputError
from core.scoreboard.types import Task
from core.stats.resampling import bootstrap_runs
from core.types import Progress
from core.vectors.linear_probe import text_folds

ITERATIONS = 100  # as MTEB; else scikit-learn's own settings (C = 1)
FOLDS = 5
RUNS, SHOTS, SHOT_SEED = 10, 8, 42  # MTEB's recipe for classification
HELD_OUT = 0.2
TIED_SHARES = 1e-6  # probabilities nearer than this are equal
MAX_PROBED_ROWS, MAX_PROBED_LABELS = 10_000, 200
SEEDS, BATCH = 10, 500  # clusterings, and rows of a mini-batch, as MTEB
MAX_ROWS_IN_SETS = 100_000  # in sets that are clustered separately


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
        macro.append(_weighted_scores(codes[test], guess)[1])
        if progress:
            progress(number + 1, FOLDS)
    return FoldScores(right, np.array(accuracy, float), np.array(macro, float), 1 / (FOLDS - 1))


def few_shot(
    points: np.ndarray, codes: np.ndarray, texts: np.ndarray, train: np.ndarray, test: np.ndarray,
    seed: int = 0, progress: Progress | None = None, shots: int = SHOTS,
) -> ShotScores:  # fmt: skip
    """MTEB's classification (Muennighoff et al., 2023): ten times, a logistic regression of at most 100 iterations on
    8 random training rows per label (`shots`: 16 or 32 for some of its sets), tested on all test rows.

    points: (m, d). codes, texts: (m,) labels, and codes of identical texts. train, test: positions within them.
    seed: of the resamples; the training rows are drawn with MTEB's seed, 42.
    """
    order, truth = np.array(train), codes[test]
    guesses = []
    for run in range(RUNS):
        np.random.RandomState(SHOT_SEED).shuffle(order)  # each run shuffles the order of the last one, as MTEB does
        sample = _first_per_label(order, codes, shots)
        guesses.append(predicted(fitted(points[sample], codes[sample]), points[test], seed + run))
        if progress:
            progress(run + 1, RUNS)
    units = np.unique(texts[test], return_inverse=True)[1]
    resampled = bootstrap_runs(units, RUNS, lambda run, weights: _weighted_scores(truth, guesses[run], weights), seed)
    accuracy, macro = np.array([_weighted_scores(truth, guess) for guess in guesses]).T
    return ShotScores(accuracy, macro, resampled)


def fitted(points: np.ndarray, codes: np.ndarray) -> Any:
    """scikit-learn's logistic regression of codes (m,) on points (m, d)."""
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    model = LogisticRegression(max_iter=ITERATIONS, random_state=SHOT_SEED)
    with threadpool_limits(1):  # more threads take longer on matrices this small
        quietly(model.fit, points, codes)
    return model


def predicted(model: Any, points: np.ndarray, seed: int) -> np.ndarray:
    """(m,) codes predicted for points (m, d); of labels that are equally likely a random one, where scikit-learn takes
    the first: on equal vectors it would reach that label's share, which is no merit of the vectors."""
    shares = model.predict_proba(points)
    tied = shares >= shares.max(axis=1, keepdims=True) - TIED_SHARES
    return np.asarray(model.classes_[(np.random.default_rng(seed).random(shares.shape) * tied).argmax(axis=1)])


def held_out(codes: np.ndarray, texts: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Positions of training and test rows: a fifth of each label's texts, at least one, is the test; the others train.
    Copies of a text are on one side, by the label of the first of them."""
    _, first, text = np.unique(texts, return_index=True, return_inverse=True)
    order = np.random.default_rng(seed).permutation(len(first))
    order = order[np.argsort(codes[first][order], kind="stable")]
    label = codes[first][order]
    start, past = np.searchsorted(label, label), np.searchsorted(label, label, side="right")
    tested = np.zeros(len(first), dtype=bool)
    tested[order] = np.arange(len(order)) - start < np.maximum(HELD_OUT * (past - start), 1)
    return np.flatnonzero(~tested[text]), np.flatnonzero(tested[text])


def _first_per_label(rows: np.ndarray, codes: np.ndarray, shots: int) -> np.ndarray:
    """The first `shots` of `rows` of each label."""
    order = rows[np.argsort(codes[rows], kind="stable")]
    label = codes[order]
    return np.asarray(order[np.arange(len(order)) - np.searchsorted(label, label) < shots])


def _weighted_scores(truth: np.ndarray, guess: np.ndarray, weights: np.ndarray | None = None) -> list[float]:
    """Accuracy and macro-F1, as scikit-learn's, where row i counts weights[i] (None: each 1): labels neither present
    nor predicted are left out."""
    weights = np.ones(len(truth)) if weights is None else weights
    labels, right = int(max(truth.max(), guess.max())) + 1, truth == guess
    hits = np.bincount(truth[right], weights[right], labels)
    either = np.bincount(truth, weights, labels) + np.bincount(guess, weights, labels)
    return [float(hits.sum() / weights.sum()), float((2 * hits[either > 0] / either[either > 0]).mean())]


def probed_positions(data: LabelRows) -> np.ndarray:
    """Ascending positions within data.rows: all, or all queries and others at random, MAX_PROBED_ROWS in total."""
    if len(data) <= MAX_PROBED_ROWS:
        return np.arange(len(data))
    others = np.setdiff1d(np.arange(len(data)), data.queries)
    more = np.random.default_rng(data.seed).choice(others, MAX_PROBED_ROWS - len(data.queries), replace=False)
    return np.sort(np.concatenate([data.queries, more]))


def clustered_positions(table: pd.DataFrame, data: LabelRows, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The positions that are clustered, and the set of each: `at` as one set; where the data has several sets, all rows
    up to MAX_ROWS_IN_SETS, as benchmarks cluster complete sets."""
    if SET_COLUMN not in table.columns:
        return at, np.zeros(len(at), np.int32)
    positions = np.arange(len(data)) if len(data) <= MAX_ROWS_IN_SETS else at
    return positions, np.unique(table[SET_COLUMN].iloc[data.rows[positions]].fillna(0), return_inverse=True)[1]


def learnable(data: LabelRows, at: np.ndarray, texts: int) -> np.ndarray:
    """Of the positions, those whose label has at least so many texts among them; the MAX_PROBED_LABELS largest."""
    _, first = np.unique(data.texts[at], return_index=True)  # a text counts once, by its first row
    counts = np.bincount(data.codes[at[first]], minlength=len(data.names))
    labels = [label for label in np.argsort(-counts, kind="stable")[:MAX_PROBED_LABELS] if counts[label] >= texts]
    return at[np.isin(data.codes[at], labels)]


def few_shot_sides(table: pd.DataFrame, data: LabelRows, task: Task) -> tuple[np.ndarray, np.ndarray]:
    """Positions of training and test rows, by the task's column or at random, of labels that are on both sides. Raises
    InputError where the column does not exist, or leaves one side empty."""
    positions = learnable(data, np.arange(len(data)), 2)
    if task.get("split") is None:
        parts = held_out(data.codes[positions], data.texts[positions], data.seed)
        train, test = positions[parts[0]], positions[parts[1]]
    else:
        train, test = (np.intersect1d(side, positions) for side in split_sides(table, data, task))
    labels = np.intersect1d(data.codes[train], data.codes[test])
    return train[np.isin(data.codes[train], labels)], test[np.isin(data.codes[test], labels)]


def split_sides(table: pd.DataFrame, data: LabelRows, task: Task) -> tuple[np.ndarray, np.ndarray]:
    """Positions of training and test rows by a column; rows with neither value are left out."""
    column, test = task.get("split"), str(task.get("test", "test")).lower()
    if column not in table.columns:
        raise InputError(f'There is no column "{column}".', "Select another column of training and test rows.")
    cells = table[column].iloc[data.rows]
    normalized, filled = cells.astype("str").str.strip().str.lower(), cells.notna().to_numpy()
    values = (normalized if (normalized == test).any() else split_names(normalized)).to_numpy()
    train = task.get("train", "train" if (values == "train").any() else None)
    trains = filled & (values != test if train is None else values == str(train).lower())
    sides = np.flatnonzero(trains), np.flatnonzero(filled & (values == test))
    if not all(len(side) for side in sides):
        rows = f"{len(sides[0]):,} labeled rows are for training, {len(sides[1]):,} for test"
        raise InputError(f'By the column "{column}", {rows}.', "Select another column, or a random split.")
    return sides


@dataclass(frozen=True, eq=False)
class KMeansScore:
    """v_measure: mean over SEEDS clusterings. seeds: (SEEDS,) of each. resampled: (b,) over resampled texts and
    clusterings. chance: of random clusters of the same sizes."""

    v_measure: float
    seeds: np.ndarray
    resampled: np.ndarray
    chance: float


def v_measures(
    points: np.ndarray, codes: np.ndarray, texts: np.ndarray, seed: int = 0, progress: Progress | None = None
) -> KMeansScore:
    """k-means with as many clusters as labels on unit rows (m, d), by MTEB's recipe for clustering (Muennighoff et al.,
    2023): scikit-learn's mini-batch k-means with batches of 500, one start per seed. codes: (m,) labels from 0. texts:
    (m,) codes from 0 of identical texts, which are resampled together, with `seed`."""
    clusterings = np.stack([_cluster_labels(points, codes, seed + i, progress, i) for i in range(SEEDS)])
    scores = np.array([v_measure(codes, groups) for groups in clusterings])
    rng = np.random.default_rng(seed)
    draws = bootstrap_runs(texts, SEEDS, lambda run, weights: [v_measure(codes, clusterings[run], weights)], seed)
    shuffled = [v_measure(codes, rng.permutation(groups)) for groups in clusterings]
    return KMeansScore(float(scores.mean()), scores, draws[:, 0], float(np.mean(shuffled)))


def v_measures_of_sets(
    points: np.ndarray, codes: np.ndarray, texts: np.ndarray, sets: np.ndarray,
    seed: int = 0, progress: Progress | None = None,
) -> KMeansScore:  # fmt: skip
    """The mean over sets of rows, each clustered separately into as many clusters as it has labels, as MTEB has it for
    files of several sets. sets: (m,) which set a row is of; sets of one label are left out."""
    parts = [rows for number in np.unique(sets) if len(np.unique(codes[rows := np.flatnonzero(sets == number)])) > 1]
    scores = []
    for part in parts:
        label, text = (np.unique(values[part], return_inverse=True)[1].astype(np.int32) for values in (codes, texts))
        scores.append(v_measures(points[part], label, text, seed, progress if len(parts) == 1 else None))
        if progress and len(parts) > 1:
            progress(len(scores), len(parts))
    return KMeansScore(
        float(np.mean([score.v_measure for score in scores])),
        np.mean([score.seeds for score in scores], axis=0),
        np.mean([score.resampled for score in scores], axis=0),
        float(np.mean([score.chance for score in scores])),
    )


def v_measure(codes: np.ndarray, groups: np.ndarray, weights: np.ndarray | None = None) -> float:
    """Harmonic mean of homogeneity and completeness (Rosenberg and Hirschberg, 2007), each row counting its weight;
    equal to 2 I(labels; groups) / (H(labels) + H(groups)), and 1.0 where both are constant."""
    width = int(groups.max()) + 1
    table = np.bincount(codes.astype(np.int64) * width + groups, weights, (int(codes.max()) + 1) * width)
    table = table.reshape(-1, width) / table.sum()
    one, two, both = _entropy(table.sum(axis=1)), _entropy(table.sum(axis=0)), _entropy(table)
    return float(2 * (one + two - both) / (one + two)) if one + two > 0 else 1.0


def quietly(function: Callable[..., Any], *arguments: Any) -> Any:
    """The call's result, without warnings (iterations used up, fewer distinct points than clusters)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(*arguments)


def _entropy(shares: np.ndarray) -> float:
    some = shares[shares > 0]
    return float(-(some * np.log(some)).sum())


def _cluster_labels(
    points: np.ndarray, codes: np.ndarray, seed: int, progress: Progress | None, number: int
) -> np.ndarray:
    from sklearn.cluster import MiniBatchKMeans
    from threadpoolctl import threadpool_limits

    model = MiniBatchKMeans(int(codes.max()) + 1, batch_size=BATCH, n_init=1, random_state=seed)
    with threadpool_limits(1):  # contenders are scored in parallel, one per core
        labels = quietly(model.fit, points).labels_
    if progress:
        progress(number + 1, SEEDS)
    return np.asarray(labels)
