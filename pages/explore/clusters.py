"""Clusters page: the groups of similar texts, what they are about, and how reliable they are."""

from typing import Any

import streamlit as st

from core.clusters.service import ClusterOverview, cluster_overview
from core.errors import PlanisphereError
from pages.shared import messages, session
from pages.shared.clusters.compare import show_clustering_comparison, show_column_comparison
from pages.shared.clusters.controls import ClusterView, clusters_ready, select_clustering
from pages.shared.clusters.overview import show_clusters, show_summary
from pages.shared.clusters.tuning import show_stability, show_sweep
from pages.shared.messages import show_error
from pages.shared.selections import active
from pages.shared.text import plain

PARTS = {
    "Clusters": show_clusters,
    "Stability": show_stability,
    "Compare with a column": show_column_comparison,
    "Compare with another clustering": show_clustering_comparison,
    "Tune": show_sweep,
}


def clusters_page() -> None:
    st.title("Clusters")
    info, model = session.current_corpus(), session.current_model()
    if info is None:
        messages.show_no_corpus("No data yet: add data first.")
        return
    if model is None:
        messages.show_not_embedded(f"{plain(info.name)} has not been embedded yet.")
        return
    view = select_clustering(info, model)
    if not clusters_ready(view):
        return
    with st.spinner("Loading clusters", show_time=False):
        overview = session.ask_stored(cluster_overview, *view.args)
    show_summary(overview, view)
    messages.show_language_warnings(info, model)
    options: dict[str, Any] = {"key": "look", "bind": "query-params", "default": "Clusters", "required": True}
    show_part(str(st.segmented_control("View", list(PARTS), **options)), view, overview)


@st.fragment
def show_part(part: str, view: ClusterView, overview: ClusterOverview) -> None:
    """A fragment, so that its controls redraw only this part of the page."""
    try:
        active.show_active(view.info)
        PARTS[part](view, overview)
    except PlanisphereError as error:
        show_error(error)


clusters_page()
