"""BANKING77: all-MiniLM-L6-v2 fine-tuned on 1,000 rows beside an adapter, in a process of its own that is killed
halfway and started again."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.data import banking
from benchmarks.report import keep
from core.finetune.checkpoints import Trace, read_trace
from core.finetune.comparison import Scores
from core.finetune.encoder import base_of
from core.finetune.estimate import plan
from core.finetune.examples import read_texts
from core.finetune.report import FineTuned
from core.finetune.settings import Settings
from core.finetune.training import train
from core.models.fine_tuned import models_path
from core.models.registry import find_spec, load_embedder

ROWS, TEST_ROWS, SEED = 1_000, 2_000, 0
UNSEEN = 17  # labels without a training row
CHILD = "--train"


def data() -> tuple[list[str], pd.Series, np.ndarray]:
    """Texts, labels, and the rows to train on: 1,000 of 60 labels; held out are 2,000 test rows of all 77."""
    tables = [pd.read_csv(banking(part)).assign(split=part) for part in ("train", "test")]
    labels = sorted(tables[0]["category"].unique())
    unseen = np.random.default_rng(SEED).permutation(labels)[:UNSEEN]
    train_rows = tables[0][~tables[0]["category"].isin(unseen)].sample(ROWS, random_state=SEED)
    table = pd.concat([train_rows, tables[1].sample(TEST_ROWS, random_state=SEED)], ignore_index=True)
    return table["text"].tolist(), table["category"], np.arange(ROWS)


def tuned(folder: Path) -> FineTuned:
    texts, labels, rows = data()
    return train(texts, labels, rows=rows, seed=SEED, folder=folder, name="banking")


def main() -> None:
    texts, labels, rows = data()
    with tempfile.TemporaryDirectory() as folder:
        expected = plan(read_texts(texts, labels), rows, base_of(find_spec("all-MiniLM-L6-v2")), folder, Settings(), 0)
        started = time.perf_counter()
        killed_at = kill_halfway(Path(folder), expected.steps // 3)
        report = tuned(Path(folder))  # goes on from the checkpoint
        seconds = time.perf_counter() - started
        assert report.model
        rows_per_second = embedding_speed(report, folder, texts)
    keep("finetune", summary(report) | {
        "expected_minutes": round(expected.seconds / 60, 1), "minutes_by_the_clock": round(seconds / 60, 1),
        "killed_at_step": killed_at, "processors": os.cpu_count(), "texts_per_second": rows_per_second,
    })  # fmt: skip


def kill_halfway(folder: Path, step: int) -> int:
    """Start the training in another process, and kill it once it has stored a checkpoint after this step."""
    child = subprocess.Popen([sys.executable, "-m", "benchmarks.finetune", CHILD, str(folder)])
    try:
        while child.poll() is None:
            trace = latest_trace(folder)
            if trace and trace.saved >= step:
                return trace.saved
            time.sleep(0.5)
        raise SystemExit("The training ended before it was killed.")
    finally:
        child.kill()
        child.wait()


def latest_trace(folder: Path) -> Trace | None:
    return next((trace for path in models_path(folder).glob(".*") if (trace := read_trace(path))), None)


def embedding_speed(report: FineTuned, folder: str, texts: list[str]) -> float:
    assert report.model
    embedder = load_embedder(report.model, workspace=folder)
    embedder.embed(texts[:64])
    started = time.perf_counter()
    embedder.embed(texts[:640])
    return round(640 / (time.perf_counter() - started), 1)


def summary(report: FineTuned) -> dict[str, Any]:
    scores = {"seen": report.seen, "unseen": report.unseen}
    return {name: rounded(value) for name, value in scores.items() if value} | {
        "costs": {
            cost.name: {
                "minutes": round(cost.minutes, 2), "cpu_minutes": round(cost.cpu_minutes, 2), "bytes": cost.bytes,
            }
            for cost in report.costs
        },
        "steps": report.trace.steps,
        "last_step": report.trace.saved,
        "best_step": report.trace.best,
        "resumed": report.trace.resumed,
        "validation": [[step, round(score, 4)] for step, score in report.trace.scores],
        "loss": [[step, round(loss, 4)] for step, loss in report.trace.losses],
        "rows": [report.train, report.validation],
    }  # fmt: skip


def rounded(scores: Scores) -> dict[str, Any]:
    return {
        score.name: {
            "score": [round(end, 4) for end in score.score],
            "difference": [round(end, 4) for end in score.difference] if score.difference else None,
            "p_value": round(score.p_value, 4),
        }
        for score in scores.scores
    } | {"queries": scores.observations}


if __name__ == "__main__":
    if CHILD in sys.argv:
        tuned(Path(sys.argv[sys.argv.index(CHILD) + 1]))
    else:
        main()
