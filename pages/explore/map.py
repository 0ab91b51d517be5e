"""Map: the corpus at a glance, how far to trust it, and what lies where."""

import streamlit as st

from core.answers.map import Place
from core.answers.scene import Scene
from core.errors import PlanisphereError
from core.store import CorpusInfo
from pages.shared import (
    frame,
    map_chart,
    map_selection,
    map_settings,
    map_state,
    map_view,
    map_wait,
    map_words,
    selected,
    session,
)


def page() -> None:
    st.title("Map")
    info, model = session.current_corpus(), session.current_model()
    if info is None or model is None:
        map_wait.no_map(info)
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        color = map_settings.color_by(info)
        params = map_settings.layout_params()
        label, contours, columns = map_settings.look(info)
        place = Place(session.folder(), info.digest, model, params)
        others = map_settings.beside(place) if params.dims == 2 else ()
    ready = map_wait.ready(place, info)
    if ready is None:
        return
    places = (ready, *others)
    titles = tuple(map_settings.title(each) for each in places) if others else ("",)
    scene = Scene(places, color, columns)
    view = map_view.View(scene, info.name, session.theme(), titles, label, contours)
    if params.dims == 3 or session.remembered("no_webgl"):
        map_chart.show(map_chart.View(ready, info.name, color, session.theme()), scene)
    else:
        with st.spinner("Preparing the map", show_time=False):
            made = map_view.made(view)
        with st.container(gap=None):
            map_view.send(made)
            explore(info, view, made, map_state.current(scene).command())


@st.fragment
def explore(info: CorpusInfo, view: map_view.View, made: map_view.Made, command: dict) -> None:
    """The map and what is selected on it; a fragment, so that a lasso redraws nothing else."""
    try:
        map_words.trust_lines(view.titles, made.geometry.trust)
        state, unsupported = map_view.draw(view, made, command)
        if unsupported:
            session.remember("no_webgl", True)
            st.rerun()
        map_view.below(view, made, lambda: map_selection.kept(view.scene, state.choice))
        selected.line(info)
        map_selection.show(view.scene, view.name, state.choice)
    except PlanisphereError as error:
        frame.show_error(error)


page()
