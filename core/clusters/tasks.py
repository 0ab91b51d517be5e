"""Clusterings made and kept in the workspace; runs in workers."""

from dataclasses import asdict, replace

import numpy as np

from core import opened
from core.clusters.again import clusters_again
from core.clusters.graph import DEFAULT_LEVEL
from core.clusters.methods import ClusterParams, Clusters, Method, check, cluster
from core.clusters.stability import Stability, stability
from core.clusters.sweep import Tried, sweep
from core.errors import StorageError
from core.store import Workspace
from core.types import ModelSpec, Progress

VERSION = 1


def find_clusters(
    folder: str, corpus: str, model: ModelSpec, params: ClusterParams, progress: Progress | None = None
) -> None:
    """Make and keep a clustering, unless it is kept. Raises StorageError without vectors or a graph, InputError."""
    params = params.named()
    if kept_clusters(folder, corpus, model, params) is not None:
        return
    vectors, graph = opened.vectors(folder, corpus, model), opened.neighbors(folder, corpus, model)
    made = cluster(vectors, graph, opened.corpus(folder, corpus).texts, params, progress)
    arrays = {"labels": made.labels, "assigned": made.assigned}
    if made.levels is not None:
        arrays["levels"] = made.levels
    Workspace(folder).save("clusters", corpus, cluster_inputs(model, params), arrays, made.facts)


def kept_clusters(folder: str, corpus: str, model: ModelSpec, params: ClusterParams) -> Clusters | None:
    """The kept clustering, or None; the levels of one hierarchy are kept together."""
    params = params.named()
    stored = Workspace(folder).load("clusters", corpus, cluster_inputs(model, params))
    if stored is None:
        return None
    arrays = {name: np.array(array) for name, array in stored.arrays.items()}
    levels = arrays.get("levels")
    check(params, len(arrays["labels"]))
    labels = arrays["labels"] if levels is None else levels[params.level]
    return Clusters(labels, params, arrays["assigned"], levels, stored.facts)


def measure_stability(
    folder: str, corpus: str, model: ModelSpec, params: ClusterParams, progress: Progress | None = None
) -> None:
    """Measure and keep how often each cluster is found again among other rows."""
    workspace, inputs = Workspace(folder), stability_inputs(model, params)
    if workspace.load("cluster_stability", corpus, inputs) is not None:
        return
    found = kept_clusters(folder, corpus, model, params)
    if found is None:
        raise StorageError("This clustering has not been made.", "Start it on the Clusters page.")
    vectors, near = opened.vectors(folder, corpus, model), opened.neighbors(folder, corpus, model)
    settings = replace(found.params, k=int(found.facts.get("k") or 0))  # a suggested k stays what it was
    again, runs = clusters_again(vectors, near, settings)
    made = stability(found.labels, again, runs, params.seed, progress or (lambda done, total: None))
    arrays = {"found": made.found, "jaccard": made.jaccard, "looked": made.looked, "agreement": made.agreement}
    workspace.save("cluster_stability", corpus, inputs, arrays, {"runs": made.runs})


def kept_stability(folder: str, corpus: str, model: ModelSpec, params: ClusterParams) -> Stability | None:
    stored = Workspace(folder).load("cluster_stability", corpus, stability_inputs(model, params))
    if stored is None:
        return None
    return Stability(**{name: np.array(array) for name, array in stored.arrays.items()}, runs=stored.facts["runs"])


def try_settings(
    folder: str, corpus: str, model: ModelSpec, params: ClusterParams, progress: Progress | None = None
) -> None:
    """Make and keep a sweep over the settings of one method."""
    workspace, inputs = Workspace(folder), sweep_inputs(model, params.method)
    if workspace.load("cluster_sweep", corpus, inputs) is not None:
        return
    vectors, near = opened.vectors(folder, corpus, model), opened.neighbors(folder, corpus, model)
    tried = sweep(vectors, near, params.method, progress or (lambda done, total: None))
    workspace.save("cluster_sweep", corpus, inputs, {}, {"tried": [asdict(each) for each in tried]})


def kept_sweep(folder: str, corpus: str, model: ModelSpec, method: Method) -> tuple[Tried, ...] | None:
    stored = Workspace(folder).load("cluster_sweep", corpus, sweep_inputs(model, method))
    return tuple(Tried(**each) for each in stored.facts["tried"]) if stored else None


def stability_inputs(model: ModelSpec, params: ClusterParams) -> dict[str, object]:
    return {**opened.neighbor_inputs(model), "params": asdict(params.named()), "clusters": VERSION, "stability": 1}


def sweep_inputs(model: ModelSpec, method: Method) -> dict[str, object]:
    return {**opened.neighbor_inputs(model), "method": method, "clusters": VERSION, "sweep": 1}


def cluster_inputs(model: ModelSpec, params: ClusterParams) -> dict[str, object]:
    """What names a clustering; raise the version when the algorithm changes its values."""
    one = replace(params.named(), level=DEFAULT_LEVEL)
    return {**opened.neighbor_inputs(model), "params": asdict(one), "clusters": VERSION}
