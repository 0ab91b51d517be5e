"""How the rows are grouped: method and settings, all part of the link."""

from dataclasses import dataclass
from typing import Any

import streamlit as st

from core.clusters.methods import MAX_K, ClusterParams, Method
from core.clusters.results import ClusterQuery
from core.store import CorpusInfo
from core.types import CorpusRef, ModelSpec
from core.vectors.communities import DEFAULT_LEVEL, RESOLUTIONS
from pages.shared import session

METHODS: dict[str, Method] = {
    "Neighbor graph (Leiden)": "leiden",
    "Dense regions (HDBSCAN)": "hdbscan",
    "Dense regions (EVoC)": "evoc",
    "Fixed number (k-means)": "kmeans",
}
LEVELS = ("broadest", "broader", "broad", "medium", "fine", "finest")


@dataclass(frozen=True)
class Chosen:
    """Which clustering of which corpus is looked at."""

    info: CorpusInfo
    model: ModelSpec
    params: ClusterParams

    @property
    def where(self) -> tuple[CorpusRef, ModelSpec, ClusterParams]:
        """What every answer needs first: folder, corpus, model, parameters."""
        return session.corpus_ref(self.info), self.model, self.params

    @property
    def query(self) -> ClusterQuery:
        return ClusterQuery(CorpusRef(session.folder(), self.info.digest), self.model, self.params)

    def with_params(self, params: ClusterParams) -> "Chosen":
        return Chosen(self.info, self.model, params)


def chosen(info: CorpusInfo, model: ModelSpec) -> Chosen:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        method = METHODS[str(_method())]
        values: dict[str, Any] = {"method": method, **_SETTINGS[method](info)}
    return Chosen(info, model, ClusterParams(**values).canonical())


def _method() -> str | None:
    return st.selectbox(
        "Method",
        list(METHODS),
        key="grouping",
        bind="query-params",
        width=280,
        help="The neighbor graph's communities need no number of groups and are found in seconds: the best choice for "
        "most "
        "corpora. HDBSCAN and EVoC look for dense regions and leave the rest out as noise. k-means makes as many "
        ""
        "groups as you say.",
    )


def _leiden(info: CorpusInfo) -> dict[str, Any]:
    level = st.select_slider(
        "How fine",
        LEVELS,
        LEVELS[DEFAULT_LEVEL],
        key="fine",
        bind="query-params",
        width=320,
        help="From a few broad groups to many fine ones. Each finer group lies whole within a broader one. "
        f"(Leiden's resolution: {', '.join(f'{value:g}' for value in RESOLUTIONS)}.)",
    )
    return {"level": LEVELS.index(str(level)), "seed": _seed()}


def _dense(info: CorpusInfo) -> dict[str, Any]:
    most = max(2, min(5_000, info.rows))
    size = st.number_input(
        "Smallest group",
        2,
        most,
        min(15, most),
        key="smallest",
        bind="query-params",
        width=150,
        help="Rows that a region must hold to count as a group. Small changes can join or split many: look at "
        "“Try settings” before you rely on one number.",
    )
    assign = st.toggle(
        "Put noise into groups",
        key="assign",
        bind="query-params",
        help="Rows outside all dense regions go to the group whose center is nearest by cosine, and are marked as "
        "such. "
        ""
        "Otherwise they stay without a group.",
    )
    return {"min_size": int(size), "assign_noise": assign, "seed": _seed()}


def _k_means(info: CorpusInfo) -> dict[str, Any]:
    most = max(1, min(1_000, info.rows))
    count = st.number_input(
        "Number of groups",
        0,
        most,
        0,
        key="groups",
        bind="query-params",
        width=170,
        help="0: the number with the highest mean silhouette among about a dozen from 2 to "
        f"{MAX_K}, over at most 20,000 rows.",
    )
    return {"k": int(count), "seed": _seed()}


def _seed() -> int:
    with st.popover("Seed", icon=":material/casino:", help="What fixes the method's random choices."):
        return int(
            st.number_input(
                "Seed",
                0,
                1_000_000,
                0,
                key="group_seed",
                bind="query-params",
                help="The same corpus, settings and seed always give the same groups.",
            )
        )


_SETTINGS = {"leiden": _leiden, "hdbscan": _dense, "evoc": _dense, "kmeans": _k_means}
