"""Embedding BANKING77: sentence-transformers' defaults against the packaged model, in one process, in turn."""

import tempfile
import time

import numpy as np
from sentence_transformers import SentenceTransformer
from sklearn.linear_model import LogisticRegression

from benchmarks.data import banking_labels, banking_texts
from benchmarks.report import keep
from core.models.minilm import model_folder
from core.models.registry import load_embedder

ROUNDS = 2
CONTENDERS = ("all-MiniLM-L6-v2-float32", "all-MiniLM-L6-v2-bfloat16", "all-MiniLM-L6-v2-int8", "static", "lexical")


def main() -> None:
    texts, held_out = banking_texts(), banking_texts("test")
    with tempfile.TemporaryDirectory() as place:
        runs = {"sentence-transformers": baseline()} | {
            name: load_embedder(name, models_folder=place).embed for name in CONTENDERS
        }
        seconds = {name: [] for name in runs}
        rows = {}
        for _ in range(ROUNDS):
            for name, run in runs.items():
                started = time.perf_counter()
                rows[name] = run(texts)
                seconds[name].append(time.perf_counter() - started)
        tests = {name: run(held_out) for name, run in runs.items()}
    base = float(np.median(seconds["sentence-transformers"]))
    keep("embedding", {"texts": len(texts), "rounds": ROUNDS} | {
        name: {
            "texts_per_second": round(len(texts) / float(np.median(times))),
            "times_faster": round(base / float(np.median(times)), 2),
            "probe_accuracy": probe(rows[name], tests[name]),
        } | agreement(rows[name], rows["sentence-transformers"])
        for name, times in seconds.items()
    })  # fmt: skip


def baseline():
    model = SentenceTransformer(str(model_folder()), device="cpu")
    return lambda texts: model.encode(texts, normalize_embeddings=True)


def probe(train: np.ndarray, test: np.ndarray) -> float:
    """Accuracy of logistic regression from the train to the test part."""
    fitted = LogisticRegression(max_iter=1000, C=10).fit(train, banking_labels())
    return round(float(fitted.score(test, banking_labels("test"))), 4)


def agreement(rows: np.ndarray, base: np.ndarray) -> dict[str, float]:
    """Cosine to the float32 vectors of the same texts, where the space is the same."""
    if rows.shape != base.shape or np.einsum("ij,ij->i", rows, base).mean() < 0.5:
        return {}  # another space
    cosines = np.einsum("ij,ij->i", rows, base)
    return {"mean_cosine": round(float(cosines.mean()), 4), "worst_cosine": round(float(cosines.min()), 4)}


if __name__ == "__main__":
    main()
