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
from core.scoreboard import results as score_tasks
from core.scoreboard.comparison import compare
from core.scoreboard.types import Task, metrics_of
from core.store import Workspace
from core.types import CorpusRef, ModelSpec, Roles, Vectors
from core.vectors.contenders import Contender

PUBLISHED = 0.800  # Banking77Classification, all-MiniLM-L6-v2, on MTEB's board
MADE = ModelSpec("imported", "made", dimensions=384)


def main(*sizes: str) -> None:
    """sizes: rows of the timed corpora, 10,000 and 100,000 where none are given."""
    from threadpoolctl import threadpool_limits

    with tempfile.TemporaryDirectory() as place, threadpool_limits(1):
        digest, rows = banking_at(place)
        found: dict[str, Any] = {"banking77": reproduced(place, digest)}
        for size in sizes or ("10000", "100000"):
            found[f"{int(size):,} rows"] = timed(place, rows, int(size))
    keep("scoreboard", found)


def banking_at(place: str) -> tuple[str, np.ndarray]:
    """Training and test questions with a column that tells them apart, embedded with the default model."""
    parts = [pd.read_csv(banking(part)).assign(split=part) for part in ("train", "test")]
    digest = kept(place, pd.concat(parts, ignore_index=True))
    rows = load_embedder(PRESETS[0], models_folder=place).embed(load_corpus(CorpusRef(place, digest)).texts)
    Workspace(place).save_vectors(Vectors(rows, PRESETS[0], digest))
    return digest, np.asarray(rows)


def kept(place: str, table: pd.DataFrame) -> str:
    raw = RawTable(table, (), (), None, "")
    corpus = build_corpus(raw, Roles("{text}", ("category",)), name=f"{len(table):,} rows").corpus
    Workspace(place).save_corpus(corpus)
    return corpus.digest


def reproduced(place: str, digest: str) -> dict[str, Any]:
    """Every metric; few-shot accuracy is what MTEB publishes."""
    task = Task.of("labels", column="category", split="split")
    scores = score_tasks.score(CorpusRef(place, digest), Contender(PRESETS[0]), task)
    lines = {name: compare({"it": scores}, name).lines[0] for name in metrics_of("labels")}
    told = {name: [round(value, 4) for value in (line.mean, line.low, line.high)] for name, line in lines.items()}
    return {"model": PRESETS[0].label, "published_few_shot_accuracy": PUBLISHED, "mean_low_high": told}


def timed(place: str, seeds: np.ndarray, rows: int) -> dict[str, Any]:
    """Seconds of five contenders made of one another: scored, then compared in the main metric."""
    labels = np.random.default_rng(0).integers(0, 77, rows)
    made = pd.DataFrame({"text": [f"row {i}" for i in range(rows)], "category": [f"label {code}" for code in labels]})
    digest = kept(place, made)
    Workspace(place).save_vectors(Vectors(many_rows(seeds, rows), MADE, digest))
    contenders = [Contender(MADE, width) for width in (None, 256, 128, 64)] + [Contender(MADE, None, "binary")]
    task, seconds = Task.of("labels", column="category"), {}
    for contender in contenders:
        started = time.perf_counter()
        score_tasks.score(CorpusRef(place, digest), contender, task)
        seconds[contender.label] = round(time.perf_counter() - started, 1)
    scores = {each.key: score_tasks.kept_scores(CorpusRef(place, digest), each, task) for each in contenders}
    started = time.perf_counter()
    compare({name: each for name, each in scores.items() if each is not None}, "map_at_r")
    compared = round(time.perf_counter() - started, 2)
    return {"labels": 77, "score": seconds, "score_all_one_core": round(sum(seconds.values()), 1), "compare": compared}


if __name__ == "__main__":
    main(*sys.argv[1:])
