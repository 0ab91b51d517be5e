"""BANKING77: accuracy, few labels, the lexical baseline, active learning and its stopping criteria."""

import tempfile
import time
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.data import banking
from benchmarks.report import keep
from core import classify
from core.classify.suggestions import Strategy
from core.models.registry import PRESETS, load_embedder
from core.types import Vectors

SHOTS, RUNS = 8, 10  # MTEB's protocol: eight rows per class, ten times
SEEDS, START, LIMIT, BATCH = 5, 10, 260, 10
CLASSES, GOAL = 10, 0.90
STOP_LIMIT = 0.6  # of the rows


def main() -> None:
    table = pd.concat([pd.read_csv(banking(part)).assign(split=part) for part in ("train", "test")], ignore_index=True)
    with tempfile.TemporaryDirectory() as folder:
        embedder = load_embedder(PRESETS[0], models_folder=folder)
        vectors = Vectors(embedder.embed(table["text"].tolist()), embedder.spec, "")
    train, test = (np.flatnonzero(table["split"] == part) for part in ("train", "test"))
    result = {
        "all_labels": all_labels(vectors, table, train, test),
        "eight_per_class": few_labels(vectors, table["category"], train, test),
        "active_learning": active_learning(vectors, table),
    }
    keep("classify", {"model": PRESETS[0].label} | result)


def all_labels(vectors: Vectors, table: pd.DataFrame, train: np.ndarray, test: np.ndarray) -> dict[str, Any]:
    """Trained on the training split with C by cross-validation; seconds of that, and of one more training with it."""
    labels = table["category"]
    started = time.perf_counter()
    model = classify.train(vectors, labels, train)
    seconds = time.perf_counter() - started
    started = time.perf_counter()
    classify.train(vectors, labels, train, value=model.facts["value"])
    again = time.perf_counter() - started
    report = classify.evaluate(model, vectors, labels, test)
    reliability = classify.reliability(report.probabilities, report.truth, report.units)
    reports = {"logistic": report} | classify.baselines(table["text"].tolist(), labels, train, test)
    contest = classify.compare(reports)
    return {
        "accuracy": {name: rounded(report_.intervals["accuracy"]) for name, report_ in reports.items()},
        "macro_f1": rounded(report.intervals["macro_f1"]),
        "calibration_error": rounded(reliability.error),
        "C": model.facts["value"],
        "temperature": round(model.temperature, 3),
        "lexical_is_worse": contest.is_significant("logistic", "lexical"),
        "train_seconds": round(seconds, 2),
        "retrain_seconds": round(again, 2),
    }


def few_labels(vectors: Vectors, labels: pd.Series, train: np.ndarray, test: np.ndarray) -> dict[str, Any]:
    """Mean accuracy of classifiers trained on eight random rows per class, with scikit-learn's C = 1 as MTEB."""
    scores = []
    for run in range(RUNS):
        order = pd.Series(np.random.default_rng(run).permutation(train))
        rows = order[labels[order].groupby(labels[order].to_numpy()).cumcount().to_numpy() < SHOTS].to_numpy()
        scores.append(
            classify.evaluate(classify.train(vectors, labels, rows, value=1.0), vectors, labels, test).accuracy
        )
    return {
        "accuracy": round(float(np.mean(scores)), 4),
        "lowest": round(min(scores), 4),
        "highest": round(max(scores), 4),
    }


def active_learning(vectors: Vectors, table: pd.DataFrame) -> dict[str, Any]:
    """Labels until the test macro F1 reaches 0.90 on the ten most frequent classes, one row at a time; and when the
    criteria stop, ten rows at a time."""
    frequent = table.loc[table["split"] == "train", "category"].value_counts().index[:CLASSES]
    rows = np.flatnonzero(table["category"].isin(frequent))
    some = Vectors(vectors.rows[rows], vectors.model, "")
    labels, is_train = (
        table["category"].iloc[rows].reset_index(drop=True),
        (table["split"].iloc[rows] == "train").to_numpy(),
    )
    pool, test = np.flatnonzero(is_train), np.flatnonzero(~is_train)
    needed = {
        strategy: [labels_needed(some, labels, pool, test, strategy, seed) for seed in range(SEEDS)]
        for strategy in ("margin", "random")
    }
    final = classify.evaluate(classify.train(some, labels, pool), some, labels, test).macro_f1
    stops = [stopped(some, labels, pool, test, seed) for seed in range(SEEDS)]
    return {
        "rows": len(pool),
        "labels_needed": needed,
        "mean": {strategy: float(np.mean(sizes)) for strategy, sizes in needed.items()},
        "ratio": round(float(np.mean(needed["margin"]) / np.mean(needed["random"])), 3),
        "final_macro_f1": round(final, 4),
        "stops": stops,
    }


def labels_needed(
    vectors: Vectors, labels: pd.Series, pool: np.ndarray, test: np.ndarray, strategy: Strategy, seed: int
) -> int:
    labeled = np.random.default_rng(seed).permutation(pool)[:START]
    while len(labeled) < LIMIT:
        model = classify.train(vectors, labels, labeled, value=10.0)
        if classify.evaluate(model, vectors, labels, test).macro_f1 >= GOAL:
            break
        probabilities = model.predict(vectors.rows)[1]
        row = classify.suggest(
            strategy, vectors, labeled, probabilities=probabilities, candidates=pool, seed=1_000 * seed + len(labeled)
        )
        labeled = np.append(labeled, row)
    return len(labeled)


def stopped(vectors: Vectors, labels: pd.Series, pool: np.ndarray, test: np.ndarray, seed: int) -> dict[str, Any]:
    """By criterion: labels at which it stops, and macro F1 there."""
    labeled, history, stops = np.random.default_rng(seed).permutation(pool)[:START], [], {}
    while len(stops) < 2 and len(labeled) < STOP_LIMIT * len(pool):
        model = classify.train(vectors, labels, labeled)
        guess, probabilities = model.predict(vectors.rows)
        history.append(guess[pool])
        for advice in classify.stopping_advice(history, probabilities[np.setdiff1d(pool, labeled)]):
            if advice.stop and advice.criterion not in stops:
                f1 = classify.evaluate(model, vectors, labels, test).macro_f1
                stops[advice.criterion] = [len(labeled), round(f1, 4)]
        more = classify.suggest("margin", vectors, labeled, BATCH, probabilities=probabilities, candidates=pool)
        labeled = np.append(labeled, more)
    return stops


def rounded(interval: tuple[float, ...]) -> list[float]:
    return [round(float(value), 4) for value in interval]


if __name__ == "__main__":
    main()
