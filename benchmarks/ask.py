"""BANKING77: an FAQ with calibrated refusal, food reviews as foreign questions, and the time of passages."""

import tempfile
import time
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.data import SHARED, banking, many_rows
from benchmarks.report import keep, percentile_ms
from core import ask
from core.ask.assistant import Faq, FaqReply
from core.ask.retrieval import MODES
from core.corpus.build import read_corpus
from core.models.base import Embedder
from core.models.registry import PRESETS, load_embedder
from core.stats.proportions import wilson_share
from core.types import Corpus, Roles, Vectors

COVERAGE = 0.8  # at which precision is compared
ROWS, QUERIES = 100_000, 50
EVALUATED = 300  # questions of each kind in the evaluation of retrieval


def main() -> None:
    known, test = pd.read_csv(banking("train")), pd.read_csv(banking("test"))
    reviews = pd.read_csv(SHARED / "fine_food_reviews_1k.csv")["Text"].astype(str).tolist()
    corpus = read_corpus(banking("train"), text="text", label="category")
    with tempfile.TemporaryDirectory() as folder:
        embedder = load_embedder(PRESETS[0], models_folder=folder)
        vectors = Vectors(embedder.embed(corpus.texts), embedder.spec, corpus.digest)
        result = {
            "faq": faq(corpus, vectors, embedder, test, reviews),
            "refusal": refusal(corpus, vectors, embedder, test["text"].tolist(), reviews),
            "retrieval": retrieval(corpus, vectors, embedder, known, test, reviews),
            "milliseconds": milliseconds(corpus, vectors, embedder, test["text"].tolist()),
        }
    keep("ask", {"model": PRESETS[0].label} | result)


def faq(corpus: Corpus, vectors: Vectors, embedder: Embedder, test: pd.DataFrame, reviews: list[str]) -> dict[str, Any]:
    """Calibrated on the known questions, and what the test questions and the reviews then get."""
    started = time.perf_counter()
    helper = ask.faq(corpus, vectors, embedder, question="text", answer="category")
    seconds = time.perf_counter() - started
    replies, foreign = helper.replies(test["text"].tolist()), helper.replies(reviews)
    right = np.array([reply.nearest[0].answer for reply in replies]) == test["category"].to_numpy()
    accepted = np.array([not reply.refused for reply in replies])
    surest = np.argsort([-reply.confidence for reply in replies], kind="stable")[: round(COVERAGE * len(replies))]
    return {
        "calibrated": {name: rounded(interval) for name, interval in helper.intervals.items()},
        "threshold": round(helper.threshold, 4),
        "test_coverage": share(accepted),
        "test_precision": share(right[accepted]),
        f"precision_at_{COVERAGE:.0%}": share(right[surest]),
        "reviews_refused": share(np.array([reply.refused for reply in foreign])),
        "seconds": round(seconds, 2),
        "reply_ms": reply_ms(helper, replies),
    }


def refusal(
    corpus: Corpus, vectors: Vectors, embedder: Embedder, test: list[str], reviews: list[str]
) -> dict[str, Any]:
    """The threshold that the corpus itself gives, and how it treats test questions and reviews."""
    started = time.perf_counter()
    threshold = ask.calibrate_refusal(corpus, vectors, embedder)
    seconds = time.perf_counter() - started
    nearest = [(embedder.embed_query(texts) @ vectors.rows.T).max(axis=1) for texts in (test, reviews)]
    return {
        "threshold": rounded(threshold.value),
        "questions_answered": share(nearest[0] >= threshold.value.value),
        "reviews_refused": share(nearest[1] < threshold.value.value),
        "seconds": round(seconds, 2),
    }


def retrieval(
    corpus: Corpus, vectors: Vectors, embedder: Embedder, known: pd.DataFrame, test: pd.DataFrame, reviews: list[str]
) -> dict[str, Any]:
    """Test questions, for which all known questions of their category are relevant."""
    sample = test.sample(EVALUATED, random_state=0)
    rows = known.groupby("category").indices
    relevant = [rows[category].tolist() for category in sample["category"]]
    result = ask.evaluate(
        corpus, vectors, embedder, sample["text"].tolist(), relevant, k=10, unanswerable=reviews[:EVALUATED]
    )
    return {
        name: {metric: rounded(interval) for metric, interval in result.intervals[name].items()}
        | {
            "auroc": rounded(result.refusal[name].fit.auroc),
            "refusal_precision": rounded(result.refusal[name].precision),
            "refusal_recall": rounded(result.refusal[name].recall),
        }
        for name in result.pipelines
    }


def milliseconds(corpus: Corpus, vectors: Vectors, embedder: Embedder, test: list[str]) -> dict[str, Any]:
    """Passages of 100,000 texts, with embedding of the question and the sentences; warm."""
    rows = np.arange(ROWS) % len(corpus)
    texts = [f"{corpus.texts[row]} Case number {i} of our service. It was closed." for i, row in enumerate(rows)]
    large = Corpus("large", pd.DataFrame({"text": texts}), texts, Roles("{text}"), "large")
    retriever = ask.open_retriever(large, Vectors(many_rows(vectors.rows, ROWS), vectors.model, "large"), embedder)
    times: dict[str, list[float]] = {mode: [] for mode in MODES}
    for question in test[: QUERIES + 1]:
        for mode in MODES:
            started = time.perf_counter()
            retriever.retrieve(question, 5, mode)
            times[mode].append(time.perf_counter() - started)
    return {mode: {"p50": percentile_ms(of[1:], 50), "p99": percentile_ms(of[1:], 99)} for mode, of in times.items()}


def reply_ms(helper: Faq, replies: list[FaqReply]) -> float:
    seconds = []
    for reply in replies[:QUERIES]:
        started = time.perf_counter()
        helper.reply(reply.text)
        seconds.append(time.perf_counter() - started)
    return percentile_ms(seconds, 50)


def share(values: np.ndarray) -> list[float]:
    return rounded(wilson_share(int(values.sum()), len(values)))


def rounded(interval: tuple[float, ...]) -> list[float]:
    return [round(float(value), 4) for value in interval]


if __name__ == "__main__":
    main()
