"""Groups of BANKING77's 13,083 questions against their 77 labels, which no method is told; with --rows, 100,000 rows.

Noise counts as one group of its own, for every method alike.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score, v_measure_score

from benchmarks.data import banking_labels, banking_texts, many_rows
from benchmarks.report import keep
from core.clusters.methods import ClusterParams, cluster, density_clusters, distinct_graph, k_means, umap_points
from core.clusters.stability import resampler, stability
from core.clusters.validation import cluster_trust
from core.models.registry import PRESETS, load_embedder
from core.types import ModelSpec, Neighbors, Vectors
from core.vectors.communities import DEFAULT_LEVEL, RESOLUTIONS, content_order, leiden_communities, nested_communities
from core.vectors.neighbors import build_neighbors

SEEDS = range(5)
TOLD_K = 77
RESAMPLES = 20


def banking_clusters() -> None:
    texts = banking_texts() + banking_texts("test")
    labels = np.unique(np.concatenate([banking_labels(), banking_labels("test")]), return_inverse=True)[1]
    vectors, neighbors = embedded(texts)
    ours = partial(cluster, vectors, neighbors, texts)
    runs = {seed: ours(ClusterParams(seed=seed)) for seed in SEEDS}
    recipe = [timed(partial(bertopic_recipe, vectors.rows)) for _ in range(2)]
    keep("clusters", {
        "rows": len(texts),
        "communities": from_the_graph(neighbors, texts) | over_seeds([run.labels for run in runs.values()], labels) | {
            "all_levels_seconds": min(run.facts["seconds"] for run in runs.values()),
            "shuffled_ami": shuffled_ami(vectors, texts, runs[0].labels),
        },
        "levels": {str(resolution): judged(level, labels)
                   for resolution, level in zip(RESOLUTIONS, runs[0].levels, strict=True)},
        "bertopic_recipe": {"seconds": recipe[0][1], "ami_of_two_runs": ami(recipe[0][0], recipe[1][0])}
        | judged(recipe[0][0], labels),
        "hdbscan_on_our_5_dimensions": timed_and_judged(partial(density_on_reduced, vectors, neighbors), labels),
        "kmeans_told_77": timed_and_judged(partial(k_means, vectors.rows, TOLD_K, 0), labels)
        | over_seeds([k_means(vectors.rows, TOLD_K, seed) for seed in SEEDS], labels),
        "evoc": timed_and_judged(lambda: ours(ClusterParams("evoc")).labels, labels),
    })  # fmt: skip


def embedded(texts: list[str]) -> tuple[Vectors, Neighbors]:
    with tempfile.TemporaryDirectory() as place:
        rows = load_embedder(PRESETS[0], models_folder=place).embed(texts)
    vectors = Vectors(rows, ModelSpec("imported", "banking"), "0" * 16)
    return vectors, build_neighbors(vectors)


def from_the_graph(neighbors: Neighbors, texts: list[str]) -> dict[str, float]:
    """Seconds from the kept neighbor graph to the communities of the default level, the least of five."""

    def default_level() -> None:
        graph, first, _ = distinct_graph(neighbors.ids, neighbors.scores)
        order = content_order([texts[row] for row in first])
        leiden_communities(graph[order][:, order], RESOLUTIONS[DEFAULT_LEVEL])

    return {"seconds": min(timed(default_level)[1] for _ in SEEDS)}


def shuffled_ami(vectors: Vectors, texts: list[str], before: np.ndarray) -> float:
    """Agreement of the labels with those of the same rows in another order, searched and grouped anew."""
    order = np.random.default_rng(0).permutation(len(texts))
    other = Vectors(vectors.rows[order], vectors.model, "1" * 16)
    found = cluster(other, build_neighbors(other), [texts[row] for row in order], ClusterParams())
    return ami(found.labels, before[order])


def bertopic_recipe(rows: np.ndarray) -> np.ndarray:
    """BERTopic's default models (Grootendorst, 2022), without a seed as there; hdbscan's own implementation."""
    from hdbscan import HDBSCAN
    from umap import UMAP

    points = UMAP(n_neighbors=15, n_components=5, min_dist=0.0, metric="cosine").fit_transform(rows)
    return HDBSCAN(min_cluster_size=10, metric="euclidean", cluster_selection_method="eom").fit_predict(points)


def density_on_reduced(vectors: Vectors, neighbors: Neighbors) -> np.ndarray:
    return density_clusters(umap_points(vectors, neighbors, 0, lambda done, total: None), ClusterParams().min_size)


def judged(found: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    return {
        "clusters": int(found.max()) + 1,
        "noise": round(float((found < 0).mean()), 4),
        "v_measure": round(float(v_measure_score(labels, found)), 4),
        "ari": round(float(adjusted_rand_score(labels, found)), 4),
    }


def ami(first: np.ndarray, second: np.ndarray) -> float:
    return round(float(adjusted_mutual_info_score(first, second)), 4)


def over_seeds(found: list[np.ndarray], labels: np.ndarray) -> dict[str, Any]:
    """Of the runs with five seeds the clusters, mean and least figures, and the mean agreement of two runs."""
    each = [judged(one, labels) for one in found]
    pairs = [ami(one, two) for at, one in enumerate(found) for two in found[:at]]
    agreed = round(float(np.mean(pairs)), 4)
    made: dict[str, Any] = {"clusters": [one["clusters"] for one in each], "ami_of_two_seeds": agreed}
    for figure in ("v_measure", "ari"):
        values = [one[figure] for one in each]
        made |= {f"{figure}_mean": round(float(np.mean(values)), 4), f"{figure}_least": min(values)}
    return made


def timed(make: Callable[[], Any]) -> tuple[Any, float]:
    started = time.perf_counter()
    made = make()
    return made, round(time.perf_counter() - started, 3)


def timed_and_judged(make: Callable[[], np.ndarray], labels: np.ndarray) -> dict[str, float]:
    """Of a first run: compilation counts."""
    found, seconds = timed(make)
    return {"seconds": seconds} | judged(found, labels)


def many_clusters(rows: int) -> None:
    """Seconds of each step from the kept neighbor graph of so many rows."""
    base, _ = embedded(banking_texts())
    vectors = Vectors(many_rows(base.rows, rows), ModelSpec("imported", "mixed"), "0" * 16)
    neighbors, searched = timed(lambda: build_neighbors(vectors))
    (graph, first, group), graphed = timed(lambda: distinct_graph(neighbors.ids, neighbors.scores))
    order = content_order([str(row) for row in first])
    found, leveled = timed(lambda: nested_communities(graph, order))
    labels = found[DEFAULT_LEVEL][group]
    again, _ = resampler(vectors, neighbors, ClusterParams())
    keep(f"clusters_{rows}", {
        "rows": rows,
        "neighbors_seconds": searched,
        "graph_seconds": graphed,
        "levels_seconds": leveled,
        "clusters": [int(level.max()) + 1 for level in found],
        "trust_seconds": timed(lambda: cluster_trust(vectors.rows, neighbors.ids, labels))[1],
        "resamples": RESAMPLES,
        "stability_seconds": timed(lambda: stability(labels, again, RESAMPLES, 0, lambda done, total: None))[1],
    })  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=0)
    rows = parser.parse_args().rows
    many_clusters(rows) if rows else banking_clusters()


if __name__ == "__main__":
    main()
