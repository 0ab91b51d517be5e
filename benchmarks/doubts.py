"""Label doubts: planted wrong labels found by ours, by neighbors alone, and by cleanlab's own package."""

import json
import tempfile
import time

import numpy as np
import pandas as pd
from cleanlab.classification import CleanLearning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, roc_auc_score

from benchmarks.data import ROOT, banking
from benchmarks.report import keep
from core.corpus.build import read_corpus
from core.corpus.label_columns import read_labels
from core.corpus.texts import distinct_texts
from core.label_errors.label_errors import find_doubts
from core.models.registry import PRESETS, load_embedder
from core.types import Corpus, Vectors
from core.vectors.neighbors import build_neighbors

FLIPPED, SEED = 0.03, 0
SAMPLE = ROOT / "samples" / "shop_feedback.csv"


def main() -> None:
    with tempfile.TemporaryDirectory() as place:
        embedder = load_embedder(PRESETS[0], models_folder=place)
        sample = read_corpus(SAMPLE, text="text", label="area", id="id")
        questions = read_corpus(banking(), text="text", label="category")
        result = {
            "sample": compared(sample, embedder.embed(sample.texts), sample.table["area"], planted(sample)),
            "banking77": compared(questions, embedder.embed(questions.texts), *flipped(questions.table["category"])),
        }
    keep("doubts", {"seed": SEED, "flipped_share": FLIPPED, "model": PRESETS[0].label} | result)


def planted(corpus: Corpus) -> np.ndarray:
    """Whether each row of the sample was given a wrong area."""
    known = json.loads((SAMPLE.parent / "planted.json").read_text())["wrong_labels"]
    return corpus.table["id"].isin([row["id"] for row in known]).to_numpy()


def flipped(labels: pd.Series) -> tuple[pd.Series, np.ndarray]:
    """3% of the labels replaced by another drawn at random, and which."""
    codes, names = pd.factorize(labels)
    random = np.random.default_rng(SEED)
    rows = random.choice(len(codes), int(FLIPPED * len(codes)), replace=False)
    codes = codes.copy()
    codes[rows] = (codes[rows] + random.integers(1, len(names), len(rows))) % len(names)
    wrong = np.zeros(len(codes), bool)
    wrong[rows] = True
    return pd.Series(np.asarray(names)[codes]), wrong


def compared(corpus: Corpus, rows: np.ndarray, given: pd.Series, wrong: np.ndarray) -> dict:
    """Every way's area under the ROC curve, average precision and seconds, vectors and graph given."""
    groups = distinct_texts(corpus.texts)[0]
    graph = build_neighbors(Vectors(rows, PRESETS[0], corpus.digest), 100)
    started = time.perf_counter()
    labels = read_labels(given, groups, "label")
    found = find_doubts(rows, graph, labels, groups)
    ours = time.perf_counter() - started
    truth, both = wrong[found.rows], found.near_flag & found.probe_flag
    started = time.perf_counter()
    learner = CleanLearning(LogisticRegression(max_iter=1000), seed=SEED)
    issues = learner.find_label_issues(rows[found.rows], labels.codes[found.rows])
    theirs = time.perf_counter() - started
    return {
        "rows": len(found.rows),
        "labels": len(labels.names),
        "planted": int(truth.sum()),
        "ours": scores(truth, found.doubt, ours),
        "probe_alone": scores(truth, 1 - found.probe_given),
        "neighbors_alone": scores(truth, found.against),
        "cleanlab": scores(truth, 1 - issues["label_quality"].to_numpy(), theirs),
        "doubted_by_both": {"rows": int(both.sum()), "planted_among": int((both & truth).sum())},
        "estimate": {"wrong": found.estimate.wrong, "low": found.estimate.low, "high": found.estimate.high},
        "cleanlab_issues": {
            "rows": int(issues["is_label_issue"].sum()),
            "planted_among": int((issues["is_label_issue"].to_numpy() & truth).sum()),
        },
    }


def scores(truth: np.ndarray, doubt: np.ndarray, seconds: float | None = None) -> dict[str, float]:
    found = {
        "auc": round(float(roc_auc_score(truth, doubt)), 4),
        "average_precision": round(float(average_precision_score(truth, doubt)), 4),
    }
    return found if seconds is None else found | {"seconds": round(seconds, 2)}


if __name__ == "__main__":
    main()
