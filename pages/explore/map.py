"""Map: the corpus at a glance, how far to trust it, and what lies where."""

import streamlit as st

from core.errors import PlanisphereError
from core.map.scene import Scene
from core.map.service import Place
from core.store import CorpusInfo
from pages.shared import session
from pages.shared.errors import show_error
from pages.shared.map import captions as words
from pages.shared.map import chart, selection, settings, wait
from pages.shared.map import state as map_state
from pages.shared.map import view as map_view
from pages.shared.selections import active as selected


def page() -> None:
    st.title("Map")
    info, model = session.current_corpus(), session.current_model()
    if info is None or model is None:
        wait.no_map(info)
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        color = settings.color_by(info)
        params = settings.layout_params()
        label, contours, columns = settings.look(info)
        place = Place(session.corpus_ref(info), model, params)
        others = settings.beside(place) if params.dims == 2 else ()
    ready = wait.ready(place, info)
    if ready is None:
        return
    places = (ready, *others)
    titles = tuple(settings.title(position) for position in places) if others else ("",)
    scene = Scene(places, color, columns)
    view = map_view.View(scene, info.name, session.theme(), titles, label, contours)
    if params.dims == 3 or session.remembered("no_webgl"):
        chart.show(chart.View(ready, info.name, color, session.theme()), scene)
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
        words.trust_lines(view.titles, made.geometry.trust)
        state, unsupported = map_view.draw(view, made, command)
        if unsupported:
            session.remember("no_webgl", True)
            st.rerun()
        map_view.below(view, made, lambda: selection.kept(view.scene, state.choice))
        selected.show_active(info)
        selection.show(view.scene, view.name, state.choice)
    except PlanisphereError as error:
        show_error(error)


page()
