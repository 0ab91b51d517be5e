"""BANKING77: an adapter trained on 60 classes, on their test rows and on those of the 17 others."""

import os
import tempfile
import time
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.data import banking
from benchmarks.report import keep
from core import adapt
from core.adapt.comparison import Gain
from core.models.registry import PRESETS, load_embedder
from core.types import Vectors

UNSEEN = 17
WIDE = 1_536  # dimensions of large models
SETTINGS = {
    "linear": adapt.Settings(),
    "low_rank": adapt.Settings(kind="low_rank"),
    "triplet": adapt.Settings(loss="triplet"),
    "hard_negatives": adapt.Settings(hard_negatives=True),
    "stop_on_classes": adapt.Settings(stop_on="classes"),
}


def main() -> None:
    table = pd.concat([pd.read_csv(banking(part)).assign(split=part) for part in ("train", "test")], ignore_index=True)
    with tempfile.TemporaryDirectory() as folder:
        embedder = load_embedder(PRESETS[0], models_folder=folder)
        vectors = Vectors(embedder.embed(table["text"].tolist()), embedder.spec, "")
    is_train, labels = (table["split"] == "train").to_numpy(), table["category"]
    unseen = np.random.default_rng(0).permutation(sorted(labels.unique()))[:UNSEEN]
    rows = np.flatnonzero(is_train & ~labels.isin(unseen))
    labels_of_60 = labels.mask(is_train & labels.isin(unseen))  # so that unseen classes have their test rows alone
    result: dict[str, Any] = {"model": PRESETS[0].label, "processors": os.cpu_count()}
    for name, settings in SETTINGS.items():
        full = name == "linear"
        result[name] = trained(vectors, labels_of_60, rows, settings=settings, control=full, curve=full)
    check = adapt.check(vectors, labels_of_60, rows=rows)
    result["check"] = {"preview": gain(check.preview), "minimum_detectable": round(check.minimum_detectable, 4)}
    result["all_classes"] = trained(vectors, labels, np.flatnonzero(is_train))
    wide = Vectors(widened(vectors.rows), vectors.model, "")
    result["1536_dimensions"] = trained(wide, labels, np.flatnonzero(is_train))
    keep("adapt", result)


def widened(rows: np.ndarray) -> np.ndarray:
    """(n, WIDE) the same cosines in more dimensions, by a rotation: what it costs, not what it gains."""
    basis = np.linalg.qr(np.random.default_rng(0).standard_normal((WIDE, rows.shape[1])))[0]
    wide = (rows @ basis.T).astype(np.float32)
    return wide / np.linalg.norm(wide, axis=1, keepdims=True)


def trained(vectors: Vectors, labels: pd.Series, rows: np.ndarray, **options: Any) -> dict[str, Any]:
    """With seconds by the clock, and those of the processors, which other programs do not lengthen as much."""
    started = time.process_time()
    report = adapt.train(vectors, labels, rows=rows, **options).report
    return summary(report) | {"cpu_seconds": round(time.process_time() - started, 1)}


def summary(report: Any) -> dict[str, Any]:
    gains = {"seen": report.seen, "unseen": report.unseen, "control": report.control}
    return {name: gain(value) for name, value in gains.items() if value is not None} | {
        "curve": {point.rows: rounded(point.gain.adapted) for point in report.curve},
        "changed_neighbors": rounded(report.changed_neighbors),
        "rows": report.train + report.validation,
        "epochs": report.epochs,
        "seconds": round(report.seconds, 1),
    }


def gain(value: Gain) -> dict[str, Any]:
    return {
        "base": rounded(value.base),
        "adapted": rounded(value.adapted),
        "difference": rounded(value.difference),
        "p_value": round(value.p_value, 4),
        "queries": value.queries,
    }


def rounded(interval: tuple[float, ...]) -> list[float]:
    return [round(float(value), 4) for value in interval]


if __name__ == "__main__":
    main()
