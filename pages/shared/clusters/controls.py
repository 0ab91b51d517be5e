"""Clustering settings, all part of the link, and the job that computes the clusters."""

from dataclasses import dataclass
from typing import Any

import streamlit as st

from core.clusters.methods import MAX_K, ClusterParams, Method
from core.clusters.results import CLUSTER_LEVELS, CLUSTER_TRUST, ClusterQuery, level_query
from core.clusters.service import stored_stability
from core.clusters.stability import PATTERN_JACCARD, REAL_JACCARD
from core.store import CorpusInfo
from core.types import CorpusRef, ModelSpec
from core.vectors.communities import DEFAULT_LEVEL, RESOLUTIONS
from pages.shared import result_view, session
from pages.shared.text import count, plain

METHODS: dict[str, Method] = {
    "Neighbor graph (Leiden)": "leiden",
    "Dense regions (HDBSCAN)": "hdbscan",
    "Dense regions (EVoC)": "evoc",
    "Fixed number (k-means)": "kmeans",
}
METHOD_NAMES = {method: name for name, method in METHODS.items()}
METHOD_HELP = (
    "Leiden finds communities of the neighbor graph in seconds: the best choice for most corpora. HDBSCAN and EVoC "
    "find dense regions and mark the rest as noise. k-means makes a fixed number of clusters."
)
LEVELS = ("broadest", "broader", "broad", "medium", "fine", "finest")
COST_NOTES = {
    "hdbscan": "HDBSCAN first computes a layout in five dimensions: a minute or more from about 10,000 rows.",
    "evoc": "EVoC is compiled at first use, which takes a minute or two.",
    "kmeans": "Without a number of clusters, every number up to 20 and about a dozen larger ones are tried.",
    "leiden": "Leiden finds communities of the neighbor graph at six resolutions.",
}


@dataclass(frozen=True)
class ClusterView:
    """The clustering that the page shows."""

    info: CorpusInfo
    model: ModelSpec
    params: ClusterParams

    @property
    def args(self) -> tuple[CorpusRef, ModelSpec, ClusterParams]:
        """The first arguments of functions of core.clusters."""
        return session.corpus_ref(self.info), self.model, self.params

    @property
    def query(self) -> ClusterQuery:
        return ClusterQuery(*self.args)

    def with_params(self, params: ClusterParams) -> "ClusterView":
        return ClusterView(self.info, self.model, params)


def clusters_ready(view: ClusterView) -> bool:
    """Whether the clusters and their quality are stored; else shows progress or how to start."""
    texts = {
        "headline": "This clustering has not been computed yet.",
        "description": f"Clusters {count(view.info.rows, 'row')}. {COST_NOTES[view.params.method]}",
    }
    title = job_title("Clusters", view)
    levels = level_query(view.query)
    measured = CLUSTER_LEVELS.exists(levels)
    ready = result_view.ready(CLUSTER_TRUST, view.query, button="Find clusters", title=title, **texts)
    if ready and not measured and view.params.method == "leiden" and CLUSTER_LEVELS.exists(levels):
        st.rerun()  # the default resolution is known from now on
    return ready


def job_title(task: str, view: ClusterView) -> str:
    return f"{task}: {plain(view.info.name)}, {METHOD_NAMES[view.params.method]}"


def select_clustering(info: CorpusInfo, model: ModelSpec) -> ClusterView:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.selectbox("Method", list(METHODS), key="grouping", bind="query-params", width=280, help=METHOD_HELP)
        method = METHODS[str(name)]
        values: dict[str, Any] = {"method": method, **_SETTINGS[method](info, model), "seed": _select_seed()}
    return ClusterView(info, model, ClusterParams(**values).canonical())


def _select_level(info: CorpusInfo, model: ModelSpec) -> dict[str, Any]:
    """The default is the one that the Map and Trends use, once stability was measured."""
    stable = session.ask_stored(stored_stability, session.corpus_ref(info), model)
    if stable is None and "fine" not in st.query_params and session.widget_value("fine") is None:
        return {"level": DEFAULT_LEVEL}  # a slider would hold on to this default
    note = (
        f"Leiden's resolution parameter, from coarse to fine: {', '.join(f'{value:g}' for value in RESOLUTIONS)}. "
        "Default, also of the Map and Trends: the finest one up to medium whose clusters are recovered in resamples "
        f"of the rows with a mean Jaccard index not significantly below {PATTERN_JACCARD:g}, under which clusters "
        "should not be trusted (Hennig, 2007): within the 95% interval, the finer resolution is preferred. "
        f"Clusters are called stable from {REAL_JACCARD:g}. Without cluster structure: medium."
    )
    options: dict[str, Any] = {"key": "fine", "bind": "query-params", "width": 320, "help": note}
    default = LEVELS[DEFAULT_LEVEL if stable is None else stable.level]
    return {"level": LEVELS.index(str(st.select_slider("Resolution", LEVELS, default, **options)))}


def _select_density(info: CorpusInfo, model: ModelSpec) -> dict[str, Any]:
    limit, note = max(2, min(5_000, info.rows)), "Small changes can merge or split many clusters: see Tune."
    options: dict[str, Any] = {"key": "smallest", "bind": "query-params", "width": 190, "help": note}
    size = st.number_input("Minimum cluster size", 2, limit, min(15, limit), **options)
    note = "Assigns rows outside all dense regions to the cluster with the nearest center (cosine) and marks them."
    assign = st.toggle("Assign noise points", key="assign", bind="query-params", help=note)
    return {"min_size": int(size), "assign_noise": assign}


def _select_k(info: CorpusInfo, model: ModelSpec) -> dict[str, Any]:
    note = (
        f"0 = suggested: the number from 2 to {MAX_K} with the highest mean silhouette. Every number up to 20 is tried."
    )
    options: dict[str, Any] = {"key": "groups", "bind": "query-params", "width": 170, "help": note}
    clusters = st.number_input("Number of clusters", 0, max(1, min(1_000, info.rows)), 0, **options)
    return {"k": int(clusters)}


def _select_seed() -> int:
    with st.popover("Seed", icon=":material/casino:", help="Fixes the random choices of the method."):
        note = "The same corpus, settings and seed always give the same clusters."
        return int(st.number_input("Seed", 0, 1_000_000, 0, key="group_seed", bind="query-params", help=note))


_SETTINGS = {"leiden": _select_level, "hdbscan": _select_density, "evoc": _select_density, "kmeans": _select_k}
