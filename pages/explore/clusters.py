"""Clusters: which groups of texts there are, what they are about, and how far each can be trusted."""

import streamlit as st

from core.clusters import service as answers
from core.errors import PlanisphereError
from pages.shared import empty, session
from pages.shared.clusters import compare_clustering as other
from pages.shared.clusters import compare_column as against
from pages.shared.clusters import controls, groups, stability, start, sweep
from pages.shared.clusters import headline as figures
from pages.shared.clusters.controls import Chosen
from pages.shared.errors import show_error
from pages.shared.selections import active as selected
from pages.shared.text import plain

PARTS = {
    "Groups": groups.show,
    "Found again?": stability.show,
    "Against a column": against.show,
    "Against another": other.show,
    "Try settings": sweep.show,
}


def page() -> None:
    st.title("Clusters")
    info, model = session.current_corpus(), session.current_model()
    if info is None:
        empty.no_corpus("There is nothing to group yet: bring in some text first.")
        return
    if model is None:
        empty.not_embedded(f"{plain(info.name)} has not been embedded yet: groups are found among vectors.")
        return
    chosen = controls.chosen(info, model)
    if not start.ready(chosen):
        return
    with st.spinner("Grouping", show_time=False):
        made = session.ask(answers.overview, *chosen.where, timeout=600)
    figures.figures(made, chosen)
    part = st.segmented_control(
        "What to look at",
        list(PARTS),
        key="look",
        bind="query-params",
        default="Groups",
        required=True,
        help="The groups themselves; whether they are found again among other rows; how they fit a column or another "
        "grouping; and what other settings would give.",
    )
    section(str(part), chosen, made)


@st.fragment
def section(part: str, chosen: Chosen, made: answers.Overview) -> None:
    """One part of the page; a fragment, so that its choices redraw nothing else."""
    try:
        selected.show_active(chosen.info)
        PARTS[part](chosen, made)
    except PlanisphereError as error:
        show_error(error)


page()
