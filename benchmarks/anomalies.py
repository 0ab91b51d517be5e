"""Odd rows found: food reviews planted among bank questions, and the off-topic rows of the sample.

Ours from the shared neighbor graph and the default clusters, which are there already; scikit-learn's LOF and isolation
forest and pyod's ECOD with their own defaults on the same vectors, in the same process.
"""

import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pyod.models.ecod import ECOD
from sklearn.ensemble import IsolationForest
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.neighbors import LocalOutlierFactor

from benchmarks.data import ROOT, SHARED, banking_texts
from benchmarks.report import keep
from core.clusters.cluster_set import default_clusters
from core.corpus.build import build_corpus, read_corpus
from core.corpus.reading.values import RawTable
from core.duplicates.near_duplicates import graph_links, groups_at
from core.models.registry import PRESETS, load_embedder
from core.outliers.cluster_scores import cluster_apart, cluster_fit
from core.outliers.consensus import DEFAULT_K, score_rows
from core.outliers.score_info import SCORES
from core.outliers.scores import center_distance, isolation_forest, kth_distance, local_outlier_factor, mean_distance
from core.store import Workspace
from core.types import Corpus, CorpusRef, Neighbors, Roles
from core.vectors.embedding import embed
from core.vectors.loaders import NEIGHBORS, ModelQuery, load_neighbors

PLANTED = (10, 50, 200)
SEED = 0
THRESHOLD = 0.95


def main() -> None:
    bank, food = banking_texts(), food_texts()
    with tempfile.TemporaryDirectory() as place:
        found: dict[str, Any] = {"model": PRESETS[0].label, "k": DEFAULT_K, "seed": SEED}
        for number in PLANTED:
            chosen = np.random.default_rng(SEED).choice(len(food), number, replace=False)
            corpus = as_corpus([*bank, *(food[row] for row in chosen)], f"{number} planted")
            rows, graph, labels = prepared(place, corpus)
            odd = np.arange(len(rows)) >= len(bank)
            found[f"{number} reviews among {len(bank)} questions"] = judged(rows, graph, labels, odd)
        found["sample"] = sample(place)
    keep("anomalies", found)


def food_texts() -> list[str]:
    """A thousand food reviews (Amazon fine food reviews, CC0)."""
    table = pd.read_csv(SHARED / "fine_food_reviews_1k.csv")
    return ("Title: " + table["Summary"] + "; Content: " + table["Text"]).tolist()


def as_corpus(texts: list[str], name: str) -> Corpus:
    raw = RawTable(pd.DataFrame({"text": texts}), (), (), None, "")
    return build_corpus(raw, Roles("{text}"), name=name).corpus


def prepared(place: str, corpus: Corpus) -> tuple[np.ndarray, Neighbors, np.ndarray]:
    """Unit rows of the default model, the shared graph and the default clusters."""
    vectors = embed(corpus, load_embedder(PRESETS[0], models_folder=Path(place) / "models"), Workspace(place))
    NEIGHBORS.get_or_compute(ModelQuery(CorpusRef(place, corpus.digest), vectors.model))
    labels = default_clusters(CorpusRef(place, corpus.digest), vectors.model).labels
    return np.asarray(vectors.rows), load_neighbors(CorpusRef(place, corpus.digest), vectors.model), np.asarray(labels)


def judged(rows: np.ndarray, graph: Neighbors, labels: np.ndarray, odd: np.ndarray) -> dict[str, dict[str, float]]:
    """AUC, average precision and seconds of every score; graph and clusters are given."""
    ours: dict[str, Callable[[], np.ndarray]] = {
        "combined": lambda: score_rows(rows, graph, labels, forest=False)["combined"],
        "mean": lambda: mean_distance(graph, DEFAULT_K),
        "kth": lambda: kth_distance(graph, DEFAULT_K),
        "lof": lambda: local_outlier_factor(graph, DEFAULT_K),
        "center": lambda: center_distance(rows),
        "apart": lambda: cluster_apart(rows, labels),
        "fit": lambda: cluster_fit(rows, labels),
        "forest": lambda: isolation_forest(rows),
    }
    others: dict[str, Callable[[], np.ndarray]] = {
        "scikit-learn LOF": lambda: -LocalOutlierFactor().fit(rows).negative_outlier_factor_,
        "scikit-learn isolation forest": lambda: -IsolationForest(random_state=SEED).fit(rows).score_samples(rows),
        "pyod ECOD": lambda: ECOD().fit(rows).decision_scores_,
    }
    named = {SCORES[name].title: score for name, score in ours.items()}
    return {name: measured(score, odd) for name, score in (named | others).items()}


def measured(score: Callable[[], np.ndarray], odd: np.ndarray) -> dict[str, float]:
    started = time.perf_counter()
    values = score()
    seconds = time.perf_counter() - started
    return {
        "auc": round(float(roc_auc_score(odd, values)), 3),
        "average_precision": round(float(average_precision_score(odd, values)), 2),
        "seconds": round(seconds, 3),
    }


def sample(place: str) -> dict[str, Any]:
    """Planted off-topic rows, and planted near-duplicates at the usual threshold."""
    truth = json.loads((ROOT / "samples" / "planted.json").read_text(encoding="utf-8"))
    corpus = read_corpus(ROOT / "samples" / "shop_feedback.csv", text="text", label="area", time="date", id="id")
    rows, graph, labels = prepared(place, corpus)
    ids = corpus.table["id"]
    odd = ids.isin([row["id"] for row in truth["off_topic"]]).to_numpy()
    codes = groups_at(graph_links(graph, corpus.texts), THRESHOLD)
    made = {frozenset(ids[codes == code]) for code in range(codes.max() + 1)}
    planted = {frozenset(group["ids"]) for kind in ("near_duplicates", "exact_duplicates") for group in truth[kind]}
    right = len(made & planted)
    groups = {"threshold": THRESHOLD, "planted": len(planted), "found": right, "precision": right / max(len(made), 1)}
    return {"rows": len(rows), "off_topic": judged(rows, graph, labels, odd), "near_duplicates": groups}


if __name__ == "__main__":
    main()
