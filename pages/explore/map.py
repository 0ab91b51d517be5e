"""Map: the corpus at a glance, how far to trust it, and what lies where."""

import streamlit as st

from core.answers.map import Place
from core.answers.map_rows import Shapes
from core.errors import PlanisphereError
from pages.shared import frame, map_chart, map_selection, map_settings, map_wait, session


def page() -> None:
    st.title("Map")
    info, model = session.current_corpus(), session.current_model()
    if info is None or model is None:
        map_wait.no_map(info)
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        color = map_settings.color_by(info)
        params = map_settings.layout_params()
    place = map_wait.ready(Place(session.folder(), info.digest, model, params), info)
    if place:
        explore(map_chart.View(place, info.name, color, session.theme()))


@st.fragment
def explore(view: map_chart.View) -> None:
    """The chart and what is selected on it; a fragment, so that a lasso redraws nothing else."""
    try:
        with st.spinner("Preparing the map", show_time=False):
            made = map_chart.drawn(view)
        map_chart.trust_line(made.trust)
        event = map_chart.chart(view, made)
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.caption(f"Showing {made.shown:,} of {made.total:,}. {notes(view, made)}", width="content")
            map_chart.save_button(view, made)
        if view.place.params.dims == 2:
            map_selection.show(view.place, view.name, Shapes.of(event))
    except PlanisphereError as error:
        frame.show_error(error)


def notes(view: map_chart.View, made: map_chart.Drawn) -> str:
    parts = [made.note] if made.note else []
    if made.shown < made.total:
        parts.append("The points drawn are a sample that keeps sparse regions; selections count all rows.")
    if view.place.params.dims == 3:
        parts.append("Three dimensions are for looking: choose two in the map settings to click and select.")
    return " ".join(parts)


page()
