"""The scoreboard: MTEB's figure for BANKING77, and the seconds that scoring and comparing contenders takes.

Every contender is scored on one core, as a job's worker does it; jobs score as many side by side as there are cores.
"""

import sys
import tempfile
import time
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.data import banking, many_rows
from benchmarks.report import keep
from core.corpus.build import build_corpus
from core.corpus.loaders import load_corpus
from core.corpus.reading.values import RawTable
from core.models.registry import PRESETS, load_embedder
from core.scoreboard.comparison import compare
from core.scoreboard.results import SCORES, ScoresQuery
from core.scoreboard.types import Task, metrics_of
from core.store import Workspace
from core.types import CorpusRef, ModelSpec, Roles, Vectors
from core.vectors.contenders import Contender

PUBLISHED = 0.800  # Banking77Classification, all-MiniLM-L6-v2, on MTEB's board
SYNTHETIC = ModelSpec("imported", "synthetic", dimensions=384)


def main(*sizes: str) -> None:
    """sizes: rows of the timed corpora, by default 10,000 and 100,000."""
    from threadpoolctl import threadpool_limits

    with tempfile.TemporaryDirectory() as folder, threadpool_limits(1):
        digest, rows = banking_at(folder)
        results: dict[str, Any] = {"banking77": reproduce(folder, digest)}
        for size in sizes or ("10000", "100000"):
            results[f"{int(size):,} rows"] = timed(folder, rows, int(size))
    keep("scoreboard", results)


def banking_at(folder: str) -> tuple[str, np.ndarray]:
    """Training and test questions with a column of which is which, embedded with the default model."""
    parts = [pd.read_csv(banking(part)).assign(split=part) for part in ("train", "test")]
    digest = save_corpus(folder, pd.concat(parts, ignore_index=True))
    rows = load_embedder(PRESETS[0], models_folder=folder).embed(load_corpus(CorpusRef(folder, digest)).texts)
    Workspace(folder).save_vectors(Vectors(rows, PRESETS[0], digest))
    return digest, np.asarray(rows)


def save_corpus(folder: str, table: pd.DataFrame) -> str:
    raw = RawTable(table, (), (), None, "")
    corpus = build_corpus(raw, Roles("{text}", ("category",)), name=f"{len(table):,} rows").corpus
    Workspace(folder).save_corpus(corpus)
    return corpus.digest


def reproduce(folder: str, digest: str) -> dict[str, Any]:
    """Every metric; few-shot accuracy is what MTEB publishes."""
    task = Task.of("labels", column="category", split="split")
    scores = SCORES.get_or_compute(ScoresQuery(CorpusRef(folder, digest), Contender(PRESETS[0]), task))
    lines = {name: compare({"it": scores}, name).lines[0] for name in metrics_of("labels")}
    values = {name: [round(value, 4) for value in (line.mean, line.low, line.high)] for name, line in lines.items()}
    return {"model": PRESETS[0].label, "published_few_shot_accuracy": PUBLISHED, "mean_low_high": values}


def timed(folder: str, seeds: np.ndarray, rows: int) -> dict[str, Any]:
    """Seconds of five variants of synthetic vectors: scored, then compared in the main metric."""
    labels = np.random.default_rng(0).integers(0, 77, rows)
    table = pd.DataFrame({"text": [f"row {i}" for i in range(rows)], "category": [f"label {code}" for code in labels]})
    digest = save_corpus(folder, table)
    Workspace(folder).save_vectors(Vectors(many_rows(seeds, rows), SYNTHETIC, digest))
    contenders = [Contender(SYNTHETIC, width) for width in (None, 256, 128, 64)] + [
        Contender(SYNTHETIC, None, "binary")
    ]
    task, seconds = Task.of("labels", column="category"), {}
    for contender in contenders:
        started = time.perf_counter()
        SCORES.get_or_compute(ScoresQuery(CorpusRef(folder, digest), contender, task))
        seconds[contender.label] = round(time.perf_counter() - started, 1)
    scores = {
        contender.key: SCORES.get(ScoresQuery(CorpusRef(folder, digest), contender, task)) for contender in contenders
    }
    started = time.perf_counter()
    compare(scores, "map_at_r")
    compared = round(time.perf_counter() - started, 2)
    return {"labels": 77, "score": seconds, "score_all_one_core": round(sum(seconds.values()), 1), "compare": compared}


if __name__ == "__main__":
    main(*sys.argv[1:])
